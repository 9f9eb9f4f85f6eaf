"""The end of an attempt: marked once, final for ever, as of its deadline when the time was over.

Whoever comes first (the job, a late answer, the member's next visit) finishes what is due.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import cast

from sqlalchemy import ARRAY, Integer, Table, any_, func, inspect, literal, select
from sqlalchemy.orm.attributes import set_committed_value

from app.core import clock, jobs
from app.core.db import db
from app.core.refusals import NotThere
from app.exams import rules
from app.exams.models import Attempt, AttemptItem, Exam
from app.exams.queries import items_of, next_release, standing_still
from app.exams.service.anew import catch_up
from app.exams.service.noting import note
from app.exams.service.rewarding import reward
from app.exams.service.worth import mark_of
from app.questions import types
from app.questions.queries import Wording, wordings

FINISH_EVERY_S = 15  # deadlines are swept in steps of so many seconds, one job for each


FINISH_AT_ONCE = 100  # attempts in one transaction of the job


@dataclass(frozen=True)
class Submitted:
    """The end of an attempt. `points` and `course_done` only from the call that submitted it."""

    attempt_id: int
    receipt: str
    passed: bool | None
    points: int = 0
    course_done: bool = False


def finish_due(exam_id: int, *, member_id: int | None = None, most: int = FINISH_AT_ONCE) -> int:
    """Finish attempts whose time and grace are over, as of their deadline; returns how many.

    While the clocks of an exam stand still nothing is finished.
    """
    session = db.session()
    exam = session.get(Exam, exam_id, populate_existing=True)
    if exam is None or exam.paused_at is not None:
        return 0
    now = clock.now()
    wanted = (
        select(Attempt)
        .where(Attempt.exam_id == exam_id, Attempt.state == "open")
        .where(Attempt.deadline_at < now - timedelta(seconds=exam.grace_s))
        .order_by(Attempt.deadline_at, Attempt.id)
        .limit(most)
        .with_for_update(skip_locked=member_id is None)
        .execution_options(populate_existing=True)
    )
    if member_id is not None:
        wanted = wanted.where(Attempt.member_id == member_id)
    due = list(session.scalars(wanted))
    for attempt in due:
        time_out(attempt, exam)
    return len(due)


def finish_now(attempt_id: int, *, member_id: int) -> bool:
    """Finish one attempt of a member if its time is over; whether it is final then."""
    attempt, exam = locked(attempt_id, member_id)
    if attempt.state == "open" and is_over(attempt, exam, clock.now()) and exam is not None:
        time_out(attempt, exam)
    return attempt.state == "submitted"


def plan_finish(exam: Exam, deadline_at: datetime) -> None:
    """Let the worker finish what is due at a deadline, soon after it; one job for many takers."""
    due = deadline_at + timedelta(seconds=exam.grace_s + 1)
    moment = max(int(due.timestamp()), int(clock.epoch()) + 1)
    step = -(-moment // FINISH_EVERY_S) * FINISH_EVERY_S
    wait = timedelta(seconds=step - clock.epoch())
    key = f"exam:{exam.id}:{step}"
    jobs.enqueue("exams.finish", key=key, priority=jobs.SOON, delay=wait, exam_id=exam.id)


def plan_open(exam_id: int) -> None:
    """Plan the next finish of an exam whose attempts are still open, if they have a deadline."""
    session = db.session()
    exam = session.get(Exam, exam_id)
    if exam is None or exam.paused_at is not None:
        return
    nearest = session.scalar(
        select(func.min(Attempt.deadline_at)).where(
            Attempt.exam_id == exam_id, Attempt.state == "open"
        )
    )
    if nearest is not None:
        plan_finish(exam, nearest)
    elif (released_at := next_release(exam, clock.now())) is not None:
        plan_finish(exam, released_at)  # then results are known, and told


def is_over(attempt: Attempt, exam: Exam | None, now: datetime) -> bool:
    if exam is None:
        return False
    return rules.is_over(standing_still(exam.paused_at, now), attempt.deadline_at, exam.grace_s)


def time_out(attempt: Attempt, exam: Exam) -> None:
    assert attempt.deadline_at is not None
    rows = {item.id: item for item in items_of(attempt.id)}
    finish(attempt, exam, rows, at=attempt.deadline_at, by="time")
    note(exam.id, "time_over", attempt_id=attempt.id, deadline=attempt.deadline_at.isoformat())


def finish(
    attempt: Attempt, exam: Exam | None, rows: Mapping[int, AttemptItem], *, at: datetime, by: str
) -> Submitted:
    """Mark the paper and make the attempt final. It never comes back from there."""
    bodies = bodies_of(rows)
    alike: dict[Decimal, list[int]] = {}  # items by their mark
    attempt.waiting = 0
    for item in rows.values():
        question = bodies[item.version_id]
        kind = types.of(question.kind)
        if kind.BY_HAND and exam is None:
            # Nobody marks the quiz of a course by hand: what is written there is for oneself.
            attempt.out_of -= item.max_mark
            item.max_mark = Decimal(0)
        elif kind.BY_HAND and item.response:
            attempt.waiting += 1
            continue
        mark = mark_of(attempt, question, list(item.response or ()))
        if inspect(item).modified:
            item.mark = mark  # its answer is about to be written, and takes the mark along
        else:
            set_committed_value(item, "mark", mark)
            alike.setdefault(mark, []).append(item.id)
    attempt.submitted_at = at
    attempt.receipt = rules.receipt(secrets.randbits(50))
    attempt.state, attempt.ended_by = "submitted", by
    settle(attempt, rows.values())
    if exam is not None and by == "member":
        note(exam.id, "submit", attempt_id=attempt.id, actor_id=attempt.member_id)
    db.session().flush()
    _write_marks(alike)
    keep_up(attempt, since=attempt.started_at)
    earned, done = reward(attempt)
    return ended(attempt, points=earned, course_done=done)


def keep_up(attempt: Attempt, *, since: datetime) -> None:
    """Apply to a handed-in attempt what was marked anew since, and write that into its history."""
    for row in catch_up(attempt, since=since):
        if attempt.exam_id is not None:
            note(
                *(attempt.exam_id, "regrade"),
                attempt_id=attempt.id,
                question=row.question_id,
                action=row.action,
                reason=row.reason,
                regrade=row.id,
            )


def _write_marks(alike: Mapping[Decimal, Sequence[int]]) -> None:
    """One statement for each mark: thousands hand in within the same seconds."""
    session = db.session()
    table = cast("Table", AttemptItem.__table__)
    for mark, ids in alike.items():
        if session.get_bind().dialect.name == "postgresql":
            # The same words for any number of items, which PostgreSQL need not plan again.
            these = table.c.id == any_(literal(ids, ARRAY(Integer)))
        else:
            these = table.c.id.in_(ids)
        session.execute(table.update().where(these).values(mark=mark))


def settle(attempt: Attempt, items: Iterable[AttemptItem]) -> None:
    """Add up what is marked; whether it is passed is known when nothing waits for a person."""
    attempt.score = rules.score((item.mark, item.max_mark) for item in items)
    attempt.passed = (
        None
        if attempt.waiting
        else rules.is_passed(attempt.score, attempt.out_of, attempt.pass_percent)
    )


def finish_by_staff(attempt: Attempt) -> Submitted:
    """Finish an open attempt now, with what is saved; the caller holds its lock."""
    exam = db.session().get_one(Exam, attempt.exam_id)
    now = clock.now()
    at = now if attempt.deadline_at is None else min(now, attempt.deadline_at)
    rows = {item.id: item for item in items_of(attempt.id)}
    return finish(attempt, exam, rows, at=max(at, attempt.started_at), by="staff")


def ended(attempt: Attempt, *, points: int = 0, course_done: bool = False) -> Submitted:
    return Submitted(
        attempt_id=attempt.id,
        receipt=attempt.receipt or "",
        passed=attempt.passed,
        points=points,
        course_done=course_done,
    )


def bodies_of(rows: Mapping[int, AttemptItem]) -> dict[int, Wording]:
    return wordings(item.version_id for item in rows.values())


def locked(attempt_id: int, member_id: int) -> tuple[Attempt, Exam | None]:
    """An attempt of this member, locked, with its exam as it is at this moment."""
    session = db.session()
    attempt = session.get(Attempt, attempt_id, with_for_update=True, populate_existing=True)
    if attempt is None or attempt.member_id != member_id:
        raise NotThere
    exam = None
    if attempt.exam_id is not None:
        exam = session.get_one(Exam, attempt.exam_id, populate_existing=True)
    return attempt, exam
