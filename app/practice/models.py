"""Tables of practice: runs and their questions, the notebook, open categories, duels."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import (
    JSON,
    BigInteger,
    CheckConstraint,
    ForeignKey,
    Index,
    String,
    UniqueConstraint,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from app.core.db import Base

_OPEN = text("state = 'open'")


class PracticeCategory(Base):
    """One folder of the bank (with all below it) that members may practise."""

    __tablename__ = "practice_category"

    category_id: Mapped[int] = mapped_column(
        ForeignKey("question_category.id", ondelete="CASCADE"), primary_key=True
    )
    opened_by: Mapped[int] = mapped_column(ForeignKey("member.id"))
    opened_at: Mapped[datetime]


class PracticeRun(Base):
    """One member's practice of some questions; `queue` holds their ids in order.

    `key` names what can be done once ("daily:2026-11-27").
    """

    __tablename__ = "practice_run"
    __table_args__ = (
        UniqueConstraint("member_id", "key"),
        Index(
            *("uq_practice_run_open", "member_id", "mode"),
            unique=True,
            sqlite_where=_OPEN,
            postgresql_where=_OPEN,
        ),
        CheckConstraint("state in ('open', 'done')", name="state"),
        CheckConstraint(
            "mode in ('theme', 'category', 'notebook', 'daily', 'weekly', 'challenge', 'sprint')",
            name="mode",
        ),
        CheckConstraint("(state = 'done') = (ended_at is not null)", name="ended"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    member_id: Mapped[int] = mapped_column(ForeignKey("member.id"))
    mode: Mapped[str] = mapped_column(String(9))
    key: Mapped[str | None] = mapped_column(String(40))
    title: Mapped[str] = mapped_column(String(120), default="")  # of the theme or category
    queue: Mapped[list[Any]]
    state: Mapped[str] = mapped_column(String(4), default="open")
    answered: Mapped[int] = mapped_column(default=0)
    right: Mapped[int] = mapped_column(default=0)
    points: Mapped[int] = mapped_column(default=0)
    started_at: Mapped[datetime]
    deadline_at: Mapped[datetime | None]  # of a sprint
    ended_at: Mapped[datetime | None]


class PracticeItem(Base):
    """One question of a run, made when it is asked; answered once and never changed afterwards.

    `options` is [[name, id], …] as shown; `mark` is 0 to 100, null until it is answered.
    """

    __tablename__ = "practice_item"
    __table_args__ = (
        UniqueConstraint("run_id", "position"),
        CheckConstraint("(mark is null) = (answered_at is null)", name="answered"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    run_id: Mapped[int] = mapped_column(ForeignKey("practice_run.id", ondelete="CASCADE"))
    position: Mapped[int]
    version_id: Mapped[int] = mapped_column(ForeignKey("question_version.id"))
    options: Mapped[list[Any]]
    response: Mapped[Any | None] = mapped_column(JSON(none_as_null=True))
    mark: Mapped[int | None]
    asked_at: Mapped[datetime]
    answered_at: Mapped[datetime | None]


class NotebookEntry(Base):
    """One question that a member had wrong, and how far it is on its way out."""

    __tablename__ = "practice_notebook"
    __table_args__ = (Index("ix_practice_notebook_due", "member_id", "out", "due_at"),)

    member_id: Mapped[int] = mapped_column(ForeignKey("member.id"), primary_key=True)
    question_id: Mapped[int] = mapped_column(
        ForeignKey("question.id", ondelete="CASCADE"), primary_key=True
    )
    spaced: Mapped[int] = mapped_column(default=0)  # right answers after a pause, of three
    due_at: Mapped[datetime]
    out: Mapped[bool] = mapped_column(default=False)
    wrong: Mapped[int] = mapped_column(default=0)  # how often
    seen_at: Mapped[datetime]


class Duel(Base):
    """A game of two or four seats over the same five questions.

    `questions` is [[version id, [[name, id], …]], …], drawn when it begins. Where it is at any
    moment follows from `starts_at`, the answers and who was there: see rules.moment.
    """

    __tablename__ = "practice_duel"
    __table_args__ = (CheckConstraint("size in (2, 4)", name="size"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    size: Mapped[int]
    seed: Mapped[int] = mapped_column(BigInteger)
    # Of the players (zh, en), or "any" when they read different ones.
    language: Mapped[str] = mapped_column(String(3), default="any", server_default="any")
    pool: Mapped[list[Any]]  # question ids that everybody at the table may practise
    questions: Mapped[list[Any]] = mapped_column(default=list)
    created_at: Mapped[datetime]
    starts_at: Mapped[datetime | None] = mapped_column(index=True)
    settled: Mapped[bool] = mapped_column(default=False)  # points were given


class DuelSeat(Base):
    """One player of a duel; the bot is a seat without a member."""

    __tablename__ = "practice_duel_seat"
    __table_args__ = (UniqueConstraint("duel_id", "member_id"),)

    duel_id: Mapped[int] = mapped_column(
        ForeignKey("practice_duel.id", ondelete="CASCADE"), primary_key=True
    )
    seat: Mapped[int] = mapped_column(primary_key=True)
    member_id: Mapped[int | None] = mapped_column(ForeignKey("member.id"), index=True)


class DuelStretch(Base):
    """A time during which a player was at the table; `until` moves on while they are there."""

    __tablename__ = "practice_duel_stretch"

    duel_id: Mapped[int] = mapped_column(
        ForeignKey("practice_duel.id", ondelete="CASCADE"), primary_key=True
    )
    seat: Mapped[int] = mapped_column(primary_key=True)
    since: Mapped[datetime] = mapped_column(primary_key=True)
    until: Mapped[datetime]


class DuelAnswer(Base):
    """One answer of one seat; the bot's are made beforehand, with a moment in the future."""

    __tablename__ = "practice_duel_answer"

    duel_id: Mapped[int] = mapped_column(
        ForeignKey("practice_duel.id", ondelete="CASCADE"), primary_key=True
    )
    seat: Mapped[int] = mapped_column(primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True)
    response: Mapped[list[Any]]
    right: Mapped[bool]
    answered_at: Mapped[datetime]
