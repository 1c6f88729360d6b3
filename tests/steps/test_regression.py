"""The step regression on records that two runs leave: the history, the baseline, what fails and what does not."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from dsbench.base.errors import Code, DsbenchError
from dsbench.judge.run.reason import State
from dsbench.record import baseline, history, store
from dsbench.record.evidence import Evidence, EvidenceLog
from dsbench.record.raw import MachineRecord
from dsbench.record.recorder import Recorder
from dsbench.record.schema import OptionRecord, Record
from dsbench.steps import regression
from dsbench.steps.model_run import ModelRun
from dsbench.verify import extra_evidence, verification
from tests import finished_records
from tests.steps.bench import Bench
from tests.verify.material import benchmark_record

Change = Callable[[Record], Record]
Ran = Callable[..., ModelRun]
CORES = os.cpu_count() or 0
MACHINE = MachineRecord(f"EPYC, {CORES} cores", "EPYC", CORES, CORES, 1000, None, None, "", None, "", "", "", "")


@dataclass(frozen=True)
class Made:
    """Run 1 of a fast and of a slow model on one model directory."""

    bench: Bench
    records: dict[float, Record]
    """As on a machine without other load."""
    honest: dict[float, Record]


@pytest.fixture(scope="module")
def made(bench_clip: Path, tmp_path_factory: pytest.TempPathFactory) -> Made:
    folder, records = tmp_path_factory.mktemp("regression"), {}
    calm_records: dict[float, Record] = {}
    with pytest.MonkeyPatch.context() as patched:
        patched.setenv("XDG_RUNTIME_DIR", str(folder))
        bench = Bench(folder, bench_clip)
        for fps in (21.0, 15.0):
            windows = tuple((fps + number / 100,) * 6 for number in range(13))
            recorder = benchmark_record(bench, bench.model((6, windows)), "run1_calibration")
            records[fps] = replace(recorder.record, machine=MACHINE, ended=None)
            # a busy machine puts the run in doubt
            calm = tuple(
                replace(one, measurement=replace(one.measurement, state=State.VALID, reasons=(), clock=1.0))
                for one in recorder.record.measurements
            )
            calm_records[fps] = replace(records[fps], measurements=calm, telemetry=())
    return Made(bench, calm_records, records)


@pytest.fixture
def bench(made: Made) -> Bench:
    shutil.rmtree(made.bench.layout.reports, ignore_errors=True)
    return made.bench


@pytest.fixture
def ran(bench: Bench, made: Made) -> Ran:
    """Makes a run at an FPS per stream that is not yet compared."""

    def run(fps: float, change: Change = lambda one: one, **options: str) -> ModelRun:
        model = bench.model(**options)
        model.recorder = Recorder.of(bench.layout.record, change(made.records[fps]))
        return model

    return run


def compared(model: ModelRun) -> Evidence:
    log = EvidenceLog("regression", "net", "key", "stand-in")
    regression.run(model, log)
    return log.snapshot()


def finished(model: ModelRun) -> list[str]:
    """End the run as the plugin does; returns what it says."""
    assert model.recorder is not None
    model.recorder.finish()
    said: list[str] = []
    regression.keep(model, model.recorder, said.append)
    return said


def facts(evidence: Evidence) -> str:
    return evidence.facts[0].value


def test_a_first_run_has_nothing_to_compare_with_and_the_second_has(bench: Bench, ran: Ran) -> None:
    first = ran(21.0)
    evidence = compared(first)
    assert "nothing to compare with" in evidence.left_out
    assert finished(first) == []
    second = ran(21.0)
    evidence = compared(second)
    assert (facts(evidence), evidence.left_out, evidence.warnings) == ("no regression", "", ())
    assert [table.title for table in evidence.tables] == ["Runs of this model", "Compared with the baseline"]
    assert len(history.paths(bench.layout.record)) == 1


def test_the_last_good_run_warns_and_a_chosen_baseline_fails(bench: Bench, ran: Ran) -> None:
    finished(ran(21.0))
    slow = compared(ran(15.0))
    assert facts(slow) == "regression"
    assert "rank test" in slow.warnings[0]
    kept = history.paths(bench.layout.record)[0]
    for given in (kept, kept.parent):
        with pytest.raises(DsbenchError) as raised:
            compared(ran(15.0, baseline=str(given)))
        assert raised.value.code == Code.REGRESSION
        assert "throughput, run 1 126.39 FPS -> 90.39 FPS (-28.5 %)" in raised.value.what
        assert raised.value.where == str(kept)
    log = EvidenceLog("regression", "net", "key", "stand-in")
    with pytest.raises(DsbenchError):
        regression.run(ran(15.0, baseline=str(kept)), log)
    assert log.snapshot().warnings == (), "the error says it"


def test_a_check_of_the_import_alone_does_not_hide_the_last_benchmark(bench: Bench, ran: Ran) -> None:
    def import_alone(record: Record) -> Record:
        no_runs = replace(record, raw=type(record.raw)(), measurements=(), telemetry=())
        return replace(
            no_runs, beyond={"import_parity": {"f1": 1.0}}, session="later", started="2999-01-01T00:00:00+00:00"
        )

    finished(ran(21.0))
    finished(ran(21.0, import_alone))
    assert len(history.paths(bench.layout.record)) == 2
    assert facts(compared(ran(15.0))) == "regression"


def test_a_blessed_run_is_the_baseline_from_then_on(bench: Bench, ran: Ran, tmp_path: Path) -> None:
    blessed = ran(21.0, bless="1")
    compared(blessed)
    assert finished(blessed)[0].endswith("reports/history/baseline.json")
    with pytest.raises(DsbenchError):
        compared(ran(15.0))
    accepted = ran(15.0, bless="1")
    assert facts(compared(accepted)) == "regression"
    finished(accepted)
    assert facts(compared(ran(15.0))) == "no regression"
    elsewhere = ran(15.0, bless="1", baseline=str(tmp_path / "new.json"))
    compared(elsewhere)
    finished(elsewhere)
    assert store.load(tmp_path / "new.json").model_name == "net"


@pytest.mark.parametrize(
    ("given", "there", "written"),
    [
        ("new", "", "new/net.json"),
        ("new/", "", "new/net.json"),
        ("new.json", "", "new.json"),
        ("old.json", "net", "old.json"),
        ("old", "net", "old"),
        ("old.json", "other", "old.json): "),
    ],
)
def test_where_bless_writes(ran: Ran, tmp_path: Path, given: str, there: str, written: str) -> None:
    if there:
        store.write(tmp_path / given, finished_records.embedded(tmp_path, there))
    (said,) = finished(ran(21.0, bless="1", baseline=f"{tmp_path}/{given}"))
    if there == "other":
        assert "this run is not made the baseline: the file is the record of another model, other (" in said
        assert store.load(tmp_path / given).model_name == "other"
    else:
        assert said.endswith(f"this run is the baseline now: {tmp_path / written}")
        assert store.load(tmp_path / written).model_name == "net"


def test_a_damaged_blessed_baseline_is_reported(bench: Bench, ran: Ran) -> None:
    blessed = ran(21.0, bless="1")
    compared(blessed)
    finished(blessed)
    path = history.folder(bench.layout.record) / history.BLESSED
    path.write_bytes(path.read_bytes()[:2000])
    evidence = compared(ran(15.0))
    assert facts(evidence) == "regression", "against the last good run"
    assert f"the blessed baseline is not used: {path}: not a record of dsbench" in evidence.warnings[0]
    assert evidence.warnings[0].endswith("run again with --bless to replace it")


def test_a_history_or_baseline_that_cannot_be_written_is_reported(bench: Bench, ran: Ran) -> None:
    bench.layout.reports.mkdir(parents=True, exist_ok=True)
    (bench.layout.reports / "history").write_text("")
    kept, blessed = finished(ran(21.0, bless="1"))
    assert kept.startswith("dsbench: net: the record was not kept in history/: cannot write ")
    why = "cannot write baseline.json: history is not a directory"
    assert blessed.startswith(f"dsbench: net: this run is not made the baseline: {why}")


def test_bless_says_why_a_run_is_not_the_baseline(ran: Ran) -> None:
    empty = ran(21.0, lambda one: replace(one, raw=type(one.raw)(), beyond={}, measurements=()), bless="1")
    assert finished(empty) == ["dsbench: net: this run is not made the baseline: it has no measure to compare"]


def test_another_machine_is_not_comparable_and_no_failure(bench: Bench, ran: Ran) -> None:
    finished(ran(21.0))
    kept = history.paths(bench.layout.record)[0]
    other = replace(MACHINE, cpu="Xeon", cores=CORES + 2)
    evidence = compared(ran(15.0, lambda one: replace(one, machine=other), baseline=str(kept)))
    differs = f"CPU: EPYC -> Xeon; usable cores: {CORES} -> {CORES + 2}"
    assert evidence.left_out == f"not comparable with the baseline: {differs}"
    assert facts(evidence) == "not comparable"
    shown = baseline.shown([evidence])
    assert shown is not None
    assert (shown.word, shown.origin) == ("not comparable", "--baseline")
    assert shown.line.startswith(f"not comparable: {differs} (--baseline, ")


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (lambda one: replace(one, steps=(*one.steps[:-1], replace(one.steps[-1], outcome="failed"))), "failed in"),
        (lambda one: replace(one, ended=None), "did not end"),
        (lambda one: replace(one, steps=(*one.steps[:-1], replace(one.steps[-1], outcome="inconclusive"))), "INCONCL"),
        (lambda one: replace(one, raw=type(one.raw)()), "no measure"),
    ],
)
def test_a_bad_run_is_no_baseline(bench: Bench, ran: Ran, change: Change, why: str) -> None:
    model = ran(21.0)
    finished(model)
    assert isinstance(model.recorder, Recorder)
    path = bench.folder / "bad.json"
    bad = replace(change(model.recorder.record), session="0")
    store.write(path, bad)
    assert why in baseline.unusable(bad)
    with pytest.raises(DsbenchError, match=why) as raised:
        compared(ran(21.0, baseline=str(path)))
    assert raised.value.code == Code.BASELINE_INVALID
    with pytest.raises(DsbenchError, match=why):
        regression.check_given(ran(21.0, baseline=str(path)))


def test_a_baseline_that_is_not_there(bench: Bench, ran: Ran) -> None:
    model = ran(21.0, baseline="nowhere.json")
    with pytest.raises(DsbenchError, match="does not exist"):
        regression.check_given(model)
    regression.check_given(ran(21.0, baseline="nowhere.json", bless="1"))
    (bench.folder / "empty").mkdir()
    assert "no record of a good run" in compared(ran(21.0, baseline="empty")).left_out


def test_the_history_is_bounded(bench: Bench, ran: Ran, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(history, "MAX_KEPT", 3)
    model = ran(21.0)
    finished(model)
    assert model.recorder is not None
    path, record = bench.layout.record, model.recorder.record
    (history.folder(path) / "notes.json").write_text("{}")
    for second in range(10, 15):
        history.keep(path, replace(record, started=f"2030-01-01T00:00:{second}+00:00", session=f"{second}" * 8))
    names = [one.name for one in history.paths(path)]
    assert names == [f"20300101T0000{second}Z_{f'{second}' * 4}.json" for second in (14, 13, 12)]
    assert (history.folder(path) / "notes.json").exists()
    history.paths(path)[0].write_text("{")
    assert len(history.kept(path)) == 2, "a damaged file is left out"


def test_the_comparison_is_verified(bench: Bench, ran: Ran, made: Made) -> None:
    finished(ran(21.0, lambda _: made.honest[21.0]))
    model = ran(15.0, lambda _: made.honest[15.0])
    compared(model)
    assert model.recorder is not None
    found, record = model.get(regression.RegressionResult), model.recorder.record
    model.recorder.record = replace(record, raw=replace(record.raw, baseline=found.data), beyond=model.entries)
    finished(model)
    data = json.loads(bench.layout.record.read_text())
    assert [one.text for one in verification.verify(json.dumps(data)).mismatches] == []
    assert data["beyond"]["regression"]["result"] in ("regression", "not judged")
    data["raw"]["baseline"]["run"]["measures"][0]["value"] *= 0.5
    assert any("beyond.regression" in one.text for one in verification.verify(json.dumps(data)).mismatches)


@pytest.mark.parametrize(
    ("options", "warned"), [({}, True), ({"baseline": "kept"}, False), ({"baseline": "kept", "bless": "1"}, True)]
)
def test_the_warnings_are_verified_of_a_step_that_failed_too(
    bench: Bench, ran: Ran, options: dict[str, str], warned: bool
) -> None:
    finished(ran(21.0))
    kept = str(history.paths(bench.layout.record)[0])
    model = ran(15.0, **{name: kept if value == "kept" else value for name, value in options.items()})
    log, again = (EvidenceLog("regression", "net", "key", "stand-in") for _ in range(2))
    with suppress(DsbenchError):
        regression.run(model, log)
    assert model.recorder is not None
    data = model.get(regression.RegressionResult).data
    record = replace(model.recorder.record, options=(OptionRecord("bless", "bless" in options, "command line"),))
    extra_evidence.baseline(again, replace(record, raw=replace(record.raw, baseline=data)))
    assert again.snapshot().warnings == log.snapshot().warnings
    assert bool(log.snapshot().warnings) is warned
