"""Short commands that answer, crash, hang or do not exist."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from dsbench.base.ask import LIMIT, Reply, ask


def script(path: Path, body: str) -> Path:
    path.write_text(f"#!/bin/sh\n{body}\n")
    path.chmod(0o755)
    return path


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
    ("body", "expected"),
    [
        ("echo fine; echo aside >&2", Reply("fine\n", "aside\n", 0)),
        ("echo half; exit 3", Reply("half\n", "", 3)),
        ("kill -SEGV $$", Reply("", "", -11)),
        ("cat; echo $KEY", Reply("value\n", "", 0)),  # empty input; the variable is added to the environment
    ],
)
def test_how_it_answers(tmp_path: Path, body: str, expected: Reply) -> None:
    assert ask([str(script(tmp_path / "p", body))], 10.0, {"KEY": "value"}) == expected


def test_a_program_that_does_not_answer(tmp_path: Path) -> None:
    pids = tmp_path / "pids"
    hung = ask([str(script(tmp_path / "p", f"sleep 600 & echo $! >{pids}; wait"))], 1.0)
    assert hung == Reply(failure="did not end within 1 s", hung=True)
    assert gone(int(pids.read_text()))
    assert ask([str(tmp_path / "none")], 1.0).failure == "cannot be started: No such file or directory"


@pytest.mark.parametrize("stream", ["", ">&2"])
def test_a_program_that_prints_without_end_is_killed(tmp_path: Path, stream: str) -> None:
    pid = tmp_path / "pid"
    started = time.monotonic()
    assert ask([str(script(tmp_path / "p", f"echo $$ >{pid}; yes {stream}"))], 60.0) == Reply(
        failure="printed more than 4 MiB"
    )
    assert time.monotonic() - started < 30
    assert gone(int(pid.read_text()))


def test_output_up_to_the_limit_is_returned(tmp_path: Path) -> None:
    body = f"head -c {LIMIT} /dev/zero >&2; head -c {LIMIT} /dev/zero"
    reply = ask([str(script(tmp_path / "p", body))], 60.0)
    assert (len(reply.stdout), len(reply.stderr), reply.returncode) == (LIMIT, LIMIT, 0)
