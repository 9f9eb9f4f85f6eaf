"""What can be taken back is not asked about before: one press does it, one press undoes it."""

from __future__ import annotations

import re
from datetime import timedelta
from html import unescape

import pytest
from flask import Flask
from flask.testing import FlaskClient

from app.core import clock
from app.core.db import unit_of_work
from app.members.models import Branch
from tests.exams.examiner import make_exam
from tests.factories import People, csrf
from tests.learning.lessons import MINUTE, make_course
from tests.library.conftest import Librarian


def post(client: FlaskClient, url: str, **fields: object):
    answer = client.post(url, data=fields, headers=csrf(client))
    assert answer.status_code in {302, 303}, (url, answer.status_code)
    return answer


def undo(client: FlaskClient, answer) -> None:
    """Press “Undo” on the page that follows."""
    page = client.get(answer.headers["Location"]).get_data(as_text=True)
    form = re.search(
        r'<form class="notice[^>]*notice-undo"[^>]*action="([^"]+)">(.*?)</form>', page, re.DOTALL
    )
    assert form, "nothing offers to take it back"
    fields = dict(re.findall(r'name="([^"]+)" value="([^"]*)"', form.group(2)))
    fields.pop("csrf_token")
    post(client, unescape(form.group(1)), **{k: unescape(v) for k, v in fields.items()})


def test_a_branch_a_role_and_a_person(app: Flask, people: People) -> None:
    administrator = people.client(people.member("Zhao", role="administrator"))
    branch = people.branch("Depot")
    gone = post(administrator, f"/admin/branches/{branch}/remove")
    undo(administrator, gone)
    with app.app_context(), unit_of_work() as session:
        assert [row.name for row in session.query(Branch).filter_by(name="Depot")] == ["Depot"]

    somebody = people.member("Li", role="trainer", branch=people.root)
    page = f"/admin/members/{somebody}"
    [revoke] = re.findall(
        r'action="(/admin/members/\d+/roles/\d+/revoke)"', text(administrator, page)
    )
    undo(administrator, post(administrator, revoke))
    assert "/revoke" in text(administrator, page)

    gone = post(administrator, f"{page}/disable")
    undo(administrator, gone)
    assert f"{page}/disable" in text(administrator, page)


def text(client: FlaskClient, url: str) -> str:
    answer = client.get(url)
    assert answer.status_code == 200, url
    return answer.get_data(as_text=True)


def test_what_a_trainer_withdraws(app: Flask, people: People) -> None:
    trainer = people.member("Li", role="trainer")
    client = people.client(trainer)
    course = make_course(app, trainer)
    gone = post(client, f"/desk/courses/{course.id}/withdraw")
    member = people.client(people.member())
    assert member.get(f"/courses/{course.slug}").status_code == 404
    undo(client, gone)
    assert member.get(f"/courses/{course.slug}").status_code == 200

    exam = make_exam(app, trainer).id
    for act in ("withdraw", "edit"):
        gone = post(client, f"/desk/exams/{exam}/{act}")
        undo(client, gone)
        assert f"/desk/exams/{exam}/withdraw" in text(client, f"/desk/exams/{exam}")


def test_what_an_organizer_no_longer_asks_for(app: Flask, people: People) -> None:
    branch = people.branch("North")
    organizer = people.client(people.member("Zhang", branch=branch, organizes=branch))
    course = make_course(app, people.member(role="trainer"))
    in_a_month = (clock.now() + timedelta(days=30)).date()
    wish = {"what": f"course:{course.id}", "branch": branch, "due_on": in_a_month, "note": ""}
    post(organizer, "/organizer/assignments/new", **wish)
    [number] = set(
        re.findall(r"/organizer/assignments/(\d+)", text(organizer, "/organizer/assignments"))
    )
    page = f"/organizer/assignments/{number}"
    gone = post(organizer, f"{page}/withdraw")
    other = people.branch("South")
    stranger = people.client(people.member(branch=other, organizes=other))
    refused = stranger.post(f"{page}/again", headers=csrf(stranger))
    assert refused.status_code == 404
    undo(organizer, gone)
    assert organizer.get(page).status_code == 200


def test_notes_searches_and_words(app: Flask, people: People, tmp_path) -> None:
    uuid = Librarian(app, people).upload(b"What to do in a fire.\n\nGo out.", "fire.txt")
    client = people.client(people.member(organizes=people.root))
    post(client, f"{uuid}/notes", anchor="s1", quote="Go out.", text="At once")
    [number] = re.findall(r'action="/library/notes/(\d+)/delete"', text(client, "/library/notes"))
    gone = post(client, f"/library/notes/{number}/delete")
    undo(client, gone)
    assert "At once" in text(client, "/library/notes")

    post(client, "/search/kept", q="fire door", kind="document")
    [number] = re.findall(r'action="/search/kept/(\d+)/delete"', text(client, "/search"))
    gone = post(client, f"/search/kept/{number}/delete")
    undo(client, gone)
    assert '/delete"' in text(client, "/search")


@pytest.mark.parametrize("url", ["/discussions/posts/1/put-back", "/discussions/posts/99/put-back"])
def test_only_who_took_a_post_back_puts_it_back(app: Flask, people: People, url: str) -> None:
    course = make_course(app, people.member(role="trainer"), [("reading", MINUTE)])
    author = people.client(people.member())
    asked = post(author, f"/discussions/lessons/{course.lesson}", body="Which door?")
    gone = post(author, "/discussions/posts/1/withdraw")
    other = people.client(people.member())
    assert other.post(url, headers=csrf(other)).status_code == 404
    assert other.get(asked.headers["Location"]).status_code == 404
    undo(author, gone)
    assert "Which door?" in text(other, asked.headers["Location"])
    assert author.post(url, headers=csrf(author)).status_code == 404  # only once
