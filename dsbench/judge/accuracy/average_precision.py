"""mAP by pycocotools, COCO's own evaluation: 101-point interpolated AP at IoU 0.5 to 0.95, at most 100 detections of a
frame; and its uncertainty by a bootstrap over frames. Sources: [lin2014], [politis1992].
"""

from __future__ import annotations

import contextlib
import io
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from dsbench.base.boxes import Boxes
from dsbench.base.errors import Code, DsbenchError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Array = NDArray[np.float64]

MAX_DETECTIONS = 100
"""Of a frame, those with the highest scores, over all classes."""
RESAMPLES = 200
"""Of the bootstrap. The bounds of a 95 % interval are its 2.5th and 97.5th percentile."""
_SEED = 20
_RECALLS = 101


@dataclass(frozen=True, slots=True)
class JudgedFrame:
    """One annotated frame: ground truth and detections in the same pixels, class ids of the same list.

    ``crowd``, (len(truth),): regions in which detections are neither right nor wrong.
    """

    number: int
    name: str
    truth: Boxes
    crowd: NDArray[np.bool_]
    found: Boxes


@dataclass(frozen=True, slots=True)
class ClassPrecision:
    """AP of one class, 0 to 1; None without ground truth."""

    name: str
    objects: int
    detections: int
    ap50: float | None
    ap: float | None


@dataclass(frozen=True, slots=True)
class Precision:
    """mAP at IoU 0.5, and over 0.5 to 0.95 with its 95 % interval; the means of the classes that have ground truth."""

    map50: float
    map: float
    low: float
    high: float
    classes: tuple[ClassPrecision, ...]
    frames: int


def evaluate(frames: Sequence[JudgedFrame], names: Sequence[str], block: int = 1) -> Precision:
    """mAP of the frames. ``block``: consecutive frames of a video that the bootstrap keeps together, as neighbours
    show the same objects. Raises INSTALLATION_BROKEN without pycocotools.
    """
    import numpy as np

    result = _coco(frames, names)
    # [IoU, recall, class, area, limit], -1 for a class without ground truth
    table = result.eval["precision"][:, :, :, 0, 0]
    with_truth = [index for index in range(len(names)) if (table[0, :, index] > -1).any()]
    ap = {index: table[:, :, index].mean(axis=1) for index in with_truth}
    low, high = _interval(result, len(frames), with_truth, block)
    classes = tuple(
        ClassPrecision(
            name,
            sum(int(((frame.truth.class_id == index) & ~frame.crowd).sum()) for frame in frames),
            sum(int((frame.found.class_id == index).sum()) for frame in frames),
            float(ap[index][0]) if index in ap else None,
            float(ap[index].mean()) if index in ap else None,
        )
        for index, name in enumerate(names)
    )
    mean = np.mean([ap[index] for index in with_truth], axis=0) if with_truth else np.zeros(10)
    return Precision(float(mean[0]), float(mean.mean()), low, high, classes, len(frames))


def leave_one_out(frames: Sequence[JudgedFrame], names: Sequence[str]) -> tuple[float, tuple[float, ...]]:
    """mAP@0.5:0.95 of all frames, and without each of them."""
    import numpy as np

    result = _coco(frames, names)
    classes = [_matches(result, len(frames), index) for index in range(len(names))]
    every = np.ones(len(frames), np.intp)

    def mean(weights: NDArray[np.intp]) -> float:
        values = [value for one in classes if (value := _resampled(one, weights)) is not None]
        return float(np.mean(values)) if values else 0.0

    without = np.eye(len(frames), dtype=np.intp)
    return mean(every), tuple(mean(every - without[index]) for index in range(len(frames)))


def _coco(frames: Sequence[JudgedFrame], names: Sequence[str]) -> Any:
    """pycocotools' evaluation of the frames, accumulated. Image ids are positions, category ids class ids from 1."""
    try:
        from pycocotools.coco import COCO
        from pycocotools.cocoeval import COCOeval
    except ImportError as error:
        raise DsbenchError(
            Code.INSTALLATION_BROKEN,
            f"pycocotools, which computes the mAP, cannot be imported: {error}",
            fix="pip install pycocotools",
        ) from error
    images = [{"id": index} for index in range(len(frames))]
    categories = [{"id": index + 1, "name": name} for index, name in enumerate(names)]
    truth, found = COCO(), COCO()
    annotations = [
        {**row, "iscrowd": int(crowd)}
        for index, frame in enumerate(frames)
        for row, crowd in zip(_rows(index, frame.truth), frame.crowd, strict=True)
    ]
    detections = [row for index, frame in enumerate(frames) for row in _rows(index, _best(frame.found))]
    for data, rows in ((truth, annotations), (found, detections)):
        numbered = [{**row, "id": number} for number, row in enumerate(rows, 1)]
        data.dataset = {"images": images, "categories": categories, "annotations": numbered}
    with contextlib.redirect_stdout(io.StringIO()):  # it reports its progress there
        truth.createIndex()
        found.createIndex()
        result = COCOeval(truth, found, "bbox")
        result.params.areaRng, result.params.areaRngLbl = [[0, 1e10]], ["all"]
        result.params.maxDets = [MAX_DETECTIONS]
        result.evaluate()
        result.accumulate()
    return result


def _rows(image: int, boxes: Boxes) -> list[dict[str, Any]]:
    return [
        {
            "image_id": image,
            "category_id": int(class_id) + 1,
            "bbox": [left, top, width, height],
            "area": width * height,
            "score": score,
        }
        for class_id, left, top, width, height, score in boxes.table().tolist()
    ]


def _best(boxes: Boxes) -> Boxes:
    """The MAX_DETECTIONS detections with the highest scores."""
    import numpy as np

    return boxes.take(np.argsort(-boxes.confidence, kind="stable")[:MAX_DETECTIONS])


# --- bootstrap


@dataclass(frozen=True, slots=True)
class _ClassMatches:
    """A class's detections on all frames, by falling score: frame of each, and right or ignored at each IoU.
    ``truth``: objects of each frame."""

    frame: NDArray[np.intp]
    right: NDArray[np.bool_]
    counted: NDArray[np.bool_]
    truth: NDArray[np.intp]


def _interval(result: Any, count: int, classes: Sequence[int], block: int) -> tuple[float, float]:
    """The 95 % interval of the mAP: blocks of frames are drawn with replacement."""
    import numpy as np

    if not classes or count < 2:
        return 0.0, 1.0
    matches = [_matches(result, count, index) for index in classes]
    rng = np.random.default_rng(_SEED)
    block = max(1, min(block, count // 2))
    drawn: list[float] = []
    for _ in range(RESAMPLES):
        starts = rng.integers(0, count, -(-count // block))
        taken = ((starts[:, None] + np.arange(block)) % count).reshape(-1)[:count]
        weights = np.bincount(taken, minlength=count)
        values = [value for one in matches if (value := _resampled(one, weights)) is not None]
        drawn.append(float(np.mean(values)) if values else 0.0)
    low, high = np.percentile(drawn, (2.5, 97.5))
    return float(low), float(high)


def _matches(result: Any, count: int, index: int) -> _ClassMatches:
    import numpy as np

    images = result.evalImgs[index * count : (index + 1) * count]
    frame, score, right, counted = [], [], [], []
    truth = np.zeros(count, np.intp)
    for position, image in enumerate(images):
        if image is None:
            continue
        truth[position] = int((np.asarray(image["gtIgnore"]) == 0).sum())
        frame += [position] * len(image["dtScores"])
        score += image["dtScores"]
        right.append(np.asarray(image["dtMatches"]) > 0)
        counted.append(~np.asarray(image["dtIgnore"], bool))
    order = np.argsort(-np.asarray(score), kind="stable")
    if not len(order):
        return _ClassMatches(np.zeros(0, np.intp), np.zeros((10, 0), bool), np.zeros((10, 0), bool), truth)
    return _ClassMatches(
        np.asarray(frame, np.intp)[order],
        np.concatenate(right, axis=1)[:, order],
        np.concatenate(counted, axis=1)[:, order],
        truth,
    )


def _resampled(one: _ClassMatches, weights: NDArray[np.intp]) -> float | None:
    """AP over the IoUs with each frame counted ``weights`` times; None if no object is left."""
    import numpy as np

    objects = int((one.truth * weights).sum())
    if not objects:
        return None
    times = weights[one.frame] * one.counted
    right = np.cumsum(times * one.right, axis=1)
    every = np.cumsum(times, axis=1)
    precision = right / np.maximum(every, 1)
    # the highest precision at this recall or a higher one
    precision = np.maximum.accumulate(precision[:, ::-1], axis=1)[:, ::-1]
    recall = right / objects
    wanted = np.linspace(0, 1, _RECALLS)
    total = 0.0
    for row, levels in zip(precision, recall, strict=True):
        at = np.searchsorted(levels, wanted, side="left")
        total += float(np.where(at < len(row), row[np.minimum(at, len(row) - 1)] if len(row) else 0.0, 0.0).mean())
    return total / len(precision)
