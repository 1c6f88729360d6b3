"""From the inventory to a verdict: what is there, what is missing, which runtime is ready and why the other is not."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from dsbench.doctor import common, deepstream
from dsbench.doctor.check import BOTH, DEEPSTREAM, EMBEDDED, GROUPS, Check
from dsbench.doctor.fixes import Advice, Fix
from dsbench.doctor.inventory import Inventory


@dataclass(frozen=True)
class Diagnosis:
    """All checks in order, what stands in each runtime's way (empty: ready), and the commands to run."""

    checks: tuple[Check, ...]
    embedded_because: tuple[str, ...]
    deepstream_because: tuple[str, ...]
    commands: tuple[Fix, ...]


def diagnose(inventory: Inventory) -> Diagnosis:
    """The verdict."""
    advice = Advice(inventory)
    checks = tuple(
        sorted(
            (*common.checks(inventory, advice), *deepstream.checks(inventory, advice)),
            key=lambda check: GROUPS.index(check.group),
        )
    )
    fixes = [fix for check in checks for fix in check.fixes]
    return Diagnosis(checks, _because(checks, EMBEDDED), _because(checks, DEEPSTREAM), advice.commands(fixes))


def _because(checks: Iterable[Check], group: str) -> tuple[str, ...]:
    return tuple(
        f"{check.name} {check.state}" for check in checks if check.group in (BOTH, group) and check.stands_in_the_way
    )
