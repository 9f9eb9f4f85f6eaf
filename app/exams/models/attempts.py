"""Tables of attempts, at a course's quiz or at an exam, with the paper that each was given."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import (
    JSON,
    BigInteger,
    CheckConstraint,
    Dialect,
    ForeignKey,
    Index,
    String,
    Text,
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


# A share from 0 to 1; the column is a text, which PostgreSQL does not compare with a number.
IS_SHARE = "cast(wrong_costs as numeric) between 0 and 1"
_OPEN = text("state = 'open'")
_OPEN_EXAM = text("state = 'open' and exam_id is not null")


class Attempt(Base):
    """One try of one member at the quiz of a course or at an exam; final once it is submitted.

    `seed` drew the questions and made the orders (and can do it again); `pass_percent` and
    `wrong_costs` are those of the quiz or exam when the attempt began. Score, receipt and the rest
    are set at submission; `passed` waits until people have marked what only people can (`waiting`
    items). A void attempt counts for nothing: a voided one, or one that was reopened and goes on in
    a later one.
    """

    __tablename__ = "attempt"
    __table_args__ = (
        UniqueConstraint("member_id", "course_id", "number"),
        UniqueConstraint("member_id", "exam_id", "number"),
        # Two tabs, or a button pressed twenty times, still make one open attempt.
        Index(
            *("uq_attempt_open", "member_id", "course_id"),
            unique=True,
            sqlite_where=_OPEN,
            postgresql_where=_OPEN,
        ),
        Index(
            *("uq_attempt_open_exam", "member_id", "exam_id"),
            unique=True,
            sqlite_where=_OPEN_EXAM,
            postgresql_where=_OPEN_EXAM,
        ),
        CheckConstraint("state in ('open', 'submitted', 'void')", name="state"),
        CheckConstraint("(course_id is null) != (exam_id is null)", name="what"),
        CheckConstraint(
            "(state != 'open' or submitted_at is null) and (state != 'submitted' or"
            " (submitted_at is not null and score is not null and receipt is not null"
            " and (passed is not null or waiting > 0)))",
            name="final",
        ),
        CheckConstraint(IS_SHARE, name="wrong_costs"),
        CheckConstraint("ended_by in ('', 'member', 'time', 'staff')", name="ended_by"),
        Index("ix_attempt_course", "course_id", "submitted_at"),
        Index("ix_attempt_exam", "exam_id", "state", "deadline_at"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    member_id: Mapped[int] = mapped_column(ForeignKey("member.id"))
    course_id: Mapped[int | None] = mapped_column(ForeignKey("course.id"))
    exam_id: Mapped[int | None] = mapped_column(ForeignKey("exam.id"))
    number: Mapped[int]  # 1, 2, 3 … of this member at this quiz or exam
    state: Mapped[str] = mapped_column(String(10), default="open")
    seed: Mapped[int] = mapped_column(BigInteger)
    pass_percent: Mapped[int]
    wrong_costs: Mapped[Decimal] = mapped_column(Exact, default=Decimal(0), server_default="0")
    questions: Mapped[int]  # how many
    out_of: Mapped[Decimal] = mapped_column(Exact)  # the sum of the greatest marks of the items
    started_at: Mapped[datetime]
    deadline_at: Mapped[datetime | None]  # the server's clock decides; None: no limit
    added_s: Mapped[int] = mapped_column(default=0)  # seconds that invigilators added
    heard_at: Mapped[datetime | None]  # the last request of its page
    address: Mapped[str] = mapped_column(String(45), default="")  # where it was last heard from
    # Which sign-in goes on with it, and when its page was opened: the page opened last may write.
    held_by: Mapped[str] = mapped_column(String(16), default="")
    held_since: Mapped[datetime | None]
    left: Mapped[int] = mapped_column(default=0)  # how often the page was left; advisory
    reached: Mapped[int] = mapped_column(default=1)  # the furthest position opened
    submitted_at: Mapped[datetime | None]
    ended_by: Mapped[str] = mapped_column(String(6), default="")
    waiting: Mapped[int] = mapped_column(default=0)  # items that a person must mark
    score: Mapped[Decimal | None] = mapped_column(Exact)  # the sum of mark × max_mark, or 0
    passed: Mapped[bool | None]
    changed_at: Mapped[datetime | None]  # when a regrade, or undoing one, last changed the score
    receipt: Mapped[str | None] = mapped_column(String(12), unique=True)
    goes_on_from: Mapped[int | None] = mapped_column(ForeignKey("attempt.id"))  # if reopened


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
    section: Mapped[int] = mapped_column(default=1)  # position of the exam's section
    version_id: Mapped[int] = mapped_column(ForeignKey("question_version.id"))
    options: Mapped[list[Any]]
    response: Mapped[Any | None] = mapped_column(JSON(none_as_null=True))  # as its type says
    saved: Mapped[int] = mapped_column(default=0)  # how often the answer was changed
    # Which opened page changed it last, and the how manieth thing of that page this was.
    page: Mapped[str] = mapped_column(String(16), default="", server_default="")
    turn: Mapped[int] = mapped_column(default=0, server_default="0")
    saved_at: Mapped[datetime | None]
    flagged: Mapped[bool] = mapped_column(default=False)  # the member wants to come back to it
    max_mark: Mapped[Decimal] = mapped_column(Exact, default=Decimal(1))
    mark: Mapped[Decimal | None] = mapped_column(Exact)  # -1 to 1; None until it is marked
    parts: Mapped[Any | None] = mapped_column(JSON(none_as_null=True))  # see GivenMark
    comment: Mapped[str] = mapped_column(Text, default="")  # of who marked it
    marked_by: Mapped[int | None] = mapped_column(ForeignKey("member.id"))
    marked_at: Mapped[datetime | None]


class Evidence(Base):
    """Answers that arrived and did not count: after the end, or older than what was kept.

    A sealed package was kept by a browser without a connection and brought later. Never marked;
    kept so that an organizer can decide, and so that no text is lost.
    """

    __tablename__ = "attempt_evidence"
    __table_args__ = (CheckConstraint("kind in ('late', 'stale', 'sealed')", name="kind"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    attempt_id: Mapped[int] = mapped_column(
        ForeignKey("attempt.id", ondelete="CASCADE"), index=True
    )
    kind: Mapped[str] = mapped_column(String(6))
    received_at: Mapped[datetime]
    answers: Mapped[dict[str, Any]]  # item id → what was sent
    told: Mapped[dict[str, Any]] = mapped_column(default=dict)  # what the device says about it
    counted_at: Mapped[datetime | None]  # an organizer decided that it counts after all
