"""One job on this machine, from its inputs to its result directory."""

from __future__ import annotations

import math
import signal
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from dsbench import __version__
from dsbench.base import process
from dsbench.base.errors import Code, DsbenchError
from dsbench.base.os_errors import as_dsbench_error, system_errors
from dsbench.base.python_child import python_command
from dsbench.base.text import counted
from dsbench.fleet import collecting, inputs, job, needs, result, scratch
from dsbench.fleet.ending import INTERRUPTED, ending, sentence
from dsbench.fleet.inputs import Fetch
from dsbench.fleet.job import MODELS, FleetJob
from dsbench.fleet.phases import Phases
from dsbench.fleet.result import JobResult, JobState
from dsbench.machine import hardware

Announce = Callable[[str], object]
_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def run_job(
    one: FleetJob,
    *,
    fetch: Fetch | None = None,
    attempts: int = 1,
    timeout_s: float = math.inf,
    announce: Announce = lambda _: None,
) -> JobResult:
    """Run a job in a directory of its own; write its result directory to ``one.results``, whatever happens.

    ``fetch`` gives inputs that neither a shared path nor an object store has. ``attempts``: starts of this job, this
    one included. ``timeout_s``: the longest time for pytest. ``announce`` gets what is being done.

    SIGINT, SIGTERM or SIGHUP ends pytest as Ctrl-C does: the partial record is kept, and the job is INVALID
    (``INTERRUPTED``). At a second one, and before pytest runs, KeyboardInterrupt passes and the result has no record. A
    PASSED or FAILED result with the same key is never replaced by an INVALID one.
    Call it in the main thread: pytest is killed when the thread that started it ends, and only the main thread gets
    signals. Raises NOT_WRITABLE or FILE_ACCESS if the result cannot be written.
    """
    begun = _begun(one, attempts)
    try:
        _require_version(one)
        _require_gpu_kind(one)
        collecting.require_place(Path(one.results))
        with scratch.directory(one.id) as folder:
            say = _prefixed(one.id, announce)
            say(f"copies {counted(len(one.files), 'file')}")
            inputs.bring(one, folder, fetch)
            say("runs pytest")
            model_dir = folder / MODELS / one.model
            with _until_signal() as signalled:
                end = _run_pytest(one, folder, timeout_s, signalled.is_set, say)
                found = ending(end, model_dir / result.RECORD, signalled=signalled.is_set())
                status = end.returncode if end.returncode >= 0 else None
                finished = replace(begun, state=found.state, reason=found.reason, exit_status=status)
                return _write(one, finished, model_dir)
    except KeyboardInterrupt:
        _write(one, replace(begun, reason=INTERRUPTED))
        raise
    except (DsbenchError, OSError) as error:
        failure = as_dsbench_error(error)
        where = f" (where: {failure.where})" if failure.where else ""
        return _write(one, replace(begun, reason=sentence(f"[{failure.code}] {failure.what}{where}")))
    except Exception as error:
        _write(one, replace(begun, reason=sentence(f"an error of dsbench itself: {type(error).__name__}: {error}")))
        raise


def invalid(one: FleetJob, reason: str, attempts: int) -> JobResult:
    """Write the result of a job that nobody could run. Raises NOT_WRITABLE or FILE_ACCESS."""
    return _write(one, replace(_begun(one, attempts), reason=reason, host=""))


def _begun(one: FleetJob, attempts: int) -> JobResult:
    host = socket.gethostname()
    return JobResult(one.id, one.key, one.model, JobState.INVALID, started=_now(), host=host, attempts=attempts)


def _require_version(one: FleetJob) -> None:
    if one.dsbench != __version__:
        what = f"dsbench {__version__} is installed on this machine, and dsbench {one.dsbench} made the plan"
        fix = f"install dsbench {one.dsbench} here, or plan again with {__version__}"
        raise DsbenchError(Code.JOB_VERSION, what, fix=fix)


def _require_gpu_kind(one: FleetJob) -> None:
    found = hardware.gpu(0) if one.needs.gpu_kind else None
    if found is not None and needs.is_other_kind(one.needs.gpu_kind, found.name):
        what = f"the job needs a GPU of the kind {one.needs.gpu_kind}, and this machine has {found.name}"
        raise DsbenchError(Code.GPU_MISSING, what, fix="run it where such a GPU is, or plan with another --gpu-kind")


def _prefixed(job_id: str, announce: Announce) -> Announce:
    return lambda text: announce(f"{job_id}: {text}")


def _run_pytest(
    one: FleetJob, folder: Path, timeout_s: float, stopped: Callable[[], bool], say: Announce
) -> process.Finished:
    log = folder / MODELS / one.model / result.LOG
    phases = Phases(one.model, log, say)

    def until() -> bool:
        phases.look()
        return stopped()

    return process.run(_command(one, folder), log, deadline_s=timeout_s, until=until)


def _command(one: FleetJob, folder: Path) -> tuple[str, ...]:
    """Paths are relative to the job's directory: the record and the report name inputs as the plan does."""
    model = f"{MODELS}/{one.model}"
    written = (f"--junitxml={model}/{result.JUNIT}", f"--html={model}/{result.REPORT}", "--ci=none")
    given = job.arguments(one.options, lambda option: option.place)
    arguments = (f"--model-dir={model}", f"--runtime={one.runtime}", *written, *given)
    return python_command("dsbench.fleet.pytest_child", str(folder), one.model_dir, *arguments)


def _write(one: FleetJob, found: JobResult, model_dir: Path | None = None) -> JobResult:
    """Put the result directory into place; without ``model_dir`` it holds nothing but the result."""
    found, target = replace(found, ended=_now()), Path(one.results)
    if found.state is JobState.INVALID and collecting.known(target, one.key) is not None:
        return found
    with system_errors(), collecting.replacing(target) as made:
        if model_dir is not None:
            collecting.collect(model_dir, made)
        result.write(found, made)
    return found


@contextmanager
def _until_signal() -> Iterator[threading.Event]:
    """The first SIGINT, SIGTERM or SIGHUP of the block sets the event; the next one raises KeyboardInterrupt.

    An ignored signal stays ignored (nohup). Outside the main thread no signal does anything.
    """
    signalled = threading.Event()

    def note(number: int, _: object) -> None:
        if signalled.is_set():
            raise KeyboardInterrupt(signal.Signals(number).name)
        signalled.set()

    in_main = threading.current_thread() is threading.main_thread()
    numbers = [one for one in _SIGNALS if in_main and signal.getsignal(one) is not signal.SIG_IGN]
    before = {number: signal.signal(number, note) for number in numbers}
    try:
        yield signalled
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
