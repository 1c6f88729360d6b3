"""Samples of processor and memory: psutil for the machine, /proc for the app, the control group for its limits."""

from __future__ import annotations

import os
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dsbench.base.cpus import quota_folders, usable_cpus
from dsbench.formats.telemetry import CPU_COLUMNS
from dsbench.machine.app_processes import AppProcesses, AppUse
from dsbench.machine.hardware import cpu_name

_SLOW_EVERY = 4
"""Clocks and temperatures take a file for each core: every fourth sample."""
_CHIPS = ("coretemp", "k10temp", "zenpower", "cpu_thermal", "cpu-thermal", "acpitz")


@dataclass(frozen=True)
class _Moment:
    """Counters at one time: seconds of each core (busy, steal, all), our own and the quota's."""

    at: float
    busy: tuple[float, ...]
    total: tuple[float, ...]
    steal: float
    ours_s: float
    periods: int
    throttled: int


class CpuSource:
    """Columns of the processor, in the order of ``CPU_COLUMNS``."""

    columns = tuple(column.name for column in CPU_COLUMNS)

    def __init__(self, app: AppProcesses) -> None:
        self._app = app
        self._quotas = quota_folders()
        self._last: _Moment | None = None
        self._count = 0
        self._slow_works = [True, True]

    @property
    def device(self) -> str:
        return f"{cpu_name()}, {usable_cpus()} of {os.cpu_count()} cores usable"

    def open(self) -> None:
        """Nothing has to be opened; psutil is imported here, in the sampling thread."""
        import psutil  # noqa: F401

    def close(self) -> None:
        """Nothing has to be closed."""

    def read(self, *, before_run: bool) -> tuple[float | None, ...]:
        """One sample; fractions of time refer to the time since the last one and are None in the first."""
        import psutil

        now, last = self._moment(), self._last
        self._last = now
        app = self._app.look()
        available = psutil.virtual_memory().available / 2**20
        mhz, temperature = self._slow() if self._count % _SLOW_EVERY == 0 else (None, None)
        self._count += 1
        fractions = _fractions(last, now, app) if last is not None else (None,) * 7
        *loads, throttled = fractions
        return (*loads, os.getloadavg()[0], app.rss_mib, available, throttled, mhz, temperature)

    def _moment(self) -> _Moment:
        import psutil

        busy, total, steal = [], [], 0.0
        for core in psutil.cpu_times(percpu=True):
            stolen = getattr(core, "steal", 0.0)
            used = core.user + core.nice + core.system + getattr(core, "irq", 0.0) + getattr(core, "softirq", 0.0)
            busy.append(used)
            total.append(used + stolen + core.idle + getattr(core, "iowait", 0.0))
            steal += stolen
        periods, throttled = quota_counters(self._quotas)
        return _Moment(time.monotonic(), tuple(busy), tuple(total), steal, time.process_time(), periods, throttled)

    def _slow(self) -> tuple[float | None, float | None]:
        """Clock and temperature; what is not there once is not asked for again."""
        import psutil

        mhz = temperature = None
        if self._slow_works[0]:
            mhz = _quietly(lambda: psutil.cpu_freq().current) or None
            self._slow_works[0] = mhz is not None
        if self._slow_works[1]:
            temperature = _quietly(lambda: _hottest(psutil.sensors_temperatures()))
            self._slow_works[1] = temperature is not None
        return mhz, temperature


def _quietly(ask: Any) -> float | None:
    """psutil raises all kinds of things over sysfs files that a machine does not have."""
    try:
        value = ask()
    except Exception:
        return None
    return float(value) if value is not None else None


def _hottest(sensors: Any) -> float | None:
    values = [
        entry.current for chip in _CHIPS for entry in sensors.get(chip, ()) if entry.current and entry.current > 0
    ]
    return max(values, default=None)


def _fractions(last: _Moment, now: _Moment, used: AppUse) -> tuple[float | None, ...]:
    """Percent of the time between two moments: all cores, busiest, app, its waiting, others, steal, periods of the used
    up quota."""
    seconds = now.at - last.at
    totals = [b - a for a, b in zip(last.total, now.total, strict=False)]
    busy = [max(0.0, b - a) for a, b in zip(last.busy, now.busy, strict=False)]
    app = 100 * used.cpu_s / seconds if seconds > 0 else None
    waited = 100 * used.wait_s / seconds if seconds > 0 and used.wait_s is not None else None
    periods = now.periods - last.periods
    throttled = 100 * (now.throttled - last.throttled) / periods if periods > 0 else (0.0 if now.periods else None)
    if sum(totals) <= 0 or seconds <= 0:  # some sandboxes keep no such counters
        return None, None, app, waited, None, None, throttled
    busiest = max(100 * core / total for core, total in zip(busy, totals, strict=True) if total > 0)
    others = max(0.0, sum(busy) - used.cpu_s - (now.ours_s - last.ours_s))
    return (
        100 * sum(busy) / sum(totals),
        min(100.0, busiest),
        app,
        waited,
        100 * others / seconds,
        max(0.0, 100 * (now.steal - last.steal) / sum(totals)),
        throttled,
    )


def quota_counters(folders: tuple[Path, ...]) -> tuple[int, int]:
    """Periods of the quotas so far, and in how many of them it was used up; the most throttled folder counts."""
    found = [(0, 0)]
    for folder in folders:
        try:
            words = dict(line.split()[:2] for line in (folder / "cpu.stat").read_text().splitlines())
            found.append((int(words["nr_periods"]), int(words["nr_throttled"])))
        except (OSError, ValueError, KeyError):
            continue
    return max(found, key=lambda pair: (pair[1], pair[0]))
