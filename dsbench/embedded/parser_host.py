"""Loads a bounding-box parser library and calls it as nvinfer does (semantics e)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from dsbench.embedded.detections import Detections, Float32Array


@dataclass(frozen=True, slots=True)
class OutputLayer:
    """One network output of one frame: ``array`` without the batch dimension (0-d for an output of shape [N])."""

    name: str
    array: npt.NDArray[Any]
    binding_index: int


class ParserHost:
    """A loaded parser function."""

    def __init__(self, lib: Path, func: str, *, object_size: int = 28) -> None:
        raise NotImplementedError

    def parse(
        self,
        layers: Sequence[OutputLayer],
        net: tuple[int, int, int],
        num_classes: int,
        pre_thresholds: Sequence[float] | Float32Array,
        post_thresholds: Sequence[float] | Float32Array,
    ) -> Detections | None:
        """Objects in network pixels, parser order; None when the parser returned false. ``net`` is (w, h, c)."""
        raise NotImplementedError
