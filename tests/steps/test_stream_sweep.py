"""The sweep against a stand-in app that carries a known number of streams."""

from __future__ import annotations

import json
import math

import pytest

from dsbench.base import jsonable
from dsbench.judge.run.reasons import other_load
from dsbench.steps import stream_sweep
from dsbench.steps.app_run import Telemetry
from dsbench.steps.model_run import ModelRun
from dsbench.steps.stream_sweep import StreamSweepResult, SweepRecord
from tests.stand_in_app import Row
from tests.steps.bench import Bench

pytestmark = pytest.mark.long

DIES = ("os._exit(3)",)


@pytest.fixture(autouse=True)
def no_other_load(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever else this machine does is no reason to doubt a stand-in's figures."""
    for threshold in ("MIN_OTHERS_PCT", "MIN_STEAL_PCT"):
        monkeypatch.setattr(other_load, threshold, math.inf)


def rows(fps: float) -> tuple[Row, ...]:
    """A run long and steady enough to be believed."""
    return (fps,) * 24


def swept(bench: Bench, *scripts: tuple[int, tuple[Row, ...]]) -> tuple[ModelRun, StreamSweepResult]:
    model = bench.model(*scripts, sweep="yes")
    bench.run1(model)
    bench.run2(model)
    return model, stream_sweep.run(model, bench.log)


def test_the_largest_count_is_found_and_confirmed(bench: Bench) -> None:
    # run 1: 6 streams at 24.9, RT_STREAMS 4; 5 is real-time too
    model, result = swept(bench, (6, rows(24.9)), (4, rows(37.0)), (5, rows(31.0)))
    assert [(one.streams, one.source) for one in result.trials] == [
        (6, "Run 1"),
        (4, "Run 2"),
        (5, "Sweep"),
        (6, "Sweep"),
        (5, "Sweep, repeat"),
    ]
    assert result.largest == 5
    assert result.answer == "Sweep: 5 streams in real time, in 2 of 2 runs; 6 are not"
    lines = bench.log.snapshot().lines
    assert lines[-1] == result.answer
    assert sum(line.startswith("Sweep") for line in lines) == 4
    assert bench.logs() == [
        "ds_s4_run2.log",
        "ds_s5_sweep.log",
        "ds_s5_sweep_repeat.log",
        "ds_s6_run1.log",
        "ds_s6_sweep.log",
    ]
    assert [run.name for run in model.get(Telemetry).runs] == ["Run 1", "Run 2", "Sweep", "Sweep", "Sweep, repeat"]
    table = next(table for table in bench.log.snapshot().tables if table.title == "Runs by number of streams")
    assert [(row[0], row[5]) for row in table.rows] == [
        ("4", "YES"),
        ("5", "YES"),
        ("5", "YES"),
        ("6", "NO"),
        ("6", "NO"),
    ]


def test_an_undecided_run_is_repeated_and_keeps_its_files(bench: Bench) -> None:
    unsure = tuple(29.0 + 2 * (number % 2) for number in range(24))
    _, result = swept(bench, (6, rows(24.9)), (4, rows(37.0)), (5, unsure))
    assert [(one.streams, one.source, str(one.real_time)) for one in result.trials[2:]] == [
        (5, "Sweep", "UNSURE"),
        (5, "Sweep, repeat", "UNSURE"),
        (4, "Sweep, repeat", "YES"),
    ]
    assert result.answer == "Sweep: 4 streams in real time, in 2 of 2 runs; the runs with 5 do not decide"
    assert {"ds_s5_sweep.log", "ds_s5_sweep_repeat.log", "ds_s4_sweep_repeat.log"} <= set(bench.logs())


def test_one_slow_stream_is_enough(bench: Bench) -> None:
    slow = ((33.0, 33.0, 33.0, 33.0, 29.0),) * 24
    _, result = swept(bench, (6, rows(24.9)), (4, rows(37.0)), (5, slow))
    assert result.largest == 4
    assert [(one.streams, one.source) for one in result.trials[2:]] == [(5, "Sweep"), (4, "Sweep, repeat")]


def test_a_count_with_which_the_app_dies_is_not_real_time(bench: Bench) -> None:
    _, result = swept(bench, (6, rows(24.9)), (4, rows(37.0)), (5, DIES))
    assert result.largest == 4
    assert result.trials[2].failure.startswith("Sweep: the app ended with status 3")
    assert any("the app failed with 5 streams" in warning for warning in bench.log.snapshot().warnings)


def test_nothing_is_real_time(bench: Bench) -> None:
    bench.write_throughput(2.0)  # 16 img/s: PEAK 0
    _, result = swept(bench, (1, rows(12.0)))
    assert (result.largest, result.runs) == (0, ())
    assert "Sweep: no stream count is real-time, not even 1" in bench.log.snapshot().warnings


def test_undecided_runs_give_no_answer(bench: Bench) -> None:
    bench.write_throughput(2.0)  # 16 img/s: PEAK 0; both runs have one stream
    unsure = tuple(29.0 + 2 * (number % 2) for number in range(24))
    model, result = swept(bench, (1, unsure))
    assert [one.source for one in result.trials] == ["Run 1", "Run 2", "Sweep, repeat"], "run 1 is no try"
    assert result.largest is None
    entries = model.entries
    assert json.loads(json.dumps(entries)) == entries
    entry = jsonable.decode(SweepRecord, entries["sweep"])
    assert entry.largest is None
    assert jsonable.encode(entry) == entries["sweep"]
    facts = {fact.name: (fact.value, fact.origin) for fact in bench.log.snapshot().facts}
    assert facts["Largest number of real-time streams"] == (
        "not known",
        "no stream count is confirmed; the runs with 1 do not decide",
    )


def test_without_the_option_nothing_is_run(bench: Bench) -> None:
    model = bench.model((6, rows(24.9)))
    stream_sweep.run(model, bench.log)
    facts = {fact.name: fact.value for fact in bench.log.snapshot().facts}
    assert facts == {"Sweep": "not requested (--sweep)"}
    assert bench.logs() == []
