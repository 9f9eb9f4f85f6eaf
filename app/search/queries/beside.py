"""Short texts that another room keeps to itself, looked through as the index would.

They never come into the index: what is one member's alone stays where it is kept.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from markupsafe import Markup

from app.search import folding, snippets
from app.search.queries.words import thesaurus
from app.search.rules import parse
from app.search.snippets import Sought
from app.search.units import Unit, units


@dataclass(frozen=True)
class Beside:
    """A text that answers, with the words marked."""

    key: int
    title: Markup
    html: Markup


def look_through(query: str, texts: Iterable[tuple[int, str, str]]) -> list[Beside]:
    """Those of (key, title, text) that have all that a query asks for, in the order given.

    A query that asks for an author, a kind, a year or the like is answered by none: these texts
    have no such label.
    """
    wish = parse(query)
    if not wish.has_text or wish.is_narrowed:
        return []
    known = thesaurus()
    wanted = units(*wish.words, thesaurus=known)
    in_title, barred = units(*wish.in_title, exact=True), units(*wish.without, exact=True)
    sought = Sought((*wanted, *in_title), wish.phrases)
    found = []
    for key, title, text in texts:
        heading, whole = _Terms(title), _Terms(f"{title}\n{text}")
        if (
            all(map(whole.have, wanted))
            and all(map(heading.have, in_title))
            and not any(map(whole.have, barred))
            and snippets.has_phrases(sought, whole.folded)
        ):
            html = snippets.excerpt(text, sought)[0]
            found.append(Beside(key, snippets.marked(title, sought), html))
    return found


class _Terms:
    """What the index would know of a text."""

    def __init__(self, text: str) -> None:
        self.folded = folding.fold(text)
        self.grams = frozenset(folding.grams(text))
        self.stems = frozenset(map(folding.stem, self.grams))

    def have(self, unit: Unit) -> bool:
        """Whether a unit is satisfied by these."""
        if any(all(map(self.have, group)) for group in unit.others):
            return True
        if unit.is_single or unit.is_prefix:
            return any(gram.startswith(unit.text) for gram in self.grams)
        if unit.is_cjk:
            return bool(unit.grams) and self.grams.issuperset(unit.grams)
        return bool(unit.grams) and not self.stems.isdisjoint((*unit.grams, *unit.words))
