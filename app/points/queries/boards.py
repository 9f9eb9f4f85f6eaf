"""Members compared: of one branch, or of the whole organisation, for all themes or for one.

Everything is read from the materialised standings (models.standings), so it costs the same
however long the ledger is. Who left, or does not want to be listed, is nowhere: the `shown` of a
standing follows the member by a trigger.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import and_, exists, func, or_, select, union_all

from app.core import clock
from app.core.db import db
from app.core.i18n import reader_language
from app.members.models import Branch, Member
from app.points.models import LedgerTheme, Standing, StandingStep, StandingTie
from app.points.rules import SHOWN_FROM, STEP, TIE, Period, first_day, span_of, step_above, tie_of

TOP = 50
NEIGHBOURS = 2  # shown above and below my place when it is not among the top


@dataclass(frozen=True)
class Place:
    """One line of a leaderboard."""

    id: int
    name: str
    branch: str  # "" where all are of one branch
    points: int
    place: int  # from 1; ties go to who got there first
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


def span_now(period: Period, zone: ZoneInfo) -> int:
    """The key of the current day, week, month … in `zone`."""
    return span_of(period, clock.today(zone))


def themes() -> dict[int, str]:
    """The themes in which somebody has earned points: id → title for this reader, by title."""
    ever = span_of(Period.ALL, date.min)
    earned = exists().where(Standing.span == ever, Standing.theme_id == LedgerTheme.id)
    rows = db.session().execute(
        select(LedgerTheme.id, LedgerTheme.title, LedgerTheme.titles).where(earned)
    )
    language = reader_language() or ""
    named = [(row.id, (row.titles or {}).get(language) or row.title) for row in rows]
    return dict(sorted(named, key=lambda pair: pair[1]))


def name_of_branch(branch_id: int) -> str:
    """What a branch is called."""
    return db.session().scalar(select(Branch.name).where(Branch.id == branch_id)) or ""


def member_board(branch_id: int, member_id: int, span: int, theme_id: int = 0) -> Board:
    """Members of one branch by their points in a period, wherever they earned them.

    Equal points: who reached them first stands higher, by the order of the ledger, not the clock.
    Members without points in the period have no place.
    """
    place = func.row_number().over(order_by=Standing.height.desc()).label("place")
    ranked = (
        select(Standing.member_id.label("id"), Standing.points, Member.name, place)
        .join(Member, Member.id == Standing.member_id)
        .where(Member.branch_id == branch_id)
        .where(Standing.span == span, Standing.theme_id == theme_id)
        .where(Standing.shown, Standing.height >= SHOWN_FROM)
        .cte("ranked")
    )
    my_place = select(ranked.c.place).where(ranked.c.id == member_id).scalar_subquery()
    rows = db.session().execute(
        select(ranked)
        .where(
            or_(
                ranked.c.place <= TOP,
                and_(
                    ranked.c.place >= my_place - NEIGHBOURS,
                    ranked.c.place <= my_place + NEIGHBOURS,
                ),
            )
        )
        .order_by(ranked.c.place)
    )
    return _board(
        Place(row.id, row.name, "", row.points, row.place, row.id == member_id) for row in rows
    )


def everyone_board(member_id: int, span: int, theme_id: int = 0) -> Board:
    """All members of the organisation by their points in a period."""
    found = [
        Place(row.id, row.name, row.branch, row.points, place, row.id == member_id)
        for place, row in enumerate(_highest(span, theme_id, TOP + NEIGHBOURS), start=1)
    ]
    high = next((each.place for each in found if each.mine), None)
    if high is not None and (high <= TOP or len(found) < TOP + NEIGHBOURS):
        return _board(each for each in found if each.place <= max(TOP, high + NEIGHBOURS))
    top = found[:TOP]
    mine = place_of(member_id, span, theme_id) if len(found) > TOP else None
    if mine is None:
        return _board(top)
    place, height = mine
    near = _next_to(span, theme_id, height).all()
    first = place - next((n for n, row in enumerate(near) if row.id == member_id), 0)
    around = [
        Place(row.id, row.name, row.branch, row.points, first + step, row.id == member_id)
        for step, row in enumerate(near)
    ]
    return _board([*top, *(each for each in around if each.place > TOP)])


def place_of(member_id: int, span: int, theme_id: int = 0) -> tuple[int, int] | None:
    """(place, height) of a member among all; None without points or when not shown.

    The steps of points above the member's are added up, and within the own step the groups of
    those with equal points; heads are counted only within the own group.
    """
    mine = (
        select(Standing.points, Standing.height)
        .where(Standing.member_id == member_id, Standing.span == span)
        .where(Standing.theme_id == theme_id, Standing.shown, Standing.height >= SHOWN_FROM)
    )
    found = db.session().execute(mine).one_or_none()
    if found is None:
        return None
    higher = (
        select(func.coalesce(func.sum(StandingStep.members), 0))
        .where(StandingStep.span == span, StandingStep.theme_id == theme_id)
        .where(StandingStep.step > found.points // STEP)
        .scalar_subquery()
    )
    tie = tie_of(found.height)
    in_step = (
        select(func.coalesce(func.sum(StandingTie.members), 0))
        .where(StandingTie.span == span, StandingTie.theme_id == theme_id)
        .where(StandingTie.tie > tie, StandingTie.tie < tie_of(step_above(found.points)))
        .scalar_subquery()
    )
    in_tie = (
        select(func.count())
        .select_from(Standing)
        .where(*_of(span, theme_id))
        .where(Standing.height > found.height, Standing.height < (tie + 1) * TIE)
        .scalar_subquery()
    )
    place = db.session().scalar(select(higher + in_step + in_tie + 1))
    return int(place or 0), int(found.height)


def points_in(member_id: int, span: int, theme_id: int = 0) -> int:
    """A member's points in a period."""
    found = db.session().scalar(
        select(Standing.points).where(
            Standing.member_id == member_id, Standing.span == span, Standing.theme_id == theme_id
        )
    )
    return found or 0


def _of(span: int, theme_id: int) -> tuple[Any, ...]:
    return (Standing.span == span, Standing.theme_id == theme_id, Standing.shown)


def _named(ordered: Any) -> Any:
    """The rows of a narrow query with names. The limit stands inside, before the join."""
    near = ordered.subquery("near")
    return db.session().execute(
        select(near.c.id, near.c.points, Member.name, Branch.name.label("branch"))
        .join(Member, Member.id == near.c.id)
        .join(Branch, Branch.id == Member.branch_id)
        .order_by(near.c.height.desc())
    )


def _highest(span: int, theme_id: int, most: int) -> Any:
    return _named(
        select(Standing.member_id.label("id"), Standing.points, Standing.height)
        .where(*_of(span, theme_id), Standing.height >= SHOWN_FROM)
        .order_by(Standing.height.desc())
        .limit(most)
    )


def _next_to(span: int, theme_id: int, height: int) -> Any:
    """A member between its neighbours, the highest first."""
    narrow = select(Standing.member_id.label("id"), Standing.points, Standing.height)
    narrow = narrow.where(*_of(span, theme_id))
    above = narrow.where(Standing.height > height).order_by(Standing.height)
    # One lower bound only: of two, SQLite begins at the one that is written first.
    below = narrow.where(Standing.height >= SHOWN_FROM, Standing.height <= height)
    below = below.order_by(Standing.height.desc())
    sides = (above.limit(NEIGHBOURS).subquery(), below.limit(NEIGHBOURS + 1).subquery())
    return _named(union_all(*map(select, sides)))


def _board(found: Any) -> Board:
    places = list(found)
    return Board(
        top=[place for place in places if place.place <= TOP],
        around_me=[place for place in places if place.place > TOP],
        me=next((place for place in places if place.mine), None),
    )
