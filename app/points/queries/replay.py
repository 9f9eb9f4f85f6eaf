"""The simulator: what a month would have brought under other rules.

Everything that ever happened is in the ledger, with 0 points where a limit or the quiet hours took
them, so it can be replayed. Under the rules that each entry names, every amount comes out as it
was; that is checked each time.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import select

from app.core import clock
from app.core.db import db
from app.members.models import Branch
from app.members.queries import member_names
from app.members.rules import path_of
from app.points.models import Entry
from app.points.queries.books import all_books
from app.points.rules import BACK, CORRECTION, REASONS, SPENDING, Book, Period, first_day

SHOWN = 20  # of those who gain most, and of those who lose most


@dataclass(frozen=True)
class Change:
    """What the rules would change for one member: points before and after."""

    member_id: int
    name: str
    before: int
    after: int

    @property
    def difference(self) -> int:
        return self.after - self.before


@dataclass
class Simulation:
    """A month replayed. `unlike` counts entries that their own rules do not reproduce: 0, unless
    the time zone or a member's branch was changed in between."""

    start: date
    end: date  # the first day after it
    entries: int = 0
    unlike: int = 0
    before: int = 0
    after: int = 0
    gaining: int = 0
    losing: int = 0
    same: int = 0
    gains: Sequence[Change] = ()
    losses: Sequence[Change] = ()
    by_reason: dict[str, tuple[int, int]] = field(default_factory=dict)

    balances: dict[int, tuple[int, int]] = field(default_factory=dict)  # before, after, by member


def last_month(zone: ZoneInfo) -> tuple[date, date]:
    """The first day of last month, and of this one."""
    end = clock.today(zone).replace(day=1)
    return (end - timedelta(days=1)).replace(day=1), end


class _Replay:
    """Sums of a replay by member, reason, day and week, under one way of choosing the book."""

    def __init__(self) -> None:
        self.days: dict[tuple[int, str, date], int] = {}
        self.weeks: dict[tuple[int, str, date], int] = {}

    def enter(self, book: Book, row: Any, here: Any, path: tuple[int, ...]) -> int:
        day = here.date()
        week = first_day(Period.WEEK, day)
        assert week is not None  # only all time has no first day
        of_day, of_week = (row.member_id, row.reason, day), (row.member_id, row.reason, week)
        decision = book.decide(
            row.reason,
            here,
            path,
            earned_day=self.days.get(of_day, 0),
            earned_week=self.weeks.get(of_week, 0),
        )
        if decision.amount:
            self.days[of_day] = self.days.get(of_day, 0) + decision.amount
            self.weeks[of_week] = self.weeks.get(of_week, 0) + decision.amount
        return decision.amount


def simulate(book: Book | None, start: date, end: date, zone: ZoneInfo) -> Simulation:
    """Replay the days [start, end) under a book; None for the rules as they were.

    Corrections, and what was given back, are left out: they are about what was given, not about
    what rules give. Limits of
    a week count what happened since its Monday, also before `start`.
    """
    books = all_books()
    paths = _paths()
    monday = first_day(Period.WEEK, start)
    assert monday is not None  # only all time has no first day
    rows = db.session().execute(
        select(
            Entry.member_id,
            Entry.branch_id,
            Entry.reason,
            Entry.rule_version,
            Entry.amount,
            Entry.occurred_at,
        )
        .where(Entry.occurred_at >= clock.day_bounds(monday, zone)[0])
        .where(Entry.occurred_at < clock.day_bounds(end, zone)[0])
        .where(Entry.reason.not_in((CORRECTION, *SPENDING)))
        .where(~Entry.source.contains(BACK, autoescape=True))
        .order_by(Entry.id),
        execution_options={"yield_per": 2_000},
    )
    told = Simulation(start, end)
    as_it_was, changed = _Replay(), _Replay()
    sums: dict[int, list[int]] = {}
    for row in rows:
        here = row.occurred_at.astimezone(zone)
        path = paths.get(row.branch_id, ())
        own = books.get(row.rule_version)
        right = as_it_was.enter(own, row, here, path) if own else row.amount
        after = changed.enter(book, row, here, path) if book else right
        if here.date() < start:
            continue
        told.entries += 1
        told.unlike += right != row.amount
        both = sums.setdefault(row.member_id, [0, 0])
        both[0], both[1] = both[0] + row.amount, both[1] + after
        of_reason = told.by_reason.get(row.reason, (0, 0))
        told.by_reason[row.reason] = (of_reason[0] + row.amount, of_reason[1] + after)
    _summarise(told, {member: (both[0], both[1]) for member, both in sums.items()})
    return told


def _summarise(told: Simulation, sums: dict[int, tuple[int, int]]) -> None:
    told.balances = sums
    told.before = sum(before for before, _ in sums.values())
    told.after = sum(after for _, after in sums.values())
    told.gaining = sum(after > before for before, after in sums.values())
    told.losing = sum(after < before for before, after in sums.values())
    told.same = len(sums) - told.gaining - told.losing
    told.by_reason = {name: told.by_reason[name] for name in REASONS if name in told.by_reason}
    order = sorted(sums, key=lambda m: (sums[m][1] - sums[m][0], m))
    lowest = [m for m in order[:SHOWN] if sums[m][1] < sums[m][0]]
    highest = [m for m in order[::-1][:SHOWN] if sums[m][1] > sums[m][0]]
    names = member_names([*lowest, *highest])
    told.losses = [Change(m, names.get(m, ""), *sums[m]) for m in lowest]
    told.gains = [Change(m, names.get(m, ""), *sums[m]) for m in highest]


def _paths() -> dict[int, tuple[int, ...]]:
    return {
        row.id: path_of(row.path) for row in db.session().execute(select(Branch.id, Branch.path))
    }
