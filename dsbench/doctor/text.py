"""``dsbench doctor``'s answer: aligned text for 80 columns, and JSON. Neither carries colours."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator

import dsbench
from dsbench.base import jsonable
from dsbench.base.text import printable
from dsbench.doctor.checks.check import DEEPSTREAM, EMBEDDED, GROUPS
from dsbench.doctor.diagnosis import Diagnosis
from dsbench.doctor.inventory import Inventory

_WIDTH = 80
_NAME, _STATE = 20, 9


def render(inventory: Inventory, diagnosis: Diagnosis) -> str:
    """The whole text: the machine, each group of checks, both verdicts, the commands to copy."""
    return "\n".join((*_head(inventory), *_groups(diagnosis), *_verdicts(diagnosis), *_commands(diagnosis)))


def _head(inventory: Inventory) -> Iterator[str]:
    system = inventory.system
    places = {"container": system.container, "WSL": system.wsl, "Jetson": system.jetson}
    where = ", ".join(name for name, here in places.items() if here)
    yield f"dsbench {dsbench.__version__} on {system.name}, {system.machine}" + (f" ({where})" if where else "")
    cpu = f"{system.cpu}, {system.cores} cores" if system.cpu else ""
    yield from filter(None, (cpu,))


def _groups(diagnosis: Diagnosis) -> Iterator[str]:
    for group in GROUPS:
        checks = [check for check in diagnosis.checks if check.group == group]
        if not checks:
            continue
        yield ""
        yield group
        for check in checks:
            yield from _row(check.name, check.state, printable(check.detail))


def _row(name: str, state: str, detail: str) -> Iterator[str]:
    """One check; its detail is wrapped, paths are never broken."""
    indent = " " * (2 + _NAME + _STATE)
    lead = f"  {name:<{_NAME}}{state:<{_STATE}}"
    lines = textwrap.wrap(
        detail, _WIDTH, initial_indent=lead, subsequent_indent=indent, break_long_words=False, break_on_hyphens=False
    )
    yield from lines or [lead.rstrip()]


def _verdicts(diagnosis: Diagnosis) -> Iterator[str]:
    yield ""
    for name, because in ((EMBEDDED, diagnosis.embedded_because), (DEEPSTREAM, diagnosis.deepstream_because)):
        verdict = f"{name}: not ready because {', '.join(because)}" if because else f"{name}: ready"
        yield from textwrap.wrap(verdict, _WIDTH, subsequent_indent="  ", break_on_hyphens=False)


def _commands(diagnosis: Diagnosis) -> Iterator[str]:
    """Commands behind comment lines, so that the block can be copied as it is."""
    if not diagnosis.commands:
        return
    yield ""
    yield "to fix it, in this order:"
    for fix in diagnosis.commands:
        if fix.note:
            yield from textwrap.wrap(
                fix.note, _WIDTH, initial_indent="  # ", subsequent_indent="  # ", break_on_hyphens=False
            )
        yield from (f"  {line}" for line in fix.command.splitlines())


def to_json(inventory: Inventory, diagnosis: Diagnosis) -> str:
    """The same as JSON: ``ready``, ``because``, ``checks``, ``commands``."""
    system = inventory.system
    content = {
        "dsbench": dsbench.__version__,
        "system": {
            "name": system.name,
            "machine": system.machine,
            "kernel": system.kernel,
            "cpu": system.cpu,
            "cores": system.cores,
            "container": system.container,
            "wsl": system.wsl,
            "jetson": system.jetson,
        },
        "ready": {"embedded": not diagnosis.embedded_because, "deepstream": not diagnosis.deepstream_because},
        "because": {"embedded": diagnosis.embedded_because, "deepstream": diagnosis.deepstream_because},
        "checks": [
            {"group": check.group, "name": check.name, "state": check.state, "detail": printable(check.detail)}
            for check in diagnosis.checks
        ],
        "commands": [{"command": fix.command, "note": fix.note} for fix in diagnosis.commands],
    }
    return jsonable.dumps(content, indent=2)
