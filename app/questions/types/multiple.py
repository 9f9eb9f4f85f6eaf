"""Multiple choice: any options may be ticked; the mark is the sum of their fractions, 0 to 1."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from app.questions.rules import (
    NEAR_ENOUGH,
    Answering,
    FractionsMissOne,
    NoneRight,
    clamped,
    evened,
    in_parts,
    plain_number,
)
from app.questions.types import choices

KIND = "multiple"
ANSWERING = Answering.TICKS
BY_HAND = False
plain = choices.plain
options = choices.options
said = choices.said
understood = choices.understood


def clean(body: dict[str, Any]) -> dict[str, Any]:
    """Right options are worth 1 together; wrong ones cost from 0 to 1.

    Thirds do not end (3 × 0.33): what is missing to 1, or over it, goes to the first right one.
    """
    found = choices.clean(body)
    right = [o for o in found["options"] if choices.fraction(o) > 0]
    if not right:
        raise NoneRight
    total = sum((choices.fraction(o) for o in right), Decimal(0))
    if abs(total - 1) > NEAR_ENOUGH:
        raise FractionsMissOne(total=plain_number(100 * total))
    right[0]["fraction"] = plain_number(choices.fraction(right[0]) + 1 - total)
    equal = evened([choices.fraction(option) for option in found["options"]])
    for option, worth in zip(found["options"], equal, strict=True):
        option["fraction"] = plain_number(worth)
    return found


def shown(body: dict[str, Any], order: list[str]) -> dict[str, Any]:
    return choices.shown(body, order, kind=KIND, many=True)


def mark(body: dict[str, Any], response: list[str]) -> Decimal:
    """The sum of the ticked fractions, clamped to 0…1; blank is 0."""
    worths = evened([choices.fraction(option) for option in body["options"]])
    ticked = {option["id"] for option in body["options"]} & set(response)
    total = sum(
        (w for o, w in zip(body["options"], worths, strict=True) if o["id"] in ticked), Decimal(0)
    )
    return clamped(in_parts(total, sum(worth > 0 for worth in worths)))


def explained(body: dict[str, Any], response: list[str]) -> dict[str, Any]:
    return choices.explained(body, response, kind=KIND, mark=mark(body, response))
