"""Open a visit: the first thing that the page of a lesson does."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select

from app.core import clock, settings
from app.core.db import db
from app.core.refusals import NotThere
from app.learning import rules
from app.learning.models import LessonProgress, Visit, Watching
from app.learning.service.facts import in_ms, lock, settle


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
    course_percent: int | None = None  # only when this report completed the lesson
    questions: int = 0  # inside the recording, that are all that is missing
    asked_ms: int | None = None  # asked whether somebody is there: ms left to answer


def new_token() -> str:
    """A token that is good for one report."""
    return secrets.token_hex(12)


def next_check(now: datetime) -> datetime:
    """A moment nobody can know to ask whether somebody is there."""
    soonest, latest = rules.ASK_AFTER_S
    return now + timedelta(seconds=soonest + secrets.randbelow(latest - soonest))


def present(visit_id: int, *, member_id: int) -> None:
    """Somebody is there: the clock of a visit goes on. Raises NotThere for another one's visit."""
    row = db.session().get(Visit, visit_id, with_for_update=True)
    if row is None or row.member_id != member_id:
        raise NotThere
    if row.asked_at is not None:
        row.asked_at, row.check_at = None, next_check(clock.now())


def open_visit(
    *,
    member_id: int,
    lesson_id: int,
    course_id: int,
    kind: str,
    length_ms: int,
    completion_percent: int,
    device: str = "",
    ahead: bool = False,
) -> VisitState:
    """Begin one visit of a lesson that the member may see; returns what a report needs.

    A visit that is opened `ahead` is for watching later without a connection: until it reports,
    it is neither the lesson opened last nor where the member stopped.
    """
    session = db.session()
    budget = lock(member_id)
    now = clock.now()
    ms = in_ms(now)
    speed = settings.organisation().highest_speed
    before = rules.Budget(budget.live_ms, budget.whole_ms, budget.counted_at, speed)
    after = before.opened(ms)
    budget.live_ms, budget.whole_ms, budget.counted_at = (
        after.live_ms,
        after.whole_ms,
        after.counted_at,
    )
    measure = rules.measure_of(kind, length_ms, completion_percent, speed)
    strict = session.get(Watching, course_id)
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
        token=new_token(),
        credited_ms=0,
        in_order=strict is not None and strict.in_order,
        alone=strict is not None and strict.alone,
        check_at=next_check(now) if strict is not None and strict.presence else None,
    )
    session.add(visit)
    session.flush()
    if not ahead or visit.alone:
        budget.visit_id = visit.id
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
            heard_at=now,
        )
        session.add(progress)
    elif progress.length_ms != measure.length_ms:
        # The trainer replaced the recording: what lies beyond its new end was never in it.
        spans = rules.clipped(progress.spans, measure.length_ms)
        progress.spans, progress.seen_ms = [list(s) for s in spans], rules.measure(spans)
        progress.position_ms = min(progress.position_ms, measure.length_ms)
        progress.length_ms = measure.length_ms
    if not ahead:
        progress.heard_at = now
    session.flush()
    # Also here: the last missing lesson may have been taken out of the course since.
    course_done = settle(member_id, course_id, now)
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
