"""Standard output that takes nothing more: a full disk, a closed pipe. The run goes on and its record is kept."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from typing import Any

import pytest

from dsbench.base.text import console


def open_streams() -> None:
    """Take /dev/null for standard output and standard error that are closed: pytest ends in a traceback without."""
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:
            stream = open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115 - till the end
            setattr(sys, name, stream)
            setattr(sys, f"__{name}__", stream)


class LostOutput:
    """Watches pytest's terminal writer. After the first error it writes nothing more."""

    def __init__(self, writer: Any) -> None:
        self.why = ""
        self._writer = writer
        for name in ("write_raw", "flush"):
            setattr(writer, name, partial(self._tried, getattr(writer, name)))

    def _tried(self, act: Callable[..., None], *arguments: Any, **options: Any) -> None:
        if self.why:
            return
        try:
            act(*arguments, **options)
        except (OSError, ValueError) as error:  # ValueError: the stream is closed
            self.why = (error.strerror if isinstance(error, OSError) else "") or str(error)
            with suppress(OSError, ValueError):
                _discard(self._writer._file)

    def end(self, session: pytest.Session, report: str) -> None:
        """Write what is still buffered; say on standard error what was lost, and let the session fail."""
        self._writer.flush()
        if not self.why:
            return
        if session.exitstatus == 0:
            session.exitstatus = pytest.ExitCode.TESTS_FAILED
        kept = f"; report: {report}" if report else ""
        with suppress(OSError, ValueError):
            print(console(f"dsbench: standard output was lost ({self.why}): the run went on{kept}"), file=sys.stderr)


def _discard(stream: Any) -> None:
    """Empty the buffers of a stream whose file takes nothing: Python would report the error again at its end."""
    number = stream.fileno()
    kept, nowhere = os.dup(number), os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(nowhere, number)
        stream.flush()
    finally:
        os.dup2(kept, number)
        os.close(kept)
        os.close(nowhere)
