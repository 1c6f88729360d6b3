"""Mann-Whitney's rank test [mann1947]: are the values of one run smaller than those of another?"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from itertools import accumulate
from statistics import NormalDist

from dsbench.judge.run import statistics

_EXACT = 400
"""Largest product of the two numbers of values that is counted exactly."""


def p_smaller(values: Sequence[float], others: Sequence[float]) -> float:
    """One-sided p: how likely ``values`` would rank this low or lower if they were of the same kind as ``others``.

    Exact without ties and for few values, else the normal approximation with corrections for ties and continuity.
    1 without a value on either side.
    """
    n, m = len(values), len(others)
    if not n or not m:
        return 1.0
    u = math.fsum((value > other) + 0.5 * (value == other) for value in values for other in others)
    ties = [count for count in Counter((*values, *others)).values() if count > 1]
    if not ties and n * m <= _EXACT:
        ways = _ways(n, m)
        return sum(ways[: int(u) + 1]) / sum(ways)
    size = n + m
    spread = n * m / 12 * (size + 1 - sum(count**3 - count for count in ties) / (size * (size - 1)))
    return NormalDist().cdf((u + 0.5 - n * m / 2) / math.sqrt(spread)) if spread > 0 else 1.0


def independent(values: Sequence[float]) -> tuple[float, ...]:
    """Means of blocks of neighbours, long enough that the blocks are about independent: a rank test asks for that."""
    if not values:
        return ()
    length = statistics.block_length(statistics.correlation(values), len(values))
    starts = range(0, len(values) - length + 1, length)
    return tuple(math.fsum(values[start : start + length]) / length for start in starts)


def _ways(n: int, m: int) -> list[int]:
    """(n * m + 1,): in how many orders of n and m values U is 0, 1, ...: the Gaussian binomial's coefficients."""
    found = [1] + [0] * (n * m)
    for one in range(1, n + 1):
        for place in range(n * m, m + one - 1, -1):
            found[place] -= found[place - m - one]
        for residue in range(one):
            found[residue::one] = accumulate(found[residue::one])
    return found
