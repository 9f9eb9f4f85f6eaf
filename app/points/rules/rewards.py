"""Points spent on rewards: entries of their own, which cost nobody a place on a leaderboard."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from flask_babel import lazy_gettext as _l

from app.core.refusals import Conflict, Refusal
from app.points.rules.corrections import LARGEST_AMOUNT, one_line

ORDERED, GIVEN_BACK = "reward", "reward_back"  # reasons of entries
SPENDING = (ORDERED, GIVEN_BACK)
LONGEST_REWARD = 120  # characters of its title
MOST_STOCK = 100_000
MOST_EACH = 1_000
LABELS: dict[str, Any] = {
    ORDERED: _l("Ordered a reward"),
    GIVEN_BACK: _l("Got points back for a reward"),
}


class OrderState(StrEnum):
    """Where an order is in its life."""

    OPEN = "open"  # waits to be picked up
    HANDED = "handed"
    CANCELLED = "cancelled"  # the points are given back


MOVES = {OrderState.OPEN: {OrderState.HANDED, OrderState.CANCELLED}}


class SoldOut(Conflict):
    """Nothing is left of a reward."""

    sentence = _l("Nothing is left of “%(title)s”.")


class PriceChanged(Conflict):
    """An order at a price that is not the price any more."""

    sentence = _l("“%(title)s” takes %(price)s points by now. Nothing was ordered.")


class TooFewPoints(Refusal):
    """An order that would take more than there is."""

    sentence = _l("That takes %(price)s points; you have %(balance)s to spend.")


class EnoughOfThat(Refusal):
    """More of a reward than one member may have."""

    sentence = _l("Every member can have %(most)s of “%(title)s”.")


class ClosedAlready(Conflict):
    """An order that was handed over or cancelled already."""

    sentence = _l("This order was closed already.")


class BadReward(Refusal):
    """A reward that cannot be offered; `where` names the field."""

    sentence = _l("This reward cannot be offered: %(reason)s")


class IsAReward(Refusal):
    """Orders are cancelled, not corrected."""

    sentence = _l("This entry belongs to a reward. Cancel the order instead.")


@dataclass(frozen=True)
class Offer:
    """A reward as it is offered: price in points; `most_each` 0 is no limit for one member."""

    title: str
    note: str
    price: int
    stock: int
    most_each: int


def checked_offer(*, title: str, note: str, price: int, stock: int, most_each: int) -> Offer:
    """A reward that can be offered. Raises BadReward."""
    title = " ".join(title.split())[:LONGEST_REWARD]
    if not title:
        raise BadReward(where="title", reason=_l("Give it a name."))
    for where, value, least, most in (
        ("price", price, 1, LARGEST_AMOUNT),
        ("stock", stock, 0, MOST_STOCK),
        ("most_each", most_each, 0, MOST_EACH),
    ):
        if not least <= value <= most:
            raise BadReward(
                where=where,
                reason=_l("A whole number from %(least)s to %(most)s.", least=least, most=most),
            )
    return Offer(title, one_line(note), price, stock, most_each)
