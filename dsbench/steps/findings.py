"""Findings of a step's checks as the step's failure."""

from __future__ import annotations

from collections.abc import Sequence

from dsbench.base.errors import Code, DsbenchError
from dsbench.judge import label_names
from dsbench.judge.lint import ERROR, Finding


def raise_errors(code: Code, findings: Sequence[Finding]) -> None:
    """Raise one DsbenchError that lists every finding of severity error; return if there is none.

    A wrong order of the labels alone has a code of its own.
    """
    errors = [finding for finding in findings if finding.severity == ERROR]
    if errors:
        what = errors[0].what if len(errors) == 1 else "\n".join(f"- {error.what}" for error in errors)
        fix = "\n".join(dict.fromkeys(error.fix for error in errors if error.fix))
        code = Code.LABEL_ORDER if {error.rule for error in errors} == {label_names.ORDER} else code
        raise DsbenchError(code, what, where=errors[0].where, fix=fix)
