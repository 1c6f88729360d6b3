"""pytest's terminal and reports in a session of dsbench: names, logs and output of programs are ``console`` text."""

from __future__ import annotations

import re
import secrets
from functools import partial
from typing import Any

import pytest

from dsbench.base.text import console

_ESCAPE = "\x1b"


def guard(writer: Any) -> None:
    """Make pytest's terminal writer write ``console`` text: directories in its header, ids of tests, tracebacks.

    Kept are the colours that pytest itself makes, and the carriage return with which it writes a line again. Colours
    that stand in a name are not: the escape of pytest's own is a private character, drawn for this session, until the
    text is written. There is no public API for that.
    """
    own = chr(0xF0000 + secrets.randbelow(0xFFFE))
    colour = re.compile(rf"({own}\[[0-9;]*m)")
    writer.markup = partial(_marked, writer.markup, colour, own)
    writer._highlight = partial(_marked, writer._highlight, colour, own)
    writer.write = partial(_write, writer, writer.write, colour)
    writer.write_raw = partial(_write_raw, writer.write_raw, own)


def _marked(mark: Any, colour: re.Pattern[str], own: str, text: str, *arguments: Any, **markup: Any) -> str:
    """``text`` with pytest's markup, whose escapes are ``own``."""
    shown = str(mark(_shown(text, colour, begun=True), *arguments, **markup))
    return shown.replace(_ESCAPE, own, -1 if text else 1)  # of no text pytest cuts off the second one


def _write(writer: Any, write: Any, colour: re.Pattern[str], text: str, **markup: Any) -> None:
    begun = writer.width_of_current_line > 0 and not text.startswith("\r")
    write(_shown(text, colour, begun=begun), **markup)


def _write_raw(write: Any, own: str, text: str, **options: Any) -> None:
    write(text.replace(own, _ESCAPE), **options)


def _shown(text: str, colour: re.Pattern[str], *, begun: bool) -> str:
    """``console`` text, pytest's own colours and a carriage return before everything. ``begun``: something stands
    before ``text`` in its line."""
    rewrites = "\r" if text.startswith("\r") else ""
    parts = colour.split(text.removeprefix("\r"))
    for number in range(0, len(parts), 2):  # what is between the colours
        part = parts[number]
        parts[number] = console(f".{part}")[1:] if begun or number > 0 else console(part)
    return rewrites + "".join(parts)


def guard_report(report: pytest.TestReport) -> None:
    """Make the texts of a report ``console`` text: they go to the terminal, to JUnit files and to other plugins."""
    report.sections = [(title, console(text)) for title, text in report.sections]
    if isinstance(report.longrepr, str):
        report.longrepr = console(report.longrepr)
    elif isinstance(report.longrepr, tuple):
        path, line, reason = report.longrepr
        report.longrepr = (path, line, console(reason))
    else:
        _guard_traceback(report.longrepr)


def _guard_traceback(shown: Any) -> None:
    for traceback, crash, _ in getattr(shown, "chain", ()):
        for entry in traceback.reprentries:
            entry.lines = [console(line) for line in entry.lines]
        if crash is not None:
            crash.message = console(crash.message)
