"""What can be found and how a wish is understood: kinds, passages, limits, the query language."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

LONGEST_PASSAGE = 8_000  # characters; longer ones are stored in several rows with one anchor
MOST_PASSAGES = 5_000  # of one thing; what follows is not searchable


class Kind(StrEnum):
    """What a found thing is; the order is that of the tabs."""

    COURSE = "course"
    LESSON = "lesson"
    CAPTION = "caption"
    DOCUMENT = "document"
    THEME = "theme"


@dataclass(frozen=True)
class Passage:
    """A part of a thing that a reader can be sent to: a page, a heading, a moment.

    `anchor` names the part inside the thing ("p3", "t73"), `label` says it to people ("Page 3",
    "1:13"), `url` is where it opens; empty means the thing's own address.
    """

    anchor: str
    label: str
    text: str
    url: str = ""


def audience_tokens(audience: frozenset[int] | None) -> str:
    """An audience as it is stored: None → "all", {4, 9} → "|4|9|", nobody → "|"."""
    if audience is None:
        return "all"
    return "|" + "".join(f"{branch}|" for branch in sorted(audience))


def audience_of(tokens: str) -> frozenset[int] | None:
    """The inverse of `audience_tokens`."""
    if tokens == "all":
        return None
    return frozenset(int(part) for part in tokens.split("|") if part)
