"""6g's dump: run the app with ``gie-kitti-output-dir`` until enough frames are written, keep the first N."""

from __future__ import annotations

import os
import shlex
import stat
from dataclasses import dataclass
from pathlib import Path

from dsbench.errors import Code, DsbenchError
from dsbench.formats import kitti
from dsbench.runtimes import process
from dsbench.runtimes.contract import Runtime
from dsbench.runtimes.process import Finished

FIRST_FRAME_S = 600.0
"""An engine may be built before the first frame: TensorRT takes minutes."""
STALL_S = 60.0
"""No new frame for this long once frames have come: the app hangs."""
FALSE_STATUS = 255


@dataclass(frozen=True)
class KittiDump:
    """How the app ended and how many frames of the dump were kept."""

    finished: Finished
    directory: Path
    kept: int
    removed: int


def dump(
    runtime: Runtime, config: Path, directory: Path, frames: int, log: Path, *, what: str = "the KITTI dump"
) -> KittiDump:
    """Run ``config``, whose KITTI directory is ``directory``, for the first ``frames`` frames (0: the whole video).

    The directory is created and emptied first: DeepStream does not create it, and files of a longer, older run would be
    counted. Raises APP_CRASHED, APP_FAILED or APP_TIMEOUT with the last lines of the log; what was written stays.
    """
    empty(directory)
    progress = _Progress(directory)
    finished = process.run(
        runtime.app_command(config),
        log,
        deadline_s=FIRST_FRAME_S,
        stall_s=STALL_S,
        progress=progress.next_frame,
        # once frame N is there, frames 0 to N-1 are complete
        until=(lambda: progress.next_frame() > frames) if frames else None,
    )
    removed = _keep_first(directory, frames) if frames else 0
    require_success(finished, what)
    return KittiDump(finished, directory, kept=len(kitti.list_frames(directory)), removed=removed)


def require_success(finished: Finished, what: str) -> None:
    """Raise APP_CRASHED, APP_TIMEOUT or APP_FAILED unless the app ended well; the last lines of its log are shown."""
    last = "\n".join(f"    {line}" for line in finished.tail())
    said = f"\n  last lines of {finished.log}:\n{last}" if last else f"\n  {finished.log} is empty"
    where = shlex.join(finished.command)
    if finished.timed_out:
        raise DsbenchError(
            Code.APP_TIMEOUT,
            f"{what}: the app made no progress and was stopped after {finished.seconds:.0f} s{said}",
            where=where,
            fix="read the log; run the command by hand to see where it hangs",
        )
    if finished.signal_name is not None or (finished.returncode > 128 and finished.returncode != FALSE_STATUS):
        name = finished.signal_name or f"status {finished.returncode}"
        raise DsbenchError(
            Code.APP_CRASHED,
            f"{what}: the app was killed by {name}{said}",
            where=where,
            fix="Parser crash: output tensor shape mismatch — re-check the output shapes of step 6a",
        )
    if finished.returncode != 0:
        full = process.disk_full(finished.log)
        raise DsbenchError(
            Code.APP_FAILED,
            f"{what}: the app ended with status {finished.returncode}{', the disk is full' if full else ''}{said}",
            where=where,
            fix="free space on the disk (df -h)" if full else "correct what its last lines name",
        )


def empty(directory: Path) -> None:
    """Create the directory; delete what an older dump left, only names ``NN_NNN_NNNNNN.txt``, never through a link.

    Raises NOT_WRITABLE if it cannot be made, or is a link or no directory.
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


def _keep_first(directory: Path, frames: int) -> int:
    """Delete the frames from number ``frames`` on; returns how many."""
    surplus = [frame for frame in kitti.list_frames(directory) if frame.name.frame >= frames]
    for frame in surplus:
        frame.path.unlink()
    return len(surplus)


class _Progress:
    """Counts frames of stream 0 without listing the directory: names are known in advance."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._next = 0

    def next_frame(self) -> int:
        """Number of the first frame that is not there yet."""
        while (self._directory / kitti.file_name(0, 0, self._next)).exists():
            self._next += 1
        return self._next
