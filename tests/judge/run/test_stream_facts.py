"""All streams beside stream 0: sums, the slowest, an app that hangs."""

from __future__ import annotations

import pytest

from dsbench.formats.perf.windows import Windows
from dsbench.judge.run import stream_facts


def table(*rows: tuple[float, ...]) -> Windows:
    return Windows(2, len(rows[0]), tuple(2.0 * number for number in range(1, len(rows) + 1)), rows)


def test_sum_slowest_and_fastest_of_the_last_ten() -> None:
    rows = [(0.0, 0.0), (1.0, 2.0)] + [(30.0, 10.0), (32.0, 20.0)] * 5
    facts = stream_facts.stream_facts(table(*rows), 30)
    assert facts is not None
    assert facts.means == (31.0, 15.0)
    assert (facts.total, facts.slowest, facts.fastest) == (46.0, 1, 0)
    assert facts.below_target == (1,)
    assert not facts.start_up_counted
    assert stream_facts.stream_facts(Windows(2, 3, (), ()), 30) is None


def test_start_up_among_the_last_ten_is_told() -> None:
    facts = stream_facts.stream_facts(table(*[(1.0,)] + [(30.0,)] * 9), 30)
    assert facts is not None
    assert facts.start_up_counted
    facts = stream_facts.stream_facts(table(*[(1.0,)] + [(30.0,)] * 10), 30)
    assert facts is not None
    assert not facts.start_up_counted


@pytest.mark.parametrize(
    ("totals", "hangs"),
    [
        ([0, 0, 0, 0, 0, 0], False),  # never started: no FPS at all, said elsewhere
        ([0, 0, 0, 0, 0, 9, 9], False),
        ([9, 9, 0, 0, 0, 0], False),
        ([9, 9, 0, 0, 0, 0, 0], True),
        ([9, 0, 0, 9, 0, 0, 0, 0, 0], False),  # a slow model pauses between frames
        ([9, 0, 0, 9, 0, 0, 0, 0, 0, 0], True),
        ([9, 9, 0, 0, 0, 0, 0, 9], False),
    ],
)
def test_an_app_whose_timer_lives_on(totals: list[int], hangs: bool) -> None:
    assert stream_facts.hung(table(*((float(value),) for value in totals))) is hangs
