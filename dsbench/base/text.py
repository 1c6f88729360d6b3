"""Text from elsewhere: output of other programs, lines of a log, names that become file names."""

from __future__ import annotations

import hashlib
import itertools
import os
import re
import struct
import unicodedata
from collections import OrderedDict
from collections.abc import Iterable
from pathlib import Path

from dsbench.base import reading

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
_TAIL_BYTES, _MAX_TAIL_BYTES = 64 << 10, 4 << 20
_VARYING = re.compile(
    r"\b\d{4}[-/]\d\d[-/]\d\d(?:[T ]\d\d:\d\d:\d\d[.,\d]*Z?)?|\b\d\d/\d\d/\d{4}\b"  # dates
    r"|\b\d+:\d\d:\d\d(?:[.,]\d+)?(?:\s+\d+\s+(?=0x))?"  # times; GST_DEBUG has the process behind its clock
    r"|0x[0-9a-fA-F]+|\([\w.-]+:\d+\)|(?<=\w)\[\d+\](?=:)|(?<=pid[ =])\d+"  # addresses, process numbers
)
_OPEN = 8
"""Kinds of lines between which a repeated one is still counted: threads print alternately."""


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


def fitted(text: str, columns: int) -> str:
    """The beginning of one line that a terminal shows in ``columns``; Chinese, Japanese, Korean and emoji take two."""
    if text.isascii():
        return text[:columns]
    widths = itertools.accumulate(2 if unicodedata.east_asian_width(char) in "WF" else 1 for char in text)
    return text[: sum(width <= columns for width in widths)]


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


def counted(count: int, noun: str) -> str:
    """``1 stream``, ``2 streams``."""
    return f"{count} {noun}{'s' * (count != 1)}"


def ascii_name(name: str, limit: int = 80) -> str:
    """``name`` for test ids and file names: ASCII letters, digits, ``. _ -``; with a hash if it was changed."""
    safe = re.sub(r"[^A-Za-z0-9._-]", "_", name)[:limit].lstrip(".-") or "model"
    return safe if safe == name else f"{safe}-{hashlib.sha256(os.fsencode(name)).hexdigest()[:8]}"


def float32_text(value: float | None) -> str:
    """The shortest decimal number that is ``value`` where it is read as float32, as nvinfer reads its keys:
    ``0.003921569``."""
    if value is None:
        return "none"
    single = struct.pack("f", value)
    short = next(
        (text for digits in range(1, 9) if struct.pack("f", float(text := f"{value:.{digits}g}")) == single), ""
    )
    text = short or f"{value:.9g}"
    return text if any(char in text for char in ".en") else f"{text}.0"


def last_line(text: str, default: str) -> str:
    """The last line that is not blank, stripped; ``default`` if there is none."""
    return next((line.strip() for line in reversed(text.splitlines()) if line.strip()), default)


def folded(lines: Iterable[str]) -> list[str]:
    """The lines, each repeated one once with its count; what differs only in times, addresses and process numbers is
    the same line. Blank lines are left out."""
    kinds: list[tuple[str, int]] = []
    places: OrderedDict[str, int] = OrderedDict()
    for line in lines:
        if not line.strip():
            continue
        kind = _VARYING.sub("#", line).strip()
        place = places.get(kind)
        if place is None:
            places[kind] = len(kinds)
            kinds.append((line.rstrip(), 1))
            if len(places) > _OPEN:
                places.popitem(last=False)
        else:
            kinds[place] = (kinds[place][0], kinds[place][1] + 1)
            places.move_to_end(kind)
    return [line if count == 1 else f"{line}  [{count} times]" for line, count in kinds]


def tail(log: Path, lines: int = TAIL_LINES) -> tuple[str, ...]:
    """The last ``lines`` lines of a log of any size, for people to read: ``folded``; () if it cannot be read."""
    read = _TAIL_BYTES
    while True:
        found, whole = _end_of(log, read)
        kept = folded(reversed(found))[::-1]
        if whole or len(kept) > lines or read >= _MAX_TAIL_BYTES:
            return tuple(kept[-lines:])
        read *= 8


def last_lines(log: Path, lines: int = TAIL_LINES) -> tuple[str, ...]:
    """The last ``lines`` non-blank lines of a log of any size, as they are; () if it cannot be read."""
    found, _ = _end_of(log, _TAIL_BYTES)
    return tuple([line.rstrip() for line in found if line.strip()][-lines:])


def _end_of(log: Path, read: int) -> tuple[list[str], bool]:
    """Lines in the last ``read`` bytes of a log, and whether that is the whole log."""
    try:
        with reading.open_regular(log) as file:
            size = os.fstat(file.fileno()).st_size
            file.seek(max(0, size - read))
            text = file.read(read).decode("utf-8", "replace")
    except OSError:
        return [], True
    return text.replace("\r", "\n").split("\n"), size <= read
