"""What can be done in practice: start, answer, open categories, play duels."""

from app.practice.service.duels import answer_duel, beat, begin, join, leave, settle
from app.practice.service.runs import answer, give_up, open_categories, start

__all__ = [
    "answer",
    "answer_duel",
    "beat",
    "begin",
    "give_up",
    "join",
    "leave",
    "open_categories",
    "settle",
    "start",
]
