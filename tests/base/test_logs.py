"""Logs of any size: which lines are read, and their numbers."""

from __future__ import annotations

import io
from pathlib import Path

import pytest

from dsbench.base import logs
from dsbench.base.logs import Extent


def _numbered(count: int) -> bytes:
    return b"".join(b"line %06d\n" % number for number in range(1, count + 1))


def test_a_short_log_is_read_whole() -> None:
    assert list(logs.parts(io.BytesIO(b"a\nb"))) == [logs.LogPart(b"a\nb")]


def test_of_a_long_log_beginning_and_end_are_read_and_the_lines_keep_their_numbers() -> None:
    log = _numbered(1_000_000)
    first, last = logs.parts(io.BytesIO(log), Extent(100, 100))
    assert first.data.endswith(b"line 000009\n")
    assert last.data.startswith(b"line %06d\n" % last.first)
    assert last.data.endswith(b"line 1000000\n")
    assert len(first.data) + last.skipped + len(last.data) == len(log)


def test_parts_that_meet_lose_nothing() -> None:
    log = _numbered(1000)
    first, last = logs.parts(io.BytesIO(log), Extent(100, 1 << 20))
    assert first.data + last.data == log
    assert (last.first, last.skipped) == (first.data.count(b"\n") + 1, 0)


CASES = {
    "carriage returns": (b"a\r\nb\rc", ["a\n", "b\n", "c"]),
    "empty lines are folded": (b"a" + b"\n" * 1000 + b"b\n", ["a\n", "\n", "b\n"]),
    "not UTF-8": (b"\xff\n", ["\ufffd\n"]),
    "no line end": (b"x" * (logs.LONGEST_LINE + 1), ["x" * logs.LONGEST_LINE, "x"]),
}


@pytest.mark.parametrize("case", CASES)
def test_lines(tmp_path: Path, case: str) -> None:
    data, wanted = CASES[case]
    (tmp_path / "log").write_bytes(data)
    assert list(logs.lines(tmp_path / "log")) == wanted


def test_only_the_first_bytes_count(tmp_path: Path) -> None:
    (tmp_path / "log").write_bytes(b"one\ntwo\nthree\n")
    assert list(logs.lines(tmp_path / "log", size=8)) == ["one\n", "two\n"]
    assert b"".join(logs.blocks(tmp_path / "log", size=5)) == b"one\nt"


def test_lines_with_a_word() -> None:
    block = b"an engine\nnothing\nApp run: engine, engine\n\nlast engine"
    assert logs.lines_with(block, (b"App run", b"engine")) == [b"an engine", b"App run: engine, engine", b"last engine"]
    assert logs.lines_with(block, (b"GPU",)) == []


def test_what_is_not_read_is_said() -> None:
    assert logs.unread(40 << 20) == ""
    assert logs.unread(1 << 30) == "the log has 1024 MiB: only its first 24 and its last 16 MiB were read"
