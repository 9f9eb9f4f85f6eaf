"""With which entry of the ledger members of equal points have reached them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from app.points.rules.corrections import CORRECTION

AGAIN = ":again:"  # in the source of what was taken back, and earned once more later
BACK = ":back:"  # in the source of what should not have been taken back


class Line(NamedTuple):
    """What the order of members asks of an entry."""

    id: int
    seq: int
    reason: str
    source: str
    amount: int
    corrects_seq: int | None


class Counted(NamedTuple):
    """The ids of entries (0 for none) that an entry stands for: in the order of members, and in
    that of branches, where what was taken away has moved the branch all the same."""

    member: int
    branch: int


def counted(lines: Iterable[Line]) -> dict[int, Counted]:
    """What those entries of one member stand for that do not simply stand for themselves.

    `lines` are all of them, in their order. What was taken back wholly has reached nothing; a
    correction only changes what the corrected entry gave; and what is given back counts from when
    it was given first. So a regrade that is undone leaves everybody in their place.
    """
    entries = list(lines)
    taken = {line.corrects_seq: line.amount for line in entries if line.reason == CORRECTION}
    if not taken:
        return {}
    first: dict[tuple[str, str], int] = {}  # the entry that was given before it was given back
    stands: dict[int, Counted] = {}  # by number
    found: dict[int, Counted] = {}
    for line in entries:
        if line.corrects_seq is not None:
            found[line.id] = stands.get(line.corrects_seq, Counted(0, 0))
            continue
        origin = line.id
        if BACK in line.source:
            origin = first.get((line.reason, line.source.partition(BACK)[0]), line.id)
        else:
            first[line.reason, line.source.partition(AGAIN)[0]] = line.id
        left = line.amount + taken.get(line.seq, 0)
        stands[line.seq] = Counted(origin if left else 0, origin)
        if stands[line.seq] != (line.id, line.id):
            found[line.id] = stands[line.seq]
    return found
