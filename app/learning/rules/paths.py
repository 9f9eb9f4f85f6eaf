"""What a learning path may be: its states, its words, and how far somebody is on it."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum

from flask_babel import lazy_gettext as _l

from app.core.refusals import Refusal

LONGEST_PATH_TITLE = 120  # characters
LONGEST_PATH_SUMMARY = 600
MOST_STEPS = 40


class PathState(StrEnum):
    """Where a learning path is in its life."""

    DRAFT = "draft"  # only those who make it see it
    PUBLISHED = "published"  # its branch sees it
    WITHDRAWN = "withdrawn"  # seen no longer; what was done stays


MOVES = {
    PathState.DRAFT: {PathState.PUBLISHED},
    PathState.PUBLISHED: {PathState.WITHDRAWN},
    PathState.WITHDRAWN: {PathState.PUBLISHED},
}


class NeedsATitle(Refusal):
    """A learning path without a name."""

    sentence = _l("Give it a title.")
    where = "title"


class NeedsSteps(Refusal):
    """A learning path of fewer than two courses is none."""

    sentence = _l("A learning path has at least two courses.")


class TooManySteps(Refusal):
    """More courses than anybody would follow."""

    sentence = _l("A learning path has at most %(most)s courses.")


def moved(state: PathState, to: PathState, *, steps: int) -> PathState:
    """The state after a move. Raises NeedsSteps; a move that is not allowed changes nothing."""
    if to not in MOVES[state]:
        return state
    if to is PathState.PUBLISHED and steps < 2:
        raise NeedsSteps
    return to


def path_title(text: str) -> str:
    """A title on one line. Raises NeedsATitle."""
    title = " ".join(text.split())[:LONGEST_PATH_TITLE]
    if not title:
        raise NeedsATitle
    return title


def reordered(order: Sequence[int], course: int, by: int) -> list[int]:
    """The order with one course a place up (by=-1) or down (by=1)."""
    found = list(order)
    if course in found:
        at = found.index(course)
        to = at + (1 if by > 0 else -1)
        if 0 <= to < len(found):
            found.insert(to, found.pop(at))
    return found
