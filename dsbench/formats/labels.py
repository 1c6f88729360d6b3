"""Label files, as people count them, as ``wc -l`` counts them, and as nvinfer reads them: three different
numbers at times.

nvinfer (``parseLabelsFile``): one class per line; blank lines are skipped, which shifts every later class;
``;`` separates attributes and a detector uses only the first field; a carriage return stays in the name.
Nothing of this is diagnosed by DeepStream.
"""

from __future__ import annotations

import codecs
from dataclasses import dataclass
from pathlib import Path

from dsbench.base import reading
from dsbench.base.errors import Code, DsbenchError
from dsbench.base.reading import FileKind
from dsbench.formats.kitti import MAX_LABEL_BYTES

MAX_CLASSES = 1 << 16
"""More than any detector has (Objects365: 365, LVIS: 1203, ImageNet-21k: 21841); thresholds are kept for each class."""


@dataclass(frozen=True, slots=True)
class Labels:
    """``lines``: text of each line, without line ends; ``names``: the classes as nvinfer numbers them,
    byte-faithful (a ``\\r`` stays);

    ``count``: number of lines, the last one without a newline included; ``warnings``: what will surprise, one
    sentence each; ``spoilt``: those of them that change or shift names without any message of DeepStream.
    """

    lines: tuple[str, ...]
    names: tuple[str, ...]
    count: int
    warnings: tuple[str, ...]
    spoilt: tuple[str, ...] = ()


def read(path: Path | str) -> Labels:
    """Read a label file. Bytes that are no UTF-8 are kept as lone surrogates. Raises
    DsbenchError(LABELS_INVALID) when unreadable, UTF-16, or of more than ``MAX_CLASSES`` lines.
    """
    path = Path(path)
    try:
        data = reading.read_bytes(path, FileKind.LABELS)
    except OSError as error:
        raise DsbenchError(
            Code.LABELS_INVALID,
            f"Could not open labels file:{path} ({error.strerror})",
            where=str(path),
            fix="check labelfile-path",
        ) from error
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        raise DsbenchError(
            Code.LABELS_INVALID,
            f"{path.name} is UTF-16 text: nvinfer reads bytes, and every label would be wrong",
            where=str(path),
            fix="save the file as UTF-8 without a byte order mark",
        )
    count = data.count(b"\n")
    if count > MAX_CLASSES:
        raise DsbenchError(
            Code.LABELS_INVALID,
            f"{path.name} has {count} lines, and a detector has {MAX_CLASSES} classes at most",
            where=str(path),
            fix="write one class name per line, in the order of the network's classes",
        )
    text = data.decode("utf-8", "surrogateescape")
    raw = text.split("\n")
    if raw and raw[-1] == "":
        raw.pop()
    names = tuple(line.partition(";")[0] for line in raw if line)
    first = raw[0].removeprefix("\ufeff") if raw else ""
    lines = tuple(line.removesuffix("\r") for line in ([first, *raw[1:]] if raw else []))
    spoilt = _spoilt(text, raw, names)
    warnings = (*_warnings(text, raw), *spoilt, *_warnings_about_names(raw, names))
    return Labels(lines, names, len(lines), warnings, spoilt)


def _warnings(text: str, raw: list[str]) -> tuple[str, ...]:
    found: list[str] = []
    count = len(raw)
    if not raw:
        found.append("the label file is empty: objects get no label")
    elif not raw[-1]:
        found.append("blank line(s) at the end: each counts as a class, and nvinfer skips them")
    if text and not text.endswith("\n"):
        found.append(f"no newline at the end: `wc -l` counts {text.count(chr(10))} classes, there are {count}")
    return tuple(found)


def _spoilt(text: str, raw: list[str], names: tuple[str, ...]) -> tuple[str, ...]:
    found: list[str] = []
    blank = [number for number, line in enumerate(raw, 1) if not line]
    last = max((number for number, line in enumerate(raw, 1) if line.strip()), default=0)
    if blank and blank[0] < last:
        found.append(
            f"{len(blank)} blank line(s), the first is line {blank[0]}: nvinfer skips them,"
            f" so it reads {len(names)} classes and every later class is shifted"
        )
    if any(line.endswith("\r") for line in raw):
        found.append("Windows line ends (CRLF): the carriage return becomes part of every label")
    if text.startswith("\ufeff"):
        found.append("a byte order mark (BOM) at the start becomes part of the first label")
    return tuple(found)


def _warnings_about_names(raw: list[str], names: tuple[str, ...]) -> list[str]:
    found: list[str] = []
    several = next((number for number, line in enumerate(raw, 1) if ";" in line), None)
    if several is not None:
        found.append(f"`;` in line {several}: a detector uses only the text before it, and each line is one class")
    latin = next((number for number, line in enumerate(raw, 1) if not line.isascii() and _not_utf8(line)), None)
    if latin is not None:
        found.append(f"line {latin} is not UTF-8: labels are compared byte by byte, save the file as UTF-8")
    whitespace = next(
        (number for number, line in enumerate(raw, 1) if line.strip(" \t\r") == "" != line.strip("\r")), None
    )
    if whitespace is not None:
        found.append(f"line {whitespace} holds only blanks: nvinfer takes it for a class of that name")
    if len(set(names)) < len(names):
        seen: set[str] = set()
        twice = next(name for name in names if name in seen or seen.add(name))  # type: ignore[func-returns-value]
        found.append(f"the label “{_shown(twice)}” appears more than once: its classes look alike in the results")
    if any(len(name) > MAX_LABEL_BYTES // 4 and _byte_length(name) > MAX_LABEL_BYTES for name in names):
        found.append(f"a label is longer than {MAX_LABEL_BYTES} bytes: DeepStream cuts it there")
    return found


def _not_utf8(line: str) -> bool:
    return any("\udc80" <= char <= "\udcff" for char in line)


def _byte_length(name: str) -> int:
    return len(name.encode("utf-8", "surrogateescape"))


def _shown(name: str) -> str:
    return name.encode("utf-8", "surrogateescape").decode("utf-8", "replace").strip("\r")
