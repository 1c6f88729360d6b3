"""How a job ended, by what pytest left: a state, and one sentence that says why."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from dsbench.base import process, text
from dsbench.base.error_catalogue import MACHINE_CODES
from dsbench.base.errors import DsbenchError
from dsbench.base.process import Finished
from dsbench.fleet.result import JobState
from dsbench.formats.failures import app, gst
from dsbench.formats.failures.matcher import FailureKind
from dsbench.record import store
from dsbench.record.evidence import Evidence, StepFailure
from dsbench.record.schema import INCONCLUSIVE, Record

INTERRUPTED = "interrupted"
"""Reason of a job that ended because its process got SIGINT or SIGTERM."""
_TESTS_FAILED = 1
_STATUSES = {
    2: "pytest was interrupted (status 2)",
    3: "pytest ended with an internal error (status 3)",
    4: "pytest did not accept the run (status 4)",
    5: "pytest found no step to run (status 5)",
}
_SAID = re.compile(r"(?:ERROR|INTERNALERROR>|E)\b:?\s*(?P<words>\S.*)")
_LINES_SEARCHED = 40
_WORDS_OF_MACHINE = re.compile(
    r"No space left on device|\bdisk (?:of \S+ |or the quota )?is full|was killed by SIGKILL"
)
"""In failures of any code: a full disk, and an app that something from outside ended, most often the OOM killer."""
_CAUSES_OF_MACHINE = re.compile(
    "|".join(row.cause_pattern for row in (*app.ROWS, *gst.ROWS) if row.kind is FailureKind.MACHINE)
)
"""In the first line of a failure of DeepStream or GStreamer, as the log showed it: no driver, no GPU, no NVDEC."""
_LONGEST_REASON = 300


@dataclass(frozen=True)
class Ending:
    """``reason`` is empty for a passed job, else one sentence."""

    state: JobState
    reason: str = ""


def ending(end: Finished, record_file: Path, *, signalled: bool = False) -> Ending:
    """The ending of a job whose pytest ended like this. ``record_file``: where the record is, if there is one.

    ``signalled``: a signal came to end the job. Engines send it to every process at once, so a step may have failed or
    pytest may have ended before it was stopped.
    """
    if signalled and end.returncode != 0:
        return Ending(JobState.INVALID, INTERRUPTED)
    if reason := _stopped(end):
        return Ending(JobState.INVALID, reason)
    if end.returncode == 0:
        return Ending(JobState.PASSED)
    if end.returncode == _TESTS_FAILED:
        return _failed(record_file)
    reason = _STATUSES.get(end.returncode, f"pytest ended with status {end.returncode}")
    said = next(filter(None, map(_SAID.match, end.tail(_LINES_SEARCHED))), None)
    return Ending(JobState.INVALID, sentence(f"{reason}: {said['words']}" if said else reason))


def _stopped(end: Finished) -> str:
    """Who ended pytest before its time; "" if it ended by itself."""
    if end.timed_out:
        return f"stopped after {end.seconds:.0f} s: the time limit of the job is over"
    if end.flooded:
        return f"stopped: the log is larger than {process.LOG_LIMIT >> 20} MiB"
    if end.signal_name == "SIGKILL":
        return "pytest was killed by SIGKILL, probably by the OOM killer: check dmesg"
    return f"pytest was killed by {end.signal_name}" if end.signal_name else ""


def _failed(record_file: Path) -> Ending:
    """The model's failure, unless each failed step speaks about the machine, or it could not even keep the record."""
    try:
        record = store.load(record_file)
    except DsbenchError:
        record = None
    if record is None or record.ended is None:
        why = (
            "the run left no finished record, probably because the disk of its directory (TMPDIR) was full: see its log"
        )
        return Ending(JobState.INVALID, why)
    failed = [step.evidence for step in record.steps if step.outcome == "failed"]
    of_model = [one for one in failed if not of_machine(one.failure)]
    if failed:
        state = JobState.FAILED if of_model else JobState.INVALID
        return Ending(state, _of_step((of_model or failed)[0]))
    return Ending(JobState.FAILED, _undecided(record))


def of_machine(failure: StepFailure | None) -> bool:
    """Whether a step failed because of the machine: on another one the same model need not."""
    if failure is None:  # an unexpected exception
        return False
    if MACHINE_CODES.issuperset(failure.codes) or _WORDS_OF_MACHINE.search(failure.what):
        return True
    return _CAUSES_OF_MACHINE.search(failure.what.partition("\n")[0]) is not None


def _of_step(evidence: Evidence) -> str:
    if evidence.failure is None:
        return sentence(f"{evidence.step} failed: see the log")
    codes = evidence.failure.codes
    said = f"[{codes[0]}] {evidence.failure.what}" if len(codes) == 1 else ", ".join(f"[{code}]" for code in codes)
    return sentence(f"{evidence.step} failed: {said}")


def _undecided(record: Record) -> str:
    step = next((step.evidence for step in record.steps if step.outcome == INCONCLUSIVE), None)
    if step is None:
        return "pytest ended with status 1 although no step failed: see its log"
    first = next(iter(step.undecided), None)
    return sentence(f"{step.step} is INCONCLUSIVE" + (f": [{first.code}] {first.what}" if first else ""))


def sentence(words: str) -> str:
    """The first line, as text that a terminal shows and never obeys."""
    line = text.console(words.splitlines()[0])
    return line if len(line) <= _LONGEST_REASON else f"{line[: _LONGEST_REASON - 1]}…"
