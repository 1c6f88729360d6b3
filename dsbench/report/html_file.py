"""The HTML report's file: where it goes, and writing it whole in pytest-html's place."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import pytest

from dsbench.base.errors import Code, DsbenchError
from dsbench.base.files import replace_file
from dsbench.report.collector import StepCollector, StepResult


def configure(config: pytest.Config, default: Path) -> Path | None:
    """Send the report to ``default``, self-contained; returns the path.

    Raises NOT_WRITABLE where no file can be made there. A user's ``--html`` stays. No report with --collect-only (it
    would overwrite a good one), on xdist workers, or where the user has left pytest-html out (``-p no:html``).
    """
    if config.option.collectonly or hasattr(config, "workerinput") or not hasattr(config.option, "htmlpath"):
        return None
    if config.option.htmlpath:
        path = Path(os.path.expandvars(config.option.htmlpath)).expanduser().absolute()
        _require_place(path)
        return path
    _require_place(default)
    config.option.htmlpath = str(default)
    config.option.self_contained_html = True
    return default


@dataclass
class ReportFile:
    """The report's path and whether it was written: whole or not at all, so that an older report stays until then.

    A session that executed no step, or none but on a directory that another session holds, leaves no report.
    """

    path: Path
    collector: StepCollector
    written: bool = False
    trouble: str = ""

    def write(self, text: str) -> None:
        """Replaces pytest-html's own writing. A file that cannot be written sets ``trouble``; nothing is raised."""
        if not _worth_a_report(self.collector.results):
            return
        try:
            replace_file(self.path, text.encode("utf-8", "replace"))
        except DsbenchError as error:
            self.trouble = f"the report was not written: {error.what} ({error.where}); {error.fix}"
            return
        self.written, self.trouble = True, ""


def _worth_a_report(results: Sequence[StepResult]) -> bool:
    """Whether a step was executed on a directory that no other session holds."""
    busy = {
        result.evidence.model_key
        for result in results
        if result.evidence.failure is not None and result.evidence.failure.code == Code.DIRECTORY_BUSY
    }
    return any(result.outcome != "skipped" and result.evidence.model_key not in busy for result in results)


def take_over_writing(config: pytest.Config, file: ReportFile) -> None:
    """Let ``file`` write what pytest-html has rendered: pytest-html writes in place and raises out of the session."""
    from pytest_html.basereport import BaseReport

    for plugin in config.pluginmanager.get_plugins():
        if isinstance(plugin, BaseReport):
            plugin._write_report = file.write  # no public way to say it


def close(config: pytest.Config, file: ReportFile) -> None:
    """At the end: where no report was written, pytest-html's last line must not promise one."""
    from pytest_html.basereport import BaseReport

    if file.written:
        return
    for plugin in list(config.pluginmanager.get_plugins()):
        if isinstance(plugin, BaseReport):
            config.pluginmanager.unregister(plugin)
    with suppress(OSError):
        file.path.parent.rmdir()  # pytest-html makes it at start; empty, it is of no use


def _require_place(path: Path) -> None:
    """NOT_WRITABLE now rather than after minutes of work."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=path.parent):
            pass
    except OSError as error:
        raise DsbenchError(
            Code.NOT_WRITABLE,
            f"the report cannot be written: {error.strerror}",
            where=str(path),
            fix="give another path with --html=FILE, or start pytest in a directory that you may write to",
        ) from error
