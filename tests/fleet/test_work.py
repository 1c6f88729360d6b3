"""Jobs run in this process; a shell script stands for pytest, except in the last test."""

from __future__ import annotations

import hashlib
import multiprocessing
import os
import signal
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import psutil
import pytest

from dsbench.base.errors import Code, DsbenchError
from dsbench.fleet import collecting, inputs, phases, plan, result, scratch, work
from dsbench.fleet.job import FleetJob, JobFile, JobOption, Needs
from dsbench.fleet.plan import PlanSettings
from dsbench.fleet.result import JobResult, JobState
from dsbench.formats.versions import Gpu
from dsbench.machine import hardware
from dsbench.record import store
from tests.fleet.plans import a_job, model_dir
from tests.without_privileges import obey_permissions

PASSED, FAILED, INVALID = JobState.PASSED, JobState.FAILED, JobState.INVALID


@pytest.fixture(autouse=True)
def own_temporary_directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "tmp"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    return folder


@pytest.fixture
def job(tmp_path: Path) -> FleetJob:
    source = tmp_path / "net.onnx"
    source.write_bytes(b"net")
    file = JobFile("models/net/model/net.onnx", str(source), 3, hashlib.sha256(b"net").hexdigest())
    return a_job(results=tmp_path / "results", files=(file,))


Script = Callable[[str], None]


@pytest.fixture
def pytest_is(monkeypatch: pytest.MonkeyPatch) -> Script:
    """Sets the shell script that runs in place of pytest, in the directory of the job."""

    def to_be(script: str) -> None:
        monkeypatch.setattr(
            work, "_command", lambda one, folder: ("sh", "-c", f"cd '{folder}/models/{one.model}'; {script}")
        )

    return to_be


def scratch_directories() -> list[str]:
    return [path.name for path in Path(tempfile.gettempdir()).glob("dsbench-fleet-*/*")]


# --- inputs -----------------------------------------------------------------------------------------------------------


def test_inputs_come_from_the_shared_path_or_from_what_the_engine_sends(job: FleetJob, tmp_path: Path) -> None:
    job = replace(job, files=(replace(job.files[0], executable=True),))
    inputs.bring(job, tmp_path / "a")
    assert (tmp_path / "a/models/net/model/net.onnx").read_bytes() == b"net"
    assert os.access(tmp_path / "a/models/net/model/net.onnx", os.X_OK)
    Path(job.files[0].source).unlink()
    inputs.bring(job, tmp_path / "b", lambda _: iter([b"n", b"et"]))
    assert (tmp_path / "b/models/net/model/net.onnx").read_bytes() == b"net"


def _broken(_: JobFile) -> Iterator[bytes]:
    yield b"n"
    raise RuntimeError("the object is gone")


def _endless(_: JobFile) -> Iterator[bytes]:
    while True:
        yield b"net"


@pytest.mark.parametrize(
    ("content", "fetch", "named"),
    [
        (b"new", None, "not the planned"),
        (b"net and more", None, "not the planned"),
        (None, None, "No such file"),
        (None, _broken, "gone"),
        (None, _endless, "not the planned"),
    ],
)
def test_an_input_that_is_not_the_planned_one_is_an_error(
    job: FleetJob, tmp_path: Path, content: bytes | None, fetch: inputs.Fetch | None, named: str
) -> None:
    source = Path(job.files[0].source)
    source.write_bytes(content) if content else source.unlink()
    with pytest.raises(DsbenchError, match=named) as caught:
        inputs.bring(job, tmp_path / "a", fetch)
    assert caught.value.code == Code.JOB_INPUT
    assert not list((tmp_path / "a").rglob("*.onnx"))


def test_a_damaged_file_of_a_store_is_named(job: FleetJob, tmp_path: Path) -> None:
    """``plan --store`` does not write it again: its size is right."""
    pytest.importorskip("fsspec")
    blob = tmp_path / "blob"
    blob.write_bytes(b"nEt")
    gone = replace(job.files[0], source="/gone", uri=blob.as_uri())
    with pytest.raises(
        DsbenchError, match=r"at its path: No such file.*in the store: not the planned content"
    ) as caught:
        inputs.bring(replace(job, files=(gone,)), tmp_path / "a")
    assert f"delete {blob.as_uri()}" in caught.value.fix


def test_the_folder_that_an_option_names_is_there_though_no_file_is_in_it(tmp_path: Path) -> None:
    job = a_job(files=(), options=(JobOption("baseline", place="files/baseline/records"),))
    inputs.bring(job, tmp_path)
    assert (tmp_path / "files/baseline/records").is_dir()


# --- states -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("script", "state", "status", "reason"),
    [
        ("exit 0", PASSED, 0, ""),
        ("exit 1", INVALID, 1, "left no finished record"),
        ("echo 'ERROR: [runtime-unavailable] no deepstream'; exit 4", INVALID, 4, "[runtime-unavailable] no deeps"),
        ("exit 5", INVALID, 5, "no step to run"),
        ("exit 77", INVALID, 77, "status 77"),
        ("kill -9 $$", INVALID, None, "OOM killer"),
        ("kill -SEGV $$", INVALID, None, "SIGSEGV"),
        ("kill -TERM $$", INVALID, None, "SIGTERM"),
        ("sleep 60", INVALID, None, "time limit"),
    ],
)
def test_the_state_follows_from_how_pytest_ends(
    job: FleetJob, pytest_is: Script, script: str, state: JobState, status: int | None, reason: str
) -> None:
    pytest_is(script)
    found = work.run_job(job, timeout_s=0.5 if "sleep" in script else 60, attempts=2)
    assert (found.state, found.exit_status, found.attempts) == (state, status, 2)
    assert reason in found.reason
    assert bool(found.reason) is (state is not PASSED)
    assert result.read(Path(job.results)) == found
    assert not scratch_directories()


def test_what_a_job_does_is_announced(job: FleetJob, pytest_is: Script, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest_is(
        "echo 'dsbench: net: Run 1, 1 stream'; echo 'dsbench: other: Run 1'; echo '. [ 57%]';"
        "echo 'dsbench: net: Run 2, 1 stream'; sleep 0.3; exit 0"
    )
    said: list[str] = []
    monkeypatch.setattr(phases, "_EVERY_S", 0.0)
    work.run_job(job, announce=said.append)
    steps = ["copies 1 file", "runs pytest", "Run 1, 1 stream", "Run 2, 1 stream"]
    assert said == [f"{job.id}: {step}" for step in steps]


def test_a_job_without_its_inputs_is_invalid_and_leaves_a_result(job: FleetJob) -> None:
    Path(job.files[0].source).unlink()
    found = work.run_job(job)
    assert (found.state, found.exit_status) == (INVALID, None)
    assert "[job-input]" in found.reason
    assert result.read(Path(job.results)) == found


def test_a_plan_of_another_version_is_invalid_and_names_both(job: FleetJob) -> None:
    found = work.run_job(replace(job, dsbench="9.9.9"))
    assert found.state is INVALID
    assert "9.9.9" in found.reason
    assert work.__version__ in found.reason


@pytest.mark.parametrize(("gpu", "state"), [("NVIDIA H100 PCIe", INVALID), ("NVIDIA L4", PASSED), (None, PASSED)])
def test_a_job_for_another_kind_of_gpu_is_invalid(
    job: FleetJob, pytest_is: Script, monkeypatch: pytest.MonkeyPatch, gpu: str | None, state: JobState
) -> None:
    monkeypatch.setattr(hardware, "gpu", lambda _: gpu and Gpu(0, gpu, 24576, "580.1", "13.0", "8.9"))
    pytest_is("exit 0")
    found = work.run_job(replace(job, needs=Needs(gpus=1, gpu_kind="L4")))
    assert found.state is state
    assert ("[gpu-missing]" in found.reason) is (state is INVALID)


def test_ctrl_c_before_pytest_runs_leaves_a_result_too(job: FleetJob) -> None:
    def interrupt(_: JobFile) -> Iterator[bytes]:
        raise KeyboardInterrupt

    Path(job.files[0].source).unlink()
    with pytest.raises(KeyboardInterrupt):
        work.run_job(job, fetch=interrupt)
    assert result.read(Path(job.results)).reason == "interrupted"
    assert not scratch_directories()


# --- result directories -----------------------------------------------------------------------------------------------


def test_a_result_has_what_a_reader_needs_and_no_large_file(job: FleetJob, pytest_is: Script) -> None:
    pytest_is(
        "mkdir -p samples/kitti_output benchmarks/engines config own; echo box > samples/kitti_output/1.txt;"
        "ln -s /etc/passwd config/link; mkfifo reports/fifo; echo x > own/data; echo labels > config/labels.txt;"
        "truncate -s 5M benchmarks/engines/a.engine; truncate -s 5M samples/clip.webm; echo said"
    )
    work.run_job(job)
    root = Path(job.results)
    found = {str(path.relative_to(root)) for path in root.rglob("*") if not path.is_dir()}
    assert found == {
        *("result.json", "reports/pytest.log", "samples/kitti_output/1.txt", "samples/clip.webm"),
        *("config/labels.txt", "model/net.onnx"),
    }
    assert (root / "reports/pytest.log").read_text() == "said\n"
    assert [path.name for path in root.parent.iterdir()] == [root.name]


def test_an_invalid_result_does_not_replace_one_of_the_same_key(job: FleetJob) -> None:
    passed = JobResult(job.id, job.key, job.model, PASSED)
    with collecting.replacing(Path(job.results)) as made:
        result.write(passed, made)
    work.invalid(job, "the node was lost", 3)
    assert result.read(Path(job.results)) == passed
    work.invalid(replace(job, key="ab" * 32), "the node was lost", 3)
    assert result.read(Path(job.results)).state is INVALID
    assert [path.name for path in Path(job.results).parent.iterdir()] == [job.id]


def test_a_place_that_no_result_can_be_written_to_is_found_before_the_run(job: FleetJob, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    Path(job.files[0].source).unlink()  # it would be an INVALID job
    with pytest.raises(DsbenchError) as caught:
        work.run_job(replace(job, results=str(tmp_path / "file" / "net-1")))
    assert caught.value.code in (Code.NOT_WRITABLE, Code.FILE_ACCESS)


def test_a_result_is_replaced_by_a_whole_one_or_not_at_all(job: FleetJob) -> None:
    target = Path(job.results)
    for text in ("old", "new"):
        with collecting.replacing(target) as made:
            (made / "result.json").write_text(text)

    def half_written() -> None:
        with collecting.replacing(target) as made:
            (made / "half").write_text("half")
            raise OSError(28, "full")

    with pytest.raises(OSError, match="full"):
        half_written()
    assert [path.read_text() for path in target.iterdir()] == ["new"]
    assert [path.name for path in target.parent.iterdir()] == [target.name]


def test_the_folder_of_results_keeps_its_rights(job: FleetJob, pytest_is: Script) -> None:
    folder = Path(job.results).parent
    folder.mkdir(mode=0o755)
    folder.chmod(0o755)
    pytest_is("exit 0")
    for _ in range(2):
        work.run_job(job)
    assert folder.stat().st_mode & 0o777 == 0o755
    assert Path(job.results).stat().st_mode & 0o500 == 0o500


def test_an_error_of_dsbench_itself_leaves_a_result_and_is_raised(
    job: FleetJob, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object, **__: object) -> None:
        raise ZeroDivisionError("a mistake\nof ours")

    monkeypatch.setattr(inputs, "bring", broken)
    with pytest.raises(ZeroDivisionError):
        work.run_job(job)
    assert result.read(Path(job.results)).reason == "an error of dsbench itself: ZeroDivisionError: a mistake"


@pytest.mark.parametrize("kind", ["directory", "file", "link"])
def test_nothing_but_a_result_is_replaced(job: FleetJob, tmp_path: Path, pytest_is: Script, kind: str) -> None:
    pytest_is("true")
    target, other = Path(job.results), tmp_path / "work of years"
    other.mkdir(mode=0o755)
    (other / "thesis").touch()
    target.parent.mkdir()
    if kind == "directory":
        other.rename(target)
    elif kind == "file":
        target.touch()
    else:
        target.symlink_to(other)
    with pytest.raises(DsbenchError, match="no result of a job"):
        work.run_job(job)
    assert [path.name for path in target.parent.iterdir()] == [target.name]
    assert kind == "file" or (target / "thesis").exists()


def test_of_a_link_to_a_result_the_link_alone_is_replaced(job: FleetJob, tmp_path: Path, pytest_is: Script) -> None:
    pytest_is("true")
    moved, target = tmp_path / "moved", Path(job.results)
    moved.mkdir()
    moved.chmod(0o755)
    (moved / "result.json").write_text("old")
    target.parent.mkdir()
    target.symlink_to(moved)
    assert work.run_job(job).state is PASSED
    assert (moved.stat().st_mode & 0o777, (moved / "result.json").read_text()) == (0o755, "old")
    assert [path.name for path in target.parent.iterdir()] == [target.name]


def test_what_a_killed_attempt_left_beside_the_result_is_removed_after_an_hour(job: FleetJob) -> None:
    target = Path(job.results)
    left, young = (target.with_name(f".{target.name}.{digit * 16}") for digit in "ab")
    for path in (left, young):
        path.mkdir(parents=True)
    os.utime(left, (0, 0))
    with collecting.replacing(target):
        pass
    assert (left.exists(), young.exists()) == (False, True)


# --- nothing outlives a job -------------------------------------------------------------------------------------------


def _working(job: FleetJob, tmp_path: Path) -> multiprocessing.Process:
    """A process that runs the job, once its script has written its process id to tmp_path/pid."""
    process = multiprocessing.get_context("fork").Process(target=work.run_job, args=(job,))
    process.start()
    _wait_for(lambda: (tmp_path / "pid").exists() and (tmp_path / "pid").read_text().endswith("\n"))
    return process


def _wait_for(condition: Callable[[], bool]) -> None:
    end = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.02)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_pytest_as_ctrl_c_does_and_keeps_what_it_wrote(
    job: FleetJob, tmp_path: Path, pytest_is: Script, number: signal.Signals
) -> None:
    pytest_is(
        f"trap 'echo partial > reports/benchmark_data.json; exit 2' INT; echo $$ > {tmp_path}/pid; sleep 60 & wait"
    )
    process = _working(job, tmp_path)
    os.kill(process.pid or 0, number)
    process.join(30)
    found = result.read(Path(job.results))
    assert (found.state, found.reason, found.exit_status) == (INVALID, "interrupted", 2)
    assert (Path(job.results) / result.RECORD).read_text() == "partial\n"
    assert not psutil.pid_exists(int((tmp_path / "pid").read_text()))
    assert not scratch_directories()


@pytest.mark.parametrize("status", [1, 2, 143])
def test_an_engine_may_signal_every_process_at_once(
    job: FleetJob, tmp_path: Path, pytest_is: Script, status: int
) -> None:
    """pytest then ends at the same time as its parent gets the signal."""
    pytest_is(f"echo $$ > {tmp_path}/pid; kill -TERM $PPID; exit {status}")
    _working(job, tmp_path).join(30)
    found = result.read(Path(job.results))
    assert (found.state, found.reason) == (INVALID, "interrupted")


def test_pytest_ends_with_a_killed_job_and_the_next_job_removes_what_it_left(
    job: FleetJob, tmp_path: Path, pytest_is: Script
) -> None:
    pytest_is(f"echo $$ > {tmp_path}/pid; exec sleep 60")
    process = _working(job, tmp_path)
    child = psutil.Process(int((tmp_path / "pid").read_text()))
    process.kill()
    process.join(30)
    _wait_for(lambda: not child.is_running() or child.status() == psutil.STATUS_ZOMBIE)
    assert len(scratch_directories()) == 1
    with scratch.directory("other") as folder:
        assert scratch_directories() == [folder.name]
    assert not scratch_directories()


def test_a_directory_of_a_job_that_still_runs_is_left_alone() -> None:
    with scratch.directory("one") as first, scratch.directory("two"):
        assert first.is_dir()


def test_a_temporary_directory_from_which_nothing_can_be_loaded_is_refused(
    job: FleetJob, monkeypatch: pytest.MonkeyPatch
) -> None:
    noexec = list(os.statvfs("/"))
    noexec[8] |= os.ST_NOEXEC
    monkeypatch.setattr(os, "statvfs", lambda _: os.statvfs_result(noexec))
    found = work.run_job(job)
    assert found.state is INVALID
    assert "noexec" in found.reason


def test_a_file_system_without_locks_is_no_obstacle(monkeypatch: pytest.MonkeyPatch) -> None:
    def no_lock(*_: object) -> None:
        raise OSError(95, "Operation not supported")

    monkeypatch.setattr("fcntl.flock", no_lock)
    with scratch.directory("one") as first, scratch.directory("two"):
        assert first.is_dir()
    assert not scratch_directories()


def _leave_no_rights() -> None:
    obey_permissions()
    with scratch.directory("one") as folder:
        (folder / "a/b").mkdir(parents=True)
        (folder / "a/b/c").write_text("x")
        (folder / "a/link").symlink_to("/")
        (folder / "a/b").chmod(0o500)
        (folder / "a").chmod(0o000)


def test_a_scratch_directory_that_forbids_its_removal_is_removed() -> None:
    process = multiprocessing.get_context("fork").Process(target=_leave_no_rights)
    process.start()
    process.join(30)
    assert process.exitcode == 0
    assert not scratch_directories()


# --- the real pytest --------------------------------------------------------------------------------------------------


def test_a_planned_job_runs_in_a_copy_and_leaves_record_report_and_junit(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Pre-flight fails: the model is no ONNX file. Nothing that this machine says to pytest counts."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "pytest.ini").write_text("[pytest]\naddopts = --no-such-option\n")
    original = model_dir(tmp_path, "my net")
    before = sorted(original.rglob("*"))
    (job,) = plan.jobs([original], PlanSettings("embedded", tmp_path / "results"))
    monkeypatch.setenv("PYTEST_ADDOPTS", "--no-such-option")
    monkeypatch.setenv("DS_VIDEO", "/no/such/clip.mp4")
    found = work.run_job(job)
    assert (found.state, found.exit_status) == (FAILED, 1)
    assert found.reason.startswith("preflight failed: [")
    root = Path(job.results)
    record = store.load(root / result.RECORD)
    assert dict(record.environment)["Copy of"] == str(original)
    assert "models/my net" in (root / result.JUNIT).read_text()
    assert "my net" in (root / result.REPORT).read_text()
    assert sorted(original.rglob("*")) == before
    assert not scratch_directories()
