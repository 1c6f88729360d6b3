"""The record on disk: read back as it was, whole at any time, older ones with figures never lost."""

from __future__ import annotations

import json
import math
import os
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from dsbench.base import jsonable
from dsbench.base.errors import Code, DsbenchError
from dsbench.base.steps import RECORD_KEYS, STEPS
from dsbench.formats.telemetry import OtherProcess, Series
from dsbench.judge.run.measurement import Interval, Measurement, Reason, State
from dsbench.record import codec, store
from dsbench.record.evidence import EvidenceLog, GridColumn, Picture, PictureGrid, StepFailure
from dsbench.record.recorder import Recorder, Recorders
from dsbench.record.schema import (
    Figures,
    OptionRecord,
    Record,
    RecordState,
    RunMeasurement,
    RunTelemetry,
    StepRecord,
    StreamFigures,
    TrtexecFigures,
    VideoRecord,
)
from dsbench.steps.accuracy import AccuracyRecord
from dsbench.steps.frame_latency import LatencyRecord, PercentileRecord
from dsbench.steps.stream_parity import ParityRecord
from dsbench.steps.stream_sweep import SweepRecord, TrialRecord
from dsbench.steps.throughput_limit import CeilingRecord, LimitRecord

FIGURES = Figures(
    engine="benchmarks/engines/net_dynamic_b4.engine",
    max_bs=4,
    bs1=TrtexecFigures(50.0, 20.0, 22.0, 50.0),
    bsmax=TrtexecFigures(20.0, 50.0, None, 80.0),
    peak_gpu_streams=2,
    run1=StreamFigures(2, 61.0, 30.5, 76.2),
    run2=StreamFigures(1, 33.0, 33.0, 41.2),
    run2_first=StreamFigures(2, 50.0, 25.0, 62.5),
    target_fps=30.0,
    real_time=True,
    confirmed_streams=1,
    every_stream="UNSURE",
)

MEASUREMENT = RunMeasurement(
    "Run 2",
    Measurement(
        state=State.INCONCLUSIVE,
        reasons=(Reason("too-few-windows", "1 steady window", State.INCONCLUSIVE),),
        streams=2,
        target_fps=30.0,
        warm_up_s=2.5,
        windows=1,
        total=Interval(60.5, 0.0, math.inf),
        per_stream=(Interval(30.5, 30.0, 31.0), Interval(30.0, 0.0, math.inf)),
        stalled=(1,),
        ended_early_s=24.5,
        clock=1.05,
    ),
)


TELEMETRY = RunTelemetry(
    name="Run 1",
    streams=2,
    window=(4.5, 20.25),
    series=Series(
        devices=("NVIDIA H100", "CPU \u00b5"),
        columns=("seconds", "nvdec_pct"),
        rows=((0.0, None), (0.5, 98)),
        processes=(OtherProcess(7, "python3", None, True),),
        notes=("NVML lost the GPU",),
        sample_ms=1.25,
    ),
)


ENTRIES = {
    "limit": LimitRecord(
        *("decode", True, 64, 9420.5, 0.97, None),
        (CeilingRecord("decode", 64, None, 9664.0, "decode only"), CeilingRecord("inference", None, 8, 300.0, "x")),
        ("the run reaches 97% of what decoding alone does",),
    ),
    "sweep": SweepRecord(5, 8, (TrialRecord(5, "Sweep", 31.0, 30.5, "YES"), TrialRecord(6, "Run 1", None, None, "NO"))),
    "latency": LatencyRecord(4, 1200, 300, 41.5, 99.25, (PercentileRecord(50.0, 40.0, 39.5, 41.0),)),
    "accuracy": AccuracyRecord(0.95, 0.7, 0.68, 0.72, 0.9, None, 100, 1555, "pass", 0.6),
    "parity": ParityRecord(4, 487, 486, 1, 0, True, ""),
}


def record(figures: Figures = FIGURES, runtime: str = "embedded") -> Record:
    log = EvidenceLog("kitti_gate", "模\udcff", "key", "embedded")
    log.fact("rate", "0.5", "option")
    log.print("a")
    log.table("t", ("x",), [(1,)])
    log.failure = StepFailure("code", "what", "where", "fix")
    return Record(
        model_name="模\udcff",
        model_dir="/m",
        runtime=runtime,
        runtime_label="label",
        dsbench_version="1",
        session="s",
        started="2026-01-01T00:00:00+00:00",
        updated="2026-01-01T00:00:01+00:00",
        figures=figures,
        video=VideoRecord("/v.mp4", "command line", 320, 180, 30.0, None, "h264"),
        options=(OptionRecord("min-streams", None, "specification"),),
        environment=(("Python", "3"),),
        steps=(StepRecord(log.snapshot(), "failed", 1.25),),
        telemetry=(TELEMETRY, replace(TELEMETRY, window=None, series=Series((), (), ()))),
        measurements=(MEASUREMENT,),
        beyond={**dict.fromkeys(RECORD_KEYS), **jsonable.encode(ENTRIES)},
    )


def step(name: str = "preflight", outcome: str = "passed", code: str = "") -> StepRecord:
    log = EvidenceLog(name, "net", "k", "embedded")
    log.failure = StepFailure(code, "", "", "") if code else None
    log.text("app.log", "long body")
    log.picture("frame 3", "image/jpeg", "AAAA")
    log.grid(
        PictureGrid("side by side", (GridColumn("1", "a=1", "a = 1", (Picture("frame 5", "image/jpeg", "BBBB"),)),))
    )
    return StepRecord(log.snapshot(), outcome, 1.0)


def recorder(root: Path, runtime: str = "embedded", figures: Figures | None = None, **options: bool) -> Recorder:
    blank = replace(record(figures or Figures(), runtime), session="", steps=())
    return Recorder.of(root / "reports" / "benchmark_data.json", blank, **options)


def test_what_is_written_reads_back(tmp_path: Path) -> None:
    path = tmp_path / "reports" / "r.json"
    store.write(path, record())
    assert store.load(path) == record()
    assert path.read_bytes().isascii()


def test_an_older_record_reads() -> None:
    data = json.loads(codec.to_json(record()))
    del data["beyond"]
    assert codec.from_json(json.dumps(data)) == replace(record(), beyond={})
    data["beyond"] = [{"limit": "decode"}]
    with pytest.raises(DsbenchError):
        codec.from_json(json.dumps(data))


@pytest.mark.parametrize("name", ENTRIES)
def test_the_entry_of_a_step_beyond_the_specification(name: str) -> None:
    """The record holds it as JSON; its step has the class and reads it."""
    entry = ENTRIES[name]
    data = codec.from_json(codec.to_json(record())).beyond
    assert jsonable.decode(type(entry), data[name]) == entry
    with pytest.raises(ValueError, match="missing"):
        jsonable.decode(type(entry), {"limit": "decode"})


def test_step_8_s_keys() -> None:
    data = json.loads(codec.to_json(record(replace(FIGURES, run1=StreamFigures(total_fps=math.nan)))))
    assert data["model_name"] == "模\udcff"
    assert data["engine"] == "benchmarks/engines/net_dynamic_b4.engine"
    assert (data["max_bs"], data["peak_gpu_streams"]) == (4, 2)
    assert (data["trtexec"]["bs1"]["qps"], data["trtexec"]["bs1"]["gpu_mean_ms"]) == (50.0, 20.0)
    assert data["trtexec"]["bsmax"] == {"qps": 20.0, "gpu_mean_ms": 50.0, "p99_ms": None, "imgs_per_sec": 80.0}
    assert data["deepstream"]["run1"]["total_fps"] is None
    assert data["deepstream"]["run2"]["streams"] == 1
    assert (data["runtime"], data["verdict"]) == ("embedded", "failed")


def test_measurements_of_all_streams() -> None:
    data = json.loads(codec.to_json(record()))
    (run,) = data["measurements"]
    assert (run["name"], run["state"], run["real_time"], run["slowest"]) == ("Run 2", "inconclusive", "NO", 1)
    assert run["reasons"] == [{"code": "too-few-windows", "text": "1 steady window", "state": "inconclusive"}]
    assert run["total"] == [60.5, 0.0, None], "mean, low, high; not known"
    assert data["every_stream"] == "UNSURE"
    del run["reasons"][0]["state"]
    assert codec.from_json(json.dumps(data)).measurements[0].measurement.reasons[0].state == "inconclusive"
    del data["measurements"], data["every_stream"]
    older = codec.from_json(json.dumps(data))
    assert (older.measurements, older.figures.every_stream) == ((), None)


def test_pictures_and_texts_stay_in_the_model_directory() -> None:
    data = json.loads(codec.to_json(replace(record(), steps=(step(),))))
    assert data["steps"][0]["pictures"] == [{"title": "frame 3", "mime_type": "image/jpeg"}]
    assert data["steps"][0]["texts"] == ["app.log"]
    assert data["steps"][0]["grids"][0]["columns"][0] == {
        "title": "1",
        "detail": "a=1",
        "text": "a = 1",
        "pictures": [],
    }
    assert codec.from_json(json.dumps(data)).steps[0].evidence == codec.without_bulk(step().evidence)


def test_the_state_reads_back() -> None:
    state = RecordState(FIGURES, "disk full", "/r.json")
    assert jsonable.loads(RecordState, jsonable.dumps(state)) == state


@pytest.mark.parametrize("text", ["", "{", "[]", "{}", '{"schema": 1}', "null", "[" * 5000, '"x"'])
def test_an_invalid_record_is_an_error(tmp_path: Path, text: str) -> None:
    (tmp_path / "r.json").write_text(text)
    with pytest.raises(DsbenchError) as caught:
        store.load(tmp_path / "r.json")
    assert caught.value.code == Code.RECORD_INVALID


@pytest.mark.parametrize("key", ["schema", "schema_version"])
def test_a_newer_record_is_named(tmp_path: Path, key: str) -> None:
    (tmp_path / "r.json").write_text(f'{{"{key}": 99}}')
    with pytest.raises(DsbenchError) as caught:
        store.load(tmp_path / "r.json")
    assert caught.value.code == Code.RECORD_VERSION
    assert "schema_version 99" in caught.value.what


@pytest.mark.parametrize("name", ["nothing", "bytes", ".", "pipe"])
def test_missing_not_text_and_not_a_file(tmp_path: Path, name: str) -> None:
    (tmp_path / "bytes").write_bytes(b"\xff\xfe")
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(DsbenchError):
        store.load(tmp_path / name)


@pytest.mark.parametrize(
    ("changed", "interrupted", "verdict"),
    [
        ({}, "", "passed"),
        ({"report": ""}, "", "passed"),
        ({}, "kitti_gate", "incomplete"),
        ({"summary": ""}, "", "incomplete"),
        ({"summary": "skipped"}, "", "incomplete"),
        ({"kitti_gate": "failed", "summary": "skipped"}, "", "failed"),
        ({"report": "failed"}, "", "failed"),
    ],
)
def test_verdict(changed: dict[str, str], interrupted: str, verdict: str) -> None:
    """All steps passed but for ``changed``; "" did not run. A part of the steps is never a pass."""
    outcomes = {known.name: "passed" for known in STEPS} | changed
    made = tuple(step(name, outcome) for name, outcome in outcomes.items() if outcome)
    assert replace(record(), steps=made, interrupted_in=interrupted).verdict == verdict
    assert replace(record(), steps=()).verdict == "incomplete"


def test_a_record_is_there_after_each_step(tmp_path: Path) -> None:
    now = datetime(2026, 1, 1, tzinfo=UTC)
    blank = replace(record(), session="", steps=())
    one = Recorder.of(tmp_path / "reports" / "benchmark_data.json", blank, clock=lambda: now)
    one.running = "preflight"
    one.step(step())
    found = store.load(one.path)
    assert (found.verdict, found.ended, found.started) == ("incomplete", None, "2026-01-01T00:00:00+00:00")
    one.running = "kitti_gate"
    one.finish()
    found = store.load(one.path)
    assert (found.interrupted_in, found.verdict, found.ended) == (
        "kitti_gate",
        "incomplete",
        "2026-01-01T00:00:00+00:00",
    )


def test_an_interrupt_between_two_steps_is_recorded_at_the_last_one(tmp_path: Path) -> None:
    """Ctrl-C while pytest shows the result of a step, or before the next one begins."""
    recorders = Recorders()
    one = recorders.get("net", lambda: recorder(tmp_path))
    one.running = "summary"
    one.step(step("summary"))
    recorders.interrupted()
    one.finish()
    found = store.load(one.path)
    assert (found.interrupted_in, found.verdict) == ("summary", "incomplete")
    recorders.interrupted()
    one.running = ""
    one.finish()
    assert store.load(one.path).interrupted_in == "", "a finished run was not interrupted"


def test_an_older_record_with_figures_outlives_partial_runs(tmp_path: Path) -> None:
    (tmp_path / "reports").mkdir()
    store.write(tmp_path / "reports" / "benchmark_data.json", record())
    previous = tmp_path / "reports" / "benchmark_data.previous.json"
    for _ in range(3):
        recorder(tmp_path).step(step())
        assert store.load(previous) == record()
    newer = recorder(tmp_path, figures=FIGURES)
    newer.step(step())
    recorder(tmp_path).step(step())
    assert store.load(previous).session == newer.record.session


def test_the_other_runtimes_record_is_not_replaced_unless_asked(tmp_path: Path) -> None:
    first = recorder(tmp_path, "deepstream", FIGURES)
    first.step(step())
    refused = recorder(tmp_path)
    refused.step(step(outcome="failed", code=Code.PREFLIGHT))
    refused.finish()
    assert store.load(first.path).session == first.record.session
    assert refused.state.path == ""
    recorder(tmp_path, replace_results=True).step(step())
    assert store.load(first.path).runtime == "embedded"
    kept = store.load(tmp_path / "reports" / "benchmark_data.deepstream.json")
    assert kept.session == first.record.session


@pytest.mark.parametrize("code", [Code.DIRECTORY_BUSY, Code.OTHER_RUNTIME_RESULTS, Code.MODEL_DIR_MISSING])
def test_a_refused_run_leaves_no_record(tmp_path: Path, code: Code) -> None:
    one = recorder(tmp_path)
    one.step(step(outcome="failed", code=code))
    one.step(step("model_outputs", "skipped"))
    one.finish()
    assert not (tmp_path / "reports").exists()


def test_a_file_that_is_not_a_record_is_kept(tmp_path: Path) -> None:
    (tmp_path / "reports").mkdir()
    (tmp_path / "reports" / "benchmark_data.json").write_text("mine")
    recorder(tmp_path).step(step())
    assert (tmp_path / "reports" / "benchmark_data.unread.json").read_text() == "mine"


def test_a_record_that_cannot_be_written_is_a_warning_and_the_older_one_stays(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = recorder(tmp_path, figures=FIGURES)
    first.step(step())
    second = recorder(tmp_path)

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(os, "fdopen", full)
        second.step(step())
    assert "No space left on device" in second.state.trouble
    assert store.load(first.path).session == first.record.session
    second.step(step("model_outputs"))
    assert second.state.trouble == ""
    assert len(store.load(first.path).steps) == 2


def test_no_model_directory_is_made(tmp_path: Path) -> None:
    one = recorder(tmp_path / "typo")
    one.step(step(outcome="failed", code="onnx-missing"))
    assert not (tmp_path / "typo").exists()


class TestTelemetry:
    def test_the_rows_are_compact(self) -> None:
        text = codec.to_json(record())
        assert '"rows": [[0.0,null], [0.5,98]]' in text
        assert text.isascii()
        assert json.loads(text)["telemetry"][0]["processes"] == [
            {"pid": 7, "name": "python3", "gpu_mib": None, "before": True}
        ]

    def test_nan_and_infinity_are_null(self) -> None:
        series = Series((), ("seconds", "x"), ((0.0, math.nan),))
        text = codec.to_json(replace(record(), telemetry=(replace(TELEMETRY, series=series),)))
        assert codec.from_json(text).telemetry[0].series.rows == ((0.0, None),)

    def test_a_record_of_before_it_was_sampled_is_read(self) -> None:
        data = json.loads(codec.to_json(record()))
        del data["telemetry"]
        assert codec.from_json(json.dumps(data)) == replace(record(), telemetry=())

    def test_none(self) -> None:
        blank = replace(record(), telemetry=())
        assert codec.from_json(codec.to_json(blank)) == blank

    @pytest.mark.parametrize("telemetry", [3, [3], [{}], [{"name": 1}]])
    def test_anything_else_is_no_record(self, telemetry: object) -> None:
        data = json.loads(codec.to_json(record())) | {"telemetry": telemetry}
        with pytest.raises(DsbenchError) as raised:
            codec.from_json(json.dumps(data))
        assert raised.value.code == Code.RECORD_INVALID
