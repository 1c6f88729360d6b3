"""Which preprocessing explains real frames: candidates, their score on decoded detections, and the choice.

Failure modes 1, 2, 3 and 4: a wrong scale, offset, colour order or padding leaves few or weak detections. Every
candidate's detections on the same real frames are compared by *score mass*. Precedence of the choice, key by key:
dsbench.toml, Hugging Face's preprocessor_config.json, the family's convention, evidence.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from dsbench.base import spec
from dsbench.base.boxes import Boxes, iou, nms
from dsbench.families.base import Network, Preprocessing
from dsbench.families.preprocessing import IMAGENET_ROW, Row

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

SCALES: tuple[Row, ...] = (
    (1.0, ()),
    (spec.NET_SCALE_FACTOR, ()),
    (1 / 127.5, (127.5, 127.5, 127.5)),
    (0.0078125, (127.0, 127.0, 127.0)),
    IMAGENET_ROW,
)
"""The specification's table of 6a (0-255, 0-1, ImageNet) and the two usual ways to -1..1."""
DEFAULT = Preprocessing(spec.NET_SCALE_FACTOR, (), spec.MODEL_COLOR_FORMAT, spec.MAINTAIN_ASPECT_RATIO)
"""6e's defaults, used without other evidence."""
CLEARLY = 1.5
"""A candidate is clearly better if its mass is this many times the chosen one's ..."""
CLEAR_MASS = 0.1
"""... and the difference is at least this much per frame."""
ASPECT_MARGIN = 1.1
"""The padding that is not the family's (or the specification's) default must win by this factor."""
HABIT_MARGIN = 1.25
"""Another preprocessing must win by this factor over a convention of the family that is not firm."""
TIE = 0.97
"""Masses of at least this fraction of the best are a tie; the earlier candidate of the table wins."""
NEAR = 0.6
"""Among candidates of at least this fraction of the best mass, the one that changes the fewest keys is proposed."""
MOST = 20
"""Detections of a frame that count: a flood of false ones must not win."""


@dataclass(frozen=True, slots=True)
class Fixed:
    """Keys the user set in dsbench.toml; None: not set."""

    net_scale_factor: float | None = None
    offsets: tuple[float, ...] | None = None
    model_color_format: int | None = None
    maintain_aspect_ratio: int | None = None
    symmetric_padding: int | None = None


@dataclass(frozen=True, slots=True)
class Score:
    """One candidate on the real frames: detections and score mass per frame (see `score`), share of frames with
    detections."""

    preprocessing: Preprocessing
    detections: float
    mass: float
    frames_with: float


@dataclass(frozen=True, slots=True)
class Choice:
    """The preprocessing to use, where each key comes from, all candidates by mass, and a warning if the frames
    disagree (``warning`` is empty otherwise; ``better`` is then the candidate that explains them better)."""

    preprocessing: Preprocessing
    origins: tuple[tuple[str, str], ...]
    ranking: tuple[Score, ...]
    warning: str
    better: Score | None


def apply(base: Preprocessing, fixed: Fixed) -> Preprocessing:
    """``base`` with the user's keys; a scale of the user's own brings no offsets unless they are set too."""
    scale, offsets = base.net_scale_factor, base.offsets
    if fixed.net_scale_factor is not None:
        offsets = () if fixed.net_scale_factor != scale else offsets
        scale = fixed.net_scale_factor
    return Preprocessing(
        scale,
        fixed.offsets if fixed.offsets is not None else offsets,
        base.model_color_format if fixed.model_color_format is None else fixed.model_color_format,
        base.maintain_aspect_ratio if fixed.maintain_aspect_ratio is None else fixed.maintain_aspect_ratio,
        base.symmetric_padding if fixed.symmetric_padding is None else fixed.symmetric_padding,
    )


def fit(value: Preprocessing, channels: int) -> Preprocessing:
    """The preprocessing for a network of this many channels: one channel means GRAY and one offset."""
    return value if channels == 3 else replace(value, model_color_format=2, offsets=value.offsets[:1])


def candidates(bases: Sequence[Preprocessing | None], fixed: Fixed, channels: int = 3) -> tuple[Preprocessing, ...]:
    """What to try: the bases (Hugging Face, conventions) first, the table and the bases' own scales x {RGB, BGR} x
    {kept, stretched}, 0-1 with the padding on both sides, and each of them with the user's keys."""
    colours = (0, 1) if channels == 3 else (2,)
    scales = dict.fromkeys((*SCALES, *((base.net_scale_factor, base.offsets) for base in bases if base is not None)))
    table = [
        fit(Preprocessing(scale, offsets, colour, aspect), channels)
        for aspect in (1, 0)
        for scale, offsets in scales
        for colour in colours
    ]
    table += [fit(Preprocessing(1 / 255, (), colour, 1, 1), channels) for colour in colours]  # Ultralytics' habit
    plain = [fit(base, channels) for base in bases if base is not None] + table
    ordered = [apply(base, fixed) for base in plain] + plain
    return tuple(dict.fromkeys(ordered))


def score(
    tried: Sequence[Preprocessing],
    decoded: Sequence[Sequence[Boxes]],
    network: Network,
    surface: Network,
    floor: float = spec.PRE_CLUSTER_THRESHOLD,
) -> tuple[Score, ...]:
    """Scores of all candidates; ``decoded[i][k]`` are candidate i's boxes on frame k, in network pixels.
    ``floor`` is the pre-cluster threshold of the model.

    A detection's strength is how far its score is above the floor, 0 to 1. Saturated input makes some models see
    things everywhere, so strength counts for a candidate only where a *sibling* (same scale and offsets, other colour
    order or padding) sees the same object at the same place of the frame, and against it elsewhere.
    """
    found = [
        [_detections(boxes, item, network, surface, floor) for boxes in frames]
        for item, frames in zip(tried, decoded, strict=True)
    ]
    return tuple(_score(number, tried, found, network, surface) for number in range(len(tried)))


def _detections(boxes: Boxes, item: Preprocessing, network: Network, surface: Network, floor: float) -> Boxes:
    """What NMS leaves of one frame, in surface pixels; ``confidence`` becomes the strength: 0 at the floor, 1 at 1."""
    import numpy as np

    kept = nms(boxes)
    found = boxes.take(kept[boxes.confidence[kept] >= np.float32(floor)][:MOST])
    scale_x, scale_y, pad_x, pad_y = _placement(item, network, surface)
    return Boxes(
        found.class_id,
        (found.left - pad_x) / scale_x,
        (found.top - pad_y) / scale_y,
        found.width / scale_x,
        found.height / scale_y,
        np.clip((found.confidence - floor) / (1 - floor), 0, 1),
    )


def _placement(item: Preprocessing, network: Network, surface: Network) -> tuple[float, float, float, float]:
    """Network pixels per surface pixel and padding at the left and top, as far as comparing boxes needs them."""
    x, y = network.width / surface.width, network.height / surface.height
    if not item.maintain_aspect_ratio:
        return x, y, 0.0, 0.0
    scale = min(x, y)
    if not item.symmetric_padding:
        return scale, scale, 0.0, 0.0
    return scale, scale, (network.width - surface.width * scale) / 2, (network.height - surface.height * scale) / 2


def _siblings(number: int, tried: Sequence[Preprocessing], network: Network, surface: Network) -> list[int]:
    """Other candidates of the same scale and offsets that really feed something else."""
    mine = tried[number]

    def feeds(item: Preprocessing) -> tuple[object, ...]:
        return (item.model_color_format, _placement(item, network, surface))

    return [
        index
        for index, item in enumerate(tried)
        if (item.net_scale_factor, item.offsets) == (mine.net_scale_factor, mine.offsets) and feeds(item) != feeds(mine)
    ]


def _score(
    number: int,
    tried: Sequence[Preprocessing],
    found: Sequence[Sequence[Boxes]],
    network: Network,
    surface: Network,
) -> Score:
    siblings = _siblings(number, tried, network, surface)
    mass = 0.0
    for frame, mine in enumerate(found[number]):
        support = _support(mine, [found[index][frame] for index in siblings]) if siblings else mine.confidence
        mass += float(2 * support.sum() - mine.confidence.sum())
    frames = max(len(found[number]), 1)
    counts = [len(item.confidence) for item in found[number]]
    return Score(tried[number], sum(counts) / frames, max(mass, 0.0) / frames, sum(c > 0 for c in counts) / frames)


def _support(mine: Boxes, others: Sequence[Boxes]) -> NDArray[np.float32]:
    """For each detection the strength of the best match (same class, IoU >= 0.5) in any sibling, at most its own."""
    import numpy as np

    support = np.zeros(len(mine), np.float32)
    for other in others:
        if len(mine) and len(other):
            same = (iou(mine, other) >= 0.5) & (mine.class_id[:, None] == other.class_id[None])
            support = np.maximum(support, (same * other.confidence[None]).max(axis=1))
    return np.minimum(support, mine.confidence)


def decide(
    scores: Sequence[Score],
    fixed: Fixed,
    *,
    convention: Preprocessing | None = None,
    convention_origin: str = "",
    hugging_face: Preprocessing | None = None,
    aspect: int = 1,
    firm: bool = True,
    channels: int = 3,
) -> Choice:
    """The choice among ``scores`` (in the order of `candidates`), and a warning where another is clearly better.

    ``aspect`` is the maintain-aspect-ratio to prefer where evidence decides and both do about as well; ``firm``:
    False if evidence may overrule the convention.
    """
    if hugging_face is not None:
        base, origin = hugging_face, "preprocessor_config.json"
    elif convention is not None:
        base, origin = convention, convention_origin or "family convention"
        if not firm and _overruled(scores, apply(fit(base, channels), fixed)):
            base, origin = _by_evidence(scores, fixed, aspect)
    else:
        base, origin = _by_evidence(scores, fixed, aspect)
    chosen = apply(fit(base, channels), fixed)
    ranking = tuple(sorted(scores, key=lambda item: -item.mass))
    mine = next((item for item in scores if item.preprocessing == chosen), None)
    better = _clearly_better(ranking, mine)
    origins = tuple((key, "dsbench.toml" if set_by_user else origin) for key, set_by_user in _keys(fixed))
    return Choice(chosen, origins, ranking, _warning(mine, better), better)


def describe(value: Preprocessing) -> str:
    """The preprocessing in nvinfer's keys, in one line."""
    offsets = f" offsets={';'.join(f'{part:g}' for part in value.offsets)}" if value.offsets else ""
    padding = " symmetric-padding=1" if value.symmetric_padding else ""
    return (
        f"net-scale-factor={value.net_scale_factor!r}{offsets} model-color-format={value.model_color_format}"
        f" maintain-aspect-ratio={value.maintain_aspect_ratio}{padding}"
    )


def _overruled(scores: Sequence[Score], habit: Preprocessing) -> bool:
    """Whether the frames speak against what a family's models are usually fed: exports bake the normalisation in."""
    mine = next((item.mass for item in scores if item.preprocessing == habit), 0.0)
    return max((item.mass for item in scores), default=0.0) > HABIT_MARGIN * mine


def _by_evidence(scores: Sequence[Score], fixed: Fixed, aspect: int) -> tuple[Preprocessing, str]:
    """The candidate with the highest mass among those that honour the user's keys."""
    allowed = [item for item in scores if apply(item.preprocessing, fixed) == item.preprocessing]
    best = max((item.mass for item in allowed), default=0.0)
    if best <= 0:
        default = replace(DEFAULT, maintain_aspect_ratio=aspect)
        return default, "specification's default: no candidate detects anything on the real frames"
    winner = next(item for item in allowed if item.mass >= TIE * best)
    preferred = [item for item in allowed if item.preprocessing.maintain_aspect_ratio == aspect]
    top = max((item.mass for item in preferred), default=0.0)
    if top * ASPECT_MARGIN >= best:
        winner = next(item for item in preferred if item.mass >= TIE * top)
    return (
        winner.preprocessing,
        f"evidence on real frames: score mass {winner.mass:.2f} per frame, the best of {len(scores)} candidates",
    )


def _clearly_better(ranking: Sequence[Score], mine: Score | None) -> Score | None:
    """The candidate to propose: clearly better than ``mine``, near the best, and changing as few keys as possible."""
    if mine is None or not ranking:
        return None
    best = ranking[0].mass
    if best <= CLEARLY * mine.mass or best - mine.mass < CLEAR_MASS:
        return None
    near = [item for item in ranking if item.mass >= NEAR * best]
    return min(near, key=lambda item: _keys_changed(item.preprocessing, mine.preprocessing))


def _keys_changed(one: Preprocessing, other: Preprocessing) -> int:
    scale = (one.net_scale_factor, one.offsets) != (other.net_scale_factor, other.offsets)
    colour = one.model_color_format != other.model_color_format
    padding = (one.maintain_aspect_ratio, one.symmetric_padding) != (
        other.maintain_aspect_ratio,
        other.symmetric_padding,
    )
    return scale + colour + padding


def _warning(mine: Score | None, better: Score | None) -> str:
    if mine is None or better is None:
        return ""
    return (
        f"{describe(better.preprocessing)} explains the frames clearly better: score mass {better.mass:.2f} per frame"
        f" against {mine.mass:.2f} with {describe(mine.preprocessing)}"
    )


def _keys(fixed: Fixed) -> tuple[tuple[str, bool], ...]:
    return (
        ("net-scale-factor", fixed.net_scale_factor is not None),
        ("offsets", fixed.offsets is not None),
        ("model-color-format", fixed.model_color_format is not None),
        ("maintain-aspect-ratio", fixed.maintain_aspect_ratio is not None),
        ("symmetric-padding", fixed.symmetric_padding is not None),
    )
