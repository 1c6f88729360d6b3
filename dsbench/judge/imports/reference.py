"""The reference: what the model should give on frames of the KITTI dump.

The network's outputs in FP32 on ONNX Runtime, decoded by the family's NumPy decode; ``postprocess`` makes objects of
them under any rules. Independent of parser, nvinfer config and runtime.
"""

from __future__ import annotations

from collections.abc import Container, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from dsbench.base.boxes import Boxes
from dsbench.families import registry
from dsbench.families.base import Head, NamedArray, Network, Outputs
from dsbench.jobs.reference import Placement, ReferenceOutputs, frame_file, output_key
from dsbench.judge.imports import postprocess
from dsbench.judge.imports.postprocess import PostRules

SHORTEST_SAMPLE = 8
"""Frames that are run however long one takes."""
SAMPLES = ((15.0, 120), (60.0, 48), (250.0, 24), (1000.0, 12))
"""CPU time of one frame in ms, and the frames that are run of a model that takes at most so long."""
SPAN = 600
"""A sample is taken from the first frames of the dump: every frame before its last has to be decoded."""


@dataclass(frozen=True, slots=True)
class Reference:
    """Decoded boxes of the frames, without thresholds of nvinfer's.

    ``frames``: their numbers in the video, ascending. ``decoded[c][k]``: boxes of frame k under candidate c, in network
    pixels, with a score of at least ``floor``. ``placements[c]``: how the frame lies in the network's input.
    """

    frames: tuple[int, ...]
    decoded: tuple[tuple[Boxes, ...], ...]
    placements: tuple[Placement, ...]
    floor: float
    seconds: float = 0.0

    def only(self, frames: Container[int]) -> Reference:
        """The reference on those of its frames that are in ``frames``."""
        kept = [place for place, number in enumerate(self.frames) if number in frames]
        decoded = tuple(tuple(boxes[place] for place in kept) for boxes in self.decoded)
        return replace(self, frames=tuple(self.frames[place] for place in kept), decoded=decoded)

    def objects(self, rules: PostRules, candidate: int = 0) -> tuple[Boxes, ...]:
        """Objects of every frame under ``rules``, in pixels of the streammux surface.

        Boxes below ``floor`` are missing: no rule may have a lower threshold.
        """
        place = self.placements[candidate]
        return tuple(
            Boxes.empty() if number % (rules.interval + 1) else postprocess.apply(boxes, rules, place)
            for number, boxes in zip(self.frames, self.decoded[candidate], strict=True)
        )


def sample_frames(count: int, cpu_ms: float) -> tuple[int, ...]:
    """Numbers of the frames to run of the first ``count``, evenly spaced, by the CPU time of one frame.

    The number is fixed for a size of model, so that a verdict does not depend on other load of the machine.
    """
    most = next((frames for limit, frames in SAMPLES if cpu_ms <= limit), SHORTEST_SAMPLE)
    span = min(count, SPAN)
    number = min(most, span)
    return tuple(int((i + 0.5) * span / number) for i in range(number))


def choose_frames(count: int, ms_per_run: float, budget_s: float) -> tuple[int, ...]:
    """Numbers of the frames to run of the first ``count``: all if they fit into ``budget_s``, else evenly spaced ones.

    ``ms_per_run``: time of one frame, concurrent calls considered.
    """
    affordable = max(SHORTEST_SAMPLE, int(budget_s * 1000 / max(ms_per_run, 0.01)))
    if count <= affordable:
        return tuple(range(count))
    span = min(count, SPAN)
    number = min(affordable, span)
    return tuple(int((i + 0.5) * span / number) for i in range(number))


def decode(result: ReferenceOutputs, folder: Path, head: Head, network: Network, floor: float) -> Reference:
    """Decode what the reference probe left in ``folder``."""
    family = registry.by_name(head.family)
    decoded = tuple(
        tuple(
            family.decode(_outputs(folder, frame, candidate, result.outputs), head, network, floor)
            for frame in result.frames
        )
        for candidate in range(len(result.placements))
    )
    return Reference(result.frames, decoded, result.placements, floor, result.seconds)


def _outputs(folder: Path, frame: int, candidate: int, names: Sequence[str]) -> Outputs:
    import numpy as np

    with np.load(folder / frame_file(frame), allow_pickle=False) as archive:
        return tuple(NamedArray(name, archive[output_key(candidate, index)]) for index, name in enumerate(names))
