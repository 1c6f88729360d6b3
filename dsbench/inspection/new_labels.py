"""The label file of a new model directory: what the user names, else what the exporter wrote down, else none."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from dsbench.base import reading
from dsbench.base.errors import Code, DsbenchError
from dsbench.base.reading import FileKind
from dsbench.base.text import printable
from dsbench.formats import labels as label_file
from dsbench.model.coco import COCO80, COCO91
from dsbench.model.exporter.statement import Said

LISTS = {"coco80": COCO80, "coco91": COCO91}
"""What ``--labels`` takes besides a file."""


@dataclass(frozen=True)
class NewLabels:
    """The lines of config/labels.txt, where they are from, and what was changed in them."""

    lines: tuple[str, ...]
    source: str
    notes: tuple[str, ...] = ()
    given: bool = False
    """The user named them."""

    @property
    def names(self) -> tuple[str, ...]:
        """The classes as nvinfer numbers them: it skips blank lines and cuts lines at a semicolon."""
        return tuple(line.partition(";")[0] for line in self.lines if line)

    @property
    def content(self) -> bytes:
        """UTF-8, each line ended; bytes that were no UTF-8 stay as they were."""
        return "".join(f"{line}\n" for line in self.lines).encode("utf-8", "surrogateescape")


def choose(given: str | None, stated: Said[tuple[str, ...]] | None) -> NewLabels | None:
    """``given`` is a list's name or a file; None: the exporter's names. Raises LABELS_MISSING and LABELS_INVALID."""
    if given in LISTS:
        return NewLabels(LISTS[given], f"--labels {given}", given=True)
    if given is not None:
        return _of_file(Path(given).expanduser())
    return _of_names(stated) if stated else None


def _of_file(path: Path) -> NewLabels:
    """The file's lines without a byte order mark and carriage returns."""
    if not os.path.isfile(path):
        raise DsbenchError(
            Code.LABELS_MISSING,
            f"the label file does not exist: {path}",
            where="--labels",
            fix=f"give a file with one class name per line, or one of: {', '.join(LISTS)}",
        )
    labels = label_file.read(path)
    if not labels.names:
        raise DsbenchError(
            Code.LABELS_INVALID,
            f"the label file holds no class name: {path}",
            where="--labels",
            fix="write one class name per line, in the order of the head",
        )
    data = reading.read_bytes(path, FileKind.LABELS)
    cleaned = (
        (data.startswith(b"\xef\xbb\xbf"), "a byte order mark (BOM) was left out"),
        (b"\r\n" in data, "Windows line ends (CRLF) became line feeds"),
        (bool(data) and not data.endswith(b"\n"), "the last line got its newline"),
    )
    notes = [text for changed, text in cleaned if changed]
    if any(not line for line in labels.lines):
        notes.append("blank lines are kept; nvinfer skips them, so they shift the classes after them")
    return NewLabels(labels.lines, str(path), tuple(notes), given=True)


def _of_names(stated: Said[tuple[str, ...]]) -> NewLabels:
    """One line for each class id. nvinfer skips blank lines and cuts lines at a semicolon."""
    lines = tuple(_line(name, number) for number, name in enumerate(stated.value))
    changed = [number for number, (line, name) in enumerate(zip(lines, stated.value, strict=True)) if line != name]
    if not changed:
        return NewLabels(lines, stated.source)
    first = changed[0]
    note = f"{len(changed)} names cannot stand in a label file as they are; class {first} became {lines[first]!r}"
    return NewLabels(lines, stated.source, (note,))


def _line(name: str, number: int) -> str:
    return printable(name).replace(";", ",").strip() or f"class_{number}"
