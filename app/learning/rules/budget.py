"""The budget that the server's clock gives an account, and what a report gets out of it.

A browser only claims. Whatever it sends, in whatever order, an account earns at most

    earned ms ≤ highest speed × ms on the server's clock since its first visit + SLACK_MS

over all its lessons, tabs and devices together (tests/learning/test_rules.py plays random
requests against this sentence). The highest speed is the organisation's to choose, one of SPEEDS.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from app.learning.rules.spans import Span, measure, union

SPEEDS = (100, 125, 150, 175, 200, 250, 300)  # ms of a recording per 100 ms of the clock
USUAL_SPEED = 200
SLACK_MS = 2_000  # for the time that an answer travels, and for rounding
SILENCE_MS = 15_000  # a report is due every 10 s; a longer silence earns no more than this
LONGEST_OUTAGE_MS = 20 * 60_000  # how much a browser without network may keep for later
BUFFERED_MS = 60_000  # about what a player without network still has to play, at any speed
WHOLE_MOST_MS = LONGEST_OUTAGE_MS + BUFFERED_MS + SLACK_MS


def at_speed(ms: int, speed: int) -> int:
    """How much of a recording so many ms of the clock allow; a time that went back allows none."""
    return max(0, ms) * speed // 100


def live_most(speed: int) -> int:
    """What a silence earns at most."""
    return at_speed(SILENCE_MS, speed) + SLACK_MS


class Reason(StrEnum):
    """Why a part of a report was not credited."""

    CLOCK = "clock"  # more than the clock and the highest speed allow
    SILENCE = "silence"  # more than a silence of that length earns
    AHEAD = "ahead"  # jumped ahead in a course that is watched in order
    ABSENT = "absent"  # nobody answered whether somebody was there
    ELSEWHERE = "elsewhere"  # another lesson was opened later, and only one counts at a time

    @property
    def is_too_fast(self) -> bool:
        """Whether the report claimed more than the time that passed."""
        return self in {Reason.CLOCK, Reason.SILENCE}


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
    speed: int = USUAL_SPEED  # the highest allowed now, per cent of the clock

    @classmethod
    def fresh(cls, now: int) -> Budget:
        return cls(live_ms=SLACK_MS, whole_ms=SLACK_MS, counted_at=now)

    def at(self, now: int) -> Budget:
        """The budget at a later moment. A clock that went back adds nothing."""
        earned = at_speed(now - self.counted_at, self.speed)
        return replace(
            self,
            live_ms=min(live_most(self.speed), self.live_ms + earned),
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
        return replace(self, live_ms=max(0, self.live_ms - spent), whole_ms=self.whole_ms - spent)


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

    `since_opened` and `since_heard` are ms of the visit, `credited` what it brought so far,
    `speed` the highest of its lesson, per cent of the clock. What
    was kept during an outage is worth the time that really passed, and not twice of it: ten quiet
    minutes must not buy twenty. Only the first minute counts at full speed, so that who watches
    fast loses nothing when a few reports in a row are lost.
    """
    of_visit = at_speed(since_opened, speed) + SLACK_MS - credited
    of_clock = min(budget.whole_ms, of_visit)
    of_silence = budget.live_ms
    if kept:
        away = min(since_heard, LONGEST_OUTAGE_MS)
        faster = at_speed(min(away, BUFFERED_MS), budget.speed - 100)
        of_silence = max(of_silence, away + faster)
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


def judge(
    seen: Sequence[Sequence[int]], reported: Sequence[Sequence[int]], allowed: int
) -> Verdict:
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
