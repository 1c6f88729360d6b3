"""Ground truth from the id buffer, and the rule which says what is labelled."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from scenes.camera import HEIGHT, WIDTH
from scenes.canvas import Bytes, Silhouette

MIN_VISIBLE = 0.30  # share of the in-frame silhouette that must not be hidden
MIN_INSIDE = 0.25  # share of the full silhouette's bounding box that must lie inside the frame ...
LARGE = 100  # ... unless the visible box is this many pixels wide and high
MIN_SIDE = 10  # pixels of either side of the visible box
MIN_TALL = 20  # pixels of its height


@dataclass(frozen=True, slots=True)
class Truth:
    """A labelled object: the tight box around its visible pixels, in pixels of the 1280x720 frame."""

    name: str
    left: float
    top: float
    right: float  # one past the last visible column
    bottom: float
    truncation: float  # share of the full extent outside the frame
    hidden: float  # share of the in-frame silhouette behind other things

    @property
    def occlusion(self) -> int:
        """KITTI's level: 0 fully visible, 1 partly hidden, 2 largely hidden."""
        return 0 if self.hidden < 0.1 else 1 if self.hidden < 0.4 else 2


def label(ids: Bytes, drawn: list[tuple[int, str, Silhouette]]) -> list[Truth]:
    """Box and visibility of every drawn object that satisfies the labelling rule."""
    counts = np.bincount(ids.ravel(), minlength=256)
    out: list[Truth] = []
    for object_id, name, s in drawn:
        if s.pixels == 0 or counts[object_id] < MIN_VISIBLE * s.pixels:
            continue
        x0, y0 = max(int(s.left) - 2, 0), max(int(s.top) - 2, 0)
        part = ids[y0 : min(int(s.bottom) + 3, HEIGHT), x0 : min(int(s.right) + 3, WIDTH)] == object_id
        columns, rows = np.flatnonzero(part.any(axis=0)), np.flatnonzero(part.any(axis=1))
        left, right = x0 + int(columns[0]), x0 + int(columns[-1]) + 1
        top, bottom = y0 + int(rows[0]), y0 + int(rows[-1]) + 1
        whole = (s.right - s.left) * (s.bottom - s.top)
        width = min(s.right, float(WIDTH)) - max(s.left, 0.0)
        inside = width * (min(s.bottom, float(HEIGHT)) - max(s.top, 0.0)) / whole
        short = min(right - left, bottom - top)
        if (inside < MIN_INSIDE and short < LARGE) or short < MIN_SIDE or bottom - top < MIN_TALL:
            continue
        hidden = 1.0 - float(counts[object_id]) / s.pixels
        out.append(Truth(name, left, top, right, bottom, round(1.0 - min(inside, 1.0), 2), hidden))
    return out
