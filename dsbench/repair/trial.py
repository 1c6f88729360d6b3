"""Every step up to the accuracy on a copy of a model directory, on the embedded runtime: what is wrong with it."""

from __future__ import annotations

import contextlib
import io
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from dsbench.base.options import Options
from dsbench.base.steps import STEPS
from dsbench.judge import lint
from dsbench.judge.lint import NOTE, Finding
from dsbench.model.facts import PreflightFacts
from dsbench.model.layout import ModelLayout
from dsbench.runtimes.embedded import EmbeddedRuntime
from dsbench.runtimes.select import Selected
from dsbench.steps import in_process, nvinfer_config
from dsbench.steps.accuracy import AccuracyResult
from dsbench.steps.dump_comparison import DumpComparison
from dsbench.steps.in_process import IMPORT_STEPS, StepEnd
from dsbench.steps.kitti_gate import KittiGateResult
from dsbench.steps.model_outputs import ModelOutputsResult
from dsbench.steps.model_run import ModelRun
from dsbench.steps.parser_build import ParserBuildResult

TITLES = {step.name: (step.section if step.section != "beyond" else step.name) for step in STEPS}
"""How a step is called: its section of the specification, or its name."""


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

    ``assumed``: steps that are known to pass once the parser is built; they are not run.
    """
    scratch.mkdir(parents=True, exist_ok=True)
    problems: list[Problem] = []
    passed: list[str] = []
    with ExitStack() as at_end, contextlib.redirect_stdout(io.StringIO()):
        selected = Selected(EmbeddedRuntime(), "dsbench fix measures on the CPU")
        model = ModelRun(layout, options, selected, scratch, start, at_end=at_end)
        for end in in_process.run_steps(model, IMPORT_STEPS.keys() - assumed, assumed):
            problems += _problems(layout, end)
            passed += [end.name] if end.passed else []
        passed += [name for name in IMPORT_STEPS if name in assumed and "parser_build" in passed]
        findings = tuple(_findings(model, problems))
    return Trial(tuple(problems), tuple(passed), findings, model)


def _problems(layout: ModelLayout, end: StepEnd) -> Iterator[Problem]:
    """What a step said. The texts name the user's directory, not the copy."""

    def text(value: str) -> str:
        return value.replace(str(layout.root), layout.given)

    failure = end.evidence.failure
    if failure is not None:
        yield Problem(end.name, failure.code, text(failure.what), text(failure.fix))
    for one in end.evidence.undecided:
        yield Problem(end.name, one.code, text(one.what), text(one.fix), undecided=True)


def _findings(model: ModelRun, problems: list[Problem]) -> Iterator[Finding]:
    """Errors and warnings of 6e's config."""
    facts, outputs, parser = model.find(PreflightFacts), model.find(ModelOutputsResult), model.find(ParserBuildResult)
    if facts is None or outputs is None or parser is None or not facts.layout.nvinfer_config.is_file():
        return
    context = nvinfer_config.lint_context(facts, outputs, parser)
    for finding in lint.lint(facts.layout.nvinfer_config, context):
        if finding.severity != NOTE:
            yield finding
