"""Which windows are steady: warm-up is cut. Small tables with the answer in plain sight."""

from __future__ import annotations

import pytest

from dsbench.formats.perf.windows import Windows
from dsbench.judge.run import steady


def table(*rows: tuple[float, ...], interval_s: int = 1, at_s: tuple[float, ...] = ()) -> Windows:
    times = at_s or tuple(float(interval_s * number) for number in range(1, len(rows) + 1))
    return Windows(interval_s, len(rows[0]), times, rows)


def single(*values: float) -> Windows:
    return table(*((value,) for value in values))


@pytest.mark.parametrize(
    ("windows", "cut"),
    [
        (single(0, 0, 12, *[60] * 10), 3),  # the window with the first frame is still partly start-up
        (single(*[60] * 10), 1),
        (table((60, 0), (60, 0), (60, 20), *[(60, 40)] * 10), 3),  # until the last stream has started
        (table(*[(60, 0)] * 10), 1),  # a stream that never starts is not waited for
        (single(0, 0, 0), 3),
        (single(30, 20, 25, 40, *[60.0, 61.0] * 8), 4),  # slow at first
        (single(60, *[60.0, 61.0, 59.0] * 6), 1),
        (single(60, *[20] * 6, *[60.0, 61.0] * 6), 1),  # a third of the run is no warm-up: judged as two states
    ],
)
def test_warm_up(windows: Windows, cut: int) -> None:
    assert steady.warm_up(windows) == cut
