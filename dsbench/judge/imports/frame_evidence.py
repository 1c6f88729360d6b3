"""Which range of pixels a network expects: two signals that no scene fools, and their thresholds.

`of_gain` reads the network: what its first convolution does with a picture's contrast. `of_findings` reads boxes:
whether a candidate's boxes are found again in the mirrored and the zoomed frame. Nothing finer is decided: a network
that expects -1..1 finds as much when fed 0..1, and as much with red and blue exchanged. Method, models and table:
docs/preprocessing.md.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from dsbench.base.boxes import Boxes, iou, nms
from dsbench.families.base import Network, Preprocessing
from dsbench.model.onnx.beginning import Beginning

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

MAX_BYTE_GAIN = 0.06
"""A lower gain of the first convolution: trained on 0..255. Highest of the seven such networks measured: 0.031."""
MIN_UNIT_GAIN = 0.15
"""A higher gain: trained on 0..1, -1..1 or a normalisation by deviations. Lowest of the seventeen measured: 0.23."""
LOWEST_GAIN, HIGHEST_GAIN = 0.0036, 48.0
"""Of the networks measured."""
MIN_GAIN, MAX_GAIN = 0.0004, 500.0
"""A gain beyond these is no network's: 255 times those of half of the networks measured."""
_LEAST_SPAN, _MOST_SPAN = 0.1, 2500.0
"""A network that expects a narrower or a wider range than this cannot be fed by any usual net-scale-factor."""
MAX_UNIT_SPAN = 6.0
"""255 * net-scale-factor of a feeding of the unit range: 1 for 0..1, 2 for -1..1, 4.5 for ImageNet's."""
MIN_BYTE_SPAN = 60.0
"""The same of a feeding of 0..255: a quarter of it at least."""
AGAIN = 0.5
"""Least IoU with a box of the mirrored or zoomed frame, mapped back."""
MIN_AGAIN = 0.4
"""A candidate is credible if this fraction of its boxes' strength is found again ..."""
MIN_STRENGTH = 1.25
"""... and the strength per frame is at least this. With the wrong range it was at most 0.96 at such a fraction."""
MAX_FLOOD_AGAIN = 0.2
"""Below this fraction a candidate's boxes are noise: those found again by chance are not evidence."""
MAX_BOXES = 30.0
"""With more boxes per frame than this, the boxes are noise, whatever is found again."""
CLEARLY = 3.0
"""One range is decided if the strength found again is this many times that of the other."""


class PixelRange(StrEnum):
    """What a network was trained on."""

    BYTE = "0..255"
    UNIT = "0..1, -1..1 or normalised by deviations"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class RangeEvidence:
    """The range and one sentence why; empty if unknown. What the graph itself does to the pixels."""

    range: PixelRange = PixelRange.UNKNOWN
    reason: str = ""
    anomaly: str = ""
    """What is wrong with the scale that the graph applies itself: none of the ranges fits. Empty if nothing is."""
    span: float = 0.0
    """Width of the range that such a graph expects; 0 if not known."""
    own_offsets: tuple[float, ...] = ()
    """What the graph itself subtracts from the values that it is fed."""


@dataclass(frozen=True, slots=True)
class Views:
    """One frame's boxes, in surface pixels of the frame as it is: seen so, mirrored, zoomed."""

    plain: Boxes
    mirror: Boxes
    zoom: Boxes


@dataclass(frozen=True, slots=True)
class Findings:
    """A candidate's boxes and their strength per frame, and the strength found again in both other views. The strength
    of a box is how far its score is above the threshold, 0 to 1."""

    boxes: float
    strength: float
    again: float

    @property
    def credible(self) -> bool:
        """Whether the boxes belong to the scene rather than to the network's grid."""
        return self.boxes <= MAX_BOXES and self.again >= MIN_STRENGTH and self.again >= MIN_AGAIN * self.strength

    @property
    def noise(self) -> bool:
        """Whether next to nothing of it is found again."""
        return self.again < MAX_FLOOD_AGAIN * self.strength


def fed_range(value: Preprocessing) -> PixelRange:
    """The range that a preprocessing feeds; unknown between the two."""
    span = 255 * value.net_scale_factor
    if span >= MIN_BYTE_SPAN:
        return PixelRange.BYTE
    return PixelRange.UNIT if span <= MAX_UNIT_SPAN else PixelRange.UNKNOWN


def of_gain(gain: float | None, beginning: Beginning | None = None) -> RangeEvidence:
    """The range by the first convolution's gain: output spread per input spread, unscaled pixels.

    ``beginning``: what the graph does to the pixels before it. The gain behind that shows what the network was trained
    on; what is to be fed follows.
    """
    if gain is None:
        return RangeEvidence()
    own = beginning if beginning is not None and beginning.scales and beginning.gain > 0 else Beginning()
    core = gain / own.gain
    does = f"the first convolution turns a spread of 1 into {core:.2g}"
    trained = PixelRange.BYTE if core <= MAX_BYTE_GAIN else PixelRange.UNIT if core >= MIN_UNIT_GAIN else None
    offsets = own.offsets if own.scales else ()
    if trained is None:
        return RangeEvidence(own_offsets=offsets)
    if not own.scales:
        return RangeEvidence(trained, f"{does}, as of networks trained on {trained}", _folded(core, does))
    span = (255.0 if trained is PixelRange.BYTE else 2.0) / own.gain
    by = f"{does} behind the graph's own factor of {own.gain:.4g} ({', '.join(own.nodes)})"
    for low, high, fed in ((_LEAST_SPAN, MAX_UNIT_SPAN, PixelRange.UNIT), (MIN_BYTE_SPAN, _MOST_SPAN, PixelRange.BYTE)):
        if low <= span <= high:
            return RangeEvidence(fed, f"{by}, as of networks trained on {trained}", own_offsets=offsets)
    if _LEAST_SPAN <= span <= _MOST_SPAN:
        return RangeEvidence(own_offsets=offsets)
    anomaly = (
        f"the input scale is applied once too often: the graph itself multiplies what it is fed by {own.gain:.4g}"
        f" ({', '.join(own.nodes)}), before layers that look trained on {trained}. It would have to be fed"
        f" 0..{span:.2g}"
    )
    return RangeEvidence(anomaly=anomaly, span=span, own_offsets=offsets)


def _folded(gain: float, does: str) -> str:
    """A sentence about a gain that no network was seen to have: a scale is folded into the weights."""
    if MIN_GAIN <= gain <= MAX_GAIN:
        return ""
    seen = "the highest" if gain > MAX_GAIN else "the lowest"
    return (
        f"an input scale seems to be folded into the weights once too often: {does}, {seen} of all known networks is"
        f" {HIGHEST_GAIN if gain > MAX_GAIN else LOWEST_GAIN:g}"
    )


def of_findings(found: Mapping[Preprocessing, Findings]) -> RangeEvidence:
    """The range by what the candidates find: one is credible and clearly ahead of every candidate of the other."""
    best: dict[PixelRange, float] = {PixelRange.BYTE: 0.0, PixelRange.UNIT: 0.0}
    credible: set[PixelRange] = set()
    for value, findings in found.items():
        fed = fed_range(value)
        if fed is PixelRange.UNKNOWN or findings.noise:
            continue
        best[fed] = max(best[fed], findings.again)
        if findings.credible:
            credible.add(fed)
    for mine, other in ((PixelRange.BYTE, PixelRange.UNIT), (PixelRange.UNIT, PixelRange.BYTE)):
        if credible == {mine} and best[mine] >= CLEARLY * best[other]:
            return RangeEvidence(
                mine,
                f"boxes are found again in the mirrored and the zoomed frame when fed {mine}: strength {best[mine]:.2f}"
                f" per frame against {best[other]:.2f} when fed {other}",
            )
    return RangeEvidence()


def findings(frames: Sequence[Views], floor: float) -> Findings:
    """What a candidate finds on these frames; ``floor`` is the pre-cluster threshold."""
    count = strength = again = 0.0
    for views in frames:
        plain, mirror, zoom = (kept(boxes, floor) for boxes in (views.plain, views.mirror, views.zoom))
        mine = strengths(plain, floor)
        count += len(plain)
        strength += float(mine.sum())
        again += float(_least(mine, _matched(plain, mirror, floor), _matched(plain, zoom, floor)).sum())
    total = max(len(frames), 1)
    return Findings(count / total, strength / total, again / total)


def kept(boxes: Boxes, floor: float) -> Boxes:
    """What the threshold and NMS leave."""
    import numpy as np

    left = boxes.take(nms(boxes))
    return left.take(left.confidence >= np.float32(floor))


def strengths(boxes: Boxes, floor: float) -> NDArray[np.float32]:
    """How far each score is above the threshold, 0 to 1."""
    import numpy as np

    return np.asarray(np.clip((boxes.confidence - floor) / (1 - floor), 0, 1), np.float32)


def _least(*parts: NDArray[np.float32]) -> NDArray[np.float32]:
    import numpy as np

    return np.asarray(np.minimum.reduce(parts), np.float32)


def _matched(mine: Boxes, other: Boxes, floor: float) -> NDArray[np.float32]:
    """For each box the strength of the best match of its class in the other view, 0 without one."""
    import numpy as np

    if not len(mine) or not len(other):
        return np.zeros(len(mine), np.float32)
    same = (iou(mine, other) >= AGAIN) & (mine.class_id[:, None] == other.class_id[None])
    best: NDArray[np.float32] = (same * strengths(other, floor)[None]).max(axis=1).astype(np.float32)
    return best


def to_surface(boxes: Boxes, value: Preprocessing, network: Network, surface: Network) -> Boxes:
    """Network pixels to surface pixels, as far as comparing boxes needs it."""
    x, y = network.width / surface.width, network.height / surface.height
    pad_x = pad_y = 0.0
    if value.maintain_aspect_ratio:
        x = y = min(x, y)
        if value.symmetric_padding:
            pad_x, pad_y = (network.width - surface.width * x) / 2, (network.height - surface.height * y) / 2
    return Boxes(
        boxes.class_id,
        (boxes.left - pad_x) / x,
        (boxes.top - pad_y) / y,
        boxes.width / x,
        boxes.height / y,
        boxes.confidence,
    )


def below(boxes: Boxes, surface: Network) -> int:
    """Number of boxes that reach below the surface."""
    return int((boxes.top + boxes.height > surface.height).sum())


def unmirrored(boxes: Boxes, surface: Network) -> Boxes:
    """Boxes of the mirrored frame at their place in the frame as it is."""
    left = surface.width - boxes.left - boxes.width
    return Boxes(boxes.class_id, left, boxes.top, boxes.width, boxes.height, boxes.confidence)


def unzoomed(boxes: Boxes, window: tuple[float, float, float, float], surface: Network) -> Boxes:
    """Boxes of a frame that shows ``window`` (x1, y1, x2, y2 as fractions) at their place in the frame as it is."""
    x, y = window[2] - window[0], window[3] - window[1]
    left, top = boxes.left * x + window[0] * surface.width, boxes.top * y + window[1] * surface.height
    return Boxes(boxes.class_id, left, top, boxes.width * x, boxes.height * y, boxes.confidence)
