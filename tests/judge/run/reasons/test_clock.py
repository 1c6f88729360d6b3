"""How long windows really were, by when their rows were seen."""

from __future__ import annotations

import pytest

from dsbench.formats.perf.windows import Windows
from dsbench.judge.run import elapsed
from dsbench.judge.run.reasons import clock


def table(*rows: tuple[float, ...], interval_s: int = 1, at_s: tuple[float, ...] = ()) -> Windows:
    times = at_s or tuple(float(interval_s * number) for number in range(1, len(rows) + 1))
    return Windows(interval_s, len(rows[0]), times, rows)


@pytest.mark.parametrize(
    ("gaps", "latest"),
    [
        ([1.0] * 12, 1.0),
        ([1.1] * 12, 1.1),
        ([0.9] * 12, 0.9),
        ([3.0, 0.0, 0.0] * 8, 1.0 + 1.5 / 24),  # a row more or less belongs to a burst
        ([3.3, 0.0, 0.0] * 8, 1.1 + 1.5 / 24),
        ([2.0, 0.0] * 4, 1.0 + 1.5 / 8),
        ([0.0] * 20, 1.0),  # nothing is known of when they came
        ([1.2] * 3, 1.0),
    ],
)
def test_the_latest_of_rows_that_rows_in_bursts_allow(gaps: list[float], latest: float) -> None:
    at_s = [3.0]
    for gap in gaps:
        at_s.append(at_s[-1] + gap)
    windows = table(*[(30.0,)] * len(at_s), at_s=tuple(at_s))
    assert clock.latest(windows, 0, elapsed.of_run(windows)) == pytest.approx(latest)


def test_rows_that_all_came_at_once_were_printed_since_the_start() -> None:
    windows = table(*[(30.0,)] * 20, at_s=(25.0,) * 20)
    assert clock.of_rows(windows, 0, elapsed.of_run(windows)) is None
    assert clock.latest(windows, 0, elapsed.of_run(windows)) == pytest.approx(25 / 20)


@pytest.mark.parametrize(
    ("gaps", "ratio"),
    [
        ([1.0] * 12, 1.0),
        ([1.1] * 12, 1.1),
        ([1.1] * 6 + [2.2] + [1.1] * 5, 1.1),  # a row was lost
        ([1.0] * 5 + [1.6, 0.4] + [1.0] * 5, 1.0),  # a row was seen late
        ([3.0, 0.0, 0.0] * 4, None),  # rows came in bursts: not seen as they came
        ([3.6, 0.0, 0.0] * 8, 1.2),  # but from burst to burst it can be seen
        ([3.6, 0.0, 0.0] * 8 + [2.4, 0.0], 1.2),  # the last one at the app's end
        ([0.0, 3.0, 0.0] * 8, None),
        ([0.01] * 12, None),
        ([1.1] * 4, 1.1),
        ([1.1] * 3, None),
    ],
)
def test_of_rows(gaps: list[float], ratio: float | None) -> None:
    at_s = [1.0]
    for gap in gaps:
        at_s.append(at_s[-1] + gap)
    windows = table(*[(30.0,)] * len(at_s), at_s=tuple(at_s))
    assert clock.of_rows(windows, 0, elapsed.of_run(windows)) == (None if ratio is None else pytest.approx(ratio))
