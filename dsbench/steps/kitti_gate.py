"""6g: the KITTI dump through the runtime's app, and the gate that nothing passes without detections."""

from __future__ import annotations

import contextlib
import shlex
from dataclasses import dataclass

from dsbench.base.errors import Code, DsbenchError
from dsbench.base.options import Value, share, whole
from dsbench.build import app_config
from dsbench.build.app_config import AppPlan
from dsbench.formats import kitti
from dsbench.formats.kitti import Scan
from dsbench.judge import gate
from dsbench.judge.gate import GateEvidence, GateVerdict
from dsbench.model.facts import PreflightFacts
from dsbench.runtimes import frame_count, kitti_dump
from dsbench.runtimes.kitti_dump import KittiDump
from dsbench.steps.model_outputs import ModelOutputs
from dsbench.steps.model_run import KITTI_FRAMES, MIN_DETECTION_RATE, ModelRun
from dsbench.steps.nvinfer_config import ConfigResult
from dsbench.steps.parser_build import BuiltParser

SHARE_OF_FRAMES = 0.9
"""Frames of the clip that a dump must have: with fewer it ended early, and says nothing of the rest."""


@dataclass(frozen=True)
class KittiResult:
    """The dump, what its files hold, and the gate's verdict. ``expected``: frames that there should be."""

    dump: KittiDump
    scan: Scan
    verdict: GateVerdict
    frames: Value[int]
    min_rate: Value[float]
    expected: int

    @property
    def lost(self) -> int:
        """Frames that the app was given and wrote no file for."""
        return max(0, self.expected - self.scan.files)


def run(model: ModelRun) -> KittiResult:
    """Dump and judge; the verdict is the caller's to raise, so that its evidence is kept first."""
    facts, outputs = model.get(PreflightFacts), model.get(ModelOutputs)
    settings = facts.settings
    frames = model.options.kitti_frames.resolve(whole(0), settings.kitti_frames, KITTI_FRAMES)
    rate = model.options.min_detection_rate.resolve(share, settings.min_detection_rate, MIN_DETECTION_RATE)
    dumped = _dump(model, facts, frames.value)
    scan = kitti.scan(model.layout.kitti_dir)
    evidence = GateEvidence(
        outputs.choice.warning,
        tuple(finding.what for finding in model.get(BuiltParser).findings),
        tuple(finding.what for finding in model.get(ConfigResult).findings),
    )
    verdict = gate.evaluate(scan, rate.value, evidence)
    return KittiResult(dumped, scan, verdict, frames, rate, _expected(facts, frames.value, scan.files))


def _expected(facts: PreflightFacts, wanted: int, written: int) -> int:
    """Frames that the dump should have: those asked for, at most the clip's. Counted by decoding where some are
    missing: a container may hold more than can be decoded."""
    clip = facts.video.value
    expected = min(wanted, clip.frames) if wanted and clip.frames else wanted or clip.frames
    if written < expected:
        with contextlib.suppress(DsbenchError):  # what cannot be counted: the container's number stands
            expected = min(expected, frame_count.count(clip.path, decode=True))
    return expected


def _dump(model: ModelRun, facts: PreflightFacts, frames: int) -> KittiDump:
    """Write the kept app config (paths that an ini cannot carry go through links in scratch) and run it."""
    layout, links = model.layout, model.scratch
    plan = AppPlan(
        nvinfer_config=app_config.safe_path(layout.nvinfer_config, links),
        video=app_config.safe_path(facts.video.value.path, links, uri=True),
        gpu_id=model.options.gpu_id.value,
        kitti_dir=app_config.safe_path(layout.kitti_dir, links),
    )
    app_config.write_app(layout.kitti_app_config, plan)
    config = app_config.safe_path(layout.kitti_app_config, links)
    return kitti_dump.dump(model.runtime, config, layout.kitti_dir, frames, layout.kitti_log)


def require_detections(result: KittiResult) -> None:
    """The hard stop: KITTI_GATE with the specification's ERROR line and the likely causes unless the gate passed;
    APP_FAILED where it passed on a dump that ended early."""
    verdict = result.verdict
    if not verdict.passed:
        raise DsbenchError(
            Code.KITTI_GATE,
            "\n".join((verdict.cause, *(line for line in verdict.lines if line in gate.HARD_STOP[1:]))),
            where=str(result.dump.directory),
            fix="\n".join(verdict.hints),
        )
    if result.scan.files < SHARE_OF_FRAMES * result.expected:
        finished = result.dump.finished
        last = "\n".join(f"    {line}" for line in finished.tail())
        raise DsbenchError(
            Code.APP_FAILED,
            f"the KITTI dump: the app wrote {result.scan.files} of {result.expected} frames and ended as if all were"
            f" well\n  last lines of {finished.log}:\n{last}",
            where=shlex.join(finished.command),
            fix="read the log; play the video alone: does it end there?",
        )
