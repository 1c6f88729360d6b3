"""Which of the boxes that it should return a parser leaves out, and by what rule."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from dsbench.judge.label_names import LABELS_FIX

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]
    Mask = NDArray[np.bool_]

ENOUGH = 0.95
"""Fraction of the missing boxes that a rule must explain."""
SUPPRESSING = 0.25
"""The lowest IoU threshold that a parser's own NMS is expected to have."""


@dataclass(frozen=True, slots=True, eq=False)
class Passing:
    """The k boxes of one image that reach the threshold: clipped corners (k, 4), class ids, scores, rows in the
    tensor, strides (0 without a grid), and whether the parser returned them."""

    corners: Floats
    ids: Ints
    score: Floats
    row: Ints
    stride: Floats
    returned: Mask


@dataclass(frozen=True, slots=True)
class LeftOut:
    """What the parser leaves out. ``harmless``: it may do that. ``choice``: somebody may have wanted it."""

    id: str
    text: str
    fix: str
    missing: int
    harmless: bool = False
    choice: bool = False


_STRAY = 0.005
"""Fraction of all boxes that may be missing without a rule: scores at the threshold, rounded the other way."""

Rule = Callable[[Sequence[Passing], "list[Mask]"], "LeftOut | None"]
"""``masks``: for each image the boxes to be explained."""


def explain(images: Sequence[Passing], names: Sequence[str]) -> tuple[LeftOut, ...]:
    """The rules behind the boxes that were not returned; empty if none is missing."""
    missing = [~image.returned for image in images]
    total = sum(int(mask.sum()) for mask in missing)
    if not total:
        return ()
    found: list[LeftOut] = []
    one = _best_class(images, missing)
    if one is not None:
        return (one,)
    open_ = [mask & ~_suppressed(image) for image, mask in zip(images, missing, strict=True)]
    suppressed = total - sum(int(mask.sum()) for mask in open_)
    if suppressed and _clusters(images):
        text = f"the parser clusters its boxes itself: {suppressed} overlap a better one that it returns"
        found.append(LeftOut("own-nms", text, "", suppressed, harmless=True))
    else:
        open_ = missing
    left = sum(int(mask.sum()) for mask in open_)
    if left <= (1 - ENOUGH) * total:
        return tuple(found)
    for rule in (_own_threshold, _levels, _classes(names), _best_few, _first_rows, _small, _large, _region):
        selection = rule(images, open_)
        if selection is not None:
            return (*found, selection)
    everything = sum(len(image.row) for image in images)
    if left <= _STRAY * everything:
        return tuple(found)
    text = f"{left} of the {everything} boxes that reach the threshold are missing"
    return (*found, LeftOut("boxes-missing", text, "compare the loop's bounds with inferDims", left))


def _suppressed(image: Passing) -> Mask:
    """Boxes that overlap a returned one with at least their score."""
    import numpy as np

    kept = np.flatnonzero(image.returned)
    overlap = _iou(image.corners, image.corners[kept])
    better = image.score[kept][None] >= image.score[:, None] - 1e-6
    return np.asarray(((overlap > SUPPRESSING) & better).any(axis=1) & ~image.returned, np.bool_)


def _clusters(images: Sequence[Passing]) -> bool:
    """No two returned boxes of a class overlap strongly, although boxes that should be returned do."""
    import numpy as np

    for image in images:
        kept = np.flatnonzero(image.returned)
        overlap = _iou(image.corners[kept], image.corners[kept])
        same = image.ids[kept][:, None] == image.ids[kept][None]
        if (np.triu(overlap, 1)[same] > 0.85).any():
            return False
    return True


def _iou(a: Floats, b: Floats) -> Floats:
    import numpy as np

    low = np.maximum(a[:, None, :2], b[None, :, :2])
    high = np.minimum(a[:, None, 2:], b[None, :, 2:])
    shared = np.prod(np.clip(high - low, 0, None), axis=2)
    area_a, area_b = (np.prod(part[:, 2:] - part[:, :2], axis=1) for part in (a, b))
    return np.asarray(shared / np.maximum(area_a[:, None] + area_b[None] - shared, 1e-9), np.float64)


def _best_class(images: Sequence[Passing], missing: Sequence[Mask]) -> LeftOut | None:
    """Only the best class of each row, where every class that reaches the threshold is meant."""
    import numpy as np

    count = 0
    for image, mask in zip(images, missing, strict=True):
        for index in np.flatnonzero(mask):
            same = image.row == image.row[index]
            if not (image.returned[same] & (image.score[same] >= image.score[index])).any():
                return None
            count += 1
    text = f"the parser returns the best class of a row alone: {count} boxes of further classes are left out"
    return LeftOut("best-class", text, "", count, harmless=True)


def _own_threshold(images: Sequence[Passing], open_: Sequence[Mask]) -> LeftOut | None:
    import numpy as np

    returned = np.concatenate([image.score[image.returned] for image in images])
    missed = np.concatenate([image.score[mask] for image, mask in zip(images, open_, strict=True)])
    if not len(returned):
        return None
    lowest = float(returned.min())
    if float(np.mean(missed < lowest)) < ENOUGH or np.median(missed) > np.median(returned):
        return None
    text = f"the parser has a threshold of its own: it returns no box with a score below {lowest:.2f}"
    text += f", and {len(missed)} that reach pre-cluster-threshold are missing"
    fix = "compare with detectionParams.perClassPreclusterThreshold[classId]"
    return LeftOut("own-threshold", text, fix, len(missed), choice=True)


def _levels(images: Sequence[Passing], open_: Sequence[Mask]) -> LeftOut | None:
    import numpy as np

    seen = {stride for image in images for stride in image.stride[image.returned].tolist()}
    missed = np.concatenate([image.stride[mask] for image, mask in zip(images, open_, strict=True)])
    lost = sorted(set(missed.tolist()) - seen)
    if not lost or lost == [0.0] or float(np.mean(np.isin(missed, lost))) < ENOUGH:
        return None
    shown = ", ".join(f"{stride:g}" for stride in lost)
    text = f"no box comes from the cells of stride {shown}: {len(missed)} are missing"
    return LeftOut("levels-lost", text, "loop over all strides, and over all rows (inferDims)", len(missed))


def _classes(names: Sequence[str]) -> Rule:
    def rule(images: Sequence[Passing], open_: Sequence[Mask]) -> LeftOut | None:
        import numpy as np

        seen = {label for image in images for label in image.ids[image.returned].tolist()}
        missed = np.concatenate([image.ids[mask] for image, mask in zip(images, open_, strict=True)])
        lost = sorted(set(missed.tolist()) - seen)
        if not lost or not seen or float(np.mean(np.isin(missed, lost))) < ENOUGH:
            return None
        shown = ", ".join(f"{label} ({names[label]})" if 0 <= label < len(names) else str(label) for label in lost[:4])
        text = f"no box has class {shown}: {len(missed)} are missing"
        fix = "loop over all class columns, from the first to the last"
        if lost[0] >= len(names):
            text += f"; labels.txt has {len(names)} class{'es' * (len(names) != 1)}, and nvinfer asks for no more"
            fix = LABELS_FIX
        return LeftOut("classes-lost", text, fix, len(missed), choice=True)

    return rule


def _first_rows(images: Sequence[Passing], open_: Sequence[Mask]) -> LeftOut | None:
    """Rows up to some number only, or from some number on."""
    import numpy as np

    returned = np.concatenate([image.row[image.returned] for image in images])
    missed = np.concatenate([image.row[mask] for image, mask in zip(images, open_, strict=True)])
    if not len(returned):
        return None
    last, first = int(returned.max()), int(returned.min())
    if float(np.mean(missed > last)) >= ENOUGH:
        text = f"rows after {last} are not read: {len(missed)} boxes are missing"
    elif float(np.mean(missed < first)) >= ENOUGH:
        text = f"rows before {first} are not read: {len(missed)} boxes are missing"
    else:
        return None
    return LeftOut("rows-lost", text, "loop over all rows: inferDims has their number", len(missed))


def _best_few(images: Sequence[Passing], open_: Sequence[Mask]) -> LeftOut | None:
    """A fixed number of boxes an image: the best, or the first."""
    import numpy as np

    cut = [image for image, mask in zip(images, open_, strict=True) if mask.any()]
    counts = {int(image.returned.sum()) for image in cut}
    full = [int(image.returned.sum()) for image in images]
    if len(counts) != 1 or max(full) != next(iter(counts)) or len(cut) < 2:
        return None
    missed = sum(int(mask.sum()) for mask in open_)
    kept = next(iter(counts))
    by_score = all(image.score[image.returned].min() >= image.score[mask].max() for image, mask in
                   zip(images, open_, strict=True) if mask.any() and kept)  # fmt: skip
    by_row = all(image.row[image.returned].max() <= np.min(image.row[mask]) for image, mask in
                 zip(images, open_, strict=True) if mask.any() and kept)  # fmt: skip
    if not (by_score or by_row):
        return None
    which = "best" if by_score else "first"
    text = f"only the {kept} {which} boxes of an image are returned: {missed} are missing"
    fix = "push every box that reaches the threshold: topk is nvinfer's"
    return LeftOut("few-boxes", text, fix, missed, choice=True)


def _sizes(image: Passing, mask: Mask) -> Floats:
    """Width and height (n, 2) of some boxes."""
    import numpy as np

    return np.asarray(image.corners[mask, 2:] - image.corners[mask, :2], np.float64)


def _by_sides(sizes: Floats) -> dict[str, Floats]:
    """What a limit may be of: the smaller side, width, height, the larger side; (n,) each."""
    return {
        "": sizes.min(axis=1),
        " wide": sizes[:, 0],
        " high": sizes[:, 1],
        " on the longer side": sizes.max(axis=1),
    }


def _small(images: Sequence[Passing], open_: Sequence[Mask]) -> LeftOut | None:
    """Boxes below a size."""
    return _by_size(images, open_, small=True)


def _large(images: Sequence[Passing], open_: Sequence[Mask]) -> LeftOut | None:
    """Boxes above a size."""
    return _by_size(images, open_, small=False)


def _by_size(images: Sequence[Passing], open_: Sequence[Mask], *, small: bool) -> LeftOut | None:
    import numpy as np

    returned = np.concatenate([_sizes(image, image.returned) for image in images])
    missed = np.concatenate([_sizes(image, mask) for image, mask in zip(images, open_, strict=True)])
    if not len(returned):
        return None
    for side, kept in _by_sides(returned).items():
        limit = float(kept.min() if small else kept.max())
        lost = _by_sides(missed)[side]
        if float(np.mean(lost < limit if small else lost > limit)) >= ENOUGH:
            how = f"boxes of {'less' if small else 'more'} than {limit:.0f} pixels{side}"
            text = f"{how} are left out: {len(missed)} are missing"
            kind = "small-lost" if small else "large-lost"
            return LeftOut(kind, text, "push every box that reaches the threshold", len(missed), choice=True)
    return None


def _region(images: Sequence[Passing], open_: Sequence[Mask]) -> LeftOut | None:
    """Boxes that begin or end beyond some line."""
    import numpy as np

    returned = np.concatenate([image.corners[image.returned] for image in images])
    missed = np.concatenate([image.corners[mask] for image, mask in zip(images, open_, strict=True)])
    if len(returned) < _REGION or len(missed) < _REGION:
        return None
    for at, word in enumerate(("left edge", "upper edge", "right edge", "lower edge")):
        low, high = float(returned[:, at].min()), float(returned[:, at].max())
        for beyond, limit, how in (
            (missed[:, at] > high, high, "right of x" if at % 2 == 0 else "below y"),
            (missed[:, at] < low, low, "left of x" if at % 2 == 0 else "above y"),
        ):
            if float(np.mean(beyond)) >= ENOUGH:
                text = f"boxes whose {word} lies {how} = {limit:.0f} are left out: {len(missed)} are missing"
                fix = "push the boxes of the whole network: compare width and height in the parser's conditions"
                return LeftOut("region-lost", text, fix, len(missed))
    return None


_REGION = 10
"""Boxes on either side of a line that must be known to draw it."""
