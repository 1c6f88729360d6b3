"""The lines of deepstream-app, word for word (semantics a2, a3, i), and the embedded runtime's own lines.

Consumers match ``<function:NUMBER>`` with any number; the numbers here are those of DeepStream 9.1.
Own lines begin with ``dsbench-app: ``.
"""

from __future__ import annotations

import os
import sys
import threading
import time
from dataclasses import dataclass

OWN_PREFIX = "dsbench-app: "

RUNTIME_COMMANDS = "\nRuntime commands:\n\th: Print this help\n\tq: Quit\n\n\tp: Pause\n\tr: Resume\n"
TILER_NOTES = (
    "NOTE: To expand a source in the 2D tiled display and view object details, left-click on the source.\n"
    "      To go back to the tiled display, right-click anywhere on the window.\n"
)

_START = time.monotonic()


@dataclass(frozen=True, slots=True)
class BusMessage:
    """An ERROR on the pipeline's bus: bare element name, text, and the lines of ``Debug info:``."""

    element: str
    text: str
    debug: str = ""


def out(text: str) -> None:
    """One g_print to stdout, flushed, so that a log keeps the order of stdout and stderr."""
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def err(text: str) -> None:
    """One or several lines to stderr in a single write: other processes write there too."""
    sys.stderr.write(text + "\n")
    sys.stderr.flush()


def app_error(where: str, text: str) -> None:
    """``** ERROR: <func:line>: text`` on stdout."""
    out(f"** ERROR: <{where}>: {text}")


def app_info(where: str, text: str) -> None:
    """``** INFO: <func:line>: text`` on stdout."""
    out(f"** INFO: <{where}>: {text}")


def own(text: str) -> None:
    """Lines that DeepStream does not print, on stderr, each with OWN_PREFIX."""
    err("\n".join(OWN_PREFIX + line for line in text.split("\n")))


def bus_error(message: BusMessage) -> None:
    """A bus ERROR as ``bus_callback`` prints it, on stderr."""
    lines = f"ERROR from {message.element}: {message.text}"
    err(lines + (f"\nDebug info: {message.debug}" if message.debug else ""))


def _clock() -> str:
    seconds = time.monotonic() - _START
    return f"{int(seconds // 3600)}:{int(seconds // 60) % 60:02d}:{seconds % 60:012.9f}"


def gst_line(level: str, source: str, text: str) -> None:
    """A GStreamer debug line of the nvinfer category, without colours."""
    ident = f"{os.getpid():5d} {threading.get_ident() & 0xFFFFFFFFFFFF:#x}"
    err(f"{_clock()} {ident} {level:<7s} {'nvinfer':>19s} {source}:<primary_gie> {text}")


_LEVELS = {"ERROR": ("Error in", 725), "WARN": ("Warning from", 728), "INFO": ("Info from", 731)}


def nvinfer(level: str, uid: int, func: str, text: str) -> None:
    """A line of NvDsInferContext's logger; ``level`` is ERROR, WARN or INFO."""
    wording, logger_line = _LEVELS[level]
    gst_line(
        level,
        f"gstnvinfer.cpp:{logger_line}:gst_nvinfer_logger",
        f"NvDsInferContext[UID {uid}]: {wording} NvDsInferContextImpl::{func}() "
        f"<nvdsinfer_context_impl.cpp:0> [UID = {uid}]: {text}",
    )


def element_error(line: int, failure: BusMessage) -> None:
    """The two WARN lines of nvinfer's element when it cannot start."""
    for text in (failure.text, failure.debug.split("\n")[-1]):
        gst_line("WARN", f"gstnvinfer.cpp:{line}:gst_nvinfer_start", f"error: {text}")


def library(level: str, text: str) -> None:
    """``ERROR: text`` of the nvinfer library's own logger, on stderr."""
    err(f"{level}: {text}")
