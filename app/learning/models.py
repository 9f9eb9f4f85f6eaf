"""Tables of learning: what was reported (visits) apart from what is known by it (progress)."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    ForeignKey,
    Index,
    String,
    UniqueConstraint,
    false,
)
from sqlalchemy.orm import Mapped, mapped_column

from app.core.db import Base


class Visit(Base):
    """One opening of a lesson on one device; it brings reports, each with a token good once.

    `length_ms`, `needed_ms` and `speed` are those of the lesson when the visit was opened.
    """

    __tablename__ = "visit"
    __table_args__ = (
        CheckConstraint("seq >= 0", name="seq"),
        CheckConstraint("credited_ms >= 0", name="credited"),
        Index("ix_visit_member_lesson", "member_id", "lesson_id"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    member_id: Mapped[int] = mapped_column(ForeignKey("member.id"))
    lesson_id: Mapped[int] = mapped_column(ForeignKey("lesson.id"), index=True)
    course_id: Mapped[int] = mapped_column(ForeignKey("course.id"))
    device: Mapped[str] = mapped_column(String(120), default="")
    length_ms: Mapped[int]
    needed_ms: Mapped[int]
    needs_end: Mapped[bool]
    speed: Mapped[int]  # the highest, per cent of the clock
    started_at: Mapped[datetime]
    heard_at: Mapped[datetime]  # when the last report came
    seq: Mapped[int] = mapped_column(default=0)  # of the next report
    token: Mapped[str] = mapped_column(String(32))  # of the next report
    credited_ms: Mapped[int] = mapped_column(default=0)
    trims: Mapped[int] = mapped_column(default=0)
    flagged_at: Mapped[datetime | None]  # three reports in a row claimed too much
    in_order: Mapped[bool] = mapped_column(default=False)  # these two: as the course asked then
    alone: Mapped[bool] = mapped_column(default=False)
    check_at: Mapped[datetime | None]  # when the member is asked next whether they are there
    asked_at: Mapped[datetime | None]  # when they were asked, until they answer


class TrimmedReport(Base):
    """One report that claimed more than the clock allowed: what it claimed, and what it got."""

    __tablename__ = "trimmed_report"

    id: Mapped[int] = mapped_column(primary_key=True)
    visit_id: Mapped[int] = mapped_column(ForeignKey("visit.id"), index=True)
    seq: Mapped[int]
    reported_at: Mapped[datetime]
    claimed_ms: Mapped[int]
    credited_ms: Mapped[int]
    reason: Mapped[str] = mapped_column(String(10))
    kept: Mapped[bool]
    spans: Mapped[list[Any]]  # [from, to, speed] as reported


class WatchBudget(Base):
    """What one account may still earn, over all its visits and devices; see rules.Budget."""

    __tablename__ = "watch_budget"
    __table_args__ = (CheckConstraint("live_ms >= 0 and whole_ms >= 0", name="never_overdrawn"),)

    member_id: Mapped[int] = mapped_column(ForeignKey("member.id"), primary_key=True)
    live_ms: Mapped[int]
    whole_ms: Mapped[int]
    counted_at: Mapped[int] = mapped_column(BigInteger)  # ms since 1970
    trims_in_a_row: Mapped[int] = mapped_column(default=0)
    visit_id: Mapped[int | None]  # the visit opened last, on whichever device


class LessonProgress(Base):
    """What one member has seen of one lesson: the union of spans, which only grows."""

    __tablename__ = "lesson_progress"
    __table_args__ = (
        UniqueConstraint("member_id", "lesson_id"),
        CheckConstraint("seen_ms >= 0", name="seen"),
        Index("ix_lesson_progress_course_member", "course_id", "member_id"),
        Index("ix_lesson_progress_member_heard", "member_id", "heard_at"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    member_id: Mapped[int] = mapped_column(ForeignKey("member.id"))
    lesson_id: Mapped[int] = mapped_column(ForeignKey("lesson.id"), index=True)
    course_id: Mapped[int] = mapped_column(ForeignKey("course.id"))
    spans: Mapped[list[Any]] = mapped_column(default=list)  # [[from_ms, to_ms], …], merged
    seen_ms: Mapped[int] = mapped_column(default=0)  # the measure of `spans`
    length_ms: Mapped[int]  # what `seen_ms` is a part of
    position_ms: Mapped[int] = mapped_column(default=0)
    end_reached: Mapped[bool] = mapped_column(default=False)  # of a text
    again: Mapped[list[Any] | None]  # like `spans`: what was played once more
    started_at: Mapped[datetime]
    heard_at: Mapped[datetime]
    completed_at: Mapped[datetime | None]


class CourseProgress(Base):
    """Facts about one member in one course: when the quiz was passed, when all of it was done.

    `known_at` is when `completed_at` was written down: essays are marked days after they were
    handed in, and a report of a day before must stay as it was.
    """

    __tablename__ = "course_progress"
    __table_args__ = (
        UniqueConstraint("member_id", "course_id"),
        Index("ix_course_progress_course", "course_id", "completed_at"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    member_id: Mapped[int] = mapped_column(ForeignKey("member.id"))
    course_id: Mapped[int] = mapped_column(ForeignKey("course.id"))
    started_at: Mapped[datetime]
    quiz_passed_at: Mapped[datetime | None]
    completed_at: Mapped[datetime | None]
    known_at: Mapped[datetime | None]  # none: as soon as it was completed


class CompletionUndone(Base):
    """A course that counted as done from a moment until another, when its quiz was marked anew."""

    __tablename__ = "completion_undone"
    __table_args__ = (Index("ix_completion_undone_member", "member_id", "course_id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    member_id: Mapped[int] = mapped_column(ForeignKey("member.id"))
    course_id: Mapped[int] = mapped_column(ForeignKey("course.id"))
    completed_at: Mapped[datetime]
    known_at: Mapped[datetime | None]  # as in CourseProgress
    undone_at: Mapped[datetime]


class Watching(Base):
    """How strictly one course is watched; a course without a row asks for none of it."""

    __tablename__ = "course_watching"

    course_id: Mapped[int] = mapped_column(ForeignKey("course.id"), primary_key=True)
    in_order: Mapped[bool] = mapped_column(default=False)  # no jump ahead before it is complete
    presence: Mapped[bool] = mapped_column(default=False)  # asks now and then who is there
    alone: Mapped[bool] = mapped_column(default=False)  # nothing else counts at the same time


class CourseNeed(Base):
    """One course that has to be done before another may be begun."""

    __tablename__ = "course_need"
    __table_args__ = (CheckConstraint("course_id != needs_id", name="not_itself"),)

    course_id: Mapped[int] = mapped_column(ForeignKey("course.id"), primary_key=True)
    needs_id: Mapped[int] = mapped_column(ForeignKey("course.id"), primary_key=True, index=True)


class LearningPath(Base):
    """Courses in an order, for a branch with all below it; done when the last of them is."""

    __tablename__ = "learning_path"
    __table_args__ = (
        CheckConstraint("state in ('draft', 'published', 'withdrawn')", name="state"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    title: Mapped[str] = mapped_column(String(120))
    summary: Mapped[str] = mapped_column(String(600), default="")
    titles: Mapped[dict[str, Any]] = mapped_column(default=dict)  # see courses.rules.titles
    branch_id: Mapped[int] = mapped_column(ForeignKey("branch.id"), index=True)
    author_id: Mapped[int] = mapped_column(ForeignKey("member.id"))
    state: Mapped[str] = mapped_column(String(10), default="draft")
    created_at: Mapped[datetime]
    changed_at: Mapped[datetime]


class PathStep(Base):
    """One course of a learning path; positions count from 1."""

    __tablename__ = "path_step"

    path_id: Mapped[int] = mapped_column(ForeignKey("learning_path.id"), primary_key=True)
    course_id: Mapped[int] = mapped_column(ForeignKey("course.id"), primary_key=True, index=True)
    position: Mapped[int]


class PathDone(Base):
    """A member had done every course of a learning path; courses added later do not undo it."""

    __tablename__ = "path_done"

    path_id: Mapped[int] = mapped_column(ForeignKey("learning_path.id"), primary_key=True)
    member_id: Mapped[int] = mapped_column(ForeignKey("member.id"), primary_key=True, index=True)
    done_at: Mapped[datetime]


class Assignment(Base):
    """A course, or all courses of a theme or a learning path, that a branch (with all below it)
    has to do by a day."""

    __tablename__ = "assignment"
    __table_args__ = (
        CheckConstraint(
            "(case when course_id is null then 0 else 1 end)"
            " + (case when theme_id is null then 0 else 1 end)"
            " + (case when path_id is null then 0 else 1 end) = 1",
            name="one_thing",
        ),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    branch_id: Mapped[int] = mapped_column(ForeignKey("branch.id"), index=True)
    course_id: Mapped[int | None] = mapped_column(ForeignKey("course.id"), index=True)
    theme_id: Mapped[int | None] = mapped_column(ForeignKey("theme.id"), index=True)
    path_id: Mapped[int | None] = mapped_column(ForeignKey("learning_path.id"), index=True)
    due_on: Mapped[date]  # the last day, by the organisation's clock
    note: Mapped[str] = mapped_column(String(300), default="")
    author_id: Mapped[int] = mapped_column(ForeignKey("member.id"))
    created_at: Mapped[datetime]
    withdrawn_at: Mapped[datetime | None]


class Relief(Base):
    """What one member is granted of an assignment, and why: to be exempt, or a later day."""

    __tablename__ = "assignment_relief"
    __table_args__ = (
        UniqueConstraint("assignment_id", "member_id", "created_at"),
        Index("ix_assignment_relief_member", "member_id", "assignment_id"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    assignment_id: Mapped[int] = mapped_column(ForeignKey("assignment.id"))
    member_id: Mapped[int] = mapped_column(ForeignKey("member.id"))
    due_on: Mapped[date | None]  # None: exempt
    reason: Mapped[str] = mapped_column(String(300))
    author_id: Mapped[int] = mapped_column(ForeignKey("member.id"))
    created_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]  # taken back, or replaced by another one


class CheckpointAnswer(Base):
    """One answer of a member to a question inside a recording; every try is a row of its own."""

    __tablename__ = "checkpoint_answer"
    __table_args__ = (Index("ix_checkpoint_answer_member", "member_id", "checkpoint_id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    member_id: Mapped[int] = mapped_column(ForeignKey("member.id"))
    checkpoint_id: Mapped[int | None] = mapped_column(
        ForeignKey("checkpoint.id", ondelete="SET NULL"), index=True
    )
    version_id: Mapped[int] = mapped_column(ForeignKey("question_version.id"))
    response: Mapped[list[Any]]  # as questions.types.read returns it
    right: Mapped[bool]
    # What it was worth was not told, so that the member goes on either way.
    sealed: Mapped[bool] = mapped_column(default=False, server_default=false())
    answered_at: Mapped[datetime]
