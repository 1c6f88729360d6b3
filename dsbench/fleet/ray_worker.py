"""A job in a Ray worker: its files come from the driver if nothing else has them, its results go to the driver."""

from __future__ import annotations

import os
import signal
import socket
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace
from typing import Any

from dsbench.fleet import job, ray_requests, scratch, work
from dsbench.fleet.job import JobFile
from dsbench.fleet.ray_files import CHUNK, pieces_of
from dsbench.fleet.ray_requests import BEGIN, END, FILE, RESULTS, SAY, Request

_STEP_S = 0.2


def run(desk: Any, job_id: str, attempt: int) -> None:
    """Run the job and send its result directory; nothing is run if the driver has given up this attempt."""
    import ray

    driver = _Driver(desk, job_id, attempt)
    line = driver.ask(BEGIN, (socket.gethostname(), ray.get_runtime_context().get_node_id()))
    if not line:
        return
    [one] = job.from_lines([line], "the driver's plan")
    _as_without_ray()
    with scratch.directory(one.id) as folder:
        results = folder / one.id
        work.run_job(
            replace(one, results=str(results)),
            fetch=driver.content,
            attempts=attempt,
            announce=lambda text: driver.ask(SAY, text.removeprefix(f"{one.id}: ")),
        )
        signal.signal(signal.SIGINT, lambda *_: None)  # what has ended is sent, though the user stops the run now
        for number, pieces in enumerate(pieces_of(results)):
            driver.ask(RESULTS, (number, pieces))
        driver.ask(END, None)


def _as_without_ray() -> None:
    """A run decides itself how many threads it takes, and a benchmark has the priority of Ray's own processes: Ray sets
    OMP_NUM_THREADS to the CPUs of the task, and its workers are nice by 15. Users but root cannot take that back."""
    import ray

    cpus = ray.get_runtime_context().get_assigned_resources().get("CPU", 0)
    if os.environ.get("OMP_NUM_THREADS") == str(max(1, int(cpus))):
        del os.environ["OMP_NUM_THREADS"]
    with suppress(OSError):
        os.setpriority(os.PRIO_PROCESS, 0, os.getpriority(os.PRIO_PROCESS, os.getppid()))


class _Driver:
    """The driver, as a task sees it.

    A thread waits for its replies: Ray lends the CPUs of a task whose main thread waits in ``ray.get`` to another task.
    """

    def __init__(self, desk: Any, job_id: str, attempt: int) -> None:
        self._desk = desk
        self._job_id = job_id
        self._attempt = attempt
        self._thread = ThreadPoolExecutor(1, "dsbench-driver")

    def ask(self, kind: str, what: Any) -> Any:
        return _reply(self._begun(kind, what))

    def content(self, file: JobFile) -> Iterator[bytes]:
        """The chunks of an input file; the next one travels while one is written. Raises OSError."""
        coming = self._begun(FILE, (file.sha256, 0))
        for offset in range(CHUNK, file.bytes + CHUNK, CHUNK):
            chunk = _reply(coming)
            if not isinstance(chunk, bytes):
                raise OSError(0, f"the driver does not give it: {chunk or 'it has given up this attempt'}")
            if offset < file.bytes:
                coming = self._begun(FILE, (file.sha256, offset))
            yield chunk

    def _begun(self, kind: str, what: Any) -> Future[Any]:
        return self._thread.submit(self._asked, (kind, self._job_id, self._attempt, what))

    def _asked(self, request: Request) -> Any:
        return ray_requests.ask(lambda: self._desk.ask.remote(request))


def _reply(coming: Future[Any]) -> Any:
    """Wait in short steps: Ray's way to cancel a task does not wake its main thread."""
    while True:
        try:
            return coming.result(_STEP_S)
        except TimeoutError:
            if coming.done():  # the reply is this exception
                raise
