"""Leaderboards: members of one branch, and branches by the average of their active members."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import CTE, Float, Select, and_, case, cast, func, or_, select
from sqlalchemy.orm import aliased

from app.core import clock
from app.core.db import db
from app.members.models import Branch, Member
from app.points.models import Entry
from app.points.rules import Period, first_day

TOP = 50
NEIGHBOURS = 2  # shown above and below my place when it is not among the top


@dataclass(frozen=True)
class Place:
    """One line of a leaderboard. `points` is a sum for a member and an average for a branch."""

    id: int
    name: str
    above: str  # name of the branch above, for branches
    points: float
    place: int  # from 1; ties go to who got there first
    people: int  # active members, for branches
    mine: bool


@dataclass(frozen=True)
class Board:
    """The top, then (when I am not among them) my place with its neighbours."""

    top: Sequence[Place]
    around_me: Sequence[Place]
    me: Place | None


def begins(period: Period, zone: ZoneInfo) -> datetime | None:
    """The UTC moment at which the current week or month began in `zone`; None for all time."""
    day = first_day(period, clock.today(zone))
    return clock.day_bounds(day, zone)[0] if day else None


def member_board(branch_id: int, member_id: int, since: datetime | None) -> Board:
    """Active members of one branch by points since a moment (all time when None).

    Equal points: who reached them first stands higher, by the order of the ledger, not the clock.
    Members without points in the period have no place.
    """
    sums = (
        select(
            Entry.member_id.label("id"),
            func.sum(Entry.amount).label("points"),
            _reached().label("reached"),
        )
        .join(Member, Member.id == Entry.member_id)
        .where(Member.branch_id == branch_id, Member.is_active)
        .group_by(Entry.member_id)
        .having(func.sum(Entry.amount) > 0)
    )
    ranked = _ranked(_since(sums, since))
    rows = db.session().execute(
        select(ranked, Member.name)
        .join(Member, Member.id == ranked.c.id)
        .where(_near(ranked, member_id))
        .order_by(ranked.c.place)
    )
    return _board(
        [
            Place(row.id, row.name, "", int(row.points), row.place, 1, row.id == member_id)
            for row in rows
        ]
    )


def branch_board(branch_id: int, since: datetime | None) -> Board:
    """All branches that have active members, by points per active member since a moment.

    Points stay with the branch in which they were earned; members who left count neither above
    nor below the line of the fraction. A branch's own members only: branches below stand alone.
    """
    people = (
        select(Member.branch_id.label("id"), func.count().label("people"))
        .where(Member.is_active)
        .group_by(Member.branch_id)
        .cte("people")
    )
    earned = _since(
        select(
            Entry.branch_id.label("id"),
            func.sum(Entry.amount).label("points"),
            _reached().label("reached"),
        )
        .join(Member, Member.id == Entry.member_id)
        .where(Member.is_active)
        .group_by(Entry.branch_id)
        .having(func.sum(Entry.amount) > 0),
        since,
    ).cte("earned")
    averages = select(
        people.c.id,
        (cast(earned.c.points, Float) / people.c.people).label("points"),
        earned.c.reached,
        people.c.people,
    ).join(earned, earned.c.id == people.c.id)
    ranked = _ranked(averages)
    above = aliased(Branch)
    rows = db.session().execute(
        select(ranked, Branch.name, above.name.label("above"))
        .join(Branch, Branch.id == ranked.c.id)
        .outerjoin(above, above.id == Branch.parent_id)
        .where(_near(ranked, branch_id))
        .order_by(ranked.c.place)
    )
    return _board(
        [
            Place(
                *(row.id, row.name, row.above or "", float(row.points), row.place),
                *(row.people, row.id == branch_id),
            )
            for row in rows
        ]
    )


def _reached() -> Any:
    """The last entry that changed the sum; entries of 0 points do not."""
    return func.max(case((Entry.amount != 0, Entry.id)))


def _since(query: Select[Any], since: datetime | None) -> Select[Any]:
    return query if since is None else query.where(Entry.occurred_at >= since)


def _ranked(sums: Select[Any]) -> CTE:
    inner = sums.cte("sums")
    order = (inner.c.points.desc(), inner.c.reached, inner.c.id)
    return select(inner, func.row_number().over(order_by=order).label("place")).cte("ranked")


def _near(ranked: CTE, mine: int) -> Any:
    """The top, and the places around mine."""
    my_place = select(ranked.c.place).where(ranked.c.id == mine).scalar_subquery()
    return or_(
        ranked.c.place <= TOP,
        and_(ranked.c.place >= my_place - NEIGHBOURS, ranked.c.place <= my_place + NEIGHBOURS),
    )


def _board(places: list[Place]) -> Board:
    me = next((place for place in places if place.mine), None)
    return Board(
        top=[place for place in places if place.place <= TOP],
        around_me=[place for place in places if place.place > TOP],
        me=me,
    )
