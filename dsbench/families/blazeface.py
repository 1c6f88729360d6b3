"""MediaPipe's BlazeFace and palm detector: rows of box and key points [N, P, 4 + 2k], logits [N, P, 1].

Two anchors at each cell of the first stride s, six at each of 2s (strides s, 2s, 2s, 2s), all of size 1: offsets from
the centre of the cell and sizes are pixels of the network. The full-range model has one anchor a cell of stride 4.
Source: mediapipe/calculators/tflite/ssd_anchors_calculator.cc and the options of
mediapipe/modules/face_detection and palm_detection; hollance/BlazeFace-PyTorch, blazeface.py (_decode_boxes).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from dsbench.families import map_heads, maps
from dsbench.families.base import Convention, Head, HeadFact, Hints, Network, Outputs, Preprocessing, Rejected
from dsbench.families.map_heads import Form, Level, MapFamily, MapLayout
from dsbench.families.maps import Grid, Plane

if TYPE_CHECKING:
    from dsbench.model.onnx.graph import OnnxFacts

NAME = "blazeface"
ANCHORS = ({8: 2, 16: 6}, {16: 2, 32: 6}, {4: 1})
"""Anchors of a cell by stride: short range and palm, BlazeFace's back camera, full range."""
POINTS = {16: "6 points of a face", 18: "7 points of a palm"}
CONVENTION = Convention(
    Preprocessing(1 / 127.5, (127.5, 127.5, 127.5), model_color_format=0, maintain_aspect_ratio=1, symmetric_padding=1),
    cluster_mode=2,
    origin="MediaPipe's convention: -1..1 RGB, letterboxed in the middle; dense head, so DeepStream's NMS",
    fewest_outputs=2,
    rank=3,
)
PALM = replace(
    CONVENTION,
    preprocessing=Preprocessing(1 / 255, (), model_color_format=0, maintain_aspect_ratio=1, symmetric_padding=1),
    origin="MediaPipe's palm detector: 0-1 RGB, letterboxed in the middle; dense head, so DeepStream's NMS",
)


class BlazeFace(MapFamily):
    """MediaPipe's detectors of faces and palms."""

    name = NAME

    def recognise(
        self, facts: OnnxFacts, samples: Sequence[Outputs], hints: Hints, labels: Sequence[str]
    ) -> Head | Rejected:
        """Two outputs whose rows are the anchors of MediaPipe's rule."""
        wanted = "it has boxes with key points [N, P, 16 or 18] and scores [N, P, 1] of MediaPipe's anchors"
        shapes = [out.data.shape for out in samples[0]] if samples else []
        if len(shapes) != 2 or any(len(shape) != 2 for shape in shapes) or shapes[0][0] != shapes[1][0]:
            return Rejected(NAME, wanted)
        boxes = next((index for index, shape in enumerate(shapes) if shape[1] in POINTS), None)
        if boxes is None or shapes[1 - boxes][1] != 1:
            return Rejected(NAME, wanted)
        rows, columns = shapes[boxes]
        network = Network(facts.width, facts.height)
        levels = next((found for rule in ANCHORS if (found := tuple(_levels(rule, network, boxes, columns, rows)))), ())
        if not levels:
            return Rejected(
                NAME, f"{rows} rows are not MediaPipe's anchors at {facts.width}x{facts.height}", close=True
            )
        logits = maps.pooled(samples, Plane(1 - boxes, 0, 1, 1), rows, 1)
        activated = bool(logits.min() >= 0 and logits.max() <= 1)
        layout = MapLayout(Form.PIXELS, 1, levels, map_heads.elements(samples, levels), activated)
        grids = list(dict.fromkeys(level.grid for level in levels))
        facts_found = (
            HeadFact("anchors", str(rows), f"MediaPipe's rule: strides {maps.strides_text(grids)}"),
            HeadFact("boxes", "offsets from the cells and sizes, in pixels", f"{POINTS[columns]} are not read"),
            HeadFact("sigmoid", *(("in the graph", "within 0..1") if activated else ("in the parser", "logits"))),
            HeadFact("classes", "1", "one column of scores"),
        )
        return Head(NAME, 0.95, 1, layout, facts_found, convention=None if columns == 16 else PALM)

    def convention(self) -> Convention:
        """-1..1 RGB, letterboxed."""
        return CONVENTION


def _levels(rule: dict[int, int], network: Network, boxes: int, columns: int, rows: int) -> Iterator[Level]:
    """The anchors of the rule, if their number is that of the rows."""
    grids = {Grid(stride, -(-network.width // stride), -(-network.height // stride)): n for stride, n in rule.items()}
    if sum(grid.cells * each for grid, each in grids.items()) != rows:
        return
    first = 0
    for grid, each in grids.items():
        for anchor in range(first, first + each):
            scores, numbers = Plane(1 - boxes, anchor, each, 1), Plane(boxes, anchor * columns, each * columns, 1)
            yield Level(grid, scores, numbers)
        first += grid.cells * each
