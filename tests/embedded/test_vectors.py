"""Conformance vectors: clustering and frame mapping must give exactly the numbers that DeepStream's code gives.

Read from $DSBENCH_VECTORS, else from beside the checkout, else the small set kept here, whose expectations were
derived by hand from the rules.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from dsbench.base.boxes import Boxes
from dsbench.embedded.nvinfer.frame_mapping import FrameMapper
from dsbench.embedded.nvinfer.preprocess import Geometry, geometry
from dsbench.formats.kitti import KittiObject, format_line
from dsbench.formats.nvinfer import ClassAttrs
from tests.embedded.native_support import class_attrs, cluster, detections, rows_of

OWN = Path(__file__).parent / "vectors"


def folders() -> list[Path]:
    """The project's own set always, and the larger one where it is."""
    beside = Path(__file__).resolve().parents[3] / "shared" / "vectors"
    named = os.environ.get("DSBENCH_VECTORS")
    other = Path(named or beside)
    if named and not other.is_dir():
        raise NotADirectoryError(f"DSBENCH_VECTORS={named} is no folder")
    return [OWN, other] if other.is_dir() else [OWN]


def load(folder: Path, name: str) -> list[dict[str, Any]]:
    vectors: list[dict[str, Any]] = json.loads((folder / name).read_text())
    assert vectors
    return vectors


def expected_objects(vector: dict[str, Any]) -> Boxes:
    expected = vector["expected"]
    return detections(expected if isinstance(expected, list) else expected["objects"])


@pytest.mark.parametrize("folder", folders(), ids=str)
def test_clustering_equals_every_vector(folder: Path) -> None:
    for number, vector in enumerate(load(folder, "cluster.json")):
        attrs = [class_attrs(entry) for entry in vector["class_attrs"]]
        found = cluster(detections(vector["objects"]), attrs, vector["cluster_mode"])
        assert rows_of(found) == rows_of(expected_objects(vector)), f"vector {number}"


@pytest.mark.parametrize("folder", folders(), ids=str)
def test_frame_mapping_equals_every_vector(folder: Path) -> None:
    for number, vector in enumerate(load(folder, "frame_mapping.json")):
        placed, attrs = placement(vector), mapping_attrs(vector)
        assert [placed.ratio_x, placed.ratio_y] == vector["expected"]["ratio"], f"vector {number}"
        assert [placed.offset_left, placed.offset_top] == vector["expected"]["offset"], f"vector {number}"
        filtered = vector["property"]["filter-out-class-ids"]
        crop = bool(vector["property"]["crop-objects-to-roi-boundary"])
        objects = detections(vector["objects"])
        found = FrameMapper(placed, attrs, filtered, crop).run(objects)
        assert rows_of(found) == rows_of(expected_objects(vector)), f"vector {number}"
        assert kitti_text(found, vector["labels"]) == vector["expected"]["kitti"], f"vector {number}"


def placement(vector: dict[str, Any]) -> Geometry:
    surface, network, keys = vector["streammux"], vector["network"], vector["property"]
    return geometry(
        *(surface["width"], surface["height"], network["width"], network["height"]),
        bool(keys["maintain-aspect-ratio"]),
        bool(keys["symmetric-padding"]),
    )


def mapping_attrs(vector: dict[str, Any]) -> list[ClassAttrs]:
    given = {int(key): class_attrs(value) for key, value in vector["class_attrs"].items()}
    ids = [len(vector["labels"]) - 1, *given, *(entry["class_id"] for entry in vector["objects"])]
    return [given.get(index, ClassAttrs()) for index in range(max(ids) + 1)]


def kitti_text(found: Boxes, labels: list[str]) -> str:
    lines = []
    for class_id, left, top, width, height, confidence in rows_of(found):
        right = float(np.float32(left) + np.float32(width))
        bottom = float(np.float32(top) + np.float32(height))
        lines.append(format_line(KittiObject(labels[int(class_id)], left, top, right, bottom, confidence)))
    return "".join(line if line.endswith("\n") else line + "\n" for line in lines)
