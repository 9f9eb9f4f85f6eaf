"""How the bank is sorted, and files on their way into it: limits and refusals."""

from __future__ import annotations

from flask_babel import lazy_gettext as _l

from app.core.refusals import Refusal, TooMuch

LONGEST_TAG = 40
MOST_TAGS = 20
LONGEST_CATEGORY = 80
DEEPEST_CATEGORY = 5
LONGEST_SOURCE = 500


class TooManyFound(TooMuch):
    sentence = _l(
        "%(number)s questions were found; %(most)s is the most that are changed at once. Narrow "
        "the search, to one category for instance."
    )


class TooManyClips(Refusal):
    sentence = _l(
        "There are %(number)s pictures and sounds in this file; %(most)s is the most. Split it."
    )


class TooMuchSound(Refusal):
    """Decoding the sounds of a file took longer than a browser waits."""

    sentence = _l(
        "The sounds of this file take too long to decode here. Split the file, or let an operator "
        "import it with the command."
    )


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
