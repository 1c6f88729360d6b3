"""Changed files as unified diffs. Reads files, writes none."""

from __future__ import annotations

import difflib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from dsbench.base import reading
from dsbench.base.reading import FileKind
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
    return tuple(FileChange(root, file, read_file(root / file), content) for file, content in sorted(changed.items()))


def diff(change: FileChange, given: str) -> Iterator[str]:
    """Lines of the unified diff; ``given``: the model directory as the user wrote it."""
    name = f"{given}/{change.file}"
    old = "/dev/null" if change.before is None else name
    lines = difflib.unified_diff(_lines(change.before or b""), _lines(change.after), old, name, lineterm="")
    for line in lines:
        yield console(line.removesuffix("\n").replace("\r", "^M"))
        if not line.endswith("\n") and not line.startswith(("---", "+++", "@@")):
            yield "\\ No newline at end of file"


def read_file(path: Path) -> bytes | None:
    try:
        return reading.read_bytes(path, FileKind.SOURCE)
    except OSError:
        return None


def _lines(content: bytes) -> list[str]:
    """Lines with their newline, which the last one may lack; bytes that are no UTF-8 are shown as U+FFFD."""
    text = content.decode("utf-8", "replace")
    *whole, rest = text.split("\n")
    return [*(f"{line}\n" for line in whole), *([rest] if rest else [])]
