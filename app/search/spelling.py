"""What may have been meant: words of the index near to those that nothing has.

English words by the number of wrong letters, pinyin by the titles that sound nearly so, Chinese
words by characters that sound alike (the mistake that typing in pinyin makes) or by any one
character. Only words that stand in passages which the reader may see are ever proposed.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator
from typing import Protocol

from app.search import folding, pinyin
from app.search.rules import Wish

Branches = frozenset[int] | None
MOST_WRONG = 3  # words of a query that are looked at
MOST_NEAR = 4_000  # words with the same first letter that are compared
MOST_TRIED = 60  # characters tried in one place
MOST_CHANGED = 2  # characters of one run
LONG = 6  # letters from which two may be wrong
MOST_LETTERS = 24  # of pinyin that is mended
MOST_TWINS = 1_600  # pairs of characters that sound like a pair
_LETTERS = "abcdefghijklmnopqrstuvwxyz"


class Vocabulary(Protocol):
    """The part of the index that this needs."""

    def counts(
        self, terms: Collection[str], field_name: str, branches: Branches
    ) -> dict[str, int]: ...

    def raw_terms(self, field_name: str, prefix: str, most: int) -> set[str]: ...

    def sounding(self, spellings: Collection[str], branches: Branches) -> dict[str, int]: ...

    def near(self, word: str, most: int) -> Collection[str]: ...


def corrections(text: str, wish: Wish, known: Vocabulary, branches: Branches) -> Iterator[str]:
    """Queries that may have been meant, best first; whether they have answers is not said."""
    folded = folding.fold(" ".join(text.split()))
    pairs: list[tuple[str, str]] = []
    for run, is_cjk in folding.runs(folded):
        better = (
            _chinese(run, known, branches)
            if is_cjk
            else _english(run, known, branches) or _spelt(run, known, branches)
        )
        if better:
            pairs.append((run, better))
        if len(pairs) == MOST_WRONG:
            break
    if pairs:
        changed = folding.joined(folded)
        for run, better in pairs:
            changed = re.sub(
                rf"(?<![a-z]){re.escape(run)}(?![a-z])" if run.isascii() else re.escape(run),
                better,
                changed,
                count=1,
            )
        yield folding.as_written(changed, like=text)
    if wish.phrases:
        yield re.sub(r"[\"“”„‟＂「」《》]", " ", text).strip()


def _english(word: str, known: Vocabulary, branches: Branches) -> str:
    """The most frequent of the words with the fewest letters wrong."""
    if len(word) < 4 or not word.isascii() or not word.isalpha():
        return ""
    stem = folding.stem(word)
    if known.counts((word,), "grams", branches)[word]:
        return ""
    if known.counts((stem,), "words", branches)[stem]:
        return ""
    most = 2 if len(word) >= LONG else 1
    near: dict[str, int] = {}
    for term in known.near(word, MOST_NEAR):
        if abs(len(term) - len(word)) <= most and term.isascii() and term.isalpha():
            wrong = distance(word, term, most)
            if wrong <= most:
                near[term] = wrong
    best = sorted(near, key=lambda term: (near[term], term[0] != word[0], term))[:MOST_TRIED]
    counts = known.counts(best, "grams", branches)
    seen = [term for term in best if counts[term]]
    return min(seen, key=lambda term: (near[term], -counts[term]), default="")


def _spelt(word: str, known: Vocabulary, branches: Branches) -> str:
    """Pinyin with one letter mended, so that titles begin or go on with how it sounds."""
    if not 4 <= len(word) <= MOST_LETTERS or not word.isascii() or not word.isalpha():
        return ""
    if known.counts((word,), "grams", branches)[word]:
        return ""
    near = {each for each in _one_letter_off(word) if pinyin.is_spelling(each)}
    seen = {each: n for each, n in known.sounding({word, *near}, branches).items() if n}
    if word in seen:
        return ""
    # Of equals the one with the same letters in another order: two fingers that came too soon.
    return max(
        seen,
        key=lambda each: (sorted(each) == sorted(word), seen[each], each),
        default="",
    )


def _one_letter_off(word: str) -> Iterator[str]:
    """All texts with one letter missing, swapped, wrong or too many."""
    for at in range(len(word) + 1):
        head, tail = word[:at], word[at:]
        yield from (f"{head}{letter}{tail}" for letter in _LETTERS)
        if tail:
            yield head + tail[1:]
            yield from (f"{head}{letter}{tail[1:]}" for letter in _LETTERS)
        if len(tail) > 1:
            yield head + tail[1] + tail[0] + tail[2:]


def distance(one: str, other: str, most: int) -> int:
    """How many letters are wrong, too many, missing or swapped; more than `most` is most + 1."""
    before: list[int] = []
    last = list(range(len(other) + 1))
    for row, char in enumerate(one, 1):
        this = [row]
        for at, letter in enumerate(other, 1):
            cost = min(last[at] + 1, this[-1] + 1, last[at - 1] + (char != letter))
            if row > 1 and at > 1 and char == other[at - 2] and one[row - 2] == letter:
                cost = min(cost, before[at - 2] + 1)
            this.append(cost)
        if min(this) > most:
            return most + 1
        before, last = last, this
    return min(last[-1], most + 1)


def _chinese(run: str, known: Vocabulary, branches: Branches) -> str:
    """The run with one or two characters changed so that all its pairs stand somewhere."""
    if not 2 <= len(run) <= 20:
        return ""

    def counts(*texts: str) -> dict[str, int]:
        return known.counts({pair for text in texts for pair in _pairs(text)}, "grams", branches)

    changed = run
    for _ in range(MOST_CHANGED):
        there = counts(changed)
        wrong = next((at for at, pair in enumerate(_pairs(changed)) if not there[pair]), None)
        if wrong is None:
            break
        trials = [
            (sounds_alike, at, changed[:at] + char + changed[at + 1 :])
            for at in (wrong + 1, wrong)
            for char, sounds_alike in _candidates(changed, at, known)
        ]
        there = counts(*(trial[max(0, at - 1) : at + 2] for _, at, trial in trials))
        found = [
            (sounds_alike, fewest, trial)
            for sounds_alike, at, trial in trials
            if (fewest := min(there[pair] for pair in _pairs(trial[max(0, at - 1) : at + 2])))
        ]
        if not found:
            changed = _twins(changed, wrong, counts)
            break
        changed = max(found)[2]
    there = counts(changed)
    return changed if changed != run and all(there.values()) else ""


def _twins(run: str, at: int, counts: Callable[..., dict[str, int]]) -> str:
    """The run with two neighbours changed for two that sound like them: 威客 is 微课."""
    first, second = pinyin.homophones(run[at]), pinyin.homophones(run[at + 1])
    trials = [
        run[:at] + one + other + run[at + 2 :]
        for one in first[: max(1, MOST_TWINS // max(1, len(second)))]
        for other in second
    ]
    there = counts(*(trial[at : at + 2] for trial in trials))
    some = [trial for trial in trials if there[trial[at : at + 2]]]
    there = counts(*(trial[max(0, at - 1) : at + 3] for trial in some))
    return max(
        some,
        key=lambda trial: (
            min(there[pair] for pair in _pairs(trial[max(0, at - 1) : at + 3])),
            trial,
        ),
        default=run,
    )


def _pairs(run: str) -> list[str]:
    return [run[at : at + 2] for at in range(len(run) - 1)]


def _candidates(run: str, at: int, known: Vocabulary) -> Iterator[tuple[str, int]]:
    """Characters for a place, each with whether it sounds like what stands there."""
    alike = pinyin.homophones(run[at])[:MOST_TRIED]
    yield from ((char, 1) for char in alike)
    if at and len(run) > 2:
        for term in known.raw_terms("grams", run[at - 1], MOST_TRIED):
            if len(term) == 2 and term[1] not in alike:
                yield term[1], 0
