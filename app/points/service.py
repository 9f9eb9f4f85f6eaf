"""The only writer of the ledger: credit what was earned, correct what was wrong."""

from __future__ import annotations

from datetime import datetime

from flask import current_app
from sqlalchemy import func, select

from app.core import clock
from app.core.db import db
from app.core.refusals import NotThere
from app.members.models import Member
from app.points.models import Entry, Head
from app.points.rules import (
    CORRECTION,
    LONGEST_SOURCE,
    RULE_VERSION,
    RULES,
    START,
    CorrectedAlready,
    Fact,
    IsACorrection,
    NeedsAReason,
    OwnPoints,
    checked_correction,
    head_seal,
    ledger_key,
    one_line,
    worth,
)


def credit(
    *,
    member_id: int,
    reason: str,
    source: str,
    occurred_at: datetime | None = None,
    note: str = "",
) -> int:
    """Enter what a member earned; returns the points credited now.

    `reason` is a key of rules.RULES, `source` what it is for ("lesson:12"), `note` its title as
    the member knows it. Once per member, reason and source: a second call changes nothing and
    returns 0. Over the day's cap an entry of 0 points is made. Raises NotThere for an unknown
    member and KeyError for an unknown reason.
    """
    rule = RULES[reason]
    if not source or len(source) > LONGEST_SOURCE:
        raise ValueError("a source has 1 to 120 characters")
    branch_id = _lock(member_id)
    session = db.session()
    known = session.scalar(
        select(Entry.id).where(
            Entry.member_id == member_id, Entry.reason == reason, Entry.source == source
        )
    )
    if known is not None:
        return 0
    now = clock.now()
    # Nothing is earned in the future, whatever a caller says.
    occurred_at = min(occurred_at or now, now)
    zone = current_app.extensions["weike"].zone
    start, end = clock.day_bounds(occurred_at.astimezone(zone).date(), zone)
    earned = session.scalar(
        select(func.coalesce(func.sum(Entry.amount), 0))
        .where(Entry.member_id == member_id, Entry.reason == reason)
        .where(Entry.occurred_at >= start, Entry.occurred_at < end)
    )
    amount = worth(rule, int(earned or 0)).amount
    _append(
        member_id=member_id,
        branch_id=branch_id,
        reason=reason,
        rule_version=RULE_VERSION,
        amount=amount,
        source=source,
        occurred_at=occurred_at,
        recorded_at=now,
        note=one_line(note),
    )
    return amount


def check_in(member_id: int) -> int:
    """The first visit of the day, in the organisation's time zone; returns the points for it."""
    zone = current_app.extensions["weike"].zone
    return credit(
        member_id=member_id, reason="sign_in", source=f"day:{clock.today(zone).isoformat()}"
    )


def correct(entry_id: int, *, amount: int, author_id: int, reason: str) -> int:
    """Enter a correction of `amount` points (mostly negative) of one entry; returns its id.

    It counts for the day and the branch of the entry it corrects, so that the week, the month and
    the branch that the points were given in come right. Every entry can be corrected once,
    corrections cannot. Raises a refusal that says what is wrong.
    """
    session = db.session()
    entry = session.get(Entry, entry_id)
    if entry is None:
        raise NotThere
    _lock(entry.member_id)
    if entry.reason == CORRECTION:
        raise IsACorrection
    if author_id == entry.member_id:
        raise OwnPoints
    note = one_line(reason)
    if not note:
        raise NeedsAReason
    amount = checked_correction(given=entry.amount, amount=amount)
    source = f"entry:{entry.seq}"
    if session.scalar(
        select(Entry.id).where(
            Entry.member_id == entry.member_id,
            Entry.reason == CORRECTION,
            Entry.source == source,
        )
    ):
        raise CorrectedAlready
    return _append(
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
    )


def _lock(member_id: int) -> int:
    """Let nobody else write this member's chain until the end of the transaction.

    SQLite is locked by BEGIN IMMEDIATE already; PostgreSQL locks the member's row, in the weak
    way that leaves foreign keys to it free. Returns the member's branch.
    """
    branch_id = db.session().scalar(
        select(Member.branch_id).where(Member.id == member_id).with_for_update(key_share=True)
    )
    if branch_id is None:
        raise NotThere
    return int(branch_id)


def _append(
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
    corrects_seq: int | None = None,
    author_id: int | None = None,
) -> int:
    """Add one link to a member's chain and move its sealed end; the caller holds the lock."""
    session = db.session()
    key = ledger_key(current_app.extensions["weike"].secret_key)
    head = session.get(Head, member_id, populate_existing=True)
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
    )
    previous = head.hash if head else START
    entry = Entry(**vars(fact), prev_hash=previous, hash=fact.hash(key, previous))
    session.add(entry)
    if head is None:
        head = Head(member_id=member_id)
        session.add(head)
    head.seq, head.hash = fact.seq, entry.hash
    head.seal = head_seal(key, member_id, fact.seq, entry.hash)
    session.flush()
    return entry.id
