"""Result directories for tests of the merge."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

from dsbench.fleet import result
from dsbench.fleet.result import JUNIT, RECORD, JobResult, JobState
from dsbench.record import store
from tests import finished_records
from tests.fleet.plans import a_job

CASES = (
    '<testcase classname="dsbench.{0}" name="test_preflight[{0}]" time="1.5"><properties>'
    '<property name="step" value="preflight" /></properties></testcase>'
    '<testcase classname="dsbench.{0}" name="test_kitti_gate[{0}]" time="2">{1}</testcase>'
)
SUITES = '<?xml version="1.0" encoding="utf-8"?><testsuites><testsuite name="pytest">{0}</testsuite></testsuites>'
FAILURE = '<failure message="few &lt;boxes&gt;">a traceback</failure>'


def a_result(folder: Path, name: str, state: JobState = JobState.PASSED, **changed: Any) -> Path:
    """The directory of a job that ended so, with a record and junit.xml unless it is INVALID."""
    target = folder / f"{name}-1"
    reasons = {JobState.PASSED: "", JobState.FAILED: "kitti_gate failed", JobState.INVALID: "the node was lost"}
    values: dict[str, Any] = {
        "id": f"{name}-1",
        "key": a_job(name).key,
        "model": name,
        "state": state,
        "reason": reasons[state],
        "started": "2026-01-02T03:00:00+00:00",
        "ended": "2026-01-02T03:04:05+00:00",
        "host": "node-1",
    }
    (target / "reports").mkdir(parents=True)
    if state is not JobState.INVALID:
        a_record(target, name, failed=state is JobState.FAILED)
        failure = FAILURE if state is JobState.FAILED else ""
        (target / JUNIT).write_text(SUITES.format(CASES.format(name, failure)))
    result.write(JobResult(**values | changed), target)
    return target


def a_record(target: Path, name: str, *, failed: bool = False, code: str = "kitti-gate", **parts: Any) -> Path:
    """The record of a run in a model directory."""
    made = finished_records.embedded(target, name)
    made = replace(made, ended="2026-01-02T03:04:05+00:00", **parts)
    if failed:
        made = finished_records.failed(made, "kitti_gate", code)
    store.write(target / RECORD, made)
    return target / RECORD
