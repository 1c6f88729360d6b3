"""silent: no PERF row came although one was due.

A timer in the app's main loop prints the rows. If none comes, the main loop is blocked, which no window shows.
"""

from __future__ import annotations

from dsbench.formats.perf.windows import Windows
from dsbench.judge.run.elapsed import missing_s
from dsbench.judge.run.judged_run import JudgedRun
from dsbench.judge.run.reason import Reason, ReasonCode
from dsbench.judge.run.steady import all_begun

MIN_INTERVALS = 2.5
"""After this many intervals without a row, rows are missing and not just late."""
MIN_FROZEN_S = 2.7
"""Seconds longer than usual between two rows."""


def find(run: JudgedRun) -> Reason | None:
    """Rows stopped before the run did."""
    if not run.context.due_s or not (pause := silent_s(run.windows, run.context.due_s)):
        return None
    text = f"no PERF row came in the last {pause:.1f} s of the run, so the figures cover only the time before"
    return Reason(ReasonCode.SILENT, f"{text}: read the log")


def find_gap(run: JudgedRun) -> Reason | None:
    """A row within the run came late, and the rows after it were delayed as well."""
    if not (frozen := frozen_s(run.windows)):
        return None
    text = f"the app printed no PERF row for {frozen:.1f} s longer than usual"
    return Reason(ReasonCode.SILENT, f"{text}: the app or the machine was stalled; read the log")


def frozen_s(windows: Windows) -> float:
    """Seconds longer than usual without a row of any kind, once all streams have begun; 0 below ``MIN_FROZEN_S``."""
    whole = windows.at_s[all_begun(windows) :]
    every = tuple(at_s for at_s in windows.begun_s if at_s >= whole[0]) or whole
    missing = missing_s(every, windows.interval_s)
    return missing if missing >= MIN_FROZEN_S else 0.0


def silent_s(windows: Windows, seconds: float) -> float:
    """Seconds without a PERF row of any kind at the end of a run of ``seconds``; 0 where none was due or none came at
    all. A row that other output cut counts as one."""
    if windows.last_row_s is None:
        return 0.0
    pause = seconds - windows.last_row_s
    return pause if pause >= MIN_INTERVALS * windows.interval_s else 0.0
