"""When a part of a document counts as read, and who may see and change reading lists."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from flask_babel import lazy_gettext as _l

from app.core.refusals import Refusal

LEAST_SECONDS = 2.0  # on a part with hardly any text, or with a picture only
MOST_SECONDS = 20.0  # that a part can need, however long it is
CHARACTERS_A_SECOND = 25  # of a quick reader who skips
MOST_BETWEEN = 15.0  # seconds between two reports that count; pages report every five
MOST_AT_ONCE = 6  # parts that one report may name
ENOUGH = 90  # per cent of the parts
MOST_NOTES = 500  # of one member in one document
LONGEST_NOTE = 2_000
LONGEST_QUOTE = 1_000
LONGEST_ABOUT = 1_000
LONGEST_LIST_TITLE = 120
MOST_ITEMS = 100


class EmptyNote(Refusal):
    sentence = _l("Mark some words of the document, or write something.")


class TooManyNotes(Refusal):
    sentence = _l("There are %(most)s notes in this document already. Delete some first.")


class FullList(Refusal):
    sentence = _l("A reading list holds at most %(most)s documents.")


class ShownTo(StrEnum):
    """Whom a reading list is for."""

    ME = "me"
    ALL = "all"
    BRANCHES = "branches"


def base(anchor: str) -> str:
    """The part that an anchor belongs to: p3-2 is a piece of p3."""
    return anchor.partition("-")[0]


def needed(characters: int) -> float:
    """Seconds that a part must have been on the screen."""
    return min(MOST_SECONDS, max(LEAST_SECONDS, characters / CHARACTERS_A_SECOND))


def credited(
    before: Mapping[str, float],
    anchors: Iterable[str],
    needs: Mapping[str, float],
    elapsed: float,
) -> dict[str, float]:
    """The seconds on each part after `elapsed` seconds in which the parts `anchors` were seen.

    What several parts share is divided among them; none gets more than it needs.
    """
    seen = [a for a in dict.fromkeys(map(base, anchors)) if a in needs][:MOST_AT_ONCE]
    after = {anchor: seconds for anchor, seconds in before.items() if anchor in needs}
    if not seen or not 0 < elapsed <= MOST_BETWEEN:
        return after
    for anchor in seen:
        total = after.get(anchor, 0.0) + elapsed / len(seen)
        after[anchor] = round(min(needs[anchor], total), 2)
    return after


def share_read(seconds: Mapping[str, float], needs: Mapping[str, float]) -> int:
    """Per cent of the parts that were on the screen for long enough."""
    if not needs:
        return 0
    read = sum(seconds.get(anchor, 0.0) >= need for anchor, need in needs.items())
    return 100 * read // len(needs)


@dataclass(frozen=True)
class ListLabel:
    """What is written on a reading list."""

    title: str
    about: str
    shown_to: ShownTo
    branches: frozenset[int]
    is_required: bool


def told_apart(title: str, others: Iterable[str]) -> str:
    """A title for a list among others of the same member: a second “To read” is “To read (2)”."""
    taken = {each.casefold() for each in others}
    title = title[:LONGEST_LIST_TITLE]
    number, said = 2, title
    while said.casefold() in taken:
        ending = f" ({number})"
        number, said = number + 1, title[: LONGEST_LIST_TITLE - len(ending)] + ending
    return said


def list_audience(shown_to: ShownTo, branches: Collection[int]) -> frozenset[int] | None:
    """Whom a list is for, as audiences are said: None is everybody, nobody is an empty set."""
    if shown_to is ShownTo.ALL:
        return None
    return frozenset(branches) if shown_to is ShownTo.BRANCHES else frozenset()
