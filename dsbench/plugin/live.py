"""The terminal of pytest's session for progress lines, past pytest's capturing."""

from __future__ import annotations

import os
from dataclasses import dataclass

import pytest

from dsbench.base.progress import ProgressDisplay, Terminal

_USUAL_WIDTH = 80


@dataclass(frozen=True)
class Streams:
    """Copies of standard output and standard error, made while pytest captures neither; -1 where there is none."""

    out: int
    err: int

    @classmethod
    def copied(cls, config: pytest.Config) -> Streams:
        """Copies that are closed with ``config``."""
        found = cls(_copy(1), _copy(2))
        config.add_cleanup(found.close)
        return found

    def close(self) -> None:
        for number in (self.out, self.err):
            if number >= 0:
                os.close(number)


def progress(config: pytest.Config, streams: Streams) -> ProgressDisplay:
    """A live line on a terminal, plain lines on standard error elsewhere, nothing with -q or without a reporter.

    No live line where pytest would not use escape sequences (``--color=no``, ``NO_COLOR``, a dumb terminal), where
    steps print to the terminal themselves (``-s``), and with pytest-xdist, whose workers have no terminal.
    """
    reporter = config.pluginmanager.getplugin("terminalreporter")
    worker = hasattr(config, "workerinput")
    if config.option.verbose < 0 or (reporter is None and not worker):
        return ProgressDisplay()
    if reporter is not None and not worker and _is_live(config, streams):
        writer = config.get_terminal_writer()
        return ProgressDisplay(
            Terminal(
                lambda text: _write(streams.out, text),
                live=True,
                width=lambda: _width(streams.out),
                column=lambda: writer.width_of_current_line,
            )
        )
    if streams.err < 0:
        return ProgressDisplay()
    return ProgressDisplay(Terminal(lambda text: _write(streams.err, text), live=False))


def _is_live(config: pytest.Config, streams: Streams) -> bool:
    captured = config.getoption("capture", "no") not in ("no", "tee-sys")
    escapes = config.get_terminal_writer().hasmarkup and os.environ.get("TERM", "dumb") != "dumb"
    return captured and escapes and streams.out >= 0 and os.isatty(streams.out)


def _copy(number: int) -> int:
    try:
        return os.dup(number)
    except OSError:
        return -1


def _width(number: int) -> int:
    try:
        return os.get_terminal_size(number).columns or _USUAL_WIDTH
    except OSError:
        return _USUAL_WIDTH


def _write(number: int, text: str) -> None:
    os.write(number, text.encode("utf-8", "replace"))
