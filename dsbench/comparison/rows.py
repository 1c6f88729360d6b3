"""A row of the index for each record: few values, picked from the file's JSON, so that thousands fit in memory."""

from __future__ import annotations

import math
import os
import sys
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dsbench.base.errors import DsbenchError
from dsbench.record import codec, excerpt, store, verdict
from dsbench.record.evidence import StepFailure
from dsbench.record.schema import ModelVerdict

_RECORD = Path("reports") / "benchmark_data.json"
_KEYS = (
    *("model_name", "runtime", "machine", "started", "ended", "interrupted_in", "verdict", "answers", "deepstream"),
    "beyond",
)
_FAILED = '"outcome": "failed"'
"""In the text of every record with a failed step; the steps, which are long, are parsed for those only."""
_COLORS = ("passed", "amber", "failed")


@dataclass(frozen=True, slots=True)
class IndexRow:
    """One record. A number that is not known is None."""

    path: Path
    model: str
    runtime: str
    machine: str
    started: str
    verdict: str
    """passed, failed, inconclusive or incomplete."""
    answers: ModelVerdict
    total_fps: float | None
    fps_per_stream: float | None
    efficiency: float | None
    """Percent of the model alone, run 2."""
    f1: float | None
    map50: float | None
    map: float | None
    failed: str
    """Names and codes of the failed steps."""
    failures: tuple[StepFailure | None, ...]
    """Of the failed steps; None for an unexpected exception."""
    ended: str
    """Empty if the run has no end, and in records that do not say."""
    cut: str
    """Why the run has no end: it was interrupted, or killed; empty if it has, and in records that do not say."""
    comparison: str
    """Against its baseline; empty if it was not compared."""

    @property
    def home(self) -> Path:
        """The model directory, if the record lies in one."""
        return self.path.parent.parent


@dataclass(frozen=True)
class Unread:
    """A file that was given, or found by its name, and is no record that can be read."""

    path: Path
    reason: str


def find(given: Iterable[Path]) -> Iterator[Path]:
    """The records: files as they are; of a directory its own record, else those of the directories below it, and the
    JSON files that lie directly in it. Each once, links to directories are not followed."""
    seen: set[str] = set()
    for path in given:
        for found in _below(path):
            real = os.path.realpath(found)  # a link to itself is no error here: it is found not to be readable
            if real not in seen:
                seen.add(real)
                yield found


def _below(path: Path) -> Iterator[Path]:
    if not path.is_dir():
        yield path
        return
    if (path / _RECORD).is_file():
        yield path / _RECORD
        return
    yield from sorted(path.glob("*.json"))
    for folder, folders, _ in os.walk(path):
        folders.sort()
        record = Path(folder) / _RECORD
        if Path(folder) != path and record.is_file():
            folders.clear()
            yield record


def read(path: Path) -> IndexRow | Unread:
    """The row of a record's file."""
    try:
        text = store.read_text(path)
        data = excerpt.of_text(text, (*_KEYS, "steps") if _FAILED in text else _KEYS, where=str(path))
        # records of version 1 have no answers: they are derived
        if not isinstance(data.get("answers"), dict):
            data["answers"] = vars(verdict.of_record(codec.from_json(text, where=str(path))))
        return _row(path, data)
    except DsbenchError as error:
        return Unread(path, error.what)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        return Unread(path, f"not a record of dsbench ({type(error).__name__}: {error})")


def _row(path: Path, data: Mapping[str, Any]) -> IndexRow:
    run1, run2 = (_part(_part(data, "deepstream"), name) for name in ("run1", "run2"))
    beyond, answers = _part(data, "beyond"), _part(data, "answers")
    parity, accuracy, compared = (_part(beyond, name) for name in ("import_parity", "accuracy", "regression"))
    failed = [(str(step["step"]), _failure(step)) for step in data.get("steps", ()) if step["outcome"] == "failed"]
    return IndexRow(
        path=path,
        model=str(data["model_name"]),
        runtime=sys.intern(str(data["runtime"])),
        machine=sys.intern(str(_part(data, "machine").get("machine_class", ""))),
        started=str(data["started"]),
        verdict=str(data["verdict"]),
        answers=_answers(answers),
        total_fps=_number(run1.get("total_fps")),
        fps_per_stream=_number(run2.get("fps_per_stream")),
        efficiency=_number(run2.get("efficiency")),
        f1=_number(parity.get("f1")),
        map50=_number(accuracy.get("map50")),
        map=_number(accuracy.get("map")),
        failed="; ".join(_failed(*step) for step in failed),
        failures=tuple(failure for _, failure in failed),
        ended=str(data.get("ended") or ""),
        cut=_cut(data),
        comparison=str(compared.get("result", "")),
    )


def _answers(data: Mapping[str, Any]) -> ModelVerdict:
    """A colour that is not known is amber."""
    colors = (data[name] if data[name] in _COLORS else "amber" for name in ("color", "import_color", "streams_color"))
    color, import_color, streams_color = colors
    streams = _number(data.get("streams"))
    return ModelVerdict(
        color,
        str(data["import_answer"]),
        import_color,
        str(data["streams_answer"]),
        streams_color,
        str(data["runtime"]),
        None if streams is None else int(streams),
    )


def _failure(step: Mapping[str, Any]) -> StepFailure | None:
    failure = step.get("failure")
    if not isinstance(failure, Mapping):
        return None
    return StepFailure(str(failure["code"]), str(failure.get("what", "")), "", "")


def _failed(step: str, failure: StepFailure | None) -> str:
    return f"{step} [{', '.join(failure.codes)}]" if failure else step


def _cut(data: Mapping[str, Any]) -> str:
    if step := data.get("interrupted_in"):
        return f"the run was interrupted in {step}"
    return "the run did not end" if "ended" in data and not data["ended"] else ""


def _part(data: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    found = data.get(name)
    return found if isinstance(found, Mapping) else {}


def _number(value: object) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        return None
    return float(value)
