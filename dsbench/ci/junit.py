"""JUnit: model and step in the name and class name of every step's test case, and its properties.

GitLab and Jenkins recognise a test case of an earlier run by class name and name. Both are the same on every machine:
``dsbench.<model>`` and pytest's ``test_<step>[<model>]``, whatever folder the steps were collected from.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from dsbench.base import places
from dsbench.base.text import printable
from dsbench.ci.outcome import ModelOutcome, SessionOutcome, session_outcome, shown_path
from dsbench.report.collector import StepCollector, evidence_of


def clear_place(config: pytest.Config, start: Path) -> None:
    """Remove an older file from where pytest will write: it would write through a link there. Raises NOT_WRITABLE.

    A linked directory below ``start`` must not leave it, because the report's default place is there too.
    """
    given = getattr(config.option, "xmlpath", None)
    if not given or config.option.collectonly or hasattr(config, "workerinput"):
        return
    path = start / os.path.expanduser(os.path.expandvars(given))
    if path.is_relative_to(start):
        places.require_inside(path.parent, start)
    with suppress(OSError):  # pytest reports it
        places.remove(path)


@dataclass(eq=False)  # pluggy keeps plugins in sets
class JunitNames:
    """A pytest plugin; it does nothing without ``--junitxml``."""

    config: pytest.Config
    collector: StepCollector
    start: Path
    report: Callable[[], Path | None]
    """Path of the HTML report, None without one."""
    _models: dict[str, str] = field(default_factory=dict)

    @pytest.hookimpl(tryfirst=True)  # registered before the collector, so called after it and before pytest's own
    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if _xml(self.config) is None:
            return
        evidence = evidence_of(report)
        if evidence is not None:
            self._models[report.nodeid] = evidence.model_key
            name = report.nodeid.rpartition("[")[2].removesuffix("]").replace(".", "_")
            _xml(self.config).node_reporter(report).add_attribute("classname", f"dsbench.{name}")
        elif report.when == "teardown" and report.nodeid in self._models:  # pytest takes the properties of this report
            of_step = self._of_step(self._models.pop(report.nodeid), report.nodeid)
            report.user_properties.extend((name, printable(value)) for name, value in of_step)

    def _of_step(self, model_key: str, nodeid: str) -> Iterator[tuple[str, str]]:
        results = [one for one in self.collector.results if one.evidence.model_key == model_key]
        session = session_outcome(results, self.start)
        step = nodeid.rpartition("::test_")[2].partition("[")[0]
        mine = next((one for one in reversed(results) if one.evidence.step == step), None)
        yield "step", step
        if mine is not None:
            yield "outcome", mine.outcome
            codes = [one.code for one in mine.evidence.undecided]
            codes += [mine.evidence.failure.code] if mine.evidence.failure is not None else []
            yield from (("code", code) for code in codes)
            if mine.evidence.left_out:
                yield "nothing_to_do", mine.evidence.left_out
        yield from model_properties(session.models[0])
        report = self.report()
        if report is not None:
            yield "report", shown_path(str(report), self.start)

    @pytest.hookimpl(tryfirst=True)  # before pytest writes the file
    def pytest_sessionfinish(self) -> None:
        """Give the suite the properties of the session, those of each model with its name before them."""
        xml = _xml(self.config)
        if xml is None or not self.collector.results:
            return
        session = session_outcome(self.collector.results, self.start, report=self.report())
        for name, value in suite_properties(session):
            xml.add_global_property(name, printable(value))


def model_properties(model: ModelOutcome) -> Iterator[tuple[str, str]]:
    """What is known of a model; a figure that is not known is left out."""
    figures = model.figures
    yield "model", model.name
    yield "runtime", model.verdict.runtime
    yield "import", model.import_word
    if model.verdict.streams is not None:
        yield "streams", str(model.verdict.streams)
    if figures.run2.total_fps is not None:
        yield "fps", f"{figures.run2.total_fps:g}"
        yield "fps_per_stream", f"{figures.run2.fps_per_stream:g}"
    if model.comparison:
        yield "comparison", model.comparison
    if model.record:
        yield "record", model.record


def suite_properties(session: SessionOutcome) -> Iterator[tuple[str, str]]:
    """``verdict`` and ``report`` of the session; properties of a model, after its name if there are several models."""
    yield "verdict", session.word
    if session.report:
        yield "report", session.report
    for number, model in enumerate(session.models, 1):
        prefix = f"model{number}." if len(session.models) > 1 else ""
        yield from ((f"{prefix}{name}", value) for name, value in model_properties(model))


def _xml(config: pytest.Config) -> Any:
    """pytest's JUnit writer; None without ``--junitxml``, on an xdist worker and with ``-p no:junitxml``."""
    from _pytest.junitxml import xml_key  # there is no public API

    return config.stash.get(xml_key, None)
