"""Step 7's numbers against a hand calculation in the specification's order of rounding."""

from __future__ import annotations

import pytest

from dsbench.base.errors import Code, DsbenchError
from dsbench.judge import streams
from dsbench.judge.streams import Benchmark, RunFigures


def run(count: int, fps: float, seconds: float = 1.0, target: float = 30.0) -> RunFigures:
    return RunFigures(count, fps, round(fps * count, 2), seconds, target)


def test_fps_is_the_mean_of_the_last_ten_windows_of_stream_0() -> None:
    values = [0.0, 500.0, *[31.111] * 9, 30.0]
    figures = streams.figures(values, 7, 60.5, run="Run 1", log="x.log", target_fps=30.0)
    assert figures.fps == round((31.111 * 9 + 30.0) / 10, 2) == 31.0
    assert figures.total_fps == 217.0


def test_fewer_than_ten_windows_are_all_used() -> None:
    assert streams.figures([10.0, 20.5], 1, 1, run="Run 1", log="x", target_fps=30.0).fps == 15.25


@pytest.mark.parametrize("values", [[], [0.0] * 12])
def test_no_fps_stops(values: list[float]) -> None:
    with pytest.raises(DsbenchError) as caught:
        streams.figures(values, 4, 60, run="Run 2", log="benchmarks/ds/ds_s4_run2.log", target_fps=30.0)
    assert caught.value.code == Code.FPS_PARSE
    assert caught.value.what.startswith("ERROR: FPS parsing failed for Run 2 — check benchmarks/ds/ds_s4_run2.log")


@pytest.mark.parametrize(("peak", "max_bs", "expected"), [(200, 64, 64), (40, 64, 40), (0, 1, 1), (1, 1, 1)])
def test_run_1_streams(peak: int, max_bs: int, expected: int) -> None:
    assert streams.run1_streams(peak, max_bs) == expected


@pytest.mark.parametrize(
    ("count", "fps", "max_bs", "expected"),
    [(64, 54.5, 64, 64), (128, 54.5, 256, 232), (4, 14.99, 8, 1), (1, 29.99, 1, 0), (2, 15.0, 8, 1)],
)
def test_rt_streams_is_floored_and_capped(count: int, fps: float, max_bs: int, expected: int) -> None:
    assert streams.rt_streams(run(count, fps), max_bs) == expected


def test_another_target_replaces_30_everywhere() -> None:
    figures = run(4, 14.0, target=10.0)
    assert streams.rt_streams(figures, 16) == 5
    assert figures.real_time


@pytest.mark.parametrize(("count", "expected"), [(9, 4), (2, 1), (1, 1), (0, 1)])
def test_halving(count: int, expected: int) -> None:
    assert streams.halved(count) == expected


def test_printed_lines_word_for_word() -> None:
    first, second = run(8, 40.25, 61.234), run(10, 31.5, 60.0)
    assert streams.run1_lines(first, 10) == (
        "DS Run 1: 8 streams | FPS/stream=40.25 | total=322.0 img/s | RT_STREAMS=10",
        "[Step 7 Run 1] completed in 61.23s",
    )
    assert streams.run2_lines(second) == (
        "DS Run 2: 10 streams | FPS/stream=31.5 | total=315.0 img/s | Real-time: YES",
        "[Step 7 Run 2] completed in 60.00s",
    )
    assert streams.retry_announcement(5) == "Run 2 not real-time — retrying at 5 streams"
    assert streams.retry_line(run(5, 29.99)) == "Retry: 5 streams | FPS/stream=29.99 | Real-time: NO"


def test_closing_block_word_for_word() -> None:
    result = Benchmark(16, 12, 371.2, run(12, 27.5, 62.0), 11, run(11, 29.0, 61.0), run(5, 33.33, 60.0))
    assert streams.closing_block(
        "net", "models/net/benchmarks/engines/n_dynamic_b16.engine", "models/net", result, 9.5
    ) == (
        "=== DeepStream Integration Complete ===",
        "Model: net | Engine: models/net/benchmarks/engines/n_dynamic_b16.engine",
        "trtexec: 371.2 img/s @ BS=16",
        "DS Run 1 (PEAK): 12 streams | 27.5 fps/s | eff 88.9%",
        "DS Run 2 (RT):   5 streams | 33.33 fps/s | RT: YES | eff 44.9%",
        "Timing: Step6=9.50s Run1=62.00s Run2=61.00s Total=132.50s",
        "Ready for: Step 8 — read references/report-generation.md models/net/",
    )
    assert result.confirmed_streams == 5
