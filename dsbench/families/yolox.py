"""YOLOX: one undecoded output [N, anchors, 5+C], anchor-free, one anchor per cell of each stride, strides in turn.

Decode: cx = (p0 + gx) * s, cy = (p1 + gy) * s, w = exp(p2) * s, h = exp(p3) * s; score = objectness * class score,
both already through a sigmoid; the highest class wins. Models are trained on 0-255 BGR pixels, letterboxed at the
top left. Source: pipeline-run.md 6b; Megvii YOLOX demo code's convention.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from dsbench.base.boxes import Boxes, centre_to_corners
from dsbench.families import cell_boxes, distributions, maps
from dsbench.families.base import (
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
from dsbench.families.cell_boxes import BoxNumbers, CellPart
from dsbench.families.grids import STRIDE_SETS, grid, strides_for

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from dsbench.model.onnx.graph import OnnxFacts


@dataclass(frozen=True, slots=True)
class YoloxLayout:
    """Anchors, classes and the strides whose cells add up to the anchors."""

    anchors: int
    classes: int
    strides: tuple[int, ...]


class Yolox:
    """The YOLOX family."""

    name = "yolox"
    template = "parser_yolox.cpp.j2"

    def recognise(
        self, facts: OnnxFacts, samples: Sequence[Outputs], hints: Hints, labels: Sequence[str]
    ) -> Head | Rejected:
        """One output [anchors, 5+C] whose anchors match the grids, not yet decoded, scores within [0, 1]."""
        network = Network(facts.width, facts.height)
        if not samples or len(samples[0]) != 1 or samples[0][0].data.ndim != 2:
            return Rejected(self.name, "YOLOX has exactly one output [N, anchors, 5+C]")
        anchors, columns = samples[0][0].data.shape
        strides = strides_for(anchors, network)
        if strides is None:
            turned = strides_for(columns, network) is not None and anchors >= 5
            reason = (
                f"the output is [{anchors}, {columns}]: transposed, as YOLOv8 and later write it"
                if turned
                else f"{anchors} rows are not one anchor per cell of strides 8, 16, 32 at {facts.width}x{facts.height}"
            )
            return Rejected(self.name, reason)
        if columns <= 5:
            return Rejected(
                self.name, f"the head has {max(columns - 5, 0)} classes ([{anchors}, {columns}])", close=True
            )
        arrays = [sample[0].data for sample in samples]
        if columns == 6 and _detection_table(arrays):
            return Rejected(self.name, "a column holds whole numbers only, as class ids do: a table of detections")
        if distributions.name(arrays, labels):
            return Rejected(self.name, "the box sides are distributions (GFL/DFL)")
        problem = _not_undecoded(arrays, strides, network) or _sides(samples, network, hints)
        if problem:
            return Rejected(self.name, problem, close=True)
        layout = YoloxLayout(anchors, columns - 5, strides)
        confidence = 0.95 if set(strides) >= {8, 16, 32} else 0.6
        return Head(self.name, confidence, layout.classes, layout, _facts(layout, network))

    def convention(self) -> Convention:
        """0-255 BGR pixels, aspect ratio kept, NMS by DeepStream."""
        return Convention(
            Preprocessing(1.0, (), model_color_format=1, maintain_aspect_ratio=1),
            cluster_mode=2,
            origin="YOLOX convention: 0-255 BGR, letterboxed at the top left; dense head, so DeepStream's NMS",
        )

    def decode(self, outputs: Outputs, head: Head, network: Network, threshold: float) -> Boxes:
        """Reference decode, anchors in order; rows with a score or box that is not finite are skipped."""
        import numpy as np

        assert isinstance(head.layout, YoloxLayout)
        raw = outputs[0].data
        scores = raw[:, 5:]
        best = best_class(scores)
        with np.errstate(over="ignore", invalid="ignore"):
            confidence = raw[:, 4] * scores[np.arange(len(raw)), best]
        keep = np.isfinite(confidence) & (confidence >= np.float32(threshold))
        rows, best, confidence = raw[keep], best[keep], confidence[keep]
        columns, lines, stride = (part[keep] for part in grid(head.layout.strides, network))
        with np.errstate(over="ignore", invalid="ignore"):
            cx, cy = (rows[:, 0] + columns) * stride, (rows[:, 1] + lines) * stride
            w, h = np.exp(rows[:, 2]) * stride, np.exp(rows[:, 3]) * stride
            return clip_boxes(best, centre_to_corners(cx, cy, w, h), confidence, network)

    def context(self, head: Head) -> ParserContext:
        """The stride sets it may meet; anchors and classes are read from its arguments at run time."""
        return (("stride_sets", tuple((*strides, 0, 0, 0)[:4] for strides in STRIDE_SETS)),)


def _detection_table(arrays: Sequence[NDArray[np.float32]]) -> bool:
    """Six columns whose row count fits the grids by chance: one column holds different whole numbers, or all is 0."""
    import numpy as np

    raw = np.concatenate(arrays)
    whole = (np.rint(raw) == raw).all(axis=0) & (np.ptp(raw, axis=0) >= 1)
    return bool(whole.any()) or not raw.any()


def _not_undecoded(arrays: Sequence[NDArray[np.float32]], strides: Sequence[int], network: Network) -> str:
    """Why the rows are not a raw YOLOX head, or an empty string."""
    import numpy as np

    columns, rows, stride = grid(strides, network)
    for raw in arrays:
        finite = raw[np.isfinite(raw).all(axis=1)]
        if len(finite) < len(raw):
            return "the output holds NaN or Inf"
        low, high = float(raw[:, 4:].min()), float(raw[:, 4:].max())
        if low < -1e-3 or high > 1.0 + 1e-3:
            return f"objectness and class scores span [{low:.2f}, {high:.2f}], not [0, 1]: no sigmoid in the graph"
        if _correlated(raw[:, 0], (columns + 0.5) * stride) and _correlated(raw[:, 1], (rows + 0.5) * stride):
            top = float(np.abs(raw[:, :2]).max())
            return (
                f"box centres follow the grid (up to {top:.0f}): the boxes are already decoded in the graph,"
                " as YOLOv5 and YOLOv6 do; decoding them again would be wrong"
            )
    return ""


def _sides(samples: Sequence[Outputs], network: Network, hints: Hints) -> str:
    """Why the box columns are distances to the four sides; an empty string if they are not, or the user knows."""
    arrays = [sample[0].data for sample in samples]
    if hints.family == "yolox":
        return ""
    cells = [
        CellPart(part.grid, part.plane.channel(5), part.plane, part.plane.channel(4))
        for part in maps.stacked(0, arrays[0].shape, network)
    ]
    shown = cell_boxes.meaning(samples, cells, arrays[0].shape[1] - 5, logits=False) if cells else None
    if shown and shown.numbers is not BoxNumbers.OFFSETS:
        return f"neighbouring cells show {shown.numbers.value}, not the offsets of YOLOX"
    if shown or any(float(raw[:, :4].min()) < 0 for raw in arrays):
        return ""  # offsets and logarithms of sizes are negative somewhere
    return (
        "the four box columns are never negative: distances to the sides, as FCOS writes them, or decoded boxes in"
        " another order; not the offsets and logarithms of YOLOX"
    )


def _correlated(values: NDArray[np.float32], centres: NDArray[np.float32]) -> bool:
    """Decoded centres lie near their cell: correlation close to 1. A grid of one column says nothing: False."""
    import numpy as np

    if values.std() < 1e-6 or centres.std() < 1e-6:
        return False
    return float(np.corrcoef(values, centres)[0, 1]) > 0.9


def _facts(layout: YoloxLayout, network: Network) -> tuple[HeadFact, ...]:
    cells = " + ".join(f"{network.width // s}x{network.height // s}" for s in layout.strides)
    return (
        HeadFact("strides", ", ".join(map(str, layout.strides)), f"{cells} cells = {layout.anchors} anchors"),
        HeadFact("classes", str(layout.classes), f"{layout.classes + 5} columns - 4 box - 1 objectness"),
        HeadFact("boxes", "undecoded", "raw centres do not follow the grid, so the parser decodes them"),
    )
