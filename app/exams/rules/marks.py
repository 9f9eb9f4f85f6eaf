"""What answers and papers are worth, and how a changed key is read by answers to the old one."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from decimal import ROUND_HALF_UP, Decimal
from enum import StrEnum

from flask_babel import lazy_gettext as _l

from app.core.refusals import Conflict, Refusal

_STEP = Decimal("0.00001")  # of a score; marks have five digits
_FINE = Decimal("0.000000000001")  # of a mark that a person gave in points


class Action(StrEnum):
    """What a regrade does with one question."""

    NEW_KEY = "new_key"
    FULL_MARKS = "full_marks"
    LEAVE_OUT = "leave_out"


ACTION_NAMES = {
    Action.NEW_KEY: _l("Mark by the key as it is now"),
    Action.FULL_MARKS: _l("Give everybody full marks"),
    Action.LEAVE_OUT: _l("Leave the question out"),
}


class NeedsAReason(Refusal):
    sentence = _l("Say in a few words why; it is kept.")


class MarkedAnewAlready(Conflict):
    """The same regrade is done; raised for whoever asks for it a second time."""

    sentence = _l(
        "This question has already been marked anew in this way. Nothing was done a second time."
    )


class MarkedAnewMeanwhile(Conflict):
    """What would change is not what was looked at any more."""

    sentence = _l(
        "Since you opened this page somebody has marked this exam anew, or undone it. "
        "Look at what would change now."
    )


class MarkedQuizMeanwhile(Conflict):
    """The same of a quiz."""

    sentence = _l(
        "Since you opened this page the key was changed, or the quiz was marked anew. "
        "Look at what would change now."
    )


class MarkingGoesOn(Conflict):
    """Another regrade of the same quiz is under way."""

    sentence = _l("This quiz is being marked anew just now. Wait until that is done.")


class NothingWouldChange(Refusal):
    sentence = _l("No mark would change, so nothing was done.")


def a_reason(text: str) -> str:
    """Why something is done, in one line. Raises NeedsAReason."""
    reason = " ".join(text.split())[:300]
    if not reason:
        raise NeedsAReason
    return reason


def points(mark: Decimal | None, max_mark: Decimal) -> Decimal:
    """The points for an answer: its mark (0 to 1, nothing for None) times the greatest mark."""
    return ((mark or Decimal(0)) * max_mark).quantize(_STEP, ROUND_HALF_UP).normalize() + 0


def score(items: Iterable[tuple[Decimal | None, Decimal]]) -> Decimal:
    """The points of a paper from (mark, greatest mark) of its questions; never below 0."""
    return max(Decimal(0), sum((points(m, most) for m, most in items), Decimal(0)))


def as_mark(given: Decimal, max_mark: Decimal) -> Decimal:
    """Points that a person gave as a mark; `points` gives the same points back."""
    return (given / max_mark).quantize(_FINE).normalize() + 0


def translated(
    response: Sequence[str], before: Sequence[str], after: Sequence[str]
) -> list[str] | None:
    """An answer to one version of a question as one to another.

    `before` and `after` are the ids of both versions in an order that makes them correspond.
    None when they do not, so that the answer cannot be read.
    """
    if len(before) != len(after):
        return None
    names: Mapping[str, str] = dict(zip(before, after, strict=True))
    found = []
    for part in response:
        name, equals, value = part.partition("=")
        if part in names:
            found.append(names[part])
        elif equals and name in names:
            found.append(f"{names[name]}={names.get(value, value)}")
        else:
            found.append(part)
    return found
