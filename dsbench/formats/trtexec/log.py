"""trtexec's log: throughput in queries per second, GPU compute times, and the set-up that the run prints.

A query is one batch: images per second are ``throughput_qps`` times the batch. The last ``Throughput:`` line
counts, as in the specification's ``grep ... | tail -1``, but only of the last run in the file. A last run that
ended in ``&&&& FAILED`` or printed no throughput has no result, even if an older run in the file has one.
Formats of TensorRT 7 to 11.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from dsbench.base import logs, spec
from dsbench.base.errors import Code, DsbenchError
from dsbench.base.text import without_escapes
from dsbench.formats.trtexec import setup as trtexec_setup
from dsbench.formats.trtexec.setup import Setup, SetupReader

_THROUGHPUT = re.compile(r"Throughput:[ \t]*([-+]?(?:[0-9]\S*|inf\b|nan\b))(?:[ \t]*(qps|queries/s))?")
_NUMBER = re.compile(r"([0-9]+(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?)(?:qps)?")
_GPU_TIME = re.compile(r"(?<!Total )GPU Compute(?: Time)?\b:?\s*(.*)")
_MEAN = re.compile(r"\bmean\s*[=:]\s*([0-9.eE+-]+)\s*ms")
_P99 = re.compile(
    r"percentile\s*\(?\s*99\s*%\s*\)?\s*[=:]\s*([0-9.eE+-]+)\s*ms|percentile[=:\s]+([0-9.eE+-]+)\s*ms at 99%"
)
_MARKS = re.compile(
    "|".join(
        (*map(re.escape, trtexec_setup.MARKS), "&&&&", "Throughput:", "GPU Compute", "may be bound by", "unstable")
    )
)
"""What a line has that says anything: verbose logs are long, and most of their lines say nothing."""
_RUNNING, _FAILED, _PASSED = "&&&& RUNNING", "&&&& FAILED", "&&&& PASSED"
_UNSTABLE = re.compile(r"GPU compute time is unstable, with coefficient of variance = ([0-9.]+)%")
_BOUNDS = (
    ("bound by Enqueue Time", "the CPU that queues the work held it back (Enqueue Time), the GPU was not fully used"),
    ("bound by host-to-device transfers", "copying inputs to the GPU held it back"),
    ("bound by device-to-host transfers", "copying outputs from the GPU held it back"),
)


@dataclass(frozen=True, slots=True)
class TrtexecLog:
    """The last run of a log: queries per second, milliseconds per query, and its first line (which names who
    wrote it).

    ``setup``: version, device, shapes. ``remarks``: reasons to doubt the figures, one sentence each.
    """

    throughput_qps: float
    gpu_mean_ms: float | None
    gpu_p99_ms: float | None
    first_line: str
    setup: Setup = trtexec_setup.UNKNOWN
    remarks: tuple[str, ...] = ()


class _Run:
    """What one run of the file has said so far."""

    def __init__(self) -> None:
        self.qps: float | None = None
        self.mean: float | None = None
        self.p99: float | None = None
        self.failed = self.passed = self.announced = False
        self.setup = SetupReader()
        self.remarks: list[str] = []
        self._in_gpu_block = False

    def read(self, line: str, *, cut: bool) -> None:
        """``cut``: the file ends in the middle of this line."""
        if not (self._in_gpu_block or _MARKS.search(line)):
            return
        self.setup.read(line)
        self.failed |= _FAILED in line
        self.passed |= _PASSED in line
        if (found := _THROUGHPUT.search(line)) is not None:
            self.qps = None if cut and not found.group(2) else _finite(found.group(1))
        if (unstable := _UNSTABLE.search(line)) is not None:
            self.remarks.append(f"GPU compute time was unstable (coefficient of variance {unstable[1]}%)")
        self.remarks += [remark for text, remark in _BOUNDS if f"may be {text}" in line]
        self._read_times(line)

    def _read_times(self, line: str) -> None:
        gpu = _GPU_TIME.search(line)
        if gpu is not None:
            # TensorRT 8 and later print one line; TensorRT 7 opens a block of lines `min:`, `max:`, `mean:`,
            # `percentile:`
            self._in_gpu_block = not gpu.group(1).strip()
            self._read_gpu(gpu.group(1))
        elif self._in_gpu_block:
            self._in_gpu_block = any(word in line for word in ("min", "max", "mean", "median", "percentile"))
            self._read_gpu(line)

    def _read_gpu(self, text: str) -> None:
        if (mean := _MEAN.search(text)) is not None:
            self.mean = _finite(mean.group(1))
        if (p99 := _P99.search(text)) is not None:
            self.p99 = _finite(p99.group(1) or p99.group(2))

    def all_remarks(self) -> tuple[str, ...]:
        unfinished = self.announced and not self.passed
        cut = ["the log ends before &&&& PASSED: it was cut, or trtexec was stopped"] if unfinished else []
        return tuple(dict.fromkeys([*self.setup.remarks(), *self.remarks, *cut]))


def parse(path: Path | str) -> TrtexecLog:
    """Read a log. Raises DsbenchError(TRTEXEC_LOG_INVALID): unreadable, without a throughput, or of a failed
    run.
    """
    path = Path(path)
    try:
        run, older, first_line = _last_run(logs.lines(path, logs.FIGURES))
        run.remarks += filter(None, [logs.unread(path.stat().st_size)])
    except OSError as error:
        raise DsbenchError(
            Code.TRTEXEC_LOG_INVALID, f"{error.strerror}: {path}", where=str(path), fix="run trtexec again"
        ) from error
    if run.failed:
        raise DsbenchError(
            Code.TRTEXEC_LOG_INVALID,
            f"ERROR: Could not parse Throughput from {path} — the run in it ended with &&&& FAILED",
            where=str(path),
            fix="run trtexec again"
            + ("; the older Throughput in the log belongs to another run" if older or run.qps else ""),
        )
    if run.qps is None or run.qps <= 0:
        raise DsbenchError(
            Code.TRTEXEC_LOG_INVALID,
            f"ERROR: Could not parse Throughput from {path} — log may be empty or malformed",
            where=str(path),
            fix=f"run trtexec again with --duration={spec.TRTEXEC_SECONDS} and keep its whole output"
            + ("; the Throughput in it belongs to an older run" if older else ""),
        )
    return TrtexecLog(run.qps, run.mean, run.p99, first_line, setup=run.setup.result(), remarks=run.all_remarks())


def setup(path: Path) -> Setup:
    """What the last run of a log says about itself, whether it measured anything or not; nothing if unreadable."""
    try:
        return _last_run(logs.lines(path, logs.FIGURES))[0].setup.result()
    except OSError:
        return trtexec_setup.UNKNOWN


def _last_run(lines: Iterable[str]) -> tuple[_Run, float | None, str]:
    """The last run, the throughput of one before it, and the file's first line."""
    run, older, first_line = _Run(), None, ""
    for number, raw in enumerate(lines):
        line = without_escapes(raw)
        if "] [V] " in line:  # --verbose: thousands of lines, among them "Throughput: the observed throughput ..."
            continue
        if number == 0:
            first_line = line.rstrip("\r\n")
        if _RUNNING in line:
            older = run.qps if run.qps is not None else older
            run = _Run()
            run.announced = True
        run.read(line, cut=not raw.endswith("\n"))
    return run, older, first_line


def _finite(text: str) -> float | None:
    """A number as C++ streams print it; None for inf, nan, a decimal comma, and anything cut or mixed."""
    match = _NUMBER.fullmatch(text)
    if match is None:
        return None
    number = float(match.group(1))
    return number if math.isfinite(number) else None
