"""How many members have seen each part of a lesson, and which parts were played once more."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

from app.learning.rules.spans import Span

PARTS_MOST = 120  # of a curve
PART_LEAST_MS = 1_000
STUCK_DAYS = 7  # begun, not complete, and not opened for so long


@dataclass(frozen=True)
class Part:
    """One part of a lesson: from, to (ms), how many saw most of it, how many more than once."""

    start: int
    end: int
    viewers: int
    again: int


def part_length(length_ms: int) -> int:
    """The length of one part of a curve in ms: whole seconds, at most PARTS_MOST of them."""
    wanted = -(-length_ms // PARTS_MOST)
    return max(PART_LEAST_MS, -(-wanted // 1000) * 1000)


def curve(
    length_ms: int,
    seen: Iterable[Sequence[Sequence[int]]],
    again: Iterable[Sequence[Sequence[int]]],
) -> list[Part]:
    """The parts of a lesson with their viewers. Each element of `seen` is one member's union.

    A part counts when its middle was seen, so that rounding at its edges does not matter.
    """
    if length_ms <= 0:
        return []
    step = part_length(length_ms)
    starts = range(0, length_ms, step)
    viewers, repeats = [0] * len(starts), [0] * len(starts)
    for counts, members in ((viewers, seen), (repeats, again)):
        for spans in members:
            for start, end in spans:
                for number in _middles(start, end, step, len(starts), length_ms):
                    counts[number] += 1
    return [
        Part(start, min(length_ms, start + step), viewers[n], repeats[n])
        for n, start in enumerate(starts)
    ]


def _middles(start: int, end: int, step: int, parts: int, length_ms: int) -> range:
    """The numbers of the parts whose middle lies in [start, end)."""
    first = -(-(2 * start - step) // (2 * step))
    last = -(-(2 * end - step) // (2 * step))
    if end >= length_ms:  # the last part may be shorter than the others
        last = parts
    return range(max(0, first), min(parts, last))


def steepest(parts: Sequence[Part]) -> Part | None:
    """The part before which most viewers were lost; None when nobody was lost inside."""
    drops = [(before.viewers - after.viewers, after) for before, after in pairwise(parts)]
    most = max(drops, key=lambda pair: pair[0], default=None)
    return most[1] if most and most[0] > 0 else None


def most_repeated(parts: Sequence[Part], limit: int = 3) -> list[Span]:
    """Where members play once more: the parts with the most repeats, joined, the most first."""
    top = max((part.again for part in parts), default=0)
    if top == 0:
        return []
    found: list[tuple[int, int, int]] = []
    for part in parts:
        if part.again * 2 < top:
            continue
        if found and found[-1][1] == part.start:
            found[-1] = (found[-1][0], part.end, max(found[-1][2], part.again))
        else:
            found.append((part.start, part.end, part.again))
    return [(a, b) for a, b, _ in sorted(found, key=lambda one: -one[2])[:limit]]
