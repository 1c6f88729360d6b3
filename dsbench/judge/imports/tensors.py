"""Conversions between a probe's files and the families: outputs by candidate, keys of tensors, candidates."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from dsbench.families.base import NamedArray, Outputs, Preprocessing
from dsbench.jobs.probe import Candidate, ProbeResult, View, frame_key, sample_key, tensor_key

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
from dsbench.model.onnx.graph import OnnxFacts


def to_candidates(values: Sequence[Preprocessing]) -> tuple[Candidate, ...]:
    """Preprocessings as candidates of a ProbeJob."""
    return tuple(
        Candidate(v.net_scale_factor, v.offsets, v.model_color_format, v.maintain_aspect_ratio, v.symmetric_padding)
        for v in values
    )


def outputs_of(tensors: Path, result: ProbeResult, candidate: int, view: View = "plain") -> tuple[Outputs, ...]:
    """Outputs of every probed frame under candidate number ``candidate``, one image each, no batch dimension.

    Views other than the plain one exist if the job asked for them.
    """
    import numpy as np

    if not result.frames:
        return ()

    with np.load(tensors, allow_pickle=False) as archive:
        return tuple(
            tuple(
                NamedArray(name, archive[tensor_key(candidate, frame, index, view)])
                for index, name in enumerate(result.outputs)
            )
            for frame in range(len(result.frames))
        )


def first_frames(tensors: Path, result: ProbeResult, candidates: int) -> tuple[Outputs, ...]:
    """The first frame's outputs under each of the first ``candidates``, by which a family is recognised."""
    import numpy as np

    if not result.frames:
        return ()
    with np.load(tensors, allow_pickle=False) as archive:
        return tuple(
            tuple(
                NamedArray(name, archive[tensor_key(candidate, 0, index)]) for index, name in enumerate(result.outputs)
            )
            for candidate in range(candidates)
        )


def with_true_shapes(onnx: OnnxFacts, result: ProbeResult) -> OnnxFacts:
    """The facts with the measured shape of each output that the file leaves open and that has no batch dimension.

    Where the number of rows differs from input to input, the shape stays open.
    """
    batch = onnx.batch or 1
    measured = zip(onnx.outputs, result.random, result.real or result.random, strict=False)
    outputs = tuple(
        replace(item, shape=run.shape)
        if not (item.shape and isinstance(item.shape[0], int))
        and run.shape == real.shape
        and run.shape
        and run.shape[0] not in (0, 1, batch)
        else item
        for item, run, real in measured
    )
    return replace(onnx, outputs=(*outputs, *onnx.outputs[len(outputs) :]))


def pictures_of(tensors: Path, result: ProbeResult) -> tuple[NDArray[np.uint8], ...]:
    """The probed frames as small pictures, (h, w, 3) RGB each; none without a video."""
    import numpy as np

    with np.load(tensors, allow_pickle=False) as archive:
        keys = [frame_key(frame) for frame in range(len(result.frames))]
        return tuple(archive[key] for key in keys if key in archive)


def clip_pictures(tensors: Path, result: ProbeResult) -> tuple[NDArray[np.uint8], ...]:
    """The clip's sample as small pictures, (h, w, 3) RGB each."""
    import numpy as np

    with np.load(tensors, allow_pickle=False) as archive:
        return tuple(archive[sample_key(position)] for position in range(len(result.clip.frames)))


def parser_keys(result: ProbeResult, candidate: int) -> tuple[tuple[str, ...], ...]:
    """Tensor keys of every probed frame under ``candidate``, for a ParserJob."""
    return tuple(
        tuple(tensor_key(candidate, frame, index) for index in range(len(result.outputs)))
        for frame in range(len(result.frames))
    )
