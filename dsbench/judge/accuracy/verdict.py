"""PASS, FAIL or INCONCLUSIVE: the mAP and its interval against ``--min-map``; and what the classes say."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from dsbench.judge.accuracy.average_precision import Precision
from dsbench.judge.accuracy.errors_of_run import RunErrors

WIDE = 0.05
"""An interval that reaches further than this from the mAP is too wide to decide for a gate inside it."""
RENAMED = 0.6
"""A class is found as another one if this fraction of its objects is. Only a class with MIN_OBJECTS is judged."""
MIN_OBJECTS = 10


class GateState(StrEnum):
    """The outcome of the gate."""

    NO_GATE = "no gate"
    PASS = "pass"
    FAIL = "fail"
    INCONCLUSIVE = "inconclusive"


@dataclass(frozen=True, slots=True)
class AccuracyVerdict:
    """The state and one sentence why."""

    state: GateState
    text: str


def judge(found: Precision, gate: float | None) -> AccuracyVerdict:
    """The gate on mAP@0.5:0.95. Where the gate lies inside a wide interval, the frames are too few to decide."""
    said = f"mAP@0.5:0.95 is {found.map:.3f} (95 % interval {found.low:.3f} to {found.high:.3f}, {found.frames} frames)"
    if gate is None:
        return AccuracyVerdict(GateState.NO_GATE, said)
    reach = max(found.map - found.low, found.high - found.map)
    if found.low <= gate <= found.high and reach > WIDE:
        return AccuracyVerdict(
            GateState.INCONCLUSIVE,
            f"{said}: too few frames and objects to say whether --min-map {gate:g} is met",
        )
    if found.map < gate:
        return AccuracyVerdict(GateState.FAIL, f"{said}, --min-map requires {gate:g}")
    return AccuracyVerdict(GateState.PASS, f"{said}, at least {gate:g} required")


def warnings(found: Precision, run: RunErrors) -> tuple[str, ...]:
    """Classes that are not found at all, nor as another class."""
    others = {truth for truth, *_ in _renamed(run)}
    lost = [
        f"{one.name} (0 of {one.objects})"
        for one in found.classes
        if one.objects >= MIN_OBJECTS and one.ap50 is not None and one.ap50 < 0.005 and one.name not in others
    ]
    if not lost:
        return ()
    return (
        f"never found, even with a low threshold: {', '.join(lost)}. Check labels.txt, filter-out-class-ids and the"
        " size limits of the config",
    )


def renamed(run: RunErrors) -> str:
    """One sentence about classes that are found as other ones throughout; empty without any."""
    found = _renamed(run)
    if not found:
        return ""
    pairs = ", ".join(f"{truth} as {name} ({count} of {total})" for truth, name, count, total in found)
    return f"{'classes are' if len(found) > 1 else 'a class is'} detected under another name: {pairs}"


def relabelling(run: RunErrors) -> str:
    """What to change in labels.txt so that the classes of `renamed` get their own names; empty without any."""
    found = _renamed(run)
    if not found:
        return ""
    changes = ", ".join(f"{truth} instead of {name}" for truth, name, _, _ in found)
    return f"write the model's class names into labels.txt in its order: {changes}"


def relabelled(labels: Sequence[str], run: RunErrors) -> tuple[str, ...] | None:
    """``labels`` with the names of `renamed` in their places; None unless these classes exchange their names."""
    names = {name: truth for truth, name, _, _ in _renamed(run)}
    corrected = tuple(names.get(label, label) for label in labels)
    return corrected if corrected != tuple(labels) and sorted(corrected) == sorted(labels) else None


def _renamed(run: RunErrors) -> Sequence[tuple[str, str, int, int]]:
    """True class, detected class, objects found so, objects in all."""
    found = []
    for one in run.classes:
        for pair in run.confusion:
            wrong = pair.truth == one.name and pair.found not in (one.name, "missed")
            if wrong and one.objects >= MIN_OBJECTS and pair.count >= RENAMED * one.objects:
                found.append((one.name, pair.found, pair.count, one.objects))
    return found
