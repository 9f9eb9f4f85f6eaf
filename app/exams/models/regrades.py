"""Tables of regrades: what was marked anew, with what stood before, so that it can be undone."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, text
from sqlalchemy.orm import Mapped, mapped_column

from app.core.db import Base
from app.exams.models.attempts import Exact

_GOING = text("state in ('doing', 'undoing')")
_GOES_ON: dict[str, Any] = {"sqlite_where": _GOING, "postgresql_where": _GOING}


class Regrade(Base):
    """One decision about one question of an exam or quiz: its new key counts, or it is void.

    That of a quiz is done, and undone, in steps: attempts up to `reached_id` have had theirs.
    """

    __tablename__ = "regrade"
    __table_args__ = (
        CheckConstraint("action in ('new_key', 'full_marks', 'leave_out')", name="action"),
        CheckConstraint("(course_id is null) != (exam_id is null)", name="what"),
        CheckConstraint("state in ('doing', 'done', 'undoing', 'undone')", name="state"),
        Index("ix_regrade_exam_id", "exam_id"),
        # However many ask for it at once: one goes on in a course.
        Index("uq_regrade_going_on", "course_id", unique=True, **_GOES_ON),
        Index("ix_regrade_course_id", "course_id"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    exam_id: Mapped[int | None] = mapped_column(ForeignKey("exam.id"))
    course_id: Mapped[int | None] = mapped_column(ForeignKey("course.id"))
    question_id: Mapped[int] = mapped_column(ForeignKey("question.id"))
    action: Mapped[str] = mapped_column(String(10))
    state: Mapped[str] = mapped_column(String(7), default="done", server_default="done")
    # The version whose key counts: a later one is another decision. None: of before it was kept.
    version_id: Mapped[int | None] = mapped_column(ForeignKey("question_version.id"))
    until_id: Mapped[int] = mapped_column(default=0, server_default="0")  # the last attempt
    reached_id: Mapped[int] = mapped_column(default=0, server_default="0")
    to_do: Mapped[int] = mapped_column(default=0, server_default="0")  # attempts, and how many
    done: Mapped[int] = mapped_column(default=0, server_default="0")  # of them are done
    reason: Mapped[str] = mapped_column(String(300))
    author_id: Mapped[int] = mapped_column(ForeignKey("member.id"))
    done_at: Mapped[datetime]
    undone_by: Mapped[int | None] = mapped_column(ForeignKey("member.id"))
    undone_at: Mapped[datetime | None]


class RegradeItem(Base):
    """What one answer was worth before and after a regrade."""

    __tablename__ = "regrade_item"

    regrade_id: Mapped[int] = mapped_column(ForeignKey("regrade.id"), primary_key=True)
    item_id: Mapped[int] = mapped_column(ForeignKey("attempt_item.id"), primary_key=True)
    mark_before: Mapped[Decimal | None] = mapped_column(Exact)
    mark_after: Mapped[Decimal | None] = mapped_column(Exact)
    max_before: Mapped[Decimal] = mapped_column(Exact)
    max_after: Mapped[Decimal] = mapped_column(Exact)


class RegradeAttempt(Base):
    """What one attempt came to before and after a regrade."""

    __tablename__ = "regrade_attempt"

    regrade_id: Mapped[int] = mapped_column(ForeignKey("regrade.id"), primary_key=True)
    attempt_id: Mapped[int] = mapped_column(ForeignKey("attempt.id"), primary_key=True)
    score_before: Mapped[Decimal] = mapped_column(Exact)
    score_after: Mapped[Decimal] = mapped_column(Exact)
    out_of_before: Mapped[Decimal] = mapped_column(Exact)
    out_of_after: Mapped[Decimal] = mapped_column(Exact)
    passed_before: Mapped[bool | None]
    passed_after: Mapped[bool | None]
