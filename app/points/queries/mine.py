"""One member's points: today, in all, and every entry with its reason."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from types import MappingProxyType
from typing import Any, cast
from zoneinfo import ZoneInfo

from sqlalchemy import Select, Table, and_, bindparam, case, func, select
from sqlalchemy.orm import aliased

from app.core import clock
from app.core.db import db
from app.core.paging import Page, window
from app.core.refusals import NotThere
from app.members.models import Branch, Member
from app.members.rules import path_of
from app.points.models import Entry
from app.points.queries.books import all_books, book_at
from app.points.rules import (
    BACK,
    CORRECTION,
    REASONS,
    SPENDING,
    Book,
    Period,
    Why,
    first_day,
    most_a_day,
    worth,
)
from app.points.rules.rewards import LABELS


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
    checked_in: bool  # whether the first visit of the day has been entered, or gives nothing now
    quiet: tuple[time, time] | None = None  # when points rest
    is_quiet: bool = False  # whether they rest now

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
    why: Why | None = None  # why there are fewer points than usual

    @property
    def is_taken_back(self) -> bool:
        """Whether nothing is left of it: then it counts for no streak and no badge either."""
        return self.corrected_by is not None and self.amount + self.corrected_by == 0

    @property
    def is_correctable(self) -> bool:
        """Whether an organizer may still correct it; see service.correct."""
        return (
            self.corrects_seq is None and self.corrected_by is None and self.reason not in SPENDING
        )


def today(member_id: int, zone: ZoneInfo) -> Today:
    """What today has brought a member, and what it still could."""
    now = clock.now()
    here = now.astimezone(zone)
    day = here.date()
    monday = first_day(Period.WEEK, day)
    assert monday is not None  # only all time has no first day
    start, end = clock.day_bounds(day, zone)
    _, week_end = clock.day_bounds(monday + timedelta(days=6), zone)
    book = book_at(now)
    earned = earned_in(member_id, (clock.day_bounds(monday, zone)[0], week_end), (start, end))
    rules = list(book.rules_on(day, _branch_path(member_id)))
    is_quiet = book.is_quiet(here)
    rows = tuple(
        Row(
            reason=rule.reason,
            label=REASONS[rule.reason].label,
            offer=REASONS[rule.reason].offer,
            icon=REASONS[rule.reason].icon,
            earned=earned.get(rule.reason, (0, 0))[0],
            cap=rule.cap,
            next=worth(rule, *earned.get(rule.reason, (0, 0))).amount,
        )
        for rule in rules
    )
    visit = next((row for row in rows if row.reason == "sign_in"), None)
    return Today(
        earned=sum(of_day for of_day, _ in earned.values()),
        most=most_a_day(rules),
        rows=rows,
        checked_in=visit is None or visit.earned > 0 or visit.next == 0 or is_quiet,
        quiet=book.quiet,
        is_quiet=is_quiet,
    )


_entry = cast("Table", Entry.__table__)
_IN_DAY = and_(
    _entry.c.occurred_at >= bindparam("day"), _entry.c.occurred_at < bindparam("day_end")
)
_EARNED_ANYHOW = (
    select(
        _entry.c.reason,
        func.coalesce(func.sum(case((_IN_DAY, _entry.c.amount), else_=0)), 0).label("of_day"),
        func.sum(_entry.c.amount).label("of_week"),
    )
    .where(_entry.c.member_id == bindparam("member"))
    .where(_entry.c.occurred_at >= bindparam("week"), _entry.c.occurred_at < bindparam("week_end"))
    .group_by(_entry.c.reason)
)
_EARNED = _EARNED_ANYHOW.where(_entry.c.reason.not_in(SPENDING))
_EARNED_SO = _EARNED_ANYHOW.where(_entry.c.reason.in_((bindparam("reason"), CORRECTION)))
# What was given back was given before: it uses up no limit a second time. Apart, because sources
# are not in the index that the sums are read from.
_GIVEN_BACK = _EARNED_ANYHOW.where(_entry.c.source.contains(BACK, autoescape=True))


def earned_in(
    member_id: int,
    week: tuple[datetime, datetime],
    day: tuple[datetime, datetime],
    *,
    reason: str | None = None,
) -> dict[str, tuple[int, int]]:
    """Points of a day and of the week around it by reason, between UTC moments [start, end)."""
    asked: dict[str, object] = {
        "member": member_id,
        "day": day[0],
        "day_end": day[1],
        "week": week[0],
        "week_end": week[1],
    }
    if reason is None:
        rows = db.session().execute(_EARNED, asked)
    else:
        rows = db.session().execute(_EARNED_SO, {**asked, "reason": reason})
    found = {row.reason: (int(row.of_day), int(row.of_week)) for row in rows}
    if CORRECTION in found:
        for row in db.session().execute(_GIVEN_BACK, asked):
            # Neither a second time in its reason, nor taken away by the correction before it.
            for key, sign in ((row.reason, -1), (CORRECTION, 1)):
                of_day, of_week = found.get(key, (0, 0))
                found[key] = of_day + sign * int(row.of_day), of_week + sign * int(row.of_week)
    return found


def _branch_path(member_id: int) -> tuple[int, ...]:
    path = db.session().scalar(
        select(Branch.path)
        .join(Member, Member.branch_id == Branch.id)
        .where(Member.id == member_id)
    )
    return path_of(path or "")


def total(member_id: int) -> int:
    """All points of a member, whatever was spent of them."""
    return totals([member_id]).get(member_id, 0)


def balance(member_id: int) -> int:
    """What a member has to spend; below 0 when points were corrected away after they were spent."""
    query = select(func.coalesce(func.sum(Entry.amount), 0)).where(Entry.member_id == member_id)
    return int(db.session().scalar(query) or 0)


def totals(member_ids: Iterable[int], since: datetime | None = None) -> dict[int, int]:
    """Points of several members since a moment (all when None); those with no entry are absent.

    What was spent is not taken off.
    """
    query = (
        select(Entry.member_id, func.sum(Entry.amount))
        .where(Entry.member_id.in_(list(member_ids)), Entry.reason.not_in(SPENDING))
        .group_by(Entry.member_id)
    )
    if since is not None:
        query = query.where(Entry.occurred_at >= since)
    return {member_id: int(amount) for member_id, amount in db.session().execute(query)}


def entries(member_id: int, page: int = 1, zone: ZoneInfo | None = None) -> Page[Line]:
    """A member's entries, the newest first (by their number in the chain, not by the clock).

    With a zone each line says why it has fewer points than usual.
    """
    session = db.session()
    offset, limit = window(page)
    found = session.execute(
        _lines(member_id).order_by(Entry.seq.desc()).offset(offset).limit(limit)
    ).all()
    count = session.scalar(
        select(func.count()).select_from(Entry).where(Entry.member_id == member_id)
    )
    books = all_books() if zone else {}
    rows = [_line(*row, books=books, zone=zone) for row in found]
    return Page(rows, max(1, page), count or 0)


def entry_of(member_id: int, entry_id: int) -> Line:
    """One entry of a member. Raises NotThere, also for another member's entry."""
    found = db.session().execute(_lines(member_id).where(Entry.id == entry_id)).one_or_none()
    if found is None:
        raise NotThere
    return _line(*found)


def _lines(member_id: int) -> Select[Entry, int, str, str]:
    correction = aliased(Entry)
    return (
        select(Entry, correction.amount, Member.name, Branch.path)
        .join(Branch, Branch.id == Entry.branch_id)
        .outerjoin(
            correction,
            (correction.member_id == Entry.member_id) & (correction.corrects_seq == Entry.seq),
        )
        .outerjoin(Member, Member.id == Entry.author_id)
        .where(Entry.member_id == member_id)
    )


def _line(
    entry: Entry,
    corrected_by: int | None,
    author: str | None,
    path: str,
    *,
    books: Mapping[int, Book] = MappingProxyType({}),
    zone: ZoneInfo | None = None,
) -> Line:
    reason = REASONS.get(entry.reason)  # None for corrections, and for reasons that are gone
    icon = "award"
    if entry.reason == CORRECTION:
        icon = "pencil"
    elif entry.reason in SPENDING:
        icon = "gift"
    return Line(
        id=entry.id,
        seq=entry.seq,
        reason=entry.reason,
        label=reason.label if reason else LABELS.get(entry.reason),
        icon=reason.icon if reason else icon,
        amount=entry.amount,
        note=entry.note,
        occurred_at=entry.occurred_at,
        recorded_at=entry.recorded_at,
        corrects_seq=entry.corrects_seq,
        corrected_by=corrected_by,
        author=author or "",
        why=_why(entry, path_of(path), books, zone) if zone and reason else None,
    )


def _why(
    entry: Entry, path: tuple[int, ...], books: Mapping[int, Book], zone: ZoneInfo
) -> Why | None:
    """What took points from an entry, by the book that it names."""
    book = books.get(entry.rule_version)
    if book is None:
        return None
    here = entry.occurred_at.astimezone(zone)
    rule = book.rule_for(entry.reason, here.date(), path)
    if rule is None:
        # Where a book gives nothing for something at all, there is nothing to explain.
        return Why.NO_RULE if any(r.reason == entry.reason for r in book.rules) else None
    if entry.amount >= rule.amount:
        return None
    if book.is_quiet(here):
        return Why.QUIET
    return Why.WEEK if rule.week_cap else Why.DAY
