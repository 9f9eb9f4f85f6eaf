"""Reads of practice: what there is, how far one is, and tables of duels."""

from app.practice.queries.duels import (
    DuelView,
    Player,
    answers_of,
    duel_for,
    running_duel_of,
    seats_of,
)
from app.practice.queries.runs import (
    ItemView,
    Notebook,
    Pool,
    RunView,
    best_of,
    feedback,
    last_practised,
    notebook_of,
    open_item,
    opened_categories,
    pool_for,
    run_for,
    runs_of,
    wrong_items,
)

__all__ = [
    "DuelView",
    "ItemView",
    "Notebook",
    "Player",
    "Pool",
    "RunView",
    "answers_of",
    "best_of",
    "duel_for",
    "feedback",
    "last_practised",
    "notebook_of",
    "open_item",
    "opened_categories",
    "pool_for",
    "run_for",
    "running_duel_of",
    "runs_of",
    "seats_of",
    "wrong_items",
]
