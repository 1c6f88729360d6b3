"""Questions to programs that answer, hang, crash, flood and print rubbish."""

from __future__ import annotations

import asyncio
import os
import sys
import time
from pathlib import Path

import pytest

from dsbench.base.text import clean
from dsbench.doctor.ask import ProgramOutput, ask


def script(path: Path, body: str) -> Path:
    path.write_text(f"#!/bin/sh\n{body}\n")
    path.chmod(0o755)
    return path


def answer(path: Path, timeout_s: float = 10.0) -> ProgramOutput:
    return asyncio.run(ask((str(path),), timeout_s))


def gone(pid: int) -> bool:
    """Whether the process has ended; what is dead and waits for its new parent counts as ended."""
    for _ in range(100):
        try:
            if Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z":
                return True
        except OSError:
            return True
        time.sleep(0.02)
    return False


@pytest.mark.parametrize(
    ("body", "text", "trouble"),
    [
        ("echo fine; echo aside >&2", "fine\naside\n", ""),
        ("echo half; exit 3", "half\n", "exit status 3"),
        ("echo dying; kill -SEGV $$", "dying\n", "killed by SIGSEGV"),
        ("cat; echo read", "read\n", ""),
        ("echo $LC_ALL", "C.UTF-8\n", ""),
    ],
    ids=["answers", "status", "segfault", "no-stdin", "locale"],
)
def test_how_a_program_ended(tmp_path: Path, body: str, text: str, trouble: str) -> None:
    said = answer(script(tmp_path / "p", body))
    assert (said.text, said.trouble, said.hung) == (text, trouble, False)
    assert said.ok is (trouble == "")


def test_a_hanging_program_ends_at_its_deadline_with_all_its_children(tmp_path: Path) -> None:
    pids = tmp_path / "pids"
    said = answer(script(tmp_path / "p", f"trap '' INT TERM; echo $$ >{pids}; sleep 600 & echo $! >>{pids}; wait"), 0.5)
    assert said.hung
    assert said.trouble == "no end within 0.5 s"
    assert [gone(int(pid)) for pid in pids.read_text().split()] == [True, True]


def test_a_program_that_leaves_a_child_with_its_output_is_not_waited_for(tmp_path: Path) -> None:
    pids = tmp_path / "pids"
    said = answer(script(tmp_path / "p", f"sleep 600 & echo $! >{pids}; echo done"), 60.0)
    assert (said.text, said.trouble) == ("done\n", "")
    assert gone(int(pids.read_text()))


def test_a_flood_is_cut_off(tmp_path: Path) -> None:
    said = answer(script(tmp_path / "p", "exec cat /dev/zero"), 60.0)
    assert said.trouble == "printed 4 MiB and did not end"
    assert 4 * 2**20 <= len(said.text) < 5 * 2**20


def test_rubbish_becomes_printable() -> None:
    assert clean(b"a\xff\x1b[31mred\r\nb\tc\x00") == "a\ufffd\ufffd[31mred\nb c\ufffd"


@pytest.mark.parametrize("name", ["absent", "folder", "text"])
def test_what_is_no_program_cannot_be_started(tmp_path: Path, name: str) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "text").write_text("words")
    said = answer(tmp_path / name)
    assert said.trouble.startswith("cannot be started: ")
    assert not said.ok


def test_a_cancelled_question_kills_its_program(tmp_path: Path) -> None:
    pids = tmp_path / "pids"
    program = script(tmp_path / "p", f"echo $$ >{pids}; exec sleep 600")

    async def cancelled() -> None:
        task = asyncio.ensure_future(ask((str(program),), 600.0))
        while not (pids.exists() and pids.read_text().strip()):
            await asyncio.sleep(0.01)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(cancelled())
    assert gone(int(pids.read_text()))


def test_nothing_stays_open(tmp_path: Path) -> None:
    async def many() -> int:
        program = script(tmp_path / "p", "echo x")
        before = len(os.listdir("/proc/self/fd"))
        await asyncio.gather(*(ask((str(program),), 10.0) for _ in range(5)), ask((sys.executable, "-c", "1/0"), 10.0))
        return len(os.listdir("/proc/self/fd")) - before

    assert asyncio.run(many()) <= 1  # the event loop's own
