"""Tables of exams: settings, the paper or its blueprint, who may, and what invigilators did."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import (
    DDL,
    CheckConstraint,
    ForeignKey,
    Index,
    String,
    Text,
    UniqueConstraint,
    event,
    false,
)
from sqlalchemy.orm import Mapped, mapped_column

from app.core.db import Base
from app.exams.models.attempts import IS_SHARE, Exact

_RELEASE = "in ('at_once', 'after_close', 'never')"


class Exam(Base):
    """One exam. Once published, its paper is fixed; settings can still be corrected."""

    __tablename__ = "exam"
    __table_args__ = (
        CheckConstraint("state in ('draft', 'published', 'withdrawn')", name="state"),
        CheckConstraint("state = 'draft' or published_at is not null", name="published"),
        CheckConstraint("pass_percent between 1 and 100", name="pass"),
        CheckConstraint(IS_SHARE, name="wrong_costs"),
        CheckConstraint("attempts_allowed between 0 and 100", name="attempts"),
        CheckConstraint("duration_s is null or duration_s between 60 and 86400", name="duration"),
        CheckConstraint("grace_s between 0 and 3600", name="grace"),
        CheckConstraint("delay_s between 0 and 31536000", name="delay"),
        CheckConstraint("counting in ('highest', 'first', 'last')", name="counting"),
        CheckConstraint(
            "closes_at is null or opens_at is null or closes_at > opens_at", name="window"
        ),
        CheckConstraint(f"show_score {_RELEASE}", name="show_score"),
        CheckConstraint(f"show_answers {_RELEASE}", name="show_answers"),
        CheckConstraint(f"show_explanations {_RELEASE}", name="show_explanations"),
        CheckConstraint("for_role in ('', 'trainer', 'organizer')", name="for_role"),
        CheckConstraint("apart_percent between 0 and 100", name="apart"),
        CheckConstraint("appeal_days between 0 and 365", name="appeal_days"),
        Index("ix_exam_state_opens_at", "state", "opens_at"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    author_id: Mapped[int] = mapped_column(ForeignKey("member.id"), index=True)
    title: Mapped[str] = mapped_column(String(120))
    instructions: Mapped[str] = mapped_column(Text, default="")  # Markdown
    state: Mapped[str] = mapped_column(String(10), default="draft")
    opens_at: Mapped[datetime | None]
    last_start_at: Mapped[datetime | None]
    closes_at: Mapped[datetime | None]
    duration_s: Mapped[int | None] = mapped_column(default=3600)
    grace_s: Mapped[int] = mapped_column(default=60)  # for what is under way at the end
    attempts_allowed: Mapped[int] = mapped_column(default=1)  # 0: as often as one likes
    delay_s: Mapped[int] = mapped_column(default=0)  # between two attempts
    counting: Mapped[str] = mapped_column(String(8), default="highest")
    pass_percent: Mapped[int] = mapped_column(default=60)
    # The share of its points that a wrong answer costs where it may be guessed (types.GUESSED).
    wrong_costs: Mapped[Decimal] = mapped_column(Exact, default=Decimal(0), server_default="0")
    shuffle_sections: Mapped[bool] = mapped_column(default=False, server_default=false())
    shuffle_questions: Mapped[bool] = mapped_column(default=True)
    shuffle_options: Mapped[bool] = mapped_column(default=True)
    one_by_one: Mapped[bool] = mapped_column(default=True)
    no_going_back: Mapped[bool] = mapped_column(default=False)
    show_score: Mapped[str] = mapped_column(String(11), default="at_once")
    show_answers: Mapped[str] = mapped_column(String(11), default="after_close")
    show_explanations: Mapped[str] = mapped_column(String(11), default="after_close")
    # Read aloud in the room to let people begin; not a secret of a person, so kept as it is.
    password: Mapped[str] = mapped_column(String(60), default="")
    open_to_all: Mapped[bool] = mapped_column(default=True)  # else see exam_branch
    for_role: Mapped[str] = mapped_column(String(10), default="")  # "": whatever one's role
    networks: Mapped[str] = mapped_column(String(1000), default="")  # 10.1.0.0/16 …; "": anywhere
    safe_keys: Mapped[str] = mapped_column(String(2000), default="")  # of the Safe Exam Browser
    full_screen: Mapped[bool] = mapped_column(default=False)  # asked for, never enforced
    # No course, recording or practice tells what is right in its questions while it is open.
    seals: Mapped[bool] = mapped_column(default=True, server_default=false())
    watermark: Mapped[bool] = mapped_column(default=False)  # the taker's name behind the paper
    makes_up_for: Mapped[int | None] = mapped_column(ForeignKey("exam.id"), index=True)
    # Two people mark what only people can mark; a greater difference is settled by a person.
    second_marking: Mapped[bool] = mapped_column(default=False)
    apart_percent: Mapped[int] = mapped_column(default=10)  # of an answer's greatest mark
    appeal_days: Mapped[int] = mapped_column(default=7)  # after the marks are known; 0: none
    paused_at: Mapped[datetime | None]  # since when all clocks of this exam stand still
    revision: Mapped[int] = mapped_column(default=1)
    created_at: Mapped[datetime]
    changed_at: Mapped[datetime]
    published_at: Mapped[datetime | None]


class ExamBranch(Base):
    """One branch (with all below it) that an exam is for."""

    __tablename__ = "exam_branch"

    exam_id: Mapped[int] = mapped_column(ForeignKey("exam.id"), primary_key=True)
    branch_id: Mapped[int] = mapped_column(ForeignKey("branch.id"), primary_key=True, index=True)


class ExamSeat(Base):
    """One member who may take an exam by name, with the place where they sit."""

    __tablename__ = "exam_seat"

    exam_id: Mapped[int] = mapped_column(ForeignKey("exam.id"), primary_key=True)
    member_id: Mapped[int] = mapped_column(ForeignKey("member.id"), primary_key=True, index=True)
    place: Mapped[str] = mapped_column(String(40), default="")


class ExamCourse(Base):
    """One course that must be finished before the exam can be started."""

    __tablename__ = "exam_course"

    exam_id: Mapped[int] = mapped_column(ForeignKey("exam.id"), primary_key=True)
    course_id: Mapped[int] = mapped_column(ForeignKey("course.id"), primary_key=True, index=True)


class ExamSection(Base):
    """One part of a paper with a heading of its own."""

    __tablename__ = "exam_section"
    __table_args__ = (Index("ix_exam_section_exam_id_position", "exam_id", "position"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    exam_id: Mapped[int] = mapped_column(ForeignKey("exam.id"))
    position: Mapped[int]
    title: Mapped[str] = mapped_column(String(120))


class ExamSlot(Base):
    """A place in a section: one fixed question, or a draw of `number` questions out of the bank.

    What a draw may choose from is frozen into `pool` when the exam is published, as
    [[question id, expected mark 0 to 1], …]; with an attempt's seed it gives the same paper again.
    What shares a text with others has the number of that text as a third entry: they stand together
    however the texts are corrected later. Exams published before this was kept have none.
    """

    __tablename__ = "exam_slot"
    __table_args__ = (
        CheckConstraint("number between 1 and 500", name="number"),
        CheckConstraint("question_id is null or number = 1", name="fixed"),
        Index("ix_exam_slot_section_id_position", "section_id", "position"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    section_id: Mapped[int] = mapped_column(ForeignKey("exam_section.id"))
    position: Mapped[int]
    question_id: Mapped[int | None] = mapped_column(ForeignKey("question.id"), index=True)
    number: Mapped[int] = mapped_column(default=1)
    kind: Mapped[str] = mapped_column(String(20), default="")  # "" stands for any
    tag: Mapped[str] = mapped_column(String(60), default="")
    category: Mapped[str] = mapped_column(String(120), default="")
    difficulty: Mapped[int | None]
    language: Mapped[str] = mapped_column(String(3), default="", server_default="")  # "" is any
    mark: Mapped[Decimal] = mapped_column(Exact, default=Decimal(1))  # of each question
    pool: Mapped[list[Any]] = mapped_column(default=list)


class Accommodation(Base):
    """What one member gets besides, in every exam (`exam_id` null) or in one."""

    __tablename__ = "accommodation"
    __table_args__ = (
        UniqueConstraint("member_id", "exam_id"),
        CheckConstraint("extra_percent between 0 and 300", name="percent"),
        CheckConstraint("extra_attempts between 0 and 100", name="attempts"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    member_id: Mapped[int] = mapped_column(ForeignKey("member.id"))
    exam_id: Mapped[int | None] = mapped_column(ForeignKey("exam.id"), index=True)
    extra_percent: Mapped[int] = mapped_column(default=0)  # of the exam's duration
    extra_attempts: Mapped[int] = mapped_column(default=0)
    large_type: Mapped[bool] = mapped_column(default=False)
    reason: Mapped[str] = mapped_column(String(300), default="")
    set_by: Mapped[int] = mapped_column(ForeignKey("member.id"))
    set_at: Mapped[datetime]


class ExamMessage(Base):
    """Something the invigilator says to everybody, or to the taker of one attempt."""

    __tablename__ = "exam_message"

    id: Mapped[int] = mapped_column(primary_key=True)
    exam_id: Mapped[int] = mapped_column(ForeignKey("exam.id"), index=True)
    attempt_id: Mapped[int | None] = mapped_column(ForeignKey("attempt.id"))
    text: Mapped[str] = mapped_column(String(500))
    author_id: Mapped[int] = mapped_column(ForeignKey("member.id"))
    sent_at: Mapped[datetime]


class ExamEvent(Base):
    """One act of a person, or of the clock, in an exam; never changed and never removed."""

    __tablename__ = "exam_event"
    __table_args__ = (Index("ix_exam_event_exam_id", "exam_id", "id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    exam_id: Mapped[int] = mapped_column(ForeignKey("exam.id"))
    attempt_id: Mapped[int | None] = mapped_column(ForeignKey("attempt.id"))
    actor_id: Mapped[int | None] = mapped_column(ForeignKey("member.id"))  # None: the clock
    act: Mapped[str] = mapped_column(String(20))
    facts: Mapped[dict[str, Any]]
    at: Mapped[datetime]


_REFUSE_SQLITE = """
CREATE TRIGGER exam_event_keeps_{verb} BEFORE {verb} ON exam_event
BEGIN SELECT RAISE(ABORT, 'what happened in an exam is never changed'); END
"""
_REFUSE_POSTGRESQL = (
    """
CREATE OR REPLACE FUNCTION exam_event_keeps() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN RAISE EXCEPTION 'what happened in an exam is never changed'; END $$
""",
    """
CREATE TRIGGER exam_event_keeps BEFORE UPDATE OR DELETE ON exam_event
FOR EACH ROW EXECUTE FUNCTION exam_event_keeps()
""",
)
for _verb in ("UPDATE", "DELETE"):
    event.listen(
        ExamEvent.__table__,
        "after_create",
        DDL(_REFUSE_SQLITE.format(verb=_verb)).execute_if(  # type: ignore[no-untyped-call]
            dialect="sqlite"
        ),
    )
for _statement in _REFUSE_POSTGRESQL:
    event.listen(
        ExamEvent.__table__,
        "after_create",
        DDL(_statement).execute_if(dialect="postgresql"),  # type: ignore[no-untyped-call]
    )
