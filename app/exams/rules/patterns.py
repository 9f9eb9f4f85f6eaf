"""Answers that are alike, and topics that are weak. Reasons to look, never a verdict."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from math import log2

LEAST_SHARED = 4  # fewer wrong answers in common are chance
LEAST_SHARE = 0.6  # of the wrong answers of the one who has fewer
MOST_PAIRS = 2_000_000  # looked at; common wrong answers are left out first
LEAST_TAKERS = 3  # of a branch, before its topics are compared


@dataclass(frozen=True)
class Alike:
    """Two attempts with the same wrong answers; `bits` says how unlikely that is by chance."""

    first: int
    second: int
    shared: int
    wrong: tuple[int, int]  # how many wrong answers each has
    bits: float
    questions: tuple[int, ...]


def alike(wrong: Mapping[int, Mapping[int, str]], asked: Mapping[int, int]) -> list[Alike]:
    """Pairs of attempts with many equal wrong answers, the least likely first.

    `wrong` has {attempt: {question: what was answered}} of wrong answers that are not blank,
    `asked` how often each question was asked. A wrong answer that many give says little: each
    shared one counts −log2 of the share of takers who gave it.
    """
    givers: dict[tuple[int, str], list[int]] = {}
    for attempt, answers in wrong.items():
        for question, answer in answers.items():
            givers.setdefault((question, answer), []).append(attempt)
    pairs: dict[tuple[int, int], list[tuple[int, float]]] = {}
    looked_at = 0
    # The rarest first: what many gave is dear to compare and tells least.
    for (question, _answer), attempts in sorted(givers.items(), key=lambda g: (len(g[1]), g[0])):
        looked_at += len(attempts) * (len(attempts) - 1) // 2
        if looked_at > MOST_PAIRS:
            break
        bits = -log2(len(attempts) / max(asked[question], len(attempts)))
        for pair in combinations(sorted(attempts), 2):
            pairs.setdefault(pair, []).append((question, bits))
    found = []
    for (first, second), shared in pairs.items():
        both = len(wrong[first]), len(wrong[second])
        if len(shared) >= LEAST_SHARED and len(shared) >= LEAST_SHARE * min(both):
            total = sum(bits for _question, bits in shared)
            where = tuple(sorted(question for question, _bits in shared))
            found.append(Alike(first, second, len(shared), both, total, where))
    return sorted(found, key=lambda a: (-a.bits, a.first, a.second))


@dataclass(frozen=True)
class Topic:
    """How a branch does in one topic: the mean mark from 0 to 1 of so many answers."""

    branch: str
    topic: str
    answers: int
    mean: float
    of_all: float  # the mean of everybody


def weak_topics(rows: Sequence[tuple[str, int, str, float]]) -> list[Topic]:
    """Per branch its topics, weakest first. Rows are (branch, taker, topic, mark from 0 to 1)."""
    takers: dict[str, set[int]] = {}
    sums: dict[tuple[str, str], list[float]] = {}
    every: dict[str, list[float]] = {}
    for branch, taker, topic, mark in rows:
        takers.setdefault(branch, set()).add(taker)
        sums.setdefault((branch, topic), []).append(mark)
        every.setdefault(topic, []).append(mark)
    size = Counter({branch: len(found) for branch, found in takers.items()})
    return sorted(
        (
            Topic(
                branch,
                topic,
                len(marks),
                sum(marks) / len(marks),
                sum(every[topic]) / len(every[topic]),
            )
            for (branch, topic), marks in sums.items()
            if size[branch] >= LEAST_TAKERS
        ),
        key=lambda t: (t.branch, t.mean, t.topic),
    )
