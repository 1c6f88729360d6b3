"""The picture being painted, back to front, with an id buffer beside it that yields the ground truth."""

from __future__ import annotations

from dataclasses import dataclass, field

import cv2
import numpy as np
from numpy.typing import NDArray

from scenes.camera import HEIGHT, WIDTH, Floats

Bytes = NDArray[np.uint8]
Colour = tuple[float, float, float]
SUBPIXEL = 4  # fractional bits of OpenCV's fixed-point polygon corners


@dataclass(frozen=True, slots=True)
class Patch:
    """One filled polygon: pixel corners (n, 2), RGB colour 0..255."""

    points: Floats
    colour: Colour


@dataclass(frozen=True, slots=True)
class Silhouette:
    """What an object would cover if nothing stood before it."""

    pixels: int  # inside the frame
    left: float  # its extent, not clipped to the frame
    top: float
    right: float
    bottom: float


@dataclass(slots=True)
class Canvas:
    """RGB picture (720, 1280, 3) and object ids (720, 1280), 0 where no labelled object shows."""

    image: Bytes = field(default_factory=lambda: np.zeros((HEIGHT, WIDTH, 3), np.uint8))
    ids: Bytes = field(default_factory=lambda: np.zeros((HEIGHT, WIDTH), np.uint8))

    def fill(self, points: Floats, colour: Colour) -> None:
        """Background polygon: colour only, covers no labelled object."""
        cv2.fillPoly(self.image, [_fixed(points)], colour, cv2.LINE_AA, SUBPIXEL)

    def draw(self, patches: list[Patch], object_id: int = 0) -> Silhouette | None:
        """Paint one object over all that is there; None when no part of it is inside the frame."""
        if not patches:
            return None
        corners = np.concatenate([p.points for p in patches])
        low, high = corners.min(axis=0), corners.max(axis=0)
        x0, y0 = max(int(low[0]) - 1, 0), max(int(low[1]) - 1, 0)
        x1, y1 = min(int(high[0]) + 2, WIDTH), min(int(high[1]) + 2, HEIGHT)
        if x1 <= x0 or y1 <= y0:
            return None
        mask = np.zeros((y1 - y0, x1 - x0), np.uint8)
        for patch in patches:
            fixed = _fixed(patch.points)
            cv2.fillPoly(self.image, [fixed], patch.colour, cv2.LINE_AA, SUBPIXEL)
            cv2.fillPoly(mask, [fixed - (np.array([x0, y0], np.int32) << SUBPIXEL)], 255, cv2.LINE_8, SUBPIXEL)
        covered = mask > 0
        self.ids[y0:y1, x0:x1][covered] = object_id
        return Silhouette(int(np.count_nonzero(covered)), float(low[0]), float(low[1]), float(high[0]), float(high[1]))

    def paste(self, sprite: Bytes, left: float, top: float, width: float, height: float, tint: Colour) -> None:
        """Blend an RGBA sprite, scaled to width x height pixels; it hides objects where it is dense."""
        x0, y0, x1, y1 = round(left), round(top), round(left + width), round(top + height)
        cx0, cy0, cx1, cy1 = max(x0, 0), max(y0, 0), min(x1, WIDTH), min(y1, HEIGHT)
        if cx1 <= cx0 or cy1 <= cy0 or x1 - x0 < 2 or y1 - y0 < 2:
            return
        sy, sx = sprite.shape[0] / (y1 - y0), sprite.shape[1] / (x1 - x0)
        crop = sprite[
            int((cy0 - y0) * sy) : max(int((cy1 - y0) * sy), int((cy0 - y0) * sy) + 1),
            int((cx0 - x0) * sx) : max(int((cx1 - x0) * sx), int((cx0 - x0) * sx) + 1),
        ]
        shrink = cv2.INTER_AREA if sx > 1.2 else cv2.INTER_LINEAR
        scaled = cv2.resize(crop, (cx1 - cx0, cy1 - cy0), interpolation=shrink).astype(np.float32)
        alpha = scaled[:, :, 3:] / 255.0
        target = self.image[cy0:cy1, cx0:cx1]
        colour = scaled[:, :, :3] * np.array(tint, np.float32)
        target[:] = np.clip(target + (colour - target) * alpha, 0, 255).astype(np.uint8)
        self.ids[cy0:cy1, cx0:cx1][alpha[:, :, 0] > 0.5] = 0

    def glow(self, x: float, y: float, radius: float, colour: Colour) -> None:
        """Add a soft round light around pixel (x, y)."""
        x0, y0 = max(int(x - radius), 0), max(int(y - radius), 0)
        x1, y1 = min(int(x + radius) + 1, WIDTH), min(int(y + radius) + 1, HEIGHT)
        if x1 <= x0 or y1 <= y0 or radius < 1:
            return
        gx = ((np.arange(x0, x1) - x) / radius) ** 2
        gy = ((np.arange(y0, y1) - y) / radius) ** 2
        weight = np.exp(-5.0 * (gy[:, None] + gx[None, :])).astype(np.float32)
        target = self.image[y0:y1, x0:x1]
        target[:] = np.minimum(target + weight[:, :, None] * np.array(colour, np.float32), 255).astype(np.uint8)


def _fixed(points: Floats) -> NDArray[np.int32]:
    limited = np.minimum(np.maximum(points, -60000.0), 60000.0)
    return np.rint(limited * (1 << SUBPIXEL)).astype(np.int32)


def hull(points: Floats) -> Floats:
    """Convex outline (m, 2) of pixel points (n, 2)."""
    out = cv2.convexHull(points.astype(np.float32))
    return out[:, 0, :].astype(np.float64)
