"""A report as a browser sends it, and what is true after it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from flask_babel import lazy_gettext as _l

from app.core.refusals import Conflict, Refusal
from app.learning.rules.budget import SPEEDS, Budget, Reason, allowance, judge
from app.learning.rules.lessons import Measure, next_position
from app.learning.rules.spans import Span, in_reach, measure

BODY_MOST = 2_048  # bytes of one report
SPANS_MOST = 40  # in one report
SLOWEST = 0.25
TOKEN_MOST = 40  # characters
VISIT_LIFE_MS = 12 * 3600_000  # then the page opens a new visit by itself
KEPT_LIFE_MS = 3 * 24 * 3600_000  # a page that was closed offline reports when its owner is back
TRIFLE_MS = 1_000  # a smaller cut is not worth writing down
TRIMS_UNTIL_FLAG = 3  # in a row


class BadReport(Refusal):
    """What a browser sent is no report; `where` names the field."""

    sentence = _l("This report of watching cannot be read. Reload the page.")


def is_over(open_for_ms: int, *, kept: bool) -> bool:
    """Whether a visit that was opened so long ago takes no more reports."""
    return open_for_ms > (KEPT_LIFE_MS if kept else VISIT_LIFE_MS)


class VisitOver(Conflict):
    """The visit was opened too long ago; the page opens another one."""

    sentence = _l("This page was open for too long. Reload it to go on.")


@dataclass(frozen=True)
class Report:
    """What one visit saw since its last report. Times in ms of the lesson."""

    token: str
    seq: int
    spans: tuple[tuple[int, int, float], ...]  # from, to, speed; in the order they were played
    position: int
    kept: bool  # brings what could not be sent before
    end: bool  # a reading lesson was scrolled to its end

    @property
    def plain(self) -> list[Span]:
        return [(start, end) for start, end, _ in self.spans]


def checked_report(raw: object, *, length_ms: int) -> Report:
    """A report of exactly our shape; raises BadReport for anything else."""
    fields = {"token", "seq", "spans", "position", "kept", "end"}
    if not isinstance(raw, dict) or not set(raw) <= fields:
        raise BadReport(where="report")
    token, seq = raw.get("token"), raw.get("seq")
    if not isinstance(token, str) or not 0 < len(token) <= TOKEN_MOST:
        raise BadReport(where="token")
    if type(seq) is not int or not 0 <= seq < 2**31:
        raise BadReport(where="seq")
    given = raw.get("spans")
    if not isinstance(given, list) or len(given) > SPANS_MOST:
        raise BadReport(where="spans")
    position = raw.get("position", 0)
    if not _is_moment(position, length_ms):
        raise BadReport(where="position")
    kept, end = raw.get("kept", False), raw.get("end", False)
    if not isinstance(kept, bool) or not isinstance(end, bool):
        raise BadReport(where="kept")
    return Report(
        token=token,
        seq=seq,
        spans=tuple(_checked_span(span, length_ms) for span in given),
        position=position,
        kept=kept,
        end=end,
    )


def _is_moment(value: Any, length_ms: int) -> bool:
    return type(value) is int and 0 <= value <= length_ms


def _checked_span(span: Any, length_ms: int) -> tuple[int, int, float]:
    if not isinstance(span, list) or len(span) != 3:
        raise BadReport(where="spans")
    start, end, rate = span
    if not _is_moment(start, length_ms) or not _is_moment(end, length_ms) or start > end:
        raise BadReport(where="spans")
    if type(rate) not in {int, float} or not math.isfinite(rate):
        raise BadReport(where="spans")
    # Not the speed that is allowed now: it may have been lowered since the page was opened.
    if not SLOWEST <= rate <= SPEEDS[-1] / 100:
        raise BadReport(where="spans")
    return start, end, float(rate)


@dataclass(frozen=True)
class Standing:
    """Everything that a report is judged by. Moments are ms since 1970, the rest ms of a lesson."""

    budget: Budget
    opened_at: int  # the visit
    heard_at: int  # its last report
    credited_ms: int  # all it brought so far
    lesson: Measure
    spans: Sequence[Sequence[int]]  # seen so far, by all visits
    position_ms: int
    end_reached: bool
    complete: bool
    newest_heard_at: int  # the last report about this lesson from any visit
    in_order: bool = False  # no jump ahead before the lesson is complete
    limits: tuple[tuple[int, Reason], ...] = ()  # further reasons to credit no more than so much


@dataclass(frozen=True)
class Outcome:
    """What is true after a report."""

    budget: Budget
    spans: list[Span]
    seen_ms: int
    position_ms: int
    end_reached: bool
    completes: bool  # with this report
    claimed_ms: int
    credited_ms: int
    trimmed: Reason | None

    def trims_in_a_row(self, before: int) -> int:
        """A report that claims nothing new proves nothing either way."""
        if self.trimmed:
            return before + self.trimmed.is_too_fast
        return 0 if self.claimed_ms else before


def heard(standing: Standing, report: Report, now: int) -> Outcome:
    """Judge one report that is not a repetition; `now` is the server's clock in ms."""
    lesson = standing.lesson
    budget = standing.budget.at(now)
    allowed, reason = allowance(
        budget,
        since_opened=now - standing.opened_at,
        since_heard=now - standing.heard_at,
        credited=standing.credited_ms,
        speed=lesson.speed,
        kept=report.kept,
    )
    for most, why in standing.limits:
        if most < allowed:
            allowed, reason = most, why
    played = report.plain
    if standing.in_order and not standing.complete:
        played = in_reach(standing.spans, played)
    verdict = judge(standing.spans, played, allowed)
    jumped = measure(report.plain) - measure(played)
    trimmed = reason if verdict.trimmed_ms >= TRIFLE_MS else None
    if trimmed is None and jumped >= TRIFLE_MS:
        trimmed = Reason.AHEAD
    seen = measure(verdict.spans)
    end_reached = standing.end_reached or (report.end and lesson.needs_end)
    is_done = seen >= lesson.needed_ms and (end_reached or not lesson.needs_end)
    position = standing.position_ms
    # What an offline device sends later must not undo where another one has got to since.
    if not report.kept or standing.newest_heard_at <= standing.heard_at:
        position = next_position(position, report.position, complete=standing.complete)
    return Outcome(
        budget=budget.without(verdict.credited_ms),
        spans=verdict.spans,
        seen_ms=seen,
        position_ms=position,
        end_reached=end_reached,
        completes=is_done and not standing.complete,
        claimed_ms=verdict.claimed_ms + jumped,
        credited_ms=verdict.credited_ms,
        trimmed=trimmed,
    )
