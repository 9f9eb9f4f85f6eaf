"""Questions inside a recording: the lesson is complete when they are answered, too."""

from __future__ import annotations

import re
from dataclasses import dataclass

import pytest
from flask import Flask

from app.core.db import db, unit_of_work
from app.courses import service as courses
from app.courses.models import Checkpoint
from app.learning import rules
from app.learning.models import CheckpointAnswer
from app.questions import service as questions
from tests.factories import People, csrf
from tests.learning.lessons import MINUTE, Made, Player, Time, make_course, single, watch


@dataclass
class Asked:
    """A course whose recording asks one question at half a minute."""

    course: Made
    question: int
    checkpoint: int


@pytest.fixture
def asked(app: Flask, people: People) -> Asked:
    return make_asked(app, people, counts=True)


def make_asked(app: Flask, people: People, *, counts: bool, branch: int | None = None) -> Asked:
    trainer = people.member(role="trainer")
    course = make_course(app, trainer, [("video", MINUTE)], branch=branch)
    with app.app_context(), unit_of_work() as session:
        question = questions.create(
            kind="single",
            body=single("Where to meet?", "CANARY-RIGHT", ("In the lift", "At home")),
            author_id=trainer,
        )
        courses.add_checkpoint(course.lesson, question_id=question, at_ms=30_000, counts=counts)
        found = session.query(Checkpoint).filter_by(lesson_id=course.lesson).one()
        return Asked(course, question, found.id)


def names(page: str) -> dict[str, str]:
    """The text of an option → its name on this page."""
    found = re.findall(r'value="(o[0-9a-f]{12})"[^>]*>\s*<span[^>]*>([^<]+)</span>', page)
    return {text: name for name, text in found}


def say(client, asked: Asked, text: str):
    address = f"/learning/questions/{asked.checkpoint}"
    page = client.get(address).get_data(as_text=True)
    return client.post(
        address, data={f"q{asked.checkpoint}": names(page)[text]}, headers=csrf(client)
    )


def test_the_lesson_waits_for_a_right_answer(
    app: Flask, people: People, asked: Asked, time: Time
) -> None:
    player = Player(people.client(people.member()), asked.course)
    watch(player, time, 0, 60)
    state = player.state
    assert (state["complete"], state["questions"]) == (False, 1)
    wrong = say(player.client, asked, "At home").get_data(as_text=True)
    assert "Not right yet" in wrong
    assert "CANARY-RIGHT" in names(wrong)
    assert "right answer" not in wrong
    assert not player.report()["complete"]
    right = say(player.client, asked, "CANARY-RIGHT").get_data(as_text=True)
    assert "data-settled" in right
    assert "Because." in right
    assert player.report()["complete"]


def test_after_three_wrong_answers_the_key_is_told_and_still_asked_for(
    app: Flask, people: People, asked: Asked
) -> None:
    client = people.client(people.member())
    for _ in range(2):
        assert "right answer" not in say(client, asked, "At home").get_data(as_text=True)
    third = say(client, asked, "At home").get_data(as_text=True)
    assert "right answer" in third
    assert "data-settled" not in third


def test_one_that_does_not_count_is_explained_at_once(
    app: Flask, people: People, time: Time
) -> None:
    asked = make_asked(app, people, counts=False)
    player = Player(people.client(people.member()), asked.course)
    watch(player, time, 0, 60)
    assert not player.state["complete"]
    page = say(player.client, asked, "At home").get_data(as_text=True)
    assert "data-settled" in page
    assert "right answer" in page
    assert player.report()["complete"]


def test_the_key_is_not_told_before_the_answer(people: People, asked: Asked) -> None:
    client = people.client(people.member())
    fragment = client.get(f"/learning/questions/{asked.checkpoint}").get_data(as_text=True)
    for told in ("Because.", "fraction", "is_right", 'checked="'):
        assert told not in fragment


def test_what_is_no_answer_is_refused_and_nothing_is_kept(
    app: Flask, people: People, asked: Asked
) -> None:
    client = people.client(people.member())
    address = f"/learning/questions/{asked.checkpoint}"
    field = f"q{asked.checkpoint}"
    for data in ({}, {field: ""}, {field: "o000000000000"}, {field: ["a", "b"]}):
        answer = client.post(address, data=data, headers=csrf(client))
        assert answer.status_code == 422
        assert names(answer.get_data(as_text=True))
    with app.app_context():
        assert db.session().query(CheckpointAnswer).count() == 0
        db.session.rollback()


def test_a_question_inside_is_there_only_for_those_who_may_watch(
    app: Flask, people: People
) -> None:
    branch = people.branch()
    asked = make_asked(app, people, counts=True, branch=branch)
    address = f"/learning/questions/{asked.checkpoint}"
    assert people.client(people.member(branch=branch)).get(address).status_code == 200
    other = people.client(people.member())
    assert other.get(address).status_code == 404
    assert other.post(address, data={}, headers=csrf(other)).status_code == 404
    assert other.get("/learning/questions/999999").status_code == 404


def test_options_stand_in_another_order_for_another_member() -> None:
    ids = [f"id{n}" for n in range(6)]
    orders = {
        tuple(token for _, token in rules.names_of("secret", member, 1, 1, ids))
        for member in range(30)
    }
    assert len(orders) > 10
    assert rules.names_of("secret", 1, 1, 1, ids) == rules.names_of("secret", 1, 1, 1, ids)


def test_an_author_asks_moves_and_removes(app: Flask, people: People) -> None:
    trainer = people.member(role="trainer")
    course = make_course(app, trainer, [("video", MINUTE)])
    with app.app_context(), unit_of_work():
        mine = questions.create(kind="single", body=single("Mine?"), author_id=trainer)
        essay = {"kind": "essay", "stem": "Tell.", "explanation": "", "answer": "", "rubric": []}
        long = questions.create(kind="essay", body=essay, author_id=trainer)
    client = people.client(trainer)
    page = f"/desk/lessons/{course.lesson}"

    def ask(question: int, at: str, **more: str):
        data = {"question": question, "at": at, **more}
        return client.post(f"{page}/questions", data=data, headers=csrf(client))

    assert "Mine?" in client.get(page).get_data(as_text=True)
    assert ask(mine, "0:10", counts="1").status_code == 302
    assert ask(mine, "0:20").status_code == 302  # the same one, later
    for question, at in ((mine, "1:00"), (mine, "soon"), (long, "0:05")):
        refused = ask(question, at)
        assert refused.status_code == 422
        assert "notice-bad" in refused.get_data(as_text=True)
    with app.app_context():
        [row] = db.session().query(Checkpoint).filter_by(lesson_id=course.lesson).all()
        assert (row.at_ms, row.counts) == (20_000, False)
        number = row.id
        db.session.rollback()
    stranger = people.client(people.member(role="trainer"))
    remove = f"{page}/questions/{number}/remove"
    assert stranger.post(remove, headers=csrf(stranger)).status_code == 404
    assert client.post(remove, headers=csrf(client)).status_code == 302
    assert client.post(remove, headers=csrf(client)).status_code == 404
