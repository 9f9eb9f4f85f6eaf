"""Tables of the question bank: a question, and its versions that never change."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import DDL, CheckConstraint, ForeignKey, String, Text, UniqueConstraint, event
from sqlalchemy.orm import Mapped, mapped_column

from app.core.db import Base


class Question(Base):
    """One question of the bank; what it says stands in its newest version."""

    __tablename__ = "question"
    __table_args__ = (CheckConstraint("kind in ('single', 'multiple', 'truefalse')", name="kind"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(String(12))
    author_id: Mapped[int] = mapped_column(ForeignKey("member.id"), index=True)
    created_at: Mapped[datetime]


class QuestionVersion(Base):
    """What a question said from one moment on; attempts point here, so a row never changes."""

    __tablename__ = "question_version"
    __table_args__ = (
        UniqueConstraint("question_id", "number"),
        CheckConstraint("number >= 1", name="number"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    question_id: Mapped[int] = mapped_column(ForeignKey("question.id"))
    number: Mapped[int]  # 1, 2, 3 … within the question
    body: Mapped[dict[str, Any]]  # as the type's clean() returns it
    said: Mapped[str] = mapped_column(Text)  # stem and options, folded, for finding it
    author_id: Mapped[int] = mapped_column(ForeignKey("member.id"))
    created_at: Mapped[datetime]


_REFUSE_SQLITE = """
CREATE TRIGGER question_version_keeps_{verb} BEFORE {verb} ON question_version
BEGIN SELECT RAISE(ABORT, 'a version of a question never changes'); END
"""
_REFUSE_POSTGRESQL = (
    """
CREATE OR REPLACE FUNCTION question_version_keeps() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN RAISE EXCEPTION 'a version of a question never changes'; END $$
""",
    """
CREATE TRIGGER question_version_keeps BEFORE UPDATE OR DELETE ON question_version
FOR EACH ROW EXECUTE FUNCTION question_version_keeps()
""",
)
for _verb in ("UPDATE", "DELETE"):
    event.listen(
        QuestionVersion.__table__,
        "after_create",
        DDL(_REFUSE_SQLITE.format(verb=_verb)).execute_if(  # type: ignore[no-untyped-call]
            dialect="sqlite"
        ),
    )
for _statement in _REFUSE_POSTGRESQL:
    event.listen(
        QuestionVersion.__table__,
        "after_create",
        DDL(_statement).execute_if(dialect="postgresql"),  # type: ignore[no-untyped-call]
    )
