"""What an entry may hold, and what a correction may take."""

from __future__ import annotations

import re

from app.points.rules.refusals import NotANumberOfPoints, TakesTooMuch

LARGEST_AMOUNT = 10_000  # of one entry, in either direction
LONGEST_SOURCE = 120
LONGEST_NOTE = 300
CORRECTION = "correction"


def checked_amount(amount: object) -> int:
    """A whole number of points that an entry can hold; raises NotANumberOfPoints."""
    if type(amount) is not int or amount == 0 or abs(amount) > LARGEST_AMOUNT:
        raise NotANumberOfPoints(most=LARGEST_AMOUNT)
    return amount


def checked_correction(*, given: int, amount: object) -> int:
    """The amount of a correction of an entry that gave `given` points. One that gave none is taken
    back by 0."""
    if given == 0 and amount == 0 and type(amount) is int:
        return 0
    amount = checked_amount(amount)
    if given + amount < 0:
        raise TakesTooMuch(given=given)
    return amount


def one_line(text: str, limit: int = LONGEST_NOTE) -> str:
    """A remark as it is stored: one line without control characters, cut at `limit`."""
    return re.sub(r"[\s\x00-\x1f\x7f-\x9f]+", " ", text).strip()[:limit]
