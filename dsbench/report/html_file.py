"""The HTML report's file: its path, and writing it atomically instead of pytest-html."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from pathlib import Path

import pytest

from dsbench.base import places, reading
from dsbench.base.errors import Code, DsbenchError
from dsbench.base.files import replace_file
from dsbench.base.os_errors import as_dsbench_error
from dsbench.record import store
from dsbench.report.collector import StepCollector, StepResult
from dsbench.report.html import report_html
from dsbench.report.html_page import environment_rows
from dsbench.report.page.build import Session, page_of


def configure(config: pytest.Config, default: Path) -> Path | None:
    """Set the report's path: the user's ``--html``, else ``default``; one self-contained file; returns it.

    None means no report: with --collect-only (an existing report stays), on xdist workers, and without pytest-html
    (``-p no:html``). Raises NOT_WRITABLE if the file cannot be created.
    """
    if config.option.collectonly or hasattr(config, "workerinput") or not hasattr(config.option, "htmlpath"):
        return None
    config.option.self_contained_html = True  # one file, also with --html: nothing is fetched
    if config.option.htmlpath:
        path = Path(os.path.expandvars(config.option.htmlpath)).expanduser().absolute()
        _require_place(path)
        return path
    places.require_inside(default.parent, default.parent.parent)
    _require_place(default)
    config.option.htmlpath = str(default)
    return default


@dataclass
class ReportFile:
    """Writes the report atomically: an older report stays until the new one is complete.

    A session that executed no step writes no report, nor does one whose only directories are locked by other sessions;
    one that was interrupted in its first step does.
    """

    path: Path
    collector: StepCollector
    written: bool = False
    trouble: str = ""
    """Why the report could not be written; empty if it could."""
    kept: Path | None = None
    """The earlier run's report, if this session failed in pre-flight or was interrupted in it."""
    environment: Callable[[], tuple[tuple[str, str], ...]] = tuple
    """Rows of the page's last table."""

    def write(self, text: str) -> None:
        """Write the page and pytest-html's own document, ``text``. An error sets ``trouble`` and is not raised."""
        results = self.collector.results
        interrupted_at_once = bool(self.collector.running) and not results
        if not (interrupted_at_once or _worth_a_report(results)):
            return
        made = datetime.now().astimezone().strftime("%Y-%m-%d %H:%M %Z")
        running, others = self.collector.running, tuple(self.collector.others)
        session = Session(self.path.parent, made, running, self.environment(), others)
        try:
            page = report_html(page_of(results, session), text)
            if interrupted_at_once or _only_preflight(results):
                page += _ONLY_PREFLIGHT
                self.kept = _keep_earlier(self.path)
            replace_file(self.path, page.encode("utf-8", "replace"))
        except (DsbenchError, OSError) as error:
            found = as_dsbench_error(error)
            self.trouble = f"the report was not written: [{found.code}] {found.what} ({found.where}); {found.fix}"
            return
        self.written, self.trouble = True, ""


_ONLY_PREFLIGHT = "\n<!-- dsbench: nothing but pre-flight ran -->\n"


def _only_preflight(results: Sequence[StepResult]) -> bool:
    """True if pre-flight stopped every model: the report says nothing of them."""
    ran = {result.evidence.step: result.outcome for result in results if result.outcome != "skipped"}
    return ran.get("preflight") == "failed" and ran.keys() <= {"preflight", "report"}


def _keep_earlier(path: Path) -> Path | None:
    """Keep an earlier report as ``<name>.previous.html``, unless only pre-flight ran for it as well; returns that path,
    None if there is none."""
    target = path.with_name(f"{path.stem}.previous{path.suffix}")
    if not path.is_file() or path.is_symlink():
        return None
    with reading.open_regular(path) as file:
        file.seek(max(0, path.stat().st_size - len(_ONLY_PREFLIGHT)))
        if _ONLY_PREFLIGHT.strip().encode() in file.read():
            return target if target.is_file() else None
    store.copy(path, target)
    return target


def _worth_a_report(results: Sequence[StepResult]) -> bool:
    """True if a step was executed on a directory that no other session has locked."""
    busy = {
        result.evidence.model_key
        for result in results
        if result.evidence.failure is not None and result.evidence.failure.code == Code.DIRECTORY_BUSY
    }
    return any(result.outcome != "skipped" and result.evidence.model_key not in busy for result in results)


def take_over_writing(config: pytest.Config, file: ReportFile) -> None:
    """Make pytest-html write through ``file``: its own writing is not atomic and its errors end the session."""
    from pytest_html.basereport import BaseReport

    file.environment = partial(environment_rows, config)
    for plugin in config.pluginmanager.get_plugins():
        if isinstance(plugin, BaseReport):
            plugin._write_report = file.write  # there is no public API


def close(config: pytest.Config, file: ReportFile) -> None:
    """If no report was written, keep pytest-html from printing its path, and remove its empty folder."""
    from pytest_html.basereport import BaseReport

    if file.written:
        return
    for plugin in list(config.pluginmanager.get_plugins()):
        if isinstance(plugin, BaseReport):
            config.pluginmanager.unregister(plugin)
    with suppress(OSError):
        file.path.parent.rmdir()  # pytest-html creates it at start


def _require_place(path: Path) -> None:
    """Raise NOT_WRITABLE if no file can be created there, before the first step runs."""
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
