"""What members are told about their exams, and that no mark is told before its time."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest
from flask import Flask

from app.core import jobs
from app.core.db import db, unit_of_work
from app.exams import service
from app.exams.rules import Action
from app.notices import queries
from tests.exams.examiner import WINDOW, Candidate, make_exam
from tests.factories import People
from tests.learning.lessons import Time


@pytest.fixture(autouse=True)
def _still(time: Time) -> None:
    """Every test has a clock that stands still until it is moved."""


def told(app: Flask, member: int) -> list[tuple[str, str, str]]:
    with app.app_context():
        rows = queries.notices_of(member, page=1).rows
        db.session.rollback()
    return [(row.title, row.body, row.address) for row in rows]


def regrade(app: Flask, exam_id: int, question: int, actor: int) -> None:
    with app.app_context(), unit_of_work():
        service.regrade(
            exam_id, question, Action.FULL_MARKS, actor_id=actor, reason="The key was wrong"
        )


def test_who_waited_for_the_end_is_told_once_that_there_is_a_result(
    app: Flask, people: People, trainer: int, time: Time
) -> None:
    exam = make_exam(app, trainer, show_score="after_close")
    early, absent = Candidate(people, exam), Candidate(people, exam)
    early.start()
    early.submit(early.right())
    absent.start()  # and never comes back
    time.moment += timedelta(hours=1, minutes=5)
    jobs.run_pending(app)
    assert told(app, early.member) == []
    time.moment += WINDOW
    for _ in range(2):
        jobs.run_pending(app)
    for taker in (early, absent):
        assert told(app, taker.member) == [
            ("Your result of “Fire safety” is there", "", f"/attempts/{taker.attempt}")
        ]


def test_a_changed_mark_is_told_with_its_reason_but_not_before_marks_are_known(
    app: Flask, people: People, trainer: int
) -> None:
    for release, notices in (("at_once", 1), ("after_close", 0), ("never", 0)):
        exam = make_exam(app, trainer, show_score=release)
        wrong, right = Candidate(people, exam), Candidate(people, exam)
        for taker, answers in ((wrong, "wrong"), (right, "right")):
            taker.start()
            taker.submit(getattr(taker, answers)())
        regrade(app, exam.id, exam.questions[0], trainer)
        found = told(app, wrong.member)
        assert len(found) == notices, release
        assert told(app, right.member) == []
        for title, reason, address in found:
            assert title == "Your result of “Fire safety” has changed"
            assert reason == "The key was wrong"
            assert address == f"/attempts/{wrong.attempt}"


def test_an_essay_is_told_when_its_last_mark_is_there_and_when_the_mark_changes(
    app: Flask, people: People, trainer: int
) -> None:
    essay = {"kind": "essay", "stem": "Why?", "answer": "", "rubric": []}
    exam = make_exam(app, trainer, [essay], marks=("2",))
    taker = Candidate(people, exam)
    taker.start()
    taker.submit({taker.paper()[0].id: ["Because."]})
    item = taker.items()[0].id
    seen = []
    for mark in ("1", "1", "2"):
        with app.app_context(), unit_of_work():
            service.give(exam.id, item, points=Decimal(mark), comment="", marker_id=trainer)
        seen.append([title for title, _, _ in told(app, taker.member)])
    there, changed = (f"Your result of “Fire safety” {end}" for end in ("is there", "has changed"))
    assert seen == [[there], [there], [changed, there]]


def test_who_is_writing_hears_the_invigilator_and_whose_attempt_is_void_hears_why(
    app: Flask, people: People, trainer: int
) -> None:
    exam = make_exam(app, trainer)
    writing, other, done = (Candidate(people, exam) for _ in range(3))
    for taker in (writing, other, done):
        taker.start()
    done.submit(done.right())
    one, ended = other.attempt, done.attempt
    with app.app_context(), unit_of_work():
        service.say(exam.id, text="Ten more minutes", actor_id=trainer)
        service.say(exam.id, text="Sit down", actor_id=trainer, attempt_id=one)
        service.void(exam.id, ended, actor_id=trainer, reason="Two phones")
    assert [body for _, body, _ in told(app, writing.member)] == ["Ten more minutes"]
    assert [body for _, body, _ in told(app, other.member)] == ["Sit down", "Ten more minutes"]
    assert told(app, done.member) == [
        ("Your attempt at “Fire safety” does not count", "Two phones", f"/exams/{exam.id}")
    ]
