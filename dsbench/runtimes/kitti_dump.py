"""6g's KITTI dump: run the app with ``gie-kitti-output-dir`` until N frames are written, keep the first N."""

from __future__ import annotations

import os
import shlex
import signal
import stat
from dataclasses import dataclass
from pathlib import Path

from dsbench.base import process, text
from dsbench.base.errors import Code, DsbenchError
from dsbench.base.process import Finished
from dsbench.formats import kitti
from dsbench.formats.app.console import Console
from dsbench.formats.failures import app as app_failures
from dsbench.runtimes.build_watch import BUILD_S, BuildWatch
from dsbench.runtimes.contract import Runtime

FIRST_FRAME_S = 600.0
"""Time until the first frame: loading a large engine and starting CUDA are slow."""
STALL_S = 60.0
"""Longest pause between frames; after that the app hangs."""
FALSE_STATUS = 255
_LOOK_EVERY = 5


@dataclass(frozen=True)
class KittiDump:
    """How the app ended, and its console."""

    finished: Finished
    directory: Path
    console: Console


def dump(
    runtime: Runtime, config: Path, directory: Path, frames: int, log: Path, *, what: str = "the KITTI dump"
) -> KittiDump:
    """Run ``config``, whose KITTI directory is ``directory``, for the first ``frames`` frames (0: the whole video).

    The directory is created and emptied first: DeepStream does not create it, and files of an older run would be
    counted. Raises APP_CRASHED, APP_FAILED or APP_TIMEOUT with the last lines of the log; the written files are kept.
    """
    empty(directory)
    progress = _Progress(directory, log)
    finished = process.run(
        runtime.app_command(config),
        log,
        deadline_s=FIRST_FRAME_S,
        stall_s=progress.patience_s,
        progress=progress.steps,
        # once frame N exists, frames 0 to N-1 are complete
        until=(lambda: progress.next_frame() > frames) if frames else None,
    )
    if frames:
        _keep_first(directory, frames)
    require_success(finished, what)
    return KittiDump(finished, directory, progress.console())


_BY_SIGNAL = {
    "SIGKILL": "check `dmesg`: probably the OOM killer ended it; stop other programs, or use fewer streams",
    "SIGBUS": "check that /dev/shm and the disk have space; in a container use --shm-size=1g",
    "SIGABRT": "read its last lines: they name the exception or assertion",
    "SIGILL": "build its libraries for this processor: one was built for another",
    "SIGPIPE": "do not close the app's output while it runs",
}
_DISK_FULL_FIX = "free space on the disk (df -h)"
_CRASH_FIX = "Parser crash: output tensor shape mismatch — re-check the output shapes of step 6a"


def require_success(finished: Finished, what: str) -> None:
    """Raise APP_CRASHED, APP_TIMEOUT or APP_FAILED unless the app ended with 0 or was interrupted by ``until``.

    The error has the cause that the log is known to show, and its last lines.
    """
    if finished.ended_as_asked or (finished.returncode == 0 and not finished.timed_out and not finished.flooded):
        return
    known = app_failures.find(text.lines_to_search(finished.log))
    last = "\n".join(f"    {line}" for line in finished.tail())
    said = f": {known.cause}" if known else ""
    said += f"\n  last lines of {finished.log}:\n{last}" if last else f"\n  {finished.log} is empty"
    code, ending, fix = _ending(finished)
    if known and fix != _DISK_FULL_FIX:
        fix = known.fix
    raise DsbenchError(code, f"{what}: the app {ending}{said}", where=shlex.join(finished.command), fix=fix)


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


def empty(directory: Path) -> None:
    """Create the directory; delete the files of an older dump (names ``NN_NNN_NNNNNN.txt`` only).

    Raises NOT_WRITABLE if it cannot be created, or is a link or not a directory.
    """
    try:
        directory.mkdir(parents=True, exist_ok=True)
        if stat.S_ISLNK(os.lstat(directory).st_mode):
            raise DsbenchError(
                Code.NOT_WRITABLE,
                "the KITTI directory is a link: nothing is deleted through it",
                where=str(directory),
                fix="remove the link",
            )
        for frame in kitti.list_frames(directory):
            frame.path.unlink()
    except OSError as error:
        raise DsbenchError(
            Code.NOT_WRITABLE,
            f"the KITTI directory cannot be made or emptied: {error.strerror}",
            where=str(directory),
            fix="make samples/kitti_output a directory that you may write to",
        ) from error


def _keep_first(directory: Path, frames: int) -> None:
    """Delete frame ``frames`` and all later ones."""
    for frame in kitti.list_frames(directory):
        if frame.name.frame >= frames:
            frame.path.unlink()


class _Progress:
    """Counts frames of stream 0 by their known names, without listing the directory, and detects an engine build in the
    log."""

    def __init__(self, directory: Path, log: Path) -> None:
        self._directory = directory
        self._next = 0
        self._build = BuildWatch(log)
        self._looks = 0

    def next_frame(self) -> int:
        """Number of the first frame without a file."""
        while (self._directory / kitti.file_name(0, 0, self._next)).exists():
            self._next += 1
        return self._next

    def steps(self) -> int:
        """A number that grows with each frame, and when an engine build begins or ends."""
        if self._looks % _LOOK_EVERY == 0:
            self._build.look()
        self._looks += 1
        return self.next_frame() + self._build.steps

    def patience_s(self) -> float:
        """The longest pause that is not a hang in the app's current phase."""
        if self._build.building:
            return BUILD_S
        return STALL_S if self._next else FIRST_FRAME_S

    def console(self) -> Console:
        """The parsed log up to now."""
        return self._build.console()
