"""Tables of exams: attempts at a course's quiz, with the paper that each was given."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Dialect,
    ForeignKey,
    Index,
    String,
    UniqueConstraint,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column
from sqlalchemy.types import TypeDecorator

from app.core.db import Base


class Exact(TypeDecorator[Decimal]):
    """A Decimal kept as text: SQLite would make a binary fraction of it."""

    impl = String(20)
    cache_ok = True

    def process_bind_param(self, value: Decimal | None, dialect: Dialect) -> str | None:
        return None if value is None else format(value, "f")

    def process_result_value(self, value: str | None, dialect: Dialect) -> Decimal | None:
        return None if value is None else Decimal(value)


class Attempt(Base):
    """One try of one member at the quiz of a course; open until it is submitted, then final.

    `seed` made the order of the options (and can make it again); `pass_percent` is that of the
    course when the attempt began. Score, receipt and the rest below are set at submission.
    """

    __tablename__ = "attempt"
    __table_args__ = (
        UniqueConstraint("member_id", "course_id", "number"),
        # Two tabs, or a button pressed twenty times, still make one open attempt.
        Index(
            "uq_attempt_open",
            "member_id",
            "course_id",
            unique=True,
            sqlite_where=text("state = 'open'"),
            postgresql_where=text("state = 'open'"),
        ),
        CheckConstraint("state in ('open', 'submitted')", name="state"),
        CheckConstraint(
            "(state = 'submitted') = (submitted_at is not null and score is not null"
            " and passed is not null and receipt is not null)",
            name="final",
        ),
        Index("ix_attempt_course", "course_id", "submitted_at"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    member_id: Mapped[int] = mapped_column(ForeignKey("member.id"))
    course_id: Mapped[int] = mapped_column(ForeignKey("course.id"))
    number: Mapped[int]  # 1, 2, 3 … of this member at this quiz
    state: Mapped[str] = mapped_column(String(10), default="open")
    seed: Mapped[int] = mapped_column(BigInteger)
    pass_percent: Mapped[int]
    questions: Mapped[int]  # how many, each worth 1
    started_at: Mapped[datetime]
    submitted_at: Mapped[datetime | None]
    score: Mapped[Decimal | None] = mapped_column(Exact)  # the sum of the marks of the items
    passed: Mapped[bool | None]
    receipt: Mapped[str | None] = mapped_column(String(12), unique=True)


class AttemptItem(Base):
    """One question of one attempt: the version it pins, its options as shown, and the answer.

    `options` is [[name, option id], …] in the order shown; the names are random for this attempt,
    so what one member sees tells another nothing. `response` is null until something was saved.
    """

    __tablename__ = "attempt_item"
    __table_args__ = (UniqueConstraint("attempt_id", "position"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    attempt_id: Mapped[int] = mapped_column(ForeignKey("attempt.id", ondelete="CASCADE"))
    position: Mapped[int]  # from 1
    version_id: Mapped[int] = mapped_column(ForeignKey("question_version.id"))
    options: Mapped[list[Any]]
    response: Mapped[list[Any] | None]  # option ids
    saved: Mapped[int] = mapped_column(default=0)  # how often the answer was changed
    saved_at: Mapped[datetime | None]
    mark: Mapped[Decimal | None] = mapped_column(Exact)  # 0 to 1, set at submission
