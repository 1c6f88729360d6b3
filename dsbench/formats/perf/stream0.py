"""Stream 0's figures as the specification reads them: what its ``grep -oP`` prints for a log."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path

from dsbench.base import logs
from dsbench.base.errors import Code, DsbenchError
from dsbench.formats.perf.rows import MARKER, ROW_START
from dsbench.formats.perf.windows import MAX_FPS

_SPECIFICATION = re.compile(rf"{ROW_START}([0-9.,]+)(?![0-9.,]|\Z)".encode())
_MARKER = MARKER.encode()


def stream0_values(path: Path | str, end: int | None = None) -> Iterator[float]:
    """What the specification's ``grep -oP '\\*\\*PERF:\\s*\\K[0-9.]+'`` prints for a log: stream 0's windows, in order.

    ``end``: bytes of the log that count, all of them by default. Of a log of more than 40 MiB the beginning and the end
    are read. A header gives nothing; neither do ``nan``, ``inf`` and numbers that are no rate of frames. Unlike with
    grep, a decimal comma is one (``29,97`` is 29.97), and a number that the end of the log cuts does not count.
    Raises DsbenchError(PERF_LOG_INVALID) when the log cannot be read.
    """
    try:
        for block in logs.blocks(path, size=end):
            if _MARKER in block:
                yield from [value for value in map(_number, _SPECIFICATION.findall(block)) if 0 <= value <= MAX_FPS]
    except OSError as error:
        raise DsbenchError(
            Code.PERF_LOG_INVALID,
            f"{error.strerror}: {path}",
            where=str(path),
            fix="the run writes this log: look at its step",
        ) from error


@lru_cache(1 << 16)  # a long log has the same figures again and again
def _number(text: bytes) -> float:
    try:
        return float(text.rstrip(b",").replace(b",", b"."))
    except ValueError:
        return -1.0
