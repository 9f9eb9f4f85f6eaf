"""Statistics of a paper, by the formulas of Moodle's quiz statistics report.

(https://docs.moodle.org/dev/Quiz_statistics_calculations; mod/quiz/report/statistics.)

Marks are Decimals and every sum is a sum of whole numbers, so nothing is lost on the way: each
figure is rounded once, to the nearest double, at its end. What has no value (a variance of one
attempt, a correlation with something that never varies) is None, and never an almost-zero that
rounding left behind. Variances are those of samples, with n - 1 below the line.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from math import sqrt


@dataclass(frozen=True)
class SlotStatistics:
    """Figures of one slot. Covariances are in marks², percentages from -100 to 100."""

    slot: int  # from 1
    max_mark: float | None
    facility: float | None  # mean mark as a share of the greatest mark
    mean: float | None
    standard_deviation: float | None
    covariance: float | None  # with the rest of the paper
    covariance_max: float | None  # the same, if both were in the same order
    discrimination_index: float | None
    discriminative_efficiency: float | None
    effective_weight: float | None
    negative_covariance: bool  # with the whole paper; the reason for a weight of None


@dataclass(frozen=True)
class Statistics:
    """Figures of a paper, in marks; skewness and kurtosis have no unit, the rest is in per cent."""

    attempts: int
    max_mark: float | None
    mean: float | None
    median: float | None
    standard_deviation: float | None
    skewness: float | None
    kurtosis: float | None
    internal_consistency: float | None  # Cronbach's alpha, in per cent
    error_ratio: float | None  # per cent
    standard_error: float | None  # in marks
    slots: tuple[SlotStatistics, ...]


def statistics(
    marks: Sequence[Sequence[Decimal | None]], max_marks: Sequence[Decimal | None]
) -> Statistics:
    """Figures of `marks`: one row per attempt, one mark per slot; a blank answer is 0.

    None is a question that was left out: the attempt counts in no figure of that slot. A slot that
    was left out of every attempt (its greatest mark is 0) counts in none of the paper either.

    `max_marks` are the greatest marks of the slots; a slot whose greatest mark is not known (or
    is 0) has no facility. Raises ValueError when a row is longer or shorter than `max_marks`.
    """
    width = len(max_marks)
    if any(len(row) != width for row in marks):
        raise ValueError(f"every attempt needs {width} marks")
    n = len(marks)
    unit = 10 ** max((_digits(m) for row in marks for m in row if m is not None), default=0)
    table = [[None if m is None else int(m * unit) for m in row] for row in marks]
    totals = [sum(mark for mark in row if mark is not None) for row in table]
    columns: list[list[int]] = []
    wholes: list[list[int]] = []  # of each slot, the totals of the attempts that it counts for
    for i in range(width):
        there = [
            (m, whole)
            for row, whole in zip(table, totals, strict=True)
            if (m := row[i]) is not None
        ]
        columns.append([mark for mark, _whole in there])
        wholes.append([whole for _mark, whole in there])
    variances = [_covariance(column, column, unit) for column in columns]
    shares = [_covariance(*pair, unit) for pair in zip(columns, wholes, strict=True)]
    weights = sum(sqrt(share) for share in shares if share is not None and share > 0)
    slots = tuple(
        _slot(
            number,
            column,
            wholes[number - 1],
            unit=unit,
            most=max_marks[number - 1],
            share=shares[number - 1],
            weights=weights,
        )
        for number, column in enumerate(columns, 1)
    )
    known = [mark for mark in max_marks if mark is not None]
    k2 = _covariance(totals, totals, unit)
    consistency = None
    counting = sum(mark != 0 for mark in max_marks)
    if counting > 1 and k2:
        summed = sum((v for v in variances if v is not None), Fraction(0))
        consistency = Fraction(100 * counting, counting - 1) * (1 - summed / k2)
    error = None if consistency is None else 100 * sqrt(max(Fraction(0), 1 - consistency / 100))
    deviation = None if k2 is None else sqrt(k2)
    skewness, kurtosis = _shape(totals)
    return Statistics(
        attempts=n,
        max_mark=float(sum(known, Decimal(0))) if len(known) == width else None,
        mean=float(Fraction(sum(totals), n * unit)) if n else None,
        median=_median(totals, unit),
        standard_deviation=deviation,
        skewness=skewness,
        kurtosis=kurtosis,
        internal_consistency=None if consistency is None else float(consistency),
        error_ratio=error,
        standard_error=None if error is None or deviation is None else error * deviation / 100,
        slots=slots,
    )


def _slot(
    number: int,
    marks: list[int],
    totals: list[int],
    *,
    unit: int,
    most: Decimal | None,
    share: Fraction | None,
    weights: float,
) -> SlotStatistics:
    n = len(marks)
    others = [whole - mark for whole, mark in zip(totals, marks, strict=True)]
    variance = _covariance(marks, marks, unit)
    spread = _covariance(others, others, unit)
    together = _covariance(marks, others, unit)
    at_most = _covariance(sorted(marks), sorted(others), unit)
    index = efficiency = weight = None
    if together is not None and variance and spread:
        index = 100 * _signed_root(together, together * together / (variance * spread))
    if together is not None and at_most:
        efficiency = float(100 * together / at_most)
    if share is not None and share >= 0 and weights:
        weight = 100 * sqrt(share) / weights
    mean = Fraction(sum(marks), n * unit) if n else None
    return SlotStatistics(
        slot=number,
        max_mark=None if most is None else float(most),
        facility=float(mean / Fraction(most)) if mean is not None and most else None,
        mean=None if mean is None else float(mean),
        standard_deviation=None if variance is None else sqrt(variance),
        covariance=None if together is None else float(together),
        covariance_max=None if at_most is None else float(at_most),
        discrimination_index=index,
        discriminative_efficiency=efficiency,
        effective_weight=weight,
        negative_covariance=share is not None and share < 0,
    )


def _digits(mark: Decimal) -> int:
    """How many digits a mark has after the point."""
    exponent = mark.normalize().as_tuple().exponent
    if not isinstance(exponent, int):
        raise TypeError(f"{mark} is no mark")
    return max(0, -exponent)


def _covariance(a: Sequence[int], b: Sequence[int], unit: int) -> Fraction | None:
    """Of two lists of marks, each counted in 1/unit; with n - 1, so None below two attempts."""
    n = len(a)
    if n < 2:
        return None
    products = sum(x * y for x, y in zip(a, b, strict=True))
    return Fraction(n * products - sum(a) * sum(b), n * (n - 1) * unit * unit)


def _signed_root(sign: Fraction, square: Fraction) -> float:
    root = sqrt(square)
    return -root if sign < 0 else root


def _median(totals: Sequence[int], unit: int) -> float | None:
    if not totals:
        return None
    ordered, middle = sorted(totals), len(totals) // 2
    twice = ordered[middle] * 2 if len(totals) % 2 else ordered[middle - 1] + ordered[middle]
    return float(Fraction(twice, 2 * unit))


def _shape(totals: Sequence[int]) -> tuple[float | None, float | None]:
    """Skewness and kurtosis from k-statistics; both are free of the unit."""
    n = len(totals)
    if n < 3:
        return None, None
    whole = sum(totals)
    # n times the distance from the mean, so that it is a whole number.
    away = [n * value - whole for value in totals]
    m2, m3, m4 = (Fraction(sum(d**power for d in away), n) for power in (2, 3, 4))
    if not m2:
        return None, None
    k2 = n * m2 / (n - 1)
    k3 = n * n * m3 / ((n - 1) * (n - 2))
    skewness = _signed_root(k3, k3 * k3 / (k2 * k2 * k2))
    if n < 4:
        return skewness, None
    below = (n - 1) * (n - 2) * (n - 3)
    k4 = n * n * ((n + 1) * m4 - 3 * (n - 1) * m2 * m2) / below
    return skewness, float(k4 / (k2 * k2))


def histogram(percents: Sequence[float], bands: int = 10) -> list[int]:
    """How many attempts reached 0 to under 10 %, … 90 to 100 %."""
    counts = [0] * bands
    for percent in percents:
        counts[min(bands - 1, max(0, int(percent * bands / 100)))] += 1
    return counts
