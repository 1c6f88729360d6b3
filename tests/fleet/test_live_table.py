"""The table of jobs on a terminal, and lines elsewhere."""

from __future__ import annotations

import io

import pytest

from dsbench.fleet.live_table import JobPhase, LiveTable, TableRow, duration, heading, seconds_left, table

ROWS = [
    TableRow("street-1", JobPhase.PASSED, "node-a", 60.0),
    TableRow("street-2", JobPhase.FAILED, "node-a", 30.0, "kitti_gate failed"),
    TableRow("street-3", JobPhase.RUNNING, "node-b", 15.0, "pytest runs"),
    TableRow("street-4", JobPhase.WAITING),
    TableRow("street-5", JobPhase.INVALID, "", 0.0, "the node was lost"),
]


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_the_heading_counts_and_estimates() -> None:
    assert heading(ROWS) == ("3 of 5 jobs ended: 1 PASSED, 1 FAILED, 1 INVALID; 1 running, 1 waiting; about 75 s left")
    assert seconds_left(ROWS) == 75  # 45 s for the one that waits, 30 s for the one that runs
    assert heading(ROWS[3:4]) == "0 of 1 job ended; 1 waiting"


def test_rows_that_run_come_first_and_lines_fit() -> None:
    lines = table(ROWS, 40, 24)
    assert [line.split()[0] for line in lines[1:]] == ["street-3", "street-5", "street-2", "street-1", "street-4"]
    assert all(len(line) < 40 for line in lines)
    short = table(ROWS, 80, 5)
    assert len(short) == 4
    assert short[-1] == "  and 3 more"


def test_hostile_names_are_inert() -> None:
    lines = table([TableRow("\x1b[2J\n::error::x\u202e", JobPhase.RUNNING, "\x07host", 1.0, "\x1b]0;t\x07")], 120, 24)
    assert len(lines) == 2
    assert all(line.isprintable() for line in lines)


def test_events_are_lines_where_there_is_no_terminal() -> None:
    stream = io.StringIO()
    shown = LiveTable(stream, lambda: ROWS)
    shown.tick()
    shown.event("street-1: passed\x1b[31m")
    shown.end()
    assert stream.getvalue() == "dsbench fleet: street-1: passed\n"


def test_a_terminal_gets_the_table_below_the_events(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm")
    stream = Terminal()
    shown = LiveTable(stream, lambda: ROWS)
    shown.tick()
    shown.tick()  # not yet time
    assert stream.getvalue().count("dsbench fleet") == 1
    shown.event("street-2: failed")
    drawn = stream.getvalue().split("\x1b[6A\x1b[J")
    assert drawn[1].startswith("dsbench fleet: street-2: failed\ndsbench fleet: 3 of 5 jobs ended")


@pytest.mark.parametrize(("seconds", "text"), [(34.4, "34 s"), (300, "5 min"), (9000, "2.5 h")])
def test_durations(seconds: float, text: str) -> None:
    assert duration(seconds) == text
