"""The steps of an import one after the other in this process, for the commands that run them without pytest."""

from __future__ import annotations

import traceback
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass

from dsbench.base.errors import DsbenchError
from dsbench.base.os_errors import system_errors
from dsbench.base.steps import STEPS
from dsbench.record.evidence import Evidence, EvidenceLog, StepFailure
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
from dsbench.steps.model_run import ModelRun

StepFunction = Callable[[ModelRun, EvidenceLog], object]
IMPORT_STEPS: dict[str, StepFunction] = {
    "preflight": preflight.run,
    "model_outputs": model_outputs.run,
    "parser_source": parser_source.run,
    "parser_makefile": parser_makefile.run,
    "parser_build": parser_build.run,
    "nvinfer_config": nvinfer_config.run,
    "kitti_gate": kitti_gate.run,
    "import_parity": import_parity.run,
    "accuracy": accuracy.run,
    "parser_check": parser_check.run,
}
"""Every step up to the accuracy that draws no video, in its order."""
MODEL_STEPS = ("preflight", "model_outputs")
"""Those that look at no parser and no config."""
_NEEDS = {step.name: step.needs for step in STEPS}


@dataclass(frozen=True)
class StepEnd:
    """A step that was run, and what it said. ``crash``: the traceback of an error of dsbench itself."""

    name: str
    evidence: Evidence
    crash: str = ""

    @property
    def passed(self) -> bool:
        """It neither failed nor crashed; it may be INCONCLUSIVE."""
        return self.evidence.failure is None and not self.crash


def run_steps(
    model: ModelRun, wanted: Collection[str], passed: Collection[str] = (), *, keep_crashes: bool = False
) -> Iterator[StepEnd]:
    """Run the ``wanted`` steps in order, each once those that it needs have passed.

    ``passed``: steps that are known to pass. Errors of dsbench itself are raised unless ``keep_crashes``.
    """
    done = set(passed)
    for name, function in IMPORT_STEPS.items():
        if name not in wanted or not done.issuperset(_NEEDS[name]):
            continue
        log, crash = EvidenceLog(name, model.layout.name, model.layout.key, model.runtime.label), ""
        try:
            with system_errors():
                function(model, log)
        except DsbenchError as error:
            log.failure = StepFailure(str(error.code), error.what, error.where, error.fix)
        except Exception:
            if not keep_crashes:
                raise
            crash = traceback.format_exc(limit=-4)
        end = StepEnd(name, log.snapshot(), crash)
        if end.passed:
            done.add(name)
            if name == "parser_build" and "parser_check" in wanted:
                parser_check.begin(model)
        yield end
