"""Every step up to the accuracy on a copy of a model directory, on the embedded runtime: what is wrong with it."""

from __future__ import annotations

import contextlib
import io
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path

from dsbench.base.errors import DsbenchError
from dsbench.base.options import Options
from dsbench.base.steps import STEPS
from dsbench.judge import lint
from dsbench.judge.lint import NOTE, Finding
from dsbench.model.facts import PreflightFacts
from dsbench.model.layout import ModelLayout
from dsbench.record.evidence import EvidenceLog
from dsbench.runtimes.embedded import EmbeddedRuntime
from dsbench.runtimes.select import Selected
from dsbench.steps import (
    accuracy,
    import_parity,
    kitti_gate,
    model_outputs,
    nvinfer_config,
    parser_build,
    parser_check,
    parser_makefile,
    parser_source,
    preflight,
)
from dsbench.steps.accuracy import AccuracyResult
from dsbench.steps.dump_comparison import DumpComparison
from dsbench.steps.kitti_gate import KittiGateResult
from dsbench.steps.model_outputs import ModelOutputsResult
from dsbench.steps.model_run import ModelRun
from dsbench.steps.parser_build import ParserBuildResult

_RUNS: tuple[tuple[str, Callable[[ModelRun, EvidenceLog], object]], ...] = (
    ("preflight", preflight.run),
    ("model_outputs", model_outputs.run),
    ("parser_source", parser_source.run),
    ("parser_makefile", parser_makefile.run),
    ("parser_build", parser_build.run),
    ("nvinfer_config", nvinfer_config.run),
    ("kitti_gate", kitti_gate.run),
    ("import_parity", import_parity.run),
    ("accuracy", accuracy.run),
    ("parser_check", parser_check.run),
)
TITLES = {step.name: (step.section if step.section != "beyond" else step.name) for step in STEPS}
"""How a step is called: its section of the specification, or its name."""
_NEEDS = {step.name: step.needs for step in STEPS}


@dataclass(frozen=True)
class Problem:
    """A step that failed, or that is INCONCLUSIVE (``undecided``)."""

    step: str
    code: str
    what: str
    fix: str
    undecided: bool = False


@dataclass(frozen=True)
class Trial:
    """What the steps found. ``passed``: steps that neither failed nor were skipped."""

    problems: tuple[Problem, ...]
    passed: tuple[str, ...]
    findings: tuple[Finding, ...]
    """Errors and warnings of the nvinfer config, also where 6e failed."""
    model: ModelRun

    @property
    def comparison(self) -> DumpComparison | None:
        return self.model.find(DumpComparison)

    @property
    def f1(self) -> float | None:
        """Of the dump against the reference under the usual keys; None if nothing was compared."""
        parity = self.comparison.parity if self.comparison else None
        return parity.usual.f1 if parity else None

    @property
    def recall(self) -> float | None:
        """As ``f1``."""
        parity = self.comparison.parity if self.comparison else None
        return parity.usual.recall if parity else None

    @property
    def rate(self) -> float | None:
        """Fraction of the frames with detections; None without a dump."""
        gate = self.model.find(KittiGateResult)
        return gate.scan.detection_rate if gate else None

    @property
    def mean_precision(self) -> float | None:
        """mAP@0.5:0.95; None without ground truth."""
        found = self.model.find(AccuracyResult)
        return found.measured.precision.map if found and found.measured else None

    @property
    def ids(self) -> frozenset[str]:
        """Everything that is wrong: ``code``, ``lint:RULE`` with its line, ``key:GROUP:KEY`` for a key that costs
        boxes."""
        found = {problem.code for problem in self.problems}
        found |= {self.lint_id(finding) for finding in self.findings}
        parity = self.comparison.parity if self.comparison else None
        costs = parity.costs if parity else ()
        return frozenset(found | {f"key:{cost.choice.group}:{cost.choice.key}" for cost in costs if cost.matters})

    def lint_id(self, finding: Finding) -> str:
        """What a finding is known by from one trial to the next."""
        return f"lint:{finding.rule}:{finding.what}".replace(str(self.model.layout.root), "")

    @property
    def rank(self) -> tuple[int, int, float, int, int]:
        """Higher is better: steps, failures, agreement with the reference, doubts, errors and warnings."""
        failures = sum(not problem.undecided for problem in self.problems)
        f1 = -1.0 if self.f1 is None else round(self.f1, 2)
        return len(self.passed), -failures, f1, failures - len(self.problems), -len(self.findings)


def run(
    layout: ModelLayout, options: Options, start: Path, scratch: Path, assumed: frozenset[str] = frozenset()
) -> Trial:
    """Run the steps. Their failures are the trial's problems; nothing is raised for them.

    ``assumed``: steps that are known to pass and are not run.
    """
    scratch.mkdir(parents=True, exist_ok=True)
    problems: list[Problem] = []
    passed: list[str] = []
    with ExitStack() as at_end, contextlib.redirect_stdout(io.StringIO()):
        selected = Selected(EmbeddedRuntime(), "dsbench fix measures on the CPU")
        model = ModelRun(layout, options, selected, scratch, start, announce=lambda _: None, at_end=at_end)
        for name, step in _RUNS:
            if not set(_NEEDS[name]) <= set(passed):
                continue
            if name in assumed:
                passed.append(name)
                continue
            log = EvidenceLog(name, layout.name, layout.key, selected.runtime.label)
            try:
                step(model, log)
            except DsbenchError as error:
                problems.append(_problem(layout, name, str(error.code), error.what, error.fix))
                continue
            finally:
                doubts = log.snapshot().undecided
                problems += [
                    replace(_problem(layout, name, one.code, one.what, one.fix), undecided=True) for one in doubts
                ]
            passed.append(name)
            if name == "parser_build" and "parser_check" not in assumed:
                parser_check.begin(model)
        findings = tuple(_findings(model, problems))
    return Trial(tuple(problems), tuple(passed), findings, model)


def _problem(layout: ModelLayout, step: str, code: str, what: str, fix: str) -> Problem:
    """A problem whose texts name the user's directory, not the copy."""
    what, fix = (text.replace(str(layout.root), layout.given) for text in (what, fix))
    return Problem(step, code, what, fix)


def _findings(model: ModelRun, problems: list[Problem]) -> Iterator[Finding]:
    """Errors and warnings of 6e's config."""
    facts, outputs, parser = model.find(PreflightFacts), model.find(ModelOutputsResult), model.find(ParserBuildResult)
    if facts is None or outputs is None or parser is None or not facts.layout.nvinfer_config.is_file():
        return
    context = nvinfer_config.lint_context(facts, outputs, parser)
    for finding in lint.lint(facts.layout.nvinfer_config, context):
        if finding.severity != NOTE:
            yield finding
