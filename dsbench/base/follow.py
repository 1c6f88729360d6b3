"""Reads a log while a child program writes it: blocks of complete lines, in order, in constant memory.

A carriage return ends a line, as in a log that is read at the end (``logs.py``).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path

from dsbench.base.reading import open_regular

_ONCE = 1 << 20
_MAX = 16 << 20
"""Bytes read at one look, so that a program that floods its log is still watched."""
_RETURN = re.compile(rb"\r(?=[^\n])")


class Follower:
    """Calls ``take`` with new complete lines, at most some megabytes at once; of a longer line the end is kept."""

    def __init__(self, log: Path, take: Callable[[bytes], None]) -> None:
        self._log = log
        self._take = take
        self._offset = 0
        self._rest = b""
        self.complete = 0
        """Bytes of the log up to the end of its last complete line."""

    @property
    def rest(self) -> bytes:
        """The incomplete last line."""
        return self._rest

    def look(self) -> bool:
        """Read new output, at most ``_MAX`` bytes; returns whether there was any."""
        before = self._offset
        for block in self._blocks():
            data = self._rest + block
            if b"\r" in data:
                data = _RETURN.sub(b"\n", data)
            end = data.rfind(b"\n") + 1
            self._rest = data[max(end, len(data) - _ONCE) :]
            if end:
                self.complete = self._offset - (len(data) - end)
                self._take(data[:end])
        return self._offset > before

    def catch_up(self) -> None:
        """Read all that is in the log now; a program that goes on writing does not prolong it."""
        try:
            size = self._log.stat().st_size
        except OSError:
            return
        while self._offset < size and self.look():
            pass

    def _blocks(self) -> Iterator[bytes]:
        try:
            with open_regular(self._log) as file:
                file.seek(self._offset)
                for _ in range(_MAX // _ONCE):
                    block = file.read(_ONCE)
                    if not block:
                        return
                    self._offset += len(block)
                    yield block
        except FileNotFoundError:
            return
