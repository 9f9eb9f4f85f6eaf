"""Tables of what there is to learn: themes, courses, their lessons and their quiz.

`titles` are {language: {"title": …, "text": …}}; see rules.titles and queries.saying.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from app.core.dated import keep_past
from app.core.db import Base


class Theme(Base):
    """One theme (专题) that holds courses; themes stand in the order of `position`."""

    __tablename__ = "theme"

    id: Mapped[int] = mapped_column(primary_key=True)
    slug: Mapped[str] = mapped_column(String(80), unique=True)
    title: Mapped[str] = mapped_column(String(120))
    description: Mapped[str] = mapped_column(Text, default="")
    titles: Mapped[dict[str, Any]] = mapped_column(default=dict)  # in other languages
    position: Mapped[int] = mapped_column(default=0)
    cover_image_id: Mapped[int | None] = mapped_column(ForeignKey("image.id"))


class Course(Base):
    """One micro-course, never longer than twenty minutes.

    `length_ms` is the sum of its lessons, kept here so that the database itself refuses more;
    `flask courses recount` rebuilds it. `revision` counts edits of the facts in this row.
    """

    __tablename__ = "course"
    __table_args__ = (
        CheckConstraint("length_ms between 0 and 1200000", name="length"),
        CheckConstraint("completion_percent between 50 and 100", name="completion"),
        CheckConstraint("pass_percent between 1 and 100", name="pass"),
        CheckConstraint("attempts_allowed between 0 and 100", name="attempts"),
        CheckConstraint("state in ('draft', 'published', 'withdrawn', 'removed')", name="state"),
        CheckConstraint("language in ('zh_Hans', 'zh_Hant', 'en')", name="language"),
        CheckConstraint("state != 'published' or published_at is not null", name="published"),
        Index("ix_course_state_published_at", "state", "published_at"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    slug: Mapped[str] = mapped_column(String(100), unique=True)
    theme_id: Mapped[int] = mapped_column(ForeignKey("theme.id"), index=True)
    author_id: Mapped[int] = mapped_column(ForeignKey("member.id"), index=True)
    title: Mapped[str] = mapped_column(String(120))
    summary: Mapped[str] = mapped_column(Text, default="")
    titles: Mapped[dict[str, Any]] = mapped_column(default=dict)  # in other languages
    language: Mapped[str] = mapped_column(String(10))
    state: Mapped[str] = mapped_column(String(10), default="draft")
    length_ms: Mapped[int] = mapped_column(default=0)
    completion_percent: Mapped[int] = mapped_column(default=90)
    pass_percent: Mapped[int] = mapped_column(default=60)
    attempts_allowed: Mapped[int] = mapped_column(default=0)  # 0: as often as one likes
    open_to_all: Mapped[bool] = mapped_column(default=True)  # else see course_branch
    cover_image_id: Mapped[int | None] = mapped_column(ForeignKey("image.id"))
    package_hash: Mapped[str] = mapped_column(String(64), default="")  # of the files it came from
    revision: Mapped[int] = mapped_column(default=1)
    created_at: Mapped[datetime]
    changed_at: Mapped[datetime]
    published_at: Mapped[datetime | None]  # the first time; a course published again keeps it


class CoursePast(Base):
    """What a course was called from a moment until another."""

    __tablename__ = "course_past"

    id: Mapped[int] = mapped_column(primary_key=True)
    course_id: Mapped[int] = mapped_column(ForeignKey("course.id"), index=True)
    title: Mapped[str] = mapped_column(String(120))
    since: Mapped[datetime]
    until: Mapped[datetime | None]


keep_past(Course, CoursePast, "course_id", ("title",))


class CourseBranch(Base):
    """One branch (with all below it) that a course is for."""

    __tablename__ = "course_branch"

    course_id: Mapped[int] = mapped_column(ForeignKey("course.id"), primary_key=True)
    branch_id: Mapped[int] = mapped_column(ForeignKey("branch.id"), primary_key=True, index=True)


class Lesson(Base):
    """One step of a course: a video, a recording, or a text to read.

    A removed lesson stays, because what members have watched points at it; it has no length.
    """

    __tablename__ = "lesson"
    __table_args__ = (
        CheckConstraint("kind in ('video', 'audio', 'reading')", name="kind"),
        CheckConstraint("(kind = 'reading') = (media_id is null)", name="media"),
        CheckConstraint("length_ms between 0 and 1200000", name="length"),
        Index("ix_lesson_course_id_position", "course_id", "position"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    course_id: Mapped[int] = mapped_column(ForeignKey("course.id"))
    kind: Mapped[str] = mapped_column(String(7))
    title: Mapped[str] = mapped_column(String(120))
    titles: Mapped[dict[str, Any]] = mapped_column(default=dict)  # in other languages; no "text"
    body: Mapped[str] = mapped_column(Text, default="")  # Markdown, of readings only
    media_id: Mapped[int | None] = mapped_column(ForeignKey("media.id"), index=True)
    length_ms: Mapped[int]
    position: Mapped[int]
    revision: Mapped[int] = mapped_column(default=1)  # counts edits, to notice a second window
    removed_at: Mapped[datetime | None]


class CourseQuestion(Base):
    """One question of a course's quiz; the bank keeps what it says."""

    __tablename__ = "course_question"

    course_id: Mapped[int] = mapped_column(ForeignKey("course.id"), primary_key=True)
    question_id: Mapped[int] = mapped_column(
        ForeignKey("question.id"), primary_key=True, index=True
    )
    position: Mapped[int]


class Checkpoint(Base):
    """One question that is asked inside a lesson, at a moment of its recording.

    Members go on when they have answered it; where it `counts`, when they have answered it right.
    """

    __tablename__ = "checkpoint"
    __table_args__ = (
        UniqueConstraint("lesson_id", "question_id"),
        CheckConstraint("at_ms between 0 and 1200000", name="moment"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    lesson_id: Mapped[int] = mapped_column(ForeignKey("lesson.id"))
    question_id: Mapped[int] = mapped_column(ForeignKey("question.id"), index=True)
    at_ms: Mapped[int]
    counts: Mapped[bool] = mapped_column(default=True)
