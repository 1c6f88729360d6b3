"""``dsbench explain [LOG]``: the causes in a console log, as text or JSON; no LOG, or ``-``, reads stdin."""

from __future__ import annotations

import argparse
import io
import sys
from collections.abc import Iterator
from typing import cast

from dsbench.advice.explain import Explanation, LogCause, LogProgram, explain
from dsbench.base import jsonable, reading
from dsbench.base.errors import Code, DsbenchError
from dsbench.base.text import counted, printable

STDIN = "-"


def run(arguments: argparse.Namespace) -> int:
    """0: a cause is known, or the program ended well; 1: neither. Raises USAGE for a log that cannot be read."""
    found = explain_file(arguments.log)
    if arguments.json:
        print(jsonable.dumps(found, indent=2))
    else:
        name = "stdin" if arguments.log == STDIN else arguments.log
        for line in render(name, found):
            print(printable(line))
    return int(not (found.causes or found.notices or found.ended_well))


def explain_file(name: str) -> Explanation:
    """The explanation of a file, or of stdin for ``-``."""
    if name == STDIN:
        if sys.stdin.isatty():
            print("Paste the log, then press Ctrl-D.", file=sys.stderr)
        return explain(cast(io.BufferedReader, sys.stdin.buffer))
    try:
        with _open(name) as file:
            return explain(file)
    except OSError as error:
        what = f"the log cannot be read: {error.strerror or error}"
        raise DsbenchError(Code.USAGE, what, where=name, fix="give the path of a log, or - for stdin") from error


def _open(name: str) -> io.BufferedReader:
    """The log; a shell's ``<(command)`` is read as well, any other FIFO is refused: it would block."""
    return open(name, "rb") if name.startswith(("/dev/fd/", "/dev/stdin")) else reading.open_regular(name)


def render(name: str, found: Explanation) -> Iterator[str]:
    """Causes with line, fix and page; then consequences, notices, and what to do where nothing is known."""
    program = "a log" if found.program is LogProgram.UNKNOWN else f"a log of {found.program}"
    yield f"{name}: {program}, {counted(found.lines, 'line')}"
    if found.unread_bytes:
        yield f"It is very long: {max(1, found.unread_bytes >> 20)} MiB in its middle were not read."
    yield from _end(found)
    for number, cause in enumerate(found.causes, 1):
        yield ""
        mark = f"{number}. " if len(found.causes) > 1 else "- " if found.ended_well else "Cause: "
        yield from _cause(mark, cause)
    if found.consequences:
        yield ""
        yield "This led to:"
        for cause in found.consequences:
            yield f"  line {cause.line}: {cause.cause}"
    if found.notices:
        yield ""
        yield "Also in the log:"
        for cause in found.notices:
            yield from (f"  {line}" for line in _cause("- ", cause))
    if not found.causes:
        yield from _nothing(found)


def _end(found: Explanation) -> Iterator[str]:
    if found.ended and found.ended_well:
        yield f"The program says that it ended well (line {found.ended.line}: {found.ended.text})."
        if found.causes:
            yield "What is listed here did not end the run."


def _cause(mark: str, cause: LogCause) -> Iterator[str]:
    yield f"{mark}{cause.cause}"
    yield f"   line {cause.line}: {cause.text}"
    yield f"   fix: {cause.fix}"
    yield f"   docs: {cause.docs}"


def _nothing(found: Explanation) -> Iterator[str]:
    if found.ended_well and found.notices:
        return
    yield ""
    if not found.lines:
        yield "The log is empty."
    elif found.ended_well:
        yield "No failure is known in it."
    elif found.last_errors:
        yield "No cause is known. The last lines that speak of an error:"
        yield from (f"  line {error.line}: {error.text}" for error in found.last_errors)
    else:
        yield "No failure is known in it, and no line speaks of an error. A complete log has stderr too (2>&1)."
