"""Small models that went wrong once, where they are present: their family, feeding and clustering."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from dsbench.base.errors import DsbenchError
from dsbench.families import registry
from dsbench.families.base import Head, NamedArray, Outputs
from dsbench.model.exporter import evidence
from dsbench.model.onnx.graph import inspect


def recognised(shared: Path, name: str) -> Head:
    import onnxruntime

    folder = shared / "cases" / name
    if not folder.is_dir():
        pytest.skip(f"{folder} is not there")
    path = folder / "model" / f"{name}.onnx"
    facts = inspect(path)
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 4
    session = onnxruntime.InferenceSession(path, options, ["CPUExecutionProvider"])
    image = np.random.default_rng(0).uniform(0, 255, (1, 3, facts.height, facts.width)).astype(np.float32)
    image[:, :, 40:140, 60:200] = 250

    def run(scale: float) -> Outputs:
        found = session.run(None, {facts.input_name: image * np.float32(scale)})
        names = [output.name for output in session.get_outputs()]
        return tuple(NamedArray(name, array[0]) for name, array in zip(names, found, strict=True))

    labels = (folder / "config" / "labels.txt").read_text().splitlines()
    return registry.recognise(facts, [run(1.0), run(1 / 255)], labels=labels)


def test_end_to_end_rows_that_a_wrong_feeding_inverts(shared: Path) -> None:
    head = recognised(shared, "e2e_inverted_raw")
    assert (head.family, head.classes, registry.convention(head).cluster_mode) == ("yolo", 2, 4)
    path = shared / "cases" / "e2e_inverted_raw" / "model" / "e2e_inverted_raw.onnx"
    stated = evidence.of_metadata(inspect(path)).stated
    keys = ("net_scale_factor", "model_color_format", "maintain_aspect_ratio", "symmetric_padding", "cluster_mode")
    assert [said.value if (said := stated.said(key)) else None for key in keys] == [1 / 255, 0, 1, 1, 4]


def test_a_spare_column_is_no_class(shared: Path) -> None:
    head = recognised(shared, "rfdetr_spare_column")
    assert (head.family, head.classes) == ("rtdetr", 3)
    assert any(fact.name == "background" for fact in head.facts)


def test_a_row_for_each_cell_is_suppressed_by_deepstream(shared: Path) -> None:
    head = recognised(shared, "three_outputs_dense")
    assert (head.family, registry.convention(head).cluster_mode) == ("deepstream_yolo", 2)


def test_boxes_with_scores_and_labels_are_mmdeploys(shared: Path) -> None:
    head = recognised(shared, "mmdeploy_dets_labels")
    assert (head.family, head.classes, registry.convention(head).cluster_mode) == ("mmdeploy", 2, 4)


def test_raw_maps_without_anchors_are_named(shared: Path) -> None:
    with pytest.raises(DsbenchError, match="raw maps of strides 8, 16, 32, not decoded") as refused:
        recognised(shared, "raw_maps_yolov5")
    assert "--grid" in refused.value.fix
