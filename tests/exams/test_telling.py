"""What members are told about their exams, and that no mark is told before its time."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest
from flask import Flask

from app.certificates import service as certificates
from app.core import jobs
from app.core.db import db, unit_of_work
from app.exams import service
from app.exams.models import Appeal
from app.exams.rules import Action
from app.notices import queries
from tests.exams.examiner import QUESTIONS, WINDOW, Candidate, make_exam
from tests.exams.test_marking import DESIGN
from tests.factories import People
from tests.learning.lessons import Time

ESSAY = {"kind": "essay", "stem": "Why?", "answer": "", "rubric": []}


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
    exam = make_exam(app, trainer, [ESSAY], marks=("2",))
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
        ("Your attempt at “Fire safety” does not count", "Two phones", f"/attempts/{ended}")
    ]


def longer(app: Flask, taker: Candidate, actor: int) -> None:
    """Grant half as much time again."""
    with app.app_context(), unit_of_work():
        service.accommodate(
            taker.member,
            extra_percent=50,
            extra_attempts=0,
            reason="",
            actor_id=actor,
            exam_id=taker.exam.id,
        )


RELEASES = {  # when → whether scores that are shown "after the close" are known then
    "last attempt, no close": ({"closes_at": None, "attempts_allowed": 1}, True),
    "attempts left, no close": ({"closes_at": None, "attempts_allowed": 2}, False),
    "without limit, no close": ({"closes_at": None, "attempts_allowed": 0}, True),
    "before the close": ({}, False),
    "after the close": ({}, True),
    "after the close, extra time": ({}, False),
}


@pytest.mark.parametrize("release", ["at_once", "after_close", "never"])
def test_no_notice_tells_what_the_page_of_a_result_holds_back(
    app: Flask, people: People, trainer: int, time: Time, release: str
) -> None:
    """Marks, corrections, appeals and certificates: each follows what the page shows."""
    for when in RELEASES:
        told_as_shown(app, people, trainer, time, release, when)


def told_as_shown(
    app: Flask, people: People, trainer: int, time: Time, release: str, when: str
) -> None:
    settings, is_closed = RELEASES[when]
    is_known = release == "at_once" or (release == "after_close" and is_closed)
    other = people.member(role="trainer")
    exam = make_exam(
        app,
        trainer,
        [ESSAY, QUESTIONS[0]],
        show_score=release,
        show_answers=release,
        pass_percent=100,
        **settings,
    )
    with app.app_context(), unit_of_work():
        template = certificates.save_template(None, name=f"{release} {when}", design=DESIGN)
        certificates.offer(kind="exam", subject_id=exam.id, template_id=template)
    taker = Candidate(people, exam)
    if "extra time" in when:
        longer(app, taker, trainer)
    taker.start()
    essay, single = sorted(taker.paper(), key=lambda item: len(item.options))
    wrong = next(name for text, name in single.options.items() if "CANARY" not in text)
    taker.submit({essay.id: ["Because."], single.id: [wrong]})
    if "after the close" in when:
        time.moment += WINDOW
    number = next(row.position for row in taker.items() if row.id == essay.id)
    seen: list[tuple[str, str]] = []

    def new() -> set[tuple[str, str]]:
        with app.app_context():  # of one kind some join others
            rows = queries.latest_of(taker.member, 20)
            db.session.rollback()
        found = [(row.title, row.body) for row in rows]
        fresh = set(found) - set(seen)
        seen.extend(found)
        return fresh

    def give(points: str) -> None:
        with app.app_context(), unit_of_work():
            service.give(exam.id, essay.id, points=Decimal(points), comment="", marker_id=trainer)

    new()
    give("0.5")
    assert new() == ({("Your result of “Fire safety” is there", "")} if is_known else set())
    assert ("result-missed" in taker.result()) is is_known
    time.moment += timedelta(seconds=1)
    give("0.6")
    changed = ("Your result of “Fire safety” has changed", "")
    assert new() == ({changed} if is_known else set())
    regrade(app, exam.id, exam.questions[1], trainer)
    assert new() == ({(changed[0], "The key was wrong")} if is_known else set())
    with app.app_context(), unit_of_work() as session:
        session.add(
            Appeal(
                exam_id=exam.id,
                item_id=essay.id,
                text="It says all.",
                made_at=time.moment,
                mark_before=Decimal("0.6"),
            )
        )
        session.flush()
        appeal = session.query(Appeal).filter_by(exam_id=exam.id).one().id
        service.answer_appeal(
            exam.id,
            appeal,
            points=Decimal(1),
            answer="Full points",
            marker_id=other,
        )
    known = {
        (
            f"Your appeal was right: more points for question {number} of “Fire safety”",
            "Full points",
        ),
        ("You have a certificate for “Fire safety”", ""),
    }
    held = {("Your appeal about “Fire safety” has been answered", "")}
    if release == "after_close" and "without limit" in when:  # marks wait on, the score does not
        known = {("You have a certificate for “Fire safety”", ""), *held}
    assert new() == (known if is_known else held)
    assert ("result-passed" in taker.result()) is is_known


def test_who_has_extra_time_is_told_and_rewarded_when_it_is_through_and_not_at_the_close(
    app: Flask, people: People, trainer: int, time: Time
) -> None:
    exam = make_exam(app, trainer, show_score="after_close")
    taker = Candidate(people, exam)
    longer(app, taker, trainer)
    taker.start()
    taker.submit(taker.right())
    for minutes in (95, 30, 27):  # their deadline, the close, half of an hour after it
        assert told(app, taker.member) == []
        assert "result-passed" not in taker.result()
        time.moment += timedelta(minutes=minutes)
        jobs.run_pending(app)
    assert told(app, taker.member)
    assert "result-passed" in taker.result()
