"""Streams that stall to the end, and a slow model that only looks so."""

from __future__ import annotations

import pytest

from dsbench.formats.perf.windows import Windows
from dsbench.judge.run.reasons import stalled_stream


def table(*rows: tuple[float, ...], interval_s: int = 1, at_s: tuple[float, ...] = ()) -> Windows:
    times = at_s or tuple(float(interval_s * number) for number in range(1, len(rows) + 1))
    return Windows(interval_s, len(rows[0]), times, rows)


def single(*values: float) -> Windows:
    return table(*((value,) for value in values))


@pytest.mark.parametrize(
    ("windows", "streams"),
    [
        (table(*[(30, 30)] * 9, (30, 0), (30, 0), (30, 0)), (1,)),
        (table(*[(30, 30)] * 9, (30, 0), (30, 0)), ()),
        (table(*[(30, 0)] * 9), (1,)),  # never started
        (table(*[(0.0, 0.0)] * 4), ()),  # not yet
        (table(*[(0.0, 0.0)] * 5), (0, 1)),
        (single(0, 0, 1, 0, 0, 1, 0, 0, 0), ()),  # a slow model pauses between frames
        (single(1, 0, 1, 0, *[0] * 20), (0,)),
    ],
)
def test_stalled(windows: Windows, streams: tuple[int, ...]) -> None:
    assert stalled_stream.stalled(windows) == streams
