"""Spans of a lesson: merging, measuring, and what is missing between them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

Span = tuple[int, int]  # [from, to) in ms of the lesson

TRIFLE_MS = 1_000  # a smaller gap is not worth naming
EDGE_MS = 2_000  # how far ahead of what was seen one may begin where jumping ahead is not allowed
AGAIN_LEAST_MS = 2_000
JOIN_MS = 300  # players round; a smaller gap between two spans is none


def union(spans: Iterable[Sequence[int]]) -> list[Span]:
    """The spans in order, merged where they overlap or nearly touch (JOIN_MS)."""
    found: list[list[int]] = []
    for start, end in sorted((s[0], s[1]) for s in spans if s[1] > s[0]):
        if found and start - found[-1][1] <= JOIN_MS:
            found[-1][1] = max(found[-1][1], end)
        else:
            found.append([start, end])
    return [(start, end) for start, end in found]


def measure(spans: Iterable[Sequence[int]]) -> int:
    """The ms in a union of spans."""
    return sum(end - start for start, end in spans)


def missing(spans: Sequence[Sequence[int]], length_ms: int) -> list[Span]:
    """What is not in a union of spans, from 0 to `length_ms`."""
    found: list[Span] = []
    at = 0
    for start, end in spans:
        if start > at:
            found.append((at, min(start, length_ms)))
        at = max(at, end)
    if at < length_ms:
        found.append((at, length_ms))
    return found


def gaps(spans: Sequence[Sequence[int]], length_ms: int) -> list[Span]:
    """What is missing and worth naming: nobody is sent to look at half a second."""
    return [gap for gap in missing(spans, length_ms) if gap[1] - gap[0] >= TRIFLE_MS]


def in_reach(seen: Iterable[Sequence[int]], played: Iterable[Sequence[int]]) -> list[Span]:
    """Of what was played, in that order, what began inside or at the edge of what was seen."""
    known = union(seen)
    found: list[Span] = []
    for start, end in played:
        if start > EDGE_MS and not any(a <= start <= b + EDGE_MS for a, b in known):
            continue
        found.append((start, end))
        known = union([*known, (start, end)])
    return found


def again(
    seen: Iterable[Sequence[int]], played: Iterable[Sequence[int]], before: Iterable[Sequence[int]]
) -> list[Span]:
    """What was played once more by now: `before`, with what of `played` had been seen already.

    Less than AGAIN_LEAST_MS at a time is a player that rounds, or somebody who missed a word.
    """
    known = list(seen)
    found = [
        (max(start, a), min(end, b))
        for start, end in played
        for a, b in known
        if min(end, b) - max(start, a) >= AGAIN_LEAST_MS
    ]
    return union([*before, *found])


def clipped(spans: Iterable[Sequence[int]], length_ms: int) -> list[Span]:
    """A union of spans without what lies beyond `length_ms`."""
    return [(start, min(end, length_ms)) for start, end in spans if start < length_ms]
