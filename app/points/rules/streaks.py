"""Streaks that leave weekends and holidays alone, and badges: one rule each, explained in words."""

from __future__ import annotations

from calendar import Calendar
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from flask_babel import lazy_gettext as _l

_ONE = timedelta(days=1)
FURTHEST = 3 * 366  # days that a streak is followed back


@dataclass(frozen=True)
class Streak:
    """Days of learning in a row. A day of rest without learning neither counts nor ends it."""

    length: int  # days with learning
    longest: int
    learnt_today: bool


def streak(days: Collection[date], today: date, is_rest: Callable[[date], bool]) -> Streak:
    """The streak that goes on today (or yesterday, as long as today is not over), and the longest
    one of all. `days` are those with learning."""
    learnt = set(days)
    length, day = 0, today if today in learnt else today - _ONE
    for _ in range(FURTHEST):
        if day in learnt:
            length += 1
        elif not is_rest(day):
            break
        day -= _ONE
    return Streak(length, max(_runs(sorted(learnt), is_rest), default=0), today in learnt)


def _runs(learnt: Sequence[date], is_rest: Callable[[date], bool]) -> Iterator[int]:
    """The lengths of all streaks."""
    run, before = 0, None
    for day in learnt:
        if before is not None and not all(
            is_rest(before + timedelta(days=n)) for n in range(1, (day - before).days)
        ):
            yield run
            run = 0
        run, before = run + 1, day
    if run:
        yield run


@dataclass(frozen=True)
class Day:
    """One square of the calendar."""

    day: date
    in_month: bool
    learnt: bool
    rest: bool
    today: bool


def month(
    first: date, days: Collection[date], today: date, is_rest: Callable[[date], bool]
) -> list[list[Day]]:
    """The weeks of a month, each from Monday to Sunday."""
    return [
        [
            Day(day, day.month == first.month, day in days, is_rest(day), day == today)
            for day in week
        ]
        for week in Calendar().monthdatescalendar(first.year, first.month)
    ]


@dataclass(frozen=True)
class Badge:
    """A badge and its rule: so many different things of one kind, or so long a streak."""

    name: str
    title: Any
    rule: Any
    icon: str
    counts: str  # a reason of the ledger, "themes" or "streak"
    least: int


_BADGES: tuple[tuple[str, Any, Any, str, str, int], ...] = (
    ("first_lesson", _l("First step"), _l("One lesson is finished."), "play-circle", "lesson", 1),
    ("first_quiz", _l("Understood"), _l("One quiz is passed."), "patch-check", "quiz", 1),
    ("first_course", _l("First course"), _l("One course is finished."), "mortarboard", "course", 1),
    ("theme", _l("Whole theme"), _l("All courses of a theme are finished."), *("flag", "theme", 1)),
    (
        *("ten_courses", _l("Ten courses"), _l("Ten courses are finished.")),
        *("collection-play", "course", 10),
    ),
    (
        *("fifty_lessons", _l("Fifty lessons"), _l("Fifty lessons are finished.")),
        *("book", "lesson", 50),
    ),
    (
        *("three_themes", _l("Wide view"), _l("Something is learnt in three themes.")),
        *("compass", "themes", 3),
    ),
    (
        *("helper", _l("Helps others"), _l("Five answers were marked as helpful by others.")),
        *("hand-thumbs-up", "answer", 5),
    ),
    (
        *("week_streak", _l("Seven days"), _l("Learnt on seven days in a row, rest left out.")),
        *("calendar-week", "streak", 7),
    ),
    (
        *("month_streak", _l("Thirty days"), _l("Learnt on thirty days in a row, rest left out.")),
        *("calendar-heart", "streak", 30),
    ),
)
BADGES = tuple(Badge(*each) for each in _BADGES)


@dataclass(frozen=True)
class Held:
    """A badge as a member sees it: how far it is, and when it was reached (None: not yet; for
    streaks the day is not kept)."""

    badge: Badge
    count: int
    reached: bool
    on: date | None


def held(counts: Mapping[str, int], dates: Mapping[tuple[str, int], date]) -> list[Held]:
    """All badges with how far they are. `dates` says when the n-th of a kind was there."""
    return [
        Held(
            badge,
            min(counts.get(badge.counts, 0), badge.least),
            counts.get(badge.counts, 0) >= badge.least,
            dates.get((badge.counts, badge.least)),
        )
        for badge in BADGES
    ]
