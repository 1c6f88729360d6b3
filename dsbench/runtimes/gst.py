"""gst-launch-1.0 for 6f on DeepStream: run a pipeline, detect hangs and crashes, judge how it ended."""

from __future__ import annotations

import shlex
import shutil
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from dsbench.base import logs, process, text
from dsbench.base.ask import ask
from dsbench.base.errors import Code, DsbenchError
from dsbench.base.process import Finished
from dsbench.formats.app.console import Console
from dsbench.formats.failures import app as app_failures
from dsbench.formats.failures import gst as gst_failures
from dsbench.formats.failures.matcher import Failure
from dsbench.runtimes.build_watch import BUILD_S, BuildWatch

LAUNCH, INSPECT = "gst-launch-1.0", "gst-inspect-1.0"
FIRST_OUTPUT_S = 600.0
"""Time until the first output: loading a large engine and starting CUDA are slow."""
STALL_S = 60.0
"""Longest pause between outputs; after that the pipeline hangs."""
_INSPECT_S = 60.0
_LOOK_EVERY_S = 0.5
_INSTALL = "apt-get install gstreamer1.0-tools"


def require_programs() -> None:
    """Raise RUNTIME_UNAVAILABLE unless gst-launch-1.0 and gst-inspect-1.0 are on PATH."""
    for program in (LAUNCH, INSPECT):
        if shutil.which(program) is None:
            raise DsbenchError(
                Code.RUNTIME_UNAVAILABLE, f"{program} is not on PATH: the visual check needs it", fix=_INSTALL
            )


def missing(*elements: str) -> tuple[str, ...]:
    """Those of ``elements`` that ``gst-inspect-1.0`` does not know. It does not detect whether NVENC works."""
    return tuple(element for element in elements if not _known(element))


def _known(element: str) -> bool:
    """Whether GStreamer has the element. Raises RUNTIME_UNAVAILABLE if gst-inspect-1.0 crashes or hangs."""
    reply = ask([INSPECT, element], _INSPECT_S)
    if reply.returncode == 0:
        return True
    how = reply.failure
    if reply.returncode is not None:
        said = reply.stdout + reply.stderr
        if (
            reply.returncode > 0 and f"'{element}'" in said
        ):  # No such element or plugin 'theoraenc', possibly translated
            return False
        how = f"ended with {reply.returncode} and says: {text.last_line(said, 'nothing')[:200]}"
    raise DsbenchError(
        Code.RUNTIME_UNAVAILABLE,
        f"GStreamer element {element} cannot be looked up: {INSPECT} {element} {how}",
        fix="delete ~/.cache/gstreamer-1.0 and run `gst-inspect-1.0 -b`: a plugin may crash it",
    )


def run(command: Sequence[str], log: Path, progress: Callable[[], int]) -> Finished:
    """Run a pipeline to its end; ``progress`` is a number that grows while it works.

    An engine build before the first frame has the same time limit as in 6g. Raises nothing for how the pipeline ended.
    """
    watch = _Watch(log, progress)
    return process.run(
        command, log, deadline_s=FIRST_OUTPUT_S, stall_s=watch.patience_s, progress=watch.steps, until=watch.crashed
    )


def console(log: Path) -> Console:
    """The parsed log of a pipeline that has ended."""
    return BuildWatch(log).console()


def size_of(output: Path) -> int:
    """Bytes of the output so far."""
    try:
        return output.stat().st_size
    except OSError:
        return 0


def nvenc_init_failed(finished: Finished) -> bool:
    """True if the pipeline failed because NVENC could not be initialised, by its whole log."""
    return finished.returncode != 0 and gst_failures.nvenc_init_failed(_lines(finished.log))


def require_success(finished: Finished, what: str) -> None:
    """Raise APP_TIMEOUT, APP_CRASHED or APP_FAILED unless the pipeline ended well: cause and last lines of its log."""
    crash = gst_failures.crash(_lines(finished.log)) or finished.signal_name
    if finished.returncode == 0 and not (finished.timed_out or finished.stopped or finished.flooded or crash):
        return
    known = gst_failures.find(_lines(finished.log)) or app_failures.find(logs.lines_to_search(finished.log))
    if finished.flooded:
        code = Code.APP_FAILED
        how = f"was stopped because it flooded its log: more than {process.LOG_LIMIT >> 20} MB"
    elif finished.timed_out and not finished.stopped:
        code, how = Code.APP_TIMEOUT, f"wrote nothing new and was stopped after {finished.seconds:.0f} s"
    elif crash:
        code, how = Code.APP_CRASHED, f"was killed by {crash}"
    else:
        code, how = Code.APP_FAILED, f"ended with status {finished.returncode}"
    if process.disk_full(finished.log):
        known = Failure("the disk is full", "", "free space on the disk (df -h)")
    raise DsbenchError(
        code,
        f"{what}: {LAUNCH} {how}{f': {known.cause}' if known else ''}{_said(finished)}",
        where=shlex.join(finished.command),
        fix=known.fix if known else "read the log; run the command by hand",
    )


def require_output(finished: Finished, output: Path, what: str) -> None:
    """Raise VISUAL_OUTPUT if the file is missing or empty, even with exit status 0."""
    if size_of(output) == 0:
        left = "left a video of 0 bytes" if output.exists() else "wrote no video"
        raise DsbenchError(
            Code.VISUAL_OUTPUT,
            f"{what}: {LAUNCH} ended with status 0 but {left}{_said(finished)}",
            where=shlex.join(finished.command),
            fix="play the video with another program: not one frame of it came through",
        )


def _said(finished: Finished) -> str:
    last = "\n".join(f"    {line}" for line in finished.tail())
    return f"\n  last lines of {finished.log}:\n{last}" if last else f"\n  {finished.log} is empty"


def _lines(log: Path) -> Iterator[str]:
    """The lines of a log, of a very long one those of its beginning and its end."""
    try:
        yield from (line.rstrip("\n") for line in logs.lines(log, logs.FIGURES))
    except OSError:
        return


class _Watch:
    """Follows a pipeline's log: an engine build, and a caught SIGSEGV, after which gst-launch-1.0 waits for a debugger
    and does not end."""

    def __init__(self, log: Path, progress: Callable[[], int]) -> None:
        self._log, self._progress = log, progress
        self._looked = self._followed = 0.0
        self._build = BuildWatch(log)

    def steps(self) -> int:
        """A number that grows with the output, and when an engine build begins or ends."""
        now = time.monotonic()
        if now - self._followed >= _LOOK_EVERY_S:
            self._followed = now
            self._build.look()
        return self._progress() + self._build.steps

    def patience_s(self) -> float:
        """The longest pause that is not a hang in the pipeline's current phase."""
        if self._build.building:
            return BUILD_S
        return STALL_S if self._progress() else FIRST_OUTPUT_S

    def crashed(self) -> bool:
        """True if the log reports a caught crash."""
        now = time.monotonic()
        if now - self._looked < _LOOK_EVERY_S:
            return False
        self._looked = now
        return gst_failures.crash(text.last_lines(self._log)) is not None
