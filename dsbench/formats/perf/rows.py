"""What a PERF row looks like, and the rows of deepstream-app's console: one pair ``fps (average)`` for each stream.

A row begins with ``**PERF:``, with several ``-c`` with ``PERF(<instance>): ``. Header lines (``**PERF:  FPS 0 (Avg)``,
again every 20 rows) carry no numbers. Apps with sources that come and go (deepstream-test5) end the line behind the
marker and may put a name before each pair: ``id[name] 30.00 (29.90)``.

The app prints each pair on its own, so other threads' messages may cut a row between pairs. What follows at the
beginning of the next lines is taken as the rest of the row where it makes the row whole (``PerfRow.repaired``). A pair
in the middle of a message is never taken, since digits of the message may stand before it. Nothing is taken after a cut
within a pair. ``PerfRow.complete`` is False for a row that stays short; ``RowReader.lost`` counts rows of which no pair
is left.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

from dsbench.base.text import without_escapes

MARKER = "**PERF:"
_BEHIND = r"[^\S\n]*"
"""What may stand between a marker and the first number. To accept a prefix there, extend this pattern."""
ROW_START = re.escape(MARKER) + _BEHIND
"""What begins a row or a header of a single ``-c``."""
_ROW = re.compile(rf"{ROW_START}|PERF\(([0-9]{{1,9}})\):{_BEHIND}")
_VALUE = r"-?(?:[0-9]+[.,][0-9]+|inf|nan)"
_PAIR = re.compile(rf"\s*(?:[^\t\r\n\[]*\[[^\t\r\n\]]*\] )?({_VALUE}) \(({_VALUE})\)(\t?)", re.IGNORECASE)
_TORN = re.compile(r"\s*-?[0-9]+(?:[.,][0-9]*)?(?: \(?(?:-?[0-9]*(?:[.,][0-9]*)?)?)?\s*")
"""The beginning of a pair, and nothing behind it."""
_HEADER = re.compile(r"FPS ([0-9]+) \(Avg\)")
_COLUMNS = re.compile(r"(?:FPS [0-9]+ \(Avg\)\t?)*")
_PATIENCE = 32
"""Lines after which the rest of a row is no longer waited for: the app prints a row without a pause."""


class PerfRow(NamedTuple):
    """One report: frames per second of the last window and since the stream began, one value per stream, in
    source order.

    ``instance``: number of the ``-c`` (0 for a single one). ``streams``: what a whole row has, by the last header or,
    with several ``-c``, by the longest row of the instance; 0 if neither is known. ``repaired``: put together from
    several lines.
    """

    fps: tuple[float, ...]
    avg: tuple[float, ...]
    instance: int = 0
    streams: int = 0
    repaired: bool = False

    @property
    def complete(self) -> bool:
        """False when the row has fewer pairs than there are streams: another thread's text cut it."""
        return len(self.fps) >= self.streams


@dataclass(slots=True)
class _Begun:
    """A row of which more may follow."""

    instance: int
    line: int
    pairs: list[tuple[str, str]]
    cut: bool = False
    """Other text or the end of the line came where the next pair was expected."""
    joined: bool = False
    """More pairs were found after the cut."""
    torn: bool = False
    """It was cut within a pair, so the text that follows may be the rest of a number."""


class RowReader:
    """Reads a console line by line: ``feed`` each line, then ``finish``.

    ``streams``: pairs of a whole row, 0 if only the headers show it. ``lost`` counts rows without a single pair;
    ``begun`` counts the rows of each instance that have begun, whole or not.
    """

    def __init__(self, streams: int = 0) -> None:
        self._expected = self._header = streams
        self._longest: dict[int, int] = {}
        self._begun: _Begun | None = None
        self._header_open = False
        self._number = 0
        self.lost = 0
        self.begun: Counter[int] = Counter()

    @property
    def waiting(self) -> bool:
        """The next line may have the rest of a row or of a header. If not, lines without ``PERF`` say nothing."""
        return self._begun is not None or self._header_open

    def feed(self, raw: str) -> Iterator[PerfRow]:
        """The rows that end with this line."""
        self._number += 1
        if "PERF" not in raw:
            if self.waiting:
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
        if several:
            self._longest.setdefault(instance, 0)
        self.begun[instance] += 1
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
        if begun.pairs and len(begun.pairs) >= self._streams_of(begun.instance):  # 0: how many are due is not known
            yield from self._flush()

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
            self._streams_of(begun.instance),
            begun.joined,
        )

    def _streams_of(self, instance: int) -> int:
        """Pairs of a whole row. With several ``-c`` a header belongs to one of them, which one is not known."""
        return self._longest.get(instance, self._expected or self._header)


def _clean(raw: str) -> str:
    return without_escapes(raw).replace("\0", "")


def _found(match: re.Match[str] | None) -> str:
    return match.group() if match else ""


def _number(text: str) -> float:
    return float(text.replace(",", "."))
