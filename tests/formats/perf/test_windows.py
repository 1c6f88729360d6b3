"""Rows of a log as a table over time."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks import consoles
from dsbench.formats.perf import windows as perf_windows


def test_broken_rows_are_counted_and_left_out(tmp_path: Path) -> None:
    log = tmp_path / "log"
    log.write_text(
        "\n**PERF:  FPS 0 (Avg)\tFPS 1 (Avg)\t\n"
        "**PERF:  1.00 (1.00)\t2.00 (2.00)\t\n"
        "(app): WARNING\n**PERF:  3.00 (2.00)\t4.(app): CRITICAL\n"
        "**PERF:  5.00 (3.00)\t6.00 (4.00)\t\n"
    )
    windows = consoles.windows(consoles.lines(log), 2, 2, (2.1, 4.1), 6.0)
    assert windows.fps == ((1.0, 2.0), (5.0, 6.0))
    assert windows.at_s == (2.1, 6.0), "a row that was not seen while it came has the time of the end"
    assert windows.broken == 1
    assert windows.of_stream(1) == (2.0, 6.0)


def test_memory_does_not_grow_with_the_log(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(perf_windows, "MAX_WINDOWS", 3)
    log = tmp_path / "log"
    log.write_text("".join(f"**PERF:  {number}.00 (1.00)\t\n" for number in range(10)))
    windows = consoles.windows(consoles.lines(log), 1, 2, ended_s=20.0)
    assert windows.of_stream(0) == (7.0, 8.0, 9.0)
    assert windows.earlier == 7


def test_rows_that_were_put_together_again_count_and_are_told(tmp_path: Path) -> None:
    log = tmp_path / "log"
    log.write_text("**PERF:  1.00 (1.00)\tWARN\n2.00 (2.00)\t\n**PERF:  \n**PERF:  3.00 (1.00)\t\n")
    windows = consoles.windows(consoles.lines(log), 2, 2)
    assert windows.fps == ((1.0, 2.0),)
    assert (windows.repaired, windows.broken) == (1, 2)


def test_each_configuration_has_its_own_windows(tmp_path: Path) -> None:
    log = tmp_path / "log"
    log.write_text("PERF(0): 1.00 (1.00)\t2.00 (1.00)\t\nPERF(1): 9.00 (1.00)\t\nPERF(0): 3.00 (1.00)\t4.00 (1.00)\t\n")
    found = consoles.windows_of_instances(log, 2)
    assert {instance: windows.fps for instance, windows in found.items()} == {0: ((1.0, 2.0), (3.0, 4.0)), 1: ((9.0,),)}
    assert found[0].at_s == (2.0, 4.0)


@pytest.mark.parametrize("value", ["nan", "inf", "-inf", "-1.00", "9" * 400 + ".0"])
def test_a_row_with_what_is_no_rate_counts_as_broken(tmp_path: Path, value: str) -> None:
    log = tmp_path / "log"
    log.write_text(f"**PERF:  1.00 (1.00)\t2.00 (nan)\t\n**PERF:  3.00 (1.00)\t{value} (1.00)\t\n")
    windows = consoles.windows(consoles.lines(log), 2, 2)
    assert windows.fps == ((1.0, 2.0),), "an average may be nan"
    assert windows.broken == 1


def test_a_cut_row_counts_when_it_began(tmp_path: Path) -> None:
    collector = perf_windows.Collector(2, 1)
    for at_s, line in enumerate(
        ("**PERF:  1.00 (1.00)\t2.00 (2.00)\t\n", "**PERF:  1.00 (1.00)\tWARN\n", "**PERF:  WARN\n", "other\n"), 1
    ):
        collector.feed(line, float(at_s))
    assert collector.windows().last_row_s == 3.0, "although its rest may still come"
    collector.finish(9.0)
    windows = collector.windows()
    assert (windows.at_s, windows.begun_s, windows.last_row_s) == ((1.0,), (1.0, 2.0, 3.0), 3.0)
    assert (windows.broken, collector.rows) == (2, 3)
    assert perf_windows.Windows(1, 2, (), ()).last_row_s is None


def test_rows_of_another_configuration_are_not_this_ones(tmp_path: Path) -> None:
    log = tmp_path / "log"
    log.write_text("PERF(0): 1.00 (1.00)\t\nPERF(1): 9.00 (1.00)\t\nPERF(0): 1.00 (1.00)\t\nPERF(1): 9.00 (1.00)\t\n")
    found = consoles.windows_of_instances(log, 2)
    assert {number: windows.begun_s for number, windows in found.items()} == {0: (2.0, 4.0), 1: (2.0, 4.0)}


def test_blocks_of_lines_give_what_lines_give() -> None:
    log = (
        "noise\n\n**PERF:  FPS 0 (Avg)\tWARN\nFPS 1 (Avg)\t\nnoise\n**PERF:  1.00 (1.00)\tWARN\n2.00 (2.00)\t\n"
        "noise\n**PERF:  3.00 (1.00)\t4.00 (2.00)\t\n"
    )
    of_lines, of_blocks = perf_windows.Collector(2, 1), perf_windows.Collector(2, 1)
    for line in log.splitlines(keepends=True):
        of_lines.feed(line, 1.0)
    of_blocks.feed_block(log[:60].encode().rpartition(b"\n")[0] + b"\n", 1.0)
    of_blocks.feed_block(log.encode()[len(log[:60].encode().rpartition(b"\n")[0]) + 1 :], 1.0)
    assert of_blocks.windows() == of_lines.windows()
    assert of_blocks.windows().fps == ((1.0, 2.0), (3.0, 4.0))


def test_of_a_flood_of_rows_the_rest_is_counted_only(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(perf_windows, "_BYTES", 20)
    collector = perf_windows.Collector(1, 1)
    collector.feed_block(b"**PERF:  1.00 (1.00)\t\n" * 10, 0.0)
    collector.finish(0.0)
    assert (len(collector.windows().fps), collector.windows().broken) == (1, 9)
    collector.feed_block(b"**PERF:  1.00 (1.00)\t\n", 1.0)
    assert collector.whole == 2, "a row later is read again"
