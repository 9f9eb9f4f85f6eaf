"""Showing where the words stand: spans in the text as written, and safe HTML made of them.

The words are looked for in the folded text and marked in the original, so that 微課程 is marked
for 微课程. Text is escaped piece by piece; only our own <mark> is put around it.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from markupsafe import Markup, escape

from app.search import folding
from app.search.units import Unit

LENGTH = 150  # characters of an excerpt in Chinese; other scripts get more
LATIN_FACTOR = 1.6
LEAD = 30  # characters before the first mark, if no sentence begins there
_SENTENCE_END = re.compile(r"[。！？!?；;\n]|\.\s")
_WIDE = re.compile(rf"[{folding.CJK}]")
_LATIN_WORD = re.compile(r"[^\W_]+(?:'[^\W_]+)*")


@dataclass(frozen=True)
class Sought:
    """What is to be marked: the units of a query and its exact phrases (as typed)."""

    units: Sequence[Unit] = ()
    phrases: Sequence[str] = ()

    @cached_property
    def _flat(self) -> list[tuple[int, Unit]]:
        """Everything that satisfies a unit, with the unit's number."""
        return [(number, each) for number, u in enumerate(self.units) for each in u.flat()]

    @cached_property
    def _stems(self) -> dict[str, int]:
        return {u.words[0]: n for n, u in self._flat if not u.is_cjk and u.words}

    @cached_property
    def _beginnings(self) -> list[tuple[str, int]]:
        return [(u.text, n) for n, u in self._flat if u.is_prefix]

    @cached_property
    def _patterns(self) -> list[tuple[int, list[re.Pattern[str]]]]:
        """For each Chinese unit its patterns from whole to pieces, of which the first that hits."""
        return [
            (
                number,
                [
                    re.compile("|".join(_loose(piece) for piece in pieces))
                    for pieces in ([u.text], [w for w in u.words if len(w) > 1], u.grams)
                    if pieces
                ],
            )
            for number, u in self._flat
            if u.is_cjk
        ]

    @cached_property
    def phrase_patterns(self) -> list[re.Pattern[str]]:
        """The phrases as patterns for folded text, whatever spaces and signs stand between."""
        return [re.compile(_phrase(phrase)) for phrase in self.phrases]

    def spans(self, text: str) -> list[tuple[int, int, int]]:
        """(start, end, number of the unit) in `text`, in order; they may overlap."""
        folded, offsets = folding.fold_with_offsets(text)
        found: list[tuple[int, int, int]] = []
        for word in _LATIN_WORD.finditer(folded) if self._stems else ():
            number = self._stems.get(folding.stem(word.group()))
            if number is not None:
                found.append((word.start(), word.end(), number))
            for beginning, begun in self._beginnings:
                if word.group().startswith(beginning) and begun != number:
                    found.append((word.start(), word.start() + len(beginning), begun))
        for number, patterns in self._patterns:
            for pattern in patterns:
                hits = [(hit.start(), hit.end(), number) for hit in pattern.finditer(folded)]
                found.extend(hits)
                if hits:
                    break
        for number, pattern in enumerate(self.phrase_patterns, len(self.units)):
            found.extend((hit.start(), hit.end(), number) for hit in pattern.finditer(folded))
        return sorted(
            (offsets[start], max(offsets[end], offsets[start] + 1), number)
            for start, end, number in found
        )


def has_phrases(sought: Sought, folded: str) -> bool:
    """Whether every exact phrase stands in a folded text."""
    return all(pattern.search(folded) for pattern in sought.phrase_patterns)


def marked(text: str, sought: Sought) -> Markup:
    """The whole text as HTML with the sought words marked."""
    return _html(text, 0, len(text), sought.spans(text))


def excerpt(text: str, sought: Sought, length: int = LENGTH) -> tuple[Markup, int, int]:
    """The part of a text with most of the sought words, how many different ones it has, and at
    which character of the text the first of them stands."""
    if not text.strip():
        return Markup(), 0, 0
    if len(_WIDE.findall(text[:600])) * 3 < len(text[:600]):
        length = int(length * LATIN_FACTOR)
    spans = sought.spans(text)
    start, distinct = _best_start(spans, length), 0
    first = start
    if spans:
        distinct = len({n for s, _, n in spans if start <= s < start + length})
        start = _sentence_start(text, start)
    end = _word_end(text, min(len(text), start + length))
    return (
        Markup("{}{}{}").format(
            "… " if text[:start].strip() else "",
            _html(text, start, end, spans),
            " …" if text[end:].strip() else "",
        ),
        distinct,
        first,
    )


def _best_start(spans: list[tuple[int, int, int]], length: int) -> int:
    """Where the stretch begins that has the most different words, then the most marks."""
    best, best_worth = 0, (0, 0)
    for at, (start, _, _) in enumerate(spans):
        inside = [n for s, _, n in spans[at : at + 40] if s < start + length - LEAD]
        worth = (len(set(inside)), len(inside))
        if worth > best_worth:
            best, best_worth = start, worth
    return best


def _sentence_start(text: str, at: int) -> int:
    """The beginning of the sentence when it is near, else a few characters before."""
    ends = [m.end() for m in _SENTENCE_END.finditer(text, max(0, at - 2 * LEAD), at)]
    if ends:
        at = ends[-1]
    elif at > 2 * LEAD:
        at -= LEAD
        while at > 0 and text[at - 1].isascii() and text[at - 1].isalnum():
            at -= 1
    else:
        at = 0
    while at < len(text) and text[at].isspace():
        at += 1
    return at


def _word_end(text: str, at: int) -> int:
    """Not in the middle of an English word, unless it is endless."""
    end = at
    while end < len(text) and end - at < LEAD and text[end].isascii() and text[end].isalnum():
        end += 1
    return end


def _html(text: str, start: int, end: int, spans: list[tuple[int, int, int]]) -> Markup:
    html, at = Markup(), start
    for span in _merged(spans):
        first, last = max(span[0], at), min(span[1], end)
        if first < last:
            html += escape(text[at:first]) + Markup("<mark>{}</mark>").format(text[first:last])
            at = last
    return html + escape(text[at:end])


def _merged(spans: list[tuple[int, int, int]]) -> list[tuple[int, int]]:
    """Spans without their numbers; those that touch become one."""
    merged: list[tuple[int, int]] = []
    for start, end, _ in spans:
        if merged and start <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        else:
            merged.append((start, end))
    return merged


def _loose(run: str) -> str:
    """A Chinese run as a pattern that lines and gaps between its characters do not break."""
    return r"\s*".join(re.escape(char) for char in run)


def _phrase(phrase: str) -> str:
    parts = [
        _loose(run) if is_cjk else rf"(?<![a-z0-9]){re.escape(run)}(?![a-z0-9])"
        for run, is_cjk in folding.runs(phrase)
    ]
    return r"[\W_]*".join(parts) or r"(?!)"
