"""When two questions say nearly the same: by the three-letter pieces that they share."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping
from math import ceil

from app.search.folding import squeezed

NEAR = 0.8  # share of pieces in common from which two questions look alike
MOST_LOOKED_AT = 50  # others that one question is compared with, the likeliest first


def pieces(text: str) -> frozenset[str]:
    """The three-letter pieces of a folded text."""
    plain = f" {squeezed(text)} "
    return frozenset(plain[at : at + 3] for at in range(max(1, len(plain) - 2)))


def likeness(one: frozenset[str], other: frozenset[str]) -> float:
    """The share of pieces that two texts have in common (Jaccard), from 0 to 1."""
    common = len(one & other)
    return common / (len(one) + len(other) - common)


def alike(texts: Mapping[int, str]) -> dict[tuple[int, int], int]:
    """The pairs (smaller key, larger key) of texts that are NEAR, with their per cent.

    Not every text is compared with every other: two texts of which 80 % is in common share at
    least one of their rarest pieces (the prefix filter of Bayardo, Ma and Srikant, 2007). Of texts
    that are the very same, each is paired with the first only, so that a hundred copies give 99
    pairs.
    """
    same: dict[frozenset[str], int] = {}
    found: dict[tuple[int, int], int] = {}
    for key in sorted(texts):
        first = same.setdefault(pieces(texts[key]), key)
        if first != key:
            found[first, key] = 100
    often = Counter(piece for mine in same for piece in mine)
    holders: dict[str, list[int]] = defaultdict(list)
    looked: list[tuple[int, frozenset[str]]] = []
    for mine, key in sorted(same.items(), key=lambda each: (len(each[0]), each[1])):
        rarest = sorted(mine, key=lambda piece: (often[piece], piece))
        prefix = rarest[: len(mine) - ceil(NEAR * len(mine)) + 1]
        candidates = Counter(at for piece in prefix for at in holders[piece])
        for at, _number in candidates.most_common(MOST_LOOKED_AT):
            other, theirs = looked[at]
            share = likeness(mine, theirs) if len(theirs) >= NEAR * len(mine) else 0
            if share >= NEAR:
                found[min(key, other), max(key, other)] = int(share * 100)
        for piece in prefix:
            holders[piece].append(len(looked))
        looked.append((key, mine))
    return found
