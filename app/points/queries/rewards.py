"""Rewards: what a member can have for points, and what organizers have to hand over."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, func, select

from app.core.db import db
from app.core.refusals import NotThere
from app.members.models import Branch, Member
from app.members.rules import Reader, path_of
from app.points.models import Reward, RewardOrder, RewardsChoice
from app.points.queries.mine import balance
from app.points.rules import OrderState

OLD_ORDERS_SHOWN = 20


@dataclass(frozen=True)
class Item:
    """One reward. `had` is how many the reader has of it."""

    id: int
    title: str
    note: str
    price: int
    stock: int
    most_each: int
    branch_id: int
    branch: str
    had: int = 0
    waiting: int = 0  # orders that nobody has picked up

    @property
    def is_had(self) -> bool:
        """Whether the reader has all that one member may have."""
        return bool(self.most_each) and self.had >= self.most_each


@dataclass(frozen=True)
class Ordered:
    """One order, with who made it."""

    id: int
    title: str
    note: str
    price: int
    state: OrderState
    member_id: int
    member: str
    branch: str
    ordered_at: datetime
    closed_at: datetime | None
    reason: str


@dataclass(frozen=True)
class Shop:
    """What a member sees: what there is, what is left to spend, and the own orders."""

    balance: int
    items: Sequence[Item]
    orders: Sequence[Ordered]


def rewards_open() -> bool:
    """Whether points can be spent now; as Weike comes they cannot."""
    newest = select(RewardsChoice.is_open).order_by(RewardsChoice.id.desc()).limit(1)
    return bool(db.session().scalar(newest))


def shop(reader: Reader) -> Shop:
    """The rewards of the reader's branch and those above it, the cheapest first."""
    had: dict[int, int] = dict(
        db.session()
        .execute(
            select(RewardOrder.reward_id, func.count())
            .where(RewardOrder.member_id == reader.id, RewardOrder.state != OrderState.CANCELLED)
            .group_by(RewardOrder.reward_id)
        )
        .all()
    )
    rows = db.session().execute(
        _items().where(Reward.branch_id.in_(reader.branch_path)).order_by(Reward.price, Reward.id)
    )
    return Shop(
        balance=balance(reader.id),
        items=[_item(row, had=had.get(row.Reward.id, 0)) for row in rows],
        orders=_orders(RewardOrder.member_id == reader.id, newest_first=True),
    )


def own_order(reader: Reader, order_id: int) -> Ordered:
    """An order of the reader's. Raises NotThere."""
    found = _orders((RewardOrder.id == order_id) & (RewardOrder.member_id == reader.id))
    if not found:
        raise NotThere
    return found[0]


# --- the desk -------------------------------------------------------------------------------------


def desk_rewards(reader: Reader) -> list[Item]:
    """The rewards of the branches that the reader organizes, by name."""
    waiting: dict[int, int] = dict(
        db.session()
        .execute(
            select(RewardOrder.reward_id, func.count())
            .where(RewardOrder.state == OrderState.OPEN)
            .group_by(RewardOrder.reward_id)
        )
        .all()
    )
    rows = db.session().execute(_items().order_by(Reward.title, Reward.id))
    return [
        _item(row, waiting=waiting.get(row.Reward.id, 0))
        for row in rows
        if reader.may_organize(path_of(row.path))
    ]


def desk_reward(reader: Reader, reward_id: int) -> Item:
    """One of them. Raises NotThere."""
    found = next((each for each in desk_rewards(reader) if each.id == reward_id), None)
    if found is None:
        raise NotThere
    return found


def withdrawn_reward(reader: Reader, reward_id: int) -> str:
    """The title of a reward of the reader's branches that is offered no longer. Raises NotThere."""
    wanted = select(Reward.title, Branch.path).join(Branch, Branch.id == Reward.branch_id)
    found = (
        db.session()
        .execute(wanted.where(Reward.id == reward_id, Reward.withdrawn_at.is_not(None)))
        .one_or_none()
    )
    if found is None or not reader.may_organize(path_of(found.path)):
        raise NotThere
    title: str = found.title
    return title


def pick_up_list(reader: Reader) -> list[Ordered]:
    """Open orders that the reader may hand over, by branch and name: those of rewards of the
    reader's branches, whoever ordered them."""
    return _orders((RewardOrder.state == OrderState.OPEN) & _handed_by(reader))


def closed_orders(reader: Reader) -> list[Ordered]:
    """The last orders that were handed over or cancelled, the newest first."""
    closed = RewardOrder.state != OrderState.OPEN
    return _orders(closed & _handed_by(reader), newest_first=True)[:OLD_ORDERS_SHOWN]


def desk_order(reader: Reader, order_id: int) -> Ordered:
    """An order that the reader may close. Raises NotThere."""
    found = _orders((RewardOrder.id == order_id) & _handed_by(reader))
    if not found:
        raise NotThere
    return found[0]


def _handed_by(reader: Reader) -> ColumnElement[bool]:
    branches = db.session().execute(select(Branch.id, Branch.path)).all()
    mine = [row.id for row in branches if reader.may_organize(path_of(row.path))]
    return Reward.branch_id.in_(mine)


def _items() -> Select[Reward, str, str]:
    return (
        select(Reward, Branch.name.label("branch"), Branch.path)
        .join(Branch, Branch.id == Reward.branch_id)
        .where(Reward.withdrawn_at.is_(None))
    )


def _item(row: Any, *, had: int = 0, waiting: int = 0) -> Item:
    reward = row.Reward
    return Item(
        id=reward.id,
        title=reward.title,
        note=reward.note,
        price=reward.price,
        stock=reward.stock,
        most_each=reward.most_each,
        branch_id=reward.branch_id,
        branch=row.branch,
        had=had,
        waiting=waiting,
    )


def _orders(where: ColumnElement[bool], *, newest_first: bool = False) -> list[Ordered]:
    order = [RewardOrder.id.desc()] if newest_first else [Branch.path, Member.name, RewardOrder.id]
    rows = db.session().execute(
        select(RewardOrder, Reward.title, Reward.note, Member.name, Branch.name.label("branch"))
        .join(Reward, Reward.id == RewardOrder.reward_id)
        .join(Member, Member.id == RewardOrder.member_id)
        .join(Branch, Branch.id == Member.branch_id)
        .where(where)
        .order_by(*order)
    )
    return [
        Ordered(
            id=each.id,
            title=title,
            note=note,
            price=each.price,
            state=OrderState(each.state),
            member_id=each.member_id,
            member=name,
            branch=branch,
            ordered_at=each.ordered_at,
            closed_at=each.closed_at,
            reason=each.reason,
        )
        for each, title, note, name, branch in rows
    ]
