"""The result directory of a job: what a run left, without large files, put into place in one step."""

from __future__ import annotations

import errno
import os
import secrets
import shutil
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from dsbench.fleet import result, scratch
from dsbench.fleet.result import JobResult, JobState

_LIMITS = {
    "reports": 256 << 20,
    "samples": 256 << 20,
    "benchmarks": 4 << 20,
    "config": 4 << 20,
    "model": 4 << 20,
    "parser": 4 << 20,
    "dsbench.toml": 4 << 20,
}
"""What of a model directory makes a result, and the largest size of a file in bytes. Engines are larger, as are most
ONNX files; other directories hold inputs."""
_ATTEMPTS = 5
_LEFT_BEHIND_S = 3600.0


def collect(model_dir: Path, target: Path) -> None:
    """Copy what makes a result out of a model directory that was run. Links, special files and files that a
    run took the rights of are left out.

    Raises OSError.
    """
    for name, limit in _LIMITS.items():
        for path in _files(model_dir / name):
            found = path.lstat()
            if stat.S_ISREG(found.st_mode) and found.st_size <= limit:
                copy = target / path.relative_to(model_dir)
                copy.parent.mkdir(parents=True, exist_ok=True)
                with suppress(PermissionError):
                    shutil.copyfile(path, copy, follow_symlinks=False)


def _files(path: Path) -> Iterator[Path]:
    if path.is_symlink() or not path.is_dir():
        yield from (path,) if os.path.lexists(path) else ()
        return
    for folder, _, names in os.walk(path):
        yield from (Path(folder, name) for name in names)


@contextmanager
def replacing(target: Path) -> Iterator[Path]:
    """A new directory beside ``target`` that takes its place at the end of the block; after an exception it is removed.

    Raises OSError; EEXIST as ``require_replaceable``.
    """
    require_replaceable(target)
    target.parent.mkdir(parents=True, exist_ok=True)
    made = _hidden(target)
    made.mkdir()
    _remove_left_behind(target, made.stat().st_mtime)
    try:
        yield made
        _put(made, target)
    finally:
        scratch.remove(made)


def require_place(target: Path) -> None:
    """Raise OSError if no result directory can be made there: before hours of work, not after them."""
    require_replaceable(target)
    target.parent.mkdir(parents=True, exist_ok=True)
    made = _hidden(target)
    made.mkdir()
    made.rmdir()


def require_replaceable(target: Path) -> None:
    """Raise OSError (EEXIST) if something else than a result lies there: a plan may name any directory of the user."""
    if not os.path.lexists(target) or os.path.lexists(target / result.RESULT_FILE):
        return
    if not target.is_dir() or any(target.iterdir()):
        raise OSError(errno.EEXIST, "it is there and is no result of a job: move it, or give --results", str(target))


def _hidden(target: Path) -> Path:
    return target.with_name(f".{target.name}.{secrets.token_hex(8)}")


def _remove_left_behind(target: Path, now: float) -> None:
    """Remove what attempts at this job that were killed while they wrote have left. ``now``: by the file system."""
    for left in target.parent.glob(f".{target.name}.{'[0-9a-f]' * 16}"):
        with suppress(OSError):
            if now - left.stat().st_mtime > _LEFT_BEHIND_S:
                scratch.remove(left)


def _put(made: Path, target: Path) -> None:
    """Rename ``made`` to ``target``; what was there is moved aside first, and removed."""
    for _ in range(_ATTEMPTS):
        old = _hidden(target)
        with suppress(FileNotFoundError):
            os.rename(target, old)
        try:
            os.rename(made, target)
        except OSError as error:
            if error.errno not in (errno.EEXIST, errno.ENOTEMPTY):
                with suppress(OSError):
                    os.rename(old, target)
                raise
        else:
            return
        finally:
            scratch.remove(old)
    raise FileExistsError(errno.EEXIST, "other processes write the same result", str(target))


def earlier(target: Path, key: str) -> JobResult | None:
    """The result with this key that lies there; None without one."""
    try:
        found = result.read(target)
    except (OSError, ValueError, RecursionError):
        return None
    return found if found.key == key else None


def known(target: Path, key: str) -> JobResult | None:
    """The result with this key that lies there and says something about the model; None without one."""
    found = earlier(target, key)
    return found if found is not None and found.state is not JobState.INVALID else None
