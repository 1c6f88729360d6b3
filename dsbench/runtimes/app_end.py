"""How a run of the app ended: as asked, abnormally but after its success, or not at all well."""

from __future__ import annotations

import shlex
import signal

from dsbench.base import logs, process
from dsbench.base.errors import Code, DsbenchError
from dsbench.base.process import Finished
from dsbench.formats.app.console import Console
from dsbench.formats.failures import app as app_failures

FALSE_STATUS = 255
_BY_SIGNAL = {
    "SIGKILL": "check `dmesg`: probably the OOM killer ended it; stop other programs, or use fewer streams",
    "SIGBUS": "check that /dev/shm and the disk have space; in a container use --shm-size=1g",
    "SIGABRT": "read its last lines: they name the exception or assertion",
    "SIGILL": "build its libraries for this processor: one was built for another",
    "SIGPIPE": "do not close the app's output while it runs",
}
_DISK_FULL_FIX = "free space on the disk (df -h)"
_CRASH_FIX = "Parser crash: output tensor shape mismatch — re-check the output shapes of step 6a"


def require_success(finished: Finished, console: Console, what: str) -> None:
    """Raise APP_CRASHED, APP_TIMEOUT or APP_FAILED unless the app ended with 0, was interrupted by ``until``, or had
    reported its success before.

    The error has the cause that the log is known to show, and its last lines.
    """
    if _as_asked(finished) or warning(finished, console):
        return
    known = app_failures.find(logs.lines_to_search(finished.log))
    last = "\n".join(f"    {line}" for line in finished.tail())
    said = f": {known.cause}" if known else ""
    said += f"\n  last lines of {finished.log}:\n{last}" if last else f"\n  {finished.log} is empty"
    code, ending, fix = _ending(finished)
    if known and fix != _DISK_FULL_FIX:
        fix = known.fix
    raise DsbenchError(code, f"{what}: the app {ending}{said}", where=shlex.join(finished.command), fix=fix)


def _as_asked(finished: Finished) -> bool:
    return finished.ended_as_asked or (finished.returncode == 0 and not finished.timed_out and not finished.flooded)


def warning(finished: Finished, console: Console) -> str:
    """For an app that ended abnormally after its line ``App run successful``: what happened; empty otherwise.

    The pipeline is closed by then, so all rows and files are complete. deepstream-app has been seen to abort while it
    unloads its libraries.
    """
    if _as_asked(finished) or finished.timed_out or finished.flooded or console.closing != "successful":
        return ""
    _, ending, _ = _ending(finished)
    return f"the app {ending} while it shut down, after `App run successful`: what it wrote is complete"


def _ending(finished: Finished) -> tuple[Code, str, str]:
    """The error's code, how the app ended, and the fix if the log shows no cause."""
    if finished.flooded:
        how = f"was stopped because it flooded its log: more than {process.LOG_LIMIT >> 20} MB"
        return Code.APP_FAILED, how, "read the end of the log and remove what prints a line for every frame"
    if finished.timed_out:
        how = f"made no progress and was stopped after {finished.seconds:.0f} s"
        return Code.APP_TIMEOUT, how, "read the log; run the command by hand to see where it hangs"
    if finished.signal_name is not None or (finished.returncode > 128 and finished.returncode != FALSE_STATUS):
        name = finished.signal_name or _signal_of(finished.returncode)
        return Code.APP_CRASHED, f"was killed by {name}", _BY_SIGNAL.get(name, _CRASH_FIX)
    if process.disk_full(finished.log):
        return Code.APP_FAILED, f"ended with status {finished.returncode}, the disk is full", _DISK_FULL_FIX
    how = f"ended with status {finished.returncode}"
    return Code.APP_FAILED, how, "read its last lines and correct what they name"


def _signal_of(status: int) -> str:
    """The signal in an exit status of 128+n, as a shell reports it."""
    try:
        return f"status {status} ({signal.Signals(status - 128).name})"
    except ValueError:
        return f"status {status}"
