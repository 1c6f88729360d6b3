"""The reference on the frames of the KITTI dump: started when 6g starts its dump, used by 6g's hints and the parity."""

from __future__ import annotations

import shutil
from concurrent.futures import Future
from dataclasses import dataclass, replace
from pathlib import Path

from dsbench.base import spec
from dsbench.base.cpus import usable_cpus
from dsbench.base.errors import DsbenchError
from dsbench.base.options import KITTI_FRAMES
from dsbench.families import registry
from dsbench.families.base import Network, Preprocessing
from dsbench.jobs.reference import Feed, ReferenceJob
from dsbench.judge.imports import config_choices, postprocess, preprocessing, reference, tensors
from dsbench.judge.imports.config_choices import RuleChoice
from dsbench.judge.imports.levels import Fixed, StatedBy
from dsbench.judge.imports.postprocess import PostRules
from dsbench.judge.imports.reference import Reference
from dsbench.model.facts import PreflightFacts
from dsbench.runtimes import probes
from dsbench.steps import background, stated_values, working
from dsbench.steps.background import Stopped
from dsbench.steps.model_outputs import ModelOutputsResult, family_threshold
from dsbench.steps.model_run import ModelRun
from dsbench.steps.nvinfer_config import NvinferConfigResult

_DEADLINE_S = 60.0
"""Time after which no frame is begun: that of a machine which does little else than other work."""
_LOWEST_FLOOR = 0.001


@dataclass(frozen=True)
class ReferenceResult:
    """The reference, or why there is none."""

    reference: Reference | None
    usual: PostRules
    configured: PostRules
    frames: int
    """Frames that the dump should have; the reference may be a sample of them."""
    preprocessing: tuple[RuleChoice, ...] = ()
    """The config's preprocessing where it differs from the reference's: candidate 1 of the reference."""
    missing: str = ""
    """Why there is no reference; empty if there is."""


@dataclass(frozen=True)
class BackgroundReference:
    """The reference while it is computed."""

    future: Future[ReferenceResult]


def begin(model: ModelRun) -> None:
    """Start in the background; stopped when this model's steps are over."""
    facts, outputs = model.get(PreflightFacts), model.get(ModelOutputsResult)
    config, scratch = model.get(NvinferConfigResult), model.scratch
    wanted = model.option(KITTI_FRAMES).value
    begun = background.begin(lambda stopped: compute(facts, outputs, config, wanted, scratch, stopped), model.at_end)
    model.keep(BackgroundReference(begun))


def wait(model: ModelRun) -> ReferenceResult | None:
    """The result, once it is there; None if it was not begun."""
    begun = model.find(BackgroundReference)
    if begun is None:
        return None
    with working.seconds(model, "reference on ONNX Runtime (import parity)", announced=False):
        return model.keep(begun.future.result())


def compute(
    facts: PreflightFacts,
    outputs: ModelOutputsResult,
    config: NvinferConfigResult,
    wanted: int,
    scratch: Path,
    stopped: Stopped = background.never,
) -> ReferenceResult:
    """Run the network on frames of the dump and decode them. Never raises DsbenchError: there is no reference then.

    ``wanted``: frames of the dump, 0 for the whole video.
    """
    usual, configured = usual_rules(facts, outputs), postprocess.of_config(config.config)
    total = facts.video.value.frames
    count = min(wanted, total) if wanted and total else wanted or total or spec.KITTI_FRAMES
    if outputs.head is None:
        missing = "no family of dsbench reads this head"
        return ReferenceResult(None, usual, configured, count, missing=missing)
    if not outputs.probed.result.frames:
        return ReferenceResult(None, usual, configured, count, missing="the network cannot be run here")
    feeds = tuple(dict.fromkeys((usual_preprocessing(facts, outputs), outputs.preprocessing)))
    job = _job(facts, outputs, config, count, feeds)
    try:
        done = probes.probe_reference(job, scratch, stopped)
        floor = max(_LOWEST_FLOOR, min(usual.lowest_threshold, configured.lowest_threshold))
        network = Network(facts.width, facts.height)
        found = reference.decode(done.result, done.folder, outputs.head, network, floor)
    except DsbenchError as error:
        return ReferenceResult(None, usual, configured, count, missing=error.what)
    shutil.rmtree(done.folder, ignore_errors=True)
    return ReferenceResult(found, usual, configured, count, config_choices.preprocessing(feeds[-1], feeds[0], usual))


def usual_rules(facts: PreflightFacts, outputs: ModelOutputsResult) -> PostRules:
    """What the exporter states, else the family's convention, else 6e's values."""
    stated, head = outputs.exporter.stated, outputs.head
    cluster = registry.convention(head).cluster_mode if head else spec.CLUSTER_MODE
    threshold = family_threshold(head)
    return postprocess.plain(
        head.classes if head else facts.labels.count,
        stated.cluster_mode.value if stated.cluster_mode else cluster,
        stated.pre_cluster_threshold.value if stated.pre_cluster_threshold else threshold,
        stated.nms_iou_threshold.value if stated.nms_iou_threshold else spec.NMS_IOU_THRESHOLD,
        stated.topk.value if stated.topk else spec.TOPK,
    )


def usual_preprocessing(facts: PreflightFacts, outputs: ModelOutputsResult) -> Preprocessing:
    """What 6a would choose without the user's keys; the user's, where nobody else states a key."""
    stated = stated_values.preprocessing(facts, outputs.exporter)
    chosen = outputs.preprocessing
    if outputs.head is None or stated.fixed == Fixed():
        return chosen
    convention = registry.convention(outputs.head)
    stated = replace(
        stated,
        fixed=Fixed(),
        convention=convention.preprocessing,
        convention_origin=convention.origin,
        firm=convention.firm,
        aspect=convention.aspect,
    )
    without = preprocessing.decide((), stated, outputs.choice.evidence)
    known = {item.key for item in without.keys if item.level not in (StatedBy.UNKNOWN, StatedBy.EITHER)}
    scale = {"net-scale-factor", "offsets"} <= known
    other = without.preprocessing
    usual = Preprocessing(
        other.net_scale_factor if scale else chosen.net_scale_factor,
        other.offsets if scale else chosen.offsets,
        other.model_color_format if "model-color-format" in known else chosen.model_color_format,
        other.maintain_aspect_ratio if "maintain-aspect-ratio" in known else chosen.maintain_aspect_ratio,
        other.symmetric_padding if "symmetric-padding" in known else chosen.symmetric_padding,
    )
    return chosen if config_choices.same_pixels(usual, chosen) else usual


def _job(
    facts: PreflightFacts,
    outputs: ModelOutputsResult,
    config: NvinferConfigResult,
    count: int,
    feeds: tuple[Preprocessing, ...],
) -> ReferenceJob:
    frames = reference.sample_frames(count, outputs.probed.result.cpu_ms_per_run * len(feeds))
    return ReferenceJob(
        onnx=str(facts.onnx.path),
        video=str(facts.video.value.path),
        height=facts.height,
        width=facts.width,
        feeds=tuple(
            Feed(candidate, scaling_filter=config.config.scaling_filter) for candidate in tensors.to_candidates(feeds)
        ),
        frames=frames,
        channels=facts.onnx.channels,
        nhwc=facts.onnx.layout == "NHWC",
        threads=usable_cpus(),
        time_budget_s=_DEADLINE_S,
    )
