"""The program trtexec: find it, build one engine (Step 4), measure one batch (Step 5).

A failed run leaves its log and no result. An interrupted run leaves nothing.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from dsbench.base import logs, places, process, spec
from dsbench.base.errors import Code, DsbenchError
from dsbench.base.process import Finished
from dsbench.build import trtexec_commands
from dsbench.build.trtexec_commands import Target
from dsbench.formats.failures import trtexec as trtexec_failures
from dsbench.formats.failures.matcher import Failure, FailureKind
from dsbench.formats.trtexec import log as trtexec_log
from dsbench.formats.trtexec.log import TrtexecLog
from dsbench.machine import hardware
from dsbench.model import previous
from dsbench.model.stand_in import is_stand_in

PART = ".part"
"""Suffix of an engine or log that is not finished."""
MEASURE_SECONDS = 900.0
_STILL_AT_IT_S = 60.0

Announce = Callable[[str], None]


@dataclass(frozen=True)
class Trtexec:
    """The program, and how long one build may take."""

    program: str
    build_seconds: float
    announce: Announce


@dataclass(frozen=True)
class Failed:
    """A failed run of trtexec."""

    what: str
    failure: Failure
    log: Path

    @property
    def of_disk(self) -> bool:
        """The disk was full, so nothing is known about the batch."""
        return self.failure.kind == FailureKind.DISK

    def error(self) -> DsbenchError:
        """ENGINE_PREPARATION, quoting the log."""
        said = f"\n  trtexec: {self.failure.line}" if self.failure.line else ""
        return DsbenchError(
            Code.ENGINE_PREPARATION,
            f"{self.what}: {self.failure.cause}{said}",
            where=str(self.log),
            fix=self.failure.fix,
        )


@dataclass(frozen=True)
class Built:
    """A finished engine under its temporary name. ``command``: the command line, with the final name."""

    part: Path
    log: Path
    seconds: float
    command: tuple[str, ...]


@dataclass(frozen=True)
class BatchThroughput:
    """The throughput of one batch."""

    batch: int
    log: TrtexecLog
    seconds: float = 0.0
    """How long trtexec ran; 0 for a log of an earlier run."""

    @property
    def images_per_second(self) -> float:
        """queries/s x batch: a query is a whole batch."""
        return self.log.throughput_qps * self.batch


def find_program() -> str:
    """trtexec on PATH, else where TensorRT's packages put it. Raises BUILD_TOOL_MISSING."""
    found = hardware.trtexec_program()
    if found is None:
        raise DsbenchError(
            Code.BUILD_TOOL_MISSING,
            f"trtexec is neither on PATH nor at {hardware.TRTEXEC_PLACES[0]}",
            fix="run this in NVIDIA's DeepStream or TensorRT container, or install TensorRT's samples (Debian package "
            "libnvinfer-bin); `dsbench prepare --print` shows the commands for another machine",
        )
    return found


def build(tool: Trtexec, target: Target, max_bs: int) -> Built | Failed:
    """Step 4. The engine keeps its temporary name; it is deleted if the build fails or is interrupted."""
    engine = target.engine(max_bs)
    part = engine.with_name(engine.name + PART)
    log = _build_log(target)
    command = (tool.program, *trtexec_commands.build(target, max_bs, part))
    tool.announce(f"building {engine.name} with trtexec (minutes); log: {target.layout.given_path(log)}")
    finished = None
    try:
        places.make_way(part)
        finished = process.run(
            command, log, deadline_s=tool.build_seconds, until=_ticker(tool.announce, f"building {engine.name}")
        )
        failed = _failed(f"building {engine.name}", finished, target.layout.engines)
        if failed is None and not _holds_something(part):
            failed = Failed(
                f"building {engine.name}",
                Failure("trtexec ended with status 0 but wrote no engine", "", "read its log"),
                log,
            )
    except BaseException:
        places.remove(part)
        raise
    if failed is not None:
        places.remove(part)
        return failed
    return Built(part, log, finished.seconds, (tool.program, *trtexec_commands.build(target, max_bs)))


def measure(tool: Trtexec, target: Target, batch: int, max_bs: int) -> BatchThroughput | Failed:
    """Step 5 at one batch. The log gets its name once it holds a throughput; an older log moves to ``previous/``."""
    log = target.layout.trtexec_log(batch)
    part = log.with_name(log.name + PART)
    what = f"measuring {target.engine(max_bs).name} at batch {batch}"
    tool.announce(f"{what} ({spec.TRTEXEC_SECONDS} s); log: {target.layout.given_path(log)}")
    command = (tool.program, *trtexec_commands.measure(target, batch, max_bs))
    try:
        finished = process.run(command, part, deadline_s=MEASURE_SECONDS)
    except BaseException:
        places.remove(part)
        raise
    failed = _failed(what, finished, log.parent)
    try:
        figures = None if failed else trtexec_log.parse(part)
    except DsbenchError:
        failed = Failed(what, _cause(finished) or Failure("its log has no Throughput", "", "read the log"), part)
        figures = None
    if failed is not None or figures is None:
        kept = log.with_name(f"{log.stem}.failed{log.suffix}")
        places.move(part, kept)
        assert failed is not None
        return Failed(failed.what, failed.failure, kept)
    if log.exists() and not is_stand_in(log):
        previous.set_aside(log)
    places.move(part, log)
    return BatchThroughput(batch, figures, finished.seconds)


def _failed(what: str, finished: Finished, folder: Path) -> Failed | None:
    """Why a finished run failed; None if it succeeded."""
    if finished.timed_out:
        minutes = f"{finished.seconds / 60:.0f} min"
        cause = Failure(
            f"trtexec was not done after {minutes} and was stopped",
            next(iter(finished.tail(1)), ""),
            "give it more time (--timeout SECONDS), or a smaller --max-bs",
        )
        return Failed(what, cause, finished.log)
    known = None if finished.returncode == 0 and not _said_failed(finished) else _cause(finished)
    if finished.returncode == 0 and known is None and not _said_failed(finished):
        return None
    if process.disk_full(folder):
        cause = Failure(
            "there is no space left on the disk",
            "",
            f"free space where {folder} lies (df -h)",
            FailureKind.DISK,
        )
        return Failed(what, cause, finished.log)
    if known is None:
        last = next(iter(finished.tail(1)), "")
        how = f"was ended by {finished.signal_name}" if finished.signal_name else f"ended with {finished.returncode}"
        known = Failure(f"trtexec {how}", last, _fix_of(finished))
    elif finished.signal_name:
        known = Failure(
            f"{known.cause} (trtexec was ended by {finished.signal_name})", known.line, known.fix, known.kind
        )
    return Failed(what, known, finished.log)


def _fix_of(finished: Finished) -> str:
    if finished.signal_name == "SIGKILL":
        return "the kernel ends programs when memory runs out (dmesg): free host memory or give the container more"
    return "read its log; run it again by hand with --verbose (dsbench prepare --print shows the command)"


def _said_failed(finished: Finished) -> bool:
    return any("&&&& FAILED" in line for line in finished.tail(5))


def _cause(finished: Finished) -> Failure | None:
    try:
        return trtexec_failures.find(logs.lines(finished.log))
    except OSError:
        return None


def _holds_something(path: Path) -> bool:
    try:
        return path.stat().st_size > 0
    except OSError:
        return False


def _build_log(target: Target) -> Path:
    """``benchmarks/engines/<stem>_dynamic_build_<time>.log``; a name that is taken gets a number."""
    stem = f"{target.onnx.path.stem}_dynamic_build_{time.strftime('%Y%m%d_%H%M%S')}"
    log, number = target.layout.engines / f"{stem}.log", 2
    while log.exists():
        log = target.layout.engines / f"{stem}_{number}.log"
        number += 1
    return log


def _ticker(announce: Announce, what: str) -> Callable[[], bool]:
    """An ``until`` that is never true and announces progress once a minute."""
    started = time.monotonic()
    said = started

    def tick() -> bool:
        nonlocal said
        now = time.monotonic()
        if now - said >= _STILL_AT_IT_S:
            said = now
            announce(f"still {what} ({(now - started) / 60:.0f} min)")
        return False

    return tick
