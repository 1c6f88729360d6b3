"""Streams that may have stopped in the last window or two."""

from __future__ import annotations

import pytest

from dsbench.formats.perf.windows import Windows
from dsbench.judge.run.reasons import stopped_stream


def table(*rows: tuple[float, ...], interval_s: int = 1) -> Windows:
    times = tuple(float(interval_s * number) for number in range(1, len(rows) + 1))
    return Windows(interval_s, len(rows[0]), times, rows)


@pytest.mark.parametrize(
    ("last", "target", "found"),
    [
        (20.0, 30.0, True),  # of five seconds it ran for two
        (20.0, 15.0, False),  # still above the target
        (38.0, 50.0, False),  # too little to have stopped
        (0.0, 30.0, True),
    ],
)
def test_a_stream_that_may_have_stopped_within_the_last_window(last: float, target: float, found: bool) -> None:
    rows = [(50.0,)] * 9 + [(last,)]
    windows = table(*rows, interval_s=5)
    assert stopped_stream.stopped(windows, 0, target) == ((0,) if found else ())
    assert stopped_stream.stopped(windows, 0) == ((0,) if not last else ()), "without a target"
    before = table((50.0,), (19.0,), *rows[2:], interval_s=5)
    assert stopped_stream.stopped(before, 0, target) == ((0,) if not last else ()), "it was as slow before"
