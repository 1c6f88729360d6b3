"""``dsbench fix MODEL_DIR``: shows the change that fixes a model directory, and writes it with ``--apply``."""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from dsbench.base import jsonable, option_levels, options
from dsbench.base.errors import Code, DsbenchError
from dsbench.base.text import printable
from dsbench.build import file_changes
from dsbench.build.file_changes import FileChange
from dsbench.machine import directory_lock
from dsbench.model.layout import ModelLayout
from dsbench.repair import patch
from dsbench.repair.answer import of_solution
from dsbench.repair.search import FixSearch, Solution
from dsbench.repair.trial import TITLES, Trial
from dsbench.steps.named_edits import Problem


def run(arguments: argparse.Namespace) -> int:
    """0: nothing to fix, or a change that was confirmed; 1: something stays wrong for which no fix is known.

    Raises MODEL_DIR_MISSING, DIRECTORY_BUSY, NOT_WRITABLE.
    """
    start = Path.cwd()
    layout = ModelLayout.at(arguments.model_dir, start)
    if not layout.root.is_dir():
        what, fix = "there is no such model directory", "correct the path; `dsbench init` lays a directory out"
        raise DsbenchError(Code.MODEL_DIR_MISSING, what, where=str(layout.root), fix=fix)
    given = option_levels.read({options.VIDEO.name: arguments.video, options.PREPARE.name: "never"})
    with ExitStack() as held, tempfile.TemporaryDirectory(prefix="dsbench-") as folder:
        directory_lock.take(layout.root, held, shown=layout.given)
        search = FixSearch(
            layout, given, start, Path(folder), lambda text: print(f"... {printable(text)}", file=sys.stderr)
        )
        search.announce("running every step up to the accuracy on a copy, on the embedded runtime")
        solution = search.solve()
        changes = file_changes.changes_of(layout.root, solution.changed)
        if not arguments.json:
            _show(*_report(solution))
            for change in changes:
                _show("", *file_changes.diff(change, layout.given))
            _show(*(("", *_effect(solution.before, solution.after)) if changes else ()))
        written = _apply(search, changes) if arguments.apply and changes else None
        if arguments.json:
            backups, after = (written.backups, written.after) if written else ({}, None)
            answer = of_solution(solution, changes, layout.given, backups, after)
            print(jsonable.dumps(answer, indent=2))
            return int(bool(answer.left))
        return _told(solution, written, layout.given)


@dataclass(frozen=True)
class _Applied:
    """``backups``: name of the old file's copy by file, "" without one. ``after``: measured on what was written."""

    backups: dict[str, str]
    after: Trial


def _apply(search: FixSearch, changes: tuple[FileChange, ...]) -> _Applied:
    """Write the changes, run once more on what is there now."""
    backups = {}
    for change in changes:
        backup = patch.write(change)
        backups[change.file] = backup.name if backup else ""
    search.announce("running again on what was written")
    return _Applied(backups, search.measure(()))


def _told(solution: Solution, written: _Applied | None, given: str) -> int:
    """Print how it ended; the exit status."""
    if written is None:
        if solution.changed:
            _show("", f"Nothing was written: `dsbench fix --apply {given}` writes it.")
        return int(bool(solution.after.problems))
    _show("")
    for file, backup in written.backups.items():
        _show(f"written: {given}/{file}{f', the old one is {backup}' if backup else ''}")
    _show("", "After the change, run again:", *_effect(solution.before, written.after))
    return int(bool(written.after.problems))


def _report(solution: Solution) -> Iterator[str]:
    """What is wrong, and whether a fix is known."""
    before = solution.before
    if solution.healthy:
        yield f"Nothing to fix: {', '.join(_figures(before)) or 'every step passes'}."
        for finding in before.findings:
            yield f"  {finding.severity}: {finding.rule}: {finding.what}"
        return
    yield "Wrong:"
    for problem in before.problems:
        yield from _problem(problem)
    if not solution.changed:
        yield ""
        yield f"No change is confirmed ({solution.trials - 1} tried on a copy)."
        if any(problem.fix for problem in before.problems):
            yield "What stands after `fix:` above is for you to do."
        return
    yield ""
    yield "Fix, confirmed on a copy:"
    for proposal in solution.accepted:
        yield f"  {proposal.what}"


def _problem(problem: Problem) -> Iterator[str]:
    state = "INCONCLUSIVE" if problem.undecided else "FAILED"
    first, *rest = problem.what.splitlines()
    yield f"  {TITLES[problem.step]} {state} [{problem.code}] {first}"
    for line in rest[:6]:
        yield f"      {line.strip()}"
    if problem.fix:
        yield f"      fix: {problem.fix.splitlines()[0]}"


def _effect(before: Trial, after: Trial) -> Iterator[str]:
    """Figures before and after, what is gone, what stays."""
    yield "Effect, measured on the same frames:"
    pairs = (
        ("reference recall", before.recall, after.recall),
        ("F1 against the reference", before.f1, after.f1),
        ("frames with detections", before.rate, after.rate),
        ("mAP@0.5:0.95", before.mean_precision, after.mean_precision),
    )
    for name, one, other in pairs:
        if other is not None:
            yield f"  {name} {_text(one)} -> {_text(other)}"
    left = {(problem.step, problem.code) for problem in after.problems}
    for problem in before.problems:
        if (problem.step, problem.code) not in left:
            state = "passes" if problem.step in after.passed else "is not reached"
            yield f"  {TITLES[problem.step]} [{problem.code}] -> {state}"
    if after.problems:
        yield "Still wrong:"
        for problem in after.problems:
            yield from _problem(problem)


def _figures(trial: Trial) -> Iterator[str]:
    named = (("F1 against the reference", trial.f1), ("mAP@0.5:0.95", trial.mean_precision))
    yield from (f"{name} {value:.3f}" for name, value in named if value is not None)


def _text(value: float | None) -> str:
    return "not reached" if value is None else f"{value:.2f}"


def _show(*lines: str) -> None:
    for line in lines:
        print(printable(line))
