"""Run 1 and its ceilings, with a stand-in app of known throughput."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest

from dsbench.base.errors import Code, DsbenchError
from dsbench.judge.bottleneck import Limit
from dsbench.runtimes import throughput_run
from dsbench.runtimes.throughput_run import BatchMeasurement, ThroughputJob
from dsbench.steps import throughput_limit
from dsbench.steps.app_run import Telemetry
from dsbench.steps.benchmark_config import BenchmarkConfigResult
from dsbench.steps.model_run import ModelRun
from dsbench.steps.throughput_limit import ThroughputLimitResult
from tests.stand_in_app import Row, StandInRuntime
from tests.steps.bench import Bench


@pytest.fixture
def jobs(monkeypatch: pytest.MonkeyPatch) -> list[ThroughputJob]:
    """Inference alone reaches 400 frames a second; the jobs that were asked for."""
    asked: list[ThroughputJob] = []

    def measure(job: ThroughputJob, scratch: Path) -> BatchMeasurement:
        asked.append(job)
        return BatchMeasurement(job.batch, 400.0 / job.batch, "")

    monkeypatch.setattr(throughput_run, "measure", measure)
    return asked


def calibrated(
    bench: Bench,
    decode: tuple[tuple[int, tuple[Row, ...]], ...],
    *,
    run1: tuple[Row, ...] = (20.0,) * 5,
    **options: str,
) -> ModelRun:
    """After run 1 with 6 streams at 20 FPS; ``decode``: what the app prints without inference."""
    model = bench.model((6, run1), **options)
    runtime = model.runtime
    assert isinstance(runtime, StandInRuntime)
    selected = dataclasses.replace(model.selected, runtime=dataclasses.replace(runtime, decode=decode))
    model = dataclasses.replace(model, selected=selected)
    bench.run1(model)
    return model


def limit(bench: Bench, model: ModelRun) -> ThroughputLimitResult:
    return throughput_limit.run(model, bench.log)


def test_run_1_and_both_ceilings(bench: Bench, jobs: list[ThroughputJob]) -> None:
    model = calibrated(bench, ((6, (50.0,) * 5),))
    result = limit(bench, model)
    evidence = result.evidence
    assert evidence is not None
    assert evidence.decode_fraction == pytest.approx(120 / 300)
    assert evidence.infer_fraction == pytest.approx(120 / 400)
    assert [job.batch for job in jobs] == [1], "as the app calls the network in a benchmark"
    config = (bench.layout.ds_dir / "deepstream_app_s6_decode.txt").read_text()
    assert "[primary-gie]\nenable=0\n" in config
    assert "num-sources=6" in config
    assert "file-loop=1" in config
    assert (bench.layout.ds_dir / "ds_s6_decode.log").is_file()
    shown = bench.log.snapshot()
    table = next(table for table in shown.tables if table.title == "Run 1 and its ceilings")
    assert table.rows == (
        ("run 1", "6", "120.0", ""),
        ("decoding alone", "6", "300.0", "40%"),
        ("inference alone, ONNX Runtime alone, measured now", "batch 1", "400.0", "30%"),
    )
    assert any(line.startswith("Limit of run 1 (6 streams, 120.0 frames/s): ") for line in shown.lines)
    assert any(
        line.strip().startswith("decoding alone: 300.0 frames/s, the run 120.0 (40% of it)") for line in shown.lines
    )
    assert [run.name for run in model.get(Telemetry).runs] == ["Run 1", "Decode only"]


def test_a_run_that_is_faster_than_decoding_alone_gives_no_verdict(bench: Bench, jobs: list[ThroughputJob]) -> None:
    result = limit(bench, calibrated(bench, ((6, (12.0,) * 5),)))
    assert result.verdict is not None
    assert result.verdict.limit is Limit.UNCLEAR
    assert "167% of what decoding alone does, which cannot be" in result.verdict.sentences[0]


def test_decoding_that_shows_no_frame_leaves_inference(bench: Bench, jobs: list[ThroughputJob]) -> None:
    result = limit(bench, calibrated(bench, ((6, ()),)))
    assert result.evidence is not None
    assert result.evidence.decode_fraction is None
    assert result.evidence.decode == ()
    assert result.verdict is not None
    said = [sentence for sentence in result.verdict.sentences if "decoding alone" in sentence]
    assert len(said) == 1
    assert said[0].startswith("decoding alone, 6 streams, was not measured: ")


def test_windows_without_all_streams_give_no_ceiling(bench: Bench, jobs: list[ThroughputJob]) -> None:
    starting: tuple[Row, ...] = (0.0, 0.0, (50.0, 0.0, 0.0, 0.0, 0.0, 0.0), (50.0,) * 6)
    result = limit(bench, calibrated(bench, ((6, starting),)))
    assert result.evidence is not None
    assert (result.evidence.decode, result.evidence.decode_fraction) == ((), None)
    assert "no PERF window with all streams running within" in result.evidence.notes[0]
    assert result.verdict is not None
    assert "cannot be" not in " ".join(result.verdict.sentences)
    assert result.evidence.notes[0] in result.verdict.sentences


def test_a_run_1_of_start_up_alone_is_not_judged(bench: Bench, jobs: list[ThroughputJob]) -> None:
    result = limit(bench, calibrated(bench, ((6, (50.0,) * 5),), run1=((20.0,) * 6,)))
    assert result.verdict is not None
    assert result.verdict.limit is Limit.UNCLEAR
    assert result.verdict.sentences[0] == "the run's own figure does not hold: run 1 has no steady window"


def test_an_app_that_dies_fails_the_step(bench: Bench, jobs: list[ThroughputJob]) -> None:
    model = calibrated(bench, ((6, (50.0, "os._exit(3)")),))
    with pytest.raises(DsbenchError, match="Decode only") as caught:
        limit(bench, model)
    assert caught.value.code == Code.APP_FAILED


def test_limits_never_measures_nothing(bench: Bench, jobs: list[ThroughputJob]) -> None:
    model = calibrated(bench, (), limits="never")
    assert limit(bench, model).verdict is None
    assert not jobs
    facts = {fact.name: fact.value for fact in bench.log.snapshot().facts}
    assert facts["Limit"] == "not measured: not requested, --limits never (command line)"


@pytest.mark.parametrize(("perf", "cpu", "gpu"), [(60, 15, 15), (20, 5, 10), (10, 5, 10), (4, 4, 4), (600, 15, 15)])
def test_decode_runs_are_short(perf: int, cpu: int, gpu: int) -> None:
    assert throughput_limit.seconds(perf, on_gpu=False) == cpu
    assert throughput_limit.seconds(perf, on_gpu=True) == gpu


def test_the_fast_engine_has_no_ceiling_of_inference(
    bench: Bench, jobs: list[ThroughputJob], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DSBENCH_ENGINE", "fast")
    result = limit(bench, calibrated(bench, ((6, (50.0,) * 5),)))
    assert not jobs
    assert result.evidence is not None
    assert result.evidence.infer is None
    assert result.verdict is not None
    said = [sentence for sentence in result.verdict.sentences if "DSBENCH_ENGINE=fast" in sentence]
    assert len(said) == 1
    assert said[0].startswith("inference alone was not measured: ")


def test_frames_that_nvinfer_skips_are_taken_into_account(bench: Bench, jobs: list[ThroughputJob]) -> None:
    model = calibrated(bench, ((6, (50.0,) * 5),))
    config = model.get(BenchmarkConfigResult)
    model.keep(dataclasses.replace(config, config=dataclasses.replace(config.config, interval=1)))
    result = limit(bench, model)
    assert result.evidence is not None
    assert result.evidence.infer_fraction == pytest.approx(60 / 400)
