"""Samples GPU and CPU in a thread while a benchmark runs. It never fails the run.

    with telemetry.sampler("deepstream", gpu_id=0) as sampler:
        run the app
    series = sampler.series()

If a source fails (no NVML, a lost GPU, a driver that hangs), the run goes on and a note in the series gives the reason.
The first row is taken before the app starts.
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
_MAX_ROWS = 4000
_OPEN_WITHIN_S = 10.0
_STOP_WITHIN_S = 5.0


class SampleSource(Protocol):
    """A source of samples. Only the sampling thread calls ``open``, ``read`` and ``close``."""

    @property
    def columns(self) -> tuple[str, ...]:
        """What ``read`` returns, in order."""

    @property
    def device(self) -> str:
        """What is sampled, once it is open."""

    def open(self) -> None:
        """Prepare; raises SourceGone if there is nothing to sample."""

    def read(self, *, before_run: bool) -> tuple[float | None, ...]:
        """One sample; ``before_run``: the app has not started. Raises SourceGone if no more samples will come."""

    def close(self) -> None:
        """Release the source."""


def sampler(runtime: str, gpu_id: int, every_s: float = EVERY_S) -> Sampler:
    """Samples the CPU, and the GPU if the runtime uses it."""
    app = AppProcesses()
    sources: list[SampleSource] = [CpuSource(app)]
    if runtime == "deepstream":
        sources.insert(0, GpuSource(gpu_id, app))
    return Sampler(sources, every_s)


class Sampler:
    """A context manager that samples until it is left; ``series`` afterwards."""

    def __init__(self, sources: Sequence[SampleSource], every_s: float = EVERY_S) -> None:
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
        if self._thread.is_alive():  # a call of the driver hangs; the thread ends with the process
            self._notes.append("telemetry hangs in the driver: its last samples are missing")

    def series(self) -> Series:
        """The samples, complete once the context is left. Columns without any value are left out."""
        names = (SECONDS, *(name for source in self._sources for name in source.columns))
        rows = tuple(self._rows)
        filled = [index for index in range(len(names)) if index == 0 or any(row[index] is not None for row in rows)]
        notes, processes = list(self._notes), list[OtherProcess]()
        for source in self._sources:
            if isinstance(source, GpuSource):
                processes += source.others()
                notes += source.notes
        cost = 1000 * sum(self._busy_s) / len(self._busy_s) if self._busy_s else None
        return Series(
            devices=tuple(source.device for source in self._sources if source.device),
            columns=tuple(names[index] for index in filled),
            rows=tuple(tuple(row[index] for index in filled) for row in rows),
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
                # no catching up after a slow sample
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
        if len(self._rows) >= _MAX_ROWS:  # a run of hours: keep every second sample
            self._rows = self._rows[::2]
            self._every_s *= 2

    def _guarded(self, number: int, what: str) -> tuple[float | None, ...] | None:
        """Call a source. One that fails is dropped, with a note."""
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
