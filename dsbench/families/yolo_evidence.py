"""What the values of a YOLO head show: orientation, decoded or not, objectness, box space. Pure functions of arrays."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from dsbench.base.boxes import Boxes, iou
from dsbench.families import evidence, yolo_objectness
from dsbench.families.base import Hints, Network, Rejected
from dsbench.families.grids import cells_of, grid, strides_for
from dsbench.families.yolo_objectness import View
from dsbench.model.exporter.ultralytics import Metadata

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Arrays = Sequence[NDArray[np.float32]]

TOLERANCE = 1e-3
SEEN = 0.1
FOLLOWS = 0.4
"""Correlation with the cells' places from which centres follow them; those of decoded boxes are above 0.9."""
FEWEST_ANCHORS = 16
LANDMARKS = 10
"""x and y of five points of a face."""
FEWEST_CENTRES = 3
OUTSIDE = 0.05
"""Boxes reach so far beyond the frame, in its sides."""


@dataclass(frozen=True, slots=True)
class DetectionTable:
    """Rows of x1, y1, x2, y2, score, class; with ``centres`` cx, cy, w, h, score, class. ``dense``: one for each
    anchor, so NMS is still to do."""

    rows: int
    highest: int
    normalised: bool
    dense: bool
    confidence: float
    reason: str
    space: str
    centres: bool = False


@dataclass(frozen=True, slots=True)
class Dense:
    """A row for each anchor: box, objectness perhaps, classes."""

    anchors: int
    columns: int
    transposed: bool
    objectness: bool
    corners: bool
    normalised: bool
    confidence: float
    orientation: str
    why_objectness: str
    space: str
    warnings: tuple[str, ...] = ()
    of_several: bool = False
    """Networks that are fed differently have such heads: corners (LibreYOLO), or one decoded row with a varying
    objectness for each cell (YOLOX)."""

    queries: bool = False
    """Fewer rows than cells, boxes in fractions: an object query each (RT-DETR)."""

    @property
    def classes(self) -> int:
        return self.columns - 4 - int(self.objectness)


def finite(arrays: Arrays) -> list[NDArray[np.float32]]:
    """The samples without NaN or Inf: a wrong preprocessing may overflow an exp() of the graph."""
    import numpy as np

    return [np.asarray(array, np.float32) for array in arrays if np.isfinite(array).all()]


def faces(arrays: Arrays, network: Network) -> list[NDArray[np.float32]]:
    """YOLO5Face's rows [A, 16] without their landmarks: box, objectness, class. Empty if they are no such rows.

    Three anchors a cell; columns 5 to 14 are pixels, columns 4 and 15 probabilities.
    """
    import numpy as np

    rows, columns = arrays[0].shape
    if columns != 6 + LANDMARKS or rows % 3 or not strides_for(rows // 3, network):
        return []
    raw = np.concatenate(list(arrays))
    chances, points = raw[:, [4, columns - 1]], raw[:, 5:-1]
    within = chances.min() >= -TOLERANCE and chances.max() <= 1 + TOLERANCE
    spread = np.percentile(points, 90, axis=0).min() > 0.3 * min(network.width, network.height)
    return [np.delete(array, np.s_[5 : columns - 1], axis=1) for array in arrays] if within and spread else []


def table(arrays: Arrays, network: Network, metadata: Metadata, *, wanted: bool) -> DetectionTable | str:
    """A table of detections, or why it is none. ``wanted``: the user says that it is this family.

    Fractions are SSD's unless the metadata or the user says otherwise.
    """
    import numpy as np

    rows, columns = arrays[0].shape
    if columns != 6:
        return "no table: it would have 6 columns"
    raw = np.concatenate(list(arrays))
    used = raw[np.abs(raw).sum(axis=1) > 0]
    if metadata.queries:
        return _query_table(rows, used)
    of_anchors = rows > evidence.MOST_DETECTIONS and bool(cells_of(rows, network))
    if metadata.certain and metadata.end2end and not of_anchors:
        highest = int(np.rint(used[:, 5].max())) if len(used) else -1
        reason = "the metadata say end2end: rows of detections, whatever a wrong preprocessing makes of them"
        return DetectionTable(rows, highest, False, False, 0.99, reason, "Ultralytics' exporter writes network pixels")
    sure = metadata.end2end or wanted
    named = "the metadata says end2end" if metadata.end2end else "dsbench.toml"
    if not len(used):
        return DetectionTable(rows, -1, False, False, 0.7, named, "no detection to judge by") if sure else "all is 0"
    scores, labels = used[:, 4], used[:, 5]
    if np.abs(labels - np.rint(labels)).max() > TOLERANCE or labels.min() < -1 - TOLERANCE:
        return "column 5 holds no class ids"
    if scores.min() < -1 - TOLERANCE or scores.max() > 1 + TOLERANCE or (len(used) > 1 and np.ptp(scores) < 1e-6):
        return "column 4 holds no scores"
    seen = used[scores > SEEN]
    if not _corners(arrays):
        return _query_table(rows, used) if _centred(seen) else "the first four columns are not corners"
    largest = float(np.abs(seen[:, :4]).max()) if len(seen) else 0.0
    normalised = len(seen) > 0 and largest <= evidence.LARGEST_FRACTION
    if (normalised or not len(seen)) and not sure:
        return "fractions, as SSD writes them" if normalised else "no detection to judge by"
    every_anchor = rows > evidence.MOST_DETECTIONS or bool(cells_of(rows, network))
    dense = of_anchors or (not metadata.end2end and (every_anchor or _doubles(seen)))
    reason = f"column 5 holds whole numbers, column 4 values within [0, 1]{f'; {named}' if sure else ''}"
    space = f"largest coordinate of {len(seen)} boxes: {largest:.2f}" if len(seen) else "no detection to judge by"
    return DetectionTable(rows, int(np.rint(labels.max())), normalised, dense, 0.97 if sure else 0.92, reason, space)


def _query_table(rows: int, used: NDArray[np.float32]) -> DetectionTable | str:
    """Rows of cx, cy, w, h in 0..1, score, class, as Ultralytics' RT-DETR has written them since 2026. Before, the six
    columns were the box and the scores of two classes."""
    import numpy as np

    whole = np.abs(used[:, 5] - np.rint(used[:, 5])).max() < TOLERANCE if len(used) else True
    if not whole:
        return "column 5 holds no class ids"
    highest = int(np.rint(used[:, 5].max())) if len(used) else -1
    reason = "column 5 holds whole numbers, the first four columns centres and sizes"
    space = "Ultralytics' RT-DETR writes cx, cy, w, h in 0..1"
    return DetectionTable(rows, highest, True, False, 0.98, reason, space, centres=True)


def _centred(seen: NDArray[np.float32]) -> bool:
    """Whether rows of detections are centres and sizes in 0..1 that lie within the frame."""
    if len(seen) < FEWEST_CENTRES:
        return False
    centre, half = seen[:, :2], seen[:, 2:4] / 2
    inside = (half > 0) & (centre - half > -OUTSIDE) & (centre + half < 1 + OUTSIDE)
    return bool(inside.all(axis=1).mean() >= 0.95)


def _corners(arrays: Arrays) -> bool:
    """Whether the first four columns are corners in most samples that have detections: a network without a
    distribution of the sides writes x2 < x1 where it is fed wrongly."""
    import numpy as np

    ordered = [evidence.ordered(seen) for array in arrays if len(seen := array[array[:, 4] > SEEN])]
    return not ordered or float(np.median(ordered)) >= 0.95


def _doubles(seen: NDArray[np.float32]) -> bool:
    """Several sure rows of one class nearly cover each other: nothing has suppressed them."""
    import numpy as np

    sure = seen[seen[:, 4] >= 0.25][:300]
    if len(sure) < 2:
        return False
    low, size = sure[:, :2], sure[:, 2:4] - sure[:, :2]
    boxes = Boxes(sure[:, 5].astype(np.int32), low[:, 0], low[:, 1], size[:, 0], size[:, 1], sure[:, 4])
    same = (iou(boxes, boxes) > 0.8) & (sure[:, None, 5] == sure[None, :, 5])
    return bool((same.sum(axis=1) > 1).mean() > 0.3)


def dense(arrays: Arrays, network: Network, counts: Sequence[int], hints: Hints) -> Dense | Rejected:
    """The dense head, or why it is none. ``counts``: how many classes the metadata and labels.txt name."""
    import numpy as np

    if len({array.shape for array in arrays}) > 1:
        return Rejected("yolo", "the number of rows differs from frame to frame, a dense head has one for each cell")
    views = [_view(arrays, transposed, network) for transposed in (False, True)]
    problems = [_problem(view, network, counts) for view in views]
    of_cells = [view.per_cell > 0 and len(view.samples[0]) > view.rows.shape[1] for view in views]
    wanted = of_cells if any(of_cells) else (True, True)  # a row for each cell is no chance: the other reading is none
    fitting = [view for view, problem, one in zip(views, problems, wanted, strict=True) if problem is None and one]
    if not fitting:
        # the reading whose anchors fit the strides, else the one with more rows, is what the user means
        closest = max((0, 1), key=lambda i: (views[i].per_cell > 0, len(views[i].samples[0])))
        found = problems[closest]
        assert found is not None
        return found
    if len(fitting) > 1:
        fitting.sort(key=lambda view: (view.per_cell == 0, view.rows.shape[1] - 4 not in counts))
    view = _decoded_samples(fitting[0], network)
    columns = view.rows.shape[1]
    objectness, why, warnings = yolo_objectness.decide(view, counts, hints)
    if columns - 4 - int(objectness) < 1:
        return Rejected("yolo", f"the head has {columns} columns: no class", close=True)
    corners, normalised, space = _boxes(view, network, hints)
    anchors = len(view.samples[0])
    cells = f"{view.per_cell} for each cell of strides {', '.join(map(str, view.strides))}" if view.per_cell else ""
    orientation = f"{anchors} anchors{f': {cells}' if cells else ''}; boxes and scores in their ranges only this way"
    confidence = (0.9 if view.per_cell else 0.75) - 0.1 * bool(warnings)
    return Dense(
        anchors,
        columns,
        view.transposed,
        objectness,
        corners,
        normalised,
        confidence,
        orientation,
        why,
        space,
        warnings,
        corners or (objectness and view.per_cell == 1 and float(np.ptp(view.rows[:, 4])) > TOLERANCE),
        queries=normalised and not view.per_cell and anchors <= evidence.MOST_DETECTIONS,
    )


def _view(arrays: Arrays, transposed: bool, network: Network) -> View:
    import numpy as np

    samples = [array.T if transposed else array for array in arrays]
    anchors = len(samples[0])
    for per_cell in (1, 3):
        strides = strides_for(anchors // per_cell, network) if anchors % per_cell == 0 else None
        if strides:
            return View(np.concatenate(samples), samples, transposed, per_cell, strides)
    return View(np.concatenate(samples), samples, transposed, 0, ())


def _decoded_samples(view: View, network: Network) -> View:
    """Without the samples that a wrong preprocessing drove out of bounds."""
    import numpy as np

    good = [sample for sample in view.samples if _decoded(sample, network)]
    return replace(view, samples=good, rows=np.concatenate(good))


def _problem(view: View, network: Network, counts: Sequence[int]) -> Rejected | None:
    """Why the output is no decoded head when read this way."""
    import numpy as np

    anchors, columns = view.samples[0].shape
    near = view.per_cell > 0
    if anchors < FEWEST_ANCHORS or columns < 5:
        return Rejected("yolo", f"[{anchors}, {columns}]: too few anchors or columns for a YOLO head")
    boxes, rest = view.rows[:, :4], view.rows[:, 4:]
    if not near and ((np.rint(view.rows) == view.rows).all(axis=0) & (np.ptp(view.rows, axis=0) >= 1)).any():
        return Rejected("yolo", "a column holds whole numbers only, as class ids do: a table of detections")
    outside = (rest.min(axis=0) < -TOLERANCE) | (rest.max(axis=0) > 1 + TOLERANCE)
    decoded = any(_decoded(sample, network) for sample in view.samples)
    if near and decoded and not outside.any() and _off_the_grid(view, network):
        return Rejected(
            "yolo",
            f"{anchors} rows are {'one' if view.per_cell == 1 else 'three'} for each cell of strides"
            f" {', '.join(map(str, view.strides))}, but the first two columns do not follow the cells: offsets or"
            " distances to the sides, not decoded boxes",
            close=True,
        )
    if outside.all() and near and decoded:
        low, high = float(rest.min()), float(rest.max())
        return Rejected("yolo", f"scores span [{low:.2f}, {high:.2f}], not [0, 1]: no sigmoid in the graph", close=True)
    if outside.any():
        first = int(np.argmax(outside))
        if near and decoded and first > 0 and _tail(outside):
            return _other_columns(first + 4, rest[:, first:], network)
        return Rejected("yolo", "scores are not within [0, 1]")
    if float(boxes.min()) < -4 * max(network.width, network.height):
        return Rejected("yolo", "coordinates far below zero")
    if not decoded:
        return Rejected("yolo", "box centres do not spread over the network input: the boxes are not decoded")
    return None


def raw_rows(arrays: Arrays, network: Network) -> bool:
    """Three rows a cell whose numbers are all within 0..1, but the first two do not follow the cells: sigmoids of maps
    that are not decoded."""
    good = finite(arrays)
    if not good or any(array.min() < -TOLERANCE or array.max() > 1 + TOLERANCE for array in good):
        return False
    view = _view(good, False, network)
    return view.per_cell == 3 and len(view.strides) > 1 and _off_the_grid(view, network)


def _off_the_grid(view: View, network: Network) -> bool:
    """A row for each cell and anchor, but the first two columns do not follow the cells' places, in any order.

    Both have to grow with the places: raw offsets shrink with them in part, towards the middle of the frame.
    """
    import numpy as np

    few = len(view.samples[0]) <= evidence.MOST_DETECTIONS and len(view.strides) < 2
    if not view.per_cell or few:
        return False  # few rows may be queries
    places = list(_places(view, network))
    for sample in view.samples:
        x, y = sample[:, 0], sample[:, 1]
        if min(x.std(), y.std()) <= 1e-6:
            continue
        if min(max(float(np.corrcoef(values, place)[0, 1]) for place in places) for values in (x, y)) > FOLLOWS:
            return False
    return True


def _places(view: View, network: Network) -> Iterator[NDArray[np.float32]]:
    """x and y of the rows' cells in each order that heads have: strides from either end, a stride's anchors one grid
    after the other or together in each cell."""
    import numpy as np

    for strides in (view.strides, view.strides[::-1]):
        grids = [grid((stride,), network) for stride in strides]
        for spread in (np.tile, np.repeat):
            for axis in (0, 1):
                yield np.concatenate([spread((found[axis] + 0.5) * found[2], view.per_cell) for found in grids])


def _other_columns(first: int, rest: NDArray[np.float32], network: Network) -> Rejected:
    """What the columns (n, k) from ``first`` on are: keypoints are pixels all over the network input, mask coefficients
    small numbers of both signs, a last column of its own within -pi..pi is an angle."""
    low, high = float(rest.min()), float(rest.max())
    if high > 0.25 * min(network.width, network.height):
        values, head = "keypoints", "pose or landmark"
    elif rest.shape[1] == 1 and -math.pi - TOLERANCE <= low and high <= math.pi + TOLERANCE:
        values, head = "an angle", "rotated-box (OBB)"
    else:
        values, head = "mask coefficients", "segmentation"
    what = f"columns from {first} on span [{low:.2f}, {high:.2f}], as {values}: a {head} head"
    return Rejected("yolo", f"{what}, not a detector that this parser family covers", True, True)


def _tail(outside: NDArray[np.bool_]) -> bool:
    """Most columns from the first odd one on are no probabilities."""
    import numpy as np

    first = int(np.argmax(outside))
    return bool(outside[first:].mean() >= 0.3)


def _decoded(sample: NDArray[np.float32], network: Network) -> bool:
    """Whether the first four columns are boxes all over the network input, in pixels or as fractions."""
    import numpy as np

    x, y, third, fourth = sample[:, :4].T
    if float(np.mean((third >= 0) & (fourth >= 0))) < 0.999:  # sizes, or the far corner
        return False
    (low_x, high_x), (low_y, high_y) = (np.percentile(part, (5, 95)) for part in (x, y))
    for width, height in ((network.width, network.height), (1, 1)):
        spread = 0.4 * width <= high_x <= 1.5 * width and 0.4 * height <= high_y <= 1.5 * height
        if spread and high_x - low_x > 0.3 * width and high_y - low_y > 0.3 * height:
            return True
    return False


def _boxes(view: View, network: Network, hints: Hints) -> tuple[bool, bool, str]:
    """Corners, fractions, and why."""
    import numpy as np

    x, y, third, fourth = view.rows[:, :4].T
    largest = float(np.percentile(np.abs(view.rows[:, :4]).max(axis=1), 99))
    corners = bool(np.mean((third >= x) & (fourth >= y)) > 0.999)
    if hints.boxes in ("normalised", "pixels"):
        return corners, hints.boxes == "normalised", "dsbench.toml"
    normalised = largest <= evidence.LARGEST_FRACTION
    how = "third and fourth column never below the first two: corners; " if corners else ""
    return corners, normalised, f"{how}99 % of the coordinates up to {largest:.2f}"
