"""What is asked of an index and what it answers, whichever engine keeps it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from math import log
from typing import NamedTuple

from app.search.index.schema import LANGUAGES
from app.search.units import Unit

NEVER = 0  # the day of a thing without a date
MOST_HITS = 1_200  # best passages that are looked at any further
ENOUGH = 0.5  # of the terms, when no passage has them all

# How well a passage answers, the same in every engine (BM25, Robertson and Zaragoza 2009).
K1 = 1.2  # how soon more of the same word counts no more
B = 0.6  # how much long passages are held against them
TITLE_HALF = 0.5  # a title word once counts 1 / (1 + this)
WORD_SHARE = 0.5  # weight of a jieba word or stem beside the pairs that it is made of
TITLE_SHARE = 1.6  # weight of the same term in the title
OTHER_SHARE = 0.8  # weight of what only means the same
SOUND_WORTH = 5.0  # of a title that sounds like what was typed


class Hit(NamedTuple):
    """One passage that answers; higher scores are better. A tuple, since there may be thousands."""

    thing: int
    position: int
    kind: int  # number in schema.KINDS
    score: float
    language: int = 0  # number in schema.LANGUAGES
    day: int = NEVER  # of the thing, as date.toordinal says it
    shelf: int = 0  # as rules.shelf_code says it
    branch: int = 0  # as schema.branch_code says it


class Tally(NamedTuple):
    """How many things answer, by what stands on their labels."""

    kinds: Mapping[int, int]  # number in schema.KINDS → things
    languages: Mapping[int, int]
    days: Mapping[int, int]
    shelves: Mapping[int, int] = field(default_factory=dict)  # by code
    branches: Mapping[int, int] = field(default_factory=dict)  # by code
    standing: Mapping[int, int] = field(default_factory=dict)  # a shelf's code → a thing on it


@dataclass(frozen=True)
class Scan:
    """The best passages that answer, in no order, and how many things do in all.

    `relaxed` when none of them has every word.
    """

    hits: list[Hit]
    tally: Tally
    relaxed: bool = False


@dataclass(frozen=True)
class Ask:
    """A query ready for the index. `branches` None is for a reader who may see everything."""

    wanted: tuple[Unit, ...]
    in_title: tuple[Unit, ...] = ()
    without: tuple[Unit, ...] = ()
    authors: tuple[Unit, ...] = ()
    shelves: tuple[Unit, ...] = ()
    kinds: frozenset[int] | None = None  # numbers in schema.KINDS that are asked for
    forms: frozenset[str] = frozenset()  # rules.FORMS that are asked for, besides the kinds
    hidden: frozenset[int] = frozenset()  # kinds of which nothing is found or counted
    shown: int | None = None  # the kind whose hits are wanted; all are counted
    languages: frozenset[int] | None = None
    shelf: int = 0  # only on this one, by code
    branch: int | None = None  # only for this one, by code
    since: int = NEVER  # days, both inclusive
    until: int = NEVER
    branches: frozenset[int] | None = None
    must_have_all: bool = False
    by_day: bool = False  # the newest, not the best
    titles_only: bool = False  # each thing once, and nothing is counted
    shares: tuple[float, ...] = ()  # weight of each class, see class_of

    @property
    def is_narrowed(self) -> bool:
        """Whether it asks for things by their labels, so that no word is needed."""
        labels = (self.authors, self.shelves, self.since, self.until, self.kinds, self.forms)
        return any((*labels, self.languages, self.shelf)) or self.branch is not None

    def takes(self, kind: int, form: str) -> bool:
        """Whether things of a kind and a form are asked for."""
        if kind in self.hidden:
            return False
        if self.kinds is None and not self.forms:
            return True
        return form in self.forms or (self.kinds is not None and kind in self.kinds)


def class_of(kind: int, language: int) -> int:
    """The class of things of a kind in a language, as Kept.classes has it."""
    return kind * len(LANGUAGES) + language


def tally(hits: Iterable[Hit]) -> Tally:
    """Count things among hits."""
    things = {hit.thing: hit for hit in hits}.values()
    return Tally(
        Counter(hit.kind for hit in things),
        Counter(hit.language for hit in things),
        Counter(hit.day for hit in things),
        Counter(hit.shelf for hit in things),
        Counter(hit.branch for hit in things),
        {hit.shelf: hit.thing for hit in things},
    )


def weighed(unit: Unit) -> Iterator[tuple[str, str, float]]:
    """Field, term and weight of everything that counts for a unit; equal terms once."""
    found: dict[tuple[str, str], float] = {}
    for each in unit.flat():
        share = 1.0 if each.text == unit.text or not unit.grams else OTHER_SHARE
        for gram in each.grams:
            found.setdefault(("grams", gram), share)
            found.setdefault(("title", gram), share * TITLE_SHARE)
        for word in each.words:
            found.setdefault(("words", word), share * WORD_SHARE)
    for (place, term), share in found.items():
        yield place, term, share


def rarity(having: int, total: int) -> float:
    """The weight of a term by how few of all passages have it (BM25's idf, never negative)."""
    return log(1 + (total - having + 0.5) / (having + 0.5))


def atoms(wanted: Iterable[Unit]) -> list[Unit]:
    """The smallest parts of what is wanted, of which half are enough when nothing has all."""
    return [
        atom
        for unit in wanted
        for atom in (
            [Unit(g, (g,), (), is_cjk=True) for g in unit.grams]
            if unit.is_cjk and not unit.others
            else [unit]
        )
    ]


def spelt(wanted: Iterable[Unit]) -> tuple[Unit, ...]:
    """The same with every word that can be first letters of syllables asked for as such."""
    return tuple(
        replace(unit, sound=unit.sound or unit.initials) if unit.initials else unit
        for unit in wanted
    )
