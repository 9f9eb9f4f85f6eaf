"""How a mark is shared out among right and wrong answers, and summed up again."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from decimal import Decimal

from app.questions.rules.kinds import Wrong

NEAR_ENOUGH = Decimal("0.01")  # how far right fractions may miss 1, as 3 × 0.333 does
_STEP = Decimal("0.00001")


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
