"""Output streams that a terminal and a CI runner show and never obey, whatever the text comes from."""

from __future__ import annotations

import io
import os
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
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


class NotesStream(ConsoleStream):
    """Standard error: where it takes nothing more (full disk, closed pipe), the command goes on without notes."""

    def write(self, text: str) -> int:
        try:
            return super().write(text)
        except OSError:
            _lead_nowhere(self._stream)
            return len(text)

    def flush(self) -> None:
        try:
            self._stream.flush()
        except OSError:
            _lead_nowhere(self._stream)


@contextmanager
def console_streams() -> Iterator[None]:
    """Make standard output a ``ConsoleStream`` and standard error a ``NotesStream`` for the block."""
    before = sys.stdout, sys.stderr
    if sys.stdout is not None:
        sys.stdout = cast(TextIO, ConsoleStream(sys.stdout))
    if sys.stderr is not None:
        sys.stderr = cast(TextIO, NotesStream(sys.stderr))
    try:
        yield
    finally:
        sys.stdout, sys.stderr = before


def print_outcome(lines: Iterable[str]) -> None:
    """Print what a command has done, after it was done: where standard output takes nothing more, that changes neither
    the outcome nor the command's status."""
    try:
        for line in lines:
            print(line)
        sys.stdout.flush()
    except OSError:
        _lead_nowhere(sys.stdout)


def open_closed_streams() -> None:
    """Lead standard streams that the caller closed to nowhere, so that no file gets their numbers and no note is
    printed elsewhere. ``sys.__stdout__`` stays None for standard output."""
    for number, name in enumerate(("stdin", "stdout", "stderr")):
        try:
            os.fstat(number)
        except OSError:
            os.set_inheritable(os.open(os.devnull, os.O_RDWR), True)  # gets the lowest free number, which is this one
            setattr(sys, name, open(number, "w" if number else "r", encoding="utf-8", closefd=False))  # noqa: SIM115


def _lead_nowhere(stream: TextIO) -> None:
    """What was not written yet is lost; the end of the process does not try again."""
    with suppress(OSError, ValueError), open(os.devnull, "wb") as nowhere:
        os.dup2(nowhere.fileno(), stream.fileno())
