"""Logs read by blocks give the same rows and tables as line by line without short cuts: logs made by chance, cut into
blocks anywhere."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from dsbench.formats.perf import log as perf_log
from dsbench.formats.perf import windows as perf_windows
from dsbench.formats.perf.log import PerfRow, PlainRows, RowReader
from dsbench.formats.perf.windows import Collector, Windows

LOGS = 100
ODD_VALUES = (
    "inf",
    "-nan",
    "nan",
    "-1.00",
    "1000000.00",
    "1000000.01",
    "9999999.25",
    "7" * 320 + ".00",
    "30,25",
    "5.1",
)
ODD_LINES = (
    "",
    "WARNING from sink: A lot of buffers are being dropped.",
    "PERF",
    "**PERF: 30.00 (29.90)\t",
    "**PERF:  ",
    "**PERF:  WARN",
    "x**PERF:  30.00 (29.90)\t",
    "30.00 (29.90)\t31.00 (30.90)\t",
    "**PERF:  FPS 0 (A",
    "**PERF:  FPS 0 (Avg)\t(app:7): WARNING",
    "FPS 1 (Avg)\tFPS 2 (Avg)\t",
    "**PERF:  12.50. (1.00)\t",
    "cam[front door] 30.02 (29.83)\t",
)
ODD_ENDS = ("\r", " ", "\t \r", "\u00a0", "\0", "\x1b[0m", "^C** ERROR", "**PERF:  1.00 (2.00)\t")


def pairs(chance: random.Random, streams: int, odd: float) -> str:
    """What a row has behind its marker."""
    values = (
        chance.choice(ODD_VALUES)
        if chance.random() < odd
        else f"{chance.choice((7, 30, 999999)) * chance.random():.2f}"
        for _ in range(2 * streams)
    )
    return "".join(f"{fps} ({avg})\t" for fps, avg in zip(values, values, strict=True))


def stretch(chance: random.Random, streams: int, several: bool) -> Iterator[str]:
    """A header, rows behind it, other output in between."""
    if chance.random() < 0.8:
        columns = streams + (chance.random() < 0.05)
        yield "\n**PERF:  " + "".join(f"FPS {stream} (Avg)\t" for stream in range(columns)) + "\n"
    odd = chance.choice((0.0, 0.0, 0.05))
    for _ in range(chance.randrange(12)):
        marker = f"PERF({chance.randrange(3)}): " if several and chance.random() < 0.8 else "**PERF:  "
        line = marker + pairs(chance, streams + (chance.random() < odd) - (streams > 1 and chance.random() < odd), odd)
        if chance.random() < 0.06:
            at = chance.randrange(len(line))
            line = line[:at] + chance.choice(("\n", "(app:7): WARNING\n", "\x1b[32m", "")) + line[at:]
        yield line + (chance.choice(ODD_ENDS) if chance.random() < 0.06 else "") + "\n"
        if chance.random() < 0.1:
            yield chance.choice(ODD_LINES) + "\n"


def log_bytes(chance: random.Random) -> bytes:
    """A log of whole rows for the most part."""
    streams, several = chance.randrange(1, 4), chance.random() < 0.2
    text = ""
    for _ in range(chance.randrange(1, 8)):
        text += "".join(stretch(chance, streams, several))
        streams = chance.randrange(1, 4) if chance.random() < 0.2 else streams
    data = bytearray(text.encode())
    for _ in range(chance.choice((0, 0, 3))):
        at = chance.randrange(len(data) + 1)
        data[at : at + chance.randrange(3)] = chance.choice((b"", b"\n", b"7", b"\t", b"\xff"))
    return bytes(data.removesuffix(b"\n") if chance.random() < 0.5 else data)


class SlowReader(RowReader):
    """Without a short cut for lines of the usual form."""

    def _plain(self, raw: str) -> PerfRow | None:
        return None


def line_by_line(data: bytes, reader: RowReader) -> Iterator[PerfRow]:
    """The rows of a log, each line by itself."""
    lines = data.decode("utf-8", "replace").split("\n")
    for line in lines if lines[-1] else lines[:-1]:
        yield from reader.feed(line)
    yield from reader.finish()


def table(data: bytes, streams: int, seen_s: list[float], ended_s: float, instance: int) -> Windows:
    """The windows of a log, each row by itself."""
    collector = Collector(streams, 2, instance)
    collector.reader = SlowReader(streams)
    for row in line_by_line(data, collector.reader):
        collector.add((row,), seen_s[collector.rows] if collector.rows < len(seen_s) else ended_s)
    return collector.windows()


@pytest.fixture(params=range(LOGS))
def made(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[random.Random, Path]:
    """A log made by chance, to be read in blocks of a length made by chance."""
    chance = random.Random(request.param)
    monkeypatch.setattr(perf_log, "_BLOCK", chance.choice((1, 7, 100, 1000, 1 << 20)))
    monkeypatch.setattr(perf_windows, "MOST_WINDOWS", chance.choice((1, 5, 20, 10_000)))
    log = tmp_path / "log"
    log.write_bytes(log_bytes(chance))
    return chance, log


def test_rows_are_those_of_line_by_line(made: tuple[random.Random, Path]) -> None:
    _, log = made
    for streams in range(4):
        by_line, by_block = SlowReader(streams), RowReader(streams)
        expected = [(repr(row), by_line.lost) for row in line_by_line(log.read_bytes(), by_line)]
        assert [(repr(row), by_block.lost) for row in perf_log.rows(log, by_block)] == expected
        assert (by_block.lost, by_block.begun) == (by_line.lost, by_line.begun)


def test_windows_are_those_of_line_by_line(made: tuple[random.Random, Path]) -> None:
    chance, log = made
    seen_s = [2.1 * number for number in range(chance.randrange(60))]
    for streams in range(4):
        for instance in range(3):
            expected = table(log.read_bytes(), streams, seen_s, 99.5, instance)
            assert perf_windows.of_log(log, streams, 2, seen_s, 99.5, instance) == expected


def test_windows_of_every_instance_are_those_of_line_by_line(made: tuple[random.Random, Path]) -> None:
    _, log = made
    data = log.read_bytes()
    streams: dict[int, int] = {}
    for row in line_by_line(data, SlowReader()):
        streams[row.instance] = max(streams.get(row.instance, 0), len(row.fps))
    times = [2.0 * (number + 1) for number in range(1000)]
    expected = [(number, table(data, count, times, 0.0, number)) for number, count in streams.items()]
    assert list(perf_windows.of_every_instance(log, 2).items()) == expected


def test_stream0_values_are_those_of_line_by_line(made: tuple[random.Random, Path]) -> None:
    _, log = made
    lines = log.read_bytes().decode("utf-8", "replace").split("\n")
    texts = [text for line in lines for text in perf_log._SPECIFICATION.findall(line)]
    expected = [float(text) for text in texts if text.count(".") < 2 and text != "."]
    assert list(perf_log.stream0_values(log)) == expected


def test_rows_of_the_usual_form_come_together() -> None:
    data = (
        b"\n**PERF:  FPS 0 (Avg)\tFPS 1 (Avg)\t\n"
        b"**PERF:  1.00 (2.00)\t3.00 (4.00)\t\n**PERF:  5.00 (6.00)\t7.00 (8.00)\t\r\nnoise\n"
        b"**PERF:  999999.99 (2.00)\t3.00 (4.00)\t\n**PERF:  1000000.00 (2.00)\t3.00 (4.00)\t\n"
    )
    reader = RowReader(2)
    first, second, third = reader.feed_block(data)
    assert isinstance(first, PlainRows)
    assert isinstance(second, PlainRows)
    assert isinstance(third, PerfRow)
    assert list(first.rows()) == [
        PerfRow((1.0, 3.0), (2.0, 4.0), 0, 3, 2),
        PerfRow((5.0, 7.0), (6.0, 8.0), 0, 4, 2),
    ]
    assert (second.line, len(second.lines), third.line) == (6, 1, 7)
    assert perf_log.plain_row(second.lines[0])[0] == (999999.99, 3.0)
    assert reader.begun == Counter({0: 4})


def test_the_logs_made_have_rows_of_every_kind() -> None:
    found = [one for seed in range(LOGS) for one in RowReader().feed_block(log_bytes(random.Random(seed)))]
    plain = [one for one in found if isinstance(one, PlainRows)]
    single = [one for one in found if isinstance(one, PerfRow)]
    assert sum(len(one.lines) for one in plain) > len(single) / 2
    assert max(len(one.lines) for one in plain) > 8
    assert {row.instance for row in single} >= {0, 1, 2}
    assert all({True, False} == {getattr(row, what) for row in single} for what in ("complete", "repaired", "comma"))
