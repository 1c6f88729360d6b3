"""Findings of a step's checks as the step's failure."""

from __future__ import annotations

from collections.abc import Sequence

from dsbench.base.errors import Code, DsbenchError
from dsbench.judge import label_names
from dsbench.judge.lint import ERROR, NOTE, Finding
from dsbench.model.settings import ACCEPTABLE
from dsbench.record.evidence import EvidenceLog, Undecided


def raise_errors(code: Code, findings: Sequence[Finding]) -> None:
    """Raise one DsbenchError for every finding of severity error; return if there is none.

    Several are a list, each with its own place and fix. A wrong order of the labels alone has a code of its own.
    """
    errors = [finding for finding in findings if finding.severity == ERROR]
    if not errors:
        return
    code = Code.LABEL_ORDER if {error.rule for error in errors} == {label_names.ORDER} else code
    if len(errors) == 1:
        raise DsbenchError(code, errors[0].what, where=errors[0].where, fix=errors[0].fix)
    raise DsbenchError(code, "\n".join(map(_listed, errors)))


def add_findings(log: EvidenceLog, findings: Sequence[Finding]) -> None:
    """Warnings as the step's warnings, notes as its notes, each with place and fix."""
    for finding in findings:
        text = f"{finding.what} ({finding.where})" + (f": {finding.fix}" if finding.fix else "")
        if finding.severity == NOTE:
            log.note(text)
        else:
            log.warn(text)


def add_doubt(log: EvidenceLog, doubt: Undecided, accepted: Sequence[str] | None) -> None:
    """A doubt makes the step INCONCLUSIVE; a warning if ``accept`` in dsbench.toml names its code."""
    if doubt.code in (accepted or ()):
        log.warn(f"{doubt.code}, accepted in dsbench.toml: {doubt.what}")
        return
    fix = doubt.fix
    if doubt.code in ACCEPTABLE:
        fix += f'; if you mean it, write accept = ["{doubt.code}"] into dsbench.toml'
    log.inconclusive(doubt.code, doubt.what, fix)


def _listed(error: Finding) -> str:
    lines = [f"- {error.what}"]
    lines += [f"    where: {error.where}"] if error.where else []
    lines += [f"    fix: {text}" for text in error.fix.splitlines()]
    return "\n".join(lines)
