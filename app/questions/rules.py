"""What a question may be: kinds, limits, how fractions are shared out, and why one is refused."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from decimal import Decimal
from enum import StrEnum

from flask_babel import lazy_gettext as _l

from app.core.refusals import Refusal, TooMuch

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
LARGEST_FILE = 20 * 1024 * 1024  # bytes of a file that is an answer
MOST_FILES = 200  # that one member may have sent as answers within a day
USUAL_ENDINGS = ("pdf", "docx", "jpg", "jpeg", "png")
# Kinds of files that may be asked for, with how each of them begins; "" when it may begin anyhow.
ENDINGS: dict[str, tuple[bytes, ...]] = {
    "pdf": (b"%PDF-",),
    "docx": (b"PK\x03\x04",),
    "xlsx": (b"PK\x03\x04",),
    "pptx": (b"PK\x03\x04",),
    "odt": (b"PK\x03\x04",),
    "zip": (b"PK\x03\x04",),
    "doc": (b"\xd0\xcf\x11\xe0",),
    "xls": (b"\xd0\xcf\x11\xe0",),
    "ppt": (b"\xd0\xcf\x11\xe0",),
    "jpg": (b"\xff\xd8\xff",),
    "jpeg": (b"\xff\xd8\xff",),
    "png": (b"\x89PNG\r\n\x1a\n",),
    "webp": (b"RIFF",),
    "heic": (),
    "mp3": (),
    "m4a": (),
    "wav": (b"RIFF",),
    "mp4": (),
    "txt": (),
    "csv": (),
}
MOST_TYPOS = 2
LONGEST_TAG = 40
MOST_TAGS = 20
LONGEST_CATEGORY = 80
DEEPEST_CATEGORY = 5
LONGEST_SOURCE = 500
NEAR_ENOUGH = Decimal("0.01")  # how far right fractions may miss 1, as 3 × 0.333 does
_STEP = Decimal("0.00001")


class Kind(StrEnum):
    """How a question is answered; each has a module of its name in `types`."""

    SINGLE = "single"
    MULTIPLE = "multiple"
    TRUEFALSE = "truefalse"
    SHORT = "short"
    NUMERIC = "numeric"
    BLANKS = "blanks"
    CLOZE = "cloze"
    MATCHING = "matching"
    ORDERING = "ordering"
    ESSAY = "essay"
    HOTSPOT = "hotspot"
    FILE = "file"


KIND_NAMES = {
    Kind.SINGLE: _l("Single choice"),
    Kind.MULTIPLE: _l("Multiple choice"),
    Kind.TRUEFALSE: _l("True or false"),
    Kind.SHORT: _l("Short text"),
    Kind.NUMERIC: _l("Number"),
    Kind.BLANKS: _l("Fill in the blanks"),
    Kind.CLOZE: _l("Text with gaps"),
    Kind.MATCHING: _l("Matching"),
    Kind.ORDERING: _l("Putting in order"),
    Kind.ESSAY: _l("Essay"),
    Kind.HOTSPOT: _l("Place on a picture"),
    Kind.FILE: _l("File as answer"),
}
# Icons of the kinds, by name of bootstrap-icons.
KIND_ICONS = {
    Kind.SINGLE: "record-circle",
    Kind.MULTIPLE: "check2-square",
    Kind.TRUEFALSE: "check2-circle",
    Kind.SHORT: "input-cursor-text",
    Kind.NUMERIC: "123",
    Kind.BLANKS: "three-dots",
    Kind.CLOZE: "body-text",
    Kind.MATCHING: "arrow-left-right",
    Kind.ORDERING: "list-ol",
    Kind.ESSAY: "pencil",
    Kind.HOTSPOT: "crosshair",
    Kind.FILE: "paperclip",
}


class QuestionState(StrEnum):
    """How far a question is; only what is ready is drawn into papers."""

    DRAFT = "draft"
    REVIEW = "review"
    READY = "ready"
    RETIRED = "retired"


STATE_NAMES = {
    QuestionState.DRAFT: _l("Draft"),
    QuestionState.REVIEW: _l("To be reviewed"),
    QuestionState.READY: _l("Ready"),
    QuestionState.RETIRED: _l("Retired"),
}
DIFFICULTY_NAMES = {
    1: _l("very easy"),
    2: _l("easy"),
    3: _l("medium"),
    4: _l("hard"),
    5: _l("very hard"),
}


class Answering(StrEnum):
    """What the browser sends for an answer, and so which field names a page uses.

    The whole answer to question 12 is the field `q12`; a part of it is `q12.<name of the part>`.
    """

    TICKS = "ticks"  # q12 = name of an option, as often as options are ticked
    TEXT = "text"  # q12 = a text
    PARTS = "parts"  # q12.<name> = a text, a place (1, 2, 3 …), or the name of an option


class Marking(StrEnum):
    """How an order that is partly right is marked."""

    PLACES = "places"  # each item in its own place gives its share
    NEIGHBOURS = "neighbours"  # each item that follows the right one gives its share
    ALL = "all"  # everything in order, or nothing


MARKING_NAMES = {
    Marking.PLACES: _l("each item in its own place gives its share"),
    Marking.NEIGHBOURS: _l("each item that follows the right one gives its share"),
    Marking.ALL: _l("only the whole order counts"),
}


class Shape(StrEnum):
    """An area of a picture."""

    RECT = "rect"
    ELLIPSE = "ellipse"
    POLY = "poly"


SHAPE_NAMES = {
    Shape.RECT: _l("rectangle"),
    Shape.ELLIPSE: _l("ellipse"),
    Shape.POLY: _l("corners"),
}


class Wrong(StrEnum):
    """What ticking a wrong answer of a multiple choice question costs."""

    ALL = "all"  # the whole mark
    SHARE = "share"  # as much as a right tick gives


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
    sentence = _l("The right answers are worth %(total)s together; they must be worth 1.")


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
    sentence = _l("The criteria are worth %(total)s together; they must be worth 1.")


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
    sentence = _l("Who finds %(find)s of these areas can get %(total)s of the mark; it must be 1.")


class NoEnding(BadQuestion):
    where = "endings"
    sentence = _l("Files of the kind “%(text)s” are not taken. These are: %(known)s.")


class BadSpan(Refusal):
    sentence = _l("“%(text)s” is no time in a recording. Write it like 07:12.")


class SpanBackwards(Refusal):
    sentence = _l("The part of the recording ends before it begins.")


def span_ms(text: str) -> int:
    """A time like 07:12 or 1:02:03 in milliseconds. Raises BadSpan."""
    parts = text.strip().replace("：", ":").split(":")
    if not 1 <= len(parts) <= 3 or not all(p.isascii() and p.isdigit() for p in parts):
        raise BadSpan(text=text[:20])
    numbers = [int(part[:6]) for part in parts]
    if any(number > 59 for number in numbers[1:]):
        raise BadSpan(text=text[:20])
    seconds = 0
    for number in numbers:
        seconds = seconds * 60 + number
    if seconds > 24 * 3600:
        raise BadSpan(text=text[:20])
    return seconds * 1000


def span_text(ms: int) -> str:
    """The inverse: 432000 → 07:12."""
    minutes, seconds = divmod(ms // 1000, 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{seconds:02}" if hours else f"{minutes:02}:{seconds:02}"


class WrongFile(Refusal):
    """A file sent as an answer that is not of a kind that the question takes."""

    sentence = _l("This file cannot be taken. Send one of these kinds: %(known)s.")


class EmptyAnswerFile(Refusal):
    sentence = _l("This file is empty.")


class AnswerFileTooLarge(TooMuch):
    sentence = _l("The file is larger than %(most)s MB. Make it smaller, or send a part of it.")


class TooManyAnswerFiles(TooMuch):
    sentence = _l("You have sent very many files today. Ask the invigilator for help.")


class NoAnswer(BadQuestion):
    where = "answer"
    sentence = _l("Say whether the statement is true or false.")


class StillBlocked(Refusal):
    """A file is taken whole or not at all."""

    sentence = _l(
        "%(number)s questions must be mended or left out first. Nothing has been taken yet."
    )


class NothingToTake(Refusal):
    sentence = _l("There is no question left to take.")


class ImportIsOver(Refusal):
    sentence = _l("This file has been taken into the bank already, or was put away.")


class NotToUndo(Refusal):
    sentence = _l("There is nothing to undo.")


class BadCategory(Refusal):
    sentence = _l("A category needs a name of at most %(most)s characters.")


class CategoryTooDeep(Refusal):
    sentence = _l("Categories may be %(most)s deep.")


class SameCategory(Refusal):
    sentence = _l("There is a category “%(name)s” here already.")


class CategoryInUse(Refusal):
    sentence = _l("This category holds questions or other categories. Move them first.")


class NotAnAnswer(Refusal):
    """What a browser sent is no answer to this question."""

    sentence = _l("This answer does not belong to this question. Reload the page and try again.")


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
