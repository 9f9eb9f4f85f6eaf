"""Which questions a taker gets: drawn from pools by a seed, balanced by how hard they have been."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from statistics import fmean, pstdev

TRIES = 12  # papers drawn for one attempt; the one nearest to the mean of all is given
SAMPLES = 200  # papers drawn to show how far they differ; fewer, where that would take long
FEWEST = 30
LOOKED_AT = 200_000  # questions that may be looked at for it, in each of the tries
UNKNOWN = 0.6  # expected mark of a question that nobody has answered yet
FAIR = 0.05  # papers whose expected scores differ less than this share are about equally hard


@dataclass(frozen=True)
class Place:
    """One slot as the paper is drawn from it: `pool` is [(question id, expected mark 0–1), …].

    `passages` gives, by the id of a question, the number of the text that it shares with others.
    """

    section: int
    number: int
    mark: Decimal
    pool: tuple[tuple[int, float], ...]
    passages: Mapping[int, int] = field(default_factory=dict)

    @property
    def is_short(self) -> bool:
        return len(self.pool) < self.number


@dataclass(frozen=True)
class Asked:
    """One question of a drawn paper."""

    section: int
    question_id: int
    mark: Decimal
    expected: float


@dataclass(frozen=True)
class Spread:
    """How far drawn papers differ in what an average taker would reach, in per cent."""

    lowest: float
    mean: float
    highest: float
    deviation: float
    papers: int  # that were drawn for it
    is_guess: bool = False  # nobody has answered any of the questions yet

    @property
    def is_fair(self) -> bool:
        return self.highest - self.lowest <= 200 * FAIR


def drawn(
    seed: int, places: Sequence[Place], *, shuffle: bool, sections: bool = False
) -> list[Asked]:
    """The paper of a seed; always the same one for the same seed and pools.

    Of several drawn papers the one nearest to the mean expected score is taken, so that chance
    gives nobody a much harder one. No question comes twice, and where draws overlap none of them
    comes short of a question that another could spare. With `shuffle` the questions of each
    section stand in an order of their own, those about one passage together, with `sections` the
    sections among each other too.
    """
    chosen, _ = _fairest(seed, places)
    order = _order(places)
    paper = [
        Asked(place.section, question_id, place.mark, e)
        for index, place in ((index, places[index]) for index in order)
        for question_id, e in chosen[index]
    ]
    if shuffle:
        chance = random.Random(f"weike/order/1/{seed}")  # noqa: S311 - the seed is secret
        keyed = [(asked.section, chance.random(), asked) for asked in paper]
        paper = [asked for _, _, asked in sorted(keyed, key=lambda row: row[:2])]
    if sections:
        turns = sorted({asked.section for asked in paper})
        random.Random(f"weike/sections/1/{seed}").shuffle(turns)  # noqa: S311 - the seed is secret
        paper.sort(key=lambda asked: turns.index(asked.section))
    passages = {q: passage for place in places for q, passage in place.passages.items()}
    return _together(paper, passages) if shuffle else paper


def _together(paper: Sequence[Asked], passages: Mapping[int, int]) -> list[Asked]:
    """A paper in which questions about one passage follow each other, in every section.

    They stand where the first of them stood; everything else keeps its order.
    """
    first: dict[tuple[int, int], int] = {}
    keyed = []
    for at, asked in enumerate(paper):
        text = passages.get(asked.question_id)
        group = at if text is None else first.setdefault((asked.section, text), at)
        keyed.append((group, at, asked))
    return [asked for _, _, asked in sorted(keyed, key=lambda row: row[:2])]


def _fairest(seed: int, places: Sequence[Place]) -> tuple[list[list[tuple[int, float]]], float]:
    """By place the questions of the paper of a seed, and the marks to be expected in it."""
    tries = TRIES if _has_choice(places) else 1
    aim = sum(_mean(place) * float(place.mark) * place.number for place in places)
    order, marks = _order(places), [float(place.mark) for place in places]

    def reached(chosen: list[list[tuple[int, float]]]) -> float:
        return sum(e * marks[index] for index in order for _, e in chosen[index])

    papers = (_chosen(seed, number, places) for number in range(tries))
    scored = [(chosen, reached(chosen)) for chosen in papers]
    best = min(scored, key=lambda one: (_missing(one[0], places), abs(one[1] - aim)))
    if not _missing(best[0], places):
        return best
    filled = _filled(best[0], places)
    return filled, reached(filled)


def _missing(chosen: Sequence[Sequence[tuple[int, float]]], places: Sequence[Place]) -> int:
    return sum(place.number - len(rows) for rows, place in zip(chosen, places, strict=True))


def _filled(
    chosen: Sequence[Sequence[tuple[int, float]]], places: Sequence[Place]
) -> list[list[tuple[int, float]]]:
    """A paper of overlapping draws in which no place lacks a question that it could have.

    A question that a place lacks is taken from another, which takes another one for it, and so on:
    augmenting paths, as for a matching in a graph of two sides.
    """
    found = [dict(rows) for rows in chosen]
    holder = {question_id: index for index, rows in enumerate(found) for question_id in rows}

    def one_more(index: int) -> bool:
        # Breadth first: by question, the place that wants it and what that place gives away.
        came: dict[int, tuple[int, int | None]] = {}
        waiting: list[tuple[int, int | None]] = [(index, None)]
        for wanting, given in waiting:
            for question_id, _ in places[wanting].pool:
                if question_id in came:
                    continue
                came[question_id] = (wanting, given)
                if question_id not in holder:
                    take(question_id, came)
                    return True
                if holder[question_id] != wanting:
                    waiting.append((holder[question_id], question_id))
        return False

    def take(question_id: int, came: dict[int, tuple[int, int | None]]) -> None:
        wanted: int | None = question_id
        while wanted is not None:
            index, given = came[wanted]
            found[index][wanted] = dict(places[index].pool)[wanted]
            holder[wanted] = index
            if given is not None:
                del found[index][given]
            wanted = given

    for index, place in enumerate(places):
        while len(found[index]) < place.number and one_more(index):
            pass
    return [list(rows.items()) for rows in found]


def _has_choice(places: Sequence[Place]) -> bool:
    return any(len(place.pool) > place.number for place in places)


def _order(places: Sequence[Place]) -> list[int]:
    return sorted(range(len(places)), key=lambda index: (places[index].section, index))


def _chosen(seed: int, number: int, places: Sequence[Place]) -> list[list[tuple[int, float]]]:
    chance = random.Random(f"weike/draw/1/{seed}/{number}")  # noqa: S311 - the seed is secret
    taken: set[int] = set()
    found: list[list[tuple[int, float]]] = [[] for _ in places]
    # Small pools choose first: else a large one might take what they need.
    for index in sorted(range(len(places)), key=lambda i: (len(places[i].pool), i)):
        place = places[index]
        free = [row for row in place.pool if row[0] not in taken]
        chosen = chance.sample(free, min(place.number, len(free)))
        taken.update(question_id for question_id, _ in chosen)
        found[index] = chosen
    return found


def _mean(place: Place) -> float:
    return fmean(e for _, e in place.pool) if place.pool else 0.0


def spread(places: Sequence[Place]) -> Spread | None:
    """How far papers drawn from these places differ; None without questions."""
    most = sum(float(place.mark) * place.number for place in places)
    if not most:
        return None
    looked_at = sum(len(place.pool) + place.number for place in places)
    samples = max(FEWEST, min(SAMPLES, LOOKED_AT // looked_at)) if _has_choice(places) else 1
    scores = [100 * _fairest(seed, places)[1] / most for seed in range(samples)]
    is_guess = all(e == UNKNOWN for place in places for _, e in place.pool)
    return Spread(min(scores), fmean(scores), max(scores), pstdev(scores), samples, is_guess)
