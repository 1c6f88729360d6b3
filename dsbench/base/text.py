"""Text from elsewhere: output of other programs, lines of a log, names that become file names."""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Iterator
from pathlib import Path

TAIL_LINES = 15
_ANSI = re.compile(r"\x1b\[[0-?]*[ -/]*[@-~]")
_UNSEEN = re.compile(
    "["
    "\x00-\x08\x0b-\x1f\x7f-\x9f"  # control characters: C0, DEL, C1
    "\xad\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200d\u2060-\u2065\u3164\ufeff\uffa0"  # without width
    "\u061c\u200e\u200f\u202a-\u202e\u2066-\u206f"  # direction
    "\u2028\u2029"  # ends of lines and paragraphs
    "\ud800-\udfff\ufff0-\ufffb\ufffe\uffff"  # surrogates, annotations, no characters
    "\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff"  # formats, tags
    "]"
)
_RUNNER_COMMAND = re.compile(r"(?m)^[^\S\n]*:(?=:)|#(?=#[A-Za-z]*\[)")
_JSON_OBEYED = re.compile(r"\x7f|#(?=#[A-Za-z]*\[)")
_TAIL_BYTES = 64 << 10
_HEAD, _END = 4 << 20, 256 << 10


def without_escapes(text: str) -> str:
    """``text`` without ANSI control sequences: colours, cursor movements."""
    return _ANSI.sub("", text) if "\x1b" in text else text


def clean(data: bytes) -> str:
    """``visible`` text from the output of a program: invalid UTF-8 becomes U+FFFD, tabs become blanks."""
    return visible(data.decode("utf-8", "replace").replace("\r\n", "\n").replace("\r", "\n").replace("\t", " "))


def visible(text: str) -> str:
    """``text`` with U+FFFD for what does not show: control characters, escapes, direction marks, characters without
    width, line separators, tags, lone surrogates. Tabs and line ends stay, every other space becomes a blank. For
    documents: HTML, SVG, Markdown, XML."""
    if text.isascii() and text.isprintable():  # pictures in base64: fast
        return text
    shown = _UNSEEN.sub("\N{REPLACEMENT CHARACTER}", text)
    return shown if re.sub("[\t\n]", "", shown).isprintable() else "".join(map(_visible, shown))


def _visible(char: str) -> str:
    if char.isprintable() or char in "\t\n":
        return char
    return " " if char.isspace() else "\N{REPLACEMENT CHARACTER}"


def printable(text: str) -> str:
    """``visible`` text on one line: its tabs and line ends become U+FFFD, too."""
    return re.sub("[\t\n]", "\N{REPLACEMENT CHARACTER}", visible(text))


def plain(text: str) -> str:
    """Lines of a log or an error, ``visible``, without colours; a carriage return ends a line."""
    return visible(without_escapes(text).replace("\r\n", "\n").replace("\r", "\n"))


def console(text: str) -> str:
    """``plain`` lines for a terminal or the log of a CI job, from anywhere: names, errors, output of programs.

    Runners of CI services obey lines that begin with ``::`` and texts like ``##[error]``: a blank is put into both.
    """
    return _RUNNER_COMMAND.sub(r"\g<0> ", plain(text))


def console_json(text: str) -> str:
    """ASCII JSON for ``console``: what a terminal or a runner obeys is written as ``\\u....``, so no value changes."""
    return _JSON_OBEYED.sub(lambda found: f"\\u{ord(found[0]):04x}", text)


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
