"""The changed files as a unified diff, and written: atomically, each with a backup, never outside the directory."""

from __future__ import annotations

import difflib
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from dsbench.base.errors import Code, DsbenchError
from dsbench.base.files import is_generated, replace_file
from dsbench.base.text import console


@dataclass(frozen=True)
class FileChange:
    """A file of the model directory. ``before`` is None if it does not exist."""

    root: Path
    file: str
    before: bytes | None
    after: bytes

    @property
    def path(self) -> Path:
        return self.root / self.file


def changes_of(root: Path, changed: dict[str, bytes]) -> tuple[FileChange, ...]:
    """The changes against the files as they are now."""
    return tuple(FileChange(root, file, _read(root / file), content) for file, content in sorted(changed.items()))


def diff(change: FileChange, given: str) -> Iterator[str]:
    """Lines of the unified diff; ``given``: the model directory as the user wrote it."""
    name = f"{given}/{change.file}"
    old = "/dev/null" if change.before is None else name
    lines = difflib.unified_diff(_lines(change.before or b""), _lines(change.after), old, name, lineterm="")
    for line in lines:
        yield console(line.removesuffix("\n").replace("\r", "^M"))
        if not line.endswith("\n") and not line.startswith(("---", "+++", "@@")):
            yield "\\ No newline at end of file"


def write(change: FileChange) -> Path | None:
    """Write the file; the path of the backup, None for a file that is new or was generated.

    Raises NOT_WRITABLE if the file is reached through a link that leaves the directory, or was changed meanwhile.
    """
    root, target = Path(os.path.realpath(change.root)), Path(os.path.realpath(change.path))
    if root != target and root not in target.parents:
        raise DsbenchError(
            Code.NOT_WRITABLE,
            f"{change.file} is a link to {target}, outside the model directory: it was not changed",
            where=str(change.path),
            fix="put a copy of the file into the model directory, or edit the file that the link points to",
        )
    if _read(target) != change.before:
        raise DsbenchError(
            Code.NOT_WRITABLE,
            f"{change.file} was changed while dsbench worked on it: it was not written",
            where=str(change.path),
            fix="run dsbench fix again",
        )
    backup = None if change.before is None or is_generated(target) else _backup(target, change.before)
    mode = target.stat().st_mode & 0o7777 if change.before is not None else None
    replace_file(target, change.after)
    if mode is not None:
        os.chmod(target, mode)
    return backup


def _backup(target: Path, content: bytes) -> Path:
    """A copy beside the file: ``NAME.orig-<n>`` with the first free number."""
    number = 1
    while True:
        path = target.with_name(f"{target.name}.orig-{number}")
        try:
            with open(path, "xb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
        except FileExistsError:
            number += 1
            continue
        except OSError as error:
            raise DsbenchError(
                Code.NOT_WRITABLE,
                f"cannot write the backup of {target.name}: {error.strerror}",
                where=str(path),
                fix="make the directory writable and check the free space (df -h)",
            ) from error
        return path


def _read(path: Path) -> bytes | None:
    try:
        return path.read_bytes()
    except OSError:
        return None


def _lines(content: bytes) -> list[str]:
    """Lines with their newline, which the last one may lack; bytes that are no UTF-8 are shown as U+FFFD."""
    text = content.decode("utf-8", "replace")
    *whole, rest = text.split("\n")
    return [*(f"{line}\n" for line in whole), *([rest] if rest else [])]
