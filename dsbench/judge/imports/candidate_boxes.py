"""What a family's decode makes of a probe's tensors, candidate by candidate."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import get_args

from dsbench.base import spec
from dsbench.base.boxes import Boxes
from dsbench.families import registry
from dsbench.families.base import Head, Network, Preprocessing
from dsbench.jobs.probe import ZOOM_WINDOW, ProbeResult, View
from dsbench.judge.imports import frame_evidence, tensors
from dsbench.judge.imports.frame_evidence import Findings, Views

SURFACE = Network(spec.MUX_WIDTH, spec.MUX_HEIGHT)


@dataclass(frozen=True, slots=True)
class CandidateBoxes:
    """The boxes of ``candidates`` in a probe's result and tensors, read by ``head``."""

    candidates: Sequence[Preprocessing]
    result: ProbeResult
    tensors: Path
    head: Head
    network: Network

    @property
    def floor(self) -> float:
        """The family's pre-cluster threshold, else 6e's."""
        threshold = registry.convention(self.head).pre_cluster_threshold
        return spec.PRE_CLUSTER_THRESHOLD if threshold is None else threshold

    def of(self, candidate: int, view: View = "plain") -> list[Boxes]:
        """One candidate's boxes in network pixels, frame by frame."""
        family = registry.by_name(self.head.family)
        frames = tensors.outputs_of(self.tensors, self.result, candidate, view)
        return [family.decode(frame, self.head, self.network, self.floor) for frame in frames]

    def clustered(self, candidate: int) -> list[Boxes]:
        """One candidate's boxes in surface pixels as nvinfer would show them: the family's clustering and threshold."""
        return self.shown(self.of(candidate), candidate)

    def shown(self, decoded: Sequence[Boxes], candidate: int) -> list[Boxes]:
        """Boxes in network pixels of any parser, as ``clustered`` has those of the family's."""
        frames = [self._to_surface(boxes, candidate) for boxes in decoded]
        if registry.convention(self.head).cluster_mode == spec.CLUSTER_MODE:
            return [frame_evidence.kept(boxes, self.floor) for boxes in frames]
        return [boxes.take(boxes.confidence >= self.floor) for boxes in frames]

    def below_frame(self, candidate: int) -> float:
        """Fraction of one candidate's boxes that reach below the frame. nvinfer drops those."""
        frames = [frame_evidence.kept(boxes, self.floor) for boxes in self._mapped(candidate, "plain")]
        below = sum(frame_evidence.below(boxes, SURFACE) for boxes in frames)
        return below / max(sum(map(len, frames)), 1)

    def findings(self) -> dict[Preprocessing, Findings]:
        """What every candidate finds, and finds again in the other views; the probe must have run them."""
        return {value: self._findings(index) for index, value in enumerate(self.candidates)}

    def _findings(self, index: int) -> Findings:
        plain, mirror, zoom = (self._mapped(index, view) for view in get_args(View))
        mirror = [frame_evidence.unmirrored(boxes, SURFACE) for boxes in mirror]
        zoom = [frame_evidence.unzoomed(boxes, ZOOM_WINDOW, SURFACE) for boxes in zoom]
        views = [Views(*parts) for parts in zip(plain, mirror, zoom, strict=True)]
        return frame_evidence.findings(views, self.floor)

    def _mapped(self, index: int, view: View) -> list[Boxes]:
        return [self._to_surface(boxes, index) for boxes in self.of(index, view)]

    def _to_surface(self, boxes: Boxes, index: int) -> Boxes:
        return frame_evidence.to_surface(boxes, self.candidates[index], self.network, SURFACE)
