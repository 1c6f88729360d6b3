"""6a: are the outputs numbers? NaN or Inf on random or real input stops the import (bad weights, FP16 overflow)."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from dsbench.embedded.probe_job import OutputRange
from dsbench.errors import Code, DsbenchError


def check(random: Sequence[OutputRange], real: Sequence[OutputRange], onnx: Path) -> tuple[str, ...]:
    """Warnings; raises MODEL_OUTPUT_INVALID if an output of a real frame holds NaN or Inf, or is empty.

    Without real frames the random input decides; beside good real frames a bad random one is only a warning.
    """
    for source, ranges in (("a real frame", real), ("random input", () if real else random)):
        for index, item in enumerate(ranges):
            problem = _problem(item)
            if problem:
                raise DsbenchError(
                    Code.MODEL_OUTPUT_INVALID,
                    f"Output[{index}] {item.name!r} {problem} on {source}",
                    where=f"{onnx}: shape {list(item.shape)}",
                    fix="check the weights (a damaged checkpoint, an FP16 export that overflows) and export again",
                )
    doubtful = [
        f"Output[{index}] {item.name!r} {_problem(item)} on random input"
        for index, item in enumerate(random)
        if _problem(item)
    ]
    constant = [
        f"Output[{index}] {item.name!r} is {item.low:g} everywhere on a real frame"
        for index, item in enumerate(real)
        if item.low == item.high
    ]
    return (*doubtful, *constant)


def _problem(item: OutputRange) -> str:
    if item.nan or item.inf:
        parts = [f"{item.nan} NaN"] * bool(item.nan) + [f"{item.inf} Inf"] * bool(item.inf)
        return f"holds {' and '.join(parts)}"
    if 0 in item.shape[1:]:
        return f"is empty ({list(item.shape)})"
    return ""
