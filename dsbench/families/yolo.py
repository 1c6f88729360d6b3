"""YOLO heads whose boxes are decoded in the graph: v5 to v7 [N, anchors, 5+C], v8 and v11 [N, 4+C, anchors] or
[N, anchors, 4+C], end-to-end [N, K, 6].

Dense heads: centre x, centre y, width, height in network pixels (or fractions, or corners), then, in v5 to
v7, objectness, then one probability a class; score = objectness * best class, or the best class alone. End-to-end
rows: x1, y1, x2, y2, score, class. Fed with 0-1 RGB, letterboxed in the middle (Ultralytics). Source:
pipeline-run.md 6b; the layouts that Ultralytics' exporters write.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from dsbench.base.boxes import Boxes, centre_to_corners
from dsbench.families import distributions, maps, yolo_evidence
from dsbench.families.base import (
    HIGHEST_CLASS,
    Convention,
    Head,
    HeadFact,
    Hints,
    Network,
    Outputs,
    ParserContext,
    Preprocessing,
    Rejected,
    best_class,
    clip_boxes,
)
from dsbench.families.yolo_evidence import Dense, DetectionTable
from dsbench.model.exporter.ultralytics import Metadata

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from dsbench.model.onnx.graph import OnnxFacts

NAME = "yolo"
LETTERBOX = Preprocessing(1 / 255, (), model_color_format=0, maintain_aspect_ratio=1, symmetric_padding=1)
STRETCHED = Preprocessing(1 / 255, (), model_color_format=0, maintain_aspect_ratio=0)
ORIGIN = "Ultralytics' convention: 0-1 RGB, letterboxed in the middle"
DENSE = Convention(LETTERBOX, cluster_mode=2, origin=f"{ORIGIN}; dense head, so DeepStream's NMS")
FUSED = Convention(LETTERBOX, cluster_mode=4, origin=f"{ORIGIN}; the rows are final detections, so no clustering")
QUERIES = Convention(
    STRETCHED, cluster_mode=4, origin="Ultralytics' RT-DETR: 0-1 RGB, stretched; one query an object, so no clustering"
)


@dataclass(frozen=True, slots=True)
class YoloLayout:
    """Where a head keeps what; ``output`` is the index of the output that holds it.

    ``table``: rows of x1, y1, x2, y2, score, class; with ``centres`` cx, cy, w, h, score, class. Otherwise dense:
    ``transposed`` is [4+C, anchors], ``objectness`` whether column 4 is one, ``corners`` x1, y1, x2, y2 instead of
    cx, cy, w, h. ``normalised``: fractions of the network input.
    """

    table: bool
    transposed: bool = False
    objectness: bool = False
    corners: bool = False
    normalised: bool = False
    output: int = 0
    centres: bool = False
    landmarks: bool = False
    """Five points of a face lie between objectness and class (YOLO5Face)."""

    @property
    def first_class(self) -> int:
        """Column of class 0."""
        return 4 + int(self.objectness) + (yolo_evidence.LANDMARKS if self.landmarks else 0)


class Yolo:
    """The decoded YOLO family."""

    name = NAME
    template = "parser_yolo.cpp.j2"

    def recognise(
        self, facts: OnnxFacts, samples: Sequence[Outputs], hints: Hints, labels: Sequence[str]
    ) -> Head | Rejected:
        """One output of two dims with decoded boxes; mask and keypoint heads are refused."""
        if not samples:
            return Rejected(NAME, "recognised by its values, and there are none")
        metadata = hints.metadata
        network = Network(facts.width, facts.height)
        refused = _mask_prototypes(samples)
        if refused:
            return refused
        output = _main_output(samples, network)
        if output is None:
            return Rejected(NAME, "YOLO has one output [N, anchors, 5+C], [N, 4+C, anchors] or [N, K, 6]")
        arrays = [sample[output].data for sample in samples]
        finite = yolo_evidence.finite(arrays)
        if not finite:
            return Rejected(NAME, "the output holds NaN or Inf", close=True)
        table = yolo_evidence.table(finite, network, metadata, wanted=hints.family == NAME)
        if isinstance(table, DetectionTable):
            return _table_head(table, output, metadata, labels)
        faces = yolo_evidence.faces(finite, network)
        if faces:
            return _face_head(yolo_evidence.dense(faces, network, (1,), hints), output, metadata, labels)
        sides = distributions.name(finite, labels)
        if sides:
            return Rejected(NAME, sides, close=True)
        counts = tuple(dict.fromkeys(len(names) for names in (metadata.names, labels) if names))
        dense = yolo_evidence.dense(finite, network, counts, hints)
        if isinstance(dense, Dense):
            return _dense_head(dense, output, metadata, labels)
        return Rejected(NAME, dense.reason, dense.close or metadata.ultralytics, dense.not_a_detector)

    def convention(self) -> Convention:
        """0-1 RGB pixels, letterboxed in the middle, NMS by DeepStream."""
        return DENSE

    def decode(self, outputs: Outputs, head: Head, network: Network, threshold: float) -> Boxes:
        """Reference decode, rows in order; rows with a score or box that is not finite are skipped."""
        import numpy as np

        layout = head.layout
        assert isinstance(layout, YoloLayout)
        raw = np.asarray(outputs[layout.output].data, np.float32)
        rows, ids, confidence = _scores(raw.T if layout.transposed else raw, layout)
        keep = np.isfinite(confidence) & (confidence >= np.float32(threshold)) & np.isfinite(rows).all(axis=1)
        keep &= ids >= 0
        rows, ids, confidence = rows[keep], ids[keep], confidence[keep]
        if layout.normalised:
            rows = rows * np.array([network.width, network.height] * 2, np.float32)
        first, second, third, fourth = rows.T
        if (layout.table and not layout.centres) or layout.corners:
            return clip_boxes(ids, (first, second, third, fourth), confidence, network)
        return clip_boxes(ids, centre_to_corners(first, second, third, fourth), confidence, network)

    def context(self, head: Head) -> ParserContext:
        """The layout; anchors and classes are read from the parser's arguments at run time."""
        layout = head.layout
        assert isinstance(layout, YoloLayout)
        return (
            ("table", layout.table),
            ("transposed", layout.transposed),
            ("objectness", layout.objectness),
            ("corners", layout.corners),
            ("normalised", layout.normalised),
            ("output", layout.output),
            ("centres", layout.centres),
            ("first_class", layout.first_class),
        )


def _scores(
    raw: NDArray[np.float32], layout: YoloLayout
) -> tuple[NDArray[np.float32], NDArray[np.int32], NDArray[np.float32]]:
    """Box columns (n, 4), class ids (n,) with -1 for padding, scores (n,) of rows (n, columns)."""
    import numpy as np

    if layout.table:
        label = raw[:, 5]
        known = (label > -0.5) & (label < HIGHEST_CLASS)  # NaN compares false
        ids = np.where(known, np.floor(np.where(known, label, 0) + np.float32(0.5)), -1).astype(np.int32)
        return raw[:, :4], ids, raw[:, 4]
    classes = raw[:, layout.first_class :]
    best = best_class(classes)
    confidence = classes[np.arange(len(raw)), best]
    return raw[:, :4], best, raw[:, 4] * confidence if layout.objectness else confidence


def _mask_prototypes(samples: Sequence[Outputs]) -> Rejected | None:
    """A head for masks, known by their prototypes."""
    shapes = [out.data.shape for out in samples[0]]
    prototypes = next((s for s in shapes[1:] if len(s) == 3 and min(s[1:]) >= 8 and s[0] <= 256), None)
    if prototypes and len(shapes) == 2 and len(shapes[0]) == 2 and prototypes[0] + 5 < max(shapes[0]):
        what = f"a second output of {prototypes[0]} mask prototypes: a YOLO segmentation head"
        return Rejected(NAME, f"{what}, not a detector that this parser family covers", True, True)
    return None


def _main_output(samples: Sequence[Outputs], network: Network) -> int | None:
    """Index of the only output of two dims; others may only be the raw maps that it was decoded from, as exports add:
    [anchors, h, w, 5+C] (YOLOv5, v7) or [64+C, h, w] (YOLOv8)."""
    shapes = [out.data.shape for out in samples[0]]
    flat = [index for index, shape in enumerate(shapes) if len(shape) == 2]
    if len(flat) != 1:
        return None
    others = tuple(out for out in samples[0] if out.data.ndim != 2)
    if all(out.data.ndim == 4 and out.data.shape[-1] == shapes[flat[0]][1] for out in others):
        return flat[0]
    cells = sum(grid.cells for grid in maps.by_stride(maps.read([others], network)))
    anchors = [cells * per_cell for per_cell in (1, 3)]
    return flat[0] if cells and any(side in anchors for side in shapes[flat[0]]) else None


def _table_head(found: DetectionTable, output: int, metadata: Metadata, labels: Sequence[str]) -> Head:
    classes = len(metadata.names) or max(found.highest + 1, len(labels), 1)
    layout = YoloLayout(table=True, normalised=found.normalised, output=output, centres=found.centres)
    columns = "centre x, y, width, height" if found.centres else "x1, y1, x2, y2"
    origin = "metadata" if metadata.names else f"highest id on real frames {found.highest}"
    facts = (
        HeadFact("layout", f"[{found.rows}, 6] {columns}, score, class", found.reason),
        HeadFact("boxes", "fractions" if found.normalised else "network pixels", found.space),
        HeadFact("classes", str(classes), origin),
        _clustering(found.dense),
    )
    if found.centres:
        convention = replace(QUERIES, firm=metadata.ultralytics)
        return Head(NAME, found.confidence, classes, layout, facts, convention=convention)
    # other exporters write such rows for networks that are fed otherwise: without metadata it is a habit
    convention = replace(DENSE if found.dense else FUSED, firm=metadata.ultralytics)
    return Head(NAME, found.confidence, classes, layout, facts, convention=convention)


def _clustering(dense: bool) -> HeadFact:
    if dense:
        return HeadFact("cluster-mode", "2", "one row for each anchor: not suppressed in the graph")
    return HeadFact("cluster-mode", "4", "one row for each object: suppressed in the graph")


def _face_head(found: Dense | Rejected, output: int, metadata: Metadata, labels: Sequence[str]) -> Head | Rejected:
    """YOLO5Face: a dense head whose landmarks are left out."""
    if isinstance(found, Rejected):
        return found
    head = _dense_head(found, output, metadata, labels)
    assert isinstance(head.layout, YoloLayout)
    facts = (
        replace(head.facts[0], value=f"[{found.anchors}, {found.columns + yolo_evidence.LANDMARKS}]"),
        *head.facts[1:],
        HeadFact("landmarks", "columns 5 to 14", "points all over the network input; they are not read"),
    )
    return replace(head, layout=replace(head.layout, landmarks=True), facts=facts)


def _dense_head(found: Dense, output: int, metadata: Metadata, labels: Sequence[str]) -> Head:
    shape = (found.columns, found.anchors) if found.transposed else (found.anchors, found.columns)
    layout = YoloLayout(False, found.transposed, found.objectness, found.corners, found.normalised, output)
    parts = "x1, y1, x2, y2" if found.corners else "centre x, y, width, height"
    facts = (
        HeadFact("layout", f"[{shape[0]}, {shape[1]}]{' transposed' if found.transposed else ''}", found.orientation),
        HeadFact("objectness", "column 4" if found.objectness else "none", found.why_objectness),
        HeadFact("classes", str(found.classes), f"{found.columns} columns"),
        HeadFact("boxes", f"{parts} in {'fractions' if found.normalised else 'network pixels'}", found.space),
    )
    confidence = min(found.confidence + (0.05 if metadata.ultralytics else 0.0), 0.99)
    queries = metadata.queries or (found.normalised and metadata.ultralytics and found.anchors <= 1000)
    firm = metadata.ultralytics or not found.of_several
    convention = QUERIES if queries else replace(DENSE, firm=firm)
    if found.queries and not queries:
        convention = replace(QUERIES, firm=False)
    warnings = found.warnings
    return Head(NAME, confidence, found.classes, layout, facts, warnings, convention)
