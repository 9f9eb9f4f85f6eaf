"""Periods of the calendar, and how standings are keyed and ordered."""

from __future__ import annotations

from datetime import date, timedelta
from enum import StrEnum
from functools import lru_cache

STEP = 16  # points; standings are counted in steps of this width, so that a place is found quickly
TIE = 1 << 10  # heights; members of equal points are counted in groups of so many entries
_LATEST = 1 << 36  # ids of entries stay below this; a height is points, then the earlier entry


class Period(StrEnum):
    """What a leaderboard covers."""

    DAY = "day"
    WEEK = "week"
    MONTH = "month"
    QUARTER = "quarter"
    YEAR = "year"
    ALL = "all"


_KEYS = {period: number * 100_000_000 for number, period in enumerate(Period, start=1)}


def first_day(period: Period, today: date) -> date | None:
    """The day on which a period began: this week's Monday, the first of the month, or None."""
    match period:
        case Period.DAY:
            return today
        case Period.WEEK:
            return today - timedelta(days=today.weekday())
        case Period.MONTH:
            return today.replace(day=1)
        case Period.QUARTER:
            return today.replace(month=today.month - (today.month - 1) % 3, day=1)
        case Period.YEAR:
            return today.replace(month=1, day=1)
        case Period.ALL:
            return None


def span_of(period: Period, day: date) -> int:
    """The key of the period that holds a day: its kind, then its first day as yyyymmdd."""
    first = first_day(period, day)
    if first is None:
        return _KEYS[period]
    return _KEYS[period] + first.year * 10_000 + first.month * 100 + first.day


@lru_cache(maxsize=4_096)
def spans_of(day: date) -> tuple[int, ...]:
    """The keys of all periods that a day belongs to."""
    return tuple(span_of(period, day) for period in Period)


def day_of(span: int) -> date | None:
    """The day of a day's key; None for the key of a longer period."""
    if not 100_000_000 <= span < 200_000_000:
        return None
    return date(span // 10_000 % 10_000, span // 100 % 100, span % 100)


def height(points: int, entry_id: int) -> int:
    """One number by which members stand: more points are higher, and with equal points whoever
    reached them with the earlier entry. No two members have the same."""
    return points * _LATEST + _LATEST - 1 - entry_id


SHOWN_FROM = height(0, 0) + 1  # the least height with points; below it nobody has a place


def tie_of(high: int) -> int:
    """The group of a height: equal points, reached with entries that lie close together."""
    return high // TIE


def step_above(points: int) -> int:
    """The least height of the step above the one that `points` stand in."""
    return (points // STEP + 1) * STEP * _LATEST
