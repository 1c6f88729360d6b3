"""One fault that a check found."""

from __future__ import annotations

from dataclasses import dataclass

ERROR, WARNING, NOTE = "error", "warning", "note"
"""An error fails the step; a warning is shown in amber; a note is a fact or a choice that may be meant."""
SEVERITIES = (ERROR, WARNING, NOTE)


@dataclass(frozen=True, slots=True)
class Finding:
    """One fault."""

    rule: str
    """Stable id."""
    severity: str
    """ERROR, WARNING or NOTE."""
    what: str
    where: str
    """File and line."""
    fix: str = ""
    line: int = 0
    """Line of the file, from 1; 0 if the fault is in no single line."""


def by_severity(findings: list[Finding]) -> tuple[Finding, ...]:
    """Errors first, then warnings, then notes; else in the order given."""
    return tuple(sorted(findings, key=lambda finding: SEVERITIES.index(finding.severity)))
