"""Child programs: deadlines, interruption, and that nothing of them is left."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import pytest

from dsbench.base import process, text
from dsbench.base.errors import Code, DsbenchError


def python(code: str) -> list[str]:
    return [sys.executable, "-c", code]


def alive(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return False
    return state != "Z"


def wait_for(condition: object, seconds: float = 5.0) -> None:
    end = time.monotonic() + seconds
    while not condition():  # type: ignore[operator]
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.02)


def test_output_and_status_are_kept(tmp_path: Path) -> None:
    code = "import sys; print('out'); print('err', file=sys.stderr); sys.exit(3)"
    done = process.run(python(code), tmp_path / "logs" / "a.log", deadline_s=20)
    assert (done.returncode, done.stopped, done.timed_out, done.signal_name) == (3, False, False, None)
    assert sorted(done.tail()) == ["err", "out"]


def test_stdin_is_open_and_quiet(tmp_path: Path) -> None:
    code = "import select, sys; print(select.select([sys.stdin], [], [], 0.3)[0])"
    assert process.run(python(code), tmp_path / "log", deadline_s=20).tail() == ("[]",)


def test_until_interrupts_and_the_end_counts_as_requested(tmp_path: Path) -> None:
    flag = tmp_path / "flag"
    code = (
        f"import time, pathlib\ntry:\n pathlib.Path({str(flag)!r}).touch()\n"
        " time.sleep(60)\nexcept KeyboardInterrupt: pass"
    )
    done = process.run(python(code), tmp_path / "log", deadline_s=30, until=flag.exists)
    assert (done.stopped, done.timed_out, done.returncode) == (True, False, 0)


@contextmanager
def _ignored() -> Iterator[None]:
    """As below ``pytest &`` or nohup."""
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


@contextmanager
def _blocked() -> Iterator[None]:
    """As in a worker of Ray."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


@pytest.mark.parametrize("without_sigint", [_ignored, _blocked])
def test_a_child_gets_sigint_even_if_the_parent_does_not(
    tmp_path: Path, without_sigint: Callable[[], AbstractContextManager[None]]
) -> None:
    flag = tmp_path / "flag"
    code = (
        f"import time, pathlib\ntry:\n pathlib.Path({str(flag)!r}).touch()\n"
        " time.sleep(60)\nexcept KeyboardInterrupt: pass"
    )
    with without_sigint():
        done = process.run(python(code), tmp_path / "log", deadline_s=30, until=flag.exists)
    assert (done.stopped, done.timed_out, done.returncode) == (True, False, 0)


def test_a_stopped_child_that_ignores_sigint_gets_sigterm(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(process, "_GRACE_S", 0.2)
    log = tmp_path / "log"
    code = (
        "import signal, time; signal.signal(signal.SIGINT, signal.SIG_IGN); print('ready', flush=True); time.sleep(60)"
    )
    done = process.run(python(code), log, deadline_s=30, until=lambda: log.stat().st_size > 0)
    assert (done.stopped, done.timed_out, done.signal_name) == (True, True, "SIGTERM")
    assert done.ended_as_asked


def test_deadline_ends_a_child_that_ignores_sigint_and_sigterm(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(process, "_GRACE_S", 0.2)
    code = (
        "import signal, time; signal.signal(signal.SIGINT, signal.SIG_IGN); "
        "signal.signal(signal.SIGTERM, signal.SIG_IGN); print('ready', flush=True); time.sleep(60)"
    )
    done = process.run(python(code), tmp_path / "log", deadline_s=0.5)
    assert done.timed_out
    assert done.signal_name == "SIGKILL"


def test_progress_moves_the_deadline_and_a_stall_ends_it(tmp_path: Path) -> None:
    folder = tmp_path / "frames"
    folder.mkdir()
    code = (
        "import pathlib, time\n"
        f"for i in range(6): pathlib.Path({str(folder)!r}, str(i)).touch(); time.sleep(0.25)\n"
        "time.sleep(60)"
    )
    started = time.monotonic()
    done = process.run(
        python(code), tmp_path / "log", deadline_s=10, stall_s=1.0, progress=lambda: len(os.listdir(folder))
    )
    assert done.timed_out
    assert len(os.listdir(folder)) == 6
    assert time.monotonic() - started < 9


def test_a_grandchild_does_not_outlive_the_run(tmp_path: Path) -> None:
    code = "import subprocess, sys; print(subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(60)']).pid)"
    done = process.run(python(code), tmp_path / "log", deadline_s=20)
    pid = int(done.tail()[0])
    wait_for(lambda: not alive(pid))


def test_a_child_dies_with_a_parent_that_is_killed(tmp_path: Path) -> None:
    pid_file = tmp_path / "pid"
    child = f"import os, time, pathlib; pathlib.Path({str(pid_file)!r}).write_text(str(os.getpid())); time.sleep(60)"
    parent = (
        "import sys, pathlib; from dsbench.base import process; "
        f"process.run([sys.executable, '-c', {child!r}], pathlib.Path({str(tmp_path / 'log')!r}), deadline_s=60)"
    )
    running = subprocess.Popen(python(parent))
    wait_for(lambda: pid_file.exists() and pid_file.read_text(), 20)
    running.send_signal(signal.SIGKILL)
    running.wait()
    wait_for(lambda: not alive(int(pid_file.read_text())))


def test_a_signal_has_a_name(tmp_path: Path) -> None:
    done = process.run(python("import os; os.kill(os.getpid(), 11)"), tmp_path / "log", deadline_s=20)
    assert done.signal_name == "SIGSEGV"


def test_a_program_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(DsbenchError) as caught:
        process.run(["/nowhere/deepstream-app"], tmp_path / "log", deadline_s=1)
    assert caught.value.code == Code.RUNTIME_UNAVAILABLE


def test_tail_of_a_long_log_is_its_end(tmp_path: Path) -> None:
    log = tmp_path / "log"
    log.write_text("x" * 200_000 + "\n\n" + "\n".join(f"line {i}" for i in range(50)) + "\n\n")
    assert text.tail(log, 3) == ("line 47", "line 48", "line 49")


def test_a_full_disk_is_seen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert not process.disk_full(tmp_path / "app.log")
    monkeypatch.setattr(process, "_NO_ROOM", 1 << 80)
    assert process.disk_full(tmp_path / "app.log")
    assert not process.disk_full(tmp_path / "nowhere" / "app.log")


def test_a_grandchild_that_leaves_the_session_does_not_outlive_the_run(tmp_path: Path) -> None:
    pid = tmp_path / "pid"
    inner = f"import os, pathlib, time; pathlib.Path({str(pid)!r}).write_text(str(os.getpid())); time.sleep(60)"
    code = (
        "import subprocess, sys, time, pathlib\n"
        f"subprocess.Popen([sys.executable, '-c', {inner!r}], start_new_session=True)\n"
        f"while not pathlib.Path({str(pid)!r}).exists() or not pathlib.Path({str(pid)!r}).read_text(): time.sleep(0.02)"
    )
    process.run(python(code), tmp_path / "log", deadline_s=30)
    wait_for(lambda: not alive(int(pid.read_text())))


def test_a_script_around_the_program_ends_as_asked(tmp_path: Path) -> None:
    """A shell that waits for its child hears no signal of its own before that has ended."""
    flag = tmp_path / "flag"
    waits = f"pathlib.Path({str(flag)!r}).touch(); time.sleep(60)"  # the signal may come before touch() has returned
    inner = f"import pathlib, time\ntry: {waits}\nexcept KeyboardInterrupt: print('quit')"
    script = tmp_path / "app"
    script.write_text(f'#!/bin/sh\n{sys.executable} -c "$1"\necho after\n')
    script.chmod(0o755)
    done = process.run((str(script), inner), tmp_path / "log", deadline_s=30, until=flag.exists)
    assert done.ended_as_asked
    assert done.seconds < 10
    assert "quit" in done.tail()
