"""Ablation: from what the model can do to what the app wrote, one difference at a time, and the boxes that each costs.

The ideal: the decoded frame is scaled once, bilinear, with the padding and the deviations of the family's training;
usual thresholds and NMS; boxes are cut at the frame's edge. Every stage keeps the differences of those before it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from dsbench.base.boxes import Boxes
from dsbench.families.base import Preprocessing
from dsbench.jobs.probe import Candidate
from dsbench.jobs.reference import Feed
from dsbench.judge.imports import config_choices, matching, postprocess
from dsbench.judge.imports.dump_boxes import ClassNames
from dsbench.judge.imports.matching import Match
from dsbench.judge.imports.postprocess import PostRules
from dsbench.judge.imports.reference import Reference

TRAINED_PADDING = 114
"""Grey of the letterbox in the training of the YOLO families."""
_GREY_FAMILIES = ("yolo", "yolox", "yolo_maps", "anchor_free", "deepstream_yolo", "mmdeploy")
_NEAREST = (0, 5, 6)
HALF = "FP16: weights and results of the layers rounded, simulated on the CPU"
_DUMP = "parser, and precision of the engine: the dump"


@dataclass(frozen=True, slots=True)
class FedStage:
    """A difference in what the network is fed."""

    name: str
    feed: Feed


@dataclass(frozen=True, slots=True)
class AblationStage:
    """The ideal's boxes after one more difference."""

    name: str
    kept: int
    """Boxes of the ideal that are still found."""
    lost: int
    """``kept`` of the stage before minus this one's; negative if boxes came back."""
    added: int
    """Boxes that the ideal does not have."""
    f1: float
    """Against the ideal."""


@dataclass(frozen=True, slots=True)
class Ablation:
    """The stages, the ideal first."""

    stages: tuple[AblationStage, ...]
    frames: int

    @property
    def ideal(self) -> int:
        """Boxes of the ideal."""
        return self.stages[0].kept


@dataclass(frozen=True, slots=True)
class FeedFacts:
    """What decides the feeds."""

    family: str
    usual: Preprocessing
    configured: Preprocessing
    deviations: tuple[float, ...]
    """Of the channels, in pixels; empty if one scale is exact."""
    scaling_filter: int
    same_size: bool
    """The decoded frame has the streammux surface's size."""


def feeds(facts: FeedFacts) -> tuple[FedStage, ...]:
    """The ideal feed, then one more difference at a time; differences that change nothing are left out."""
    usual = _candidate(facts.usual)
    grey = bool(usual.maintain_aspect_ratio) and facts.family in _GREY_FAMILIES
    feed = Feed(usual, False, 1, TRAINED_PADDING if grey else 0, facts.deviations)
    stages = [FedStage("ideal: scaled once, bilinear", feed)]

    def then(name: str, changed: Feed) -> Feed:
        if changed != stages[-1].feed:
            stages.append(FedStage(name, changed))
        return changed

    if facts.same_size:
        stages[0] = FedStage("ideal: scaled once, bilinear", replace(feed, mux=True))
        feed = stages[0].feed
    feed = then("scaled twice: nvstreammux, then nvinfer", replace(feed, mux=True))
    nearest = " (nearest)" if facts.scaling_filter in _NEAREST else ""
    name = f"scaling-filter={facts.scaling_filter}{nearest}"
    feed = then(name, replace(feed, scaling_filter=facts.scaling_filter))
    feed = then(f"padding of 0 instead of {TRAINED_PADDING}", replace(feed, padding=0))
    feed = then("one net-scale-factor for three deviations", replace(feed, deviations=()))
    for choice in config_choices.preprocessing(facts.configured, facts.usual, postprocess.plain(1)):
        then(choice.text, replace(feed, candidate=_candidate(facts.configured)))
    return tuple(stages)


def _candidate(value: Preprocessing) -> Candidate:
    return Candidate(
        value.net_scale_factor,
        value.offsets,
        value.model_color_format,
        value.maintain_aspect_ratio,
        value.symmetric_padding,
    )


def measure(
    fed: Sequence[FedStage],
    reference: Reference,
    rules: tuple[PostRules, PostRules],
    names: ClassNames,
    dump: Sequence[Boxes],
    half: Sequence[Boxes] = (),
) -> Ablation:
    """``reference``: decoded boxes under each feed; ``rules``: usual and configured; ``dump``: of the same frames.

    ``half``: boxes of a network of FP16 under the configured rules; empty: not measured, or the app ran in FP32.
    """
    usual, configured = rules
    cut = replace(usual, crop=True)

    def objects(feed: int, of: PostRules) -> tuple[Boxes, ...]:
        return tuple(map(names.merged, reference.objects(of, feed)))

    ideal = objects(0, cut)
    steps = [(stage.name, objects(place, cut)) for place, stage in enumerate(fed)]
    last = len(fed) - 1
    steps.append(("boxes that reach below the frame are dropped", objects(last, usual)))
    for name, so_far in config_choices.cumulative(configured, usual):
        steps.append((name, objects(last, so_far)))
    if half:
        steps.append((HALF, tuple(half)))
    steps.append(("parser, and what is left of the engine's precision: the dump" if half else _DUMP, tuple(dump)))
    return Ablation(tuple(_stages(reference.frames, ideal, steps)), len(reference.frames))


def half_boxes(reference: Reference, rules: PostRules, names: ClassNames) -> tuple[tuple[Boxes, ...], Match]:
    """Boxes of FP16, and how they match those of FP32. ``reference``: FP32 and FP16, in this order."""
    single, half = (tuple(map(names.merged, reference.objects(rules, place))) for place in (0, 1))
    return half, matching.match(reference.frames, single, half)


def _stages(
    frames: Sequence[int], ideal: Sequence[Boxes], steps: Sequence[tuple[str, Sequence[Boxes]]]
) -> list[AblationStage]:
    stages: list[AblationStage] = []
    for name, boxes in steps:
        match = matching.match(frames, ideal, boxes)
        before = stages[-1].kept if stages else match.paired
        stages.append(AblationStage(name, match.paired, before - match.paired, match.extra, match.f1))
    return stages
