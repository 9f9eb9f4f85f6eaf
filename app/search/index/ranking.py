"""Which passages answer a query and how well: BM25 over pairs, words and titles.

Terms are worked through one after another over whole posting lists, which Python does in C; going
through the passages one after another, as Whoosh's own matchers do, is several times slower.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from heapq import nlargest
from math import ceil, log

from app.search import pinyin
from app.search.index.asking import (
    ENOUGH,
    MOST_HITS,
    SOUND_WORTH,
    Ask,
    Hit,
    Scan,
    Tally,
    atoms,
    rarity,
    spelt,
    weighed,
)
from app.search.index.leaf import Leaf
from app.search.index.schema import AUTHOR, FORM, KINDS, LANGUAGES, SHELF
from app.search.units import Unit

MOST_PREFIXED = 300  # terms that a single character, a prefix or a spelling may stand for
MOST_ALIKE = 200  # passages that are looked at for more of the same
MOST_RARITIES = 20_000  # kept per snapshot


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
        """The best passages with every wanted unit; failing that, of those with half of them."""
        barred = self._barred(ask.without)
        found = [self._strict(leaf, ask, barred) for leaf in self.leaves]
        if not any(found) and any(unit.initials for unit in ask.wanted):
            trial = replace(ask, wanted=spelt(ask.wanted))
            found = [self._strict(leaf, trial, barred, first=True) for leaf in self.leaves]
            if any(found):
                return self._scan(found, trial, first=True)
        if any(found) or ask.must_have_all or ask.in_title or not ask.wanted:
            return self._scan(found, ask)
        loose = [
            self._allowed(
                leaf, self._narrowed(leaf, self._having_some(leaf, ask), ask), ask, barred
            )
            for leaf in self.leaves
        ]
        return replace(self._scan(loose, ask), relaxed=True)

    def counts(
        self, terms: Collection[str], field_name: str, branches: frozenset[int] | None
    ) -> dict[str, int]:
        """How many passages that a reader may see have each term."""
        found = dict.fromkeys(terms, 0)
        for leaf in self.leaves:
            mask = leaf.seen_by(branches)
            for term in found:
                found[term] += sum(mask[n] for n in leaf.part(field_name, term, self.mean_size))
        return found

    def raw_terms(self, field_name: str, prefix: str, most: int) -> set[str]:
        """Terms with a prefix, whoever may see them: only to be compared, never to be shown."""
        found: set[str] = set()
        for leaf in self.leaves:
            found.update(leaf.beginning_with(field_name, prefix, most))
        return found

    def near(self, word: str, most: int) -> set[str]:
        """Words with either of its first two letters as their first."""
        found: set[str] = set()
        for first in dict.fromkeys(word[:2]):
            found |= self.raw_terms("grams", first, most)
        return found

    def sounding(
        self, spellings: Collection[str], branches: frozenset[int] | None
    ) -> dict[str, int]:
        """How many titles that a reader may see sound so, from one of their characters on."""
        found = dict.fromkeys(spellings, 0)
        for leaf in self.leaves:
            mask = leaf.seen_by(branches)
            for spelling in found:
                some = self._beginning(leaf, "sounds", pinyin.FULL + spelling)
                found[spelling] += sum(mask[n] for n in some)
        return found

    def beginning_with(
        self, field_name: str, prefix: str, branches: frozenset[int] | None, most: int
    ) -> Counter[str]:
        """Terms with a prefix that stand in passages which a reader may see, with how many."""
        found: Counter[str] = Counter()
        for leaf in self.leaves:
            mask = leaf.seen_by(branches)
            for term in leaf.beginning_with(field_name, prefix, most):
                seen = sum(mask[n] for n in leaf.part(field_name, term, self.mean_size))
                if seen:
                    found[term] += seen
        return found

    def rare(self, words: Mapping[str, int], most: int) -> list[str]:
        """Of words with how often they stand in a text, those that say most about it."""
        known = {
            word: (1 + log(times)) * self._rarity("words", word)
            for word, times in words.items()
            if any(len(leaf.part("words", word, self.mean_size)) > 1 for leaf in self.leaves)
        }
        return nlargest(most, known, key=lambda word: (known[word], word))

    def alike(
        self, words: Sequence[str], branches: frozenset[int] | None, without: int
    ) -> dict[int, tuple[float, list[str]]]:
        """Things with some of these words that a reader may see: score, and the words they share.

        Of each thing its best passage counts; the thing `without` is left out.
        """
        best: dict[int, tuple[float, list[str]]] = {}
        for leaf in self.leaves:
            mask, things = leaf.seen_by(branches), leaf.kept.things
            scores: dict[int, float] = {}
            shared: dict[int, list[str]] = {}
            for word in words:
                worth = self._rarity("words", word)
                for number, part in leaf.part("words", word, self.mean_size).items():
                    if mask[number] and things[number] != without:
                        scores[number] = scores.get(number, 0.0) + worth * part
                        shared.setdefault(number, []).append(word)
            for number in nlargest(MOST_ALIKE, scores, key=scores.__getitem__):
                thing = things[number]
                if scores[number] > best.get(thing, (0.0, []))[0]:
                    best[thing] = (scores[number], shared[number])
        return best

    # Which passages

    def _strict(
        self, leaf: Leaf, ask: Ask, barred: frozenset[int], *, first: bool = False
    ) -> list[int]:
        found = self._having_all(leaf, ask.wanted, "grams", first=first)
        if ask.in_title and (found is None or found):
            titled = self._having_all(leaf, ask.in_title, "title")
            found = titled if found is None else found & (titled or set())
        if found is None and ask.is_narrowed:
            # Nothing but signs: each thing once, by its first passage.
            found = {n for n, position in enumerate(leaf.kept.positions) if not position}
        elif ask.titles_only:
            positions = leaf.kept.positions
            found = {n for n in found or () if not positions[n]}
        return self._allowed(leaf, self._narrowed(leaf, found or set(), ask), ask, barred)

    def _narrowed(self, leaf: Leaf, found: set[int], ask: Ask) -> set[int]:
        """Those whose labels are as asked."""
        kept = leaf.kept
        for sign, units in ((AUTHOR, ask.authors), (SHELF, ask.shelves)):
            for unit in units:
                if found:
                    found &= self._labelled(leaf, sign, unit)
        if ask.since or ask.until:
            days, last = kept.days, ask.until or 10**9
            found = {n for n in found if ask.since <= days[n] <= last and days[n]}
        if ask.kinds is not None or ask.forms:
            kinds, wanted = kept.kinds, ask.kinds or ()
            formed = set[int]().union(
                *(leaf.part("facts", FORM + form, self.mean_size) for form in ask.forms)
            )
            found = {n for n in found if n in formed or kinds[n] in wanted}
        if ask.languages is not None:
            languages = kept.languages
            found = {n for n in found if languages[n] in ask.languages}
        if ask.shelf:
            shelves = kept.shelves
            found = {n for n in found if shelves[n] == ask.shelf}
        if ask.branch is not None:
            branches = kept.branches
            found = {n for n in found if branches[n] == ask.branch}
        return found

    def _labelled(self, leaf: Leaf, sign: str, unit: Unit) -> set[int]:
        mean, some = self.mean_size, set[int]()
        if unit.is_single:
            for term in leaf.beginning_with("facts", sign + unit.text, MOST_PREFIXED):
                some.update(leaf.part("facts", term, mean))
            return some
        lists = [leaf.part("facts", sign + gram, mean).keys() for gram in unit.grams]
        return set(lists[0]).intersection(*lists[1:]) if lists else some

    @staticmethod
    def _allowed(leaf: Leaf, found: Collection[int], ask: Ask, barred: frozenset[int]) -> list[int]:
        mask, things = leaf.seen_by(ask.branches), leaf.kept.things
        numbers = [number for number in found if mask[number]]
        if ask.hidden:
            kinds = leaf.kept.kinds
            numbers = [number for number in numbers if kinds[number] not in ask.hidden]
        if barred:
            numbers = [number for number in numbers if things[number] not in barred]
        return numbers

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

    def _having_all(
        self, leaf: Leaf, units: Sequence[Unit], place: str, *, first: bool = False
    ) -> set[int] | None:
        """The passages with all units; None when nothing was asked for."""
        common: set[int] | None = None
        for unit in sorted(units, key=lambda unit: not unit.is_cjk):
            for having in self._each(leaf, unit, place, first=first):
                if common is None:
                    common = set(having)
                elif len(common) <= len(having):
                    common = {number for number in common if number in having}
                else:
                    common = {number for number in having if number in common}
                if not common:
                    return set()
        return common

    def _each(
        self, leaf: Leaf, unit: Unit, place: str, *, first: bool = False
    ) -> Iterator[Collection[int]]:
        """Collections of passages; one must stand in each of them to have a unit."""
        if unit.others:
            some: set[int] = set()
            for group in ((replace(unit, others=()),) if unit.grams else (), *unit.others):
                some |= self._having_all(leaf, group, place, first=first) or set()
            yield some
            return
        mean = self.mean_size
        if unit.is_single:
            yield self._beginning(leaf, place, unit.text)
        elif unit.is_cjk:
            yield from sorted((leaf.part(place, gram, mean) for gram in unit.grams), key=len)
        else:
            exact = leaf.part(place, unit.text, mean)
            stemmed = leaf.part("words", unit.words[0], mean) if place == "grams" else {}
            having: Collection[int] = exact.keys() | stemmed.keys() if exact else stemmed
            if unit.is_prefix:
                having = self._beginning(leaf, place, unit.text).union(having)
            if unit.sound:
                having = self._sounding(leaf, unit, first=first).union(having)
            yield having

    def _beginning(self, leaf: Leaf, place: str, prefix: str) -> set[int]:
        some: set[int] = set()
        for term in leaf.beginning_with(place, prefix, MOST_PREFIXED):
            some.update(leaf.part(place, term, self.mean_size))
        return some

    def _sounding(self, leaf: Leaf, unit: Unit, *, first: bool) -> set[int]:
        found = self._beginning(leaf, "sounds", pinyin.FULL + unit.sound)
        if first or unit.is_prefix:
            found |= self._beginning(leaf, "sounds", pinyin.FIRST + unit.sound)
        return found

    def _having_some(self, leaf: Leaf, ask: Ask) -> set[int]:
        mask = leaf.seen_by(ask.branches)
        counts: Counter[int] = Counter()
        parts = atoms(ask.wanted)
        for term in parts:
            for having in self._each(leaf, term, "grams"):
                counts.update(number for number in having if mask[number])
        enough = max(1, ceil(len(parts) * ENOUGH))
        return {number for number, times in counts.items() if times >= enough}

    # How well

    def _scan(self, found: Sequence[list[int]], ask: Ask, *, first: bool = False) -> Scan:
        hits: list[Hit] = []
        kinds: Counter[int] = Counter()
        languages: Counter[int] = Counter()
        days: Counter[int] = Counter()
        shelves: Counter[int] = Counter()
        branches: Counter[int] = Counter()
        standing: dict[int, int] = {}
        for leaf, numbers in zip(self.leaves, found, strict=True):
            if not numbers:
                continue
            kept = leaf.kept
            if ask.titles_only:
                hits.extend(self._best(leaf, numbers, ask, first=first))
                continue
            # All passages of a thing stand in one segment: any of them speaks for it.
            things = dict(zip(map(kept.things.__getitem__, numbers), numbers, strict=True))
            kinds.update(map(kept.kinds.__getitem__, things.values()))
            if ask.shown is not None:
                things = {t: n for t, n in things.items() if kept.kinds[n] == ask.shown}
                numbers = [n for n in numbers if kept.kinds[n] == ask.shown]  # noqa: PLW2901
            languages.update(map(kept.languages.__getitem__, things.values()))
            days.update(map(kept.days.__getitem__, things.values()))
            shelves.update(map(kept.shelves.__getitem__, things.values()))
            branches.update(map(kept.branches.__getitem__, things.values()))
            standing.update(
                zip(map(kept.shelves.__getitem__, things.values()), things, strict=True)
            )
            hits.extend(self._best(leaf, numbers, ask, first=first))
        if len(hits) > MOST_HITS:
            hits = nlargest(MOST_HITS, hits, key=_newest if ask.by_day else _score)
        return Scan(hits, Tally(kinds, languages, days, shelves, branches, standing))

    def _best(self, leaf: Leaf, numbers: list[int], ask: Ask, *, first: bool) -> Iterator[Hit]:
        kept = leaf.kept
        scores = self._scores(leaf, numbers, ask, first=first)
        if ask.shares:
            shares, classes = ask.shares, kept.classes
            scores = [s * shares[classes[n]] for s, n in zip(scores, numbers, strict=True)]
        order: Iterable[int] = range(len(numbers))
        if len(numbers) > MOST_HITS:
            days = kept.days
            order = (
                nlargest(MOST_HITS, order, key=lambda at: (days[numbers[at]], scores[at]))
                if ask.by_day
                else nlargest(MOST_HITS, order, key=scores.__getitem__)
            )
        for at in order:
            n = numbers[at]
            yield Hit(
                kept.things[n],
                kept.positions[n],
                kept.kinds[n],
                scores[at],
                kept.languages[n],
                kept.days[n],
                kept.shelves[n],
                kept.branches[n],
            )

    def _scores(self, leaf: Leaf, numbers: list[int], ask: Ask, *, first: bool) -> list[float]:
        scores = [0.0] * len(numbers)
        for unit in (*ask.wanted, *ask.in_title):
            for place, term, share in weighed(unit):
                part = leaf.part(place, term, self.mean_size)
                if part:
                    worth, get = share * self._rarity(place, term), part.get
                    scores = [s + worth * get(n, 0.0) for s, n in zip(scores, numbers, strict=True)]
            for each in unit.flat():
                some: set[int] = set()
                if each.sound:
                    some = self._sounding(leaf, each, first=first)
                if each.is_prefix:
                    some = some | self._beginning(leaf, "grams", each.text)
                if some:
                    scores = [
                        s + SOUND_WORTH if n in some else s
                        for s, n in zip(scores, numbers, strict=True)
                    ]
        return scores

    def _rarity(self, place: str, term: str) -> float:
        """The weight of a term by how few passages have it (BM25's idf, never negative)."""
        found = self._rarities.get((place, term))
        if found is None:
            having = sum(len(leaf.part(place, term, self.mean_size)) for leaf in self.leaves)
            found = rarity(having, self.total)
            if len(self._rarities) < MOST_RARITIES:
                self._rarities[place, term] = found
        return found


def _score(hit: Hit) -> float:
    return hit.score


def _newest(hit: Hit) -> tuple[int, float]:
    return hit.day, hit.score


assert len(KINDS) * len(LANGUAGES) < 256  # a class is one byte
