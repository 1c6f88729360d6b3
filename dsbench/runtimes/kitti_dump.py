"""6g's KITTI dump: run the app with ``gie-kitti-output-dir`` until N frames are written, keep the first N."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from dsbench.base import places, process
from dsbench.base.errors import Code, DsbenchError
from dsbench.base.process import Finished
from dsbench.formats import kitti
from dsbench.formats.app.console import Console
from dsbench.runtimes import app_end
from dsbench.runtimes.build_watch import BUILD_S, BuildWatch
from dsbench.runtimes.contract import Runtime

FIRST_FRAME_S = 600.0
"""Time until the first frame: loading a large engine and starting CUDA are slow."""
STALL_S = 60.0
"""Longest pause between frames; after that the app hangs."""
_LOOK_EVERY = 5


@dataclass(frozen=True)
class KittiDump:
    """How the app ended, and its console."""

    finished: Finished
    directory: Path
    console: Console

    @property
    def end_warning(self) -> str:
        """How the app ended if not as asked, although its files are complete; empty if it did."""
        return app_end.warning(self.finished, self.console)


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
    console = progress.console()
    app_end.require_success(finished, console, what)
    return KittiDump(finished, directory, console)


def empty(directory: Path) -> None:
    """Create the directory; delete the files of an older dump (names ``NN_NNN_NNNNNN.txt`` only).

    Raises NOT_WRITABLE if it cannot be created, or is a link or not a directory.
    """
    try:
        places.make_directory(directory)
        for frame in kitti.list_frames(directory):
            places.remove(frame.path)
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
            places.remove(frame.path)


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
