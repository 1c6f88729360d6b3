"""Samples GPU and CPU while a benchmark runs: a thread of its own that never disturbs or fails the run.

    with telemetry.sampler("deepstream", gpu_id=0) as sampler:
        run the app
    series = sampler.series()

Whatever a source does (no NVML, a GPU that is lost, a driver that hangs), the run goes on and the series says why it
has gaps. The first row is taken before the app starts.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from types import TracebackType
from typing import Protocol

from dsbench.formats.telemetry import SECONDS, OtherProcess, Series, rounded
from dsbench.machine.app_processes import AppProcesses
from dsbench.machine.telemetry.cpu import CpuSource
from dsbench.machine.telemetry.gpu import GpuSource, SourceGone

EVERY_S = 0.5
_MOST_ROWS = 4000
_OPEN_WITHIN_S = 10.0
_STOP_WITHIN_S = 5.0


class Source(Protocol):
    """Where samples come from. ``open``, ``read`` and ``close`` are called in the sampling thread alone."""

    @property
    def columns(self) -> tuple[str, ...]:
        """What ``read`` returns, in order."""

    @property
    def device(self) -> str:
        """What is sampled, once it is open."""

    def open(self) -> None:
        """Get ready; raises SourceGone where there is nothing to be sampled."""

    def read(self, *, before_run: bool) -> tuple[float | None, ...]:
        """One sample, ``before_run`` while the app is not started; raises SourceGone when nothing more is to be had."""

    def close(self) -> None:
        """Let go."""


def sampler(runtime: str, gpu_id: int, every_s: float = EVERY_S) -> Sampler:
    """What is worth sampling for a runtime: the CPU always, the GPU where the runtime uses it."""
    app = AppProcesses()
    sources: list[Source] = [CpuSource(app)]
    if runtime == "deepstream":
        sources.insert(0, GpuSource(gpu_id, app))
    return Sampler(sources, every_s)


class Sampler:
    """A context manager: samples from entering to leaving it, ``series`` afterwards."""

    def __init__(self, sources: Sequence[Source], every_s: float = EVERY_S) -> None:
        self._sources = tuple(sources)
        self._every_s = every_s
        self._live = dict.fromkeys(range(len(sources)), True)
        self._rows: list[tuple[float | None, ...]] = []
        self._notes: list[str] = []
        self._busy_s: list[float] = []
        self._ready, self._stop = threading.Event(), threading.Event()
        self._running = False
        self._started = 0.0
        self._thread = threading.Thread(target=self._work, name="dsbench-telemetry", daemon=True)

    def __enter__(self) -> Sampler:
        self._started = time.monotonic()
        self._thread.start()
        if not self._ready.wait(_OPEN_WITHIN_S):
            self._notes.append(f"telemetry had not started after {_OPEN_WITHIN_S:.0f} s; the run did not wait for it")
        self._running = True
        self._started = time.monotonic()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop.set()
        self._thread.join(_STOP_WITHIN_S)
        if self._thread.is_alive():  # in a call of the driver that does not return; the thread dies with the process
            self._notes.append("telemetry hangs in the driver: its last samples are missing")

    def series(self) -> Series:
        """What was sampled; complete once the context has been left. Columns that nobody could fill are left out."""
        names = (SECONDS, *(name for source in self._sources for name in source.columns))
        rows = tuple(self._rows)
        told = [index for index in range(len(names)) if index == 0 or any(row[index] is not None for row in rows)]
        notes, processes = list(self._notes), list[OtherProcess]()
        for source in self._sources:
            if isinstance(source, GpuSource):
                processes += source.others()
                notes += source.notes
        cost = 1000 * sum(self._busy_s) / len(self._busy_s) if self._busy_s else None
        return Series(
            devices=tuple(source.device for source in self._sources if source.device),
            columns=tuple(names[index] for index in told),
            rows=tuple(tuple(row[index] for index in told) for row in rows),
            processes=tuple(processes),
            notes=tuple(dict.fromkeys(notes)),
            sample_ms=None if cost is None else round(cost, 2),
        )

    def _work(self) -> None:
        try:
            for number in self._live:
                self._guarded(number, "open")
            self._sample()  # the machine before the run
            self._ready.set()
            next_at = time.monotonic() + self._every_s
            while not self._stop.wait(max(0.0, next_at - time.monotonic())):
                self._sample()
                # a sample that took longer than the interval is not made up for
                next_at = max(next_at + self._every_s, time.monotonic())
        finally:
            self._ready.set()
            for number in range(len(self._sources)):
                self._guarded(number, "close")

    def _sample(self) -> None:
        began = time.monotonic()
        row: list[float | None] = [round(began - self._started, 2) if self._running else 0.0]
        for number, source in enumerate(self._sources):
            values = self._guarded(number, "read") if self._live[number] else None
            row += [
                rounded(name, value)
                for name, value in zip(source.columns, values or (None,) * len(source.columns), strict=True)
            ]
        self._rows.append(tuple(row))
        self._busy_s.append(time.monotonic() - began)
        if len(self._rows) >= _MOST_ROWS:  # a run of hours: every second sample will do
            self._rows = self._rows[::2]
            self._every_s *= 2

    def _guarded(self, number: int, what: str) -> tuple[float | None, ...] | None:
        """Call a source; one that fails is left out from then on, with a note."""
        source = self._sources[number]
        try:
            if what == "open":
                source.open()
            elif what == "close":
                source.close()
            else:
                return source.read(before_run=not self._running)
        except SourceGone as gone:
            self._gone(number, str(gone))
        except Exception as error:  # telemetry must never fail a run
            self._gone(number, f"{type(source).__name__}: {type(error).__name__}: {error}")
        return None

    def _gone(self, number: int, why: str) -> None:
        self._live[number] = False
        when = f" (after {time.monotonic() - self._started:.1f} s)" if self._running else ""
        self._notes.append(f"{why}{when}")
