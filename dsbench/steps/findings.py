"""Findings of a step's checks as the step's failure."""

from __future__ import annotations

from collections.abc import Sequence

from dsbench.base.errors import Code, DsbenchError
from dsbench.judge.lint import ERROR, Finding


def raise_errors(code: Code, findings: Sequence[Finding]) -> None:
    """Raise one DsbenchError that lists every finding of severity error; return if there is none."""
    errors = [finding for finding in findings if finding.severity == ERROR]
    if errors:
        what = errors[0].what if len(errors) == 1 else "\n".join(f"- {error.what}" for error in errors)
        fix = "\n".join(dict.fromkeys(error.fix for error in errors if error.fix))
        raise DsbenchError(code, what, where=errors[0].where, fix=fix)
