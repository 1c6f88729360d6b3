"""Finished consoles of deepstream-app as rows and tables. dsbench itself reads a console while the app writes it."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from dsbench.formats.perf.rows import PerfRow, RowReader
from dsbench.formats.perf.windows import Collector, Windows


def rows(lines: Iterable[str], reader: RowReader | None = None) -> Iterator[PerfRow]:
    """The rows with at least one whole pair, in order."""
    reader = reader or RowReader()
    for line in lines:
        yield from reader.feed(line)
    yield from reader.finish()


def lines(console: Path) -> Iterator[str]:
    """The lines of a console, whatever bytes it has."""
    with console.open("rb") as file:
        for line in file:
            yield line.decode("utf-8", "replace")


def windows(
    lines: Iterable[str], streams: int, interval_s: int, seen_s: Sequence[float] = (), ended_s: float = 0.0
) -> Windows:
    """The table of a console. ``seen_s``: when each row was seen; ``ended_s`` stands for those that were not."""
    collector, counter = Collector(streams, interval_s), RowReader(streams)
    for line in lines:
        deque(counter.feed(line), maxlen=0)
        begun = counter.begun.total()
        collector.feed(line, seen_s[max(0, begun - 1)] if begun <= len(seen_s) and seen_s else ended_s)
    collector.finish(ended_s)
    return collector.windows()


def windows_of_instances(console: Path, interval_s: int) -> dict[int, Windows]:
    """The table of each ``-c`` by its number, 0 where there was one only; streams as the longest row has them.

    Times are not known: row n counts as seen after n intervals.
    """
    streams: dict[int, int] = {}
    for row in rows(lines(console)):
        streams[row.instance] = max(streams.get(row.instance, 0), len(row.fps))
    collectors = {instance: Collector(count, interval_s, instance) for instance, count in streams.items()}
    for collector in collectors.values():
        for line in lines(console):
            collector.feed(line, float(interval_s * (collector.rows + 1)))
        collector.finish(float(interval_s * (collector.rows + 1)))
    return {instance: collector.windows() for instance, collector in collectors.items()}
