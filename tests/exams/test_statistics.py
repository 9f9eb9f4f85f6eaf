"""The statistics are Moodle's: against values worked out by hand and against plain formulas."""

from __future__ import annotations

import random
from decimal import Decimal
from math import sqrt

import pytest

from app.exams.rules.statistics import histogram, statistics

ONE = Decimal(1)


def table(text: str) -> list[list[Decimal]]:
    return [[Decimal(x) for x in line.split()] for line in text.strip().splitlines()]


def near(value: float) -> object:
    return pytest.approx(value, rel=1e-13, abs=1e-13)


# Five attempts at three slots; the figures below were worked out with paper and pencil.
#   totals 3 2 2 1 0: mean 1.6, Σd² = 5.2, k2 = 1.3
FIVE = table("""
    1 1 1
    1 1 0
    1 0 1
    1 0 0
    0 0 0
""")


def test_five_attempts_worked_out_by_hand() -> None:
    found = statistics(FIVE, [ONE] * 3)
    assert (found.attempts, found.max_mark, found.mean, found.median) == (5, 3.0, 1.6, 2.0)
    assert found.standard_deviation == near(sqrt(1.3))
    # Σ var = 0.2 + 0.3 + 0.3 = 0.8; 100 · 3/2 · (1 - 0.8/1.3)
    assert found.internal_consistency == near(150 * (1 - 0.8 / 1.3))
    assert found.error_ratio == near(100 * sqrt(1 - 1.5 * (1 - 0.8 / 1.3)))
    assert found.standard_error == near(sqrt(1 - 1.5 * (1 - 0.8 / 1.3)) * sqrt(1.3))
    # d = 1.4 0.4 0.4 -0.6 -1.6: Σd³ = 2.744 + 2·0.064 - 0.216 - 4.096 = -1.44
    assert found.skewness == near(25 * (-1.44 / 5) / 12 / 1.3**1.5)
    # Σd⁴ = 3.8416 + 2·0.0256 + 0.1296 + 6.5536 = 10.576
    m2, m4 = 5.2 / 5, 10.576 / 5
    assert found.kurtosis == near(25 * (6 * m4 - 12 * m2 * m2) / 24 / 1.3**2)
    first = found.slots[0]
    # x = 1 1 1 1 0, others 2 1 1 0 0: Σ(x-x̄)(o-ō) = 0.8, /4 = 0.2; var o = 2.8/4 = 0.7
    assert (first.facility, first.mean) == (0.8, 0.8)
    assert first.standard_deviation == near(sqrt(0.2))
    assert first.covariance == near(0.2)
    assert first.discrimination_index == near(100 * 0.2 / sqrt(0.2 * 0.7))
    # sorted 0 1 1 1 1 with 0 0 1 1 2: the same 0.8
    assert first.discriminative_efficiency == near(100)
    # cov with totals: 0.4, 0.45, 0.45
    root = sqrt(0.4) + 2 * sqrt(0.45)
    assert first.effective_weight == near(100 * sqrt(0.4) / root)
    assert sum(slot.effective_weight for slot in found.slots) == near(100)


def test_what_never_varies_has_no_discrimination() -> None:
    """0.1 three times: plain doubles leave a variance of 1e-34 and a nonsense index behind."""
    found = statistics(table("0.1 1\n0.1 0\n0.1 1"), [ONE, ONE])
    fixed, other = found.slots
    assert fixed.standard_deviation == 0
    assert fixed.discrimination_index is None
    assert fixed.discriminative_efficiency is None
    assert fixed.effective_weight == 0
    assert other.discrimination_index is None
    assert other.effective_weight == near(100)


def test_a_slot_that_works_against_the_paper_has_no_weight() -> None:
    found = statistics(table("0 1 1\n0 1 1\n0 1 1\n1 0 0\n1 0 0"), [ONE] * 3)
    against = found.slots[0]
    assert against.negative_covariance
    assert against.effective_weight is None
    assert against.discrimination_index == near(-100)
    assert against.discriminative_efficiency < 0
    assert [slot.effective_weight for slot in found.slots[1:]] == [near(50), near(50)]


def test_one_slot_has_no_consistency_and_no_rest_to_compare_with() -> None:
    found = statistics(table("0\n1\n1\n0.5"), [ONE])
    assert found.internal_consistency is None
    assert found.error_ratio is None
    assert found.standard_error is None
    assert found.slots[0].discrimination_index is None
    assert found.slots[0].effective_weight == near(100)
    assert found.slots[0].facility == 0.625


@pytest.mark.parametrize(
    ("attempts", "defined"),
    [(0, ""), (1, "mean"), (2, "mean sd"), (3, "mean sd skew"), (4, "mean sd skew kurt")],
)
def test_few_attempts_leave_figures_undefined(attempts: int, defined: str) -> None:
    rows = table("1 1\n0 1\n1 0\n0 0")[:attempts]
    found = statistics(rows, [ONE, ONE])
    values = {
        "mean": found.mean,
        "sd": found.standard_deviation,
        "skew": found.skewness,
        "kurt": found.kurtosis,
    }
    assert [name for name, value in values.items() if value is not None] == defined.split()


def test_everybody_the_same_has_a_spread_of_zero_and_no_shape() -> None:
    found = statistics(table("1 0.5\n" * 6), [ONE, ONE])
    assert found.standard_deviation == 0
    assert (found.skewness, found.kurtosis, found.internal_consistency) == (None, None, None)


def test_what_was_left_out_of_some_attempts_or_of_all_counts_in_no_figure_of_its_slot() -> None:
    marks = [[Decimal(m) for m in row] for row in ([1, 0, 1], [1, 1, 1], [0, 0, 1], [0, 1, 0])]
    most = [Decimal(1)] * 3
    whole = statistics(marks, most)
    everywhere = statistics([[*row, None] for row in marks], [*most, Decimal(0)])
    assert everywhere.internal_consistency == whole.internal_consistency
    assert (everywhere.error_ratio, everywhere.standard_error) == (
        *(whole.error_ratio, whole.standard_error),
    )
    assert everywhere.slots[:3] == whole.slots
    assert everywhere.slots[3].facility is None
    some = statistics([*marks, [Decimal(1), Decimal(1), None]], most)
    assert some.slots[2].facility == whole.slots[2].facility == 0.75
    assert some.slots[2].standard_deviation == whole.slots[2].standard_deviation
    assert some.slots[2].discrimination_index == whole.slots[2].discrimination_index
    assert some.slots[0].facility == 0.6


def test_a_greatest_mark_of_which_nothing_is_known_leaves_only_the_facility_open() -> None:
    found = statistics(table("3 1\n5 0"), [None, ONE])
    assert found.slots[0].facility is None
    assert found.slots[0].mean == 4
    assert found.max_mark is None


def test_large_papers_agree_with_the_formulas_as_they_are_written() -> None:
    """The same formulas in plain doubles, over 300 attempts at 12 slots with thirds and halves."""
    chance = random.Random(6)
    worth = [Decimal(x) for x in ("1", "2", "0.5", "3", "1", "1", "2", "1", "4", "1", "1", "2")]
    rows = [
        [most * Decimal(chance.choice(("0", "0.33333", "0.5", "1"))) for most in worth]
        for _ in range(300)
    ]
    found = statistics(rows, worth)
    n, p = len(rows), len(worth)
    x = [[float(row[i]) for row in rows] for i in range(p)]
    t = [sum(map(float, row)) for row in rows]

    def cov(a: list[float], b: list[float]) -> float:
        ma, mb = sum(a) / n, sum(b) / n
        return sum((u - ma) * (v - mb) for u, v in zip(a, b, strict=True)) / (n - 1)

    mean = sum(t) / n
    m2, m3, m4 = (sum((v - mean) ** k for v in t) / n for k in (2, 3, 4))
    k2 = n * m2 / (n - 1)
    k3 = n**2 * m3 / ((n - 1) * (n - 2))
    k4 = n**2 * ((n + 1) * m4 - 3 * (n - 1) * m2**2) / ((n - 1) * (n - 2) * (n - 3))
    close = lambda value: pytest.approx(value, rel=1e-9)  # noqa: E731
    assert found.skewness == close(k3 / k2**1.5)
    assert found.kurtosis == close(k4 / k2**2)
    cic = 100 * p / (p - 1) * (1 - sum(cov(c, c) for c in x) / k2)
    assert found.internal_consistency == close(cic)
    roots = sum(sqrt(cov(c, t)) for c in x if cov(c, t) > 0)
    for slot, column, most in zip(found.slots, x, worth, strict=True):
        rest = [whole - mark for whole, mark in zip(t, column, strict=True)]
        c = cov(column, rest)
        assert slot.facility == close(sum(column) / n / float(most))
        assert slot.discrimination_index == close(
            100 * c / sqrt(cov(column, column) * cov(rest, rest))
        )
        assert slot.discriminative_efficiency == close(100 * c / cov(sorted(column), sorted(rest)))
        if cov(column, t) >= 0:
            assert slot.effective_weight == close(100 * sqrt(cov(column, t)) / roots)


def test_bands_of_the_histogram() -> None:
    assert histogram([0, 9.9, 10, 59.9, 60, 99, 100]) == [2, 1, 0, 0, 0, 1, 1, 0, 0, 2]
