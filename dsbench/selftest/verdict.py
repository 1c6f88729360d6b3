"""What the steps said of a fault: was it found, and was it named first?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import cache

from dsbench.base.boxes import Boxes
from dsbench.judge.imports import matching
from dsbench.judge.imports.diagnosis.geometry import BOX_MISTAKES
from dsbench.judge.imports.diagnosis.readings import READ_MISTAKES
from dsbench.judge.imports.diagnosis.scoring import SCORE_MISTAKES
from dsbench.selftest.fault import DAMAGE, Fault, FaultGroup
from dsbench.selftest.pipeline import CRASH, Alarm, AlarmLevel

_CLAIMS = ("config-lint", "label-order", "config-choices")
"""Ids of alarms that name a cause, whatever their text."""


class SelftestVerdict(StrEnum):
    """Of one fault in one family."""

    NAMED = "named"
    """The first alarm, or a warning before it, names the fault."""
    WARNED = "warned"
    """No step failed or was INCONCLUSIVE, but a warning names the fault."""
    LATER = "named later"
    """A later alarm names it."""
    UNNAMED = "caught"
    """There is an alarm, and none names the fault or anything else."""
    MISNAMED = "misnamed"
    """The first alarm names another fault."""
    SILENT = "silent"
    """No step failed or was INCONCLUSIVE, and no warning names it."""
    HARMLESS = "harmless"
    """No alarm, and the boxes are the healthy ones."""
    QUIET = "no alarm"
    """A control, as it should be."""
    FALSE_ALARM = "false alarm"
    """A control that failed a step or left one INCONCLUSIVE."""

    @property
    def caught(self) -> bool:
        return self in (SelftestVerdict.NAMED, SelftestVerdict.LATER, SelftestVerdict.UNNAMED, SelftestVerdict.MISNAMED)


@dataclass(frozen=True)
class MatrixRow:
    """One fault in one family."""

    family: str
    fault: str
    group: str
    what: str
    verdict: SelftestVerdict
    step: str
    """Where the first alarm was raised; empty without one."""
    level: str
    id: str
    first: str
    """The first line of the first alarm."""
    f1: float | None
    """F1 of the dumped boxes against the healthy dump, IoU 0.5, same label; None without a dump."""
    seconds: float
    alarms: tuple[Alarm, ...] = ()
    gap: str = ""
    """Why it is known not to be found or not to be named; empty if it shall be."""

    @property
    def cost(self) -> float:
        """Loss of F1; 0 if it is not known."""
        return 0.0 if self.f1 is None else 1 - self.f1

    @property
    def missed(self) -> bool:
        """Whether it costs boxes, or may, and has no alarm or that of another fault."""
        wrong = self.verdict in (SelftestVerdict.SILENT, SelftestVerdict.MISNAMED)
        return wrong and (self.f1 is None or self.cost >= DAMAGE)

    @property
    def failed(self) -> bool:
        """Whether selftest fails for it."""
        if self.verdict is SelftestVerdict.FALSE_ALARM or self.id == CRASH:
            return True
        return self.missed and not self.gap

    @property
    def state(self) -> str:
        """The verdict, or that it is a known gap."""
        return "known gap" if self.missed and self.gap else str(self.verdict)


def f1(healthy: Sequence[Boxes], found: Sequence[Boxes]) -> float:
    """F1 at IoU 0.5 of boxes of the same label, over all frames."""
    return matching.match(tuple(range(len(healthy))), healthy, found).f1


def judge(fault: Fault, alarms: Sequence[Alarm], cost: float | None) -> tuple[SelftestVerdict, Alarm | None]:
    """The verdict, and the alarm that a reader sees first. ``cost``: loss of F1, None if there is no dump."""
    loud = [alarm for alarm in alarms if alarm.level is not AlarmLevel.WARNING]
    if fault.group is FaultGroup.CONTROL:
        return (SelftestVerdict.FALSE_ALARM, loud[0]) if loud else (SelftestVerdict.QUIET, None)
    if not loud:
        warning = next((alarm for alarm in alarms if names(fault, alarm)), None)
        if warning:
            return SelftestVerdict.WARNED, warning
        quiet = cost is not None and cost < DAMAGE
        return (SelftestVerdict.HARMLESS if quiet else SelftestVerdict.SILENT), None
    first = loud[0]
    place = max(number for number, alarm in enumerate(alarms) if alarm.step == first.step)
    for alarm in (first, *alarms[: place + 1]):
        if names(fault, alarm):
            return SelftestVerdict.NAMED, alarm if alarm.step == first.step and alarm in loud else first
    if _claims(first):
        return SelftestVerdict.MISNAMED, first
    later = any(names(fault, alarm) for alarm in alarms[place + 1 :])
    return (SelftestVerdict.LATER if later else SelftestVerdict.UNNAMED), first


def names(fault: Fault, alarm: Alarm) -> bool:
    """Whether the alarm holds one of the fault's names."""
    if alarm.id and alarm.id in fault.names:
        return True
    known, text = _mistakes(), alarm.text.lower()
    return any(known.get(name, name).lower() in text for name in fault.names)


def _claims(alarm: Alarm) -> bool:
    """Whether it names a cause."""
    return alarm.id in _CLAIMS or any(text in alarm.text for text in _mistakes().values())


@cache
def _mistakes() -> dict[str, str]:
    """Text of each known mistake of a parser, by its id."""
    tables = (
        [(row.id, row.text) for row in BOX_MISTAKES],
        [(row.id, row.text) for row in SCORE_MISTAKES],
        [(row.id, row.text) for row in READ_MISTAKES],
    )
    return {id: text for table in tables for id, text in table}
