"""Changed files written: atomically, each with a backup, never outside the directory."""

from __future__ import annotations

import os
from pathlib import Path

from dsbench.base.errors import Code, DsbenchError
from dsbench.base.files import is_generated, replace_file
from dsbench.build.file_changes import FileChange, read_file


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
    if read_file(target) != change.before:
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
