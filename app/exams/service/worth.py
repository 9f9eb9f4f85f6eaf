"""What an answer is worth in its attempt, whoever marks it: the end, a regrade, kept answers."""

from __future__ import annotations

from decimal import Decimal

from app.exams import rules
from app.exams.models import Attempt
from app.questions import types
from app.questions.queries import Question, Wording


def mark_of(attempt: Attempt, question: Wording | Question, response: list[str]) -> Decimal:
    """What an answer is worth by the key, and by what a wrong one costs in its attempt."""
    return rules.with_cost(
        types.of(question.kind).mark(question.body, response),
        attempt.wrong_costs,
        is_guessed=question.kind in types.GUESSED,
        is_blank=not response,
    )
