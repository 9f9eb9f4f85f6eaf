"""One member's points: today, in all, and every entry with its reason."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Select, func, select
from sqlalchemy.orm import aliased

from app.core import clock
from app.core.db import db
from app.core.paging import Page, window
from app.core.refusals import NotThere
from app.members.models import Member
from app.points.models import Entry
from app.points.rules import CORRECTION, MOST_A_DAY, REASONS, RULES, worth


@dataclass(frozen=True)
class Row:
    """One reason on one day: points so far, the cap, and what the next one still gives."""

    reason: str
    label: Any
    offer: Any
    icon: str
    earned: int
    cap: int
    next: int

    @property
    def done(self) -> bool:
        return self.next == 0


@dataclass(frozen=True)
class Today:
    """A member's day: `earned` of at most `most` points; `rows` in the order of the rules.

    `earned` includes corrections of today's entries; the rows do not, because a correction does
    not open the day's cap again.
    """

    earned: int
    most: int
    rows: tuple[Row, ...]
    checked_in: bool  # whether the first visit of the day has been entered

    @property
    def open_rows(self) -> tuple[Row, ...]:
        """What would still give points today; the visit comes by itself and is left out."""
        return tuple(row for row in self.rows if row.next and row.reason != "sign_in")


@dataclass(frozen=True)
class Line:
    """One entry as the member reads it."""

    id: int
    seq: int
    reason: str
    label: Any
    icon: str
    amount: int
    note: str
    occurred_at: datetime
    recorded_at: datetime
    corrects_seq: int | None
    corrected_by: int | None  # points of the correction that this entry has, if any
    author: str  # who corrected

    @property
    def is_correctable(self) -> bool:
        """Whether an organizer may still correct it; see service.correct."""
        return self.corrects_seq is None and self.corrected_by is None

    @property
    def capped(self) -> bool:
        """Whether the day's cap left fewer points than usual."""
        rule = RULES.get(self.reason)
        return rule is not None and self.amount < rule.amount


def today(member_id: int, zone: ZoneInfo) -> Today:
    """What today has brought a member, and what it still could."""
    start, end = clock.day_bounds(clock.today(zone), zone)
    sums: dict[str, int] = {
        reason: int(amount)
        for reason, amount in db.session().execute(
            select(Entry.reason, func.sum(Entry.amount))
            .where(Entry.member_id == member_id)
            .where(Entry.occurred_at >= start, Entry.occurred_at < end)
            .group_by(Entry.reason)
        )
    }
    rows = tuple(
        Row(
            reason=rule.reason,
            label=REASONS[rule.reason].label,
            offer=REASONS[rule.reason].offer,
            icon=REASONS[rule.reason].icon,
            earned=sums.get(rule.reason, 0),
            cap=rule.cap,
            next=worth(rule, sums.get(rule.reason, 0)).amount,
        )
        for rule in RULES.values()
        if rule.reason in REASONS
    )
    return Today(
        earned=sum(sums.values()), most=MOST_A_DAY, rows=rows, checked_in="sign_in" in sums
    )


def total(member_id: int) -> int:
    """All points of a member."""
    return totals([member_id]).get(member_id, 0)


def totals(member_ids: Iterable[int], since: datetime | None = None) -> dict[int, int]:
    """Points of several members since a moment (all when None); those with no entry are absent."""
    query = (
        select(Entry.member_id, func.sum(Entry.amount))
        .where(Entry.member_id.in_(list(member_ids)))
        .group_by(Entry.member_id)
    )
    if since is not None:
        query = query.where(Entry.occurred_at >= since)
    return {member_id: int(amount) for member_id, amount in db.session().execute(query)}


def entries(member_id: int, page: int = 1) -> Page[Line]:
    """A member's entries, the newest first (by their number in the chain, not by the clock)."""
    session = db.session()
    offset, limit = window(page)
    found = session.execute(
        _lines(member_id).order_by(Entry.seq.desc()).offset(offset).limit(limit)
    ).all()
    count = session.scalar(
        select(func.count()).select_from(Entry).where(Entry.member_id == member_id)
    )
    rows = [_line(entry, corrected_by, author) for entry, corrected_by, author in found]
    return Page(rows, max(1, page), count or 0)


def entry_of(member_id: int, entry_id: int) -> Line:
    """One entry of a member. Raises NotThere, also for another member's entry."""
    found = db.session().execute(_lines(member_id).where(Entry.id == entry_id)).one_or_none()
    if found is None:
        raise NotThere
    return _line(*found)


def _lines(member_id: int) -> Select[Entry, int, str]:
    correction = aliased(Entry)
    return (
        select(Entry, correction.amount, Member.name)
        .outerjoin(
            correction,
            (correction.member_id == Entry.member_id) & (correction.corrects_seq == Entry.seq),
        )
        .outerjoin(Member, Member.id == Entry.author_id)
        .where(Entry.member_id == member_id)
    )


def _line(entry: Entry, corrected_by: int | None, author: str | None) -> Line:
    reason = REASONS.get(entry.reason)  # None for corrections, and for reasons that are gone
    icon = "award"
    if entry.reason == CORRECTION:
        icon = "pencil"
    return Line(
        id=entry.id,
        seq=entry.seq,
        reason=entry.reason,
        label=reason.label if reason else None,
        icon=reason.icon if reason else icon,
        amount=entry.amount,
        note=entry.note,
        occurred_at=entry.occurred_at,
        recorded_at=entry.recorded_at,
        corrects_seq=entry.corrects_seq,
        corrected_by=corrected_by,
        author=author or "",
    )
