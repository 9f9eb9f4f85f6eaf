"""What a branch's figures add up to."""

from __future__ import annotations

from app.organisation.rules import Counts, percent, rolled_up


def test_a_branch_counts_all_below_it_and_nothing_beside_it() -> None:
    own = {1: Counts(members=1), 2: Counts(members=10, points_week=5), 3: Counts(members=100)}
    paths = [(1,), (1, 2), (1, 2, 4), (1, 3)]
    below = rolled_up({**own, 4: Counts(members=1000, done=3)}, paths)
    assert {branch: counts.members for branch, counts in below.items()} == {
        1: 1111,
        2: 1010,
        3: 100,
        4: 1000,
    }
    assert (below[1].done, below[1].points_week) == (3, 5)


def test_a_hundred_per_cent_means_all() -> None:
    assert percent(999, 1000) == 99
    assert percent(2, 3) == 67
    assert percent(1, 200) == 1
    assert percent(1000, 1000) == 100
    assert percent(0, 0) == 0


def test_points_are_shared_by_all_members() -> None:
    assert Counts(members=4, points_week=90).points_each == 22.5
    assert Counts().points_each == 0
