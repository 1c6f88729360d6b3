"""Runs the rows of the catalogue on one file."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from pathlib import Path

from dsbench.base import environment, reading
from dsbench.base.errors import DsbenchError
from dsbench.base.reading import FileKind
from dsbench.formats import nvinfer
from dsbench.formats.app import config as app_config
from dsbench.formats.app.config import AppConfig
from dsbench.formats.nvinfer import NvinferConfig
from dsbench.judge.lint import alone, catalogue, ignores
from dsbench.judge.lint.app_subject import AppSubject
from dsbench.judge.lint.context import LintContext, NvinferSubject
from dsbench.judge.lint.finding import ERROR, WARNING, Finding, by_severity
from dsbench.judge.lint.rule import ConfigText, apply

_LINE = re.compile(r":(\d+)(?= |$)")
_EXPLAINED = (
    *("Unknown or legacy key", "Unknown key"),
    *("Warn: 'threshold'", "Warn: 'enable-dbscan'", "Warning: 'input-dims'"),
)
"""Warnings of nvinfer that a rule explains."""


def lint(path: Path, context: LintContext) -> tuple[Finding, ...]:
    """All findings of an nvinfer config, errors first. A file that nvinfer refuses gives one error with its text."""
    try:
        config = nvinfer.load(path)
    except DsbenchError as error:
        return (_unreadable(path, error),)
    return _nvinfer(config, path, context)


def lint_alone(path: Path) -> tuple[Finding, ...]:
    """All findings of an nvinfer config of which nothing else is known; the files that it names are read if present."""
    try:
        config = nvinfer.load(path)
    except DsbenchError as error:
        return (_unreadable(path, error),)
    return _nvinfer(config, path, alone.context_of(config))


def lint_app(path: Path) -> tuple[Finding, ...]:
    """All findings of a deepstream-app config, with the nvinfer config of its primary detector if that can be read."""
    try:
        config = app_config.load(path, needs_labels=False)
    except DsbenchError as error:
        return (_unreadable(path, error),)
    file = ConfigText(path, config.source, _text(path))
    subject = AppSubject(config, file, *_primary(config), new_streammux=environment.new_streammux())
    return _finish(apply(catalogue.APP, subject, file, alone=True), file)


def _nvinfer(config: NvinferConfig, path: Path, context: LintContext) -> tuple[Finding, ...]:
    file = ConfigText(path, config.source, _text(path))
    subject = NvinferSubject(config, context, file)
    findings = [*apply(catalogue.NVINFER, subject, file, alone=context.alone), *_own_warnings(config, file)]
    return _finish(findings, file)


def _finish(findings: Iterable[Finding], file: ConfigText) -> tuple[Finding, ...]:
    return by_severity(list(ignores.apply(findings, file, catalogue.ids())))


def _own_warnings(config: NvinferConfig, file: ConfigText) -> Iterator[Finding]:
    """nvinfer's own warnings about the file, except those that a rule explains."""
    for text in config.warnings:
        if not text.startswith(_EXPLAINED):
            yield Finding(catalogue.NVINFER_WARNING, WARNING, text, str(file.path))


def _primary(config: AppConfig) -> tuple[NvinferConfig | None, ConfigText | None]:
    gie = config.primary_gie
    if gie is None or gie.plugin_type != 0 or not gie.config_file.is_file():
        return None, None
    try:
        found = nvinfer.load(gie.config_file)
    except DsbenchError:
        return None, None
    return found, ConfigText(found.path, found.source, "")


def _unreadable(path: Path, error: DsbenchError) -> Finding:
    line = _LINE.search(error.where)
    return Finding(
        catalogue.UNREADABLE, ERROR, error.what, error.where or str(path), error.fix, int(line[1]) if line else 0
    )


def _text(path: Path) -> str:
    return reading.read_bytes(path, FileKind.CONFIG).decode("utf-8", "replace")
