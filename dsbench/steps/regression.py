"""Beyond the specification: the run against its baseline, or against the last good run of this model directory.

A regression against a baseline that the user chose (``--baseline``, ``--bless``) fails the step; against the last good
run it is a warning. Runs that cannot be compared are neither a pass nor a failure: the step has nothing to do.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from dsbench.base.errors import Code, DsbenchError
from dsbench.base.options import BASELINE, BLESS, MAX_REGRESSION
from dsbench.base.os_errors import as_dsbench_error
from dsbench.judge import regression
from dsbench.judge.regression import ComparableRun, ComparedRow, KeyDifference, RowState, RunComparison
from dsbench.record import baseline, comparable, history
from dsbench.record.baseline import Baseline, BaselineOrigin, BaselineSearch
from dsbench.record.evidence import EvidenceLog
from dsbench.record.history import KeptRecord
from dsbench.record.raw import BaselineData
from dsbench.record.recorder import Recorder
from dsbench.record.schema import Record
from dsbench.report import history_figure
from dsbench.steps.model_run import ModelRun

COLUMNS = ("measure", "baseline", "this run", "change", "result")
_KEY = "regression"


@dataclass(frozen=True)
class RegressionResult:
    """The comparison; None without a baseline."""

    search: BaselineSearch
    data: BaselineData | None
    comparison: RunComparison | None


@dataclass(frozen=True)
class RegressionRow:
    """One measure in the record's entry."""

    measure: str
    before: float
    now: float
    change: float | None
    """Relative; of mAP and F1 the difference."""
    state: str
    """``regression``, ``better``, ``same``, ``not judged`` or ``not compared``."""
    p: float | None
    """Of the rank test, one-sided; None if it was not made."""
    reason: str


@dataclass(frozen=True)
class RegressionRecord:
    """The record's entry ``regression``."""

    result: str
    """``regression``, ``not judged``, ``no regression`` or ``not comparable``."""
    baseline: str
    """Path of the record that this run was compared with."""
    origin: str
    session: str
    differs: tuple[KeyDifference, ...]
    """What the two runs do not have in common; they are compared only if it is empty."""
    rows: tuple[RegressionRow, ...]


def run(model: ModelRun, log: EvidenceLog) -> RegressionResult:
    """Compare this run's record with its baseline. Raises REGRESSION, BASELINE_INVALID."""
    assert model.recorder is not None, "the plugin gives every model a recorder"
    record = model.recorder.record
    given = _given(model)
    search = baseline.find(given, model.layout.record, record, missing_ok=model.option(BLESS).value)
    if search.not_used:
        log.warn(f"the blessed baseline is not used: {search.not_used}; run again with --bless to replace it")
    now = comparable.of_record(record)
    _earlier_runs(log, search.earlier, record, now)
    if search.baseline is None:
        log.left_out = f"{baseline.NOTHING}: {search.none}"
        log.fact(baseline.RESULT, baseline.NOTHING, search.none)
        if given is not None:
            log.fact(baseline.GIVEN, given, str(BaselineOrigin.GIVEN))
        return model.keep(RegressionResult(search, None, None))
    tolerance = regression.tolerance_of(model.option(MAX_REGRESSION).value, record.runtime)
    data = _data(search, search.baseline, now, tolerance)
    found = compared(now, data)
    result = model.keep(RegressionResult(search, data, found))
    model.record(_KEY, record_entry(now, data))
    add_evidence(log, data, found)
    failed = fails(found, data, bless=model.option(BLESS).value)
    log.warn(*warned(found, failed=failed))
    if failed:
        raise failure(found, search.baseline)
    return result


def check_given(model: ModelRun) -> None:
    """Raise BASELINE_INVALID at the start of a run if --baseline names nothing; with --bless it may be new."""
    given = _given(model)
    if given is not None and not model.option(BLESS).value:
        baseline.check(given)


def keep(model: ModelRun, recorder: Recorder, say: Callable[[str], None]) -> None:
    """Keep the finished record in the history and, with --bless, as the baseline. Never raises: it says what failed."""
    record, name = recorder.record, model.layout.name
    ours = recorder.state.path and not recorder.trouble and not record.interrupted_in and record.ended is not None
    written = ours and os.path.isfile(recorder.path)
    if written and comparable.of_record(record).measures:
        try:
            history.keep(recorder.path, record)
        except (DsbenchError, OSError) as error:
            found = as_dsbench_error(error)
            say(f"dsbench: {name}: the record was not kept in {history.FOLDER}/: {found.what} ({found.where})")
    if model.option(BLESS).value:
        why = baseline.unusable(record) or ("" if written else "its record was not written")
        say(f"dsbench: {name}: {f'this run is not made the baseline: {why}' if why else _bless(model, recorder)}")


def _bless(model: ModelRun, recorder: Recorder) -> str:
    try:
        target = baseline.target(_given(model), model.layout.record, recorder.record.model_name)
        history.copy(recorder.path, target)
    except (DsbenchError, OSError) as error:
        found = as_dsbench_error(error)
        return f"this run is not made the baseline: {found.what} ({found.where})"
    return f"this run is the baseline now: {target}"


def _given(model: ModelRun) -> Path | None:
    given = model.option(BASELINE).value
    return model.start / os.path.expanduser(given) if given else None


def _data(search: BaselineSearch, chosen: Baseline, now: ComparableRun, tolerance: float) -> BaselineData:
    """The baseline, and how much runs of its key differ from each other."""
    runs = [comparable.of_record(one.record) for one in search.earlier if not baseline.unusable(one.record)]
    same = [one for one in runs if not regression.differences(one, now)]
    record = chosen.kept.record
    return BaselineData(
        path=str(chosen.kept.path),
        origin=str(chosen.origin),
        session=record.session,
        started=record.started,
        tolerance=tolerance,
        spreads=regression.spreads_between(same),
        run=chosen.run,
    )


def compared(now: ComparableRun, data: BaselineData) -> RunComparison:
    """This run against the baseline of its record's raw data."""
    return regression.compare(data.run, now, data.tolerance, data.spreads)


def record_entry(now: ComparableRun, data: BaselineData) -> RegressionRecord:
    """The entry; the record's raw data give the same one again."""
    found = compared(now, data)
    rows = tuple(
        RegressionRow(row.key, row.before, row.now, row.change, str(row.state), row.p, row.reason) for row in found.rows
    )
    return RegressionRecord(found.word, data.path, data.origin, data.session, found.differs, rows)


def fails(found: RunComparison, data: BaselineData, *, bless: bool) -> bool:
    """Whether the step fails: the user chose the baseline, and does not replace it."""
    return found.word == "regression" and data.origin != BaselineOrigin.LAST_GOOD and not bless


def failure(found: RunComparison, chosen: Baseline) -> DsbenchError:
    """The error of a run that is worse than its baseline."""
    lines = [f"{len(found.regressions)} of {len(found.rows)} measures are worse than the baseline's:"]
    lines += [f"{row.text}: {row.reason}" for row in found.regressions]
    lines += [f"also differs: {note}" for note in found.notes]
    fix = "find what changed; if it is meant, make this run the baseline: run again with --bless"
    return DsbenchError(Code.REGRESSION, "\n".join(lines), where=str(chosen.kept.path), fix=fix)


def add_evidence(log: EvidenceLog, data: BaselineData, found: RunComparison) -> None:
    """The result in one line, the table, what differs."""
    against = f"{data.origin}, {data.started}"
    log.fact(baseline.RESULT, found.word, f"{found.sentence} ({against})")
    log.fact(baseline.GIVEN, data.path, data.origin)
    if found.word == "not comparable":
        log.left_out = f"not comparable with the baseline: {found.sentence}"
    log.print(f"Compared with the baseline ({against}): {found.word}")
    log.print(*(f"  {row.text}: {row.state}" for row in found.rows))
    log.print(*(f"  differs: {one}" for one in found.differs))
    log.table(baseline.TABLE, COLUMNS, [cells(row) for row in found.rows])
    if found.differs or found.notes:
        rows = [(one.name, one.before, one.now) for one in (*found.differs, *found.notes)]
        log.table("What differs", ("what", "baseline", "this run"), rows)
    if found.missing and not found.differs:
        log.note(f"only the baseline has: {', '.join(found.missing_titles)}")


def warned(found: RunComparison, *, failed: bool = False) -> Iterator[str]:
    """The rows to warn of. ``failed``: the step's error has those that are worse."""
    states = (RowState.NOT_JUDGED,) if failed else (RowState.WORSE, RowState.NOT_JUDGED)
    yield from (f"{row.state}: {row.text}; {row.reason}" for row in found.rows if row.state in states)


def cells(row: ComparedRow) -> tuple[str, ...]:
    """A row of the table."""
    kind, reason = row.kind, f" ({row.reason})" if row.reason else ""
    return kind.title, kind.text(row.before), kind.text(row.now), row.change_text, f"{row.state}{reason}"


def _earlier_runs(log: EvidenceLog, earlier: Sequence[KeptRecord], record: Record, now: ComparableRun) -> None:
    """The history of runs with this run's key, the oldest first."""
    runs = [(one.record, comparable.of_record(one.record)) for one in reversed(earlier)]
    same = [(one, key) for one, key in runs if not regression.differences(key, now)]
    if not same:
        return
    rows = [history_cells(one, key, one.verdict) for one, key in (*same, (record, now))]
    rows[-1] = (*rows[-1][:-1], "this run")
    log.table(history_figure.TITLE, history_figure.COLUMNS, rows)
    if len(runs) > len(same):
        log.note(f"not in the history: {len(runs) - len(same)} earlier runs with another machine, config or clip")


def history_cells(record: Record, run: ComparableRun, result: str) -> tuple[str, ...]:
    """A run in the table of the history."""
    found = {one.key: one.value for one in run.measures}
    values = (f"{found[key]:g}" if key in found else "" for key in ("throughput", "streams", "f1", "map"))
    return (record.started, *values, result)
