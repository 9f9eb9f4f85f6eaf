"""Starting an attempt at a quiz or an exam: who may now, and which paper they get."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError

from app.core import clock
from app.core.db import db
from app.core.refusals import NotThere
from app.courses.queries import quiz_of
from app.exams import rules
from app.exams.models import Attempt, AttemptItem, Exam
from app.exams.queries import (
    allowance_of,
    missing_courses,
    places_of,
    standing_still,
)
from app.exams.service.finishing import finish_due, plan_finish
from app.exams.service.noting import note
from app.questions import types
from app.questions.queries import Question, questions


@dataclass(frozen=True)
class _Asked:
    question: Question
    section: int
    mark: Decimal


def start(*, member_id: int, course_id: int) -> int:
    """The id of the member's open attempt at a quiz; a new one when there is none.

    However often and from wherever this is called, there is one open attempt with one paper.
    Raises NoQuiz, NoAttemptsLeft.
    """
    paper = quiz_of(course_id)
    asked = questions(paper.question_ids) if paper else {}
    if paper is None or not asked:
        raise rules.NoQuiz
    open_id = _open_attempt(member_id, course_id=course_id)
    if open_id is not None:
        return open_id
    used = _used(member_id, course_id=course_id)
    if rules.attempts_left(paper.attempts_allowed, used) == 0:
        raise rules.NoAttemptsLeft(allowed=paper.attempts_allowed)
    attempt = Attempt(
        member_id=member_id,
        course_id=course_id,
        number=used + 1,
        seed=secrets.randbits(62),
        pass_percent=paper.pass_percent,
        started_at=clock.now(),
    )
    ordered = [_Asked(asked[i], 1, Decimal(1)) for i in paper.question_ids if i in asked]
    return _begin(attempt, ordered, shuffle=True)


def start_exam(
    exam_id: int,
    *,
    member_id: int,
    password: str = "",
    visit: rules.Visit = rules.Visit(),  # noqa: B008 - it is frozen
    is_invited: bool = True,
) -> int:
    """The id of the member's open attempt at an exam; a new one when there is none.

    Who may see the exam is asked before (queries.exam_for), and whether it is meant for the member
    still (queries.is_invited): what was begun goes on without that. Raises NotInvited, NotOpenYet,
    NoMoreStarts, ExamClosed, WrongNetwork, NeedsSafeBrowser, WrongPassword, CoursesFirst, TooSoon,
    NoTriesLeft, and NoQuiz for an empty paper.
    """
    session = db.session()
    exam = session.get(Exam, exam_id)
    if exam is None or exam.state != "published":
        raise NotThere
    finish_due(exam_id, member_id=member_id)
    open_id = _open_attempt(member_id, exam_id=exam_id)
    if open_id is not None:
        if not rules.is_safe(visit, exam.safe_keys):
            raise rules.NeedsSafeBrowser
        return open_id
    if not is_invited:
        raise rules.NotInvited
    now = clock.now()
    allowance = allowance_of(member_id, exam_id)
    still = standing_still(exam.paused_at, now)
    _must_be_open(exam, still)
    if not rules.is_inside(visit.address, exam.networks):
        raise rules.WrongNetwork(address=visit.address)
    if not rules.is_safe(visit, exam.safe_keys):
        raise rules.NeedsSafeBrowser
    if exam.password and not rules.is_password(password, exam.password):
        raise rules.WrongPassword
    missing = missing_courses(exam_id, member_id)
    if missing:
        raise rules.CoursesFirst(courses="、".join(course.title for course in missing))
    used = _used(member_id, exam_id=exam_id)
    counted = _counted(member_id, exam_id)
    allowed = exam.attempts_allowed and exam.attempts_allowed + allowance.extra_attempts
    if rules.attempts_left(allowed, counted) == 0:
        raise rules.NoTriesLeft(allowed=allowed)
    wait = _wait_s(exam, member_id, now)
    if wait:
        raise rules.TooSoon(minutes=-(-wait // 60))
    attempt = Attempt(
        member_id=member_id,
        exam_id=exam_id,
        number=used + 1,
        seed=secrets.randbits(62),
        pass_percent=exam.pass_percent,
        wrong_costs=exam.wrong_costs,
        started_at=now,
        heard_at=now,
        address=visit.address,
        deadline_at=rules.deadline(
            now,
            duration_s=exam.duration_s,
            # Who begins in a pause gets the rest of it back, and the close moves by all of it.
            closes_at=exam.closes_at and exam.closes_at + (now - still),
            extra_percent=allowance.extra_percent,
        ),
    )
    attempt_id = _begin(attempt, asked_of(exam, attempt.seed), shuffle=exam.shuffle_options)
    note(
        *(exam_id, "start"),
        attempt_id=attempt_id,
        actor_id=member_id,
        number=used + 1,
        address=visit.address,
    )
    if attempt.deadline_at is not None:
        plan_finish(exam, attempt.deadline_at)
    return attempt_id


def asked_of(exam: Exam, seed: int) -> list[_Asked]:
    """The questions of the paper that a seed draws; the same for the same seed."""
    paper = rules.drawn(
        seed,
        places_of(exam.id),
        shuffle=exam.shuffle_questions,
        sections=exam.shuffle_sections,
    )
    found = questions(asked.question_id for asked in paper)
    return [
        _Asked(found[asked.question_id], asked.section, asked.mark)
        for asked in paper
        if asked.question_id in found
    ]


def _must_be_open(exam: Exam, now: datetime) -> None:
    phase = rules.phase(
        now, opens_at=exam.opens_at, last_start_at=exam.last_start_at, closes_at=exam.closes_at
    )
    if phase is rules.Phase.UPCOMING:
        raise rules.NotOpenYet
    if phase is rules.Phase.NO_MORE_STARTS:
        raise rules.NoMoreStarts
    if phase is rules.Phase.CLOSED:
        raise rules.ExamClosed


def _begin(attempt: Attempt, asked: Sequence[_Asked], *, shuffle: bool) -> int:
    if not asked:
        raise rules.NoQuiz
    session = db.session()
    attempt.state = "open"
    attempt.questions = len(asked)
    attempt.out_of = sum((each.mark for each in asked), Decimal(0))
    try:
        with session.begin_nested():
            session.add(attempt)
    except IntegrityError:
        # PostgreSQL lets two starts come this far; the other one has won.
        open_id = _open_attempt(
            attempt.member_id, course_id=attempt.course_id, exam_id=attempt.exam_id
        )
        if open_id is None:
            raise
        return open_id
    for position, each in enumerate(asked, 1):
        question = each.question
        order = rules.shuffled(
            attempt.seed,
            position,
            types.of(question.kind).options(question.body),
            shuffle=shuffle,
        )
        session.add(
            AttemptItem(
                attempt_id=attempt.id,
                position=position,
                section=each.section,
                version_id=question.version_id,
                options=[list(pair) for pair in order],
                max_mark=each.mark,
                saved=0,
            )
        )
    session.flush()
    return attempt.id


def _open_attempt(
    member_id: int, *, course_id: int | None = None, exam_id: int | None = None
) -> int | None:
    what = Attempt.course_id == course_id if exam_id is None else Attempt.exam_id == exam_id
    return db.session().scalar(
        select(Attempt.id).where(Attempt.member_id == member_id, what, Attempt.state == "open")
    )


def _used(member_id: int, *, course_id: int | None = None, exam_id: int | None = None) -> int:
    """The highest number of a member's attempts."""
    what = Attempt.course_id == course_id if exam_id is None else Attempt.exam_id == exam_id
    wanted = select(func.max(Attempt.number)).where(Attempt.member_id == member_id, what)
    return db.session().scalar(wanted) or 0


def _counted(member_id: int, exam_id: int) -> int:
    """How many attempts count against what is allowed: void ones do not."""
    wanted = select(func.count()).where(
        Attempt.member_id == member_id, Attempt.exam_id == exam_id, Attempt.state != "void"
    )
    return db.session().scalar(wanted) or 0


def _wait_s(exam: Exam, member_id: int, now: datetime) -> int:
    """Seconds until the delay between two attempts is over."""
    if not exam.delay_s:
        return 0
    last = db.session().scalar(
        select(func.max(Attempt.submitted_at)).where(
            Attempt.member_id == member_id,
            Attempt.exam_id == exam.id,
            Attempt.state == "submitted",
        )
    )
    if last is None:
        return 0
    return max(0, int((last + timedelta(seconds=exam.delay_s) - now).total_seconds()))
