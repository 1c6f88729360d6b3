"""Which preprocessing explains real frames: candidates, their score on decoded detections, and the choice.

Failure modes 1, 2, 3 and 4: a wrong scale, offset, colour order or padding leaves few or weak detections. Every
candidate's detections on the same real frames are compared by *score mass*. Precedence of the choice, key by key:
dsbench.toml, Hugging Face's preprocessor_config.json, the family's convention, evidence.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from dsbench.families.base import Boxes, Preprocessing

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

SCALES: tuple[tuple[float, tuple[float, ...]], ...] = (
    (1.0, ()),
    (1 / 255, ()),
    (1 / 127.5, (127.5, 127.5, 127.5)),
    (0.0078125, (127.0, 127.0, 127.0)),
    (0.01752, (123.675, 116.28, 103.53)),
)
"""The specification's table of 6a (0-255, 0-1, ImageNet) and the two usual ways to -1..1."""
DEFAULT = Preprocessing(1 / 255)
"""6e's defaults, taken where nothing else speaks."""
FLOOR = 0.25
"""6e's pre-cluster threshold: weaker detections do not count."""
CLEARLY = 1.5
"""A candidate is clearly better if its mass is this many times the chosen one's ..."""
CLEAR_MASS = 0.1
"""... and the difference is at least this much per frame."""
ASPECT_MARGIN = 1.1
"""Stretching must beat the aspect-keeping default by this factor."""
TIE = 0.97
"""Masses within this share of the best are a tie; the earlier candidate of the table wins it."""
MOST = 20
"""Detections of a frame that count: a flood of false ones must not win."""


@dataclass(frozen=True, slots=True)
class Fixed:
    """Keys the user set in dsbench.toml; None: not set."""

    net_scale_factor: float | None = None
    offsets: tuple[float, ...] | None = None
    model_color_format: int | None = None
    maintain_aspect_ratio: int | None = None


@dataclass(frozen=True, slots=True)
class Score:
    """One candidate on the real frames: detections and score mass per frame, share of frames with detections."""

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
    )


def candidates(bases: Sequence[Preprocessing | None], fixed: Fixed, channels: int = 3) -> tuple[Preprocessing, ...]:
    """What to try: the bases (Hugging Face, convention) first, the table x {RGB, BGR} x {kept, stretched}, and each
    of them with the user's keys."""
    colours = (0, 1) if channels == 3 else (2,)
    table = [
        Preprocessing(scale, offsets if channels == 3 else offsets[:1], colour, aspect)
        for aspect in (1, 0)
        for scale, offsets in SCALES
        for colour in colours
    ]
    plain = [base for base in bases if base is not None] + table
    ordered = [apply(base, fixed) for base in plain] + plain
    return tuple(dict.fromkeys(ordered))


def score(preprocessing: Preprocessing, frames: Sequence[Boxes]) -> Score:
    """Mass: the sum over detections (after NMS at IoU 0.45) of how far the score is above the floor, 0 to 1 each."""
    import numpy as np

    counts, masses = [], []
    for boxes in frames:
        kept = suppress(boxes)
        strengths = np.sort((boxes.confidence[kept].astype(np.float64) - FLOOR) / (1 - FLOOR))[::-1]
        strengths = strengths[strengths >= 0]
        counts.append(len(strengths))
        masses.append(float(np.clip(strengths[:MOST], 0, 1).sum()))
    number = max(len(frames), 1)
    return Score(preprocessing, sum(counts) / number, sum(masses) / number, sum(c > 0 for c in counts) / number)


def suppress(boxes: Boxes, iou: float = 0.45, limit: int = 300) -> NDArray[np.intp]:
    """Indices that greedy per-class NMS keeps among the ``limit`` best; order: falling score."""
    import numpy as np

    order = np.argsort(-boxes.confidence, kind="stable")[:limit]
    right, bottom = boxes.left + boxes.width, boxes.top + boxes.height
    area = boxes.width * boxes.height
    kept: list[int] = []
    while len(order):
        i, rest = int(order[0]), order[1:]
        kept.append(i)
        w = np.clip(np.minimum(right[i], right[rest]) - np.maximum(boxes.left[i], boxes.left[rest]), 0, None)
        h = np.clip(np.minimum(bottom[i], bottom[rest]) - np.maximum(boxes.top[i], boxes.top[rest]), 0, None)
        union = area[i] + area[rest] - w * h
        overlap = np.divide(w * h, union, out=np.zeros_like(union), where=union > 0)
        order = rest[(overlap <= iou) | (boxes.class_id[rest] != boxes.class_id[i])]
    return np.array(kept, dtype=np.intp)


def decide(
    scores: Sequence[Score],
    fixed: Fixed,
    *,
    convention: Preprocessing | None = None,
    convention_origin: str = "",
    hugging_face: Preprocessing | None = None,
) -> Choice:
    """The choice among ``scores`` (in the order of `candidates`), and a warning where another is clearly better."""
    if hugging_face is not None:
        base, origin = hugging_face, "preprocessor_config.json"
    elif convention is not None:
        base, origin = convention, convention_origin or "family convention"
    else:
        base, origin = _by_evidence(scores, fixed)
    chosen = apply(base, fixed)
    ranking = tuple(sorted(scores, key=lambda item: -item.mass))
    mine = next((item for item in scores if item.preprocessing == chosen), None)
    better = _clearly_better(ranking, mine)
    origins = tuple((key, "dsbench.toml" if set_by_user else origin) for key, set_by_user in _keys(fixed))
    return Choice(chosen, origins, ranking, _warning(mine, better), better)


def describe(value: Preprocessing) -> str:
    """The preprocessing in nvinfer's keys, in one line."""
    offsets = f" offsets={';'.join(f'{part:g}' for part in value.offsets)}" if value.offsets else ""
    return (
        f"net-scale-factor={value.net_scale_factor!r}{offsets} model-color-format={value.model_color_format}"
        f" maintain-aspect-ratio={value.maintain_aspect_ratio}"
    )


def from_hugging_face(path: Path) -> Preprocessing | None:
    """Scale and offsets of a ``preprocessor_config.json``; None if it is absent or says nothing usable.

    do_rescale / rescale_factor give the scale; with do_normalize the mean becomes the offsets and the mean of the
    three stds goes into the scale (nvinfer has one scale for all channels).
    """
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    if not isinstance(data, dict) or not ({"do_rescale", "rescale_factor", "do_normalize", "image_mean"} & data.keys()):
        return None
    try:
        rescale = float(data.get("rescale_factor", 1 / 255)) if data.get("do_rescale", True) else 1.0
        if not data.get("do_normalize", False):
            return Preprocessing(rescale, maintain_aspect_ratio=0)
        mean = [float(value) for value in data["image_mean"]]
        std = [float(value) for value in data["image_std"]]
        scale = rescale / (sum(std) / len(std))
        offsets = tuple(round(value / rescale, 4) for value in mean)
    except (KeyError, TypeError, ValueError, ZeroDivisionError):
        return None
    return Preprocessing(scale, offsets, maintain_aspect_ratio=0)


def _by_evidence(scores: Sequence[Score], fixed: Fixed) -> tuple[Preprocessing, str]:
    """The candidate with the highest mass among those that honour the user's keys."""
    allowed = [item for item in scores if apply(item.preprocessing, fixed) == item.preprocessing]
    best = max((item.mass for item in allowed), default=0.0)
    if best <= 0:
        return DEFAULT, "specification's default: no candidate detects anything on the real frames"
    winner = next(item for item in allowed if item.mass >= TIE * best)
    kept = replace(winner.preprocessing, maintain_aspect_ratio=1)
    other = next((item for item in allowed if item.preprocessing == kept), None)
    if other is not None and winner.mass <= ASPECT_MARGIN * other.mass:
        winner = other
    return (
        winner.preprocessing,
        f"evidence on real frames: score mass {winner.mass:.2f} per frame, the best of {len(scores)} candidates",
    )


def _clearly_better(ranking: Sequence[Score], mine: Score | None) -> Score | None:
    if mine is None or not ranking:
        return None
    best = ranking[0]
    clear = best.mass > CLEARLY * mine.mass and best.mass - mine.mass >= CLEAR_MASS
    return best if clear else None


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
    )
