from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from dsbench.base.errors import Code, DsbenchError
from dsbench.fleet import collecting, inputs, result, work
from dsbench.fleet.job import FleetJob, JobFile, Needs
from dsbench.fleet.result import JobState


def job_of(tmp_path: Path, content: bytes = b"net") -> FleetJob:
    source = tmp_path / "net.onnx"
    source.write_bytes(content)
    digest = hashlib.sha256(content).hexdigest()
    file = JobFile("models/net/model/net.onnx", str(source), len(content), digest)
    return FleetJob(
        "net-1", "net", "/data/net", digest, "embedded", (), (), Needs(), (file,), str(tmp_path / "results" / "net-1")
    )


def test_inputs_come_from_the_shared_path_or_from_what_the_engine_sends(tmp_path: Path) -> None:
    job = job_of(tmp_path)
    inputs.bring(job, tmp_path / "a")
    assert (tmp_path / "a/models/net/model/net.onnx").read_bytes() == b"net"
    Path(job.files[0].source).unlink()
    inputs.bring(job, tmp_path / "b", lambda _: iter([b"n", b"et"]))
    assert (tmp_path / "b/models/net/model/net.onnx").read_bytes() == b"net"


def _broken(_: JobFile) -> Iterator[bytes]:
    yield b"n"
    raise LookupError("the object is gone")


@pytest.mark.parametrize(("content", "fetch", "named"), [(b"new", None, "not the planned"), (None, _broken, "gone")])
def test_an_input_that_is_not_the_planned_one_is_an_error(
    tmp_path: Path, content: bytes | None, fetch: inputs.Fetch | None, named: str
) -> None:
    job = job_of(tmp_path)
    source = Path(job.files[0].source)
    source.write_bytes(content) if content else source.unlink()
    with pytest.raises(DsbenchError, match=named) as caught:
        inputs.bring(job, tmp_path / "a", fetch)
    assert caught.value.code == Code.JOB_INPUT
    assert not list((tmp_path / "a").rglob("*.onnx"))


def test_a_job_without_its_inputs_is_invalid_and_leaves_a_result(tmp_path: Path) -> None:
    job = job_of(tmp_path)
    Path(job.files[0].source).unlink()
    found = work.run_job(job, attempts=2)
    assert found == result.read(Path(job.results))
    assert (found.state, found.exit_status, found.attempts) == (JobState.INVALID, None, 2)
    assert "[job-input]" in found.reason


def test_an_invalid_result_does_not_replace_one_of_the_same_key(tmp_path: Path) -> None:
    job = job_of(tmp_path)
    passed = result.JobResult(job.id, job.key, job.model, JobState.PASSED)
    with collecting.replacing(Path(job.results)) as made:
        result.write(passed, made)
    work.invalid(job, "the node was lost", 3)
    assert result.read(Path(job.results)) == passed
    work.invalid(replace(job, key="ab" * 32), "the node was lost", 3)
    assert result.read(Path(job.results)).state is JobState.INVALID
    assert [path.name for path in Path(job.results).parent.iterdir()] == ["net-1"]
