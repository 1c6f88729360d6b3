"""Every row of the lint, in the order of its checks. The tuples are the map; docs/lint.md has a section per id."""

from __future__ import annotations

from dsbench.judge.lint import ignores
from dsbench.judge.lint.app_rules import batching, primary, sinks, sources
from dsbench.judge.lint.app_rules import keys as app_keys
from dsbench.judge.lint.app_subject import AppSubject
from dsbench.judge.lint.context import NvinferSubject
from dsbench.judge.lint.nvinfer_rules import classes, clustering, files, keys, network_input, parser, role
from dsbench.judge.lint.rule import LintRule

UNREADABLE, NVINFER_WARNING = "unreadable", "nvinfer-warning"
NVINFER: tuple[LintRule[NvinferSubject], ...] = (
    *keys.ROWS,
    *role.ROWS,
    *files.ROWS,
    *network_input.ROWS,
    *classes.ROWS,
    *parser.ROWS,
    *clustering.ROWS,
)
APP: tuple[LintRule[AppSubject], ...] = (*app_keys.ROWS, *sources.ROWS, *batching.ROWS, *primary.ROWS, *sinks.ROWS)
WITHOUT_ROW = (UNREADABLE, NVINFER_WARNING, ignores.UNUSED)
"""Ids of what DeepStream's own readers say, and of the comments that ignore findings."""


def ids() -> tuple[str, ...]:
    """Every id once, in order."""
    return tuple(dict.fromkeys([*WITHOUT_ROW, *(rule.id for rule in NVINFER), *(rule.id for rule in APP)]))


def anchor(rule: str) -> str:
    """Where docs/lint.md explains a rule; "" for a finding of another check."""
    return f"docs/lint.md#{rule}" if rule in ids() else ""
