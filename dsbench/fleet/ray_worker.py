"""A job in a Ray worker: its files come from the driver if nothing else has them, its results go to the driver."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from dsbench.fleet import job, scratch, work
from dsbench.fleet.job import FleetJob, JobFile
from dsbench.fleet.ray_files import CHUNK, pieces_of
from dsbench.fleet.ray_requests import BEGIN, END, FILE, RESULTS, SAY


def run(desk: Any, line: str, attempt: int) -> None:
    """Run the job and send its result directory; nothing is run if the driver has given up this attempt."""
    import ray

    [one] = job.from_lines([line], "the driver's plan")
    driver = _Driver(desk, one, attempt)
    if not driver.ask(BEGIN, (socket.gethostname(), ray.get_runtime_context().get_node_id())):
        return
    _forget_threads()
    with scratch.directory(one.id) as folder:
        results = folder / one.id
        work.run_job(
            replace(one, results=str(results)),
            fetch=driver.content,
            attempts=attempt,
            announce=lambda text: driver.ask(SAY, text.removeprefix(f"{one.id}: ")),
        )
        for pieces in pieces_of(results):
            driver.ask(RESULTS, pieces)
        driver.ask(END, None)


def _forget_threads() -> None:
    """Ray sets OMP_NUM_THREADS to the CPUs of the task; a run decides itself how many threads it takes."""
    import ray

    cpus = ray.get_runtime_context().get_assigned_resources().get("CPU", 0)
    if os.environ.get("OMP_NUM_THREADS") == str(max(1, int(cpus))):
        del os.environ["OMP_NUM_THREADS"]


class _Driver:
    """The driver, as a task sees it."""

    def __init__(self, desk: Any, one: FleetJob, attempt: int) -> None:
        self._desk = desk
        self._job = one
        self._attempt = attempt

    def ask(self, kind: str, what: Any) -> Any:
        import ray

        return ray.get(self._begun(kind, what))

    def content(self, file: JobFile) -> Iterator[bytes]:
        """The chunks of an input file; the next one travels while one is written. Raises OSError."""
        import ray

        coming = self._begun(FILE, (file.sha256, 0))
        for offset in range(CHUNK, file.bytes + CHUNK, CHUNK):
            chunk = ray.get(coming)
            if isinstance(chunk, str):
                raise OSError(0, f"the driver cannot read it: {chunk}")
            coming = self._begun(FILE, (file.sha256, offset)) if offset < file.bytes else None
            yield chunk

    def _begun(self, kind: str, what: Any) -> Any:
        return self._desk.ask.remote((kind, self._job.id, self._attempt, what))
