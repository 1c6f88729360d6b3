"""The rank test against counting every order, and the blocks that it is given."""

from __future__ import annotations

import itertools

import pytest

from dsbench.judge.rank_test import independent, p_smaller


def counted(values: list[float], others: list[float]) -> float:
    """p by trying every choice of which values are the smaller run's."""
    every = sorted((*values, *others))

    def u(chosen: tuple[int, ...]) -> float:
        return sum(chosen) - len(chosen) * (len(chosen) - 1) / 2

    mine = u(tuple(every.index(value) for value in values))
    orders = [u(one) for one in itertools.combinations(range(len(every)), len(values))]
    return sum(one <= mine for one in orders) / len(orders)


@pytest.mark.parametrize(
    ("values", "others"),
    [
        ([1.0, 2.0, 3.0, 4.0, 5.0], [6.0, 7.0, 8.0, 9.0, 10.0]),
        ([1.0, 4.0, 6.0], [2.0, 3.0, 5.0, 7.0]),
        ([9.0, 8.0], [1.0, 2.0, 3.0]),
    ],
)
def test_exact_without_ties(values: list[float], others: list[float]) -> None:
    assert p_smaller(values, others) == pytest.approx(counted(values, others))


def test_ties_and_missing_values() -> None:
    assert p_smaller([1.0] * 8, [1.0] * 8) == 1.0, "all the same"
    assert p_smaller([], [1.0]) == p_smaller([1.0], []) == 1.0
    assert p_smaller([1.0] * 5 + [2.0], [2.0] * 5 + [3.0]) < 0.01
    assert p_smaller([2.0] * 5 + [3.0], [1.0] * 5 + [2.0]) > 0.99


def test_many_values_by_the_normal_approximation() -> None:
    low, high = [float(n) for n in range(30)], [n + 0.5 for n in range(30)]
    assert p_smaller(low, high) == pytest.approx(0.5, abs=0.1)
    assert p_smaller(low, [value + 20 for value in high]) < 1e-6


def test_neighbours_that_depend_on_each_other_are_put_together() -> None:
    assert independent([]) == ()
    steady = [30.0, 31.0, 30.0, 31.0, 30.0, 31.0]
    assert independent(steady) == tuple(steady)
    waves = [30.0] * 12 + [33.0] * 12
    assert len(independent(waves)) <= 8
