"""Decisions about reports: what a branch's figures add up to, and how large a table may be."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields
from enum import StrEnum

from flask_babel import lazy_gettext as _l

from app.core.refusals import Refusal

MOST_ROWS = 60_000  # of one completion table; a spreadsheet with more helps nobody
EXPORTS_AN_HOUR = 5


class TooManyRows(Refusal):
    """The table would be too large to read; `rows` is how large."""

    sentence = _l("That would be %(rows)s rows. Choose a branch, a theme or a course.")


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
    """A whole per cent, rounded down, so that 100 means all."""
    return part * 100 // whole if whole else 0


def rolled_up(own: Mapping[int, Counts], paths: Iterable[tuple[int, ...]]) -> dict[int, Counts]:
    """Counts of each branch with all below it. `own` are those of the branch alone; each path
    holds the ids from the root down to one branch."""
    below: dict[int, Counts] = {}
    for path in paths:
        mine = own.get(path[-1], Counts())
        for branch_id in path:
            below[branch_id] = below.get(branch_id, Counts()) + mine
    return below
