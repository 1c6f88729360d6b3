"""A head's rows, read rightly, are the boxes of the family's decode."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from dsbench.families.base import Head, NamedArray, Network, Outputs
from dsbench.families.batched_nms import BatchedNmsLayout
from dsbench.families.map_heads import Form, Level, MapLayout
from dsbench.families.maps import Grid, Plane
from dsbench.families.queries import QueryLayout
from dsbench.families.rows import RowsLayout
from dsbench.families.ssd_priors import SOFTMAX, PriorsLayout
from dsbench.families.yolo import YoloLayout
from dsbench.judge.imports.diagnosis import decoded
from dsbench.judge.imports.diagnosis.geometry import BOX_MISTAKES
from dsbench.judge.imports.diagnosis.row_parts import RawForm
from tests.judge.imports.diagnosis import parsers

NETWORK = Network(64, 64)
RANDOM = np.random.default_rng(3)


def named(*arrays: np.ndarray) -> Outputs:
    return tuple(NamedArray(f"o{index}", array.astype(np.float32)) for index, array in enumerate(arrays))


def corners(rows: int, scale: float = 1.0) -> np.ndarray:
    return np.sort(RANDOM.uniform(0, scale, (rows, 2, 2)), axis=1).reshape(rows, 4)


def centres(rows: int) -> np.ndarray:
    return np.concatenate((RANDOM.uniform(0, 1, (rows, 2)), RANDOM.uniform(0.1, 0.5, (rows, 2))), axis=1)


def maps(form: Form, boxes: int, extra: int = 0, **more: object) -> tuple[Head, Outputs]:
    """Two strides; scores, boxes and a third map each."""
    levels, arrays = [], []
    for stride in (8, 16):
        grid = Grid(stride, 64 // stride, 64 // stride)
        planes = []
        for channels in (3, boxes, extra):
            planes.append(Plane(len(arrays), 0, channels, 1) if channels else None)
            if channels:
                arrays.append(RANDOM.uniform(0, 1, (grid.cells, channels)))
        assert planes[0]
        assert planes[1]
        levels.append(Level(grid, planes[0], planes[1], planes[2], (9.0, 13.0)))
    layout = MapLayout(form, 3, tuple(levels), tuple(array.size for array in arrays), **more)  # type: ignore[arg-type]
    return Head("gfl", 1.0, 3, layout, ()), named(*arrays)


CASES: dict[str, tuple[Head, Outputs, RawForm]] = {
    **{name: (parsers.HEADS[name], parsers.outputs(name, 7), form)
       for name, form in (("yolox", RawForm.EXPONENT), ("yolo", RawForm.CENTRES), ("ssd", RawForm.CORNERS))},
    "yolo rows": (Head("yolo", 1.0, 3, YoloLayout(table=True), ()),
                  named(np.concatenate((corners(30, 60), RANDOM.uniform(0, 1, (30, 1)),
                                        RANDOM.integers(0, 3, (30, 1))), axis=1)), RawForm.CORNERS),
    "priors": (Head("ssd", 1.0, 2, PriorsLayout(0, 1, SOFTMAX, 0, 1, tuple(map(tuple, centres(30).tolist()))), ()),
               named(RANDOM.normal(0, 2, (30, 3)), RANDOM.normal(0, 1, (30, 4))), RawForm.PRIOR),
    "detr": (Head("detr", 1.0, 3, QueryLayout(0, 1, False), ()),
             named(RANDOM.normal(0, 2, (30, 4)), centres(30)), RawForm.CENTRES),
    "rtdetr": (Head("rtdetr", 1.0, 3, QueryLayout(0, 1, False), ()),
               named(RANDOM.normal(-1, 2, (30, 3)), centres(30)), RawForm.CENTRES),
    "rows": (Head("mmdeploy", 1.0, 3, RowsLayout(1, 0, 0, False), ()),
             named(np.concatenate((corners(30, 60), RANDOM.uniform(0, 1, (30, 1))), axis=1),
                   RANDOM.integers(0, 3, 30)), RawForm.CORNERS),
    "batched": (Head("batched_nms", 1.0, 3, BatchedNmsLayout(0, 1, 2, 3, True, False, 0), ()),
                named(np.array([25]), corners(30), RANDOM.uniform(0, 1, 30), RANDOM.integers(0, 3, 30)),
                RawForm.CORNERS),
    "distribution": (*maps(Form.DISTRIBUTION, 32, bins=8), RawForm.SIDES),
    "distance in pixels": (*maps(Form.DISTANCE, 4, 1, pixels=True), RawForm.SIDES),
    "anchors": (*maps(Form.ANCHOR, 4, 1), RawForm.ANCHOR),
    "root": (*maps(Form.EXPONENT, 4, 1, root=True), RawForm.EXPONENT),
    "prior": (*maps(Form.PRIOR, 4, 1, root=True), RawForm.PRIOR),
    "whole grid": (*maps(Form.WHOLE_GRID, 4, 1), RawForm.WHOLE_GRID),
    "centre": (*maps(Form.CENTRE, 2, 2), RawForm.OTHER),
    "size": (*maps(Form.SIZE, 2, 2), RawForm.OTHER),
    "softmax": (*maps(Form.ANCHOR, 4, 1, softmax=True, activated=False), RawForm.ANCHOR),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_rows_are_those_of_the_decode(name: str) -> None:
    head, outputs, form = CASES[name]
    network = parsers.NETWORK if name in parsers.HEADS else NETWORK
    rows = decoded.read(outputs, head, network, 0.25)
    read = decoded.rows_of(outputs, head, network)
    assert read is not None
    assert (rows.form, len(rows)) == (form, len(read)), "the decode was used instead"


def test_other_rows_than_the_decodes_are_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    head, outputs, _ = CASES["rows"]
    read = decoded.rows_of(outputs, head, NETWORK)
    assert read is not None
    monkeypatch.setattr(decoded, "rows_of", lambda *_: replace(read, corners=read.corners + 1))
    rows = decoded.read(outputs, head, NETWORK, 0.1)
    assert (rows.form, rows.ids is not None) == (RawForm.OTHER, True)


@pytest.mark.parametrize(("id", "variants"), [("other-activation", 27), ("no-grid", 3)])
def test_mistakes_of_a_whole_grid_move_its_boxes(id: str, variants: int) -> None:
    head, outputs, _ = CASES["whole grid"]
    rows = decoded.read(outputs, head, NETWORK, 0.25)
    mistake = next(one for one in BOX_MISTAKES if one.id == id)
    found = mistake.predict(rows, NETWORK)
    assert len(found) == variants
    assert all(np.abs(boxes - rows.corners).max() > 1 for boxes in found)
