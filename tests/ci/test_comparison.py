"""The comparison with the baseline in the job summary and outputs: a slow model fails, another machine does not."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from dsbench.ci.annotations import annotations_of
from dsbench.ci.command import pytest_arguments
from dsbench.ci.inputs import INPUTS
from dsbench.ci.junit import suite_properties
from dsbench.ci.outcome import session_outcome
from dsbench.ci.outputs import dotenv_text, outputs_of
from dsbench.ci.summary import job_summary
from dsbench.judge.regression import TOLERANCE, ComparableRun, KeyPart, RunMeasure, compare
from dsbench.record.baseline import Baseline, BaselineOrigin
from dsbench.record.evidence import EvidenceLog, StepFailure
from dsbench.record.history import KeptRecord
from dsbench.record.raw import BaselineData
from dsbench.report.collector import StepResult
from dsbench.steps import regression
from tests import finished_records
from tests.ci.material import HOSTILE, step, whole_run


def ran(fps: float, cpu: str = "EPYC") -> ComparableRun:
    samples = tuple(fps + number / 100 for number in range(8))
    return ComparableRun((KeyPart("CPU", cpu, True),), (), (RunMeasure("throughput", fps, samples),))


def session(before: ComparableRun, now: ComparableRun, path: str = "b.json") -> list[StepResult]:
    """A whole run whose comparison says what the step says."""
    log, found = EvidenceLog("regression", "net", "k-net", "embedded runtime"), compare(before, now)
    kept = KeptRecord(Path(path), finished_records.embedded())
    chosen = Baseline(kept, BaselineOrigin.GIVEN, before)
    data = BaselineData(path, str(chosen.origin), "", kept.record.started, TOLERANCE, {}, before)
    regression.add_evidence(log, data, found)
    if found.word == "regression":
        error = regression.failure(found, chosen)
        log.failure = StepFailure(str(error.code), error.what, error.where, error.fix)
    outcome = "failed" if log.failure else "passed"
    every = [one for one in whole_run() if one.evidence.step != "regression"]
    made = replace(step("regression", outcome), evidence=log.snapshot(), record=every[-1].record)
    return [*every[:-1], made, every[-1]]


def test_slow_against_the_baseline_fails_with_the_figures(tmp_path: Path) -> None:
    outcome = session_outcome(session(ran(100.0), ran(60.0)), tmp_path)
    summary = job_summary(outcome, {})
    assert outputs_of(outcome)["verdict"] == "failed"
    assert "1 of 1 measures are worse than the baseline's:" in summary
    assert "**Compared with the baseline:** regression: " in summary
    assert "| throughput, run 1 | 100.00 FPS | 60.00 FPS |" in summary


def test_another_machine_is_not_comparable_and_passes(tmp_path: Path) -> None:
    outcome = session_outcome(session(ran(100.0), ran(1.0, "Xeon")), tmp_path)
    summary = job_summary(outcome, {})
    assert outputs_of(outcome)["verdict"] == "passed"
    assert json.loads(outputs_of(outcome)["results"])[0]["comparison"] == "not comparable"
    assert "**Compared with the baseline:** not comparable: " in summary
    assert "EPYC" in summary
    assert "nothing to do for regression" in summary


@pytest.mark.parametrize(
    ("fps", "cpu", "word"),
    [(60.0, "EPYC", "regression"), (100.0, "EPYC", "no regression"), (1.0, "Xeon", "not comparable")],
)
def test_annotation_and_outputs_say_how_it_compares(fps: float, cpu: str, word: str, tmp_path: Path) -> None:
    outcome = session_outcome([*whole_run("other"), *session(ran(100.0), ran(fps, cpu))], tmp_path)
    outputs = outputs_of(outcome)
    assert outputs["comparison"] == word
    assert ("model2.comparison", word) in list(suite_properties(outcome))
    assert f"DSBENCH_COMPARISON={word.replace(' ', '-')}\n" in dotenv_text(outputs)
    every = [one for one in annotations_of(outcome, tmp_path, tmp_path) if one.title.startswith("net: ")]
    assert f"Compared with the baseline: {word}: " in every[-1].message
    assert (every[-1].kind, every[0].kind == "error") == ("notice", word == "regression")


@pytest.mark.parametrize("text", HOSTILE)
def test_a_hostile_path_or_processor_is_text(text: str, tmp_path: Path) -> None:
    outcome = session_outcome(session(ran(100.0), ran(100.0, text), text), tmp_path)
    summary = job_summary(outcome, {})
    for line in summary.splitlines():
        assert not line.startswith(("::", "##[", "<script"))
    assert "<img" not in summary


def test_an_import_with_a_baseline_is_compared_too() -> None:
    values = {one.name: "" for one in INPUTS} | {"scope": "import"}
    assert "test_regression" not in pytest_arguments(values, ["models/x"])[2]
    arguments = pytest_arguments({**values, "baseline": "b"}, ["models/x"])
    assert "--baseline=b" in arguments
    assert arguments[arguments.index("-k") + 1].endswith(" or test_regression or test_report")
