"""Logs of any size and origin, in bounded time and memory: all lines, or the beginning and the end of a very long log.

A log without line ends is read in pieces. A carriage return ends a line, as on a terminal.
"""

from __future__ import annotations

import io
import re
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple, Protocol

from dsbench.base import reading

LONGEST_LINE = 1 << 16
_BLOCK = 1 << 20


class Extent(NamedTuple):
    """Bytes at the beginning and at the end of a log that are read; what lies between them only counts as lines."""

    head: int
    end: int


FIGURES = Extent(24 << 20, 16 << 20)
"""For a log's figures, and for everything that it says."""
SEARCHED = Extent(4 << 20, 256 << 10)
"""For the cause of a failure."""


class Readable(Protocol):
    """A stream of bytes."""

    def read(self, size: int = -1, /) -> bytes: ...
    def readline(self, size: int = -1, /) -> bytes: ...


@dataclass(frozen=True, slots=True)
class LogPart:
    """Whole lines of a log. ``first``: the number of the first one, from 1; ``skipped``: bytes before it not read."""

    data: bytes
    first: int = 1
    skipped: int = 0


def parts(source: Readable, extent: Extent = FIGURES) -> Iterator[LogPart]:
    """The log in one part, or in two if it is longer than ``extent.head``."""
    head = source.read(extent.head)
    if len(head) < extent.head:
        yield LogPart(head)
        return
    head += source.readline(LONGEST_LINE)
    yield LogPart(head)
    first, skipped, held = 1 + head.count(b"\n"), 0, 0
    del head
    blocks: deque[bytes] = deque()
    while block := source.read(_BLOCK):
        blocks.append(block)
        held += len(block)
        while held - len(blocks[0]) >= extent.end:
            gone = blocks.popleft()
            first, skipped, held = first + gone.count(b"\n"), skipped + len(gone), held - len(gone)
    rest = b"".join(blocks)
    if over := max(0, held - extent.end):
        first, skipped, rest = first + rest.count(b"\n", 0, over), skipped + over, rest[over:]
    cut = rest.find(b"\n", 0, LONGEST_LINE) + 1 if skipped else 0
    if rest[cut:]:
        yield LogPart(rest[cut:], first + (cut > 0), skipped + cut)


class _FirstBytes:
    """The first bytes of a stream; ``size`` None: all of it."""

    def __init__(self, source: Readable, size: int | None) -> None:
        self._source, self._left = source, size

    def read(self, size: int = -1, /) -> bytes:
        return self._take(self._source.read, size)

    def readline(self, size: int = -1, /) -> bytes:
        return self._take(self._source.readline, size)

    def _take(self, read: Callable[[int], bytes], size: int) -> bytes:
        if self._left is None:
            return read(size)
        data = read(min(size, self._left) if size >= 0 else self._left)
        self._left -= len(data)
        return data


def lines(path: Path | str, extent: Extent = SEARCHED, size: int | None = None) -> Iterator[str]:
    """The lines of a log with their newline, which the last one may lack. Raises OSError.

    ``size``: bytes of the log that count, all by default. Bytes that are not UTF-8 become U+FFFD.
    """
    with reading.open_regular(path) as file:
        for part in parts(_FirstBytes(file, size), extent):
            plain = io.BytesIO(_plain(part.data))
            while line := plain.readline(LONGEST_LINE):
                yield line.decode("utf-8", "replace")


def blocks(path: Path | str, extent: Extent = FIGURES, size: int | None = None) -> Iterator[bytes]:
    """What is read of a log, as one or two blocks of whole lines. Raises OSError. ``size`` as of ``lines``."""
    with reading.open_regular(path) as file:
        for part in parts(_FirstBytes(file, size), extent):
            yield part.data


def lines_with(block: bytes, words: Iterable[bytes]) -> list[bytes]:
    """The lines of a block that have one of ``words``, in order, without their newline. A block of lines that say
    nothing costs little."""
    ends: dict[int, int] = {}
    for word in words:
        at = block.find(word)
        while at >= 0:
            end = block.find(b"\n", at)
            end = end if end >= 0 else len(block)
            ends[block.rfind(b"\n", 0, at) + 1] = end
            at = block.find(word, end)
    return [block[start : ends[start]] for start in sorted(ends)]


def _plain(data: bytes) -> bytes:
    """Newlines for carriage returns, and at most one of several empty lines that follow each other."""
    if b"\r" in data:
        data = data.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    return re.sub(rb"\n{3,}", b"\n\n", data) if b"\n\n\n" in data else data


def lines_to_search(path: Path | str) -> Iterator[str]:
    """``lines`` without their newline, in which to search for a cause; none if the log cannot be read."""
    try:
        yield from (line.rstrip("\n") for line in lines(path))
    except OSError:
        return


def unread(size: int, extent: Extent = FIGURES) -> str:
    """What is not read of a log of ``size`` bytes, as a sentence; "" if all is."""
    if size <= sum(extent):
        return ""
    head, end = extent.head >> 20, extent.end >> 20
    return f"the log has {size >> 20} MiB: only its first {head} and its last {end} MiB were read"
