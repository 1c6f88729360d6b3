"""Output streams that a terminal and a CI runner show and never obey, whatever the text comes from."""

from __future__ import annotations

import io
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TextIO, cast

from dsbench.base.text import console


class ConsoleStream:
    """A text stream that writes ``console`` text; all else is the stream's own.

    Characters that its encoding lacks are written as escapes. ``write`` is called with parts of lines: a part counts as
    the beginning of a line if the part before ended one.
    """

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._begun = False
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")

    def write(self, text: str) -> int:
        shown = console(f".{text}")[1:] if self._begun else console(text)
        self._begun = not text.endswith("\n") if text else self._begun
        self._stream.write(shown)
        return len(text)

    def writelines(self, lines: Iterator[str]) -> None:
        for line in lines:
            self.write(line)

    def __getattr__(self, name: str) -> object:
        return getattr(self._stream, name)


@contextmanager
def console_streams() -> Iterator[None]:
    """Make standard output and standard error ``ConsoleStream`` for the block."""
    before = sys.stdout, sys.stderr
    sys.stdout, sys.stderr = (
        cast(TextIO, ConsoleStream(stream)) if stream is not None else stream for stream in before
    )
    try:
        yield
    finally:
        sys.stdout, sys.stderr = before
