"""The network of YOLOX-nano's size."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import numpy as np
import onnx

from benchmarks import nano
from dsbench.embedded.nvinfer.infer import OnnxModel


def test_it_has_yolox_nanos_layers_and_weights(tmp_path: Path) -> None:
    model = onnx.load(nano.write(tmp_path / "nano.onnx"))
    operators = Counter(node.op_type for node in model.graph.node)
    assert (operators["Conv"], operators["Sigmoid"], operators["Mul"], operators["MaxPool"]) == (113, 110, 104, 3)
    weights = sum(np.prod(tensor.dims, dtype=int) for tensor in model.graph.initializer)
    assert 890_000 < weights < 930_000


def test_its_scores_differ_from_place_to_place(tmp_path: Path) -> None:
    network = OnnxModel(nano.write(tmp_path / "nano.onnx", batch=1))
    picture = np.random.default_rng(0).integers(0, 256, (1, 3, nano.SIZE, nano.SIZE)).astype(np.float32)
    rows = network.run(picture)[0]
    assert rows.shape == (1, 3549, 5 + nano.CLASSES)
    assert np.isfinite(rows).all()
    scores = rows[0, :, 4] * rows[0, :, 5:].max(axis=1)
    assert 0 <= scores.min() < scores.max() <= 1
    assert len(np.unique(scores)) > 1000
