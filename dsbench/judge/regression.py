"""Is a run slower or less accurate than an earlier one? Pure.

Two runs are compared if they have a key in common: model, runtime, machine, config, video. A measure is a regression if
it is worse by more than its tolerance and, where it was measured in several windows, a rank test says so too. Where
something outside the model may explain the difference, the row is not judged instead.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from statistics import median

from dsbench.judge import rank_test
from dsbench.judge.run.reason import DISTURBED, ReasonCode

TOLERANCE, TOLERANCE_CPU = 5.0, 10.0
"""Percent by which a relative measure may be worse: on DeepStream, and where the app runs on a CPU."""
ALPHA = 0.05
"""Largest p of the rank test that counts, one-sided."""
_LARGEST_TOLERANCE = 0.3
_SPREADS = 2.0
"""Spreads between earlier runs that a measure may be worse by."""
_MIN_EARLIER, _MIN_SAMPLES = 4, 3
_PLAIN = 0.25
"""A throughput lower by this much is a regression even where its windows are few, noisy or drift."""
_COST, _COST_DISTURBED = 0.2, 0.5
"""Rise of the CPU time per frame that confirms a lower throughput: alone, and beside other load."""
_UNEVEN = 2.0
"""Threads wait unequally: the app as a whole may have been held up by this many times the mean of its threads."""
_HARMLESS = frozenset({ReasonCode.NEAR_TARGET, ReasonCode.QUANTISATION})
"""Reasons of a run that do not touch its throughput."""


class RowState(StrEnum):
    """What one measure says."""

    WORSE = "regression"
    BETTER = "better"
    SAME = "same"
    NOT_JUDGED = "not judged"
    NOT_COMPARED = "not compared"


@dataclass(frozen=True)
class MeasureKind:
    """A quantity that runs are compared by."""

    key: str
    title: str
    unit: str
    digits: int
    higher: bool = True
    """More is better."""
    tolerance: float = 1.0
    """Multiple of the tolerance in percent; of an ``absolute`` measure the tolerance itself, in its own unit."""
    absolute: bool = False
    """Judged by its difference alone: it has no noise on the same frames."""

    def text(self, value: float) -> str:
        return f"{value:.{self.digits}f}{f' {self.unit}' if self.unit else ''}"


THROUGHPUT, COST, STREAMS = "throughput", "cpu_per_frame", "streams"
KINDS = (
    MeasureKind(STREAMS, "real-time streams", "", 0),
    MeasureKind(THROUGHPUT, "throughput, run 1", "FPS", 2),
    MeasureKind("map", "mAP@0.5:0.95", "", 4, tolerance=0.01, absolute=True),
    MeasureKind("map50", "mAP@0.5", "", 4, tolerance=0.01, absolute=True),
    MeasureKind("f1", "F1 of the boxes against the model's own", "", 4, tolerance=0.02, absolute=True),
    MeasureKind("latency", "median latency of a frame", "ms", 1, higher=False, tolerance=2),
    MeasureKind(COST, "CPU time of the app per frame", "ms", 1, higher=False, tolerance=4),
    MeasureKind("memory", "memory of the app, run 1", "MiB", 0, higher=False, tolerance=2),
    MeasureKind("gpu_memory", "GPU memory in use, run 1", "MiB", 0, higher=False, tolerance=2),
)
"""Every measure, in the order of the table."""
_BY_KEY = {kind.key: kind for kind in KINDS}


@dataclass(frozen=True)
class KeyPart:
    """One part of what two runs must have in common."""

    name: str
    value: str
    required: bool = False
    """A run without it can be compared with no other; any other part counts only where both runs have it."""


@dataclass(frozen=True)
class RunMeasure:
    """One measure of one run."""

    key: str
    value: float
    samples: tuple[float, ...] = ()
    """Values of pieces of the run that are about independent; empty for a measure that is judged without them."""
    low: float | None = None
    """Bounds of the 95 % confidence interval."""
    high: float | None = None
    basis: str = ""
    """What it was measured on; values on another basis are not compared."""
    doubts: tuple[str, ...] = ()
    """Codes of the reasons against the run that it was measured in."""

    @property
    def disturbed(self) -> bool:
        return any(code in DISTURBED for code in self.doubts)

    @property
    def doubtful(self) -> tuple[str, ...]:
        """The doubts that touch the value."""
        return tuple(code for code in self.doubts if code not in _HARMLESS)


@dataclass(frozen=True)
class ComparableRun:
    """A run as it is compared."""

    parts: tuple[KeyPart, ...]
    notes: tuple[KeyPart, ...]
    """What may differ: the ONNX file, versions."""
    measures: tuple[RunMeasure, ...]
    held_up: float | None = None
    """Factor by which the app's threads would have run faster if none had waited for a core; None if not known."""

    def measure(self, key: str) -> RunMeasure | None:
        return next((one for one in self.measures if one.key == key), None)


@dataclass(frozen=True)
class KeyDifference:
    """A part that differs, and its two values."""

    name: str
    before: str
    now: str

    def __str__(self) -> str:
        if not (self.before or self.now):
            return f"{self.name}: not recorded in either run"
        return f"{self.name}: {self.before or 'not recorded'} -> {self.now or 'not recorded'}"


@dataclass(frozen=True)
class ComparedRow:
    """One measure of both runs."""

    key: str
    before: float
    now: float
    state: RowState
    change: float | None
    """Relative, of an absolute measure the difference; positive: more. None if not known."""
    reason: str = ""
    p: float | None = None
    """Of the rank test in the direction of the change."""

    @property
    def kind(self) -> MeasureKind:
        return _BY_KEY[self.key]

    @property
    def change_text(self) -> str:
        if self.change is None:
            return ""
        return f"{self.change:+.{self.kind.digits}f}" if self.kind.absolute else f"{100 * self.change:+.1f} %"

    @property
    def text(self) -> str:
        change = f" ({self.change_text})" if self.change_text else ""
        return f"{self.kind.title} {self.kind.text(self.before)} -> {self.kind.text(self.now)}{change}"


@dataclass(frozen=True)
class RunComparison:
    """Two runs compared. ``differs`` is not empty: they are not comparable, and no row is judged."""

    differs: tuple[KeyDifference, ...]
    notes: tuple[KeyDifference, ...]
    rows: tuple[ComparedRow, ...] = ()
    missing: tuple[str, ...] = field(default=())
    """Keys of measures that only the earlier run has."""

    @property
    def regressions(self) -> tuple[ComparedRow, ...]:
        return tuple(row for row in self.rows if row.state is RowState.WORSE)

    @property
    def word(self) -> str:
        """``regression``, ``not judged``, ``no regression`` or ``not comparable``."""
        states = {row.state for row in self.rows} - {RowState.NOT_COMPARED}
        if self.differs or not states:
            return "not comparable"
        if RowState.WORSE in states:
            return "regression"
        return str(RowState.NOT_JUDGED) if RowState.NOT_JUDGED in states else "no regression"

    @property
    def sentence(self) -> str:
        """The result without the word: what differs, or the rows that count and what this run lacks."""
        if self.differs:
            return "; ".join(map(str, self.differs))
        worse = self.regressions
        telling = worse or [row for row in self.rows if row.state is RowState.NOT_JUDGED]
        shown = telling or [row for row in self.rows if row.state is not RowState.NOT_COMPARED][:4]
        if not shown:
            return "no measure is known of both runs"
        lacking = f"not known of this run: {', '.join(self.missing_titles)}" if self.missing else ""
        why = "" if worse else "; ".join(dict.fromkeys(row.reason for row in telling))
        return "; ".join(filter(None, (why, *(row.text for row in shown), lacking)))

    @property
    def missing_titles(self) -> tuple[str, ...]:
        """Titles of the measures that only the earlier run has."""
        return tuple(_BY_KEY[key].title for key in self.missing)


def differences(before: ComparableRun, now: ComparableRun, ignored: Sequence[str] = ()) -> tuple[KeyDifference, ...]:
    """The parts of the key that differ; those of the names ``ignored`` do not count."""
    return tuple(_differing(before.parts, now.parts, ignored))


def compare(
    before: ComparableRun,
    now: ComparableRun,
    tolerance: float = TOLERANCE,
    spreads: Mapping[str, float] | None = None,
    ignored: Sequence[str] = (),
) -> RunComparison:
    """``now`` against ``before``. ``tolerance`` in percent; ``spreads``: relative spread of a measure between earlier
    runs of the same key, by measure; ``ignored``: names of key parts that may differ."""
    differs = differences(before, now, ignored)
    notes = tuple(_differing(before.notes, now.notes, ()))
    if differs:
        return RunComparison(differs, notes)
    rows: dict[str, ComparedRow] = {}
    for kind in sorted(KINDS, key=lambda one: one.key == STREAMS):
        first, second = before.measure(kind.key), now.measure(kind.key)
        if first is None or second is None:
            continue
        if kind.key == STREAMS:
            rows[kind.key] = _streams(first, second, rows.get(THROUGHPUT), tolerance / 100)
        else:
            allowed = _allowed(kind, tolerance / 100, (spreads or {}).get(kind.key, 0.0))
            row = _row(kind, first, second, allowed)
            rows[kind.key] = _confirmed(row, before, now) if kind.key == THROUGHPUT else row
    ordered = tuple(rows[kind.key] for kind in KINDS if kind.key in rows)
    missing = tuple(kind.key for kind in KINDS if before.measure(kind.key) and not now.measure(kind.key))
    return RunComparison(differs, notes, ordered, missing)


def tolerance_of(given: float | None, runtime: str) -> float:
    """The tolerance in percent; ``given`` by the user or None."""
    if given is not None:
        return given
    return TOLERANCE if runtime == "deepstream" else TOLERANCE_CPU


def spreads_between(runs: Sequence[ComparableRun]) -> dict[str, float]:
    """The relative spread of each measure between runs of one key: 1.4826 MAD / median. Four runs are needed."""
    found = {}
    for kind in KINDS:
        values = [one.value for run in runs if (one := run.measure(kind.key)) is not None]
        middle = median(values) if values else 0.0
        if len(values) >= _MIN_EARLIER and middle > 0 and not kind.absolute:
            found[kind.key] = 1.4826 * median(abs(value - middle) for value in values) / middle
    return found


def _differing(before: Sequence[KeyPart], now: Sequence[KeyPart], ignored: Sequence[str]) -> Iterator[KeyDifference]:
    first, second = ({part.name: part for part in parts} for parts in (before, now))
    other_runtime = "runtime" in first and "runtime" in second and first["runtime"].value != second["runtime"].value
    for name in dict.fromkeys((*first, *second)):
        a, b = first.get(name), second.get(name)
        if other_runtime and (a is None or b is None):
            continue  # a GPU of the one, a CPU of the other: that is the runtime
        if name in ignored or (a and b and a.value == b.value and (a.value or not a.required)):
            continue
        whole = a is not None and b is not None and a.value and b.value
        if whole or any(part is not None and part.required for part in (a, b)):
            yield KeyDifference(name, a.value if a else "", b.value if b else "")


def _allowed(kind: MeasureKind, tolerance: float, spread: float) -> float:
    if kind.absolute:
        return kind.tolerance
    return max(tolerance * kind.tolerance, min(_SPREADS * spread, _LARGEST_TOLERANCE))


def _row(kind: MeasureKind, before: RunMeasure, now: RunMeasure, allowed: float) -> ComparedRow:
    """One measure by its tolerance and its rank test."""
    change = now.value - before.value
    if not kind.absolute:
        if before.value <= 0:
            return ComparedRow(kind.key, before.value, now.value, RowState.NOT_COMPARED, None, "the earlier value is 0")
        change /= before.value
    made = ComparedRow(kind.key, before.value, now.value, RowState.SAME, change)
    if before.basis != now.basis:
        why = f"measured on {before.basis or 'something not recorded'} before, {now.basis or 'not recorded'} now"
        return _as(made, RowState.NOT_COMPARED, why)
    worse = -change if kind.higher else change
    if abs(worse) <= allowed:
        return made
    state = RowState.WORSE if worse > 0 else RowState.BETTER
    limit = f"{allowed:g}" if kind.absolute else f"{100 * allowed:.3g} %"
    if kind.absolute:
        return _as(made, state, f"beyond the tolerance of {limit}")
    falls = change < 0
    # is the difference larger than the tolerance, not only larger than nothing?
    edge = [value * (1 - allowed if falls else 1 + allowed) for value in before.samples]
    low, high = (now.samples, edge) if falls else (edge, now.samples)
    if min(len(low), len(high)) < _MIN_SAMPLES:
        return _as(made, RowState.NOT_JUDGED, "too few windows for a rank test")
    p = rank_test.p_smaller(low, high)
    if p > ALPHA:
        return _as(made, RowState.SAME, f"the windows do not show more than {limit} (rank test p = {p:.2g})", p)
    return _as(made, state, f"beyond the tolerance of {limit}, rank test p = {p:.2g}", p)


def _as(row: ComparedRow, state: RowState, reason: str, p: float | None = None) -> ComparedRow:
    return ComparedRow(row.key, row.before, row.now, state, row.change, reason, p)


def _confirmed(row: ComparedRow, before: ComparableRun, now: ComparableRun) -> ComparedRow:
    """A lower throughput that something else may explain is not judged, unless it is plain."""
    first, second = before.measure(THROUGHPUT), now.measure(THROUGHPUT)
    if row.state not in (RowState.WORSE, RowState.BETTER) or first is None or second is None:
        return row
    slower, faster = (second, first) if row.state is RowState.WORSE else (first, second)
    # load that slowed down the faster run makes the difference larger, not smaller
    doubts = tuple(dict.fromkeys((*slower.doubtful, *(one for one in faster.doubtful if one not in DISTURBED))))
    if not doubts:
        return row
    rise, needed = _cost_rise(slower, first, before, now), _COST_DISTURBED if slower.disturbed else _COST
    if rise is not None and rise >= needed:
        percent = f"{100 * rise:.0f} %"
        return _as(row, row.state, f"{row.reason}; the app's CPU time per frame differs by {percent} too", row.p)
    if not slower.disturbed and row.change is not None and abs(row.change) >= _PLAIN:
        return row
    held_up = _held_up(slower, before if slower is first else now)
    if held_up is not None and slower.value * held_up * _UNEVEN < faster.value * (1 - _PLAIN):
        explained = f"other programs explain a factor of {held_up * _UNEVEN:.1f} at most"
        return _as(row, row.state, f"{row.reason}; {explained}", row.p)
    return _as(row, RowState.NOT_JUDGED, _why_not(doubts, "this run" if slower is second else "the baseline"), row.p)


def _held_up(slower: RunMeasure, run: ComparableRun) -> float | None:
    """``held_up`` where other programs are all that disturbed the run: waiting for a core is all that they do to it."""
    disturbing = [code for code in slower.doubts if code in DISTURBED]
    return run.held_up if disturbing == [ReasonCode.OTHER_LOAD] else None


def _why_not(doubts: Sequence[str], which: str) -> str:
    """Why a difference is not judged."""
    if any(code in DISTURBED for code in doubts):
        return f"the machine was busy during {which} ({', '.join(doubts)}): run again when it is idle"
    return f"a run's FPS were not steady ({', '.join(doubts)}): run again, longer"


def _cost_rise(slower: RunMeasure, first: RunMeasure, before: ComparableRun, now: ComparableRun) -> float | None:
    """How much more CPU time a frame of the slower run costs; other load hardly changes that."""
    a, b = before.measure(COST), now.measure(COST)
    if a is None or b is None or min(a.value, b.value) <= 0:
        return None
    return a.value / b.value - 1 if slower is first else b.value / a.value - 1


def _streams(before: RunMeasure, now: RunMeasure, throughput: ComparedRow | None, tolerance: float) -> ComparedRow:
    """The number of streams jumps where the throughput hardly changes: the throughput decides."""
    change = (now.value - before.value) / before.value if before.value > 0 else None
    row = ComparedRow(STREAMS, before.value, now.value, RowState.SAME, change)
    moved = now.value - before.value
    if not moved or (change is not None and abs(change) <= tolerance):
        return row
    state = throughput.state if throughput is not None else RowState.NOT_COMPARED
    if state is (RowState.WORSE if moved < 0 else RowState.BETTER):
        return _as(row, state, "as the throughput")
    if state is RowState.SAME and abs(moved) <= 1:
        return _as(row, RowState.SAME, "one stream, and the throughput is the same")
    if state is RowState.NOT_JUDGED and throughput is not None:
        return _as(row, state, throughput.reason)
    return _as(row, RowState.NOT_JUDGED, "the throughput does not say so")
