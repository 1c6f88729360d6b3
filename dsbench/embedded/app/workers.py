"""The app's side of its worker processes: how the work is divided, start, reports, end."""

from __future__ import annotations

import contextlib
import math
import os
import signal
import socket
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from multiprocessing.connection import Connection

from dsbench.base.environment import QUIET
from dsbench.base.python_child import python_command
from dsbench.embedded.bench.thread_config import Rate, ThreadConfig
from dsbench.embedded.protocol import Go, Loaded, Report, WorkerJob

_MAX_LANES = 16
_MODULE = "dsbench.embedded.worker"
_TUNABLES, _LARGE_PAGES = "GLIBC_TUNABLES", "glibc.malloc.hugetlb=1"


@dataclass(frozen=True, slots=True)
class Division:
    """``processes`` workers with ``lanes`` threads each. Every call of the network runs on ``threads`` processors."""

    processes: int
    lanes: int
    threads: int = 1


def divide(sources: int, cpus: int, *, whole_batches: bool) -> Division:
    """Use all processors and give every worker the same number of sources, so that streams run at equal speed.

    There is one worker per processor if the sources divide evenly; otherwise threads inside the workers use the rest.
    A run that needs whole muxed batches stays in one process. Every lane holds the activations of a network, so there
    are at most 16; beyond that, ONNX Runtime's own threads are used, although they scale worse (measured on 2
    processors: 1.03 times the frames of one, two lanes 1.8 times). In a run that only counts frames this is the
    default, and a short trial of the network may choose fewer lanes with more threads (``bench/autotune.py``).
    """
    processes = 1 if whole_batches else math.gcd(max(1, sources), cpus)
    per_process = max(1, cpus // processes)
    lanes = min(per_process, _MAX_LANES)
    return Division(processes, lanes, per_process // lanes)


class Worker:
    """A running worker process."""

    def __init__(self, job: WorkerJob) -> None:
        self.job = job
        self.last: Report | None = None
        ours, theirs = socket.socketpair()
        descriptor = theirs.fileno()
        self._process = subprocess.Popen(
            python_command(_MODULE, str(descriptor), str(os.getpid())),
            stdin=subprocess.DEVNULL,
            pass_fds=(descriptor, job.state_descriptor),
            env=_environment(),
        )
        theirs.close()
        self.connection: Connection[WorkerJob | Go, Report] = Connection(ours.detach())
        self.connection.send(job)

    @property
    def rates(self) -> tuple[Rate, ...]:
        """The measured rates of its thread configurations, from its Loaded report."""
        return self.last.rates if isinstance(self.last, Loaded) else ()

    def go(self, config: ThreadConfig | None) -> None:
        """Start a worker that has loaded. A worker that has just died is detected when its reports end."""
        with contextlib.suppress(OSError):
            self.connection.send(Go(config))

    def receive(self) -> Report | None:
        """The next report; None if the process has ended without one."""
        try:
            self.last = self.connection.recv()
        except (EOFError, OSError):
            return None
        return self.last

    def exit_status(self) -> int:
        """Wait for the end; returns the exit status, or minus the signal number."""
        return self._process.wait()

    def kill(self) -> None:
        """Kill the process."""
        with contextlib.suppress(ProcessLookupError):
            self._process.kill()
        self._process.wait()
        self.connection.close()

    def wait(self, seconds: float) -> None:
        """Wait ``seconds`` for the process to end (its C libraries flush their output), then kill it."""
        try:
            self._process.wait(seconds)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()


def die_by(signal_number: int) -> None:
    """End this process by the signal that ended a worker, so that the caller of the app sees it."""
    import resource

    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    with contextlib.suppress(OSError, ValueError):
        signal.signal(signal_number, signal.SIG_DFL)
    os.kill(os.getpid(), signal_number)


def with_large_pages(environment: Mapping[str, str]) -> dict[str, str]:
    """``environment`` that makes the C library request large pages: frames and activations are megabytes.

    Measured on one core: 6 to 10 % less processor time per frame. Kernels and C libraries without support ignore it.
    """
    before = environment.get(_TUNABLES)
    return {**environment, _TUNABLES: f"{before}:{_LARGE_PAGES}" if before else _LARGE_PAGES}


def _environment() -> dict[str, str]:
    """NumPy starts no threads in the worker, and ONNX Runtime sends no telemetry."""
    return {**with_large_pages(os.environ), **QUIET, "OPENBLAS_NUM_THREADS": "1"}
