"""The app's main loop: workers, keys, signals and PERF timers, until all application instances have ended."""

from __future__ import annotations

import contextlib
import os
import selectors
import signal
import time
from dataclasses import dataclass, field
from enum import Enum, auto
from itertools import groupby
from types import FrameType

from dsbench.embedded import messages
from dsbench.embedded.app.perf import PerfReporter
from dsbench.embedded.app.shared_state import SharedState
from dsbench.embedded.app.workers import Worker, die_by
from dsbench.embedded.bench.thread_config import ThreadConfig, choose
from dsbench.embedded.messages import BusMessage
from dsbench.embedded.protocol import Loaded, Playing, Report, RunFailed, RunFinished, StartFailed, WorkerJob

_KEY_PERIOD_S = 0.04
_DRAIN_S = 30.0
_EXIT_S = 5.0
_STDIN, _WAKEUP = "stdin", "wakeup"


class _Phase(Enum):
    LOADING = auto()
    READY = auto()
    RUNNING = auto()
    ENDED = auto()


@dataclass(slots=True)
class Perf:
    """One instance's PERF timer; ``due`` is a time.monotonic() value."""

    reporter: PerfReporter
    period: float
    due: float


@dataclass(slots=True)
class Outcome:
    """How the run ended. ``bus``: messages to print after ``Quitting``; ``to_paused``: the pipeline never started."""

    ok: bool = True
    to_paused: bool = False
    crash: int = 0
    bus: tuple[BusMessage, ...] = field(default_factory=tuple)


class MainLoop:
    """The workers of all instances from start to end. Prints deepstream-app's lines."""

    def __init__(self, jobs: tuple[WorkerJob, ...], state: SharedState, perf: list[Perf], *, tiler: bool) -> None:
        self._state = state
        self._perf = perf
        self._tiler = tiler
        self._phase = _Phase.LOADING
        self._outcome = Outcome()
        self._interrupted = False
        self._keys_at = 0.0
        self._selector = selectors.DefaultSelector()
        self._wake_read, self._wake_write = os.pipe()
        os.set_blocking(self._wake_read, False)
        os.set_blocking(self._wake_write, False)
        self._workers = [Worker(job) for job in jobs]
        self._open = list(self._workers)

    def run(self) -> Outcome:
        """Run until every source has ended, a failure, SIGINT or ``q``."""
        self._selector.register(self._wake_read, selectors.EVENT_READ, _WAKEUP)
        for worker in self._workers:
            self._selector.register(worker.connection, selectors.EVENT_READ, worker)
        before = signal.signal(signal.SIGINT, self._on_interrupt)
        wakeup_before = signal.set_wakeup_fd(self._wake_write, warn_on_full_buffer=False)
        try:
            while self._phase is not _Phase.ENDED:
                self._step()
            self._end()
        finally:
            signal.set_wakeup_fd(wakeup_before)
            signal.signal(signal.SIGINT, before)
            for worker in self._workers:
                worker.kill()
            self._selector.close()
            os.close(self._wake_read)
            os.close(self._wake_write)
        if self._outcome.crash:
            die_by(self._outcome.crash)
        return self._outcome

    def _on_interrupt(self, number: int, frame: FrameType | None) -> None:
        messages.app_error("_intr_handler:136", "User Interrupted.. \n")
        self._interrupted = True
        signal.signal(signal.SIGINT, signal.SIG_DFL)  # as in deepstream-app, a second one ends it at once

    def _step(self) -> None:
        """Wait for the next event: a worker's report, a key, a signal or a PERF timer."""
        now = time.monotonic()
        self._watch_keys(now)
        for key, _ in self._selector.select(self._patience(now)):
            if key.data is _WAKEUP:
                with contextlib.suppress(BlockingIOError):
                    os.read(self._wake_read, 64)
            elif key.data is _STDIN:
                self._read_key()
            elif self._phase is not _Phase.ENDED:
                self._receive(key.data)
        if self._interrupted and self._phase is not _Phase.ENDED:
            self._stop()
        if self._phase in (_Phase.RUNNING, _Phase.READY):
            self._report_perf(time.monotonic())

    def _patience(self, now: float) -> float | None:
        waits = [perf.due - now for perf in self._perf]
        if self._keys_at > now:
            waits.append(self._keys_at - now)
        return max(0.0, min(waits)) if waits and self._phase is not _Phase.LOADING else None

    # --- workers ---------------------------------------------------------------------------------------------

    def _receive(self, worker: Worker) -> None:
        report = worker.receive()
        if report is None:
            self._selector.unregister(worker.connection)
            self._open.remove(worker)
            if not isinstance(worker.last, (RunFinished, RunFailed, StartFailed)):
                self._died(worker)
            return
        self._judge(report)
        if self._phase is not _Phase.ENDED:
            self._advance()

    def _judge(self, report: Report) -> None:
        """Print the messages of a report; a failure ends the run."""
        if isinstance(report, StartFailed):
            self._fail(Outcome(ok=False, to_paused=True, bus=report.bus))
        elif isinstance(report, RunFailed):
            for message in report.bus:
                messages.bus_error(message)
            if report.note:
                messages.own(report.note)
            self._fail(Outcome(ok=False))
        elif isinstance(report, RunFinished) and report.note:
            messages.own(report.note)
            self._outcome.ok = False

    def _advance(self) -> None:
        """Print deepstream-app's line when all workers have reached the next phase."""
        if self._phase is _Phase.LOADING and self._all(Loaded):
            self._phase = _Phase.READY
            configs = self._thread_configs()
            messages.out(messages.RUNTIME_COMMANDS)
            if self._tiler:
                messages.out(messages.TILER_NOTES)
            messages.app_info("bus_callback:642", "Pipeline ready\n")
            for worker, config in zip(self._workers, configs, strict=True):
                worker.go(config)
        if self._phase is _Phase.READY and self._all(Playing, RunFinished):
            self._phase = _Phase.RUNNING
            messages.app_info("bus_callback:628", "Pipeline running\n")
        if self._phase is _Phase.RUNNING and self._all(RunFinished):
            self._phase = _Phase.ENDED
            messages.app_info("bus_callback:685", "Received EOS. Exiting ...\n")

    def _thread_configs(self) -> list[ThreadConfig | None]:
        """The thread configuration of each worker. Every instance chooses for itself and prints its choice once."""
        configs: list[ThreadConfig | None] = []
        several = len({worker.job.instance for worker in self._workers}) > 1
        for instance, group in groupby(self._workers, lambda worker: worker.job.instance):
            workers = list(group)
            choice = choose([worker.rates for worker in workers])
            if choice is not None:
                messages.own(choice.line(f"the network of instance {instance}" if several else "the network"))
            configs += [choice.config if choice is not None else None] * len(workers)
        return configs

    def _all(self, *kinds: type[Report]) -> bool:
        return all(isinstance(worker.last, kinds) for worker in self._workers)

    def _fail(self, outcome: Outcome) -> None:
        self._outcome = outcome
        self._phase = _Phase.ENDED

    def _died(self, worker: Worker) -> None:
        """A worker ended without a report. A crash in the parser or in a library is the app's crash."""
        status = worker.exit_status()
        streams = ", ".join(str(pad.pad) for pad in worker.job.pads)
        if status >= 0:
            messages.own(f"the worker of stream {streams} ended unexpectedly (status {status})")
            self._fail(Outcome(ok=False))
            return
        name = signal.Signals(-status).name if -status in set(signal.Signals) else f"signal {-status}"
        library = ""
        if worker.job.detector is not None and worker.job.detector.config.custom_lib_path is not None:
            library = f"; the parser {worker.job.detector.config.custom_lib_path} runs in it"
        messages.own(f"the worker of stream {streams} was ended by {name}{library}")
        self._fail(Outcome(ok=False, crash=-status))

    # --- the end ---------------------------------------------------------------------------------------------

    def _stop(self) -> None:
        """SIGINT or ``q``: frames in flight are finished and written. The run is a success."""
        self._phase = _Phase.ENDED

    def _end(self) -> None:
        self._state.request_stop()
        if self._outcome.ok:
            self._drain()
            for worker in self._workers:
                worker.wait(_EXIT_S)

    def _drain(self) -> None:
        """Read the last reports of workers that are finishing; kill those that have not started."""
        deadline = time.monotonic() + _DRAIN_S
        for worker in self._open:
            if worker.last is None or isinstance(worker.last, Loaded):
                worker.kill()
            while isinstance(worker.last, Playing):
                if not worker.connection.poll(max(0.0, deadline - time.monotonic())):
                    break
                report = worker.receive()
                if report is None:
                    self._died(worker)
                    break
                self._judge(report)

    # --- PERF and keys ---------------------------------------------------------------------------------------

    def _report_perf(self, now: float) -> None:
        for perf in self._perf:
            if now >= perf.due:
                perf.reporter.report(now, messages.out)
                perf.due = max(perf.due + perf.period, now)

    def _watch_keys(self, now: float) -> None:
        """Poll stdin at most every 40 ms, one byte at a time, and only in a foreground process."""
        watched = any(key.data is _STDIN for key in self._selector.get_map().values())
        wanted = self._keys_at >= 0 and now >= self._keys_at and self._phase is not _Phase.LOADING
        if wanted == watched:
            return
        if not wanted:
            self._selector.unregister(0)
        elif not _may_read_stdin():
            self._keys_at = -1.0
        else:
            try:
                self._selector.register(0, selectors.EVENT_READ, _STDIN)
            except (OSError, ValueError):  # a regular file or no stdin at all
                self._keys_at = -1.0

    def _read_key(self) -> None:
        self._keys_at = time.monotonic() + _KEY_PERIOD_S
        try:
            key = os.read(0, 1)
        except OSError:
            key = b""
        if not key:
            # deepstream-app prints an empty line every 40 ms from here on; not imitated
            self._keys_at = -1.0
            self._selector.unregister(0)
        elif key == b"q":
            self._stop()
        elif key == b"h":
            messages.out(messages.RUNTIME_COMMANDS)
        elif key in (b"p", b"r"):
            self._state.set_paused(key == b"p")


def _may_read_stdin() -> bool:
    """False for a background process: reading the terminal would stop it."""
    try:
        return not os.isatty(0) or os.tcgetpgrp(0) == os.getpgrp()
    except OSError:
        return False
