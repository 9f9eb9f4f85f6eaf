"""What can be done about learning: open a visit, report what was seen, note a passed quiz."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, cast

from sqlalchemy import Table, func, select, update
from sqlalchemy.exc import IntegrityError

from app.core import clock
from app.core.db import db
from app.core.refusals import NotThere
from app.courses.models import CourseQuestion, Lesson
from app.learning import rules
from app.learning.models import (
    CourseProgress,
    LessonProgress,
    TrimmedReport,
    Visit,
    WatchBudget,
)
from app.points import service as points

# The columns themselves: reports come every ten seconds from everybody who watches, and rows as
# objects would cost as much again.
_visit, _budget, _progress = (
    cast("Table", model.__table__) for model in (Visit, WatchBudget, LessonProgress)
)


@dataclass(frozen=True)
class VisitState:
    """What the browser may know after each call, and the token for its next report."""

    visit_id: int
    seq: int
    token: str
    applied: bool  # False: this report came before, or out of turn, and changed nothing
    spans: list[list[int]]
    length_ms: int
    percent: int
    position_ms: int
    complete: bool
    trimmed: str = ""  # a rules.Reason when a part was not credited
    credited_ms: int = 0
    points: int = 0  # for completing the lesson with this report
    course_done: bool = False  # with this report


def open_visit(
    *,
    member_id: int,
    lesson_id: int,
    course_id: int,
    kind: str,
    length_ms: int,
    completion_percent: int,
    device: str = "",
) -> VisitState:
    """Begin one visit of a lesson that the member may see; returns what a report needs."""
    session = db.session()
    budget = _lock(member_id)
    now = clock.now()
    ms = _ms(now)
    after = rules.Budget(budget.live_ms, budget.whole_ms, budget.counted_at).opened(ms)
    budget.live_ms, budget.whole_ms, budget.counted_at = (
        after.live_ms,
        after.whole_ms,
        after.counted_at,
    )
    measure = rules.measure_of(kind, length_ms, completion_percent)
    visit = Visit(
        member_id=member_id,
        lesson_id=lesson_id,
        course_id=course_id,
        device=device[:120],
        length_ms=measure.length_ms,
        needed_ms=measure.needed_ms,
        needs_end=measure.needs_end,
        speed=measure.speed,
        started_at=now,
        heard_at=now,
        seq=0,
        token=_token(),
        credited_ms=0,
    )
    session.add(visit)
    progress = session.scalar(
        select(LessonProgress).where(
            LessonProgress.member_id == member_id, LessonProgress.lesson_id == lesson_id
        )
    )
    if progress is None:
        progress = LessonProgress(
            member_id=member_id,
            lesson_id=lesson_id,
            course_id=course_id,
            spans=[],
            seen_ms=0,
            length_ms=measure.length_ms,
            position_ms=0,
            end_reached=False,
            started_at=now,
        )
        session.add(progress)
    elif progress.length_ms != measure.length_ms:
        # The trainer replaced the recording: what lies beyond its new end was never in it.
        spans = rules.clipped(progress.spans, measure.length_ms)
        progress.spans, progress.seen_ms = [list(s) for s in spans], rules.measure(spans)
        progress.position_ms = min(progress.position_ms, measure.length_ms)
        progress.length_ms = measure.length_ms
    progress.heard_at = now
    session.flush()
    # Also here: the last missing lesson may have been taken out of the course since.
    course_done = _settle(member_id, course_id, now)
    complete = progress.completed_at is not None
    return VisitState(
        visit_id=visit.id,
        seq=visit.seq,
        token=visit.token,
        applied=True,
        spans=progress.spans,
        length_ms=measure.length_ms,
        percent=rules.percent_seen(progress.seen_ms, measure.length_ms, complete=complete),
        position_ms=progress.position_ms,
        complete=complete,
        course_done=course_done,
    )


def report_spans(visit_id: int, *, member_id: int, report: rules.Report) -> VisitState:
    """Credit what a visit saw since its last report, as far as the clock allows it.

    The report must carry the visit's next seq and token; any other one changes nothing and gets
    the state as it is, with the right token, so that a browser whose answer was lost can go on.
    Raises NotThere for a visit of somebody else, VisitOver.
    """
    session = db.session()
    visit, budget, progress = _visit.c, _budget.c, _progress.c
    row = session.execute(
        select(
            *visit,
            *(budget.live_ms, budget.whole_ms, budget.counted_at),
            budget.trims_in_a_row,
            *(progress.spans, progress.seen_ms, progress.position_ms, progress.end_reached),
            progress.completed_at,
            progress.heard_at.label("newest_heard_at"),
            progress.id.label("progress_id"),
        )
        .join(_budget, budget.member_id == visit.member_id)
        .join(
            _progress,
            (progress.member_id == visit.member_id) & (progress.lesson_id == visit.lesson_id),
        )
        .where(visit.id == visit_id, visit.member_id == member_id)
        .with_for_update()
    ).one_or_none()
    if row is None:
        raise NotThere
    # Asked only now: while this request waited for its turn, others were served.
    now = clock.now()
    ms = _ms(now)
    if now - row.started_at > timedelta(milliseconds=rules.VISIT_LIFE_MS):
        raise rules.VisitOver
    if report.seq != row.seq or report.token != row.token:
        return _state(row, applied=False)
    outcome = rules.heard(_standing(row), report, ms)
    token = _token()
    _write_visit(row, report, outcome, token, now)
    session.execute(
        update(_budget)
        .where(_budget.c.member_id == member_id)
        .values(
            live_ms=outcome.budget.live_ms,
            whole_ms=outcome.budget.whole_ms,
            counted_at=outcome.budget.counted_at,
            trims_in_a_row=outcome.trims_in_a_row(row.trims_in_a_row),
        )
    )
    spans = _write_progress(row, outcome, now)
    earned, course_done = 0, False
    if outcome.completes:
        title = session.scalar(select(Lesson.title).where(Lesson.id == row.lesson_id)) or ""
        earned = points.credit(
            member_id=member_id, reason="lesson", source=f"lesson:{row.lesson_id}", note=title
        )
        course_done = _settle(member_id, row.course_id, now)
    complete = outcome.completes or row.completed_at is not None
    return VisitState(
        visit_id=visit_id,
        seq=row.seq + 1,
        token=token,
        applied=True,
        spans=spans,
        length_ms=row.length_ms,
        percent=rules.percent_seen(outcome.seen_ms, row.length_ms, complete=complete),
        position_ms=outcome.position_ms,
        complete=complete,
        trimmed=outcome.trimmed.value if outcome.trimmed else "",
        credited_ms=outcome.credited_ms,
        points=earned,
        course_done=course_done,
    )


def _standing(row: Any) -> rules.Standing:
    return rules.Standing(
        budget=rules.Budget(row.live_ms, row.whole_ms, row.counted_at),
        opened_at=_ms(row.started_at),
        heard_at=_ms(row.heard_at),
        credited_ms=row.credited_ms,
        lesson=rules.Measure(row.length_ms, row.needed_ms, row.speed, row.needs_end),
        spans=row.spans,
        position_ms=row.position_ms,
        end_reached=row.end_reached,
        complete=row.completed_at is not None,
        newest_heard_at=_ms(row.newest_heard_at),
    )


def _write_visit(
    row: Any, report: rules.Report, outcome: rules.Outcome, token: str, now: datetime
) -> None:
    session = db.session()
    values: dict[str, Any] = {
        "heard_at": now,
        "seq": row.seq + 1,
        "token": token,
        "credited_ms": row.credited_ms + outcome.credited_ms,
    }
    if outcome.trimmed:
        values["trims"] = row.trims + 1
        in_a_row = outcome.trims_in_a_row(row.trims_in_a_row)
        if in_a_row >= rules.TRIMS_UNTIL_FLAG and row.flagged_at is None:
            values["flagged_at"] = now
        session.add(
            TrimmedReport(
                visit_id=row.id,
                seq=row.seq,
                reported_at=now,
                claimed_ms=outcome.claimed_ms,
                credited_ms=outcome.credited_ms,
                reason=outcome.trimmed.value,
                kept=report.kept,
                spans=[list(span) for span in report.spans],
            )
        )
    session.execute(update(_visit).where(_visit.c.id == row.id).values(**values))


def _write_progress(row: Any, outcome: rules.Outcome, now: datetime) -> list[list[int]]:
    spans: list[list[int]] = row.spans
    values: dict[str, Any] = {"heard_at": now, "position_ms": outcome.position_ms}
    if outcome.credited_ms:
        spans = [list(span) for span in outcome.spans]
        values |= {"spans": spans, "seen_ms": outcome.seen_ms}
    if outcome.end_reached != row.end_reached:
        values["end_reached"] = outcome.end_reached
    if outcome.completes:
        values["completed_at"] = now
    db.session().execute(
        update(_progress).where(_progress.c.id == row.progress_id).values(**values)
    )
    return spans


def quiz_passed(*, member_id: int, course_id: int, at: datetime) -> bool:
    """Note that the quiz of a course was passed; returns whether the course is done by it.

    The first time counts; passing again changes nothing.
    """
    _lock(member_id)
    facts = _facts(member_id, course_id, at)
    if facts.quiz_passed_at is None:
        facts.quiz_passed_at = at
        db.session().flush()
    return _settle(member_id, course_id, at)


def _settle(member_id: int, course_id: int, now: datetime) -> bool:
    """Store that a course is done when it is; returns whether it became so just now."""
    session = db.session()
    facts = _facts(member_id, course_id, now)
    if facts.completed_at is not None:
        return False
    lessons, done = session.execute(
        select(func.count(Lesson.id), func.count(LessonProgress.completed_at))
        .outerjoin(
            LessonProgress,
            (LessonProgress.lesson_id == Lesson.id) & (LessonProgress.member_id == member_id),
        )
        .where(Lesson.course_id == course_id, Lesson.removed_at.is_(None))
    ).one()
    has_quiz = session.scalar(
        select(CourseQuestion.question_id).where(CourseQuestion.course_id == course_id).limit(1)
    )
    if not rules.is_course_done(
        lessons=lessons,
        lessons_done=done,
        has_quiz=has_quiz is not None,
        passed=facts.quiz_passed_at is not None,
    ):
        return False
    facts.completed_at = now
    session.flush()
    return True


def _facts(member_id: int, course_id: int, now: datetime) -> CourseProgress:
    """The row of facts about a member in a course; made when there is none. Needs `_lock`."""
    session = db.session()
    facts = session.scalar(
        select(CourseProgress).where(
            CourseProgress.member_id == member_id, CourseProgress.course_id == course_id
        )
    )
    if facts is None:
        facts = CourseProgress(member_id=member_id, course_id=course_id, started_at=now)
        session.add(facts)
        session.flush()
    return facts


def _lock(member_id: int) -> WatchBudget:
    """The account's budget, locked until the end of the transaction; made when there is none."""
    session = db.session()
    found = session.get(WatchBudget, member_id, with_for_update=True, populate_existing=True)
    if found is not None:
        return found
    fresh = rules.Budget.fresh(_ms(clock.now()))
    try:
        with session.begin_nested():
            found = WatchBudget(
                member_id=member_id,
                live_ms=fresh.live_ms,
                whole_ms=fresh.whole_ms,
                counted_at=fresh.counted_at,
                trims_in_a_row=0,
            )
            session.add(found)
    except IntegrityError:  # another request of this account was first (PostgreSQL only)
        return session.get_one(WatchBudget, member_id, with_for_update=True, populate_existing=True)
    return found


def _state(row: Any, *, applied: bool) -> VisitState:
    complete = row.completed_at is not None
    return VisitState(
        visit_id=row.id,
        seq=row.seq,
        token=row.token,
        applied=applied,
        spans=row.spans,
        length_ms=row.length_ms,
        percent=rules.percent_seen(row.seen_ms, row.length_ms, complete=complete),
        position_ms=row.position_ms,
        complete=complete,
    )


def _token() -> str:
    return secrets.token_hex(12)


def _ms(moment: datetime) -> int:
    """ms since 1970. By timedelta: a float of seconds would round."""
    return (moment - _EPOCH) // timedelta(milliseconds=1)


_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
