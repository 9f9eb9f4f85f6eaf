"""A member's days of learning, streak and badges, from the ledger and its standings."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, and_, func, or_, select
from sqlalchemy.orm import aliased

from app.core import clock
from app.core.db import db
from app.points.models import Entry
from app.points.queries.books import book_at
from app.points.rules import CORRECTION, REASONS
from app.points.rules.streaks import BADGES, Day, Held, Streak, held, month, streak

LEARNING = tuple(reason for reason in REASONS if reason not in {"sign_in", "answer"})
COUNTED = (*LEARNING, "answer")  # for badges: that others were helped is no day of learning


@dataclass(frozen=True)
class Diary:
    """A member's streak, one month of the calendar, and badges."""

    streak: Streak
    first: date  # of the month that is shown
    weeks: list[list[Day]]
    badges: list[Held]


def learning_days(member_id: int, zone: ZoneInfo) -> set[date]:
    """The days on which a member finished something, whatever points it gave; what was taken back
    wholly makes none."""
    moments = db.session().scalars(
        select(Entry.occurred_at).where(_holds(member_id), Entry.reason.in_(LEARNING))
    )
    return {moment.astimezone(zone).date() for moment in moments}


def diary(member_id: int, zone: ZoneInfo, first: date | None = None) -> Diary:
    """What the page about streaks and badges shows; `first` is the first day of a month."""
    now = clock.now()
    today = now.astimezone(zone).date()
    book = book_at(now)
    days = learning_days(member_id, zone)
    going = streak(days, today, book.is_rest)
    counts, dates = _counts(member_id, zone)
    counts["streak"] = going.longest
    first = first or today.replace(day=1)
    return Diary(going, first, month(first, days, today, book.is_rest), held(counts, dates))


def _counts(member_id: int, zone: ZoneInfo) -> tuple[dict[str, int], dict[tuple[str, int], date]]:
    """How many of each kind there are, and when those that badges ask for were reached."""
    session = db.session()
    nth = func.row_number().over(partition_by=Entry.reason, order_by=Entry.seq).label("nth")
    ranked = (
        select(Entry.reason, Entry.occurred_at, nth)
        .where(_holds(member_id), Entry.reason.in_(COUNTED))
        .cte("ranked")
    )
    marks = [(b.counts, b.least) for b in BADGES if b.counts in COUNTED]
    dates = {
        (row.reason, row.nth): row.occurred_at.astimezone(zone).date()
        for row in session.execute(
            select(ranked).where(
                or_(*((ranked.c.reason == kind) & (ranked.c.nth == n) for kind, n in marks))
            )
        )
    }
    counts = {
        row.reason: int(row.many)
        for row in session.execute(
            select(Entry.reason, func.count().label("many"))
            .where(_holds(member_id), Entry.reason.in_(COUNTED))
            .group_by(Entry.reason)
        )
    }
    counts["themes"] = int(
        session.scalar(
            select(func.count(func.distinct(Entry.theme_id))).where(
                _holds(member_id), Entry.theme_id != 0, Entry.reason != CORRECTION
            )
        )
        or 0
    )
    return counts, dates


def _holds(member_id: int) -> ColumnElement[bool]:
    """That an entry is a member's and was not taken back wholly: whoever takes all of its points
    says that it was not earned. What gave none because a limit was reached holds; so does what is
    left of an entry, or was added to."""
    correction, taken = aliased(Entry), aliased(Entry)
    gone = (
        select(taken.seq)
        .join(
            correction,
            and_(
                correction.member_id == taken.member_id,
                correction.corrects_seq == taken.seq,
                correction.amount == -taken.amount,
            ),
        )
        .where(correction.member_id == member_id, correction.reason == CORRECTION)
    )
    return and_(Entry.member_id == member_id, Entry.seq.not_in(gone))
