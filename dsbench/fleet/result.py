"""The result of a job, and what lies in its directory.

``RESULTS/<job id>/`` is laid out as a model directory without its large files, so that every command that takes a
model directory takes it too: ``reports/benchmark_data.json``, ``reports/junit.xml``, ``reports/report.html``,
``samples/``, ``config/``. ``result.json`` beside them is written last: without it a directory is no result.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from dsbench.base import files, jsonable, reading
from dsbench.base.reading import FileKind

RESULT_FILE = "result.json"
MERGED_FILE = "fleet.json"
"""Of a merge."""
DEFAULT_FOLDER = "fleet-results"
"""Gets a directory of each job, below the current directory."""
RECORD, JUNIT, REPORT, LOG = (
    "reports/benchmark_data.json",
    "reports/junit.xml",
    "reports/report.html",
    "reports/pytest.log",
)
"""Files of a result, relative to its directory; each may be missing."""
VERSION = 1
PASSED_STATUS, FAILED_STATUS, INVALID_STATUS = 0, 1, 3
"""Exit status of a fleet command."""


class JobState(StrEnum):
    """How a job ended. ``INVALID``: it could not be run, which says nothing about the model."""

    PASSED = "passed"
    FAILED = "failed"
    INVALID = "invalid"


@dataclass(frozen=True, slots=True)
class JobResult:
    """``reason`` is empty for a passed job; ``exit_status`` is pytest's, None if pytest did not end; times are UTC in
    ISO 8601; ``host`` is the machine's name; ``attempts`` counts the starts of this job, the lost ones too."""

    id: str
    key: str
    model: str
    state: JobState
    reason: str = ""
    exit_status: int | None = None
    started: str = ""
    ended: str = ""
    host: str = ""
    attempts: int = 1
    version: int = VERSION


def write(result: JobResult, folder: Path) -> None:
    """Write ``result.json`` of a job's directory, atomically. Raises NOT_WRITABLE."""
    files.replace_file(folder / RESULT_FILE, (jsonable.dumps(result, indent=1) + "\n").encode())


def read(folder: Path) -> JobResult:
    """The result of a job's directory. Raises OSError, ValueError (RecursionError too) if it has none that is valid."""
    result = jsonable.loads(JobResult, reading.read_text(folder / RESULT_FILE, FileKind.JOB_RESULT))
    if result.version != VERSION:
        raise ValueError(f"version {result.version} of {RESULT_FILE} is not known")
    return result


def exit_status(states: Iterable[JobState]) -> int:
    """0 if every job passed; 1 if a model failed, whatever else could not be run; 3 if some could not be run."""
    found = set(states)
    if JobState.FAILED in found:
        return FAILED_STATUS
    return INVALID_STATUS if JobState.INVALID in found or not found else PASSED_STATUS
