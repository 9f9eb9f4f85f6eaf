"""Tables of marking by people: who may, every mark that was given, and what members say against."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import JSON, CheckConstraint, ForeignKey, Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from app.core.db import Base
from app.exams.models.attempts import Exact


class ExamMarker(Base):
    """One member who marks in an exam besides those who look after it."""

    __tablename__ = "exam_marker"

    exam_id: Mapped[int] = mapped_column(ForeignKey("exam.id"), primary_key=True)
    member_id: Mapped[int] = mapped_column(ForeignKey("member.id"), primary_key=True, index=True)


class GivenMark(Base):
    """One mark that a person gave for one answer; never changed. What counts stands at the answer.

    `saved` is how often the answer had been changed by then: a mark for another text is history.
    """

    __tablename__ = "given_mark"
    __table_args__ = (
        CheckConstraint(
            "kind in ('first', 'second', 'agreed', 'third', 'again', 'appeal')", name="kind"
        ),
        Index("ix_given_mark_item_id", "item_id", "id"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    item_id: Mapped[int] = mapped_column(ForeignKey("attempt_item.id", ondelete="CASCADE"))
    marker_id: Mapped[int] = mapped_column(ForeignKey("member.id"))
    kind: Mapped[str] = mapped_column(String(6))
    mark: Mapped[Decimal] = mapped_column(Exact)  # 0 to 1
    # Points for each criterion, as texts, where they were given one by one.
    parts: Mapped[Any | None] = mapped_column(JSON(none_as_null=True))
    comment: Mapped[str] = mapped_column(Text, default="")
    saved: Mapped[int]
    at: Mapped[datetime]


class Appeal(Base):
    """What a member says against the mark of one answer, and what another marker says to that."""

    __tablename__ = "appeal"
    __table_args__ = (
        CheckConstraint("state in ('open', 'upheld', 'kept')", name="state"),
        CheckConstraint("(state = 'open') = (answered_at is null)", name="answered"),
        Index("ix_appeal_exam_id_state", "exam_id", "state"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    exam_id: Mapped[int] = mapped_column(ForeignKey("exam.id"))
    item_id: Mapped[int] = mapped_column(
        ForeignKey("attempt_item.id", ondelete="CASCADE"), unique=True
    )
    text: Mapped[str] = mapped_column(Text)
    made_at: Mapped[datetime]
    state: Mapped[str] = mapped_column(String(6), default="open")
    answer: Mapped[str] = mapped_column(Text, default="")
    answered_by: Mapped[int | None] = mapped_column(ForeignKey("member.id"))
    answered_at: Mapped[datetime | None]
    mark_before: Mapped[Decimal] = mapped_column(Exact)
    mark_after: Mapped[Decimal | None] = mapped_column(Exact)
