"""Models for the tests of `dsbench inspect` and `dsbench init`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import onnx

from tests import onnx_zoo as zoo


def yolox(path: Path, **changes: Any) -> Path:
    """A YOLOX of three classes: every anchor has offsets of its own, as those of a trained head."""
    head = zoo.yolox_head()
    noise = np.random.default_rng(0).normal(0, 0.4, head[..., :4].shape).astype(np.float32)
    head[..., :4] = np.where(head[..., :4] == 0, noise, head[..., :4])
    return zoo.detector(path, head=head, **changes)


def with_metadata(path: Path, **entries: str) -> Path:
    """The same file with metadata."""
    return zoo.edit(path, lambda model: onnx.helper.set_model_props(model, entries))
