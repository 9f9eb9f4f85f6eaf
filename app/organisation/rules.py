"""Decisions about reports: what a branch's figures add up to, and how large a table may be."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields
from datetime import date, timedelta
from enum import StrEnum

from flask_babel import lazy_gettext as _l

from app.core.refusals import Refusal

MOST_ROWS = 60_000  # of a table on a page; its file has as many as there are
EXPORTS_AN_HOUR = 5


class TooManyRows(Refusal):
    """The table would be too large to read; `rows` is how large."""

    sentence = _l(
        "That would be %(rows)s rows, more than a page shows. Choose fewer, or take all as a file."
    )


class NotYet(Refusal):
    """A report of a day that has not come, or that is before the first of our facts."""

    sentence = _l("Choose a day that is over, or today.")


class Step(StrEnum):
    """How long one period of a trend is."""

    WEEK = "week"
    MONTH = "month"


PERIODS = 12


def begins_of(step: Step, today: date) -> list[date]:
    """The first days of the last PERIODS weeks (from Monday) or months, the oldest first."""
    if step is Step.WEEK:
        monday = today - timedelta(days=today.weekday())
        return [monday - timedelta(weeks=back) for back in range(PERIODS - 1, -1, -1)]
    months = [today.year * 12 + today.month - 1 - back for back in range(PERIODS - 1, -1, -1)]
    return [date(month // 12, month % 12 + 1, 1) for month in months]


def past_day(text: str, today: date) -> date:
    """A day as a form gives it, today when it is empty. Raises NotYet."""
    if not text:
        return today
    try:
        day = date.fromisoformat(text)
    except ValueError:
        raise NotYet from None
    if not date(2000, 1, 1) <= day <= today:
        raise NotYet
    return day


class Format(StrEnum):
    """How a table leaves the house."""

    CSV = "csv"
    XLSX = "xlsx"


@dataclass(frozen=True)
class Counts:
    """What a branch has done; `active` members earned an entry this week."""

    members: int = 0
    active: int = 0
    done_week: int = 0  # courses
    done: int = 0
    points_week: int = 0

    def __add__(self, other: Counts) -> Counts:
        return Counts(*(getattr(self, f.name) + getattr(other, f.name) for f in fields(Counts)))

    @property
    def active_percent(self) -> int:
        return percent(self.active, self.members)

    @property
    def points_each(self) -> float:
        """Points of this week per active account."""
        return round(self.points_week / self.members, 1) if self.members else 0.0


def percent(part: int, whole: int) -> int:
    """A whole per cent, rounded; but 100 means all of them."""
    if not whole or part >= whole:
        return 100 if whole else 0
    return min(99, (200 * part + whole) // (2 * whole))


def rolled_up(own: Mapping[int, Counts], paths: Iterable[tuple[int, ...]]) -> dict[int, Counts]:
    """Counts of each branch with all below it. `own` are those of the branch alone; each path
    holds the ids from the root down to one branch."""
    below: dict[int, Counts] = {}
    for path in paths:
        mine = own.get(path[-1], Counts())
        for branch_id in path:
            below[branch_id] = below.get(branch_id, Counts()) + mine
    return below
