"""What a question may say: limits, and why one cannot be asked."""

from __future__ import annotations

from flask_babel import lazy_gettext as _l

from app.core.refusals import Refusal

LONGEST_TEXT = 4_000  # characters of a stem or an explanation
LONGEST_OPTION = 1_000  # characters
FEWEST_OPTIONS = 2
MOST_OPTIONS = 12
MOST_ANSWERS = 30  # accepted answers of one text or number
LONGEST_ANSWER = 300  # characters of a short answer
LONGEST_ESSAY = 20_000  # characters
MOST_GAPS = 30
MOST_PAIRS = 20
MOST_ITEMS = 20  # to be put in order
MOST_CRITERIA = 10  # of a rubric
MOST_UNITS = 12
MOST_AREAS = 20  # of a picture
MOST_CORNERS = 30  # of an area
MOST_POINTS = 10  # to be found on a picture
MOST_TYPOS = 2


class BadQuestion(Refusal):
    """A question that cannot be asked; `where` names the part: stem, options, explanation …"""

    sentence = _l("This question cannot be asked yet.")
    where = "question"

    def __init__(self, **facts: object) -> None:
        super().__init__(**facts)
        self.where = type(self).where


class NoStem(BadQuestion):
    where = "stem"
    sentence = _l("Write the question itself.")


class TextTooLong(BadQuestion):
    sentence = _l("This text has %(length)s characters; %(most)s is the most.")

    def __init__(self, *, where: str, length: int, most: int) -> None:
        super().__init__(length=length, most=most)
        self.where = where


class TooFewOptions(BadQuestion):
    where = "options"
    sentence = _l("Give at least %(fewest)s answers to choose from.")


class TooManyOptions(BadQuestion):
    where = "options"
    sentence = _l("There are %(number)s answers to choose from; %(most)s is the most.")


class EmptyOption(BadQuestion):
    where = "options"
    sentence = _l("Answer %(number)s has no text.")


class SameOption(BadQuestion):
    where = "options"
    sentence = _l("Two answers say the same: “%(text)s”.")


class NotOneRight(BadQuestion):
    where = "options"
    sentence = _l("Mark exactly one answer as right; %(right)s are marked.")


class NoneRight(BadQuestion):
    where = "options"
    sentence = _l("Mark at least one answer as right.")


class BadFraction(BadQuestion):
    where = "options"
    sentence = _l("“%(text)s” is no share of the mark: use a number from −1 to 1.")


class FractionsMissOne(BadQuestion):
    where = "options"
    sentence = _l("The right answers are worth %(total)s %% together; they must be worth 100 %%.")


class NoAcceptedAnswer(BadQuestion):
    where = "answers"
    sentence = _l("Give at least one answer that is worth the whole mark.")


class TooManyAnswers(BadQuestion):
    where = "answers"
    sentence = _l("There are %(number)s answers; %(most)s is the most.")


class BadShare(BadQuestion):
    """The worth of an accepted answer, which is never negative."""

    where = "answers"
    sentence = _l("“%(text)s” is no share of the mark: use a number from 0 to 1.")


class SameAnswer(BadQuestion):
    where = "answers"
    sentence = _l("Two answers say the same: “%(text)s”.")


class OnlyStars(BadQuestion):
    where = "answers"
    sentence = _l("“%(text)s” would accept everything: write some of the text, too.")


class BadNumber(BadQuestion):
    where = "answers"
    sentence = _l("“%(text)s” is not a number.")


class BadInterval(BadQuestion):
    where = "answers"
    sentence = _l("The interval from %(low)s to %(high)s is empty: write the smaller number first.")


class BadUnit(BadQuestion):
    where = "units"
    sentence = _l("“%(text)s” is no unit: give a name that is not a number, and how many it is.")


class NoGap(BadQuestion):
    where = "stem"
    sentence = _l("Put each answer into the text in double brackets: [[Beijing]].")


class TooManyGaps(BadQuestion):
    where = "stem"
    sentence = _l("There are %(number)s gaps; %(most)s is the most.")


class BadGap(BadQuestion):
    """`number` counts the gaps from 1."""

    where = "stem"
    sentence = _l("Gap %(number)s: %(problem)s")


class NoChoiceHere(BadQuestion):
    where = "stem"
    sentence = _l(
        "A gap with answers to choose from (the right one marked with =) belongs into a question "
        "of the kind “Text with gaps”."
    )


class TooFewPairs(BadQuestion):
    where = "pairs"
    sentence = _l("Give at least %(fewest)s pairs.")


class TooManyPairs(BadQuestion):
    where = "pairs"
    sentence = _l("There are %(number)s pairs; %(most)s is the most.")


class HalfAPair(BadQuestion):
    where = "pairs"
    sentence = _l("Pair %(number)s lacks one side.")


class SameLeft(BadQuestion):
    where = "pairs"
    sentence = _l("“%(text)s” stands on the left twice.")


class TooFewItems(BadQuestion):
    where = "items"
    sentence = _l("Give at least %(fewest)s things to be put in order, each on a line of its own.")


class TooManyItems(BadQuestion):
    where = "items"
    sentence = _l("There are %(number)s things to be put in order; %(most)s is the most.")


class SameItem(BadQuestion):
    where = "items"
    sentence = _l("Two things to be put in order say the same: “%(text)s”.")


class BadRubric(BadQuestion):
    where = "rubric"
    sentence = _l("The criteria are worth %(total)s %% together; they must be worth 100 %%.")


class NoPicture(BadQuestion):
    where = "picture"
    sentence = _l("Choose the picture on which the place is to be found.")


class NoArea(BadQuestion):
    where = "areas"
    sentence = _l("Mark at least one area on the picture.")


class TooManyAreas(BadQuestion):
    where = "areas"
    sentence = _l("There are %(number)s areas; %(most)s is the most.")


class TooManyPoints(BadQuestion):
    where = "find"
    sentence = _l("From 1 to %(most)s places may be asked for.")


class BadArea(BadQuestion):
    where = "areas"
    sentence = _l(
        "Area %(number)s is none: give numbers from 0 to 100, four of them for a rectangle or an "
        "ellipse, and at least three pairs for corners."
    )


class AreasMissOne(BadQuestion):
    where = "areas"
    sentence = _l(
        "Who finds %(find)s of these areas can get %(total)s %% of the mark; it must be 100 %%."
    )


class NoEnding(BadQuestion):
    where = "endings"
    sentence = _l("Files of the kind “%(text)s” are not taken. These are: %(known)s.")


class NoAnswer(BadQuestion):
    where = "answer"
    sentence = _l("Say whether the statement is true or false.")


class NotAnAnswer(Refusal):
    """What a browser sent is no answer to this question."""

    sentence = _l("This answer does not belong to this question. Reload the page and try again.")
