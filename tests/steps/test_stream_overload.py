"""Very many streams: a run that does not come up is made again with half, and what it measured is kept."""

from __future__ import annotations

import pytest

from dsbench.base import process
from dsbench.base.errors import Code, DsbenchError
from dsbench.judge.run import stream_limits
from dsbench.judge.run.stream_limits import MachineLimits, exceeded, likely
from dsbench.runtimes import perf_run
from dsbench.steps import run1_calibration, summary
from dsbench.steps.app_run import AppRuns, Telemetry
from tests.steps.bench import Bench

STALLS = ("out('x' * 10)", "[time.sleep(0.05) for _ in iter(int, 1)]")


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stream_limits, "MANY", 4)
    monkeypatch.setattr(process, "_GRACE_S", 0.3)
    monkeypatch.setattr(perf_run, "SHORTEST_STALL_S", 0.2)


@pytest.mark.long
def test_a_run_that_never_starts_is_made_with_half_and_so_is_run_2(bench: Bench) -> None:
    model = bench.model((6, STALLS), (3, (60.0,)))
    first = bench.run1(model)
    assert first.run.figures.streams == 3
    assert first.rt_streams == 6, "180 / 30"
    assert bench.lines()[0] == "Run 1 did not run with 6 streams: trying 3"
    assert bench.logs() == ["ds_s3_run1.log", "ds_s6_run1_too_many.log"]
    validation = bench.run2(model)
    assert validation.run.figures.streams == 3
    assert validation.benchmark.final_rt_streams == 3
    names = [run.name for run in model.get(AppRuns).runs]
    assert names == ["Run 1, too many streams", "Run 1", "Run 2, too many streams", "Run 2"]
    assert [run.name for run in model.get(Telemetry).runs] == names
    shown = bench.log.snapshot()
    assert any("did not come up with 6 streams" in warning for warning in shown.warnings)
    block = summary.run(model, bench.log).lines
    assert "DS Run 1 was made with 3 streams (the app did not run with 6)" in block[-1]


@pytest.mark.long
def test_a_stall_keeps_its_rows_and_the_last_failure_names_the_limit(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stream_limits, "HALVINGS", 0)
    monkeypatch.setattr(perf_run, "STALL_INTERVALS", 0)
    monkeypatch.setattr(
        "dsbench.steps.stream_overload.exceeded", lambda model, streams: (f"{streams} streams need about 9 threads",)
    )
    model = bench.model((6, (50.0, 51.0, *STALLS)), perf_seconds="60")
    with pytest.raises(DsbenchError, match="no progress") as caught:
        run1_calibration.calibrate(model, bench.log)
    assert caught.value.code == Code.APP_TIMEOUT
    assert caught.value.fix.startswith("6 streams need about 9 threads")
    assert len(model.get(AppRuns).runs[-1].windows.fps) == 2


@pytest.mark.long
def test_many_streams_that_never_start_are_too_many(bench: Bench) -> None:
    model = bench.model((6, ((40.0, 40.0, 40.0, 40.0, 0.0, 0.0),) * 12), (3, (60.0,)))
    assert bench.run1(model).run.figures.streams == 3
    assert any("2 of 6 streams never started or stalled" in one for one in bench.log.snapshot().warnings)


@pytest.mark.parametrize(
    ("limits", "words"),
    [
        (MachineLimits(), ()),
        (MachineLimits(files=1024), ("open files",)),
        (MachineLimits(threads=4096, maps=65530), ("threads",)),
        (MachineLimits(host_mib=8000, gpu_mib=15000, frame_bytes=1920 * 1080 * 3 // 2), ("host memory", "GPU memory")),
        (MachineLimits(files=1_000_000, threads=100_000, host_mib=500_000, gpu_mib=141_000), ()),
    ],
)
def test_limits_of_400_streams(limits: MachineLimits, words: tuple[str, ...]) -> None:
    found = exceeded(400, limits)
    assert len(found) == len(words)
    for text, word in zip(found, words, strict=True):
        assert f" {word} (" in text
    assert exceeded(3, MachineLimits(files=10)) == ()


def test_deepstream_app_has_a_limit_of_its_own() -> None:
    assert exceeded(1024, MachineLimits()) == ()
    assert exceeded(1025, MachineLimits()) == ("deepstream-app takes at most 1024 sources: use fewer streams",)


@pytest.mark.parametrize(
    ("code", "streams", "frames", "failure", "expected"),
    [
        (Code.APP_TIMEOUT, 400, True, "", True),
        (Code.APP_TIMEOUT, 3, False, "", False),
        (Code.FPS_PARSE, 400, False, "", True),
        (Code.FPS_PARSE, 400, True, "", False),
        (Code.APP_FAILED, 400, False, "too-many-files", True),
        (Code.APP_CRASHED, 64, True, "", False),
    ],
)
def test_what_looks_like_too_many_streams(code: Code, streams: int, frames: bool, failure: str, expected: bool) -> None:
    assert likely(code, streams, frames=frames, failure=failure) is expected
