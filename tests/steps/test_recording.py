"""The record and the report as users meet them: partial runs, failures, Ctrl-C, full disks, two sessions."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from dsbench.verify import verification
from tests.material import write_clip, write_onnx
from tests.plugin.test_plugin import ONLY_PREFLIGHT, run

pytestmark = pytest.mark.long


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_clip(tmp_path_factory.mktemp("clip") / "clip.mp4", frames=3)


@pytest.fixture
def model(tmp_path: Path) -> Path:
    root = tmp_path / "models" / "net"
    write_onnx(root / "model" / "net.onnx")
    (root / "config").mkdir()
    (root / "config" / "labels.txt").write_text("car\nperson\n")
    return root


def read(model: Path) -> dict[str, object]:
    data: dict[str, object] = json.loads((model / "reports" / "benchmark_data.json").read_text())
    return data


def test_a_failure_and_its_options_are_on_record(model: Path, clip: Path) -> None:
    (model / "dsbench.toml").write_text("[gate]\nkitti-frames = 7\n")
    workspace = model.parent.parent
    done = run(workspace, "--model-dir=models/net", f"--video={clip}", *ONLY_PREFLIGHT)
    assert done.returncode == 0, done.stdout
    data = read(model)
    assert (data["verdict"], data["runtime"], data["model_name"]) == ("incomplete", "embedded", "net")
    assert data["deepstream"]["run1"]["total_fps"] is None  # type: ignore[index]
    assert {"name": "kitti-frames", "value": 7, "origin": "dsbench.toml"} in data["options"]  # type: ignore[operator]
    assert data["ended"] is not None
    (model / "config" / "labels.txt").unlink()
    done = run(workspace, "--model-dir=models/net", f"--video={clip}", "-k", "model_outputs or report", "-n", "1")
    data = read(model)
    steps = {step["step"]: step["outcome"] for step in data["steps"]}  # type: ignore[attr-defined]
    assert steps == {"preflight": "failed", "model_outputs": "skipped", "report": "passed"}
    assert data["verdict"] == "failed"
    page = (workspace / "reports" / "net.html").read_text()
    assert "What to run next" in page
    assert "pytest --model-dir models/net" in page


def test_the_other_runtimes_record_stops_pre_flight(model: Path, clip: Path) -> None:
    workspace = model.parent.parent
    arguments = ("--model-dir=models/net", f"--video={clip}", *ONLY_PREFLIGHT)
    assert run(workspace, *arguments).returncode == 0
    path = model / "reports" / "benchmark_data.json"
    path.write_text(path.read_text().replace('"runtime": "embedded"', '"runtime": "deepstream"'))
    before = path.read_bytes()
    done = run(workspace, *arguments)
    assert done.returncode == 1
    assert "[other-runtime-results]" in done.stdout
    assert "or --replace-results (the older results are kept" in done.stdout
    assert path.read_bytes() == before
    assert run(workspace, *arguments, "--replace-results").returncode == 0
    assert path.with_name("benchmark_data.deepstream.json").read_bytes() == before
    assert read(model)["runtime"] == "embedded"


def test_a_second_session_stops_and_changes_nothing(model: Path, clip: Path) -> None:
    workspace = model.parent.parent
    report = workspace / "reports" / "net.html"
    report.parent.mkdir()
    report.write_text("the first session's")
    handle = os.open(model, os.O_RDONLY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        done = run(workspace, "--model-dir=models/net", f"--video={clip}")
    finally:
        os.close(handle)
    assert done.returncode == 1
    assert "preflight FAILED [directory-busy]" in done.stdout
    assert sorted(path.name for path in model.iterdir()) == ["config", "model"]
    assert report.read_text() == "the first session's"
    assert "Generated html report" not in done.stdout


def test_a_report_that_cannot_be_written_stops_before_the_first_step(model: Path, clip: Path) -> None:
    workspace = model.parent.parent
    (workspace / "reports").write_text("a file")
    done = run(workspace, "--model-dir=models/net", f"--video={clip}", *ONLY_PREFLIGHT)
    assert done.returncode == 4
    assert "the report cannot be written" in done.stderr
    assert "--html=FILE" in done.stderr
    assert "Traceback" not in done.stdout + done.stderr


def test_a_full_disk_at_the_end_is_one_line_and_keeps_the_older_report(model: Path, clip: Path) -> None:
    workspace = model.parent.parent
    report = workspace / "reports" / "net.html"
    report.parent.mkdir()
    report.write_text("older")
    command = [sys.executable, "-m", "pytest", "--model-dir=models/net", f"--video={clip}", *ONLY_PREFLIGHT]
    done = subprocess.run(
        ["bash", "-c", 'ulimit -f 32; exec "$@"', "bash", *command, "-p", "no:cacheprovider"],
        cwd=workspace,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1, done.stdout
    (line,) = re.findall(r"^dsbench: the report was not written.*$", done.stdout, re.MULTILINE)
    assert "File too large" in line
    assert "1 passed" in done.stdout
    assert "INTERNALERROR" not in done.stdout
    assert report.read_text() == "older"
    assert "Generated html report" not in done.stdout
    assert list(report.parent.iterdir()) == [report]


def test_a_record_that_cannot_be_written_never_hides_a_verdict(model: Path, clip: Path) -> None:
    (model / "reports").write_text("in the way")
    workspace = model.parent.parent
    done = run(workspace, "--model-dir=models/net", f"--video={clip}", *ONLY_PREFLIGHT)
    assert done.returncode == 1, "a run without its record is not a success"
    assert "1 passed" in done.stdout
    assert "warning: the record was not written: [not-writable] cannot write benchmark_data.json" in done.stdout
    assert "the record was not written" in (workspace / "reports" / "net.html").read_text()
    done = run(workspace, "--model-dir=models/net", f"--video={clip}", "--prepare=never", "-k", "preflight or report")
    assert "report FAILED [report-incomplete]" in done.stdout


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGKILL])
def test_ctrl_c_and_a_kill_leave_the_record(model: Path, clip: Path, how: signal.Signals) -> None:
    """While make waits for a slow compiler. Ctrl-C names the step; a kill leaves the last complete record."""
    workspace = model.parent.parent
    tools = workspace / "bin"
    tools.mkdir()
    (tools / "make").write_text("#!/bin/sh\necho $$ > started\nexec sleep 60\n")
    (tools / "make").chmod(0o755)
    command = [sys.executable, "-m", "pytest", "--model-dir=models/net", f"--video={clip}", "--prepare=never"]
    environment = {**os.environ, "PATH": f"{tools}:{os.environ['PATH']}"}
    with subprocess.Popen(command, cwd=workspace, env=environment, stdout=subprocess.PIPE, text=True) as child:
        deadline = time.monotonic() + 60
        while not list(workspace.rglob("started")) and time.monotonic() < deadline and child.poll() is None:
            time.sleep(0.05)
        child.send_signal(how)
        if how is signal.SIGKILL:
            child.wait(timeout=30)
            slow = next(iter(workspace.rglob("started"))).read_text()
            with contextlib.suppress(ProcessLookupError):
                os.kill(int(slow), signal.SIGKILL)
        output = child.communicate(timeout=30)[0]
    data = read(model)
    steps = [step["step"] for step in data["steps"]]  # type: ignore[attr-defined]
    assert steps == ["preflight", "model_outputs", "parser_source", "parser_makefile"]
    assert data["verdict"] == "incomplete"
    assert verification.verify(json.dumps(data)).mismatches == ()
    if how is signal.SIGKILL:
        assert (data["interrupted_in"], data["ended"]) == ("", None)
        return
    assert child.returncode == 2, output
    assert data["interrupted_in"] == "parser_build"
    assert "Interrupted in parser_build" in (workspace / "reports" / "net.html").read_text()
