from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from dsbench.base.errors import Code, DsbenchError
from dsbench.fleet import job
from dsbench.fleet.job import FleetJob, JobFile, JobOption, Needs

KEY = "ab" * 32
NET = JobFile("models/net/model/net.onnx", "/data/net/model/net.onnx", 3, KEY)
JOB = FleetJob(
    id="net-1",
    model="net",
    model_dir="/data/net",
    key=KEY,
    runtime="embedded",
    command=("pytest", "--model-dir=/data/net"),
    options=(JobOption("perf-seconds", "20"), JobOption("video", place="files/video/clip.mp4")),
    needs=Needs(cpus=2),
    files=(NET,),
    results="/results/net-1",
)


def test_a_plan_is_read_as_it_was_written() -> None:
    other = replace(JOB, id="net-2")
    lines = [job.to_line(JOB), "", job.to_line(other) + "\n"]
    assert list(job.from_lines(lines, "plan.jsonl")) == [JOB, other]
    assert "\n" not in job.to_line(JOB)


@pytest.mark.parametrize(
    ("changed", "named"),
    [
        ({"id": "../net"}, "not safe as a file name"),
        ({"id": ""}, "not safe as a file name"),
        ({"key": "1234"}, "no SHA-256"),
        ({"version": 2}, "version 2"),
        ({"files": [{"place": "models/../../etc/x", "source": "x", "bytes": 1, "sha256": KEY}]}, "etc/x"),
        ({"files": [{"place": "/etc/x", "source": "x", "bytes": 1, "sha256": KEY}]}, "etc/x"),
        ({"files": [{"place": "models/net/x", "source": "x", "bytes": 1, "sha256": "x"}]}, "models/net/x"),
        ({"options": [{"name": "video", "place": "../clip.mp4"}]}, "clip.mp4"),
        ({"command": "pytest"}, "command"),
        ({"model": ".."}, "model"),
        ({"model": "a/../../b"}, "model"),
        ({"model": ""}, "model"),
        ({"model_dir": "/data/a\0b"}, "null byte"),
        ({"runtime": "auto"}, "runtime 'auto'"),
        ({"options": [{"name": "model-dir", "value": "/data/net"}]}, "no option 'model-dir'"),
        ({"options": [{"name": "junitxml", "value": "/data/x.xml"}]}, "no option 'junitxml'"),
    ],
)
def test_a_line_that_is_no_safe_job_is_refused(changed: dict[str, Any], named: str) -> None:
    line = json.dumps(json.loads(job.to_line(JOB)) | changed)
    with pytest.raises(DsbenchError, match=named) as caught:
        list(job.from_lines(["", line], "plan.jsonl"))
    assert caught.value.code == Code.USAGE
    assert "line 2" in caught.value.what


def test_an_id_that_is_there_twice_is_refused() -> None:
    with pytest.raises(DsbenchError, match="twice"):
        list(job.from_lines([job.to_line(JOB)] * 2, "plan.jsonl"))


@pytest.mark.parametrize("line", ["{", "[]", "null", "[" * 100_000])
def test_a_line_that_is_no_object_is_refused(line: str) -> None:
    with pytest.raises(DsbenchError, match="line 1"):
        list(job.from_lines([line], "plan.jsonl"))


def test_a_job_that_was_changed_after_it_was_planned_is_refused() -> None:
    planned = replace(JOB, key=job.key(JOB))
    job.require_unchanged(planned)
    job.require_unchanged(replace(planned, results="/elsewhere/net-1", model_dir="/elsewhere/net"))
    for changed in (
        replace(planned, options=()),
        replace(planned, runtime="deepstream"),
        replace(planned, files=(replace(NET, sha256="cd" * 32),)),
        replace(planned, needs=Needs(1, "L4")),
    ):
        with pytest.raises(DsbenchError, match="was changed after it was planned") as caught:
            job.require_unchanged(changed)
        assert caught.value.code == Code.USAGE
    job.require_unchanged(replace(planned, dsbench="0.0.1"))  # its result says that the version is another one
