"""rows-lost: other output cut PERF rows, too many or too late ones for the rest to represent the run."""

from __future__ import annotations

from dsbench.formats.perf.windows import Windows
from dsbench.judge.run.elapsed import missing_s
from dsbench.judge.run.judged_run import JudgedRun
from dsbench.judge.run.reason import Reason, ReasonCode
from dsbench.judge.run.reasons import silent
from dsbench.judge.run.steady import all_begun

_MAX_FIRST_LOST = 2
"""Rows at the beginning that may be lost."""
_MIN_LAST_LOST = 2
"""Rows at the end; a single one may have been cut by Ctrl-C."""


def find(run: JudgedRun) -> Reason | None:
    """More rows were lost than are whole, or the last ones were."""
    whole, broken = len(run.windows.fps), run.windows.broken
    if broken > whole:
        return _reason(f"{broken} PERF rows, {f'more than the {whole} whole ones' if whole else 'all that came'}")
    if unread := unread_s(run.windows):
        return _reason(f"every PERF row of the last {unread:.1f} s")
    return None


def find_gap(run: JudgedRun) -> Reason | None:
    """The first rows were lost although a stream had begun, or several one after the other."""
    table = run.windows
    first_lost = bool(table.number) and not table.earlier and table.number[0] > _MAX_FIRST_LOST + 1
    if first_lost and (any(table.fps[0]) or any(map(any, table.avg[:1]))):
        return _reason(f"the first {table.number[0] - 1} PERF rows")
    unread = missing_s(table.at_s[all_begun(table) :], table.interval_s)
    if unread >= silent.MIN_INTERVALS * table.interval_s and not silent.frozen_s(table):
        return _reason(f"every PERF row for {unread:.1f} s")
    return None


def unread_s(windows: Windows) -> float:
    """Seconds at the end in which rows came but none was whole; 0 for a single one."""
    if windows.last_row_s is None:
        return 0.0
    last = windows.at_s[-1] if windows.at_s else 0.0
    return windows.last_row_s - last if sum(begun > last for begun in windows.begun_s) >= _MIN_LAST_LOST else 0.0


def _reason(which: str) -> Reason:
    text = f"other output cut {which}, or they contain inf or nan: lower the log level (GST_DEBUG)"
    return Reason(ReasonCode.ROWS_LOST, text)
