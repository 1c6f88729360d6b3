"""Runs 1 and 2 with a stand-in app: evidence, early end, failures."""

from __future__ import annotations

import pytest

from dsbench.base import process
from dsbench.base.errors import Code, DsbenchError
from dsbench.steps import recording
from dsbench.steps.app_run import Telemetry
from tests.steps.bench import Bench

pytestmark = pytest.mark.long


def test_the_measurement_of_all_streams_is_printed_and_recorded(bench: Bench) -> None:
    model = bench.model((6, ((21.0,) * 5 + (20.0,),) * 13), (4, (31.0,) * 13))
    bench.run1(model)
    bench.run2(model)
    # 12 windows of 1 s after the first: one frame more or less is 1/12 FPS, of six streams 6/12
    assert bench.measured()[0].startswith(
        "Run 1, all streams: slowest stream 5: 20.00 FPS (19.92 to 20.08) | all: 125.00 FPS (124.50 to 125.50) "
        "| 12 windows after "
    )
    assert "every stream real-time: YES | slowest stream 0: 31.00 FPS" in bench.measured()[1]
    recorder = recording.recorder(bench.layout, model.options, model.selected)
    recording.refresh(model, recorder)
    kept = recorder.record.measurements
    assert [(run.name, run.measurement.state, run.measurement.windows) for run in kept] == [
        ("Run 1", "valid", 12),
        ("Run 2", "valid", 12),
    ]
    assert recorder.record.figures.every_stream == "YES"


def test_a_precise_run_ends_early_and_reports_it(bench: Bench) -> None:
    script = (31.0,) * 13
    model = bench.model((6, script), perf_seconds="30", perf_precision="2")
    bench.run1(model)
    validation = bench.run2(model)
    early = validation.final.measurement.ended_early_s
    assert early is not None
    assert early < 20
    assert validation.final.perf.due_s == early
    assert "ended early, at" in bench.measured()[1]
    assert validation.confirmed_streams == 6
    assert not bench.log.snapshot().warnings
    model = bench.model((6, script), perf_seconds="3")
    assert bench.run1(model).run.measurement.ended_early_s is None


@pytest.mark.parametrize("odd", ["nan", "inf"])
def test_rows_without_figures_are_left_out_and_the_run_goes_on(bench: Bench, odd: str) -> None:
    one, all_of_it = (
        f"out('**PERF:  ' + {text!r})" for text in (f"31.00 (1.00)\t{odd} (1.00)\t", f"{odd} (nan)\t" * 6)
    )
    script = (*[31.0] * 5, one + "; out('31.00 (1.00)\t' * 4)", *[31.0] * 8, all_of_it)
    model = bench.model((6, script), perf_seconds="3", perf_precision="2")
    found = bench.run1(model).run
    assert found.figures.fps == 31.0
    assert found.perf.windows.broken >= 1
    assert found.perf.not_asked == ""
    assert any("or have inf or nan" in warning for warning in bench.log.snapshot().warnings)


def test_each_reason_is_a_warning_with_its_state(bench: Bench) -> None:
    falling = tuple((*[60.0 - n] * 5, 60.0 - n if n < 10 else 0.0) for n in range(20))
    model = bench.model((6, falling), perf_seconds="2")
    bench.run1(model)
    reasons = [
        warning for warning in bench.log.snapshot().warnings if "INVALID" in warning or "INCONCLUSIVE" in warning
    ]
    assert reasons[0].startswith("Run 1: INVALID, stalled-stream: ")
    assert len(reasons) > 1
    assert all(warning.startswith("Run 1: INCONCLUSIVE, ") for warning in reasons[1:])


def test_rows_that_stop_are_a_stall_even_if_the_app_ends_on_sigint(bench: Bench) -> None:
    model = bench.model((6, tuple([31.0] * 12)), perf_seconds="7", perf_precision="0")
    with pytest.raises(DsbenchError, match="it stalled") as caught:
        bench.run1(model)
    assert caught.value.code == Code.APP_TIMEOUT


def test_rows_that_a_warning_cuts_are_not_a_stall(bench: Bench) -> None:
    cut = "out('**PERF:  31.00 (1.00)\\tWARN (app:1): late'); time.sleep(0.5)"
    model = bench.model((6, (*[31.0] * 12, *[cut] * 12)), perf_seconds="7", perf_precision="0")
    found = bench.run1(model).run
    assert found.perf.windows.broken >= 10
    assert [reason.code for reason in found.measurement.reasons if reason.code != "clock"] == ["rows-lost"]


def test_an_app_that_dies_leaves_its_rows_as_evidence(bench: Bench) -> None:
    model = bench.model((6, (26.0, 27.0, "os.kill(os.getpid(), signal.SIGSEGV)")))
    with pytest.raises(DsbenchError) as caught:
        bench.run1(model)
    assert caught.value.code == Code.APP_CRASHED
    assert "SIGSEGV" in caught.value.what
    table = bench.log.snapshot().tables[0]
    assert [row[1] for row in table.rows] == ["26.0", "27.0"]
    assert not any("INCONCLUSIVE" in warning for warning in bench.log.snapshot().warnings), "it is of no run"


def test_a_stall_of_every_stream_is_a_hang(bench: Bench) -> None:
    model = bench.model((6, (26.0, 26.0, 0.0, 0.0, 0.0, 0.0, 0.0)))
    with pytest.raises(DsbenchError) as caught:
        bench.run1(model)
    assert caught.value.code == Code.APP_TIMEOUT


@pytest.mark.parametrize("ends", [True, False])
def test_rows_that_stop_are_reported_and_a_hang_if_sigint_is_ignored(
    bench: Bench, ends: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(process, "_GRACE_S", 0.3)
    deaf = () if ends else ("signal.signal(signal.SIGINT, signal.SIG_IGN)",)
    model = bench.model((6, (26.0, *deaf)), perf_seconds="3")
    if ends:
        bench.run1(model)
    else:
        with pytest.raises(DsbenchError, match="no PERF row was printed in the last 3 s") as caught:
            bench.run1(model)
        assert caught.value.code == Code.APP_TIMEOUT
    assert any("no PERF row in the last" in warning for warning in bench.log.snapshot().warnings)


def test_the_app_config_is_kept(bench: Bench) -> None:
    model = bench.model((6, (21.0,)), (4, (31.0,)))
    bench.run1(model)
    text = (bench.layout.ds_dir / "deepstream_app_s6_run1.txt").read_text()
    for line in (
        "enable-perf-measurement=1",
        "perf-measurement-interval-sec=1",
        "num-sources=6",
        f"uri=file://{bench.clip}",
        "batched-push-timeout=-1",
        "file-loop=1",
        f"config-file={bench.layout.ds_nvinfer_config}",
    ):
        assert line in text.splitlines() or line.startswith("uri="), line
    assert text.count("batch-size=6") == 2, "batch-size == num_streams"
    assert "[osd]\nenable=0" in text
    assert "[tiled-display]\nenable=0" in text
    assert "kitti" not in text


def test_telemetry_of_each_run_is_recorded(bench: Bench) -> None:
    model = bench.model((0, (31.0, 31.0, 31.0)))
    bench.run1(model)
    bench.run2(model)
    kept = model.get(Telemetry)
    assert [(run.name, run.streams) for run in kept.runs] == [("Run 1", 6), ("Run 2", 6)]
    for run in kept.runs:
        assert len(run.series.rows) >= 2
        assert "app_cpu_pct" in run.series.columns
        assert run.window is not None
        assert run.window[1] <= 1.5
    recorder = recording.recorder(bench.layout, model.options, model.selected)
    recording.refresh(model, recorder)
    assert recorder.record.telemetry == kept.runs


def test_telemetry_of_a_failed_run_is_recorded(bench: Bench) -> None:
    model = bench.model((0, (31.0, "os._exit(3)")))
    with pytest.raises(DsbenchError):
        bench.run1(model)
    assert [run.name for run in model.get(Telemetry).runs] == ["Run 1"]
