"""The answer of ``dsbench fix`` as data: what ``--json`` prints."""

from __future__ import annotations

from dataclasses import dataclass

from dsbench.build import file_changes
from dsbench.build.file_changes import FileChange
from dsbench.repair.search import Solution
from dsbench.repair.trial import Trial
from dsbench.steps.named_edits import Problem


@dataclass(frozen=True)
class FixFigures:
    """Measured on the same frames; None: the steps did not get there. Fractions of 1."""

    recall: float | None
    """Of the reference's boxes, as ``f1``."""
    f1: float | None
    """Of the dump against the reference under the usual keys."""
    detection_rate: float | None
    map: float | None
    """mAP@0.5:0.95; None also without ground truth."""

    @classmethod
    def of(cls, trial: Trial) -> FixFigures:
        """The figures of a trial."""
        return cls(trial.recall, trial.f1, trial.rate, trial.mean_precision)


@dataclass(frozen=True)
class FixedFile:
    """A changed file, its path as the user wrote the directory. ``backup``: name of the copy of the old file, "" if
    nothing was written, or nothing was there."""

    file: str
    diff: tuple[str, ...]
    backup: str = ""


@dataclass(frozen=True)
class FixAnswer:
    """``problems``: what was wrong; ``left``: what stays wrong with the change. ``fixes``: the edits in a few words.

    ``after`` is None without a change. ``written``: the change is in the directory, ``after`` was measured on it.
    """

    model_dir: str
    healthy: bool
    problems: tuple[Problem, ...]
    fixes: tuple[str, ...]
    files: tuple[FixedFile, ...]
    before: FixFigures
    after: FixFigures | None
    left: tuple[Problem, ...]
    trials: int
    written: bool = False


def of_solution(
    solution: Solution, changes: tuple[FileChange, ...], given: str, backups: dict[str, str], after: Trial | None = None
) -> FixAnswer:
    """``after``: measured on what was written, with ``backups`` by file; None if nothing was."""
    last = after or solution.after
    return FixAnswer(
        model_dir=given,
        healthy=solution.healthy,
        problems=solution.before.problems,
        fixes=tuple(one.what for one in solution.accepted),
        files=tuple(
            FixedFile(f"{given}/{one.file}", tuple(file_changes.diff(one, given)), backups.get(one.file, ""))
            for one in changes
        ),
        before=FixFigures.of(solution.before),
        after=FixFigures.of(last) if changes else None,
        left=last.problems,
        trials=solution.trials,
        written=after is not None,
    )
