"""Stream 0's figures as the specification reads them: what its ``grep -oP`` prints for a log."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from dsbench.base.errors import Code, DsbenchError
from dsbench.formats.perf.rows import MARKER, ROW_START

_SPECIFICATION = re.compile(rf"{ROW_START}([0-9.]+)")
_MARKER = MARKER.encode()
_DECIMAL = re.compile(r"[0-9]+\.?[0-9]*|\.[0-9]+")
_MAX_LINE = 1 << 20
"""Bytes of a line; a longer one is read in pieces: a log without newlines must not fill the memory."""


def stream0_values(path: Path | str, end: int | None = None) -> Iterator[float]:
    """What the specification's ``grep -oP '\\*\\*PERF:\\s*\\K[0-9.]+'`` prints for a log: stream 0's windows, in order.

    ``end``: bytes of the log that count, all of them by default. A header gives nothing; neither do ``nan`` and
    ``inf``. A number cut by the end of the log counts as it stands.
    Raises DsbenchError(PERF_LOG_INVALID) when the log cannot be read.
    """
    try:
        with Path(path).open("rb") as log:
            for line in _lines(log, end):
                if _MARKER in line:
                    found = _SPECIFICATION.findall(line.decode("utf-8", "replace"))
                    yield from (float(text) for text in found if _DECIMAL.fullmatch(text))
    except OSError as error:
        raise DsbenchError(
            Code.PERF_LOG_INVALID,
            f"{error.strerror}: {path}",
            where=str(path),
            fix="the run writes this log: look at its step",
        ) from error


def _lines(log: BinaryIO, end: int | None) -> Iterator[bytes]:
    """The lines of the log's first ``end`` bytes; long ones in pieces."""
    while line := log.readline(_MAX_LINE if end is None else min(_MAX_LINE, end - log.tell())):
        yield line
