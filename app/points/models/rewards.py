"""Tables of rewards: whether there are any, what is offered, and who has ordered what."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from app.core.db import Base
from app.points.rules import LONGEST_NOTE, LONGEST_REWARD


class RewardsChoice(Base):
    """A decision whether points can be spent; the newest one holds, and without any they cannot."""

    __tablename__ = "rewards_choice"

    id: Mapped[int] = mapped_column(primary_key=True)
    is_open: Mapped[bool]
    author_id: Mapped[int | None] = mapped_column(ForeignKey("member.id"))
    chosen_at: Mapped[datetime]


class Reward(Base):
    """One thing to be had for points by a branch with all below it; `stock` is what is left."""

    __tablename__ = "reward"
    __table_args__ = (
        CheckConstraint("stock >= 0", name="stock"),
        CheckConstraint("price > 0", name="price"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    branch_id: Mapped[int] = mapped_column(ForeignKey("branch.id"), index=True)
    title: Mapped[str] = mapped_column(String(LONGEST_REWARD))
    note: Mapped[str] = mapped_column(String(LONGEST_NOTE), default="")  # also where to get it
    price: Mapped[int]
    stock: Mapped[int]
    most_each: Mapped[int] = mapped_column(default=0)  # per member; 0: no limit
    author_id: Mapped[int] = mapped_column(ForeignKey("member.id"))
    changed_at: Mapped[datetime]
    withdrawn_at: Mapped[datetime | None]


class RewardOrder(Base):
    """One reward that a member has ordered, at the price of that moment.

    `key` comes from the form, so that pressing twice orders once.
    """

    __tablename__ = "reward_order"
    __table_args__ = (
        UniqueConstraint("member_id", "key"),
        CheckConstraint("state in ('open', 'handed', 'cancelled')", name="state"),
        Index("ix_reward_order_reward", "reward_id", "state"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    reward_id: Mapped[int] = mapped_column(ForeignKey("reward.id"))
    member_id: Mapped[int] = mapped_column(ForeignKey("member.id"))
    key: Mapped[str] = mapped_column(String(32))
    price: Mapped[int]
    state: Mapped[str] = mapped_column(String(10), default="open")
    ordered_at: Mapped[datetime]
    closed_at: Mapped[datetime | None]
    closed_by: Mapped[int | None] = mapped_column(ForeignKey("member.id"))
    reason: Mapped[str] = mapped_column(String(LONGEST_NOTE), default="")  # of a cancellation
