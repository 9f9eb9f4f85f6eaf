"""What can be found and how a wish is understood: kinds, passages, limits, the query language."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum

from flask_babel import gettext

LONGEST_PASSAGE = 8_000  # characters; longer ones are stored in several rows with one anchor
MOST_PASSAGES = 5_000  # of one thing; what follows is not searchable
LONGEST_QUERY = 200  # characters; the rest is not read


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


def place_name(anchor: str, label: str) -> str:
    """How a document's passage is called: “Page 3”, “Slide 2 · Title”, or its own label.

    Labels are stored in the language of the thing; what only counts is said in the reader's.
    """
    number = anchor[1:].partition("-")[0]
    if not number.isdigit():
        return label
    if anchor[0] == "p" and not label:
        return str(gettext("Page %(n)s", n=number))
    if anchor[0] == "s":
        slide = str(gettext("Slide %(n)s", n=number))
        return f"{slide} · {label}" if label else slide
    if anchor[0] in "ah" and not label:
        return str(gettext("Part %(n)s", n=number))
    return label


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


@dataclass(frozen=True)
class Wish:
    """A query as it was typed, taken apart: plain words, exact phrases, unwanted, in the title."""

    words: tuple[str, ...] = ()
    phrases: tuple[str, ...] = ()
    without: tuple[str, ...] = ()
    in_title: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.words or self.phrases or self.in_title)


_PIECE = re.compile(
    r"""(?:(?<=\s)|^)(?P<minus>-)?(?P<title>(?:title|标题|標題)[:：])?  # both only before something
        (?:["“”](?P<phrase>[^"“”]+)["“”]|「(?P<corner>[^」]+)」|(?P<word>[^\s"“”「」]+))
        |(?P<rest>[^\s"“”「」]+)""",
    re.VERBOSE | re.IGNORECASE,
)


def parse(text: str) -> Wish:
    """Take a query apart. There is no wrong query: what is no sign of ours is plain words.

    Signs are "exact phrase" (also “ ” and 「 」), -without, title:word and their mixtures.
    """
    found: dict[str, list[str]] = {"words": [], "phrases": [], "without": [], "in_title": []}
    for piece in _PIECE.finditer(text[:LONGEST_QUERY]):
        phrase = piece["phrase"] or piece["corner"]
        plain = phrase or piece["word"] or piece["rest"]
        if not any(char.isalnum() for char in plain):
            continue
        if piece["minus"]:
            found["without"].append(plain)
        elif piece["title"]:
            found["in_title"].append(plain)
        else:
            found["phrases" if phrase else "words"].append(plain)
    if found["without"] and not (found["words"] or found["phrases"] or found["in_title"]):
        # Only unwanted words would be nearly everything: nobody means that.
        found["words"], found["without"] = found["without"], []
    return Wish(**{name: tuple(pieces) for name, pieces in found.items()})
