"""Pinhole camera over a ground plane. World axes in metres: x right, y up, z along the road."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

WIDTH, HEIGHT = 1280, 720
NEAR = 0.4  # metres; geometry nearer than this is clipped away


@dataclass(frozen=True, slots=True)
class Camera:
    """Position in metres, angles in radians, focal length in pixels of the 1280x720 frame."""

    x: float
    y: float
    z: float
    yaw: float
    pitch: float
    roll: float
    focal: float
    rotation: Floats = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        cy, sy = math.cos(self.yaw), math.sin(self.yaw)
        cp, sp = math.cos(self.pitch), math.sin(self.pitch)
        cr, sr = math.cos(self.roll), math.sin(self.roll)
        forward = np.array([sy * cp, -sp, cy * cp])  # positive pitch looks down
        right = np.array([cy, 0.0, -sy])
        down = np.cross(right, forward)
        rows = np.stack([cr * right + sr * down, -sr * right + cr * down, forward])
        object.__setattr__(self, "rotation", rows)

    @property
    def position(self) -> Floats:
        return np.array([self.x, self.y, self.z])

    @property
    def intrinsics(self) -> Floats:
        return np.array([[self.focal, 0, WIDTH / 2], [0, self.focal, HEIGHT / 2], [0, 0, 1]])

    def to_camera(self, points: Floats) -> Floats:
        """World points (n, 3) to camera axes (n, 3): x right, y down, z depth."""
        out: Floats = (points - self.position) @ self.rotation.T
        return out

    def pixels(self, camera_points: Floats) -> Floats:
        """Camera-space points in front of the lens to pixel coordinates (n, 2)."""
        out: Floats = camera_points[:, :2] * (self.focal / camera_points[:, 2:3])
        out += (WIDTH / 2, HEIGHT / 2)
        return out

    def polygon(self, points: Floats) -> Floats | None:
        """Project a planar world polygon, cut at the near plane; None when it lies behind the camera."""
        cam = self.to_camera(points)
        depth = cam[:, 2]
        if depth.min() < NEAR:
            if depth.max() <= NEAR:
                return None
            cam = _cut(cam)
        return self.pixels(cam)

    def depth(self, x: float, y: float, z: float) -> float:
        """Distance of one world point along the viewing direction."""
        return float(self.rotation[2] @ (np.array([x, y, z]) - self.position))

    def plane(self, origin: Floats, e1: Floats, e2: Floats) -> Floats:
        """Homography (3, 3) from plane coordinates (u, v, 1), P = origin + u*e1 + v*e2, to pixels."""
        columns = np.stack([e1, e2, origin - self.position], axis=1)
        out: Floats = self.intrinsics @ self.rotation @ columns
        return out


def _cut(cam: Floats) -> Floats:
    """Sutherland-Hodgman against depth >= NEAR."""
    kept: list[Floats] = []
    for a, b in zip(cam, np.roll(cam, -1, axis=0), strict=True):
        if a[2] >= NEAR:
            kept.append(a)
        if (a[2] >= NEAR) != (b[2] >= NEAR):
            kept.append(a + (b - a) * ((NEAR - a[2]) / (b[2] - a[2])))
    return np.array(kept)
