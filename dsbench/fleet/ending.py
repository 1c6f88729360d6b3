"""How a job ended, by what pytest left: a state, and one sentence that says why."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from dsbench.base import error_catalogue, text
from dsbench.base.errors import DsbenchError
from dsbench.base.process import Finished
from dsbench.fleet.result import JobState
from dsbench.record import store
from dsbench.record.evidence import Evidence
from dsbench.record.schema import INCONCLUSIVE, Record

_STATUSES = {
    2: "pytest was interrupted (status 2)",
    3: "pytest ended with an internal error (status 3)",
    4: "pytest did not accept the run (status 4)",
    5: "pytest found no step to run (status 5)",
}
_REASON_LENGTH = 300


@dataclass(frozen=True)
class Ending:
    """``reason`` is one sentence, empty for a passed job."""

    state: JobState
    reason: str = ""


def ending(end: Finished, record_file: Path, interrupted: str = "") -> Ending:
    """The ending of a job whose pytest ended so. ``interrupted``: what stopped it, empty if nothing did."""
    if reason := interrupted or _stopped(end):
        return Ending(JobState.INVALID, reason)
    if end.returncode == 0:
        return Ending(JobState.PASSED)
    if end.returncode == 1:
        return _failed(_record(record_file))
    said = next((line for line in end.tail(40) if line.lstrip().startswith(("ERROR", "E  ", "INTERNALERROR"))), "")
    reason = _STATUSES.get(end.returncode, f"pytest ended with status {end.returncode}")
    return Ending(JobState.INVALID, _short(f"{reason}: {said.strip()}" if said else reason))


def _stopped(end: Finished) -> str:
    if end.timed_out:
        return f"stopped after {end.seconds:.0f} s: the time limit of the job is over"
    if end.flooded:
        return "stopped: pytest wrote more than its log may hold"
    if end.signal_name == "SIGKILL":
        return "pytest was killed by SIGKILL, probably by the OOM killer: check dmesg"
    return f"pytest was killed by {end.signal_name}" if end.signal_name else ""


def _record(path: Path) -> Record | None:
    try:
        return store.load(path)
    except DsbenchError:
        return None


def _failed(record: Record | None) -> Ending:
    """Status 1: the model's failure, unless each failed step speaks about the machine."""
    steps = record.steps if record is not None else ()
    failed = [step.evidence for step in steps if step.outcome == "failed"]
    if failed and all(_of_machine(evidence) for evidence in failed):
        return Ending(JobState.INVALID, _of_step(failed[0]))
    if failed:
        return Ending(JobState.FAILED, _of_step(next(one for one in failed if not _of_machine(one))))
    undecided = [step.evidence for step in steps if step.outcome == INCONCLUSIVE]
    if undecided:
        first = undecided[0].undecided[0]
        return Ending(JobState.FAILED, _short(f"{undecided[0].step} is INCONCLUSIVE: [{first.code}] {first.what}"))
    return Ending(JobState.FAILED, "pytest ended with status 1; the log says why")


def _of_machine(evidence: Evidence) -> bool:
    return evidence.failure is not None and evidence.failure.code in error_catalogue.MACHINE_CODES


def _of_step(evidence: Evidence) -> str:
    failure = evidence.failure
    return _short(f"{evidence.step} failed: [{failure.code}] {failure.what}" if failure else f"{evidence.step} failed")


def _short(sentence: str) -> str:
    line = " ".join(text.console(sentence).split())
    return line if len(line) <= _REASON_LENGTH else line[: _REASON_LENGTH - 1] + "…"
