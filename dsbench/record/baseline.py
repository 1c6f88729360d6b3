"""Which record a run is compared with: the one that is given, the blessed one, or the last good run."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from dsbench.base.errors import Code, DsbenchError
from dsbench.judge import regression
from dsbench.judge.regression import ComparableRun
from dsbench.record import comparable, history, store
from dsbench.record.evidence import Evidence
from dsbench.record.history import KeptRecord
from dsbench.record.schema import INCONCLUSIVE, Record

ENTRY = "regression"
"""Key of the comparison in the record."""
TABLE = "Compared with the baseline"
"""Title of the table of the comparison."""
RESULT, GIVEN = "Comparison", "Baseline"
"""Facts of the step: the result with what it rests on, and the baseline with its ``BaselineOrigin``."""
NOTHING = "nothing to compare with"
"""Result without a baseline; the others are those of ``judge/regression.py``."""
_RECORD = Path("reports") / "benchmark_data.json"


class BaselineOrigin(StrEnum):
    """Where a baseline comes from."""

    GIVEN = "--baseline"
    BLESSED = "--bless"
    LAST_GOOD = "last good run"


@dataclass(frozen=True)
class ShownComparison:
    """The comparison of a run as its step's evidence has it."""

    word: str
    """``regression``, ``not judged``, ``no regression``, ``not comparable`` or ``NOTHING``."""
    basis: str
    """The measures that count, or what differs, or why there is no baseline; and the baseline."""
    origin: str
    """A ``BaselineOrigin``; empty if there is no baseline and none was asked for."""

    @property
    def line(self) -> str:
        return f"{self.word}: {self.basis}"


def shown(evidence: Iterable[Evidence]) -> ShownComparison | None:
    """The comparison among the steps of a run; None if the step did not run."""
    facts = (one.facts for one in evidence if one.step == ENTRY)
    by_name = next(({fact.name: fact for fact in found} for found in facts if found), {})
    if RESULT not in by_name:
        return None
    result, given = by_name[RESULT], by_name.get(GIVEN)
    return ShownComparison(result.value, result.origin, given.origin if given is not None else "")


@dataclass(frozen=True)
class Baseline:
    """The record that a run is compared with."""

    kept: KeptRecord
    origin: BaselineOrigin
    run: ComparableRun


@dataclass(frozen=True)
class BaselineSearch:
    """The baseline, or why there is none; and what is known of earlier runs."""

    baseline: Baseline | None
    none: str
    """Why there is no baseline."""
    earlier: tuple[KeptRecord, ...]
    """The history, the newest first, without this run."""
    not_used: str = ""
    """Why the blessed record is not used; empty if it can be, or if there is none."""


def unusable(record: Record) -> str:
    """Why a record cannot be a baseline; empty if it can."""
    outcomes = record.outcomes
    if failed := [name for name, outcome in outcomes.items() if outcome == "failed"]:
        return f"its run failed in {failed[0]}"
    if record.interrupted_in or record.ended is None:
        return "its run did not end"
    if undecided := [name for name, outcome in outcomes.items() if outcome == INCONCLUSIVE]:
        return f"its {undecided[0]} is INCONCLUSIVE"
    if not comparable.of_record(record).measures:
        return "it has no measure to compare"
    return ""


def find(given: Path | None, record_path: Path, now: Record, *, missing_ok: bool = False) -> BaselineSearch:
    """The baseline of ``now``, whose own record is at ``record_path``. ``missing_ok``: ``given`` need not exist.

    Of several records one that can be compared is taken first, then one with a benchmark if this run has one, then the
    newest. Raises BASELINE_INVALID if ``given`` is no record, no folder, or the record of a failed run.
    """
    key = comparable.of_record(now)
    earlier = tuple(one for one in history.kept(record_path) if one.record.session != now.session)
    if given is not None and missing_ok and not given.exists():
        return BaselineSearch(None, f"{given} does not exist yet", earlier)
    if given is not None:
        return _given(given, now, key, earlier)
    found, not_used = _blessed(history.folder(record_path) / history.BLESSED)
    good = (one for one in earlier if not unusable(one.record) and not _worse(one.record))
    found += [_as_baseline(one, BaselineOrigin.LAST_GOOD) for one in good]
    chosen = _first_comparable(found, key)
    none = "" if chosen else "there is no earlier good run in reports/history"
    return BaselineSearch(chosen, none, earlier, not_used)


def check(given: Path) -> KeptRecord | None:
    """The record at ``given``, None for a folder. Raises BASELINE_INVALID if it is neither, or of a run that is no
    baseline."""
    if given.is_dir():
        return None
    if not given.exists():
        raise _invalid("the baseline does not exist", given)
    try:
        record = store.load(given)
    except DsbenchError as error:
        raise _invalid(error.what, given) from error
    if why := unusable(record):
        raise _invalid(f"the record is no baseline: {why}", given)
    return KeptRecord(given, record)


def target(given: Path | None, record_path: Path, model_name: str) -> Path:
    """The file that ``--bless`` writes: where ``--baseline`` reads it. A name without ``.json`` that does not exist yet
    is a folder's. Raises BASELINE_INVALID if the file is the record of another model."""
    if given is None:
        return history.folder(record_path) / history.BLESSED
    if given.is_dir() or (not given.exists() and given.suffix.lower() != ".json"):
        return given / f"{model_name}.json"
    before = history.load(given)
    if before is not None and before.record.model_name != model_name:
        what = f"the file is the record of another model, {before.record.model_name}"
        raise DsbenchError(Code.BASELINE_INVALID, what, where=str(given), fix="give a folder for several models")
    return given


def _blessed(path: Path) -> tuple[list[Baseline], str]:
    """The blessed record, if there is one that can be used, else why it cannot."""
    if not path.exists():
        return [], ""
    try:
        kept = check(path)
    except DsbenchError as error:
        return [], f"{path}: {error.what}"
    return ([_as_baseline(kept, BaselineOrigin.BLESSED)], "") if kept else ([], f"{path} is a directory")


def _given(given: Path, now: Record, key: ComparableRun, earlier: tuple[KeptRecord, ...]) -> BaselineSearch:
    kept = check(given)
    if kept is not None:
        return BaselineSearch(_as_baseline(kept, BaselineOrigin.GIVEN), "", earlier)
    every = [one for one in _in_folder(given, now.model_name) if one.record.session != now.session]
    good = [one for one in every if not unusable(one.record)]
    chosen = _first_comparable((_as_baseline(one, BaselineOrigin.GIVEN) for one in good), key)
    none = f"{given} has no record of a good run of {now.model_name}"
    return BaselineSearch(chosen, "" if chosen else none, earlier)


def _in_folder(folder: Path, model_name: str) -> list[KeptRecord]:
    """Records of the model in a folder of baselines, or of a model directory; the newest first."""
    files = [*folder.glob("*.json"), folder / _RECORD, folder / model_name / _RECORD, *history.paths(folder / _RECORD)]
    loaded = (history.load(path) for path in dict.fromkeys(files) if path.is_file())
    mine = [one for one in loaded if one is not None and one.record.model_name == model_name]
    return sorted(mine, key=lambda one: one.record.started, reverse=True)


def _as_baseline(kept: KeptRecord, origin: BaselineOrigin) -> Baseline:
    return Baseline(kept, origin, comparable.of_record(kept.record))


def _first_comparable(found: Iterable[Baseline], now: ComparableRun) -> Baseline | None:
    """A run with a benchmark is compared with one that has a benchmark too: a check of the import alone, made since
    then, would show nothing about its speed."""
    every = list(found)
    fits = [one for one in every if not regression.differences(one.run, now)]
    if fits and fits[0].origin is not BaselineOrigin.BLESSED and now.measure(regression.THROUGHPUT) is not None:
        fits = [one for one in fits if one.run.measure(regression.THROUGHPUT) is not None] or fits
    return next(iter(fits), every[0] if every else None)


def _worse(record: Record) -> bool:
    """Its run was found to be worse than its own baseline."""
    entry = record.entry(ENTRY)
    return entry is not None and entry.get("result") == "regression"


def _invalid(what: str, given: Path) -> DsbenchError:
    fix = "give the record of a good run, or a folder of such records; `--bless` makes one"
    return DsbenchError(Code.BASELINE_INVALID, what, where=str(given), fix=fix)
