"""What answers and papers are worth, and how a changed key is read by answers to the old one."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from enum import StrEnum
from typing import Any

from flask_babel import lazy_gettext as _l

from app.core.refusals import Conflict, Refusal
from app.exams.rules.exams import BadExam

_STEP = Decimal("0.00001")  # of a score; marks have five digits
_FINE = Decimal("0.000000000001")  # of a mark that a person gave in points

# What a wrong answer may cost: the share of the question's points, and how it is said.
COST_NAMES = {
    Decimal(0): _l("nothing"),
    Decimal("0.1"): _l("a tenth"),
    Decimal("0.2"): _l("a fifth"),
    Decimal("0.25"): _l("a quarter"),
    (Decimal(1) / 3).quantize(_FINE): _l("a third"),
    Decimal("0.5"): _l("half"),
    Decimal(1): _l("all"),
}


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


class BadCost(BadExam):
    sentence = _l("A wrong answer costs from nothing to all of the points of its question.")


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
    """The points for an answer: its mark (-1 to 1, nothing for None) times the greatest mark."""
    return ((mark or Decimal(0)) * max_mark).quantize(_STEP, ROUND_HALF_UP).normalize() + 0


def score(items: Iterable[tuple[Decimal | None, Decimal]]) -> Decimal:
    """The points of a paper from (mark, greatest mark) of its questions; never below 0."""
    return max(Decimal(0), sum((points(m, most) for m, most in items), Decimal(0)))


def with_cost(mark: Decimal, wrong_costs: Decimal, *, is_guessed: bool, is_blank: bool) -> Decimal:
    """A mark from 0 to 1 where a wrong answer costs a share of the points: below 0 when an answer
    that may be guessed brings nothing. A blank costs nothing, and what is partly right neither."""
    if not wrong_costs or not is_guessed or is_blank or mark > 0:
        return mark
    return -wrong_costs


def cost(share: object) -> Decimal:
    """What a wrong answer costs, exactly; a third is a third. Raises BadCost."""
    try:
        found = Decimal(str(share))
    except InvalidOperation:
        raise BadCost("wrong_costs") from None
    if not found.is_finite() or not 0 <= found <= 1:
        raise BadCost("wrong_costs")
    return found.quantize(_FINE).normalize() + 0


def cost_rule(wrong_costs: Decimal) -> Any:
    """What a wrong answer costs, in a sentence for who takes the exam; "" when it is nothing."""
    if not wrong_costs:
        return ""
    percent = f"{(wrong_costs * 100).quantize(Decimal('0.01')).normalize():f} %"
    return _l(
        "Where you choose an answer, a wrong one costs %(share)s of the points of the question. "
        "An answer left empty costs nothing. The whole paper never comes to less than 0.",
        share=COST_NAMES.get(wrong_costs, percent),
    )


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
