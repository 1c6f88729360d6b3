"""``dsbench doctor`` as users run it: on this machine, and on machines where everything is broken."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from tests.material import write_clip

pytestmark = pytest.mark.long

NAMES = (
    "deepstream-app",
    "gst-inspect-1.0",
    "gst-launch-1.0",
    "nvidia-smi",
    "nvcc",
    "trtexec",
    "ldconfig",
    "g++",
    "make",
)


COMMAND = """
import sys
from dsbench import cli
from dsbench.doctor import ask, survey
from dsbench.doctor.survey import ask as questions, gstreamer, python
{limits}
sys.exit(cli.main())
"""
PROBE = """
import sys
from dsbench.doctor import probe
from dsbench.machine import hardware
hardware._TIMEOUT_S = 2
sys.exit(probe.main(sys.argv[1:]))
"""
BROKEN_LIMITS = f"""
ask._LIMIT = 2**18
questions.child = python.child = lambda *words: (sys.executable, "-c", {PROBE!r}, *words)
"""
"""How much a program may print (tests/doctor/test_ask.py has the real limit), how long a program of hardware takes."""
HANG_LIMITS = """
survey.FIRST_SCAN_S, gstreamer.QUESTION_S = 9, 5
questions.program.__kwdefaults__["timeout_s"] = 7
"""


@pytest.fixture
def bin_dir(tmp_path: Path) -> Path:
    folder = tmp_path / "bin"
    folder.mkdir()
    return folder


def program(folder: Path, name: str, body: str) -> None:
    (folder / name).write_text(f"#!/bin/sh\n{body}\n")
    (folder / name).chmod(0o755)


def doctor(cwd: Path, *options: str, limits: str = "", **environment: str | None) -> subprocess.CompletedProcess[str]:
    """The command, with an environment changed (None: without the variable). ``limits``: statements that set shorter
    limits before it starts."""
    given = {**os.environ, **{name: value for name, value in environment.items() if value is not None}}
    for name in (*(name for name, value in environment.items() if value is None), "DS_VIDEO"):
        if environment.get(name) is None:
            given.pop(name, None)
    start = ("-c", COMMAND.format(limits=limits)) if limits else ("-m", "dsbench.cli")
    return subprocess.run(
        [sys.executable, *start, "doctor", *options],
        cwd=cwd,
        env=given,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def facts(done: subprocess.CompletedProcess[str]) -> tuple[Any, dict[str, dict[str, str]]]:
    assert done.stderr == ""
    said = json.loads(done.stdout)
    return said, {f"{one['group']}/{one['name']}": one for one in said["checks"]}


def test_this_machine(tmp_path: Path) -> None:
    clip = write_clip(tmp_path / "a clip.mp4", width=320, height=180)
    done = doctor(tmp_path, "--json", "--video", "a clip.mp4")
    said, checks = facts(done)
    assert done.returncode == 0, "what runs these tests can carry the embedded runtime"
    assert said["ready"]["embedded"] is True
    assert said["because"]["embedded"] == []
    assert str(clip) in checks["both runtimes/video"]["detail"]
    assert "mpeg4 320x180, 30 fps" in checks["both runtimes/video"]["detail"]
    assert "onnxruntime " in checks["both runtimes/packages"]["detail"]
    assert checks["embedded runtime/parser build"]["state"] == "ok"
    assert str(tmp_path) in checks["both runtimes/current folder"]["detail"]
    for name in ("deepstream-app", "trtexec"):
        group = "optional" if name == "trtexec" else "deepstream runtime"
        if shutil.which(name) is None and not os.path.exists("/usr/src/tensorrt/bin/trtexec"):
            assert checks[f"{group}/{name}"]["state"] == "missing"
    if shutil.which("deepstream-app") is None:
        assert "deepstream-app missing" in said["because"]["deepstream"]
    assert list(tmp_path.iterdir()) == [clip], "nothing is left in the current folder"


def test_real_gstreamer_is_found() -> None:
    if shutil.which("gst-inspect-1.0") is None:
        if os.environ.get("CI") == "true":
            pytest.fail("GStreamer is not installed on this CI machine")
        pytest.skip("GStreamer is not installed")
    _, checks = facts(doctor(Path.cwd(), "--json"))
    assert checks["deepstream runtime/gst-inspect-1.0"]["detail"].startswith("GStreamer 1.")
    assert checks["optional/theora elements"]["state"] == "ok"
    assert checks["optional/frame elements"]["state"] == "ok"


def test_text_and_exit_status_for_the_runtime_that_is_asked_for(tmp_path: Path, bin_dir: Path) -> None:
    path = f"{bin_dir}:/usr/bin:/bin"
    program(bin_dir, "deepstream-app", "kill -SEGV $$")
    done = doctor(tmp_path, PATH=path)
    assert done.returncode == 0
    assert "embedded runtime: ready" in done.stdout
    assert "deepstream-app      broken" in done.stdout
    assert "SIGSEGV" in done.stdout
    assert doctor(tmp_path, "--runtime", "embedded", PATH=path).returncode == 0
    assert doctor(tmp_path, "--runtime", "deepstream", PATH=path).returncode == 1


def test_an_empty_path_is_told_thing_by_thing(tmp_path: Path, bin_dir: Path) -> None:
    done = doctor(tmp_path, "--json", PATH=str(bin_dir))
    said, checks = facts(done)
    assert done.returncode == 1
    assert {"g++ missing", "make missing", "parser build unknown"} <= set(said["because"]["embedded"])
    assert checks["deepstream runtime/gst-inspect-1.0"]["state"] == "missing"
    assert checks["deepstream runtime/elements"]["state"] == "unknown"


@pytest.mark.parametrize(
    "body",
    ["kill -SEGV $$", "head -c 20000 /dev/urandom", "exit 3", "echo", "cat /dev/zero", "printf '\\033[2J\\377\\000'"],
    ids=["segfault", "rubbish", "status", "silent", "flood", "control"],
)
def test_programs_that_are_all_broken(tmp_path: Path, bin_dir: Path, body: str) -> None:
    for name in NAMES:
        program(bin_dir, name, body)
    done = doctor(tmp_path, "--json", PATH=f"{bin_dir}:/usr/bin:/bin", limits=BROKEN_LIMITS)
    said, checks = facts(done)
    assert said["ready"]["deepstream"] is False
    assert checks["deepstream runtime/deepstream-app"]["state"] in ("broken", "unknown")
    assert checks["deepstream runtime/elements"]["state"] == "unknown"
    if not os.path.exists("/dev/nvidiactl"):  # NVML needs none of these programs
        assert checks["deepstream runtime/GPU"]["state"] in ("missing", "broken")
    assert all(char.isprintable() for one in checks.values() for char in one["detail"])


def test_programs_that_all_hang_are_over_together(tmp_path: Path, bin_dir: Path) -> None:
    pids = tmp_path / "pids"
    for name in ("deepstream-app", "gst-inspect-1.0", "make"):
        program(bin_dir, name, f"echo $$ >>{pids}; exec sleep 600")
    done = doctor(tmp_path, "--json", PATH=f"{bin_dir}:/usr/bin:/bin", limits=HANG_LIMITS)
    said, checks = facts(done)
    assert "no end within 9 s" in checks["deepstream runtime/deepstream-app"]["detail"]
    assert "no end within 7 s" in checks["both runtimes/make"]["detail"]
    assert "make broken" in said["because"]["embedded"]
    assert [pid for pid in pids.read_text().split() if os.path.exists(f"/proc/{pid}")] == []


def test_ctrl_c_ends_at_once_and_leaves_nothing(tmp_path: Path, bin_dir: Path) -> None:
    pids = tmp_path / "pids"
    program(bin_dir, "make", f"echo $$ >>{pids}; exec sleep 600")
    child = subprocess.Popen(
        [sys.executable, "-m", "dsbench.cli", "doctor"],
        cwd=tmp_path,
        env={**os.environ, "PATH": f"{bin_dir}:/usr/bin:/bin"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    while not (pids.exists() and pids.read_text().strip()):
        time.sleep(0.02)
        assert child.poll() is None
    child.send_signal(signal.SIGINT)
    shown, _ = child.communicate(timeout=30)
    assert child.returncode == 130
    assert "Traceback" not in shown
    time.sleep(0.1)
    assert not os.path.exists(f"/proc/{pids.read_text().strip()}")


def test_no_home_and_a_cache_that_cannot_be_written(tmp_path: Path) -> None:
    done = doctor(tmp_path, "--json", HOME=None, XDG_CACHE_HOME="/proc/nowhere", DISPLAY=None)
    said, _ = facts(done)
    assert said["ready"]["embedded"] is True


@pytest.mark.parametrize("name", ["onnxruntime", "av"])
def test_a_package_that_kills_its_process_is_named(tmp_path: Path, name: str) -> None:
    broken = tmp_path / "broken"
    broken.mkdir()
    (broken / f"{name}.py").write_text("import os\nos.abort()\n")
    first = (
        f"import sys; sys.path.insert(0, {str(broken)!r}); from dsbench.doctor import probe; probe.main(sys.argv[1:])"
    )
    limits = f"questions.child = python.child = lambda *words: (sys.executable, '-c', {first!r}, *words)"
    done = doctor(tmp_path, "--json", limits=limits)
    said, checks = facts(done)
    one = checks["both runtimes/packages"]
    assert (done.returncode, one["state"]) == (1, "broken")
    assert f"{name} " in one["detail"]
    assert "killed by SIGABRT" in one["detail"]
    assert one["detail"].count("killed by") == 1, "the packages behind it are imported none the less"
    assert any("pip install" in fix["command"] for fix in said["commands"])


@pytest.mark.parametrize(
    ("content", "words"),
    [(b"", "the file is empty"), (b"version https://git-lfs.github.com/spec/v1\n", "Git LFS"), (None, "no such file")],
)
def test_a_clip_that_cannot_be_played(tmp_path: Path, content: bytes | None, words: str) -> None:
    if content is not None:
        (tmp_path / "c.mp4").write_bytes(content)
    done = doctor(tmp_path, "--json", DS_VIDEO="c.mp4")
    said, checks = facts(done)
    assert done.returncode == 1
    assert words in checks["both runtimes/video"]["detail"]
    assert "(DS_VIDEO)" in checks["both runtimes/video"]["detail"]
    assert said["ready"] == {"embedded": False, "deepstream": False}


def test_a_folder_that_cannot_be_written() -> None:
    done = doctor(Path("/proc"), "--json", PYTHONPATH=str(Path(__file__).parents[2]))
    assert done.returncode == 1
    assert facts(done)[1]["both runtimes/current folder"]["state"] == "broken"


def test_a_temporary_folder_that_is_not_there(tmp_path: Path) -> None:
    done = doctor(tmp_path, "--json", TMPDIR=str(tmp_path / "absent"))
    _, checks = facts(done)
    assert checks["both runtimes/temporary files"]["state"] == "broken"
    assert done.returncode == 1


@pytest.mark.parametrize("number", ["x", "-1", "1.5", ""])
def test_a_gpu_id_that_is_no_number(tmp_path: Path, number: str) -> None:
    done = doctor(tmp_path, f"--gpu-id={number}")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("[usage] --gpu-id")


def test_an_ascii_terminal(tmp_path: Path) -> None:
    write_clip(tmp_path / "straße.mp4")
    done = doctor(tmp_path, "--video", "straße.mp4", PYTHONIOENCODING="ascii")
    assert done.returncode == 0
    assert r"stra\xdfe.mp4" in done.stdout
