"""Which passages answer a query and how well: BM25 over pairs, words and titles.

Terms are worked through one after another over whole posting lists, which Python does in C; going
through the passages one after another, as Whoosh's own matchers do, is several times slower.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from math import ceil, log
from typing import NamedTuple

from app.search.folding import Unit
from app.search.index.leaf import Leaf

MOST_PREFIXED = 300  # terms that a single character may stand for
WORD_SHARE = 0.5  # weight of a jieba word or stem beside the pairs that it is made of
TITLE_SHARE = 1.6  # weight of the same term in the title
MOST_RARITIES = 20_000  # kept per snapshot
ENOUGH = 0.5  # of the terms, when no passage has them all


class Hit(NamedTuple):
    """One passage that answers; higher scores are better. A tuple, since there may be thousands."""

    thing: int
    position: int
    kind: int  # number in schema.KINDS
    score: float


@dataclass(frozen=True)
class Scan:
    """All passages that answer, in no order; `relaxed` when none of them has every word."""

    hits: list[Hit]
    relaxed: bool = False


@dataclass(frozen=True)
class Ask:
    """A query ready for the index. `branches` None is for a reader who may see everything."""

    wanted: tuple[Unit, ...]
    in_title: tuple[Unit, ...] = ()
    without: tuple[Unit, ...] = ()
    branches: frozenset[int] | None = None
    must_have_all: bool = False


@dataclass
class Snapshot:
    """The index as it was when opened; searched by any number of threads."""

    leaves: Sequence[Leaf]
    name: str = ""
    generation: int = -1
    total: int = field(init=False)
    _rarities: dict[tuple[str, str], float] = field(init=False, default_factory=dict)
    mean_size: float = field(init=False)

    def __post_init__(self) -> None:
        self.total = sum(leaf.count for leaf in self.leaves)
        size = sum(sum(leaf.kept.sizes) for leaf in self.leaves)
        self.mean_size = max(1.0, size / max(1, self.total))

    def scan(self, ask: Ask) -> Scan:
        """All passages with every wanted unit; failing that, those with at least half of them."""
        barred = self._barred(ask.without)
        strict: list[Hit] = []
        for leaf in self.leaves:
            found = self._having_all(leaf, (*ask.wanted,), "grams")
            if ask.in_title:
                titled = self._having_all(leaf, ask.in_title, "title")
                found = titled if found is None else found and titled and found & titled
            strict.extend(self._scored(leaf, found or set(), ask, barred))
        if strict or ask.must_have_all or ask.in_title:
            return Scan(strict)
        loose: list[Hit] = []
        for leaf in self.leaves:
            loose.extend(self._scored(leaf, self._having_some(leaf, ask), ask, barred))
        return Scan(loose, relaxed=True)

    def _barred(self, without: Sequence[Unit]) -> frozenset[int]:
        """Things of which any passage has one of these units."""
        barred: set[int] = set()
        for unit in without:
            for leaf in self.leaves:
                things, deleted = leaf.kept.things, leaf.deleted
                for number in self._having_all(leaf, (unit,), "grams") or ():
                    if number not in deleted:
                        barred.add(things[number])
        return frozenset(barred)

    def _having_all(self, leaf: Leaf, units: Sequence[Unit], place: str) -> set[int] | None:
        """The passages with all units; None when nothing was asked for."""
        common: set[int] | None = None
        for unit in sorted(units, key=lambda unit: not unit.is_cjk):
            for having in self._each(leaf, unit, place):
                if common is None:
                    common = set(having)
                elif len(common) <= len(having):
                    common = {number for number in common if number in having}
                else:
                    common = {number for number in having if number in common}
                if not common:
                    return set()
        return common

    def _each(self, leaf: Leaf, unit: Unit, place: str) -> Iterator[dict[int, float] | set[int]]:
        """Posting lists that a passage must stand in, all of them, to have a unit."""
        mean = self.mean_size
        if unit.is_single:
            some: set[int] = set()
            for term in leaf.beginning_with(place, unit.text, MOST_PREFIXED):
                some.update(leaf.part(place, term, mean))
            yield some
        elif unit.is_cjk:
            yield from sorted((leaf.part(place, gram, mean) for gram in unit.grams), key=len)
        else:
            exact = leaf.part(place, unit.text, mean)
            stemmed = leaf.part("words", unit.words[0], mean) if place == "grams" else {}
            yield stemmed if len(exact) == 0 else exact.keys() | stemmed.keys()

    def _having_some(self, leaf: Leaf, ask: Ask) -> set[int]:
        mask = leaf.seen_by(ask.branches)
        counts: Counter[int] = Counter()
        atoms = 0
        for unit in ask.wanted:
            terms = [Unit(g, (g,), (), is_cjk=True) for g in unit.grams] if unit.is_cjk else [unit]
            for term in terms:
                atoms += 1
                for having in self._each(leaf, term, "grams"):
                    counts.update(number for number in having if mask[number])
        enough = max(1, ceil(atoms * ENOUGH))
        return {number for number, times in counts.items() if times >= enough}

    def _scored(
        self, leaf: Leaf, found: set[int], ask: Ask, barred: frozenset[int]
    ) -> Iterator[Hit]:
        kept, mask = leaf.kept, leaf.seen_by(ask.branches)
        numbers = [number for number in found if mask[number]]
        if barred:
            numbers = [number for number in numbers if kept.things[number] not in barred]
        if not numbers:
            return
        scores = [0.0] * len(numbers)
        for place, term, share in self._terms((*ask.wanted, *ask.in_title)):
            part = leaf.part(place, term, self.mean_size)
            if part:
                worth, get = share * self._rarity(place, term), part.get
                scores = [s + worth * get(n, 0.0) for s, n in zip(scores, numbers, strict=True)]
        for number, score in zip(numbers, scores, strict=True):
            yield Hit(kept.things[number], kept.positions[number], kept.kinds[number], score)

    @staticmethod
    def _terms(units: Sequence[Unit]) -> Iterator[tuple[str, str, float]]:
        for unit in units:
            for gram in unit.grams:
                yield "grams", gram, 1.0
                yield "title", gram, TITLE_SHARE
            for word in unit.words:
                yield "words", word, WORD_SHARE

    def _rarity(self, place: str, term: str) -> float:
        """The weight of a term by how few passages have it (BM25's idf, never negative)."""
        found = self._rarities.get((place, term))
        if found is None:
            having = sum(len(leaf.part(place, term, self.mean_size)) for leaf in self.leaves)
            found = log(1 + (self.total - having + 0.5) / (having + 0.5))
            if len(self._rarities) < MOST_RARITIES:
                self._rarities[place, term] = found
        return found
