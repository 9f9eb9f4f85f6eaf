"""Credit what a visit saw. The busiest verb of all: everybody who watches calls it every 10 s.

The statements are made once, and they speak of columns: rows as objects, and statements built anew
for each call, cost more than everything else here together (bench/heartbeats.py).
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Any, cast

from sqlalchemy import Table, bindparam, select, update

from app.core import clock, settings
from app.core.db import db
from app.core.refusals import NotThere
from app.courses.models import Lesson
from app.learning import rules
from app.learning.models import LessonProgress, TrimmedReport, Visit, WatchBudget
from app.learning.queries import course_progress_for, settled
from app.learning.service.facts import in_ms, settle, title_and_theme
from app.learning.service.visiting import VisitState, new_token
from app.points import service as points

_visit, _budget, _progress = (
    cast("Table", model.__table__) for model in (Visit, WatchBudget, LessonProgress)
)
_FIND = (
    select(
        *_visit.c,
        *(_budget.c.live_ms, _budget.c.whole_ms, _budget.c.counted_at),
        *(_budget.c.trims_in_a_row, _budget.c.visit_id.label("newest_visit")),
        *(_progress.c.again, _progress.c.spans, _progress.c.seen_ms, _progress.c.position_ms),
        *(_progress.c.end_reached, _progress.c.completed_at),
        _progress.c.heard_at.label("newest_heard_at"),
        _progress.c.id.label("progress_id"),
    )
    .join(_budget, _budget.c.member_id == _visit.c.member_id)
    .join(
        _progress,
        (_progress.c.member_id == _visit.c.member_id)
        & (_progress.c.lesson_id == _visit.c.lesson_id),
    )
    .where(_visit.c.id == bindparam("visit"), _visit.c.member_id == bindparam("member"))
    .with_for_update()
)


def _change(table: Table, key: str, *columns: str) -> Any:
    """An UPDATE of one row; the key comes as `row`, the columns by their names."""
    return (
        update(table)
        .where(table.c[key] == bindparam("row"))
        .values({column: bindparam(column) for column in columns})
    )


_HEARD = _change(
    *(_visit, "id", "heard_at", "seq", "token", "credited_ms", "trims", "flagged_at", "asked_at")
)
_SPENT = _change(_budget, "member_id", "live_ms", "whole_ms", "counted_at", "trims_in_a_row")
_MOVED = _change(_progress, "id", "heard_at", "position_ms", "end_reached", "completed_at")
_SEEN = _change(
    _progress,
    *("id", "heard_at", "position_ms", "end_reached", "completed_at", "spans", "seen_ms"),
)
_AGAIN = _change(_progress, "id", "again")


def report_spans(visit_id: int, *, member_id: int, raw: object) -> VisitState:
    """Credit what a visit saw since its last report, as far as the clock allows it.

    `raw` is the report as the browser sent it, see rules.checked_report. It must carry the visit's
    next seq and token; any other one changes nothing and gets the state as it is, with the right
    token, so that a browser whose answer was lost can go on. Raises NotThere for a visit of
    somebody else, BadReport, VisitOver.
    """
    session = db.session()
    connection = session.connection()
    row = connection.execute(_FIND, {"visit": visit_id, "member": member_id}).one_or_none()
    if row is None:
        raise NotThere
    report = rules.checked_report(raw, length_ms=row.length_ms)
    # Asked only now: while this request waited for its turn, others were served.
    now = clock.now()
    if rules.is_over(in_ms(now) - in_ms(row.started_at), kept=report.kept):
        raise rules.VisitOver
    if report.seq != row.seq or report.token != row.token:
        return _unchanged(row)
    outcome = rules.heard(_standing(row, report, in_ms(now)), report, in_ms(now))
    open_questions = 0
    if outcome.completes:
        # Everything is seen; the questions inside must be answered, too.
        open_questions = sum(not done for done in settled(member_id, row.lesson_id).values())
        outcome = replace(outcome, completes=not open_questions)
    asked_at = row.asked_at
    if asked_at is None and row.check_at is not None and row.completed_at is None:
        asked_at = now if rules.is_due(in_ms(row.check_at), in_ms(now)) else None
    token = new_token()
    in_a_row = outcome.trims_in_a_row(row.trims_in_a_row)
    flag = outcome.trimmed and in_a_row >= rules.TRIMS_UNTIL_FLAG and row.flagged_at is None
    connection.execute(
        _HEARD,
        {
            "row": row.id,
            "heard_at": now,
            "seq": row.seq + 1,
            "token": token,
            "credited_ms": row.credited_ms + outcome.credited_ms,
            "trims": row.trims + (outcome.trimmed is not None),
            "flagged_at": now if flag else row.flagged_at,
            "asked_at": asked_at,
        },
    )
    connection.execute(
        _SPENT,
        {
            "row": member_id,
            "live_ms": outcome.budget.live_ms,
            "whole_ms": outcome.budget.whole_ms,
            "counted_at": outcome.budget.counted_at,
            "trims_in_a_row": in_a_row,
        },
    )
    progress = {
        "row": row.progress_id,
        "heard_at": now,
        "position_ms": outcome.position_ms,
        "end_reached": outcome.end_reached,
        "completed_at": now if outcome.completes else row.completed_at,
    }
    spans = row.spans
    if outcome.credited_ms:
        spans = [list(span) for span in outcome.spans]
        connection.execute(_SEEN, {**progress, "spans": spans, "seen_ms": outcome.seen_ms})
    else:
        connection.execute(_MOVED, progress)
    if outcome.claimed_ms < rules.measure(report.plain) and not report.kept:
        # What is sent again after an outage may have arrived before: that is no second time.
        repeated = rules.again(row.spans, report.plain, row.again or [])
        if repeated and [list(span) for span in repeated] != row.again:
            connection.execute(
                _AGAIN, {"row": row.progress_id, "again": [list(span) for span in repeated]}
            )
    if outcome.trimmed:
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
    earned, course_done, course_percent = 0, False, None
    if outcome.completes:
        title = session.scalar(select(Lesson.title).where(Lesson.id == row.lesson_id)) or ""
        earned = points.credit(
            member_id=member_id,
            reason="lesson",
            source=f"lesson:{row.lesson_id}",
            note=title,
            theme=title_and_theme(row.course_id)[1],
        )
        course_done = settle(member_id, row.course_id, now)
        course_percent = course_progress_for(member_id, [row.course_id])[row.course_id].percent
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
        course_percent=course_percent,
        questions=open_questions,
        asked_ms=None if complete else _left(asked_at, now),
    )


def _left(asked_at: datetime | None, now: datetime) -> int | None:
    return rules.left_to_answer(in_ms(asked_at), in_ms(now)) if asked_at is not None else None


def _standing(row: Any, report: rules.Report, now: int) -> rules.Standing:
    heard_at = in_ms(row.heard_at)
    limits = []
    if row.asked_at is not None:
        limits.append(rules.while_asked(in_ms(row.asked_at), heard_at, now, row.speed))
    if row.alone and row.newest_visit not in {None, row.id}:
        opened_at = db.session().scalar(
            select(Visit.started_at).where(Visit.id == row.newest_visit)
        )
        limits.append(
            rules.while_elsewhere(
                heard_at,
                in_ms(opened_at) if opened_at else None,
                kept=report.kept,
                speed=row.speed,
            )
        )
    return rules.Standing(
        budget=rules.Budget(
            *(row.live_ms, row.whole_ms, row.counted_at), settings.organisation().highest_speed
        ),
        opened_at=in_ms(row.started_at),
        heard_at=in_ms(row.heard_at),
        credited_ms=row.credited_ms,
        lesson=rules.Measure(row.length_ms, row.needed_ms, row.speed, row.needs_end),
        spans=row.spans,
        position_ms=row.position_ms,
        end_reached=row.end_reached,
        complete=row.completed_at is not None,
        newest_heard_at=in_ms(row.newest_heard_at),
        in_order=row.in_order,
        limits=tuple(limit for limit in limits if limit is not None),
    )


def _unchanged(row: Any) -> VisitState:
    complete = row.completed_at is not None
    return VisitState(
        visit_id=row.id,
        seq=row.seq,
        token=row.token,
        applied=False,
        spans=row.spans,
        length_ms=row.length_ms,
        percent=rules.percent_seen(row.seen_ms, row.length_ms, complete=complete),
        position_ms=row.position_ms,
        complete=complete,
        asked_ms=None if complete else _left(row.asked_at, clock.now()),
    )
