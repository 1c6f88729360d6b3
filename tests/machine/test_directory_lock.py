"""One session a directory: the second is told who works there; nothing is written; the kernel frees the lock."""

from __future__ import annotations

import subprocess
import sys
from contextlib import ExitStack
from pathlib import Path

import pytest

from dsbench.base.errors import Code, DsbenchError
from dsbench.machine import directory_lock

HOLD = (
    "import sys, time\nfrom contextlib import ExitStack\nfrom pathlib import Path\n"
    "from dsbench.machine import directory_lock\n"
    "directory_lock.take(Path(sys.argv[1]), ExitStack())\n"
    "print('held', flush=True)\ntime.sleep(60)\n"
)


def test_the_second_is_told_and_a_killed_first_frees_it(tmp_path: Path) -> None:
    with subprocess.Popen([sys.executable, "-c", HOLD, str(tmp_path)], stdout=subprocess.PIPE) as first:
        assert first.stdout is not None
        assert first.stdout.readline() == b"held\n"
        with ExitStack() as at_end, pytest.raises(DsbenchError, match="another dsbench session") as caught:
            directory_lock.take(tmp_path, at_end)
        assert caught.value.code == Code.DIRECTORY_BUSY
        first.kill()
        first.wait()
    with ExitStack() as at_end:
        directory_lock.take(tmp_path, at_end)
    assert list(tmp_path.iterdir()) == []


def test_released_at_the_end(tmp_path: Path) -> None:
    for _ in range(2):
        with ExitStack() as at_end:
            directory_lock.take(tmp_path, at_end)


def test_a_directory_that_is_not_there_is_pre_flights_to_tell(tmp_path: Path) -> None:
    with ExitStack() as at_end:
        directory_lock.take(tmp_path / "nope", at_end)
        (tmp_path / "file").write_text("")
        directory_lock.take(tmp_path / "file", at_end)


def test_the_holder_is_named_where_the_kernel_says(tmp_path: Path) -> None:
    import os

    status = tmp_path.stat()
    device = f"{os.major(status.st_dev):02x}:{os.minor(status.st_dev):02x}:{status.st_ino}"
    locks = tmp_path / "locks"
    locks.write_text(f"1: FLOCK  ADVISORY  WRITE 99 00:01:7 0 EOF\n2: FLOCK  ADVISORY  WRITE 4711 {device} 0 EOF\n")
    with ExitStack() as first, ExitStack() as second:
        directory_lock.take(tmp_path, first)
        with pytest.raises(DsbenchError, match=r"\(process 4711\)"):
            directory_lock.take(tmp_path, second, locks=locks)
