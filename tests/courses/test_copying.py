"""Duplicating a course, and taking back what was done a moment ago."""

from __future__ import annotations

import re

import pytest
from flask import Flask

from app.courses import queries
from tests.factories import People, csrf
from tests.learning.lessons import MINUTE, make_course, single


@pytest.fixture
def trainer(people: People) -> int:
    return people.member("李老师", role="trainer")


def shown(app: Flask, course_id: int):
    with app.app_context():
        return queries.course_by_id(course_id)


def test_a_copy_is_a_draft_with_the_same_lessons_and_questions(
    app: Flask, people: People, trainer: int
) -> None:
    made = make_course(
        app, trainer, [("video", 9 * MINUTE), ("reading", 2 * MINUTE)], [single()], title="Fire"
    )
    client = people.client(trainer)
    answer = client.post(f"/desk/courses/{made.id}/duplicate", headers=csrf(client))
    copy_id = int(re.search(r"/courses/(\d+)", answer.headers["Location"]).group(1))
    first, copy = shown(app, made.id), shown(app, copy_id)
    assert (copy.title, copy.state, copy.published_at) == ("Fire (copy)", "draft", None)
    assert copy.slug != first.slug
    assert copy.length_ms == first.length_ms
    assert [(x.title, x.media_id) for x in copy.lessons] == [
        (x.title, x.media_id) for x in first.lessons
    ]
    assert {x.id for x in copy.lessons}.isdisjoint(x.id for x in first.lessons)
    assert copy.questions == first.questions == 1
    assert shown(app, made.id).state == "published"


def test_only_one_s_own_course_can_be_copied(app: Flask, people: People, trainer: int) -> None:
    made = make_course(app, trainer)
    other = people.client(people.member(role="trainer"))
    answer = other.post(f"/desk/courses/{made.id}/duplicate", headers=csrf(other))
    assert answer.status_code == 404


def test_withdrawing_can_be_taken_back_at_once(app: Flask, people: People, trainer: int) -> None:
    made = make_course(app, trainer, [("reading", MINUTE)], summary="Why.")
    client = people.client(trainer)
    client.post(f"/desk/courses/{made.id}/withdraw", headers=csrf(client))
    assert shown(app, made.id).state == "withdrawn"
    page = client.get("/desk").get_data(as_text=True)
    undo = re.search(r'class="notice notice-good notice-undo" method="post" action="([^"]+)"', page)
    client.post(undo.group(1), headers=csrf(client))
    assert shown(app, made.id).state == "published"
    assert "notice-undo" not in client.get("/desk").get_data(as_text=True)
