"""Tables of discussions: questions with their answers, and what was reported."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from app.core.db import Base


class Post(Base):
    """A question below a lesson, or an answer to one (`question_id`). Rows are never removed:
    what its author withdrew, or a trainer or organizer hid, is not shown."""

    __tablename__ = "discussion_post"
    __table_args__ = (
        CheckConstraint("helpful_at is null or question_id is not null", name="helpful"),
        CheckConstraint("helpful_by is null or helpful_by <> author_id", name="by_others"),
        Index("ix_discussion_post_lesson", "lesson_id", "question_id", "id"),
        Index("ix_discussion_post_author", "author_id", "created_at"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    lesson_id: Mapped[int] = mapped_column(ForeignKey("lesson.id"))
    question_id: Mapped[int | None] = mapped_column(ForeignKey("discussion_post.id"), index=True)
    author_id: Mapped[int] = mapped_column(ForeignKey("member.id"))
    body: Mapped[str] = mapped_column(Text)
    quote: Mapped[str] = mapped_column(Text, default="")
    source: Mapped[str] = mapped_column(String(400), default="")  # the page of the quotation
    created_at: Mapped[datetime]
    withdrawn_at: Mapped[datetime | None]  # by its author
    hidden_at: Mapped[datetime | None]
    hidden_by: Mapped[int | None] = mapped_column(ForeignKey("member.id"))
    hidden_why: Mapped[str] = mapped_column(String(300), default="")
    helpful_at: Mapped[datetime | None]
    helpful_by: Mapped[int | None] = mapped_column(ForeignKey("member.id"))


class PostReport(Base):
    """One member says that a post should be looked at."""

    __tablename__ = "discussion_report"
    __table_args__ = (UniqueConstraint("post_id", "member_id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    post_id: Mapped[int] = mapped_column(ForeignKey("discussion_post.id"))
    member_id: Mapped[int] = mapped_column(ForeignKey("member.id"))
    reason: Mapped[str] = mapped_column(String(300), default="")
    created_at: Mapped[datetime]
    settled_at: Mapped[datetime | None] = mapped_column(index=True)
