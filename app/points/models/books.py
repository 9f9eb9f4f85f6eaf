"""Tables of rules: the books that were published, the draft of the next, and who is ranked."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import DDL, CheckConstraint, ForeignKey, String, event
from sqlalchemy.orm import Mapped, mapped_column

from app.core.db import Base
from app.points.rules import LONGEST_NOTE


class RuleBook(Base):
    """One published book of rules; entries name its number. Never changed: the next one replaces
    it from `valid_from` on, the beginning of a day. The book 1 is the one Weike comes with."""

    __tablename__ = "rule_book"
    __table_args__ = (CheckConstraint("number >= 2", name="number"),)

    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    valid_from: Mapped[datetime]
    body: Mapped[dict[str, Any]]
    note: Mapped[str] = mapped_column(String(LONGEST_NOTE), default="")  # what changed and why
    author_id: Mapped[int | None] = mapped_column(ForeignKey("member.id"))  # none: the operator
    published_at: Mapped[datetime]


class RuleDraft(Base):
    """The one draft of the next book; `revision` grows, so that two windows do not overwrite."""

    __tablename__ = "rule_draft"
    __table_args__ = (CheckConstraint("id = 1", name="one"),)

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    body: Mapped[dict[str, Any]]
    revision: Mapped[int] = mapped_column(default=1)
    author_id: Mapped[int | None] = mapped_column(ForeignKey("member.id"))
    changed_at: Mapped[datetime]


class RankingChoice(Base):
    """A decision about who sees members compared; the newest one holds."""

    __tablename__ = "ranking_choice"
    __table_args__ = (CheckConstraint("ranking in ('off', 'branch', 'everyone')", name="ranking"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    ranking: Mapped[str] = mapped_column(String(8))
    author_id: Mapped[int | None] = mapped_column(ForeignKey("member.id"))
    chosen_at: Mapped[datetime]


# A migration copies these lines.
BOOK_TRIGGERS = {
    "sqlite": (
        """CREATE TRIGGER rule_book_no_update BEFORE UPDATE ON rule_book
        BEGIN SELECT RAISE(ABORT, 'a published book of rules never changes'); END""",
        """CREATE TRIGGER rule_book_no_delete BEFORE DELETE ON rule_book
        BEGIN SELECT RAISE(ABORT, 'a published book of rules never changes'); END""",
    ),
    "postgresql": (
        """CREATE OR REPLACE FUNCTION rule_book_keeps() RETURNS trigger AS $$
        BEGIN
          RAISE EXCEPTION 'a published book of rules never changes'
            USING ERRCODE = 'integrity_constraint_violation';
        END
        $$ LANGUAGE plpgsql""",
        """CREATE TRIGGER rule_book_keeps BEFORE UPDATE OR DELETE ON rule_book
        FOR EACH ROW EXECUTE FUNCTION rule_book_keeps()""",
        """CREATE TRIGGER rule_book_no_truncate BEFORE TRUNCATE ON rule_book
        FOR EACH STATEMENT EXECUTE FUNCTION rule_book_keeps()""",
    ),
}
for _dialect, _statements in BOOK_TRIGGERS.items():
    for _statement in _statements:
        event.listen(
            RuleBook.__table__,
            "after_create",
            DDL(_statement).execute_if(dialect=_dialect),  # type: ignore[no-untyped-call]
        )
