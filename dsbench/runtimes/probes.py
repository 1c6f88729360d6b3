"""Runs the probes: the ONNX model on real frames (6a), the built parser on the model's outputs (6d), and the model on
the frames of the KITTI dump (the reference).

They are separate programs, so that a malicious model or a crashing parser cannot end pytest.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from dsbench.base import jsonable, os_errors, process
from dsbench.base.errors import Code, DsbenchError
from dsbench.base.process import Finished
from dsbench.base.python_child import python_command
from dsbench.jobs.probe import ParserJob, ParserResult, ProbeFailure, ProbeJob, ProbeResult
from dsbench.jobs.reference import ReferenceJob, ReferenceOutputs

MODEL_DEADLINE_S = 180.0
PARSER_DEADLINE_S = 25.0
"""All calls together take less than a second."""
REFERENCE_DEADLINE_S = 120.0


@dataclass(frozen=True)
class Probed:
    """The result of the model probe."""

    result: ProbeResult
    tensors: Path
    """The .npz with the model's outputs."""


@dataclass(frozen=True)
class ReferenceRun:
    """The result of the reference probe."""

    result: ReferenceOutputs
    folder: Path
    """The .npz of each frame."""


def probe_model(job: ProbeJob, scratch: Path) -> Probed:
    """Run the model. Raises ONNX_RUN_FAILED if the program dies or hangs, else the failure in its result."""
    out = scratch / "probe"
    finished = _run("dsbench.embedded.probe", job, out, scratch, MODEL_DEADLINE_S)
    if not out.with_suffix(".json").is_file():
        raise DsbenchError(
            Code.ONNX_RUN_FAILED,
            f"running the model in ONNX Runtime {_ended(finished)}",
            where=job.onnx,
            fix="run it in ONNX Runtime by hand; export it again",
        )
    result = jsonable.load(ProbeResult, out.with_suffix(".json"))
    _raise(result.failure)
    _raise(result.video_failure)
    return Probed(result, out.with_suffix(".npz"))


def probe_parser(job: ParserJob, scratch: Path) -> tuple[ParserResult, Path]:
    """Run the built parser; returns the counts and the .npz of its boxes.

    Raises PARSER_CRASHED if the program dies, hangs or runs out of memory, else the failure in its result.
    """
    out = scratch / "parser"
    finished = _run("dsbench.embedded.parser_probe", job, out, scratch, PARSER_DEADLINE_S)
    if not out.with_suffix(".json").is_file():
        loaded = out.with_suffix(".loaded").is_file()
        when = "on the model's outputs of a real frame" if loaded else "while its library was being loaded"
        raise DsbenchError(
            Code.PARSER_CRASHED,
            f"{job.function} {_ended(finished)} {when}",
            where=job.library,
            fix=_parser_fix(finished, loaded),
        )
    result = jsonable.load(ParserResult, out.with_suffix(".json"))
    _raise(result.failure)
    return result, out.with_suffix(".npz")


def probe_reference(job: ReferenceJob, scratch: Path, until: Callable[[], bool] | None = None) -> ReferenceRun:
    """Run the model on frames of the dump; ``until``: polled, ends the program once it is True.

    Raises ONNX_RUN_FAILED if the program dies or hangs, else the failure in its result.
    """
    out = scratch / "reference"
    shutil.rmtree(out, ignore_errors=True)
    finished = _run("dsbench.embedded.reference_probe", job, out, scratch, REFERENCE_DEADLINE_S, until)
    if not out.with_suffix(".json").is_file():
        raise DsbenchError(
            Code.ONNX_RUN_FAILED,
            f"running the model on the frames of the dump in ONNX Runtime {_ended(finished)}",
            where=job.onnx,
            fix="free memory and run again",
        )
    result = jsonable.load(ReferenceOutputs, out.with_suffix(".json"))
    _raise(result.failure)
    return ReferenceRun(result, out)


def _parser_fix(finished: Finished, loaded: bool) -> str:
    """The fix for a parser that ended its process."""
    if not loaded:
        return "check the constructors of global objects: they run while the library is loaded"
    if finished.timed_out:
        return "check the ends of the parser's loops: it loops for ever or waits"
    if any("symbol lookup error" in line for line in finished.tail(3)):
        return "define the missing function in the parser, or link the library that has it"
    if finished.signal_name is None:
        return "return false instead of calling exit(): the parser ended the whole process"
    return "compare the parser with the output shapes of step 6a: an output tensor shape mismatch is likely"


def _run(
    module: str,
    job: ProbeJob | ParserJob | ReferenceJob,
    out: Path,
    scratch: Path,
    deadline_s: float,
    until: Callable[[], bool] | None = None,
) -> Finished:
    request = out.with_suffix(".job.json")
    for stale in (out.with_suffix(".json"), out.with_suffix(".npz"), out.with_suffix(".loaded")):
        stale.unlink(missing_ok=True)
    jsonable.dump(job, request)
    command = python_command(module, str(request), str(out))
    finished = process.run(command, scratch / f"{out.name}.log", deadline_s=deadline_s, until=until)
    if not out.with_suffix(".json").is_file() and not process.disk_full(finished.log):
        cause = os_errors.in_output(finished.tail())
        if cause is not None:  # neither the model's nor the parser's fault
            raise cause
    return finished


def _ended(finished: Finished) -> str:
    if finished.timed_out:
        return f"did not end within {finished.seconds:.0f} s"
    last = "; ".join(finished.tail(3))
    if process.disk_full(finished.log):
        last = f"the disk of {finished.log.parent} is full: free space there, or set TMPDIR to another directory"
    how = f"was killed by {finished.signal_name}" if finished.signal_name else f"ended with {finished.returncode}"
    return f"{how} ({last})" if last else how


def _raise(failure: ProbeFailure | None) -> None:
    if failure is not None:
        raise DsbenchError(Code(failure.code), failure.what, where=failure.where, fix=failure.fix)
