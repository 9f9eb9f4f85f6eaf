"""Decisions about attempts: how often, in which order, and what a score is."""

from __future__ import annotations

import random
from collections.abc import Iterable, Sequence
from decimal import ROUND_CEILING, ROUND_HALF_UP, Decimal

from flask_babel import lazy_gettext as _l

from app.core.refusals import Conflict, Refusal, TooMuch

_RECEIPT = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ"  # nothing that reads like something else
_NAMES = "abcdefghjkmnpqrstuvwxyz23456789"


class NoQuiz(Refusal):
    """The course has no questions."""

    sentence = _l("This course has no quiz.")


class NoAttemptsLeft(Refusal):
    """The course allows a number of attempts, and they are used."""

    sentence = _l("You have used all %(allowed)s attempts at this quiz.")


class NotOfThisPaper(Refusal):
    """An answer to a question that is not in this attempt, or an option that is not in it."""

    sentence = _l(
        "An answer does not belong to this quiz. Reload the page; your saved answers are kept."
    )


class TooManyFields(TooMuch):
    """More than any paper has."""

    sentence = _l(
        "This has more answers than any paper. Reload the page; your saved answers are kept."
    )


class SavedElsewhere(Conflict):
    """Another window holds a newer answer."""

    sentence = _l(
        "A newer answer was saved in another window. Reload the page to see it. "
        "What was written here is kept as well."
    )


class AlreadySubmitted(Conflict):
    """The attempt is final."""

    sentence = _l("This attempt has been submitted; nothing can be changed in it.")


class OnlyAPreview(Refusal):
    """A course that is not published has no attempts."""

    sentence = _l("This is a preview: the quiz opens when the course is published.")


def attempts_left(allowed: int, used: int) -> int | None:
    """How many more attempts may be started; None when there is no limit (`allowed` is 0)."""
    return None if allowed == 0 else max(0, allowed - used)


def shuffled(
    seed: int, position: int, option_ids: Sequence[str], *, shuffle: bool = True
) -> list[tuple[str, str]]:
    """The options of one question as an attempt shows them: (name, option id).

    Order and names follow from the attempt's seed and the position alone, so a paper can be made
    again. Names are random and say nothing about the option; without `shuffle` the order is the
    author's.
    """
    chance = random.Random(f"weike/paper/1/{seed}/{position}")  # noqa: S311 - the seed is secret
    order = list(option_ids)
    if shuffle:
        chance.shuffle(order)
    names: list[str] = []
    while len(names) < len(order):
        name = "".join(chance.choice(_NAMES) for _ in range(6))
        if name not in names:
            names.append(name)
    return list(zip(names, order, strict=True))


def receipt(random_number: int) -> str:
    """A receipt code like “7K3F-9QMX-2H” of 50 random bits."""
    letters = []
    for _ in range(10):
        random_number, letter = divmod(random_number, len(_RECEIPT))
        letters.append(_RECEIPT[letter])
    code = "".join(letters)
    return f"{code[:4]}-{code[4:8]}-{code[8:]}"


def total(marks: Iterable[Decimal]) -> Decimal:
    """The score: the exact sum of marks from 0 to 1."""
    return sum(marks, Decimal(0))


def is_passed(score: Decimal, out_of: Decimal | int, pass_percent: int) -> bool:
    """Whether a score reaches the pass mark; compared exactly, before any rounding."""
    return out_of > 0 and score * 100 >= pass_percent * out_of


def least_points(out_of: Decimal, pass_percent: int) -> Decimal:
    """The fewest points that pass. Points go in hundredths, as far as `points` rounds them."""
    exact = max(Decimal(0), out_of) * pass_percent / 100
    return exact.quantize(Decimal("0.01"), ROUND_CEILING).normalize() + 0


def percent_of(score: Decimal, out_of: Decimal | int) -> int:
    """A score as people read it, rounded half up. Only for show: `is_passed` decides.

    A score just below the pass mark is rounded down, so that no page says “60 %, not passed”.
    """
    if out_of <= 0:
        return 0
    return int((score * 100 / out_of).quantize(Decimal(1), ROUND_HALF_UP))


def shown_percent(score: Decimal, out_of: Decimal | int, pass_percent: int) -> int:
    """`percent_of`, but never the pass mark when it was missed."""
    found = percent_of(score, out_of)
    if not is_passed(score, out_of, pass_percent):
        found = min(found, pass_percent - 1)
    return max(0, found)
