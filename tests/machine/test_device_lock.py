"""Benchmarks on one device take turns, in this process, in others, and after a crash."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pytest

from dsbench.machine import cuda_choice, device_lock
from dsbench.machine.cuda_choice import NoDevice
from tests.machine.fake_nvml import FakeNvml

HOLD = """
import sys, time, pathlib
from dsbench.machine import device_lock
with device_lock.exclusive("cpu", print, pathlib.Path(sys.argv[1])):
    print("held", flush=True)
    time.sleep(float(sys.argv[2]))
"""


def holder(folder: Path, seconds: float) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", HOLD, str(folder), str(seconds)]
    child = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert child.stdout is not None
    assert child.stdout.readline() == "held\n"
    return child


def test_another_process_is_waited_for_and_that_is_said(tmp_path: Path) -> None:
    child = holder(tmp_path, 0.4)
    said: list[str] = []
    with device_lock.exclusive("gpu0", said.append, tmp_path) as held:
        assert held.notes == ()  # another device
    started = time.monotonic()
    with device_lock.exclusive("cpu", said.append, tmp_path) as held:
        assert time.monotonic() - started > 0.1
        assert "waited" in held.notes[0]
    assert said == ["another benchmark runs on cpu: waiting for it to end"]
    child.wait()


def test_a_killed_holder_frees_the_device(tmp_path: Path) -> None:
    child = holder(tmp_path, 60)
    child.kill()
    child.wait()
    started = time.monotonic()
    with device_lock.exclusive("cpu", print, tmp_path) as held:
        assert held.notes == ()
    assert time.monotonic() - started < 5


def test_without_a_place_for_the_lock_the_benchmark_goes_on(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with device_lock.exclusive("cpu", print, tmp_path / "file") as held:
        assert "no lock file" in held.notes[0]


@pytest.fixture
def cards(monkeypatch: pytest.MonkeyPatch) -> FakeNvml:
    """Three GPUs, CUDA out of reach."""
    fake = FakeNvml(names=("A", "A", "A"), slices={2: ("MIG-1", "MIG-2")})
    monkeypatch.setitem(sys.modules, "pynvml", fake)
    monkeypatch.setattr(cuda_choice, "ask_cuda", lambda gpu_id: NoDevice("libcuda.so.1 is missing"))
    for name in ("CUDA_VISIBLE_DEVICES", "CUDA_DEVICE_ORDER"):
        monkeypatch.delenv(name, raising=False)
    device_lock._gpu_name.cache_clear()
    return fake


def test_without_nvml_a_gpu_is_a_number(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pynvml", None)
    monkeypatch.setenv("PATH", "")
    device_lock._gpu_name.cache_clear()
    assert device_lock.device_name("embedded", 3) == "cpu"
    assert device_lock.device_name("deepstream", 3) == "gpu3"


@pytest.mark.usefixtures("cards")
def test_each_card_is_called_gpu_0_and_has_a_lock_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    names = []
    for visible in ("0", "1", "GPU-2a2b", "MIG-1", "MIG-2"):
        monkeypatch.setenv("CUDA_VISIBLE_DEVICES", visible)
        names.append(device_lock.device_name("deepstream", 0))
    assert [name[:6] for name in names] == ["GPU-0a", "GPU-1a", "MIG-1", "MIG-1", "MIG-2"], (
        "a divided card is its first slice"
    )
    said: list[str] = []
    with device_lock.exclusive(names[0], said.append, tmp_path), device_lock.exclusive(names[1], said.append, tmp_path):
        assert said == []


@pytest.mark.usefixtures("cards")
def test_one_card_by_several_names_has_one_lock(monkeypatch: pytest.MonkeyPatch) -> None:
    names = set()
    for visible, number in ((None, 1), ("1", 0), ("2,1", 1), ("GPU-1a2b3c4d", 0), ("GPU-2a2b,GPU-1a", 1)):
        monkeypatch.setenv("CUDA_VISIBLE_DEVICES", visible or "")
        if visible is None:
            monkeypatch.delenv("CUDA_VISIBLE_DEVICES")
        names.add(device_lock.device_name("deepstream", number))
    assert len(names) == 1


@pytest.mark.parametrize("what", ["open", "link", "file", "other"])
def test_a_predictable_folder_that_somebody_else_made_is_not_used(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, what: str
) -> None:
    """In a shared temporary directory: writable by all, a link to elsewhere, no directory, of another user."""
    planted, elsewhere = tmp_path / f"dsbench-{os.getuid()}", tmp_path / "elsewhere"
    elsewhere.mkdir(mode=0o700)
    if what == "link":
        planted.symlink_to(elsewhere)
    elif what == "file":
        planted.write_text("")
    else:
        planted.mkdir(mode=0o700)
        planted.chmod(0o777 if what == "open" else 0o700)
    if what == "other":
        other = os.getuid() + 1
        monkeypatch.setattr(os, "getuid", lambda: other)
        planted.rename(tmp_path / f"dsbench-{other}")
    monkeypatch.delenv("XDG_RUNTIME_DIR", raising=False)
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    monkeypatch.setattr(device_lock, "_OF_THE_HOST", str(tmp_path))
    with device_lock.exclusive("cpu", print) as held:
        assert "not a directory of this user alone" in held.notes[0]
    assert list(elsewhere.iterdir()) == []


def test_jobs_with_temporary_directories_of_their_own_share_the_lock(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("XDG_RUNTIME_DIR", raising=False)
    monkeypatch.setattr(device_lock, "_OF_THE_HOST", str(tmp_path))
    files = set()
    for name in ("job-1", "job-2"):
        (tmp_path / name).mkdir()
        monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / name))
        files.add(device_lock._lock_file("cpu", None))
    assert len(files) == 1
