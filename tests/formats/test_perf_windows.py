"""Rows of a log as a table over time."""

from __future__ import annotations

from pathlib import Path

from dsbench.formats import perf_windows


def test_broken_rows_are_counted_and_left_out(tmp_path: Path) -> None:
    log = tmp_path / "log"
    log.write_text(
        "\n**PERF:  FPS 0 (Avg)\tFPS 1 (Avg)\t\n"
        "**PERF:  1.00 (1.00)\t2.00 (2.00)\t\n"
        "(app): WARNING\n**PERF:  3.00 (2.00)\t4.(app): CRITICAL\n"
        "**PERF:  5.00 (3.00)\t6.00 (4.00)\t\n"
    )
    windows = perf_windows.of_log(log, 2, 2, (2.1, 4.1), 6.0)
    assert windows.fps == ((1.0, 2.0), (5.0, 6.0))
    assert windows.at_s == (2.1, 6.0), "a row that was not seen while it came has the time of the end"
    assert windows.broken == 1
    assert windows.of_stream(1) == (2.0, 6.0)
