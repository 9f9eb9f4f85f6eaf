"""Terms as lexemes of a tsvector, and what is asked for as a tsquery.

Texts are cut by ourselves, so PostgreSQL's configuration is `simple` in effect: no dictionary of
its own has a say. One letter before each term says the field that it stands in; how often a term
occurs is how many positions its lexeme has, since ts_rank sees positions only.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import replace

from app.search import pinyin
from app.search.index.asking import Ask
from app.search.index.schema import AUTHOR, LONGEST_TERM, SHELF
from app.search.units import Unit

LETTERS = {"grams": "g", "words": "w", "title": "t", "sounds": "s", "facts": "f"}
COUNTED = frozenset("gwt")  # fields whose terms are counted, for how rare they are
# Terms that occur so often in a passage, or more often, have these letters too: so the index alone
# finds the passages that say most of what many passages say.
OFTEN = {8: {"g": "j", "w": "z"}, 4: {"g": "i", "w": "y"}, 2: {"g": "h", "w": "x"}}
MOST_TIMES = 30  # that are told apart; BM25 hardly does from ten on
# What ts_rank answers for a term with 1, 2, 3 … positions: the sum of 1/n² over π²/6.
STEPS = [
    sum(1 / n**2 for n in range(1, times + 1)) / 1.64493406685 - 1e-4
    for times in range(1, MOST_TIMES + 1)
]


def lexeme(field_name: str, term: str) -> str:
    """A term as it stands in the tsvector."""
    return LETTERS[field_name] + term[:LONGEST_TERM]


def vector(terms: dict[str, list[str]]) -> tuple[str, list[str]]:
    """The terms of a passage as the text of a tsvector, and those of them that are counted."""
    parts: list[str] = []
    counted: list[str] = []
    for field_name, letter in LETTERS.items():
        for term, times in Counter(t[:LONGEST_TERM] for t in terms[field_name]).items():
            word = _quoted(letter + term)
            if letter not in COUNTED:
                parts.append(word)
                continue
            counted.append(letter + term)
            if times == 1:
                parts.append(word)
                continue
            places = ",".join(map(str, range(1, min(times, MOST_TIMES) + 1)))
            parts.append(f"{word}:{places}")
            parts.extend(
                _quoted(letters[letter] + term)
                for least, letters in OFTEN.items()
                if times >= least and letter in letters
            )
    return " ".join(parts), counted


def wanted(units: Sequence[Unit], place: str, *, first: bool = False, least: int = 1) -> str:
    """Every one of these units, as a tsquery; "" for none. `least` may be one of OFTEN."""
    return _all(_unit(unit, place, first=first, least=least) for unit in units)


def query(ask: Ask, *, first: bool = False) -> str:
    """All that must stand in one passage."""
    labels = (
        _all(_labelled(sign, unit) for unit in units)
        for sign, units in ((AUTHOR, ask.authors), (SHELF, ask.shelves))
    )
    return _all(
        (
            wanted(ask.wanted, "grams", first=first),
            wanted(ask.in_title, "title", first=first),
            *labels,
        )
    )


def any_of(queries: Iterable[str]) -> str:
    """Queries joined by or."""
    given = [each for each in queries if each]
    return given[0] if len(given) == 1 else f"({' | '.join(given)})" if given else ""


def exactly(text: str) -> str:
    """One lexeme as a tsquery."""
    return _quoted(text)


def beginning(text: str) -> str:
    """All lexemes that begin so, as a tsquery."""
    return f"{_quoted(text)}:*"


def sounding(sound: str, *, first: bool) -> str:
    """Titles that sound so, by whole syllables, and by first letters too when `first`."""
    kinds = (pinyin.FULL, pinyin.FIRST) if first else (pinyin.FULL,)
    return any_of(beginning(LETTERS["sounds"] + kind + sound) for kind in kinds)


def _all(queries: Iterable[str]) -> str:
    return " & ".join(each for each in queries if each)


def _unit(unit: Unit, place: str, *, first: bool, least: int) -> str:
    if unit.others:
        own = (replace(unit, others=()),) if unit.grams else ()
        groups = [wanted(some, place, first=first, least=least) for some in (own, *unit.others)]
        return any_of(f"({group})" for group in groups if group)
    often = OFTEN.get(least, {})
    letter = often.get(LETTERS[place], LETTERS[place])
    if unit.is_single:
        return beginning(letter + unit.text)
    if unit.is_cjk:
        return _all(exactly(letter + gram) for gram in unit.grams)
    ways = [exactly(letter + unit.text[:LONGEST_TERM])]
    if place != "title":
        words = often.get(LETTERS["words"], LETTERS["words"])
        ways.append(exactly(words + unit.words[0][:LONGEST_TERM]))
    if unit.is_prefix:
        ways.append(beginning(letter + unit.text))
    if unit.sound:
        ways.append(sounding(unit.sound, first=first or unit.is_prefix))
    return any_of(ways)


def _labelled(sign: str, unit: Unit) -> str:
    head = LETTERS["facts"] + sign
    if unit.is_single:
        return beginning(head + unit.text)
    return _all(exactly(head + gram) for gram in unit.grams)


def _quoted(text: str) -> str:
    plain = text.replace("\\", "\\\\").replace("'", "''")
    return f"'{plain}'"
