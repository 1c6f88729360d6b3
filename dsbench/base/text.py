"""Text from elsewhere: output of other programs, lines of a log, names that become file names."""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Iterator
from pathlib import Path

TAIL_LINES = 15
_ANSI = re.compile(r"\x1b\[[0-?]*[ -/]*[@-~]")
_CONTROLS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")
_TAIL_BYTES = 64 << 10
_HEAD, _END = 4 << 20, 256 << 10


def without_escapes(text: str) -> str:
    """``text`` without ANSI control sequences: colours, cursor movements."""
    return _ANSI.sub("", text) if "\x1b" in text else text


def clean(data: bytes) -> str:
    """Printable text: invalid UTF-8 and unprintable characters become U+FFFD."""
    text = data.decode("utf-8", "replace").replace("\r\n", "\n").replace("\r", "\n").replace("\t", " ")
    return "".join(char if char == "\n" or char.isprintable() else "\N{REPLACEMENT CHARACTER}" for char in text)


def printable(text: str) -> str:
    """One line that a terminal can show: line ends, escapes and direction marks of the text become U+FFFD."""
    return "".join(char if char.isprintable() else "\N{REPLACEMENT CHARACTER}" for char in text)


def without_controls(text: str) -> str:
    """``text`` with ``?`` for control characters, which could move the cursor; tabs and line ends stay."""
    return _CONTROLS.sub("?", text)


def ascii_name(name: str, limit: int = 80) -> str:
    """``name`` for test ids and file names: ASCII letters, digits, ``. _ -``; with a hash if it was changed."""
    safe = re.sub(r"[^A-Za-z0-9._-]", "_", name)[:limit].lstrip(".-") or "model"
    return safe if safe == name else f"{safe}-{hashlib.sha256(os.fsencode(name)).hexdigest()[:8]}"


def last_line(text: str, default: str) -> str:
    """The last line that is not blank, stripped; ``default`` if there is none."""
    return next((line.strip() for line in reversed(text.splitlines()) if line.strip()), default)


def tail(log: Path, lines: int = TAIL_LINES) -> tuple[str, ...]:
    """The last ``lines`` non-blank lines of a log of any size; () if the file does not exist."""
    try:
        with open(log, "rb") as file:
            file.seek(max(0, os.fstat(file.fileno()).st_size - _TAIL_BYTES))
            text = file.read().decode("utf-8", "replace")
    except FileNotFoundError:
        return ()
    kept = [line.rstrip() for line in text.replace("\r", "\n").split("\n") if line.strip()]
    return tuple(kept[-lines:])


def lines_to_search(log: Path) -> Iterator[str]:
    """Lines of a log in which to search for a cause: all, or the beginning and the end of a very long log."""
    try:
        with open(log, "rb") as file:
            size = os.fstat(file.fileno()).st_size
            text = file.read(_HEAD)
            if size > _HEAD:
                file.seek(max(_HEAD, size - _END))
                text += b"\n" + file.read(_END)
    except OSError:
        return
    yield from text.decode("utf-8", "replace").replace("\r", "\n").split("\n")
