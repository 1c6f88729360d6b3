"""One job on this machine, from its inputs to its result directory."""

from __future__ import annotations

import math
import signal
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from dsbench.base import process
from dsbench.base.errors import DsbenchError
from dsbench.base.os_errors import as_dsbench_error
from dsbench.base.python_child import python_command
from dsbench.fleet import collecting, inputs, result, scratch
from dsbench.fleet.ending import Ending, ending
from dsbench.fleet.inputs import Fetch
from dsbench.fleet.job import MODELS, FleetJob, arguments
from dsbench.fleet.result import JobResult, JobState

INTERRUPTED = "interrupted"
"""Reason of a job that a signal to its process ended."""
_INI = "[pytest]\n"


def run_job(
    job: FleetJob,
    *,
    fetch: Fetch | None = None,
    attempts: int = 1,
    timeout_s: float = math.inf,
    announce: Callable[[str], object] = lambda _: None,
) -> JobResult:
    """Run a job in a directory of its own and write its result to ``job.results``; whatever happens, it has a result.

    ``fetch`` gives inputs that neither a shared path nor an object store has. ``attempts``: starts of this job, this
    one included. An INVALID result takes no place of a PASSED or FAILED one with the same key. SIGINT or SIGTERM ends
    pytest as Ctrl-C does: its partial record is kept, and the job is INVALID. Nothing of the job outlives the call.
    Call it in the main thread: pytest is killed when the thread that started it ends.
    Raises NOT_WRITABLE or FILE_ACCESS if the result cannot be written.
    """
    begun = JobResult(
        job.id, job.key, job.model, JobState.INVALID, started=_now(), host=socket.gethostname(), attempts=attempts
    )
    run = _JobRun(job, begun, fetch, timeout_s, announce)
    try:
        with _flagged_signals() as interrupted, scratch.directory(job.id) as folder:
            return run.in_directory(folder, interrupted)
    except _ResultLost as error:
        raise as_dsbench_error(error.cause) from error
    except (DsbenchError, OSError) as error:
        return _write(job, replace(begun, reason=_sentence(error)))


def invalid(job: FleetJob, reason: str, attempts: int) -> JobResult:
    """Write the result of a job that nobody could run. Raises NOT_WRITABLE or FILE_ACCESS."""
    now = _now()
    return _write(job, JobResult(job.id, job.key, job.model, JobState.INVALID, reason, None, now, now, "", attempts))


class _ResultLost(Exception):
    """The result directory could not be written."""

    def __init__(self, cause: DsbenchError | OSError) -> None:
        super().__init__(str(cause))
        self.cause = cause


@dataclass(frozen=True)
class _JobRun:
    job: FleetJob
    begun: JobResult
    fetch: Fetch | None
    timeout_s: float
    announce: Callable[[str], object]

    def in_directory(self, folder: Path, interrupted: threading.Event) -> JobResult:
        """Bring the inputs, run pytest, write the result."""
        self.announce(f"{self.job.id}: bringing {len(self.job.files)} files")
        inputs.bring(self.job, folder, self.fetch)
        model_dir = folder / MODELS / self.job.model
        (folder / "pytest.ini").write_text(_INI)
        log = model_dir / result.LOG
        self.announce(f"{self.job.id}: pytest runs")
        end = process.run(_command(self.job, folder), log, deadline_s=self.timeout_s, until=interrupted.is_set)
        found = ending(end, model_dir / result.RECORD, INTERRUPTED if interrupted.is_set() else "")
        return _write(self.job, self._finished(found, end.returncode), model_dir)

    def _finished(self, found: Ending, status: int) -> JobResult:
        known = status if status >= 0 else None
        return replace(self.begun, state=found.state, reason=found.reason, exit_status=known, ended=_now())


def _command(job: FleetJob, folder: Path) -> tuple[str, ...]:
    """Paths are relative to the job's directory, so that the record and the report show none of this machine."""
    model = f"{MODELS}/{job.model}"
    written = (f"--junitxml={model}/{result.JUNIT}", f"--html={model}/{result.REPORT}", "--ci=none")
    given = arguments(job.options, lambda option: option.place)
    words = (f"--model-dir={model}", f"--runtime={job.runtime}", *written, *given)
    return python_command("dsbench.fleet.pytest_child", str(folder), *words)


def _write(job: FleetJob, found: JobResult, model_dir: Path | None = None) -> JobResult:
    """Put a result directory into place. Raises _ResultLost."""
    found = found if found.ended else replace(found, ended=_now())
    target = Path(job.results)
    if found.state is JobState.INVALID and collecting.earlier(target, job.key) is not None:
        return found
    try:
        with collecting.replacing(target) as made:
            if model_dir is not None:
                collecting.collect(model_dir, made)
            result.write(found, made)
    except (DsbenchError, OSError) as error:
        raise _ResultLost(error) from error
    return found


@contextmanager
def _flagged_signals() -> Iterator[threading.Event]:
    """The first SIGINT or SIGTERM of the block sets the event; the next one raises KeyboardInterrupt."""
    interrupted = threading.Event()

    def note(number: int, _: object) -> None:
        if interrupted.is_set():
            raise KeyboardInterrupt(signal.Signals(number).name)
        interrupted.set()

    in_main = threading.current_thread() is threading.main_thread()
    numbers = (signal.SIGINT, signal.SIGTERM) if in_main else ()
    before = {number: signal.signal(number, note) for number in numbers}
    try:
        yield interrupted
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _sentence(error: DsbenchError | OSError) -> str:
    found = as_dsbench_error(error)
    return f"[{found.code}] {found.what}"


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
