"""``**PERF:`` lines of deepstream-app's console: windows of frames per second, one pair ``fps (average)`` per
stream.

A log is read in constant memory. Header lines (``**PERF:  FPS 0 (Avg)``, again every 20 rows) carry no numbers. With
several ``-c`` the rows begin with ``PERF(<instance>): `` instead. Apps with sources that come and go (deepstream-test5)
end the line behind the marker and may put a name before each pair: ``id[name] 30.00 (29.90)``.

The app prints each pair on its own, so other threads' messages may cut a row between pairs. What follows at the
beginning of the next lines is taken as the rest of the row where it makes the row whole (``PerfRow.repaired``); a pair
in the middle of a message is never taken, since digits of the message may stand before it, and nothing is taken after a
cut within a pair. Rows that stay short are told by ``PerfRow.complete``, rows of which no pair is left by
``RowReader.lost``.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from itertools import repeat
from pathlib import Path
from typing import NamedTuple

from dsbench.base.errors import Code, DsbenchError
from dsbench.base.text import without_escapes

_ROW = re.compile(r"\*\*PERF:\s*|PERF\((\d+)\):\s*")
_VALUE = r"-?(?:[0-9]+[.,][0-9]+|inf|nan)"
_PAIR = re.compile(rf"\s*(?:[^\t\r\n\[]*\[[^\t\r\n\]]*\] )?({_VALUE}) \(({_VALUE})\)(\t?)", re.IGNORECASE)
_PLAIN_ROW = re.compile(r"(?:\*\*PERF: |PERF\(([0-9]+)\):) ((?:[0-9]+\.[0-9][0-9] \([0-9]+\.[0-9][0-9]\)\t)+)\s*")
_TORN = re.compile(r"\s*-?[0-9]+(?:[.,][0-9]*)?(?: \(?(?:-?[0-9]*(?:[.,][0-9]*)?)?)?\s*")
"""The beginning of a pair, and nothing behind it."""
_HEADER = re.compile(r"FPS (\d+) \(Avg\)")
_COLUMNS = re.compile(r"(?:FPS \d+ \(Avg\)\t?)*")
_SPECIFICATION = re.compile(r"\*\*PERF:[^\S\n]*([0-9.]+)")
_DECIMAL = re.compile(r"[0-9]+\.?[0-9]*|\.[0-9]+")
_LONGEST_LINE = 1 << 20
"""Bytes of a line; a longer one is cut: a log without newlines must not fill the memory."""
_BLOCK = 1 << 20
_PATIENCE = 32
"""Lines after which the rest of a row is no longer waited for: the app prints a row without a pause."""


class PerfRow(NamedTuple):
    """One report: frames per second of the last window and since the stream began, one value per stream, in
    source order.

    ``instance``: number of the ``-c`` (0 for a single one); ``line``: line number from 1; ``streams``: what a whole row
    has, by the last header or, with several ``-c``, by the longest row of the instance; 0 if neither is known;
    ``comma``: decimals written with a comma (another program's locale: DeepStream never does); ``repaired``: put
    together from several lines.
    """

    fps: tuple[float, ...]
    avg: tuple[float, ...]
    instance: int = 0
    line: int = 0
    streams: int = 0
    comma: bool = False
    repaired: bool = False

    @property
    def complete(self) -> bool:
        """False when the row has fewer pairs than there are streams: another thread's text broke it."""
        return len(self.fps) >= self.streams


@dataclass(frozen=True, slots=True)
class PlainRows:
    """Whole rows of the usual form, line behind line, not yet read as numbers: the lines, the number of the first and
    how many streams each has. All are of instance 0; every value is from 0 to below a million."""

    lines: list[bytes]
    line: int
    streams: int

    def rows(self) -> Iterator[PerfRow]:
        """The rows one by one."""
        values = _plain_values(b"".join(self.lines))
        fps, avg = (zip(*[iter(values[first::2])] * self.streams, strict=True) for first in (0, 1))
        numbers = range(self.line, self.line + len(self.lines))
        return map(PerfRow, fps, avg, repeat(0), numbers, repeat(self.streams))


def plain_row(line: bytes) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """The frames per second of one of the lines of ``PlainRows``, and the averages."""
    values = _plain_values(line)
    return tuple(values[::2]), tuple(values[1::2])


@dataclass(slots=True)
class _Begun:
    """A row of which more may follow."""

    instance: int
    line: int
    pairs: list[tuple[str, str]]
    cut: bool = False
    """Other text or a line's end came where a pair was due."""
    joined: bool = False
    """Pairs came after that."""
    torn: bool = False
    """It was cut within a pair: of what follows nobody knows whether the number begins there."""


class RowReader:
    """Reads a log line by line, or by blocks of lines: ``feed`` each, then ``finish``. ``streams``: how many a whole
    row has, 0 where only the log's headers tell. ``lost`` counts rows of which nothing is left; ``begun`` those of each
    instance that have begun, whatever became of them."""

    def __init__(self, streams: int = 0) -> None:
        self._expected = self._header = streams
        self._longest: dict[int, int] = {}
        self._begun: _Begun | None = None
        self._header_open = False
        self._number = 0
        self.lost = 0
        self.begun: Counter[int] = Counter()

    @property
    def idle(self) -> bool:
        """Whether lines without ``PERF`` mean nothing now: they may be skipped."""
        return self._begun is None and not self._header_open

    def feed_block(self, block: bytes) -> Iterator[PerfRow | PlainRows]:
        """The rows that end in so many lines, as ``feed`` has them; those of the usual form together."""
        at = 0
        while (at := self._skip(block, at)) < len(block):
            if (run := self._run(block, at)) is not None:
                yield self._plain_rows(run)
                at = run.end()
            else:
                end = block.find(b"\n", at)
                line = block[at:end] if end >= 0 else block[at:]
                at += len(line) + 1
                yield from self.feed(line.decode("utf-8", "replace"))

    def feed(self, raw: str) -> Iterator[PerfRow]:
        """The rows that end with this line."""
        if (plain := self._plain(raw)) is not None:
            yield plain
            return
        self._number += 1
        if "PERF" not in raw:
            if not self.idle:
                yield from self._continue(_clean(raw))
            return
        line = _clean(raw)
        starts = list(_ROW.finditer(line))
        if not starts:
            return
        if starts[0].start():
            yield from self._continue(line[: starts[0].start()])
        for number, start in enumerate(starts):
            end = starts[number + 1].start() if number + 1 < len(starts) else len(line)
            yield from self._flush()
            yield from self._begin(int(start.group(1) or 0), start.group(1) is not None, line[start.end() : end])

    def finish(self) -> Iterator[PerfRow]:
        """The row that the log's end cut, as far as it goes."""
        yield from self._flush()

    def _skip(self, block: bytes, at: int) -> int:
        """Where the next line begins that means something."""
        if not self.idle:
            return at
        found = block.find(b"PERF", at)
        start = len(block) if found < 0 else max(at, block.rfind(b"\n", at, found) + 1)
        self._number += block.count(b"\n", at, start)
        return start

    def _run(self, block: bytes, at: int) -> re.Match[bytes] | None:
        """The rows of the usual form that begin at ``at``, behind their header where one is there."""
        streams = self._expected or self._header
        return _run_of(streams).match(block, at) if streams and self.idle and not self._longest else None

    def _plain_rows(self, run: re.Match[bytes]) -> PlainRows:
        header, text = run.groups()
        rows = PlainRows(
            text[:-1].split(b"\n"), self._number + (1 if header is None else 2), self._expected or self._header
        )
        self._number = rows.line + len(rows.lines) - 1
        self.begun[0] += len(rows.lines)
        return rows

    def _plain(self, raw: str) -> PerfRow | None:
        """The row of a line of the usual form, quickly; None for any other."""
        if self._begun is not None or (found := _PLAIN_ROW.fullmatch(raw)) is None:
            return None
        instance, several = int(found.group(1) or 0), found.group(1) is not None
        values = tuple(map(float, found.group(2).replace("(", "").replace(")", "").split()))
        if len(values) < 2 * self._streams_of(instance):
            return None
        self._number += 1
        self._count(instance, several)
        self._learn(instance, len(values) // 2)
        return PerfRow(values[::2], values[1::2], instance, self._number, self._streams_of(instance))

    def _count(self, instance: int, several: bool) -> None:
        """A row has begun."""
        if several:
            self._longest.setdefault(instance, 0)
        self.begun[instance] += 1

    def _learn(self, instance: int, pairs: int) -> None:
        """How many pairs a whole row has at least: the header had been cut, or there are several."""
        if instance in self._longest:
            self._longest[instance] = max(self._longest[instance], pairs)
        elif self._header:
            self._header = max(self._header, pairs)

    def _begin(self, instance: int, several: bool, text: str) -> Iterator[PerfRow]:
        if columns := len(_HEADER.findall(text)):
            end = _COLUMNS.match(text.lstrip())
            self._header, self._header_open = columns, end is None or bool(text.lstrip()[end.end() :].strip())
            return
        self._count(instance, several)
        self._begun = _Begun(instance, self._number, [])
        yield from self._take(text)

    def _continue(self, text: str) -> Iterator[PerfRow]:
        """What a line begins with may be the rest of a header or of a row."""
        if self._header_open and (more := len(_HEADER.findall(_found(_COLUMNS.match(text))))):
            self._header += more
        self._header_open = False
        if self._begun is None:
            return
        self._begun.cut = True
        if self._number - self._begun.line > _PATIENCE:
            yield from self._flush()
        else:
            yield from self._take(text)

    def _take(self, text: str) -> Iterator[PerfRow]:
        """Add the pairs at the beginning of ``text`` to the row; hand it out once no more is due."""
        begun = self._begun
        assert begun is not None, "a row has begun"
        if begun.torn:
            yield from self._flush()
            return
        position = 0
        while (pair := _PAIR.match(text, position)) is not None:
            if begun.cut and not pair.group(3):
                break  # behind other text only what ends as the app ends a pair is certain
            begun.pairs.append((pair.group(1), pair.group(2)))
            begun.joined = begun.cut
            position = pair.end()
        begun.torn = _TORN.fullmatch(text, position) is not None
        due = self._streams_of(begun.instance)
        if len(begun.pairs) >= due and (due or (begun.pairs and not text[position:].strip())):
            yield from self._flush()
        elif not due and begun.pairs:
            yield from self._flush()  # how many are missing is not known

    def _flush(self) -> Iterator[PerfRow]:
        begun, self._begun = self._begun, None
        if begun is None:
            return
        if not begun.pairs:
            self.lost += 1
            return
        self._learn(begun.instance, len(begun.pairs))
        yield PerfRow(
            tuple(_number(pair[0]) for pair in begun.pairs),
            tuple(_number(pair[1]) for pair in begun.pairs),
            begun.instance,
            begun.line,
            self._streams_of(begun.instance),
            any("," in value for pair in begun.pairs for value in pair),
            begun.joined,
        )

    def _streams_of(self, instance: int) -> int:
        """Pairs of a whole row. With several ``-c`` a header is of one of them, nobody says which."""
        return self._longest.get(instance, self._expected or self._header)


def iter_rows(lines: Iterable[str]) -> Iterator[PerfRow]:
    """The rows with at least one whole pair, in order; headers and everything else are skipped.

    A pair whose closing parenthesis is missing (a line cut in the middle of a number) is dropped, never
    guessed.
    """
    reader = RowReader()
    for line in lines:
        yield from reader.feed(line)
    yield from reader.finish()


def _clean(raw: str) -> str:
    return without_escapes(raw).replace("\0", "")


def _found(match: re.Match[str] | None) -> str:
    return match.group() if match else ""


def _number(text: str) -> float:
    return float(text.replace(",", "."))


def _plain_values(text: bytes) -> list[float]:
    return list(map(float, text.translate(None, b"*PERF:()").decode().split()))


@lru_cache(maxsize=8)
def _run_of(streams: int) -> re.Pattern[bytes]:
    """A header, if there, and rows of the usual form of so many streams. Nothing in it is tried in a second way."""
    value, end = rb"[0-9]{1,6}+\.[0-9][0-9]", rb"[ \t\r]*+\n"
    row = rb"\*\*PERF:  (?:%b \(%b\)\t){%d}+%b" % (value, value, streams, end)
    header = rb"\*\*PERF:  (?:FPS [0-9]{1,6}+ \(Avg\)\t){%d}+%b" % (streams, end)
    return re.compile(rb"(%b)?((?:%b)++)" % (header, row))


def rows(path: Path | str, reader: RowReader | None = None) -> Iterator[PerfRow]:
    """``iter_rows`` of a file, by ``reader`` if one is given. Raises DsbenchError(PERF_LOG_INVALID) when it cannot be
    read."""
    for found in runs(path, reader or RowReader()):
        if isinstance(found, PlainRows):
            yield from found.rows()
        else:
            yield found


def runs(path: Path | str, reader: RowReader) -> Iterator[PerfRow | PlainRows]:
    """``rows`` for whoever need not read the numbers of all of them."""
    for block in _blocks(Path(path)):
        yield from reader.feed_block(block)
    yield from reader.finish()


def stream0_values(path: Path | str) -> Iterator[float]:
    """What the specification's ``grep -oP '\\*\\*PERF:\\s*\\K[0-9.]+'`` prints for a log: stream 0's windows, in order.

    Line by line as grep does, so a header gives nothing; neither do ``nan`` and ``inf``. A number cut by the end of the
    log counts as it stands. Raises DsbenchError(PERF_LOG_INVALID) when the log cannot be read.
    """
    for block in _blocks(Path(path)):
        if b"**PERF:" not in block:
            continue
        found = _SPECIFICATION.findall(block.decode("utf-8", "replace"))
        yield from (float(text) for text in found if _DECIMAL.fullmatch(text))


def _blocks(path: Path) -> Iterator[bytes]:
    """The file in pieces of whole lines; a line that is too long is cut."""
    try:
        with path.open("rb") as log:
            rest = b""
            while block := log.read(_BLOCK):
                whole, newline, after = (rest + block).rpartition(b"\n")
                if newline:
                    yield whole + newline
                    rest = after
                elif len(after) >= _LONGEST_LINE:
                    yield after
                    rest = b""
                else:
                    rest = after
            if rest:
                yield rest
    except OSError as error:
        raise DsbenchError(
            Code.PERF_LOG_INVALID,
            f"{error.strerror}: {path}",
            where=str(path),
            fix="the run writes this log: look at its step",
        ) from error
