"""Bicycles: wheels, tubes, saddle and bars. A rider is a person of its own, never part of the bicycle."""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from scenes.camera import Floats
from scenes.canvas import Colour, Patch
from scenes.people import Person
from scenes.solids import Pose, View, keep, varied

_FRAMES: tuple[Colour, ...] = (
    (25, 25, 28), (190, 30, 30), (30, 70, 160), (230, 230, 230), (40, 120, 70), (230, 150, 30), (120, 120, 125),
    (90, 160, 190),
)  # fmt: skip
_BOTTOM_BRACKET = (0.0, 0.29, 0.02)
_SEAT = (0.0, 0.9, -0.2)
_HEAD = (0.0, 0.86, 0.38)


@dataclass(frozen=True, slots=True)
class Bicycle:
    """One bicycle, 1.7 m long and about 1.05 m high; `rider` sits on it or is None when parked."""

    frame: Colour
    tyre: Colour
    low_step: bool
    basket: bool
    mudguards: bool
    rider: Person | None

    @property
    def size(self) -> tuple[float, float]:
        return 0.3, 0.9

    def outline(self) -> Floats:
        high = 1.6 if self.rider is not None else 0.95
        side = ((-0.85, 0.05), (0.85, 0.05), (-0.8, 0.6), (0.8, 0.6), (-0.25, high), (0.3, high))
        return np.array([(x, y, z) for x in (-0.05, 0.05) for z, y in side])

    def patches(self, pose: Pose, view: View) -> list[Patch]:
        out: list[Patch | None] = []
        for z in (-0.52, 0.53):
            out += self._wheel(pose, view, z)
        rear, front = (0.0, 0.34, -0.52), (0.0, 0.34, 0.53)
        top = (0.0, 0.55, -0.05) if self.low_step else (0.0, 0.82, -0.17)
        bars = [
            (rear, _BOTTOM_BRACKET, 0.014), (rear, (0.0, 0.75, -0.16), 0.012), (_BOTTOM_BRACKET, _SEAT, 0.019),
            (_BOTTOM_BRACKET, (0.0, 0.72, 0.42), 0.023), (top, _HEAD, 0.019), (front, _HEAD, 0.018),
            (_HEAD, (0.0, 1.02, 0.36), 0.016),
        ]  # fmt: skip
        for a, b, r in bars:
            out.append(view.tube(*pose.world(np.array([a, b])), r, self.frame))
        out += self._fittings(pose, view)
        return keep(out)

    def _wheel(self, pose: Pose, view: View, z: float) -> list[Patch | None]:
        angles = np.linspace(0, 2 * math.pi, 19)
        ring = np.stack([np.zeros(19), 0.34 + 0.325 * np.sin(angles), z + 0.325 * np.cos(angles)], axis=1)
        world = pose.world(ring)
        out = [view.tube(a, b, 0.021, self.tyre) for a, b in pairwise(world)]
        for k in range(4):
            a = pose.phase + k * math.pi / 4
            dy, dz = 0.31 * math.sin(a), 0.31 * math.cos(a)
            ends = pose.world(np.array([(0, 0.34 + dy, z + dz), (0, 0.34 - dy, z - dz)]))
            out.append(view.tube(ends[0], ends[1], 0.003, (150, 150, 152)))
        if self.mudguards:
            arc = np.linspace(0.3, math.pi - 0.1, 7)
            guard = pose.world(np.stack([np.zeros(7), 0.34 + 0.365 * np.sin(arc), z - 0.365 * np.cos(arc)], axis=1))
            out += [view.tube(a, b, 0.016, self.frame) for a, b in pairwise(guard)]
        return out

    def _fittings(self, pose: Pose, view: View) -> list[Patch | None]:
        w = pose.world(np.array([
            (0.0, 0.93, -0.34), (0.0, 0.93, -0.08), (-0.29, 1.04, 0.32), (0.29, 1.04, 0.32), (-0.29, 1.04, 0.32),
            (-0.29, 1.03, 0.2), (0.29, 1.04, 0.32), (0.29, 1.03, 0.2),
        ]))  # fmt: skip
        dark: Colour = (26, 25, 25)
        out = [
            view.capsule(w[0], w[1], 0.065, 0.03, dark),
            view.tube(w[2], w[3], 0.016, (60, 60, 62)),
            view.tube(w[4], w[5], 0.02, dark),
            view.tube(w[6], w[7], 0.02, dark),
        ]
        for turn, x in ((0.0, -0.1), (math.pi, 0.1)):
            a = pose.phase + turn
            pedal = (x, 0.29 + 0.17 * math.sin(a), 0.02 + 0.17 * math.cos(a))
            ends = pose.world(np.array([_BOTTOM_BRACKET, pedal]))
            out.append(view.tube(ends[0], ends[1], 0.015, (120, 120, 122)))
        ring = pose.world(np.array([(0.06, 0.29, 0.02)]))[0]
        out.append(view.capsule(ring, ring, 0.085, 0.085, (70, 70, 72)))
        if self.basket:
            quad = np.array([(-0.17, 0.75, 0.56), (0.17, 0.75, 0.56), (0.2, 0.99, 0.56), (-0.2, 0.99, 0.56)])
            side = np.array([(0.17, 0.75, 0.56), (0.2, 0.99, 0.56), (0.2, 0.99, 0.84), (0.17, 0.78, 0.78)])
            out.append(view.face(pose.world(quad), (110, 86, 60)))
            out.append(view.face(pose.world(side), (110, 86, 60)))
        return out


def random_bicycle(rng: np.random.Generator, rider: Person | None) -> Bicycle:
    frame = varied(rng, _FRAMES[int(rng.integers(len(_FRAMES)))], 12)
    return Bicycle(
        frame, varied(rng, (28, 28, 28), 5), bool(rng.random() < 0.35), bool(rng.random() < 0.25),
        bool(rng.random() < 0.5), rider,
    )  # fmt: skip
