"""Single choice: one option may be ticked, and its fraction is the mark."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from app.questions.rules import (
    Answering,
    BadFraction,
    NotAnAnswer,
    NotOneRight,
    plain_number,
    summed,
)
from app.questions.types import choices

KIND = "single"
ANSWERING = Answering.TICKS
BY_HAND = False
plain = choices.plain
options = choices.options
said = choices.said


def clean(body: dict[str, Any]) -> dict[str, Any]:
    """Exactly one option is worth 1; the others from 0 up to less than 1."""
    found = choices.clean(body)
    right = 0
    for option in found["options"]:
        worth = choices.fraction(option)
        if worth < 0:
            raise BadFraction(text=plain_number(worth))
        right += worth == 1
    if right != 1:
        raise NotOneRight(right=right)
    return found


def shown(body: dict[str, Any], order: list[str]) -> dict[str, Any]:
    return choices.shown(body, order, kind=KIND, many=False)


def understood(body: dict[str, Any], raw: object) -> list[str]:
    response = choices.understood(body, raw)
    if len(response) > 1:
        raise NotAnAnswer
    return response


def mark(body: dict[str, Any], response: list[str]) -> Decimal:
    """The fraction of the ticked option; blank is 0."""
    if len(response) > 1:
        return Decimal(0)
    return summed(choices.ticked(body, response))


def explained(body: dict[str, Any], response: list[str]) -> dict[str, Any]:
    return choices.explained(body, response, kind=KIND, mark=mark(body, response))
