"""Rows that stop before the run does, and rows that were cut."""

from __future__ import annotations

from dataclasses import replace

from dsbench.formats.perf.windows import Windows
from dsbench.judge.run.reasons import rows_lost, silent


def table(*rows: tuple[float, ...]) -> Windows:
    return Windows(2, len(rows[0]), tuple(2.0 * number for number in range(1, len(rows) + 1)), rows)


def test_rows_that_end_before_the_run_does() -> None:
    rows = table((30.0,), (30.0,))  # seen after 2 and 4 s
    assert silent.silent_s(rows, 8.9) == 0.0
    assert silent.silent_s(rows, 9.0) == 5.0
    assert silent.silent_s(Windows(2, 1, (), ()), 60) == 0.0


def test_cut_rows_are_no_silence() -> None:
    rows = replace(table((30.0,), (30.0,)), broken=3, begun_s=(2.0, 4.0, 6.0, 8.0, 10.0))
    assert silent.silent_s(rows, 14.9) == 0.0
    assert silent.silent_s(rows, 15.0) == 5.0
    assert rows_lost.unread_s(rows) == 6.0
    assert rows_lost.unread_s(replace(rows, begun_s=(2.0, 4.0, 6.0, 8.0))) == 4.0
    assert rows_lost.unread_s(replace(rows, begun_s=(2.0, 4.0, 9.0))) == 0.0, "one row, however late its rest"
    assert rows_lost.unread_s(table((30.0,))) == rows_lost.unread_s(Windows(2, 1, (), ())) == 0.0
