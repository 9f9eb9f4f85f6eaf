"""Documents as the source of questions: read again after a wrong answer, and proposed from."""

from __future__ import annotations

import re

import pytest
from flask import Flask
from flask.testing import FlaskClient

from app.core.db import db, unit_of_work
from app.questions import queries as bank
from app.questions import service
from app.questions.formats import proposing
from app.questions.models import QuestionPlace
from tests.exams.taker import Taker
from tests.factories import People, csrf
from tests.learning.lessons import Made, make_course, single
from tests.library import files
from tests.library.conftest import Librarian

PAGES = (
    "Hydrants and ladders",
    "A fire door is a door that resists fire for a long time.",
    "An escape route is a way that leads out of the building.",
)
_LOAD = re.compile(r'hx-get="(/library/pages-to-read\?for=[^"]+)"')


@pytest.fixture
def document(librarian: Librarian) -> str:
    return librarian.upload(files.pdf(*PAGES), "Plan.pdf")


@pytest.fixture
def course(app: Flask, librarian: Librarian) -> Made:
    return make_course(app, librarian.id, quiz=[single(f"Question {n}?") for n in range(2)])


def choose(librarian: Librarian, question: int, document: str, anchor: str):
    uuid = document.rsplit("/", 1)[1]
    return librarian.post(f"/library/questions/{question}", document=uuid, anchor=anchor)


def wrong(people: People, course: Made) -> tuple[FlaskClient, str]:
    """A member who answered nothing, and the page of the result."""
    taker = Taker(people, course)
    taker.start()
    done = taker.submit({})
    return taker.client, taker.client.get(done.headers["Location"]).get_data(as_text=True)


def links(client: FlaskClient, page: str) -> str:
    found = _LOAD.search(page)
    assert found, "the page asks the library for nothing"
    answer = client.get(found.group(1), headers={"HX-Request": "true"})
    return answer.get_data(as_text=True)


def test_a_wrong_answer_opens_the_document_at_its_page(
    people: People, librarian: Librarian, document: str, course: Made
) -> None:
    first, second = course.questions
    assert choose(librarian, first, document, "p2").status_code == 303
    editor = librarian.client.get(f"/desk/questions/{first}").get_data(as_text=True)
    assert "Plan · Page 2" in editor  # who changed what
    assert "Read “Plan”: Page 2" in links(librarian.client, editor)
    client, page = wrong(people, course)
    alone = client.get(_LOAD.search(page).group(1)).get_data(as_text=True)  # without scripts
    assert "Read “Plan”: Page 2" in alone.partition("<main")[2]
    fragment = links(client, page)
    assert f'id="reading-{first}"' in fragment
    assert f'id="reading-{second}"' not in fragment
    assert f'href="{document}/at/p2"' in fragment
    answer = client.get(f"{document}/at/p2")
    assert answer.headers["Location"] == f"{document}/read#p2"


def test_a_document_that_the_member_may_not_see_is_not_offered(
    people: People, librarian: Librarian, course: Made
) -> None:
    closed = librarian.upload(
        files.pdf(*PAGES), "Closed.pdf", audience="branches", branches=people.branch("Closed")
    )
    choose(librarian, course.questions[0], closed, "p2")
    client, page = wrong(people, course)
    assert client.get(closed).status_code == 404
    assert "Closed" not in links(client, page)


def test_nobody_learns_where_an_answer_stands_before_answering(
    people: People, librarian: Librarian, document: str, course: Made
) -> None:
    choose(librarian, course.questions[0], document, "p2")
    client, page = wrong(people, course)
    other = people.client(people.member())
    assert "Plan" in links(client, page)
    assert "Plan" not in links(other, page)  # a pass is its member's own
    for made_up in ("", "x", "1.2.3", f"[1,{course.questions[0]}]"):
        answer = other.get("/library/pages-to-read", query_string={"for": made_up})
        assert answer.status_code == 200
        assert "Plan" not in answer.get_data(as_text=True)


def test_the_place_is_found_by_title_chosen_and_taken_away(
    librarian: Librarian, document: str, course: Made, app: Flask
) -> None:
    url = f"/library/questions/{course.questions[0]}"
    uuid = document.rsplit("/", 1)[1]
    assert "Plan" in librarian.client.get(f"{url}?q=pla").get_data(as_text=True)
    assert "Plan" not in librarian.client.get(f"{url}?q=nothing").get_data(as_text=True)
    page = librarian.client.get(f"{url}?document={uuid}").get_data(as_text=True)
    assert "Page 2 · A fire door is a door" in page
    choose(librarian, course.questions[0], document, "p3")
    assert "Plan · Page 3" in librarian.client.get(url).get_data(as_text=True)
    assert librarian.post(url).status_code == 303
    with app.app_context():
        assert bank.page_places(course.questions) == {}


@pytest.mark.parametrize("anchor", ["p9", "", "p2' or 1=1", "9" * 400])
def test_a_page_that_is_not_there_cannot_be_chosen(
    librarian: Librarian, document: str, course: Made, anchor: str
) -> None:
    assert choose(librarian, course.questions[0], document, anchor).status_code == 404
    assert choose(librarian, course.questions[0], document, "p1").status_code == 303


def test_only_who_may_edit_a_question_and_see_the_document_places_it(
    people: People, librarian: Librarian, document: str, course: Made, another
) -> None:
    stranger = another()
    assert choose(stranger, course.questions[0], document, "p1").status_code == 404
    secret = stranger.upload(
        files.pdf("x"), "Secret.pdf", audience="branches", branches=people.branch("Far away")
    )
    assert librarian.client.get(secret).status_code == 404
    assert choose(librarian, course.questions[0], secret, "p1").status_code == 404


def test_a_deleted_document_leaves_no_place_behind(
    app: Flask, librarian: Librarian, document: str, course: Made
) -> None:
    choose(librarian, course.questions[0], document, "p2")
    with app.app_context(), unit_of_work():
        other = {"document": "f" * 32, "anchor": "p1", "said": ("", "Other")}
        service.place_page(course.questions[1], by=librarian.id, **other)
    librarian.post(f"{document}/delete")
    with app.app_context():
        assert [row.question_id for row in db.session().query(QuestionPlace)] == [
            course.questions[1]
        ]


def test_a_document_proposes_drafts_that_know_their_page(
    app: Flask, people: People, librarian: Librarian, document: str
) -> None:
    page = librarian.client.get(document).get_data(as_text=True)
    assert f'action="{document}/propose"' in page
    answer = librarian.post(f"{document}/propose", first="0")
    assert answer.status_code == 303
    doctor = answer.headers["Location"]
    shown = librarian.client.get(doctor).get_data(as_text=True)
    assert "Plan · Page 2" in shown
    assert "Plan · Page 3" in shown
    assert librarian.post(f"{doctor}/take", state="ready").status_code == 303
    with app.app_context():
        made = bank.questions(bank.question_ids_of(int(doctor.rsplit("/", 1)[1])))
        assert {q.state for q in made.values()} == {"draft"}
        assert {p.anchor for p in bank.page_places(made).values()} == {"p2", "p3"}
    later = librarian.post(f"{document}/propose", first="2")
    shown = librarian.client.get(later.headers["Location"]).get_data(as_text=True)
    assert "Plan · Page 2" not in shown
    member = people.client(people.member())
    assert "/propose" not in member.get(document).get_data(as_text=True)
    assert member.post(f"{document}/propose", headers=csrf(member)).status_code == 404


def test_a_text_without_definitions_proposes_nothing(librarian: Librarian) -> None:
    address = librarian.upload(files.pdf("Nothing here", "Nor here"), "Empty.pdf")
    answer = librarian.post(f"{address}/propose")
    assert answer.headers["Location"] == address


def test_lines_that_the_page_has_broken_are_joined() -> None:
    text = (
        "第一章 总则\n灭火器是指能够扑灭初起火灾并且便于一个人携带\n"
        "的器具。\nA fire door is a door that resists the\nfire for an hour.\n短\n"
    )
    assert proposing.unwrapped(text).splitlines() == [
        "第一章 总则",
        "灭火器是指能够扑灭初起火灾并且便于一个人携带的器具。",
        "A fire door is a door that resists the fire for an hour.",
        "短",
    ]


def test_proposals_say_where_the_reading_stopped(app: Flask) -> None:
    passages = (
        proposing.Passage(f"Page {n}", f"A thing{n} is a tool that everybody needs for work.")
        for n in range(100)
    )
    with app.test_request_context():
        paper = proposing.propose(passages)
    assert len(paper.items) == proposing.MOST
    assert [note.what for note in paper.notes] == [
        "These are many already; the rest, from “Page 30” on, was not read."
    ]
