"""The verdict: which runtime is ready, why the other is not, and the commands that fix it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from dsbench.doctor.checks import check_all
from dsbench.doctor.checks.check import BOTH, DEEPSTREAM, EMBEDDED, Check
from dsbench.doctor.fixes import Advice, Fix
from dsbench.doctor.inventory import Inventory


@dataclass(frozen=True)
class Diagnosis:
    """``..._because``: the checks that stop a runtime, empty if it is ready. ``commands``: the fixes, in order."""

    checks: tuple[Check, ...]
    embedded_because: tuple[str, ...]
    deepstream_because: tuple[str, ...]
    commands: tuple[Fix, ...]


def diagnose(inventory: Inventory) -> Diagnosis:
    """Check the inventory."""
    advice = Advice(inventory)
    checks = check_all(inventory, advice)
    fixes = [fix for check in checks for fix in check.fixes]
    return Diagnosis(checks, _because(checks, EMBEDDED), _because(checks, DEEPSTREAM), advice.commands(fixes))


def _because(checks: Iterable[Check], group: str) -> tuple[str, ...]:
    return tuple(f"{check.name} {check.state}" for check in checks if check.group in (BOTH, group) and check.blocks)
