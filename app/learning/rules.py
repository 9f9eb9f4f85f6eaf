"""What counts as watched: unions of spans, the budget that a clock allows, and when a lesson is done.

A browser only claims. Whatever it sends, in whatever order, an account earns at most

    earned ms ≤ HIGHEST_SPEED × ms on the server's clock since its first visit + SLACK_MS

over all its lessons, tabs and devices together (tests/learning/test_rules.py plays random
requests against this sentence).
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any

from flask_babel import lazy_gettext as _l

from app.core.refusals import Conflict, Refusal

Span = tuple[int, int]  # [from, to) in ms of the lesson

HIGHEST_SPEED = 2  # ms of a recording per ms of the clock
READING_SPEED = 1  # a page is open for a second per second
SLACK_MS = 2_000  # for the time that an answer travels, and for rounding
SILENCE_MS = 15_000  # a report is due every 10 s; a longer silence earns no more than this
LONGEST_OUTAGE_MS = 20 * 60_000  # how much a browser without network may keep for later
LIVE_MOST_MS = SILENCE_MS * HIGHEST_SPEED + SLACK_MS
WHOLE_MOST_MS = LONGEST_OUTAGE_MS + SLACK_MS
VISIT_LIFE_MS = 12 * 3600_000  # then the page opens a new visit by itself
JOIN_MS = 300  # players round; a smaller gap between two spans is none
TRIFLE_MS = 1_000  # a smaller cut is not worth writing down
TRIMS_UNTIL_FLAG = 3  # in a row

READING_SHARE = 50  # per cent of the estimated reading time; many read faster than the estimate
READING_LEAST_MS = 3_000
END_SLACK_MS = 1_000  # the last second need not be seen even at 100 %: players end early
NEAR_START_MS = 5_000  # nobody needs to be told that 0:03 is where they stopped
NEAR_END_MS = 3_000

BODY_MOST = 2_048  # bytes of one report
SPANS_MOST = 40  # in one report
SLOWEST = 0.25
REPORT_EVERY_MS = 2_000  # the average that is let through; players send one every 10 s
REPORTS_AT_ONCE = 20  # after a pause, or when several pages close together
TOKEN_MOST = 40  # characters


class Reason(StrEnum):
    """Why a part of a report was not credited."""

    CLOCK = "clock"  # more than the clock and the highest speed allow
    SILENCE = "silence"  # more than a silence of that length earns


class BadReport(Refusal):
    """What a browser sent is no report; `where` names the field."""

    sentence = _l("This report of watching cannot be read. Reload the page.")


class VisitOver(Conflict):
    """The visit was opened too long ago; the page opens another one."""

    sentence = _l("This page was open for too long. Reload it to go on.")


class OnlyAPreview(Refusal):
    """A course that is not published earns nothing."""

    sentence = _l("This is a preview: nothing is counted until the course is published.")


# --- spans ----------------------------------------------------------------------------------------


def union(spans: Iterable[Sequence[int]]) -> list[Span]:
    """The spans in order, merged where they overlap or nearly touch (JOIN_MS)."""
    found: list[list[int]] = []
    for start, end in sorted((s[0], s[1]) for s in spans if s[1] > s[0]):
        if found and start - found[-1][1] <= JOIN_MS:
            found[-1][1] = max(found[-1][1], end)
        else:
            found.append([start, end])
    return [(start, end) for start, end in found]


def measure(spans: Iterable[Sequence[int]]) -> int:
    """The ms in a union of spans."""
    return sum(end - start for start, end in spans)


def missing(spans: Sequence[Sequence[int]], length_ms: int) -> list[Span]:
    """What is not in a union of spans, from 0 to `length_ms`."""
    found: list[Span] = []
    at = 0
    for start, end in spans:
        if start > at:
            found.append((at, min(start, length_ms)))
        at = max(at, end)
    if at < length_ms:
        found.append((at, length_ms))
    return found


# --- the budget -----------------------------------------------------------------------------------


@dataclass(frozen=True)
class Budget:
    """What an account may still earn, in ms of lessons; moments are ms since 1970.

    `whole_ms` fills at the highest speed and pays for everything, so it is the promise at the top
    of this module. `live_ms` fills likewise but holds only what a silence of 15 s earns; a report
    that brings what was kept while the network was away may go beyond it.
    """

    live_ms: int
    whole_ms: int
    counted_at: int

    @classmethod
    def fresh(cls, now: int) -> Budget:
        return cls(live_ms=SLACK_MS, whole_ms=SLACK_MS, counted_at=now)

    def at(self, now: int) -> Budget:
        """The budget at a later moment. A clock that went back adds nothing."""
        earned = max(0, now - self.counted_at) * HIGHEST_SPEED
        return Budget(
            live_ms=min(LIVE_MOST_MS, self.live_ms + earned),
            whole_ms=min(WHOLE_MOST_MS, self.whole_ms + earned),
            counted_at=max(now, self.counted_at),
        )

    def opened(self, now: int) -> Budget:
        """The budget when another visit opens: time when nothing was open earns nothing."""
        later = self.at(now)
        if now - self.counted_at <= SILENCE_MS:
            return later
        return replace(later, live_ms=min(later.live_ms, SLACK_MS))

    def without(self, spent: int) -> Budget:
        return replace(
            self, live_ms=max(0, self.live_ms - spent), whole_ms=self.whole_ms - spent
        )


def allowance(
    budget: Budget,
    *,
    since_opened: int,
    since_heard: int,
    credited: int,
    speed: int,
    kept: bool,
) -> tuple[int, Reason]:
    """How many new ms a report may bring now, and why no more.

    `since_opened` and `since_heard` are ms of the visit, `credited` what it brought so far. What
    was kept during an outage is worth the time that really passed (not twice of it).
    """
    of_visit = max(0, since_opened) * speed + SLACK_MS - credited
    of_clock = min(budget.whole_ms, of_visit)
    of_silence = budget.live_ms
    if kept:
        of_silence = max(of_silence, min(since_heard, LONGEST_OUTAGE_MS))
    allowed = max(0, min(of_clock, of_silence))
    by_silence = of_silence < of_clock and since_heard > SILENCE_MS
    return allowed, Reason.SILENCE if by_silence else Reason.CLOCK


@dataclass(frozen=True)
class Verdict:
    """What a report brings: the new union, and of `claimed_ms` that were new `credited_ms`."""

    spans: list[Span]
    claimed_ms: int
    credited_ms: int

    @property
    def trimmed_ms(self) -> int:
        return self.claimed_ms - self.credited_ms


def judge(seen: Sequence[Sequence[int]], reported: Sequence[Sequence[int]], allowed: int) -> Verdict:
    """Add reported spans, in the order they were played, up to `allowed` new ms.

    What is too much is cut from the end of the report. What was seen before costs nothing.
    """
    before = union(seen)
    had = measure(before)
    everything = union([*before, *reported])
    claimed = measure(everything) - had
    if claimed <= allowed:
        return Verdict(everything, claimed, claimed)
    now = before
    for start, end in reported:
        longer = union([*now, (start, end)])
        if measure(longer) - had > allowed:
            longer = union([*now, (start, _cut(now, start, end, allowed + had))])
            if measure(longer) - had <= allowed:
                now = longer
            break
        now = longer
    return Verdict(now, claimed, measure(now) - had)


def _cut(spans: Sequence[Span], start: int, end: int, most: int) -> int:
    """The largest end at which the union with [start, end) measures at most `most` ms."""
    low, high = start, end  # the measure grows with the end, so halving finds it
    while low < high:
        middle = (low + high + 1) // 2
        if measure(union([*spans, (start, middle)])) <= most:
            low = middle
        else:
            high = middle - 1
    return low


def pace(due_at: int, now: int) -> tuple[int, int]:
    """Let through one call now? Returns the next `due_at`, and how many ms to wait (0: let through).

    A call moves `due_at` on by REPORT_EVERY_MS; it may run ahead of the clock by a burst.
    """
    due = max(due_at, now) + REPORT_EVERY_MS
    return due, max(0, due - now - REPORTS_AT_ONCE * REPORT_EVERY_MS)


# --- a report as it comes in ----------------------------------------------------------------------


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
    if not SLOWEST <= rate <= HIGHEST_SPEED:
        raise BadReport(where="spans")
    return start, end, float(rate)


# --- lessons and courses --------------------------------------------------------------------------


@dataclass(frozen=True)
class Measure:
    """How a lesson is measured: its length and what is needed of it, in ms; `speed` bounds it."""

    length_ms: int
    needed_ms: int
    speed: int
    needs_end: bool


def measure_of(kind: str, length_ms: int, completion_percent: int) -> Measure:
    """How a lesson counts. A recording: unique ms; a text: time while visible, and its end reached.

    A text is measured against READING_SHARE of the estimated reading time: the estimate is for
    slow readers, and the end must be reached besides.
    """
    if kind == "reading":
        needed = max(READING_LEAST_MS, length_ms * READING_SHARE // 100)
        return Measure(needed, needed, READING_SPEED, needs_end=True)
    needed = -(-length_ms * completion_percent // 100)
    if length_ms > 10 * END_SLACK_MS:
        needed = min(needed, length_ms - END_SLACK_MS)
    return Measure(length_ms, needed, HIGHEST_SPEED, needs_end=False)


def percent_seen(seen_ms: int, length_ms: int, *, complete: bool) -> int:
    """How far a lesson is, 0 to 100, rounded down; 100 only when it is complete."""
    if complete:
        return 100
    if length_ms <= 0:
        return 0
    return min(99, seen_ms * 100 // length_ms)


def next_position(before: int, reported: int, *, complete: bool) -> int:
    """Where to go on; a finished lesson is not rewound by looking at its beginning again."""
    return max(before, reported) if complete else reported


def resume_at(
    position_ms: int, spans: Sequence[Sequence[int]], length_ms: int, *, complete: bool
) -> int:
    """Where the player starts: where the member stopped; at the end, the first part not yet seen.

    0 for a finished lesson, and for one that was hardly begun.
    """
    if complete or length_ms <= 0:
        return 0
    if position_ms >= length_ms - NEAR_END_MS:
        gaps = [gap for gap in missing(spans, length_ms) if gap[1] - gap[0] > END_SLACK_MS]
        position_ms = gaps[0][0] if gaps else 0
    return position_ms if position_ms >= NEAR_START_MS else 0


class CourseState(StrEnum):
    """How far a member is in a course."""

    NEW = "new"
    STARTED = "started"
    QUIZ = "quiz"  # every lesson is done, the quiz is not passed yet
    DONE = "done"


def course_state(
    *, started: bool, lessons: int, lessons_done: int, has_quiz: bool, passed: bool, done: bool
) -> CourseState:
    """The state of a course; once done it stays done, also when lessons are added later."""
    if done:
        return CourseState.DONE
    if has_quiz and not passed and 0 < lessons == lessons_done:
        return CourseState.QUIZ
    return CourseState.STARTED if started or passed else CourseState.NEW


def is_course_done(*, lessons: int, lessons_done: int, has_quiz: bool, passed: bool) -> bool:
    """All lessons complete, and the quiz passed when there is one."""
    return 0 < lessons == lessons_done and (passed or not has_quiz)


def course_percent(parts: Iterable[tuple[int, int]], *, done: bool) -> int:
    """How far a course is, from (length_ms, percent) of its lessons; 100 only when it is done."""
    if done:
        return 100
    total = weight = 0
    for length_ms, percent in parts:
        weight += max(1, length_ms)
        total += max(1, length_ms) * percent
    return min(99, total // weight) if weight else 0
