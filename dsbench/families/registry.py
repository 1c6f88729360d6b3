"""The list of families. Every family is asked; the most confident answer counts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from dsbench.base.errors import Code, DsbenchError
from dsbench.families import refusals
from dsbench.families.anchor_free import AnchorFree
from dsbench.families.base import Convention, Family, Head, Hints, Outputs, Rejected
from dsbench.families.batched_nms import BatchedNms
from dsbench.families.blazeface import BlazeFace
from dsbench.families.centernet import CenterNet
from dsbench.families.deepstream_yolo import DeepStreamYolo
from dsbench.families.detr import Detr
from dsbench.families.faces import CenterFace, Scrfd, YuNet
from dsbench.families.fastestdet import FastestDet
from dsbench.families.gfl import Gfl
from dsbench.families.mmdeploy import Mmdeploy
from dsbench.families.owlvit import OwlVit
from dsbench.families.rtdetr import RtDetr
from dsbench.families.ssd import Ssd
from dsbench.families.tao import Tao
from dsbench.families.yolo import Yolo
from dsbench.families.yolo_maps import YoloMaps
from dsbench.families.yolox import Yolox
from dsbench.model.exporter import evidence

if TYPE_CHECKING:
    from dsbench.model.onnx.graph import OnnxFacts

FAMILIES: tuple[Family, ...] = (
    Yolox(),
    Yolo(),
    Gfl(),
    YoloMaps(),
    AnchorFree(),
    FastestDet(),
    YuNet(),
    Scrfd(),
    CenterFace(),
    CenterNet(),
    BlazeFace(),
    DeepStreamYolo(),
    Mmdeploy(),
    BatchedNms(),
    Ssd(),
    Detr(),
    RtDetr(),
    OwlVit(),
    Tao(),
)

SAME_EXPORTER: dict[str, tuple[Family, ...]] = {"yolo": (Gfl(), YoloMaps())}
"""Families that the exporter of another also writes: Ultralytics' heads without their decoding."""


def by_name(name: str) -> Family:
    """The family called ``name``; raises FAMILY_UNKNOWN with the known names."""
    for family in FAMILIES:
        if family.name == name:
            return family
    raise DsbenchError(
        Code.FAMILY_UNKNOWN,
        f"the family {name!r} does not exist",
        where="dsbench.toml: family",
        fix=f"use one of: {', '.join(family.name for family in FAMILIES)}",
    )


def convention(head: Head) -> Convention:
    """Preprocessing and clustering of this head: its own convention, else its family's."""
    return head.convention or by_name(head.family).convention()


def recognise(
    facts: OnnxFacts, samples: Sequence[Outputs], *, hints: Hints | None = None, labels: Sequence[str] = ()
) -> Head:
    """The recognised head. ``samples``: outputs of real frames, under any preprocessing; at least one.

    What the exporter states wins over shapes: another task than detection is refused, and a stated family is the only
    one that is asked. Raises NOT_A_DETECTOR for a classifier's output and the like, FAMILY_UNKNOWN when no family or
    more than one claims it.
    """
    hints = hints or Hints()
    exporter = hints.exporter or evidence.of_metadata(facts)
    hints, stated = replace(hints, exporter=exporter), exporter.stated
    where = f"{facts.path.name}: {refusals.describe(samples)}"
    refused = refusals.other_task(stated.task, where)
    refused = refused or refusals.not_a_detector(facts, samples, where, hints.model_type)
    if refused:
        raise refused
    chosen = hints.family or (stated.family.value if stated.family else None)
    candidates = (by_name(chosen), *(() if hints.family else SAME_EXPORTER.get(chosen, ()))) if chosen else FAMILIES
    answers = [family.recognise(facts, samples, hints, labels) for family in candidates]
    heads = sorted((a for a in answers if isinstance(a, Head)), key=lambda head: -head.confidence)
    if not heads:
        raise refusals.nearest(facts, samples, [a for a in answers if isinstance(a, Rejected)])
    if len(heads) > 1 and heads[0].confidence - heads[1].confidence < 0.1:
        raise DsbenchError(
            Code.FAMILY_UNKNOWN,
            f"the outputs fit both {heads[0].family} and {heads[1].family}",
            where=f"{facts.path.name}: {refusals.describe(samples)}",
            fix=f"choose in dsbench.toml: {' or '.join(map(_choice, heads[:2]))}",
        )
    return heads[0]


def _choice(head: Head) -> str:
    """A family with what it would take the head for: ``family = "detr"`` (scores: softmax, background last)."""
    meant = f" ({head.facts[0].name}: {head.facts[0].value})" if head.facts else ""
    return f'family = "{head.family}"{meant}'
