"""Table of papers on paper: the files that somebody asked for, until they are swept."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from app.core.db import Base


class Printout(Base):
    """One file of a printed paper, for whoever asked for it; made by the worker, kept for a day.

    It is the paper of a letter, of an attempt, or of all letters at once (then there is neither).
    """

    __tablename__ = "exam_printout"
    __table_args__ = (
        CheckConstraint("part in ('paper', 'sheet', 'key', 'all')", name="part"),
        CheckConstraint("ending in ('pdf', 'docx')", name="ending"),
        CheckConstraint("letter = '' or attempt_id is null", name="whose"),
        Index("ix_exam_printout_exam_id_member_id", "exam_id", "member_id"),
        Index("ix_exam_printout_asked_at", "asked_at"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    exam_id: Mapped[int] = mapped_column(ForeignKey("exam.id"))
    attempt_id: Mapped[int | None] = mapped_column(ForeignKey("attempt.id"))
    letter: Mapped[str] = mapped_column(String(1), default="")
    part: Mapped[str] = mapped_column(String(5))
    ending: Mapped[str] = mapped_column(String(4))  # of "all" what the files in the ZIP are
    language: Mapped[str] = mapped_column(String(10))  # of the words that are ours
    member_id: Mapped[int] = mapped_column(ForeignKey("member.id"))
    token: Mapped[str] = mapped_column(String(32), unique=True)  # names the file
    # A job is forgotten when it is a week old.
    job_id: Mapped[int | None] = mapped_column(ForeignKey("job.id", ondelete="SET NULL"))
    asked_at: Mapped[datetime]
    made_at: Mapped[datetime | None]
    size: Mapped[int] = mapped_column(default=0)  # bytes
