"""Verbs about points: credit, correct, publish rules, seal days, make standings anew."""

from app.points.service.books import (
    choose_ranking,
    drop_draft,
    first_free_day,
    publish,
    save_draft,
    with_calendar_of,
)
from app.points.service.crediting import check_in, correct, credit, name_theme, take_back
from app.points.service.rebuilding import rebuild
from app.points.service.rewards import (
    cancel,
    change_offer,
    hand_over,
    offer,
    offer_again,
    open_rewards,
    order,
    withdraw_offer,
)
from app.points.service.sealing import seal_days

__all__ = [
    "cancel",
    "change_offer",
    "check_in",
    "choose_ranking",
    "correct",
    "credit",
    "drop_draft",
    "first_free_day",
    "hand_over",
    "name_theme",
    "offer",
    "offer_again",
    "open_rewards",
    "order",
    "publish",
    "rebuild",
    "save_draft",
    "seal_days",
    "take_back",
    "with_calendar_of",
    "withdraw_offer",
]
