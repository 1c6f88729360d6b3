"""The steps from pre-flight to accuracy, run in this process, and what they say."""

from __future__ import annotations

import contextlib
import io
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path

from dsbench.base import option_levels, options
from dsbench.base.boxes import Boxes
from dsbench.base.errors import DsbenchError
from dsbench.build import app_config
from dsbench.build.app_config import AppPlan
from dsbench.build.parser_source import find_user_source
from dsbench.formats import kitti
from dsbench.model.facts import PreflightFacts
from dsbench.model.layout import ModelLayout
from dsbench.runtimes import kitti_dump, select
from dsbench.steps import in_process
from dsbench.steps.in_process import IMPORT_STEPS, MODEL_STEPS, StepEnd
from dsbench.steps.model_outputs import ModelOutputsResult, Step6Start, source_plan
from dsbench.steps.model_run import ModelRun

FRAMES = 24
"""Frames of the KITTI dump."""
CRASH = "traceback"
"""Id of an alarm that is an error of dsbench itself."""


class AlarmLevel(StrEnum):
    """How loud an alarm is."""

    FAILED = "FAILED"
    INCONCLUSIVE = "INCONCLUSIVE"
    WARNING = "warning"


@dataclass(frozen=True)
class Alarm:
    """One thing that a step said. ``id``: an error code, or that of an open question; empty for a warning."""

    step: str
    level: AlarmLevel
    id: str
    text: str
    """What, where and fix."""

    @property
    def headline(self) -> str:
        return self.text.partition("\n")[0]


@dataclass(frozen=True)
class Treatment:
    """How the steps are run."""

    video: Path
    scratch: Path
    truth: bool = False
    """Whether accuracy is run."""
    model_only: bool = False
    """Pre-flight and 6a alone."""


@dataclass(frozen=True)
class StepsOutcome:
    """What the steps said, in order, and the results of pre-flight and 6a."""

    alarms: tuple[Alarm, ...]
    known: tuple[object, ...]


def run_steps(layout: ModelLayout, how: Treatment, known: tuple[object, ...] = ()) -> StepsOutcome:
    """Run the steps in order, as pytest does. ``known``: results of pre-flight and 6a, which are not run again."""
    given = option_levels.read({options.VIDEO.name: str(how.video), options.KITTI_FRAMES.name: str(FRAMES)}, {}, {})
    alarms: list[Alarm] = []
    with ExitStack() as at_end, contextlib.redirect_stdout(io.StringIO()):
        selected = select.select("embedded")
        model = ModelRun(layout, given, selected, how.scratch, layout.root.parent, at_end)
        for result in known:
            model.keep(_with_source(result, layout))
        before = MODEL_STEPS if known else ()
        for end in in_process.run_steps(model, _wanted(how, before), before, keep_crashes=True):
            alarms += _alarms(end)
        results = [model.find(kind) for kind in (PreflightFacts, ModelOutputsResult, Step6Start)]
    return StepsOutcome(tuple(alarms), tuple(result for result in results if result is not None))


def _with_source(result: object, layout: ModelLayout) -> object:
    """6a's result with the parser source that the user has now."""
    if not isinstance(result, ModelOutputsResult):
        return result
    return replace(result, user_source=find_user_source(source_plan(layout)))


def _wanted(how: Treatment, known: Sequence[str]) -> tuple[str, ...]:
    """The steps to run."""
    if how.model_only:
        return MODEL_STEPS
    left_out = {*known, "parser_check", *(() if how.truth else ("accuracy",))}
    return tuple(name for name in IMPORT_STEPS if name not in left_out)


def _alarms(end: StepEnd) -> Iterator[Alarm]:
    step, evidence, failure = end.name, end.evidence, end.evidence.failure
    yield from (Alarm(step, AlarmLevel.WARNING, "", text) for text in evidence.warnings)
    if failure is not None:
        text = "\n".join(filter(None, (failure.what, failure.where, failure.fix)))
        yield Alarm(step, AlarmLevel.FAILED, failure.code, text)
    for one in evidence.undecided:
        yield Alarm(step, AlarmLevel.INCONCLUSIVE, one.code, f"{one.what}\n{one.fix}")
    if end.crash:
        yield Alarm(step, AlarmLevel.FAILED, CRASH, end.crash)


def dump_anyway(layout: ModelLayout, how: Treatment) -> None:
    """Write the KITTI dump with what is there, where the steps stopped before it: what would the boxes be?"""
    if layout.kitti_dir.is_dir() or not layout.parser_library.is_file():
        return
    layout.kitti_app_config.unlink(missing_ok=True)
    app_config.write_app(layout.kitti_app_config, AppPlan(layout.nvinfer_config, how.video, kitti_dir=layout.kitti_dir))
    runtime = select.select("embedded").runtime
    with contextlib.suppress(DsbenchError), contextlib.redirect_stdout(io.StringIO()):
        kitti_dump.dump(runtime, layout.kitti_app_config, layout.kitti_dir, FRAMES, layout.kitti_log)


def dumped(layout: ModelLayout, labels: tuple[str, ...]) -> tuple[Boxes, ...] | None:
    """Boxes of every frame of the dump, class ids as in ``labels`` (-1: another label); None without a dump."""
    import numpy as np

    if not layout.kitti_dir.is_dir():
        return None
    frames = {file.name.frame: file.path for file in kitti.list_frames(layout.kitti_dir)}
    ids = {label: number for number, label in enumerate(labels)}
    found = []
    for number in range(FRAMES):
        objects = kitti.parse_file(frames[number]) if number in frames else ()
        rows = [(ids.get(one.label, -1), one.left, one.top, one.width, one.height, one.confidence) for one in objects]
        found.append(Boxes.from_table(np.array(rows, np.float32)) if rows else Boxes.empty())
    return tuple(found)
