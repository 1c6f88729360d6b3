"""Every step up to the accuracy on a copy of a model directory, on the embedded runtime: what is wrong with it."""

from __future__ import annotations

import contextlib
import io
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from dsbench.base.option_levels import Options
from dsbench.base.steps import STEPS
from dsbench.model.layout import ModelLayout
from dsbench.runtimes.embedded import EmbeddedRuntime
from dsbench.runtimes.select import Selected
from dsbench.steps import in_process, named_edits
from dsbench.steps.accuracy import AccuracyResult
from dsbench.steps.in_process import IMPORT_STEPS
from dsbench.steps.kitti_gate import KittiGateResult
from dsbench.steps.model_run import ModelRun
from dsbench.steps.named_edits import Problem, RunFindings

TITLES = {step.name: (step.section if step.section != "beyond" else step.name) for step in STEPS}
"""How a step is called: its section of the specification, or its name."""


@dataclass(frozen=True)
class Trial(RunFindings):
    """What the steps found. ``passed``: steps that neither failed nor were skipped."""

    passed: tuple[str, ...]

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

    def text(value: str) -> str:
        """With the user's directory in place of the copy."""
        return value.replace(str(layout.root), layout.given)

    scratch.mkdir(parents=True, exist_ok=True)
    problems: list[Problem] = []
    passed: list[str] = []
    with ExitStack() as at_end, contextlib.redirect_stdout(io.StringIO()):
        selected = Selected(EmbeddedRuntime(), "dsbench fix measures on the CPU")
        model = ModelRun(layout, options, selected, scratch, start, at_end=at_end)
        for end in in_process.run_steps(model, IMPORT_STEPS.keys() - assumed, assumed):
            problems += named_edits.problems(end.evidence, text)
            passed += [end.name] if end.passed else []
        passed += [name for name in IMPORT_STEPS if name in assumed and "parser_build" in passed]
        findings = tuple(named_edits.config_findings(model))
    return Trial(tuple(problems), findings, model, tuple(passed))
