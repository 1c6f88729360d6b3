"""Conversions between a probe's files and the families: outputs by candidate, keys of tensors, candidates."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from dsbench.families.base import NamedArray, Outputs, Preprocessing
from dsbench.jobs.probe import Candidate, ProbeResult, View, tensor_key


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


def parser_keys(result: ProbeResult, candidate: int) -> tuple[tuple[str, ...], ...]:
    """Tensor keys of every probed frame under ``candidate``, for a ParserJob."""
    return tuple(
        tuple(tensor_key(candidate, frame, index) for index in range(len(result.outputs)))
        for frame in range(len(result.frames))
    )
