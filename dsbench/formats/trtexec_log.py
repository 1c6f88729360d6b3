"""trtexec's log: throughput in queries per second and GPU compute times.

A query is one batch: images per second are ``throughput_qps`` times the batch. The last ``Throughput:`` line
counts, as the specification's ``grep ... | tail -1`` has it, but only of the last run in the file: a run that
ended in ``&&&& FAILED``, or began and printed no throughput, has no result, whatever an older run before it
reached.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from dsbench.errors import Code, DsbenchError

_THROUGHPUT = re.compile(r"Throughput:\s*([0-9]+(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?)(?:\s*(?:qps|queries/s))?")
_GPU_TIME = re.compile(r"(?<!Total )GPU Compute(?: Time)?\b:?\s*(.*)")
_MEAN = re.compile(r"\bmean\s*[=:]\s*([0-9.eE+-]+)\s*ms")
_P99 = re.compile(
    r"percentile\s*\(?\s*99\s*%\s*\)?\s*[=:]\s*([0-9.eE+-]+)\s*ms|percentile[=:\s]+([0-9.eE+-]+)\s*ms at 99%"
)
_RUNNING, _FAILED = "&&&& RUNNING", "&&&& FAILED"


@dataclass(frozen=True, slots=True)
class TrtexecLog:
    """The last run of a log: queries per second, milliseconds per query, and its first line (which names who
    wrote it).
    """

    throughput_qps: float
    gpu_mean_ms: float | None
    gpu_p99_ms: float | None
    failed: bool
    first_line: str
    ignored_older: float | None = None


@dataclass(slots=True)
class _Run:
    qps: float | None = None
    mean: float | None = None
    p99: float | None = None
    failed: bool = False
    in_gpu_block: bool = False


def parse(path: Path | str) -> TrtexecLog:
    """Read a log. Raises DsbenchError(TRTEXEC_LOG_INVALID): unreadable, without a throughput, or of a failed
    run.
    """
    path = Path(path)
    run, older, first_line = _Run(), None, ""
    try:
        with path.open(encoding="utf-8", errors="replace") as lines:
            for number, line in enumerate(lines):
                if number == 0:
                    first_line = line.rstrip("\r\n")
                if _RUNNING in line:
                    older = run.qps if run.qps is not None else older
                    run = _Run()
                _read_line(run, line)
    except OSError as error:
        raise DsbenchError(
            Code.TRTEXEC_LOG_INVALID, f"{error.strerror}: {path}", where=str(path), fix="run trtexec again"
        ) from error
    if run.failed:
        raise DsbenchError(
            Code.TRTEXEC_LOG_INVALID,
            f"ERROR: Could not parse Throughput from {path} — the run in it ended with &&&& FAILED",
            where=str(path),
            fix="run trtexec again" + ("; the log's older Throughput is of another run" if older or run.qps else ""),
        )
    if run.qps is None or run.qps <= 0:
        raise DsbenchError(
            Code.TRTEXEC_LOG_INVALID,
            f"ERROR: Could not parse Throughput from {path} — log may be empty or malformed",
            where=str(path),
            fix="run trtexec again with --duration=10 and keep its whole output"
            + ("; the Throughput in it belongs to an older run" if older else ""),
        )
    return TrtexecLog(run.qps, run.mean, run.p99, False, first_line, older)


def _read_line(run: _Run, line: str) -> None:
    if _FAILED in line:
        run.failed = True
    if (found := _THROUGHPUT.search(line)) is not None:
        run.qps = float(found.group(1))
    gpu = _GPU_TIME.search(line)
    if gpu is not None:
        # TensorRT 8 and later print one line; TensorRT 7 opens a block of lines `min:`, `max:`, `mean:`,
        # `percentile:`
        run.in_gpu_block = not gpu.group(1).strip()
        _read_gpu(run, gpu.group(1))
    elif run.in_gpu_block:
        run.in_gpu_block = any(word in line for word in ("min", "max", "mean", "median", "percentile"))
        _read_gpu(run, line)


def _read_gpu(run: _Run, text: str) -> None:
    if (mean := _MEAN.search(text)) is not None:
        run.mean = _number(mean.group(1))
    if (p99 := _P99.search(text)) is not None:
        run.p99 = _number(p99.group(1) or p99.group(2))


def _number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None
