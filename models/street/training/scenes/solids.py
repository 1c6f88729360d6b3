"""Helpers for things built of polygons and capsules in world space."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from scenes.camera import NEAR, Camera, Floats
from scenes.canvas import Colour, Patch, hull
from scenes.light import Light

_CIRCLE = np.stack([np.cos(a := np.linspace(0, 2 * math.pi, 11)[:-1]), np.sin(a)], axis=1)


@dataclass(frozen=True, slots=True)
class Pose:
    """Where a thing stands: ground position in metres, heading (0 = along +z, towards +x positive)."""

    x: float
    z: float
    heading: float
    phase: float = 0.0  # gait or wheel angle, radians
    y: float = 0.0

    def world(self, local: Floats) -> Floats:
        """Local points (n, 3), x right, y up, z forward, into world axes."""
        c, s = math.cos(self.heading), math.sin(self.heading)
        out = np.empty_like(local, dtype=np.float64)
        out[:, 0] = self.x + c * local[:, 0] + s * local[:, 2]
        out[:, 1] = self.y + local[:, 1]
        out[:, 2] = self.z - s * local[:, 0] + c * local[:, 2]
        return out


@dataclass(frozen=True, slots=True)
class View:
    """Camera and light together: everything needed to turn world geometry into patches."""

    camera: Camera
    light: Light

    def face(self, world: Floats, colour: Colour, inside: Floats | None = None, lit: bool = True) -> Patch | None:
        """A flat polygon; with a point `inside` the solid, faces turned away are dropped."""
        normal = newell(world)
        to_eye = self.camera.position - world[0]
        if inside is not None:
            if float(normal @ (world.mean(axis=0) - inside)) < 0:
                normal = -normal
            if float(normal @ to_eye) <= 0:
                return None
        elif float(normal @ to_eye) < 0:
            normal = -normal
        points = self.camera.polygon(world)
        if points is None:
            return None
        depth = float(np.linalg.norm(world.mean(axis=0) - self.camera.position))
        return Patch(points, self.light.shade(colour, normal, depth) if lit else colour)

    def capsule(self, a: Floats, b: Floats, ra: float, rb: float, colour: Colour) -> Patch | None:
        """A limb or tube from a to b with end radii in metres."""
        cam = self.camera.to_camera(np.stack([a, b]))
        if cam[:, 2].min() < NEAR:
            return None
        px = self.camera.pixels(cam)
        k = self.camera.focal / cam[:, 2]
        width_a, width_b = max(ra * k[0], 0.35), max(rb * k[1], 0.35)
        outline = hull(np.concatenate([px[0] + _CIRCLE * width_a, px[1] + _CIRCLE * width_b]))
        return Patch(outline, self.light.flat(colour, float(cam[:, 2].mean())))

    def tube(self, a: Floats, b: Floats, radius: float, colour: Colour) -> Patch | None:
        """A thin rod as a quadrilateral: cheaper than a capsule."""
        cam = self.camera.to_camera(np.stack([a, b]))
        if cam[:, 2].min() < NEAR:
            return None
        px = self.camera.pixels(cam)
        along = px[1] - px[0]
        across = np.array([-along[1], along[0]]) / max(float(np.hypot(*along)), 1e-6)
        k = np.maximum(radius * self.camera.focal / cam[:, 2], 0.4)
        quad = np.stack([px[0] + across * k[0], px[1] + across * k[1], px[1] - across * k[1], px[0] - across * k[0]])
        return Patch(quad, self.light.flat(colour, float(cam[:, 2].mean())))


def newell(points: Floats) -> Floats:
    """Unit normal of a polygon (n, 3), robust to slight bending."""
    x, y, z = points.T.tolist()
    nx = ny = nz = 0.0
    for i in range(len(x)):  # plain floats beat NumPy on a handful of corners
        j = i - 1
        nx += (y[j] - y[i]) * (z[j] + z[i])
        ny += (z[j] - z[i]) * (x[j] + x[i])
        nz += (x[j] - x[i]) * (y[j] + y[i])
    length = math.sqrt(nx * nx + ny * ny + nz * nz)
    if length < 1e-12:
        return np.array([0.0, 1.0, 0.0])
    return np.array([nx / length, ny / length, nz / length])


def disc(centre: Floats, e1: Floats, e2: Floats, radius: float, corners: int = 20) -> Floats:
    """Circle outline (corners, 3) in the plane of the unit vectors e1, e2."""
    a = np.linspace(0, 2 * math.pi, corners, endpoint=False)
    out: Floats = centre + radius * (np.cos(a)[:, None] * e1 + np.sin(a)[:, None] * e2)
    return out


def keep(patches: list[Patch | None]) -> list[Patch]:
    return [p for p in patches if p is not None]


def varied(rng: np.random.Generator, colour: Colour, spread: float) -> Colour:
    """The colour made lighter or darker by about `spread`, its hue moved a little."""
    level = float(rng.normal(0, spread))
    r, g, b = (float(np.clip(c + level + rng.normal(0, spread * 0.35), 0, 255)) for c in colour)
    return (r, g, b)


def scaled(colour: Colour, factor: float) -> Colour:
    return (colour[0] * factor, colour[1] * factor, colour[2] * factor)
