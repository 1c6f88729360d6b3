"""Checks nvinfer and deepstream-app configs: finds faults that DeepStream accepts without an error.

Every rule is a row of ``catalogue``. Sources: pipeline-run.md ("network-type vs model-type", 6e),
DeepStream's published sources, threads of its users.
"""

from __future__ import annotations

from dsbench.judge.lint.check import lint, lint_alone, lint_app
from dsbench.judge.lint.context import LintContext
from dsbench.judge.lint.finding import ERROR, NOTE, WARNING, Finding

__all__ = ["ERROR", "NOTE", "WARNING", "Finding", "LintContext", "lint", "lint_alone", "lint_app"]
