"""Run 2 with a stand-in app: the retry, the verdict of every stream, ``--min-streams``."""

from __future__ import annotations

import pytest

from dsbench.base.errors import Code, DsbenchError
from dsbench.judge.run.measurement import RealTime
from dsbench.steps import benchmark_run, run2_validation, summary
from dsbench.steps.benchmark_run import Measurements
from dsbench.steps.run2_validation import Run2ValidationResult
from tests.stand_in_app import Row
from tests.steps.bench import Bench

pytestmark = pytest.mark.long


def test_a_slow_stream_that_stream_0_does_not_show(bench: Bench) -> None:
    model = bench.model((6, ((40.0, 40.0, 40.0, 40.0, 40.0, 2.0),) * 12), (8, ((31.0,) * 7 + (0.0,),) * 12))
    assert bench.run1(model).rt_streams == 8
    validation = bench.run2(model)
    assert validation.benchmark.confirmed_streams == 8, "the specification's figure is stream 0's"
    evidence = bench.log.snapshot()
    facts = {fact.name: fact.value for fact in evidence.facts}
    assert facts["Run 1: all streams together"] == "202.00 FPS"
    assert facts["Run 1: slowest stream"] == "2.00 FPS (stream 5)"
    assert facts["Run 1: total FPS"] == "240.0"
    assert "RT: YES is about stream 0 only; stream 7 stayed below 30 FPS" in evidence.warnings
    assert any(
        "Run 2: INVALID, stalled-stream: stream 7 stalled until the end of the run" in one for one in evidence.warnings
    )
    assert facts["Run 2: every stream in real time"] == "NO"
    assert bench.measured()[1].startswith("Run 2, all streams: INVALID (stalled-stream) | every stream real-time: NO")
    with pytest.raises(DsbenchError, match=r"stalled-stream \(INVALID\): stream 7 stalled") as caught:
        benchmark_run.require_valid(model, validation.final)
    assert caught.value.code == Code.MEASUREMENT_INVALID
    table = next(table for table in evidence.tables if "Run 1" in table.title)
    assert table.columns == ("seconds", *(f"stream {number}" for number in range(6)))
    assert table.rows[0][1:] == ("40.0", "40.0", "40.0", "40.0", "40.0", "2.0")


def test_not_real_time_is_retried_once_at_half(bench: Bench) -> None:
    model = bench.model((6, (26.0,)), (5, (20.0,)), (2, (29.0,)))
    bench.run1(model)  # 156 / 30 = 5
    validation = bench.run2(model)
    assert bench.lines()[2:] == (
        "DS Run 2: 5 streams | FPS/stream=20.0 | total=100.0 img/s | Real-time: NO",
        f"[Step 7 Run 2] completed in {validation.run.figures.seconds:.2f}s",
        "Run 2 not real-time — retrying at 2 streams",
        "Retry: 2 streams | FPS/stream=29.0 | Real-time: NO",
    )
    assert bench.logs() == ["ds_s2_run2.log", "ds_s5_run2_first.log", "ds_s6_run1.log"]
    shown = bench.log.snapshot()
    assert any("models/net/benchmarks/ds/ds_s5_run2_first.log" in note for note in shown.notes)
    logs = [fact.value for fact in shown.facts if fact.name.endswith(": log")]
    assert [path.rpartition("/")[2] for path in logs] == ["ds_s6_run1.log", "ds_s5_run2_first.log", "ds_s2_run2.log"]
    assert "ds_s5_run2_first.log" in [text.title for text in shown.texts]
    assert "ds_s5_run2.log" not in [text.title for text in shown.texts]
    assert validation.benchmark.confirmed_streams == 0
    block = summary.run(model, bench.log).lines
    assert "DS Run 2 (RT):   2 streams | 29.0 fps/s | RT: NO | eff 28.4%" in block  # 58 / 204
    assert f"Run2={validation.run.figures.seconds:.2f}s" in block[-3], "the first attempt's time"
    assert block[-1].startswith("Note: run 2 at 5 streams was not real-time; DS Run 2 (RT) shows the retry at 2")
    assert block[-1].endswith("not real-time at 2 streams; fewer were not tried")
    assert any("RT: NO" in warning for warning in bench.log.snapshot().warnings)


def test_the_retry_that_keeps_up_counts(bench: Bench) -> None:
    model = bench.model((6, (26.0,)), (5, (20.0,)), (2, (30.0,)))
    bench.run1(model)
    assert bench.run2(model).benchmark.confirmed_streams == 2
    assert not any("RT: NO" in warning for warning in bench.log.snapshot().warnings)


def test_zero_streams_on_a_slow_processor(bench: Bench) -> None:
    bench.write_throughput(2.0)  # 16 img/s: PEAK 0
    model = bench.model((1, (12.0,)))
    calibration = bench.run1(model)
    assert calibration.rt_streams == 0
    assert bench.lines()[0] == "DS Run 1: 1 streams | FPS/stream=12.0 | total=12.0 img/s | RT_STREAMS=0"
    validation = bench.run2(model)
    assert bench.lines()[4] == "Run 2 not real-time — retrying at 1 streams"
    assert bench.logs() == ["ds_s1_run1.log", "ds_s1_run2.log", "ds_s1_run2_first.log"]
    assert validation.benchmark.confirmed_streams == 0
    block = summary.run(model, bench.log).lines
    assert "DS Run 1 (PEAK): 0 streams | 12.0 fps/s | eff 75.0%" in block
    assert "DS Run 1 was made with 1 stream (at least" in block[-1]
    assert "run 2 at 1 stream was not real-time" in block[-1]
    assert block[-1].endswith("not real-time at any stream count")


@pytest.mark.parametrize(("wanted", "fails"), [("4", False), ("5", True)])
def test_min_streams(bench: Bench, wanted: str, fails: bool) -> None:
    model = bench.model((6, (21.0,)), (4, (31.0,) * 12), min_streams=wanted)
    bench.run1(model)
    validation = bench.run2(model)
    if not fails:
        run2_validation.require_streams(model, validation)
        return
    with pytest.raises(DsbenchError) as caught:
        run2_validation.require_streams(model, validation)
    assert caught.value.code == Code.TOO_FEW_STREAMS
    assert "4 real-time streams confirmed" in caught.value.what


def test_min_streams_needs_every_stream_and_enough_windows(bench: Bench) -> None:
    slow = ((31.0, 31.0, 31.0, 29.0),) * 12
    for script, said in (((31.0,) * 3, "UNSURE\n  too-few-windows: 2 steady windows"), (slow, "every stream: NO")):
        model = bench.model((6, (21.0,)), (4, script), min_streams="4")
        bench.run1(model)
        validation = bench.run2(model)
        assert validation.benchmark.confirmed_streams == 4, "by stream 0, as specified"
        benchmark_run.require_valid(model, validation.final)
        with pytest.raises(DsbenchError) as caught:
            run2_validation.require_streams(model, validation)
        assert caught.value.code == Code.TOO_FEW_STREAMS
        assert "0 real-time streams confirmed" in caught.value.what
        assert "stream 0 keeps up at 4 streams" in caught.value.what
        assert said in caught.value.what
        facts = {fact.name: (fact.value, fact.origin) for fact in bench.log.snapshot().facts}
        every = validation.final.measurement.real_time
        assert facts["Real-time streams confirmed"] == (
            "by stream 0: 4; by every stream: 0",
            f"RT: YES; every stream: {every}",
        )
        assert caught.value.fix.startswith("remove the causes of the reasons above") == ("UNSURE" in said)


def test_min_streams_after_a_disturbed_run_asks_for_a_quiet_machine(bench: Bench) -> None:
    cut = "out('**PERF:  29.00 (1.00)\\tWARN (app:1): late')"
    slow = (*[29.0] * 12, *[cut] * 20)
    model = bench.model((6, (26.0,)), (5, slow), (2, slow), min_streams="1")
    bench.run1(model)
    validation = bench.run2(model)
    assert validation.final.measurement.real_time is RealTime.UNSURE
    with pytest.raises(DsbenchError) as caught:
        run2_validation.require_streams(model, validation)
    assert caught.value.fix.startswith("close other programs and measure again")
    assert "stream 0 does not keep up; every stream: UNSURE\n  rows-lost: other output cut" in caught.value.what
    said = "the run was disturbed, so whether 2 streams can be real-time is not known"
    assert summary.run(model, bench.log).lines[-1].endswith(said)
    assert any(text.startswith(f"RT: NO, {said}") for text in bench.log.snapshot().warnings)


def test_max_bs_as_the_limit_is_named_in_the_fix(bench: Bench) -> None:
    model = bench.model((6, (55.0,)), (8, (31.0,)), min_streams="10")  # 330 / 30 = 11, MAX_BS 8
    bench.run1(model)
    with pytest.raises(DsbenchError) as caught:
        run2_validation.require_streams(model, bench.run2(model))
    assert "run 1 could carry more streams than MAX_BS=8" in caught.value.fix


def test_rt_no_never_satisfies_min_streams(bench: Bench) -> None:
    model = bench.model((6, (26.0,)), (5, (29.9,)), (2, (29.9,)), min_streams="1")
    bench.run1(model)
    validation = bench.run2(model)
    with pytest.raises(DsbenchError, match="0 real-time streams confirmed"):
        run2_validation.require_streams(model, validation)


def test_the_retry_is_checked_too(bench: Bench) -> None:
    model = bench.model((6, (26.0,)), (5, (20.0,)), (2, ()))
    bench.run1(model)
    with pytest.raises(DsbenchError, match="FPS parsing failed for Retry"):
        bench.run2(model)


NEAR = tuple(30.0 + (number % 3 - 1) for number in range(12))  # 29 to 31


def decided(bench: Bench, *scripts: tuple[int, tuple[Row, ...]], wanted: str) -> Run2ValidationResult:
    model = bench.model(*scripts, min_streams=wanted)
    bench.run1(model)
    result = run2_validation.decide(model, bench.log, bench.run2(model))
    names = [run.name for run in model.get(Measurements).runs]
    assert (result.decision is not None) == ("Decision" in names)
    return result


def test_one_more_run_decides_min_streams(bench: Bench) -> None:
    result = decided(bench, (6, (26.0,)), (5, NEAR), (4, (35.0,) * 12), wanted="4")
    assert result.run.measurement.real_time is RealTime.UNSURE
    assert result.confirmed_streams == 4
    assert summary.remark(result.benchmark, result.final.measurement, 4).endswith("one more run confirms 4 streams")
    assert "ds_s4_decision.log" in bench.logs()
    facts = {fact.name: (fact.value, fact.origin) for fact in bench.log.snapshot().facts}
    value, why = facts["One more run"]
    assert value == "4 streams, for --min-streams 4"
    assert why.startswith("run 2 with 5 did not decide (")
    assert facts["Decision: every stream in real time"][0] == "YES"


def test_one_more_run_may_not_decide_either(bench: Bench) -> None:
    model = bench.model((6, (26.0,)), (5, NEAR), min_streams="5")
    bench.run1(model)
    result = run2_validation.decide(model, bench.log, bench.run2(model))
    assert result.confirmed_streams == 0
    with pytest.raises(DsbenchError) as caught:
        run2_validation.require_streams(model, result)
    assert "one more run at 5 streams: every stream real-time: UNSURE" in caught.value.what
    assert caught.value.where.endswith("ds_s5_decision.log")


@pytest.mark.parametrize("wanted", ["4", "5"])
def test_runs_that_decide_need_no_other(bench: Bench, wanted: str) -> None:
    result = decided(bench, (6, (21.0,)), (4, (31.0,) * 12), wanted=wanted)
    assert result.decision is None, "126 frames a second do not carry five streams"
