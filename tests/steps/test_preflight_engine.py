"""Engine preparation with known figures: doubling, frozen batches, files that change and files that do not."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from pathlib import Path

import pytest

from dsbench.base.errors import Code, DsbenchError
from dsbench.model import preflight, stand_in
from dsbench.model.facts import PreflightFacts
from dsbench.model.layout import ModelLayout
from dsbench.runtimes import throughput_run
from dsbench.runtimes.throughput_run import BatchMeasurement, ThroughputJob
from dsbench.steps import preflight_engine
from dsbench.steps.preflight_engine import PreparedEngine
from tests.material import trtexec_log, write_clip, write_onnx
from tests.steps.model_run import model_run


@dataclasses.dataclass
class Bench:
    """Answers with images per second by batch; ``asked``: (batch, seconds) in order."""

    images: Callable[[int], float]
    asked: list[tuple[int, float]] = dataclasses.field(default_factory=list)

    def __call__(self, job: ThroughputJob, scratch: Path) -> BatchMeasurement:
        self.asked.append((job.batch, job.seconds))
        images = self.images(job.batch)
        if images <= 0:
            raise DsbenchError(Code.ENGINE_PREPARATION, f"measuring at batch {job.batch} ended with 1")
        return BatchMeasurement(job.batch, images / job.batch, trtexec_log(images / job.batch))


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_clip(tmp_path_factory.mktemp("clip") / "clip.mp4", frames=2)


@pytest.fixture
def layout(tmp_path: Path) -> ModelLayout:
    root = tmp_path / "models" / "net"
    write_onnx(root / "model" / "net.onnx")
    (root / "config").mkdir()
    (root / "config" / "labels.txt").write_text("car\nperson\n")
    return ModelLayout.at("models/net", tmp_path)


@pytest.fixture
def go(
    layout: ModelLayout, clip: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Callable[..., tuple[PreparedEngine, Bench]]:
    def run(images: Callable[[int], float], **options: object) -> tuple[PreparedEngine, Bench]:
        bench = Bench(images)
        monkeypatch.setattr(throughput_run, "measure", bench)
        monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
        model = model_run(layout, clip, tmp_path, **options)
        facts = preflight.run(layout, model.preflight_request())
        return preflight_engine.prepare(model, facts), bench

    return run


Go = Callable[..., tuple[PreparedEngine, Bench]]
FULL, SCAN = preflight_engine.SECONDS, preflight_engine.SCAN_SECONDS


def stand_ins(layout: ModelLayout) -> list[str]:
    return sorted(
        str(path.relative_to(layout.benchmarks)) for path in layout.benchmarks.rglob("*") if stand_in.is_stand_in(path)
    )


def test_doubles_strictly_while_peak_is_above_max_bs(layout: ModelLayout, go: Go) -> None:
    # b1: 90/30 = 3 > 1; b2: 140/30 = 4 > 2; b4: 130/30 = 4, not above 4
    prepared, bench = go({1: 90.0, 2: 140.0, 4: 130.0}.__getitem__)
    assert bench.asked == [(1, FULL), (2, SCAN), (4, SCAN), (4, FULL)]
    facts = prepared.facts
    assert facts.max_bs == 4
    assert facts.throughput is not None
    assert facts.throughput.imgs_per_sec == 130.0
    assert facts.throughput.peak_gpu_streams == 4
    assert stand_ins(layout) == ["b1/trtexec_b1.log", "b4/trtexec_b4.log", "engines/net_dynamic_b4.engine"]
    assert "Engine:           models/net/benchmarks/engines/net_dynamic_b4.engine  (MAX_BS=4)" in facts.lines
    assert "PEAK_GPU_STREAMS: 4  (floor(130.0 img/s / 30))" in facts.lines
    assert prepared.failure is None


def test_a_slow_machine_stays_at_one(go: Go) -> None:
    prepared, bench = go(lambda batch: 12.0)
    assert bench.asked == [(1, FULL)]
    assert prepared.facts.max_bs == 1
    assert prepared.facts.throughput is not None
    assert prepared.facts.throughput.peak_gpu_streams == 0


def test_the_target_fps_is_used(layout: ModelLayout, go: Go) -> None:
    (layout.root / "dsbench.toml").write_text("[benchmark]\ntarget-fps = 10\n")
    prepared, _ = go(lambda batch: 39.0)
    assert prepared.facts.max_bs == 4  # 39/10 = 3 streams
    assert prepared.facts.throughput is not None
    assert prepared.facts.throughput.peak_gpu_streams == 3


def test_a_second_run_measures_nothing(layout: ModelLayout, go: Go) -> None:
    first, _ = go(lambda batch: 100.0)
    assert first.facts.max_bs == 4
    second, bench = go(lambda batch: 100.0)
    assert bench.asked == []
    assert second.facts.max_bs == 4
    assert "are still valid" in second.action
    assert second.earlier
    assert second.seconds == pytest.approx(first.seconds, abs=0.1)


def test_another_model_is_measured_again_and_old_stand_ins_go(layout: ModelLayout, go: Go) -> None:
    go(lambda batch: 100.0)
    write_onnx(layout.onnx_dir / "net.onnx", classes=3)
    prepared, bench = go(lambda batch: 40.0)
    assert bench.asked[0] == (1, FULL)
    assert stand_ins(layout) == ["b1/trtexec_b1.log", "engines/net_dynamic_b1.engine"]
    assert not (layout.benchmarks / "b4").exists()
    assert prepared.facts.max_bs == 1
    (layout.onnx_dir / "net.onnx").rename(layout.onnx_dir / "other.onnx")
    go(lambda batch: 40.0)
    assert stand_ins(layout) == ["b1/trtexec_b1.log", "engines/other_dynamic_b1.engine"]


def test_another_processor_is_measured_again(go: Go, monkeypatch: pytest.MonkeyPatch) -> None:
    go(lambda batch: 40.0)
    monkeypatch.setattr(preflight_engine, "cpu_name", lambda: "Another CPU, 64 cores")
    _, bench = go(lambda batch: 40.0)
    assert bench.asked == [(1, FULL)]


def test_a_damaged_log_is_made_again(layout: ModelLayout, go: Go) -> None:
    go(lambda batch: 40.0)
    log = layout.trtexec_log(1)
    log.write_text(log.read_text().splitlines()[0] + "\n")
    prepared, bench = go(lambda batch: 40.0)
    assert bench.asked == [(1, FULL)]
    assert prepared.facts.throughput is not None


def test_a_frozen_batch_is_not_doubled(layout: ModelLayout, go: Go) -> None:
    write_onnx(layout.onnx_dir / "net.onnx", batch=2)
    prepared, bench = go(lambda batch: 900.0)
    assert bench.asked == [(2, FULL)]
    assert prepared.facts.max_bs == 2
    assert prepared.facts.throughput is not None
    assert prepared.facts.throughput.peak_gpu_streams == 30
    assert any("batch frozen at 2: re-export" in note for note in prepared.facts.notes)


def test_a_batch_that_does_not_run_ends_the_doubling(layout: ModelLayout, go: Go) -> None:
    prepared, bench = go({1: 100.0, 2: 150.0, 4: 0.0}.__getitem__)
    assert bench.asked == [(1, FULL), (2, SCAN), (4, SCAN), (2, FULL)]
    assert prepared.facts.max_bs == 2
    assert "MAX_BS stays 2: measuring at batch 4" in prepared.notes[0]
    assert stand_ins(layout) == ["b1/trtexec_b1.log", "b2/trtexec_b2.log", "engines/net_dynamic_b2.engine"]


def test_a_model_that_does_not_run_leaves_nothing_and_stops_only_step_7(layout: ModelLayout, go: Go) -> None:
    prepared, _ = go(lambda batch: 0.0)
    assert prepared.failure is not None
    assert prepared.failure.code == Code.ENGINE_PREPARATION
    assert prepared.facts.throughput is None
    assert not layout.benchmarks.exists()


def test_prepare_never(layout: ModelLayout, go: Go) -> None:
    prepared, bench = go(lambda batch: 100.0, prepare="never")
    assert bench.asked == []
    assert prepared.facts.throughput is None
    assert not layout.benchmarks.exists()


def test_prepare_never_keeps_valid_figures_and_drops_others(layout: ModelLayout, go: Go) -> None:
    go(lambda batch: 40.0)
    prepared, _ = go(lambda batch: 40.0, prepare="never")
    assert prepared.facts.throughput is not None
    write_onnx(layout.onnx_dir / "net.onnx", classes=3)
    prepared, _ = go(lambda batch: 40.0, prepare="never")
    assert prepared.facts.throughput is None
    assert "PEAK_GPU_STREAMS: not known  (no trtexec log)" in prepared.facts.lines


def put_tensorrt(layout: ModelLayout, max_bs: int, *, logs: bool) -> None:
    layout.engines.mkdir(parents=True)
    layout.engine("net", max_bs).write_bytes(b"ptrt")
    for batch in (1, max_bs) if logs else ():
        layout.trtexec_log(batch).parent.mkdir()
        layout.trtexec_log(batch).write_text(trtexec_log(900 / batch))


def test_tensorrts_engine_is_never_touched(layout: ModelLayout, go: Go) -> None:
    put_tensorrt(layout, 8, logs=False)
    prepared, bench = go(lambda batch: 300.0)
    assert bench.asked == [(1, FULL), (8, FULL)]
    assert prepared.facts.max_bs == 8
    assert stand_ins(layout) == ["b1/trtexec_b1.log", "b8/trtexec_b8.log"]
    assert layout.engine("net", 8).read_bytes() == b"ptrt"
    again, bench = go(lambda batch: 300.0)
    assert bench.asked == []
    assert again.facts.max_bs == 8


def test_tensorrts_logs_stop_the_run_or_move_aside(layout: ModelLayout, go: Go) -> None:
    put_tensorrt(layout, 8, logs=True)
    with pytest.raises(DsbenchError) as caught:
        go(lambda batch: 300.0)
    assert caught.value.code == Code.OTHER_RUNTIME_RESULTS
    prepared, _ = go(lambda batch: 300.0, replace_results=True)
    assert len(prepared.moved) == 2
    for batch in (1, 8):
        log = layout.trtexec_log(batch)
        assert stand_in.is_stand_in(log)
        assert (log.parent / "previous" / log.name).read_text() == trtexec_log(900 / batch)


def test_tensorrts_log_without_its_engine_stops_the_run_too(layout: ModelLayout, go: Go) -> None:
    put_tensorrt(layout, 8, logs=True)
    layout.engine("net", 8).unlink()
    with pytest.raises(DsbenchError, match="results of the other runtime"):
        go(lambda batch: 300.0)


def test_deepstream_prepares_nothing(layout: ModelLayout, clip: Path, tmp_path: Path) -> None:
    put_tensorrt(layout, 8, logs=True)
    model = model_run(layout, clip, tmp_path, runtime="deepstream")
    facts: PreflightFacts = preflight.run(layout, model.preflight_request())
    assert preflight_engine.prepare(model, facts).facts is facts


def test_the_real_measurement(layout: ModelLayout, tmp_path: Path) -> None:
    job = ThroughputJob(layout.onnx_dir / "net.onnx", (32, 64), 4, 0.1, 0.0)
    measured = throughput_run.measure(job, tmp_path)
    assert measured.qps > 0
    assert measured.images_per_second == measured.qps * 4
    assert "Throughput:" in measured.log
    with pytest.raises(DsbenchError) as caught:
        throughput_run.measure(dataclasses.replace(job, onnx=tmp_path / "nothing.onnx"), tmp_path)
    assert caught.value.code == Code.ENGINE_PREPARATION
