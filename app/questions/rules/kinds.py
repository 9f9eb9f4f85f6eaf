"""How questions are answered and how far they are: kinds, states, how parts are marked."""

from __future__ import annotations

from enum import StrEnum

from flask_babel import lazy_gettext as _l


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
