"""Benchmarks on one device take turns, in this process, in others, and after a crash."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

from dsbench.machine import device_lock

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


def test_devices() -> None:
    assert device_lock.device_name("embedded", 3) == "cpu"
    assert device_lock.device_name("deepstream", 3) == "gpu3"
