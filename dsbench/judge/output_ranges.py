"""6a: are the outputs numbers? NaN or Inf on random or real input stops the import (bad weights, FP16 overflow)."""

from __future__ import annotations

from pathlib import Path

from dsbench.embedded.probe_job import OutputRange, ProbeResult
from dsbench.errors import Code, DsbenchError


def check(result: ProbeResult, onnx: Path) -> None:
    """Raises MODEL_OUTPUT_INVALID if an output holds NaN or Inf, or has no element at all."""
    for source, ranges in (("a real frame", result.real), ("random input", result.random)):
        for index, item in enumerate(ranges):
            problem = _problem(item)
            if problem:
                raise DsbenchError(
                    Code.MODEL_OUTPUT_INVALID,
                    f"Output[{index}] {item.name!r} {problem} on {source}",
                    where=f"{onnx}: shape {list(item.shape)}",
                    fix="check the weights (a damaged checkpoint, an FP16 export that overflows) and export again",
                )


def _problem(item: OutputRange) -> str:
    if item.nan or item.inf:
        parts = [f"{item.nan} NaN"] * bool(item.nan) + [f"{item.inf} Inf"] * bool(item.inf)
        return f"holds {' and '.join(parts)}"
    if 0 in item.shape[1:]:
        return f"is empty ({list(item.shape)})"
    return ""
