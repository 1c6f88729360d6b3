"""pytest's terminal and reports in a session of dsbench: names, logs and output of programs are ``console`` text."""

from __future__ import annotations

import re
from functools import partial
from typing import Any

import pytest

from dsbench.base.text import console

_COLOUR = re.compile(r"(\x1b\[[0-9;]*m)")


def guard(config: pytest.Config) -> None:
    """Make pytest's terminal writer write ``console`` text: directories in its header, ids of tests, tracebacks.

    Colours are kept where pytest uses some, and the carriage return with which pytest writes a line again.
    """
    reporter: Any = config.pluginmanager.getplugin("terminalreporter")
    if reporter is None:
        return
    writer = reporter._tw  # there is no public API
    writer.write = partial(_write, writer, writer.write)


def _write(writer: Any, write: Any, text: str, **markup: Any) -> None:
    rewrites = "\r" if text.startswith("\r") else ""
    begun = writer.width_of_current_line > 0 and not rewrites
    parts = _COLOUR.split(text.removeprefix("\r")) if writer.hasmarkup else [text.removeprefix("\r")]
    for number in range(0, len(parts), 2):  # what is between the colours
        parts[number] = _shown(parts[number], begun or number > 0)
    write(rewrites + "".join(parts), **markup)


def _shown(text: str, begun: bool) -> str:
    """``begun``: something stands before ``text`` in its line."""
    return console(f".{text}")[1:] if begun else console(text)


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
