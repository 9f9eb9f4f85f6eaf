"""Tables of the ledger. A row once written is never changed: the database itself refuses."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import (
    DDL,
    CheckConstraint,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    String,
    UniqueConstraint,
    event,
)
from sqlalchemy.orm import Mapped, mapped_column

from app.core.db import Base
from app.points.rules import CORRECTION, LARGEST_AMOUNT, LONGEST_NOTE, LONGEST_SOURCE


class Entry(Base):
    """One fact of the ledger: a member got (or lost) points for a reason, once.

    `seq` counts 1, 2, 3 … per member, and `hash` covers the entry and the hash before it, so an
    edited, missing or moved entry shows. `source` is what the points are for ("lesson:12"), and
    `note` says it in words. An amount of 0 tells that the day's cap was reached.
    """

    __tablename__ = "ledger_entry"
    __table_args__ = (
        UniqueConstraint("member_id", "seq"),
        UniqueConstraint("member_id", "reason", "source"),
        ForeignKeyConstraint(
            ["member_id", "corrects_seq"],
            ["ledger_entry.member_id", "ledger_entry.seq"],
            name="fk_ledger_entry_corrects",
        ),
        CheckConstraint(f"amount between -{LARGEST_AMOUNT} and {LARGEST_AMOUNT}", name="amount"),
        CheckConstraint("seq >= 1", name="seq"),
        CheckConstraint(
            f"(reason = '{CORRECTION}') = (corrects_seq is not null)", name="correction"
        ),
        CheckConstraint("(corrects_seq is null) = (author_id is null)", name="author"),
        Index("ix_ledger_entry_member_time", "member_id", "occurred_at", "reason", "amount"),
        Index("ix_ledger_entry_recorded", "recorded_at"),  # what has no seal yet
        Index("ix_ledger_entry_time", "occurred_at", "branch_id", "member_id", "amount"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    member_id: Mapped[int] = mapped_column(ForeignKey("member.id"))
    seq: Mapped[int]
    branch_id: Mapped[int] = mapped_column(ForeignKey("branch.id"))  # of the member at that time
    reason: Mapped[str] = mapped_column(String(20))
    rule_version: Mapped[int]
    amount: Mapped[int]  # points
    # The theme of what was learnt; 0 for none. Part of the hash when it is there.
    theme_id: Mapped[int] = mapped_column(default=0, server_default="0")
    source: Mapped[str] = mapped_column(String(LONGEST_SOURCE))
    occurred_at: Mapped[datetime]  # decides the day, the week and the month
    recorded_at: Mapped[datetime]
    note: Mapped[str] = mapped_column(String(LONGEST_NOTE), default="")
    corrects_seq: Mapped[int | None]  # the member's entry that this one corrects
    author_id: Mapped[int | None] = mapped_column(ForeignKey("member.id"))  # who corrected
    prev_hash: Mapped[str] = mapped_column(String(64))
    hash: Mapped[str] = mapped_column(String(64))


class Head(Base):
    """The end of one member's chain, sealed: shows when entries are cut off at the end."""

    __tablename__ = "ledger_head"

    member_id: Mapped[int] = mapped_column(ForeignKey("member.id"), primary_key=True)
    seq: Mapped[int]
    hash: Mapped[str] = mapped_column(String(64))
    seal: Mapped[str] = mapped_column(String(64))


# A migration copies these lines; `flask points verify` tells when one of them is missing.
# The third one for SQLite is there because INSERT OR REPLACE deletes without asking a trigger.
TRIGGERS = {
    "sqlite": (
        """CREATE TRIGGER ledger_entry_no_update BEFORE UPDATE ON ledger_entry
        BEGIN SELECT RAISE(ABORT, 'ledger entries are never changed'); END""",
        """CREATE TRIGGER ledger_entry_no_delete BEFORE DELETE ON ledger_entry
        BEGIN SELECT RAISE(ABORT, 'ledger entries are never deleted'); END""",
        """CREATE TRIGGER ledger_entry_no_replace BEFORE INSERT ON ledger_entry
        WHEN EXISTS (SELECT 1 FROM ledger_entry WHERE id = NEW.id)
          OR EXISTS (SELECT 1 FROM ledger_entry
                     WHERE member_id = NEW.member_id AND seq = NEW.seq)
          OR EXISTS (SELECT 1 FROM ledger_entry WHERE member_id = NEW.member_id
                     AND reason = NEW.reason AND source = NEW.source)
        BEGIN SELECT RAISE(ABORT, 'ledger entries are never replaced'); END""",
    ),
    "postgresql": (
        """CREATE OR REPLACE FUNCTION ledger_entry_is_final() RETURNS trigger AS $$
        BEGIN
          RAISE EXCEPTION 'ledger entries are never changed or deleted'
            USING ERRCODE = 'integrity_constraint_violation';
        END
        $$ LANGUAGE plpgsql""",
        """CREATE TRIGGER ledger_entry_no_update BEFORE UPDATE ON ledger_entry
        FOR EACH ROW EXECUTE FUNCTION ledger_entry_is_final()""",
        """CREATE TRIGGER ledger_entry_no_delete BEFORE DELETE ON ledger_entry
        FOR EACH ROW EXECUTE FUNCTION ledger_entry_is_final()""",
        """CREATE TRIGGER ledger_entry_no_truncate BEFORE TRUNCATE ON ledger_entry
        FOR EACH STATEMENT EXECUTE FUNCTION ledger_entry_is_final()""",
    ),
}
for _dialect, _statements in TRIGGERS.items():
    for _statement in _statements:
        event.listen(
            Entry.__table__,
            "after_create",
            DDL(_statement).execute_if(dialect=_dialect),  # type: ignore[no-untyped-call]
        )


class LedgerTheme(Base):
    """The name of a theme that entries can belong to, as the room of courses last told it; `titles`
    are those in other languages, by language."""

    __tablename__ = "ledger_theme"

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    title: Mapped[str] = mapped_column(String(200))
    titles: Mapped[dict[str, Any]] = mapped_column(default=dict)
