"""How a mark is shared out among right and wrong answers, and summed up again."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from decimal import Decimal

from app.questions.rules.kinds import Wrong

NEAR_ENOUGH = Decimal("0.01")  # how far right fractions may miss 1, as 3 × 0.333 does
_STEP = Decimal("0.00001")
_EQUAL = Decimal("0.01")  # what is nearer than one per cent to an equal share was written shortly
_MEANT = Decimal("0.0001")


def shares(number: int) -> list[Decimal]:
    """1 split into `number` nearly equal parts of five digits that sum to exactly 1."""
    if number < 1:
        return []
    part = (Decimal(1) / number).quantize(_STEP)
    return [Decimal(1) - part * (number - 1), *[part] * (number - 1)]


def fractions(right: Sequence[bool], wrong: Wrong) -> list[Decimal]:
    """Fractions of multiple choice options from what is right and what a wrong tick costs."""
    gives = iter(shares(sum(right)))
    costs = Decimal(-1) if wrong is Wrong.ALL or not any(right) else -min(shares(sum(right)))
    return [next(gives) if is_right else costs for is_right in right]


def wrong_of(given: Sequence[Decimal]) -> Wrong | None:
    """The inverse of `fractions`: what a wrong tick costs; None when they were set one by one."""
    right = [fraction > 0 for fraction in given]
    return next((wrong for wrong in Wrong if fractions(right, wrong) == list(given)), None)


def evened(given: Sequence[Decimal]) -> list[Decimal]:
    """Equal shares that somebody wrote shortly (33, 33.3 or 34 % of three) as what they mean.

    What is not equal, and what a wrong tick costs otherwise, stays as it is.
    """
    right = [fraction for fraction in given if fraction > 0]
    parts = shares(len(right))
    if len(parts) < 2 or any(abs(fraction - parts[1]) >= _EQUAL for fraction in right):
        return list(given)
    gives = iter(parts)
    cost = -min(parts)
    return [
        next(gives) if each > 0 else cost if each < 0 and abs(each - cost) < _EQUAL else each
        for each in given
    ]


def in_parts(total: Decimal, number: int) -> Decimal:
    """A sum of some of `number` equal shares without the crumbs of their digits: 0.66666 of three
    is two thirds, 0.66667, whichever two they are."""
    if number < 2:
        return total
    nearest = (total * number).to_integral_value() / number
    return nearest.quantize(_STEP) if abs(nearest - total) < _MEANT else total


def clamped(total: Decimal) -> Decimal:
    """A sum of fractions as a mark: never below 0 and never above 1."""
    return min(Decimal(1), max(Decimal(0), total))


def summed(fractions: Iterable[Decimal]) -> Decimal:
    """The mark for ticked fractions; nothing ticked is 0."""
    return clamped(sum(fractions, Decimal(0)))


def plain_number(value: Decimal) -> str:
    """A fraction as it is stored and exported: no exponent, no trailing zeros ("0.5", "-1")."""
    if value == 0:
        return "0"
    text = format(value, "f")
    return text.rstrip("0").rstrip(".") if "." in text else text
