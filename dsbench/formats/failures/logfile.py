"""Lines of a log of any size and origin: terminal, file, paste, CI, docker, journald."""

from __future__ import annotations

import codecs
import io
import re
from collections.abc import Iterator

from dsbench.base import logs
from dsbench.base.logs import LogPart
from dsbench.base.text import without_escapes

MAX_LINE = 4096
_STAMP = r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:[.,]\d+)?(?:Z|[+-]\d\d:?\d\d)?"
_PREFIX = re.compile(
    rf"(?:\s*(?:>|\|)\s?)*"  # quoted in a thread
    rf"(?:[\w.-]+\s*\|\s)?"  # docker compose
    rf"(?:\[?{_STAMP}\]?\s+(?:(?:stdout|stderr) [FP] )?)?"  # GitHub, docker, Kubernetes
    rf"(?:(?:[A-Z][a-z]{{2}} [ \d]\d \d\d:\d\d:\d\d|{_STAMP}) [\w.-]+ [\w./-]+(?:\[\d+\])?: )?"  # syslog, journald
    rf"(?:\d\d[OE](?: |\+))?"  # GitLab
)


_LINE = re.compile(rb"[^\n]+")


def parts(source: io.BufferedReader) -> Iterator[LogPart]:
    """The log, of a very long one its beginning and its end; UTF-16 becomes UTF-8."""
    if source.peek(2)[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return logs.parts(codecs.EncodedFile(source, "utf-8", "utf-16", "replace"))
    return logs.parts(source)


def lines(part: LogPart) -> Iterator[tuple[int, bytes]]:
    """Number, from 1, and bytes of every line that is not empty, of which at most MAX_LINE are read."""
    number, position = part.first, 0
    for match in _LINE.finditer(part.data):
        start, end = match.span()
        number += part.data.count(b"\n", position, start)
        position = end
        yield number, part.data[start : min(end, start + MAX_LINE)]


def texts(line: bytes) -> Iterator[str]:
    """A line as plain text. What a carriage return would overwrite is a text of its own."""
    for part in line.decode("utf-8", "replace").rstrip("\r\n").replace("\0", "").split("\r"):
        yield plain(part)


def plain(line: str) -> str:
    """A line without colours and without what CI, docker or journald put in front of it."""
    text = without_escapes(line)
    match = _PREFIX.match(text)
    return text[match.end() :] if match else text
