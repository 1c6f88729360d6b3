"""The result of one check, its states, and the words for how a program ended."""

from __future__ import annotations

import re
from dataclasses import dataclass

from dsbench.doctor.ask import ProgramOutput
from dsbench.doctor.fixes import Fix
from dsbench.doctor.inventory import Program

OK, MISSING, BROKEN, UNKNOWN, LOW = "ok", "missing", "broken", "unknown", "low"
BOTH, EMBEDDED, DEEPSTREAM, OPTIONAL = "both runtimes", "embedded runtime", "deepstream runtime", "optional"
GROUPS = (BOTH, EMBEDDED, DEEPSTREAM, OPTIONAL)


@dataclass(frozen=True)
class Check:
    """One result. A check of the group ``optional`` never stops a runtime."""

    group: str
    name: str
    state: str
    detail: str
    fixes: tuple[Fix, ...] = ()

    @property
    def blocks(self) -> bool:
        """Whether its runtime cannot work. Unknown counts as missing; low is only a warning."""
        return self.group != OPTIONAL and self.state not in (OK, LOW)


def program(group: str, found: Program, fixes: tuple[Fix, ...]) -> Check:
    """It is on PATH and prints its version."""
    if found.path is None:
        return Check(group, found.name, MISSING, "not on PATH", fixes)
    said = found.said
    if said is None or not said.ok:
        return Check(group, found.name, BROKEN, f"{found.path}: {failure(said)}", fixes)
    return Check(group, found.name, OK, f"{said.lines[0] if said.lines else 'prints no version'} ({found.path})"[:200])


def failure(said: ProgramOutput | None) -> str:
    """How a program ended, with its last line."""
    if said is None:
        return "not asked"
    return said.trouble + (f" ({said.lines[-1][:160]})" if said.lines else "")


def error_line(lines: tuple[str, ...]) -> str:
    """The line that names the cause: the first with ``error`` or ``cannot find``, else the last."""
    for line in lines:
        if re.search(r"\berror\b|cannot find|cannot open", line, re.IGNORECASE):
            return line[:200]
    return lines[-1][:200] if lines else "it printed nothing"


def size(mib: int) -> str:
    """``512 MiB``, ``73.6 GiB``."""
    return f"{mib} MiB" if mib < 1024 else f"{mib / 1024:.1f} GiB"
