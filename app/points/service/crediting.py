"""The only writer of the ledger: credit what was earned, correct what was wrong.

The statements are made once, and they speak of columns: statements built anew for each credit, and
rows as objects, cost more than the database itself (bench/points.py).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import datetime, timedelta
from typing import cast

from flask import current_app
from sqlalchemy import Table, bindparam, insert, select, text

from app.core import clock
from app.core.db import db
from app.core.refusals import NotThere
from app.members import service as members
from app.members.models import Branch, Member
from app.members.rules import path_of
from app.members.rules.audit import Act, facts
from app.points.models import Entry, Head, LedgerTheme
from app.points.queries import book_at, earned_in
from app.points.rules import (
    AGAIN,
    BACK,
    CORRECTION,
    LONGEST_SOURCE,
    REASONS,
    SPENDING,
    START,
    CorrectedAlready,
    Fact,
    IsACorrection,
    IsAReward,
    NeedsAReason,
    OwnPoints,
    Period,
    checked_correction,
    first_day,
    head_seal,
    ledger_key,
    one_line,
)
from app.points.service.standings import add_up, queue_up

_branch, _member, _entry, _head, _theme_name = (
    cast("Table", model.__table__) for model in (Branch, Member, Entry, Head, LedgerTheme)
)
_OWNER = (
    select(_member.c.branch_id, _member.c.is_active, _member.c.in_rankings, _branch.c.path)
    .join(_branch, _branch.c.id == _member.c.branch_id)
    .where(_member.c.id == bindparam("member"))
    .with_for_update(key_share=True, of=_member)
)
_KNOWN = select(_entry.c.id).where(
    _entry.c.member_id == bindparam("member"),
    _entry.c.reason == bindparam("reason"),
    _entry.c.source == bindparam("source"),
)
_END = select(_head.c.seq, _head.c.hash).where(_head.c.member_id == bindparam("member"))
_ENTER = insert(_entry)
_MOVE_END = text(
    """INSERT INTO ledger_head (member_id, seq, hash, seal) VALUES (:member, :seq, :hash, :seal)
    ON CONFLICT (member_id) DO UPDATE SET
      seq = excluded.seq, hash = excluded.hash, seal = excluded.seal"""
)
_TITLE = select(_theme_name.c.title).where(_theme_name.c.id == bindparam("theme"))
_THEME = text(
    """INSERT INTO ledger_theme (id, title, titles) VALUES (:id, :title, '{}')
    ON CONFLICT (id) DO UPDATE SET title = excluded.title"""
)


@dataclass(frozen=True)
class Owner:
    """The member whose chain is locked: the branch of now, and whether they have a place."""

    branch_id: int
    branch_path: tuple[int, ...]
    is_active: bool
    shown: bool


def credit(
    *,
    member_id: int,
    reason: str,
    source: str,
    occurred_at: datetime | None = None,
    note: str = "",
    theme: tuple[int, str] | None = None,
    anew: bool = False,
) -> int:
    """Enter what a member earned; returns the points credited now.

    `reason` is a key of rules.REASONS, `source` what it is for ("lesson:12"), `note` its title as
    the member knows it, `theme` the id and title of its theme. Once per member, reason and
    source: a second call changes nothing and returns 0. Over a limit, in the hours in which
    points rest, or without a rule, an entry of 0 points is made. With `anew`, what was taken back
    wholly and is earned once more is given once more; if it happened at the same moment as before,
    it should not have been taken, and is given back as it was. Raises NotThere for an unknown
    member and KeyError for an unknown reason.
    """
    REASONS[reason]
    if not source or len(source) > LONGEST_SOURCE:
        raise ValueError("a source has 1 to 120 characters")
    owner = lock_chain(member_id)
    if _is_known(member_id, reason, source):
        given = _given(member_id, reason, source) if anew else []
        if not given or not all(each.is_taken_back for each in given):
            return 0
        if given[-1].occurred_at == occurred_at:
            return _give_back(owner, given, source=source, note=note)
        source = f"{source}{AGAIN}{len(given)}"
    now = clock.now()
    # Nothing is earned in the future, whatever a caller says.
    occurred_at = min(occurred_at or now, now)
    zone = current_app.extensions["weike"].zone
    here = occurred_at.astimezone(zone)
    book = book_at(occurred_at)
    week = first_day(Period.WEEK, here.date())
    assert week is not None  # only all time has no first day
    day_start, day_end = clock.day_bounds(here.date(), zone)
    week_start, _ = clock.day_bounds(week, zone)
    _, week_end = clock.day_bounds(week + timedelta(days=6), zone)
    earned = earned_in(member_id, (week_start, week_end), (day_start, day_end), reason=reason)
    earned_day, earned_week = earned.get(reason, (0, 0))
    decision = book.decide(
        reason, here, owner.branch_path, earned_day=earned_day, earned_week=earned_week
    )
    append(
        owner,
        member_id=member_id,
        branch_id=owner.branch_id,
        reason=reason,
        rule_version=book.number,
        amount=decision.amount,
        source=source,
        occurred_at=occurred_at,
        recorded_at=now,
        note=one_line(note),
        theme_id=_theme(theme),
    )
    return decision.amount


def name_theme(theme_id: int, title: str, titles: Mapping[str, str]) -> None:
    """Take down what a theme is called now, and in other languages, for pages about points."""
    session = db.session()
    session.execute(_THEME, {"id": theme_id, "title": title[:200]})
    session.get_one(LedgerTheme, theme_id, populate_existing=True).titles = dict(titles)
    session.flush()


def check_in(member_id: int) -> int:
    """The first visit of the day, in the organisation's time zone; returns the points for it.

    In the hours in which points rest nothing is entered: an entry of 0 would take the points of
    the whole day from whoever looks in after midnight.
    """
    zone = current_app.extensions["weike"].zone
    now = clock.now()
    if book_at(now).is_quiet(now.astimezone(zone)):
        return 0
    return credit(
        member_id=member_id, reason="sign_in", source=f"day:{clock.today(zone).isoformat()}"
    )


def correct(entry_id: int, *, amount: int, author_id: int, reason: str) -> int:
    """Enter a correction of `amount` points (mostly negative) of one entry; returns its id.

    It counts for the day and the branch of the entry it corrects, so that the week, the month and
    the branch that the points were given in come right. An entry of 0 is taken back by 0. Every
    entry can be corrected once, corrections cannot. Raises a refusal that says what is wrong.
    """
    session = db.session()
    entry = session.get(Entry, entry_id)
    if entry is None:
        raise NotThere
    owner = lock_chain(entry.member_id)
    if entry.reason == CORRECTION:
        raise IsACorrection
    if entry.reason in SPENDING:
        raise IsAReward
    if author_id == entry.member_id:
        raise OwnPoints
    note = one_line(reason)
    if not note:
        raise NeedsAReason
    amount = checked_correction(given=entry.amount, amount=amount)
    source = f"entry:{entry.seq}"
    if _is_known(entry.member_id, CORRECTION, source):
        raise CorrectedAlready
    members.record(
        Act.POINTS_CORRECTED,
        member_id=entry.member_id,
        thing=("entry", entry.id),
        changes=facts(points=f"{amount:+d}"),
    )
    return append(
        owner,
        member_id=entry.member_id,
        branch_id=entry.branch_id,
        reason=CORRECTION,
        rule_version=entry.rule_version,
        amount=amount,
        source=source,
        occurred_at=entry.occurred_at,
        recorded_at=clock.now(),
        note=note,
        corrects_seq=entry.seq,
        author_id=author_id,
        theme_id=entry.theme_id,
    )


def take_back(*, member_id: int, reason: str, source: str, author_id: int, note: str) -> int:
    """Correct to nothing what a member was given for something that turns out not to be done;
    returns how many points that takes.

    What gave no points is taken back, too: it counted for badges and streaks. An entry that
    somebody has corrected already stays as it is, and nobody takes back what is their own.
    """
    lock_chain(member_id)
    if author_id == member_id:
        return 0
    taken = 0
    for entry in _given(member_id, reason, source):
        if entry.corrected_by is None:
            correct(entry.id, amount=-entry.amount, author_id=author_id, reason=note)
            taken += entry.amount
    return taken


@dataclass(frozen=True)
class _Given:
    """An entry for one source, and the points of its correction."""

    id: int
    member_id: int
    branch_id: int
    reason: str
    rule_version: int
    amount: int
    occurred_at: datetime
    theme_id: int
    corrected_by: int | None

    @property
    def is_taken_back(self) -> bool:
        return self.corrected_by is not None and self.amount + self.corrected_by == 0


def _given(member_id: int, reason: str, source: str) -> list[_Given]:
    """What a member got for something, the first time and again."""
    correction = _entry.alias()
    rows = (
        db.session()
        .connection()
        .execute(
            select(*(_entry.c[each.name] for each in fields(_Given)[:-1]), correction.c.amount)
            .outerjoin(
                correction,
                (correction.c.member_id == _entry.c.member_id)
                & (correction.c.corrects_seq == _entry.c.seq),
            )
            .where(_entry.c.member_id == member_id, _entry.c.reason == reason)
            .where(
                (_entry.c.source == source)
                | _entry.c.source.startswith(f"{source}{AGAIN}", autoescape=True)
                | _entry.c.source.startswith(f"{source}{BACK}", autoescape=True)
            )
            .order_by(_entry.c.seq)
        )
    )
    return [_Given(*row) for row in map(tuple, rows)]


def _give_back(owner: Owner, given: Sequence[_Given], *, source: str, note: str) -> int:
    """Enter once more what was taken back, for the day, the branch and the theme that it had."""
    last = given[-1]
    append(
        owner,
        member_id=last.member_id,
        branch_id=last.branch_id,
        reason=last.reason,
        rule_version=last.rule_version,
        amount=last.amount,
        source=f"{source}{BACK}{len(given)}",
        occurred_at=last.occurred_at,
        recorded_at=clock.now(),
        note=one_line(note),
        theme_id=last.theme_id,
    )
    return last.amount


def lock_chain(member_id: int) -> Owner:
    """Let nobody else write this member's chain until the end of the transaction.

    SQLite is locked by BEGIN IMMEDIATE already; PostgreSQL locks the member's row, in the weak
    way that leaves foreign keys to it free.
    """
    session = db.session()
    session.flush()  # a statement about columns does not do it by itself
    found = session.connection().execute(_OWNER, {"member": member_id}).one_or_none()
    if found is None:
        raise NotThere
    return Owner(
        found.branch_id,
        path_of(found.path),
        found.is_active,
        shown=found.is_active and found.in_rankings,
    )


def _is_known(member_id: int, reason: str, source: str) -> bool:
    """Whether something is in the ledger already. Needs the lock."""
    asked = {"member": member_id, "reason": reason, "source": source}
    return db.session().connection().scalar(_KNOWN, asked) is not None


def _theme(theme: tuple[int, str] | None) -> int:
    """The id of a theme whose present title is kept for pages about points; 0 for none."""
    if theme is None:
        return 0
    theme_id, title = theme[0], theme[1][:200]
    kept = db.session().connection().scalar(_TITLE, {"theme": theme_id})
    if kept != title:
        # Somebody else may enter the first points of the same theme at the same moment.
        db.session().execute(_THEME, {"id": theme_id, "title": title})
    return theme_id


def append(
    owner: Owner,
    *,
    member_id: int,
    branch_id: int,
    reason: str,
    rule_version: int,
    amount: int,
    source: str,
    occurred_at: datetime,
    recorded_at: datetime,
    note: str,
    theme_id: int,
    corrects_seq: int | None = None,
    author_id: int | None = None,
) -> int:
    """Add one link to a member's chain, move its sealed end, and add it to the standings; the
    caller holds the lock. What is spent changes no standing."""
    session = db.session()
    session.flush()
    connection = session.connection()
    counts = amount != 0 and reason not in SPENDING
    if counts:
        queue_up()
    key = ledger_key(current_app.extensions["weike"].secret_key)
    head = connection.execute(_END, {"member": member_id}).one_or_none()
    fact = Fact(
        member_id=member_id,
        seq=head.seq + 1 if head else 1,
        branch_id=branch_id,
        reason=reason,
        rule_version=rule_version,
        amount=amount,
        source=source,
        occurred_at=occurred_at,
        recorded_at=recorded_at,
        note=note,
        corrects_seq=corrects_seq,
        author_id=author_id,
        theme_id=theme_id,
    )
    previous = head.hash if head else START
    hash_ = fact.hash(key, previous)
    written = connection.execute(_ENTER, {**vars(fact), "prev_hash": previous, "hash": hash_})
    (entry_id,) = cast("tuple[int]", written.inserted_primary_key)
    connection.execute(
        _MOVE_END,
        {
            "member": member_id,
            "seq": fact.seq,
            "hash": hash_,
            "seal": head_seal(key, member_id, fact.seq, hash_),
        },
    )
    if counts:
        zone = current_app.extensions["weike"].zone
        add_up(
            member_id=member_id,
            branch_id=branch_id,
            theme_id=theme_id,
            amount=amount,
            entry_id=entry_id,
            day=occurred_at.astimezone(zone).date(),
            zone=zone,
            is_active=owner.is_active,
            shown=owner.shown,
            is_new=corrects_seq is None and BACK not in source,
        )
    return entry_id
