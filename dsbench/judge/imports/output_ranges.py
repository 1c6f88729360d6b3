"""6a's check of the outputs: NaN or Inf on a real frame stops the import (bad weights, FP16 overflow)."""

from __future__ import annotations

import math
from pathlib import Path

from dsbench.base.errors import Code, DsbenchError
from dsbench.jobs.probe import OutputRange, ProbeResult


def check(result: ProbeResult, onnx: Path, scale: str = "", weight: str = "") -> tuple[str, ...]:
    """Warnings about the outputs on random input.

    ``scale``: what the network shows against the way in which it was fed; empty if nothing. ``weight``: a sentence
    about the first weight with NaN; empty if none has one.

    Raises MODEL_OUTPUT_INVALID if an output on a real frame holds NaN or Inf or is empty; on random input only if no
    frame was run. Random input is unlike any picture and may overflow an exp(), so it gives a warning otherwise.
    """
    for index, item in enumerate(result.real or result.random):
        problem = _problem(item)
        if problem:
            what = f"Output[{index}] {item.name!r} {problem} on {'a real frame' if result.real else 'random input'}"
            raise DsbenchError(
                Code.MODEL_OUTPUT_INVALID,
                ": ".join(filter(None, (weight or scale, what))),
                where=f"{onnx}: shape {list(item.shape)}",
                fix=_WEIGHT if weight else _SCALE if scale else _WEIGHTS,
            )
    return tuple(
        f"Output[{index}] {item.name!r} {_problem(item)} on random input"
        for index, item in enumerate(result.random)
        if _problem(item)
    )


_SCALE = (
    "apply the input scale once: correct net-scale-factor, or export the ONNX file again without a scale of its own"
)
_WEIGHT = "the ONNX file is damaged: export it again from a sound checkpoint"
_WEIGHTS = (
    "check the weights (a damaged checkpoint, an FP16 export that overflows) and the input scale (one in the graph as"
    " well as in net-scale-factor), and export again"
)


def _all(item: OutputRange) -> str:
    return " (all its values)" if item.nan == math.prod(item.shape) else ""


def _problem(item: OutputRange) -> str:
    if item.nan or item.inf:
        parts = [f"{item.nan} NaN{_all(item)}"] * bool(item.nan) + [f"{item.inf} Inf"] * bool(item.inf)
        return f"holds {' and '.join(parts)}"
    if 0 in item.shape[1:]:
        return f"is empty ({list(item.shape)})"
    return ""
