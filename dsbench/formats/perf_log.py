"""``**PERF:`` lines of deepstream-app's console: windows of frames per second, one pair ``fps (average)`` per
stream.

A log is read line by line in constant memory. Header lines (``**PERF:  FPS 0 (Avg)``) carry no numbers. With
several ``-c`` the rows begin with ``PERF(<instance>): `` instead. stderr of other threads may cut a row in
the middle; the next pairs are then lost and the row is shorter than the header: ``PerfRow.complete`` tells
when the number of streams is known.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from dsbench.errors import Code, DsbenchError

_ANSI = re.compile(r"\x1b\[[0-9;]*[A-Za-z]")
_ROW = re.compile(r"\*\*PERF:\s*|PERF\((\d+)\):\s*")
_PAIR = re.compile(r"\s*(-?(?:[0-9]+[.,][0-9]+|inf|nan)) \((-?(?:[0-9]+[.,][0-9]+|inf|nan))\)", re.IGNORECASE)
_HEADER = re.compile(r"FPS (\d+) \(Avg\)")
_SPECIFICATION = re.compile(r"\*\*PERF:\s*([0-9.]+)")
_DECIMAL = re.compile(r"[0-9]+\.?[0-9]*|\.[0-9]+")
_LONGEST_LINE = 1 << 20  # characters read at once: a log without newlines must not fill the memory


@dataclass(frozen=True, slots=True)
class PerfRow:
    """One report: frames per second of the last window and since the stream began, one value per stream, in
    source order.

    ``instance``: number of the ``-c`` (0 for a single one); ``line``: line number from 1; ``streams``:
    columns of the last header, 0 if none was seen; ``comma``: decimals written with a comma (another
    program's locale: DeepStream never does).
    """

    fps: tuple[float, ...]
    avg: tuple[float, ...]
    instance: int = 0
    line: int = 0
    streams: int = 0
    comma: bool = False

    @property
    def complete(self) -> bool:
        """False when the row has fewer pairs than the header has streams: another thread's text broke it."""
        return len(self.fps) >= self.streams


def iter_rows(lines: Iterable[str]) -> Iterator[PerfRow]:
    """The rows with at least one whole pair, in order; headers and everything else are skipped.

    A pair whose closing parenthesis is missing (a line cut in the middle of a number) is dropped, never
    guessed.
    """
    streams = 0
    for number, raw in enumerate(lines, start=1):
        if "PERF" not in raw:
            continue
        line = _ANSI.sub("", raw).replace("\0", "")
        starts = list(_ROW.finditer(line))
        if not starts:
            continue
        start = starts[-1]  # an interrupted row may be followed by a whole one on the same line
        text = line[start.end() :]
        columns = _HEADER.findall(text)
        if columns:
            streams = len(columns)
            continue
        row = _pairs(text)
        if row:
            fps = tuple(_number(pair[0]) for pair in row)
            avg = tuple(_number(pair[1]) for pair in row)
            comma = any("," in value for pair in row for value in pair)
            yield PerfRow(fps, avg, int(start.group(1) or 0), number, streams, comma)


def _pairs(text: str) -> list[tuple[str, str]]:
    found: list[tuple[str, str]] = []
    position = 0
    while (pair := _PAIR.match(text, position)) is not None:
        found.append((pair.group(1), pair.group(2)))
        position = pair.end()
    return found


def _number(text: str) -> float:
    return float(text.replace(",", "."))


def rows(path: Path | str) -> Iterator[PerfRow]:
    """``iter_rows`` of a file. Raises DsbenchError(PERF_LOG_INVALID) when it cannot be read."""
    return iter_rows(_lines(Path(path)))


def stream0_values(path: Path | str) -> Iterator[float]:
    """What the specification's ``grep -oP '\\*\\*PERF:\\s*\\K[0-9.]+'`` prints for a log: stream 0's windows, in order.

    Line by line as grep does, so a header gives nothing; neither do ``nan`` and ``inf``. A number cut by the end of the
    log counts as it stands. Raises DsbenchError(PERF_LOG_INVALID) when the log cannot be read.
    """
    for line in _lines(Path(path)):
        if "**PERF:" in line:
            yield from (float(text) for text in _SPECIFICATION.findall(line) if _DECIMAL.fullmatch(text))


def _lines(path: Path) -> Iterator[str]:
    try:
        with path.open(encoding="utf-8", errors="replace", newline="\n") as log:
            while line := log.readline(_LONGEST_LINE):
                yield line
    except OSError as error:
        raise DsbenchError(
            Code.PERF_LOG_INVALID,
            f"{error.strerror}: {path}",
            where=str(path),
            fix="the run writes this log: look at its step",
        ) from error
