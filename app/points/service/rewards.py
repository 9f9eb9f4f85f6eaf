"""Rewards: offer them, order them for points, hand them over or give the points back."""

from __future__ import annotations

from sqlalchemy import func, select, update

from app.core import clock
from app.core.db import db
from app.core.refusals import NotThere
from app.members import service as members
from app.members.rules.audit import Act, Changes, differences, facts
from app.points.models import Reward, RewardOrder, RewardsChoice
from app.points.queries import balance, book_at, rewards_open
from app.points.rules import (
    GIVEN_BACK,
    ORDERED,
    ClosedAlready,
    EnoughOfThat,
    Offer,
    OrderState,
    PriceChanged,
    SoldOut,
    TooFewPoints,
    one_line,
)
from app.points.rules.rewards import MOVES
from app.points.service.crediting import Owner, append, lock_chain


def open_rewards(is_open: bool, *, author_id: int) -> None:
    """Decide whether points can be spent. What is ordered can be handed over all the same."""
    changes = differences({"open": rewards_open()}, {"open": is_open})
    db.session().add(RewardsChoice(is_open=is_open, author_id=author_id, chosen_at=clock.now()))
    db.session().flush()
    if changes:
        members.record(Act.REWARDS_SWITCHED, changes=changes)


def offer(wish: Offer, *, branch_id: int, author_id: int) -> int:
    """Offer a reward to a branch with all below it; returns its id."""
    row = Reward(**vars(wish), branch_id=branch_id, author_id=author_id, changed_at=clock.now())
    db.session().add(row)
    db.session().flush()
    _record(Act.REWARD_OFFERED, row, facts(price=row.price, stock=row.stock))
    return row.id


def _seen(row: Reward) -> Changes:
    return {name: getattr(row, name) for name in ("title", "price", "stock", "most_each")}


def _record(act: Act, row: Reward, changes: Changes | None = None, *, was_in: int = 0) -> None:
    members.record(
        act,
        thing=("reward", row.id),
        name=row.title,
        branch_id=row.branch_id,
        other_branch_id=was_in or None,
        changes=changes,
    )


def change_offer(
    reward_id: int, wish: Offer, *, branch_id: int, stock_was: int | None = None
) -> int:
    """Another price, stock or word; orders keep the price they were made at. Returns the stock.

    `stock_was` is what the author of the wish had before their eyes: what was ordered since then
    stays taken. Raises NotThere.
    """
    row = _held(reward_id)
    left = wish.stock if stock_was is None else max(0, row.stock + wish.stock - stock_was)
    before, was_in = _seen(row), row.branch_id
    for name, value in vars(wish).items():
        setattr(row, name, value)
    row.stock, row.branch_id, row.changed_at = left, branch_id, clock.now()
    _record(Act.REWARD_CHANGED, row, differences(before, _seen(row)), was_in=was_in)
    return left


def withdraw_offer(reward_id: int) -> None:
    """Offer it no longer; what is ordered stays ordered. Raises NotThere."""
    row = _held(reward_id)
    row.withdrawn_at = clock.now()
    _record(Act.REWARD_WITHDRAWN, row)


def offer_again(reward_id: int) -> None:
    """Take a withdrawal back. Raises NotThere when it is offered."""
    row = db.session().get(Reward, reward_id, with_for_update=True, populate_existing=True)
    if row is None or row.withdrawn_at is None:
        raise NotThere
    row.withdrawn_at = None
    _record(Act.REWARD_OFFERED, row)


def order(reward_id: int, *, member_id: int, key: str, price: int) -> int:
    """Spend points on one reward; returns the id of the order. `price` is what the member saw.

    The same key again is the same order. Points and stock never fall below 0, however many ask at
    once: the member's chain is locked first, and the stock is taken only while there is some.
    Raises NotThere, PriceChanged, TooFewPoints, EnoughOfThat, SoldOut.
    """
    owner = lock_chain(member_id)
    session = db.session()
    known = session.scalar(
        select(RewardOrder.id).where(RewardOrder.member_id == member_id, RewardOrder.key == key)
    )
    if known is not None:
        return known
    # Held, so that neither its price nor whether it is offered changes before the end.
    row = session.get(Reward, reward_id, with_for_update=True, populate_existing=True)
    if row is None or row.withdrawn_at is not None or not rewards_open():
        raise NotThere
    if row.branch_id not in owner.branch_path:
        raise NotThere
    if row.price != price:
        raise PriceChanged(title=row.title, price=row.price)
    if row.most_each:
        had = session.scalar(
            select(func.count()).where(
                RewardOrder.member_id == member_id,
                RewardOrder.reward_id == reward_id,
                RewardOrder.state != OrderState.CANCELLED,
            )
        )
        if (had or 0) >= row.most_each:
            raise EnoughOfThat(most=row.most_each, title=row.title)
    left = balance(member_id)
    if left < row.price:
        raise TooFewPoints(price=row.price, balance=max(0, left))
    taken = session.execute(
        update(Reward)
        .where(Reward.id == reward_id, Reward.stock > 0)
        .values(stock=Reward.stock - 1)
        .returning(Reward.price)
        .execution_options(synchronize_session=False)
    ).scalar_one_or_none()
    if taken is None:
        raise SoldOut(title=row.title)
    found = RewardOrder(
        reward_id=reward_id,
        member_id=member_id,
        key=key,
        price=row.price,
        state=OrderState.OPEN,
        ordered_at=clock.now(),
    )
    session.add(found)
    session.flush()
    _enter(owner, found, reason=ORDERED, amount=-row.price, note=row.title)
    session.expire(row)
    return found.id


def hand_over(order_id: int, *, by: int) -> None:
    """Note that a reward was picked up. Raises ClosedAlready, NotThere."""
    _record_order(Act.REWARD_HANDED, _close(order_id, OrderState.HANDED, by))


def cancel(order_id: int, *, by: int, reason: str = "") -> None:
    """Give the points back, and the thing to the stock. Raises ClosedAlready, NotThere."""
    session = db.session()
    member_id = session.scalar(select(RewardOrder.member_id).where(RewardOrder.id == order_id))
    if member_id is None:
        raise NotThere
    owner = lock_chain(member_id)
    found = _close(order_id, OrderState.CANCELLED, by)
    found.reason = one_line(reason)
    if by != member_id:
        _record_order(Act.REWARD_REFUSED, found)
    session.execute(
        update(Reward)
        .where(Reward.id == found.reward_id)
        .values(stock=Reward.stock + 1)
        .execution_options(synchronize_session=False)
    )
    title = session.scalar(select(Reward.title).where(Reward.id == found.reward_id)) or ""
    note = f"{title} · {found.reason}" if found.reason else title
    _enter(owner, found, reason=GIVEN_BACK, amount=found.price, note=note)


def _record_order(act: Act, found: RewardOrder) -> None:
    reward = db.session().get_one(Reward, found.reward_id)
    members.record(
        act,
        member_id=found.member_id,
        thing=("order", found.id),
        other_branch_id=reward.branch_id,
        changes=facts(reward=reward.title, price=found.price),
    )


def _close(order_id: int, to: OrderState, by: int) -> RewardOrder:
    found = db.session().get(RewardOrder, order_id, with_for_update=True, populate_existing=True)
    if found is None:
        raise NotThere
    if to not in MOVES.get(OrderState(found.state), set()):
        raise ClosedAlready
    found.state, found.closed_at, found.closed_by = to, clock.now(), by
    db.session().flush()
    return found


def _enter(owner: Owner, found: RewardOrder, *, reason: str, amount: int, note: str) -> None:
    now = clock.now()
    append(
        owner,
        member_id=found.member_id,
        branch_id=owner.branch_id,
        reason=reason,
        rule_version=book_at(now).number,
        amount=amount,
        source=f"order:{found.id}",
        occurred_at=now,
        recorded_at=now,
        note=one_line(note),
        theme_id=0,
    )


def _held(reward_id: int) -> Reward:
    row = db.session().get(Reward, reward_id, with_for_update=True, populate_existing=True)
    if row is None or row.withdrawn_at is not None:
        raise NotThere
    return row
