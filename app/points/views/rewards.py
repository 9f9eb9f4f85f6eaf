"""Rewards: what members can have for points, and the list of those who hand them over."""

from __future__ import annotations

import re
import secrets

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import ngettext

from app.core.access import access
from app.core.errors import status_of
from app.core.limits import limited
from app.core.pages import offer_undo
from app.core.refusals import NotThere, Refusal
from app.members.access import ORGANIZER, SIGNED_IN, reader
from app.members.queries import branch_choices, root_branch
from app.members.rules import Reader
from app.points import queries, service
from app.points.forms import CancelForm, RewardForm
from app.points.rules import BadReward, OrderState, checked_offer
from app.points.views.door import bp

_KEY, _PRICE = re.compile(r"[0-9a-f]{32}"), re.compile(r"[0-9]{1,9}")


@bp.get("/points/rewards")
@access(SIGNED_IN)
def rewards() -> str:
    return _shop()


def _shop(refused: str = "") -> str:
    is_open, shop = queries.rewards_open(), queries.shop(reader())
    if not is_open and not shop.orders:
        raise NotThere
    return render_template(
        "points/rewards.html",
        shop=shop,
        is_open=is_open,
        refused=refused,
        key=secrets.token_hex(16),
    )


@bp.post("/points/rewards/<int:reward_id>/order")
@access(SIGNED_IN)
@limited("orders of rewards", most=60, seconds=60)
def order_reward(reward_id: int) -> ResponseReturnValue:
    key, price = request.form.get("key", ""), request.form.get("price", "")
    if not _KEY.fullmatch(key) or not _PRICE.fullmatch(price):
        raise NotThere
    try:
        order_id = service.order(reward_id, member_id=reader().id, key=key, price=int(price))
    except NotThere:
        raise
    except Refusal as refusal:
        return _shop(str(refusal)), status_of(refusal)
    offer_undo(
        _("It is ordered. Its note says where you pick it up."),
        url_for("points.cancel_order", order_id=order_id),
    )
    return redirect(url_for("points.rewards"), 303)


@bp.post("/points/orders/<int:order_id>/cancel")
@access(SIGNED_IN)
def cancel_order(order_id: int) -> ResponseReturnValue:
    queries.own_order(reader(), order_id)
    try:
        service.cancel(order_id, by=reader().id)
    except Refusal as refusal:
        return _shop(str(refusal)), status_of(refusal)
    flash(_("The order is cancelled, and the points are yours again."))
    return redirect(url_for("points.rewards"), 303)


# --- the desk -------------------------------------------------------------------------------------


def _may_open(me: Reader) -> bool:
    """Whether there are rewards is decided for the whole organisation."""
    root = root_branch()
    return root is not None and me.may_organize(root.path_ids)


@bp.get("/organizer/rewards")
@access(ORGANIZER)
def desk_rewards() -> str:
    me = reader()
    return render_template(
        "points/desk_rewards.html",
        items=queries.desk_rewards(me),
        waiting=queries.pick_up_list(me),
        closed=queries.closed_orders(me),
        is_open=queries.rewards_open(),
        may_open=_may_open(me),
    )


@bp.post("/organizer/rewards/open")
@access(ORGANIZER)
def open_rewards() -> ResponseReturnValue:
    me = reader()
    if not _may_open(me):
        raise NotThere
    opens = request.form.get("open") == "yes"
    service.open_rewards(opens, author_id=me.id)
    offer_undo(
        _("Saved. This holds from now on.")
        if opens
        else _("Members see no rewards now. What is ordered can still be handed over."),
        url_for("points.open_rewards"),
        open="no" if opens else "yes",
    )
    return redirect(url_for("points.desk_rewards"), 303)


def _sheet(form: RewardForm, item: queries.Item | None) -> str:
    form.branch.choices = branch_choices(reader())
    return render_template("points/reward.html", form=form, item=item)


@bp.get("/organizer/rewards/new")
@access(ORGANIZER)
def new_reward() -> str:
    return _sheet(RewardForm(formdata=None), None)


@bp.post("/organizer/rewards/new")
@access(ORGANIZER)
def make_reward() -> ResponseReturnValue:
    return _save(None)


@bp.get("/organizer/rewards/<int:reward_id>")
@access(ORGANIZER)
def reward(reward_id: int) -> str:
    item = queries.desk_reward(reader(), reward_id)
    form = RewardForm(
        formdata=None,
        title=item.title,
        note=item.note,
        branch=item.branch_id,
        price=item.price,
        stock=item.stock,
        stock_was=item.stock,
        most_each=item.most_each,
    )
    return _sheet(form, item)


@bp.post("/organizer/rewards/<int:reward_id>")
@access(ORGANIZER)
def edit_reward(reward_id: int) -> ResponseReturnValue:
    return _save(queries.desk_reward(reader(), reward_id))


def _save(item: queries.Item | None) -> ResponseReturnValue:
    form, me = RewardForm(), reader()
    form.branch.choices = branch_choices(me)
    if not form.validate():
        return _sheet(form, item), 422
    try:
        wish = checked_offer(
            title=form.title.data or "",
            note=form.note.data or "",
            price=form.price.data or 0,
            stock=form.stock.data or 0,
            most_each=form.most_each.data or 0,
        )
    except BadReward as refusal:
        form[refusal.where].errors = [str(refusal.reason)]
        return _sheet(form, item), status_of(refusal)
    if item is None:
        service.offer(wish, branch_id=form.branch.data, author_id=me.id)
        flash(_("Saved."))
        return redirect(url_for("points.desk_rewards"), 303)
    left = service.change_offer(
        item.id, wish, branch_id=form.branch.data, stock_was=form.stock_was.data
    )
    if left == wish.stock:
        flash(_("Saved."))
    else:
        flash(
            ngettext(
                "Saved. The stock changed meanwhile: %(num)s is left.",
                "Saved. The stock changed meanwhile: %(num)s are left.",
                left,
            )
        )
    return redirect(url_for("points.desk_rewards"), 303)


@bp.post("/organizer/rewards/<int:reward_id>/withdraw")
@access(ORGANIZER)
def withdraw_reward(reward_id: int) -> ResponseReturnValue:
    item = queries.desk_reward(reader(), reward_id)
    service.withdraw_offer(reward_id)
    offer_undo(
        _("“%(title)s” is no longer offered.", title=item.title),
        url_for("points.offer_again", reward_id=reward_id),
    )
    return redirect(url_for("points.desk_rewards"), 303)


@bp.post("/organizer/rewards/<int:reward_id>/again")
@access(ORGANIZER)
def offer_again(reward_id: int) -> ResponseReturnValue:
    title = queries.withdrawn_reward(reader(), reward_id)
    service.offer_again(reward_id)
    flash(_("“%(title)s” is offered again.", title=title))
    return redirect(url_for("points.desk_rewards"), 303)


@bp.post("/organizer/orders/<int:order_id>/hand-over")
@access(ORGANIZER)
def hand_over(order_id: int) -> ResponseReturnValue:
    found = queries.desk_order(reader(), order_id)
    try:
        service.hand_over(order_id, by=reader().id)
    except Refusal as refusal:
        flash(str(refusal), "bad")
    else:
        flash(_("Handed over to %(name)s.", name=found.member), "good")
    return redirect(url_for("points.desk_rewards"), 303)


def _open_order(order_id: int) -> queries.Ordered:
    found = queries.desk_order(reader(), order_id)
    if found.state is not OrderState.OPEN:
        raise NotThere
    return found


@bp.get("/organizer/orders/<int:order_id>")
@access(ORGANIZER)
def desk_order(order_id: int) -> str:
    found = _open_order(order_id)
    return render_template("points/order.html", order=found, form=CancelForm(formdata=None))


@bp.post("/organizer/orders/<int:order_id>")
@access(ORGANIZER)
def refuse_order(order_id: int) -> ResponseReturnValue:
    found, form = _open_order(order_id), CancelForm()
    if not form.validate():
        return render_template("points/order.html", order=found, form=form), 422
    service.cancel(order_id, by=reader().id, reason=form.reason.data or "")
    flash(_("The order is cancelled, and the points went back."))
    return redirect(url_for("points.desk_rewards"), 303)
