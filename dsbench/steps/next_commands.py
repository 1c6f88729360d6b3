"""What to run next: on DeepStream after an embedded run; after a failure, the fix and the run again."""

from __future__ import annotations

import os
import shlex
from collections.abc import Iterator

from dsbench.base import spec
from dsbench.base.option import COMMAND_LINE
from dsbench.base.option_kinds import Flag
from dsbench.base.options import BLESS, CI, MODEL_DIRS, OPTIONS, VIDEO
from dsbench.build import trtexec_commands
from dsbench.model.facts import PreflightFacts
from dsbench.record.evidence import Evidence
from dsbench.record.open_questions import ABOUT_THE_CLIP
from dsbench.record.schema import INCONCLUSIVE
from dsbench.steps.in_process import IMPORT_STEPS
from dsbench.steps.model_run import ModelRun

_THIS_RUN = (MODEL_DIRS, BLESS, CI)
"""Options that a repeated run does not have, or has of its own."""


def shell_lines(model: ModelRun) -> tuple[str, ...]:
    """Lines to copy into a shell; comment lines explain the commands."""
    facts = model.find(PreflightFacts)
    outcomes = {step.outcome for step in model.recorder.record.steps} if model.recorder is not None else set()
    if facts is None or "failed" in outcomes:
        again = _join("pytest", "--model-dir", model.layout.given, *_given(model))
        return (*_patch(model), "# once the failure above is fixed:", again)
    if INCONCLUSIVE in outcomes:
        return (*_patch(model), *_next(model, facts))
    return _next(model, facts)


def _given(model: ModelRun) -> Iterator[str]:
    """The options of this run's command line, but for those that mean this run alone."""
    for option in OPTIONS:
        given = model.options.given.get(option.name)
        if given is not None and given.command_line is not None and option not in _THIS_RUN:
            yield from (option.flag,) if isinstance(option.kind, Flag) else (option.flag, str(given.command_line))


def _patch(model: ModelRun) -> tuple[str, ...]:
    """A comment and a command; nothing without a directory to fix, or where no change of it can help."""
    steps = model.recorder.record.steps if model.recorder is not None else ()
    if not model.layout.root.is_dir() or (steps and not any(may_be_fixed(step.evidence) for step in steps)):
        return ()
    words = ["dsbench", "fix", model.layout.given]
    video = model.option(VIDEO)
    if video.origin == COMMAND_LINE and video.value is not None:
        words += ["--video", video.value]
    return ("# the change that dsbench proposes, as a diff, tried on a copy (--apply writes it):", _join(*words))


def may_be_fixed(evidence: Evidence) -> bool:
    """Whether `dsbench fix` runs the step and the model directory is what is wrong: not the clip, not the speed."""
    if evidence.step not in IMPORT_STEPS:
        return False
    failed = evidence.failure is not None and not evidence.import_unknown
    return failed or any(one.code not in ABOUT_THE_CLIP for one in evidence.undecided)


def _next(model: ModelRun, facts: PreflightFacts) -> tuple[str, ...]:
    if model.runtime.name != "embedded":
        return ("# the report of Step 8:", f"# read references/report-generation.md {model.layout.given}/")
    return tuple(_deepstream(model, facts))


def _deepstream(model: ModelRun, facts: PreflightFacts) -> Iterator[str]:
    target = trtexec_commands.Target(
        facts.layout,
        facts.onnx,
        (facts.height, facts.width),
        precision=trtexec_commands.FP32 if facts.settings.network_mode == 0 else trtexec_commands.FP16,
    )
    max_bs = facts.onnx.batch or spec.FIRST_MAX_BS
    yield "# on a machine with DeepStream, in a copy of this directory. Steps 4-5: build the engine and measure it"
    yield _join("dsbench", "prepare", facts.layout.given)
    yield "# or by hand:"
    yield from (f"# {line}" for line in trtexec_commands.shell_lines(target, max_bs))
    yield trtexec_commands.doubling_remark(target, max_bs, facts.target_fps.value)
    yield "# Steps 6-7 on DeepStream; the record of this embedded run is kept next to the new one"
    words = ["pytest", "--model-dir", model.layout.given, "--runtime", "deepstream", "--replace-results"]
    if facts.video.origin in ("command line", "environment"):
        words += ["--video", str(facts.video.value.path)]
    yield _join(*words)


def _join(*words: str) -> str:
    return shlex.join(os.fspath(word) for word in words)
