"""Marking by two people, and appeals: when two marks are one, and until when one may disagree."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from enum import StrEnum

from flask_babel import lazy_gettext as _l

from app.core.refusals import Conflict, Refusal
from app.exams.rules.exams import BadExam

LONGEST_APPEAL = 2_000
LONGEST_COMMENT = 2_000
MOST_APPEAL_DAYS = 365
_FINE = Decimal("0.000000000001")  # of a mark
_CENT = Decimal("0.01")  # of a point
_SHOWN = _CENT / 2


class Given(StrEnum):
    """What a mark of a person was for."""

    FIRST = "first"
    SECOND = "second"
    AGREED = "agreed"  # by one of the two, after they have talked
    THIRD = "third"
    AGAIN = "again"  # the mark that counted was changed
    APPEAL = "appeal"


GIVEN_NAMES = {
    Given.FIRST: _l("First mark"),
    Given.SECOND: _l("Second mark"),
    Given.AGREED: _l("Agreed mark"),
    Given.THIRD: _l("Third mark"),
    Given.AGAIN: _l("Marked again"),
    Given.APPEAL: _l("After an appeal"),
}


class NotANumber(Refusal):
    sentence = _l("Give the points as a number.")


class PartOverTheMost(Refusal):
    sentence = _l("For “%(criterion)s” the points must be from 0 to %(most)s.")


class OtherCriteria(Conflict):
    sentence = _l("The criteria of this question are others now. Load the page again.")


class MarkedByYou(Conflict):
    sentence = _l("You have marked this answer. The second mark comes from somebody else.")


class MarkedMeanwhile(Conflict):
    """The answer was waiting for its mark when the page was opened, and does not any more."""

    sentence = _l(
        "Since you opened this answer it was marked (%(points)s of %(most)s points), or its "
        "question was marked anew. Your mark was not kept; here is the next answer."
    )


class MarksApart(Conflict):
    sentence = _l("Two people have marked this answer, and their marks must be settled first.")


class NotApart(Conflict):
    sentence = _l("These marks are settled already.")


class MarkingHasBegun(Conflict):
    where = "second_marking"
    sentence = _l("Marking has begun; how many people mark each answer stays as it is.")


class NobodyMarks(BadExam):
    sentence = _l("“%(username)s” is not a trainer or organizer here, so cannot mark.")


class NothingToAppeal(Conflict):
    sentence = _l("Nothing can be said against this mark now.")


class AppealTooLate(Refusal):
    sentence = _l("The time to appeal is over.")


class AlreadyAppealed(Conflict):
    sentence = _l("You have appealed against this mark already.")


class EmptyAppeal(Refusal):
    sentence = _l("Write why you see it differently.")


class EmptyAnswer(Refusal):
    sentence = _l("Write an answer; the member reads it.")


class AppealAnswered(Conflict):
    sentence = _l("This appeal has been answered already.")


class NeedsAnotherMarker(Conflict):
    sentence = _l("Somebody who has not marked this answer must answer the appeal.")


class NeverLower(Refusal):
    sentence = _l("An appeal never takes points away: give at least %(least)s.")


def most_of_each(rubric: Sequence[Mapping[str, str]], most: Decimal) -> list[Decimal]:
    """The greatest points for each criterion [{text, share}]; their sum is `most`."""
    return [most * Decimal(row["share"]) for row in rubric]


def whole_of(
    parts: Sequence[Decimal], rubric: Sequence[Mapping[str, str]], most: Decimal
) -> tuple[Decimal, list[str]]:
    """The points for all criteria together (0 to `most`), and those for each as they are kept.

    A third of ten is shown as 3.33: what is rounded as it is shown stands for all of it. Raises
    OtherCriteria, PartOverTheMost.
    """
    if len(parts) != len(rubric):
        raise OtherCriteria
    kept = []
    for part, row, full in zip(parts, rubric, most_of_each(rubric, most), strict=True):
        if not part.is_finite() or not 0 <= part <= full + _SHOWN:
            raise PartOverTheMost(criterion=row["text"], most=shown(full))
        kept.append(full if abs(full - part) <= _SHOWN else part)
    return min(most, sum(kept, Decimal(0))), [format(shown(part), "f") for part in kept]


def shown(points: Decimal) -> Decimal:
    """Points with two decimals at most."""
    return points.quantize(_CENT).normalize() + 0


def mean_of(first: Sequence[str] | None, second: Sequence[str] | None) -> list[str] | None:
    """The mean of what two people gave for each criterion; None unless both did."""
    if not first or not second or len(first) != len(second):
        return None
    pairs = zip(first, second, strict=True)
    return [format(shown((Decimal(a) + Decimal(b)) / 2), "f") for a, b in pairs]


def difference(first: Decimal, second: Decimal) -> Decimal:
    """How far two marks (0 to 1) are apart, in per cent of the greatest mark."""
    return abs(first - second) * 100


def settled(first: Decimal, second: Decimal, apart_percent: int) -> Decimal | None:
    """The mark that two people gave: their mean; None when a person must settle them."""
    if difference(first, second) > apart_percent:
        return None
    return ((first + second) / 2).quantize(_FINE).normalize() + 0


def joined(comments: list[str]) -> str:
    """What several markers tell the taker, each sentence once."""
    lines = [line.strip() for comment in comments for line in comment.splitlines()]
    return "\n".join(dict.fromkeys(line for line in lines if line))[:LONGEST_COMMENT]


def appeal_until(
    days: int,
    *,
    submitted_at: datetime,
    marked_at: datetime | None,
    shown_at: datetime | None,
) -> datetime | None:
    """Until when a member may appeal, counted from when the mark could be known; None: never."""
    if not days:
        return None
    known = max(moment for moment in (submitted_at, marked_at, shown_at) if moment is not None)
    return known + timedelta(days=days)
