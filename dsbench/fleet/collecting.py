"""The result directory of a job: what a run left, without large files, put into place in one step."""

from __future__ import annotations

import os
import secrets
import shutil
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from dsbench.fleet import result, scratch
from dsbench.fleet.result import JobResult, JobState

LARGE = 4 << 20
"""Bytes above which a file is left out, except for what ``_KEPT`` names."""
_KEPT = ("reports", "samples")
_LEFT_OUT = ("benchmarks/engines",)
_ATTEMPTS = 5


def collect(model_dir: Path, target: Path) -> None:
    """Copy what makes a result out of a model directory that was run. Links and special files are left out.

    Raises OSError.
    """
    for folder, names, files in os.walk(model_dir):
        below = Path(folder).relative_to(model_dir)
        names[:] = [name for name in names if str(below / name) not in _LEFT_OUT]
        for name in files:
            if _is_result(Path(folder, name), below):
                (target / below).mkdir(parents=True, exist_ok=True)
                shutil.copyfile(Path(folder, name), target / below / name, follow_symlinks=False)


def _is_result(path: Path, below: Path) -> bool:
    found = path.lstat()
    return stat.S_ISREG(found.st_mode) and (str(below).startswith(_KEPT) or found.st_size <= LARGE)


@contextmanager
def replacing(target: Path) -> Iterator[Path]:
    """A new directory beside ``target`` that takes its place at the end of the block; after an exception it is removed.

    Raises OSError.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    made = target.with_name(f".{target.name}.{secrets.token_hex(8)}")
    made.mkdir()
    try:
        yield made
        _put(made, target)
    finally:
        scratch.remove(made)


def _put(made: Path, target: Path) -> None:
    """Rename ``made`` to ``target``; what was there is moved aside first, and removed."""
    for _ in range(_ATTEMPTS):
        old = target.with_name(f".{target.name}.{secrets.token_hex(8)}")
        with suppress(FileNotFoundError):
            os.rename(target, old)
        try:
            os.rename(made, target)
        except OSError:  # another attempt at the same job was faster
            continue
        finally:
            scratch.remove(old)
        return
    raise FileExistsError(17, "another process writes the same result again and again", str(target))


def earlier(folder: Path, key: str) -> JobResult | None:
    """The result with this key that is there and says something about the model; None without one."""
    try:
        found = result.read(folder)
    except (OSError, ValueError, RecursionError):
        return None
    return found if found.key == key and found.state is not JobState.INVALID else None
