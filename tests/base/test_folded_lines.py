"""Excerpts of logs: repeated lines are folded with their count, whatever time, address or process number they carry."""

from __future__ import annotations

from pathlib import Path

import pytest

from dsbench.base import text

WARNING = (
    "(deepstream-app:{pid}): GStreamer-WARNING **: 22:28:55.{number:03}: gst_pad_chain_data_unchecked: "
    "Got data flow before segment event"
)


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        (WARNING.format(pid=7, number=1), WARNING.format(pid=812, number=2), True),
        ("0:00:01.559445090 12 0x55d2a0 WARN x: y", "0:00:02.000000001  8123 0x7ff0 WARN x: y", True),
        ("[11/30/2026-10:00:01] [W] x", "[12/01/2026-11:22:33] [W] x", True),
        ("2026-11-30T10:00:00.1 host app[12]: x", "2026-11-30T10:00:01.2 host app[99]: x", True),
        ("worker pid 12 waits", "worker pid 13 waits", True),
        ("**PERF:  29.90 (30.00)\t", "**PERF:  29.91 (30.00)\t", False),
        ("class 3: 12 objects", "class 4: 12 objects", False),
        ("x of nvv4l2decoder0", "x of nvv4l2decoder1", False),
    ],
)
def test_what_counts_as_the_same_line(one: str, other: str, same: bool) -> None:
    assert text.folded([one, other]) == ([f"{one.rstrip()}  [2 times]"] if same else [one.rstrip(), other.rstrip()])


def test_lines_of_threads_that_print_alternately_are_folded() -> None:
    lines = [f"{kind} at 0x{number:x}" for number in range(100) for kind in ("a", "b", "")]
    assert text.folded(lines) == ["a at 0x0  [100 times]", "b at 0x0  [100 times]", " at 0x0  [100 times]"]


def test_the_tail_of_a_log_of_warnings_shows_what_came_before_and_after(tmp_path: Path) -> None:
    log = tmp_path / "run.log"
    flood = "\n\n".join(WARNING.format(pid=7, number=number % 1000) for number in range(11_251))
    log.write_text(f"started\ncause of it all\n{flood}\nApp run failed\n")
    shown = text.tail(log)
    assert shown[:2] == ("started", "cause of it all")
    assert shown[2].endswith("Got data flow before segment event  [11251 times]")
    assert shown[3:] == ("App run failed",)
    assert len(text.last_lines(log)) == 15
    assert text.tail(log, 1) == ("App run failed",)


def test_the_last_line_stays_the_last(tmp_path: Path) -> None:
    log = tmp_path / "run.log"
    log.write_text("a\nb\na\n")
    assert text.tail(log) == ("b", "a  [2 times]")
    assert text.tail(tmp_path / "none") == ()
