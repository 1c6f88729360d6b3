"""Cars: a lower body extruded from a side profile, a tapered cabin with glass, wheels, lamps, plates."""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from scenes.camera import Floats
from scenes.canvas import Colour, Patch
from scenes.solids import Pose, View, disc, keep, scaled

_PAINTS: tuple[Colour, ...] = (
    (235, 235, 235), (200, 202, 206), (150, 153, 158), (92, 95, 100), (38, 39, 42), (22, 22, 25), (168, 24, 28),
    (120, 18, 26), (28, 58, 130), (40, 96, 170), (20, 40, 70), (34, 82, 58), (190, 160, 60), (205, 120, 40),
    (150, 130, 105), (110, 70, 45), (120, 165, 190), (220, 210, 185),
)  # fmt: skip
_GLASS: Colour = (38, 46, 54)


@dataclass(frozen=True, slots=True)
class Shape:
    """Proportions of a body type: lengths as fractions of car length or height."""

    length: tuple[float, float]
    width: tuple[float, float]
    height: tuple[float, float]
    belt: float  # height of the window line
    bonnet: float  # height of the bonnet's front edge
    screen_base: float  # where the windscreen starts, from the front
    screen_top: float
    rear_top: float  # where the roof ends, from the front
    rear_base: float  # where the rear window meets the body


_SHAPES: dict[str, Shape] = {
    "hatch": Shape((3.6, 4.3), (1.65, 1.82), (1.42, 1.56), 0.62, 0.52, 0.25, 0.41, 0.90, 0.98),
    "saloon": Shape((4.3, 5.0), (1.74, 1.9), (1.38, 1.48), 0.63, 0.54, 0.29, 0.44, 0.73, 0.86),
    "estate": Shape((4.4, 4.9), (1.75, 1.88), (1.42, 1.54), 0.61, 0.53, 0.28, 0.42, 0.92, 0.98),
    "suv": Shape((4.2, 4.9), (1.8, 2.0), (1.62, 1.82), 0.62, 0.56, 0.26, 0.38, 0.91, 0.975),
    "van": Shape((4.4, 5.2), (1.8, 2.0), (1.8, 2.15), 0.55, 0.50, 0.13, 0.27, 0.975, 0.99),
    "coupe": Shape((4.0, 4.5), (1.75, 1.88), (1.28, 1.36), 0.64, 0.54, 0.33, 0.49, 0.68, 0.93),
}
_WEIGHTS = (0.26, 0.22, 0.14, 0.2, 0.1, 0.08)


@dataclass(frozen=True, slots=True)
class Car:
    """One car; every choice is fixed here so that it looks the same in every frame."""

    shape: Shape
    length: float
    width: float
    height: float
    paint: Colour
    glass: Colour
    trim_dark: bool
    blind_van: bool
    rim: Colour
    spokes: int
    lamps_on: bool
    braking: bool

    @property
    def size(self) -> tuple[float, float]:
        """Half width and half length of the footprint, metres."""
        return self.width / 2, self.length / 2

    def outline(self) -> Floats:
        """Eight points (8, 3) enclosing the car, for shadows and extent."""
        w, h = self.size
        low = [(-w, 0, -h), (w, 0, -h), (w, 0, h), (-w, 0, h)]
        top = self.height
        high = [(x * 0.85, top, self._at(f)) for x in (-w, w) for f in (self.shape.screen_top, self.shape.rear_top)]
        mid = [(x, self.shape.belt * top, z) for x in (-w, w) for z in (-h, h)]
        return np.array(low + high + mid, dtype=np.float64)

    def _at(self, fraction: float) -> float:
        return self.length * (0.5 - fraction)

    def patches(self, pose: Pose, view: View) -> list[Patch]:
        inside = pose.world(np.array([[0.0, self.height * 0.4, 0.0]]))[0]
        right = pose.world(np.array([[1.0, 0, 0], [0.0, 0, 0]]))
        near_side = 1.0 if float((right[0] - right[1]) @ (view.camera.position - right[1])) > 0 else -1.0
        out = self._underbody(pose, view)
        out += self._body(pose, view, inside)
        out += self._ends(pose, view, inside)
        out += self._wheels(pose, view, near_side)
        out += self._cabin(pose, view)
        out += self._mirrors(pose, view)
        return keep(out)

    def _underbody(self, pose: Pose, view: View) -> list[Patch | None]:
        w, h = self.width / 2 - 0.06, self.length / 2 - 0.25
        out: list[Patch | None] = []
        dark: Colour = (16, 16, 17)
        for z in (-h, h):
            quad = np.array([(-w, 0.1, z), (w, 0.1, z), (w, 0.4, z), (-w, 0.4, z)])
            out.append(view.face(pose.world(quad), dark, None))
        for x in (-w, w):
            quad = np.array([(x, 0.12, -h), (x, 0.12, h), (x, 0.4, h), (x, 0.4, -h)])
            out.append(view.face(pose.world(quad), dark, None))
        for z in (-0.31 * self.length, 0.31 * self.length):
            for x in (-w + 0.11, w - 0.11):
                for dz in (-0.3, 0.3):
                    xs = (x - 0.11, x + 0.11)
                    tyre = np.array([(xs[0], 0, z + dz * 0.4), (xs[1], 0, z + dz * 0.4), (xs[1], 0.45, z + dz),
                                     (xs[0], 0.45, z + dz)])  # fmt: skip
                    out.append(view.face(pose.world(tyre), (24, 24, 25), None))
        return out

    def _profile(self) -> list[tuple[float, float, float]]:
        """Top line from rear to front as (z, y, half width)."""
        s, w, top = self.shape, self.width / 2, self.height
        belt, half = s.belt * top, self.length / 2
        return [
            (-half + 0.06, 0.24, 0.86 * w),
            (-half, 0.5 * belt, 0.9 * w),
            (-half + 0.04, belt * 0.98, 0.88 * w),
            (self._at(s.rear_base), belt, 0.94 * w),
            (self._at(s.screen_base), belt * 0.99, 0.95 * w),
            (half - 0.22, s.bonnet * top, 0.88 * w),
            (half, s.bonnet * top - 0.14, 0.84 * w),
            (half, 0.36, 0.86 * w),
            (half - 0.08, 0.22, 0.84 * w),
        ]

    def _body(self, pose: Pose, view: View, inside: Floats) -> list[Patch | None]:
        line, w = self._profile(), self.width / 2
        crease = 0.6 * self.shape.belt * self.height
        back, front = -self.length / 2 + 0.02, self.length / 2 - 0.03
        out: list[Patch | None] = []
        for side in (-1.0, 1.0):
            lower = [(side * w * 0.95, 0.2, back + 0.1), (side * w * 0.9, crease, back), (side * w, crease, back + 0.5),
                     (side * w, crease, front - 0.6), (side * w * 0.87, crease, front),
                     (side * w * 0.9, 0.2, front - 0.1)]  # fmt: skip
            upper = [(side * w * 0.9, crease, back), *[(side * p[2], p[1], p[0]) for p in line[2:7]],
                     (side * w * 0.87, crease, front), (side * w, crease, front - 0.6),
                     (side * w, crease, back + 0.5)]  # fmt: skip
            out.append(view.face(pose.world(np.array(lower)), scaled(self.paint, 0.86), inside))
            out.append(view.face(pose.world(np.array(upper)), self.paint, inside))
            sill = [(side * w * 0.96, 0.2, back + 0.5), (side * w * 0.96, 0.3, back + 0.5),
                    (side * w * 0.96, 0.3, front - 0.7), (side * w * 0.96, 0.2, front - 0.7)]  # fmt: skip
            out.append(view.face(pose.world(np.array(sill)), (30, 30, 32), inside))
            for f in (0.5, 0.36, 0.7):
                z = self._at(f)
                gap = [(side * w * 1.002, 0.3, z), (side * w, crease, z), (side * w, crease, z + 0.02),
                       (side * w * 1.002, 0.3, z + 0.02)]  # fmt: skip
                out.append(view.face(pose.world(np.array(gap)), scaled(self.paint, 0.45), inside))
        for (z0, y0, w0), (z1, y1, w1) in pairwise(line):
            strip = np.array([(-w0, y0, z0), (w0, y0, z0), (w1, y1, z1), (-w1, y1, z1)])
            out.append(view.face(pose.world(strip), self.paint, inside))
        return out

    def _ends(self, pose: Pose, view: View, inside: Floats) -> list[Patch | None]:
        half, w, belt = self.length / 2, self.width / 2, self.shape.belt * self.height
        nose = self.shape.bonnet * self.height - 0.14
        out: list[Patch | None] = []

        def quad(z: float, x0: float, x1: float, y0: float, y1: float, colour: Colour, lit: bool = True) -> None:
            corners = np.array([(x0, y0, z), (x1, y0, z), (x1, y1, z), (x0, y1, z)])
            out.append(view.face(pose.world(corners), colour, inside, lit))

        bumper: Colour = (34, 34, 36) if self.trim_dark else scaled(self.paint, 0.8)
        quad(half + 0.01, -0.84 * w, 0.84 * w, 0.24, 0.42, bumper)
        quad(half + 0.012, -0.5 * w, 0.5 * w, 0.46, nose - 0.03, (26, 27, 29))
        quad(half + 0.014, -0.26, 0.26, 0.38, 0.49, (225, 225, 215))
        head: Colour = (255, 250, 225) if self.lamps_on else (206, 212, 216)
        red: Colour = (255, 60, 45) if self.lamps_on or self.braking else (150, 22, 24)
        for side in (-1.0, 1.0):
            quad(half + 0.013, side * 0.54 * w, side * 0.82 * w, nose - 0.17, nose, head, not self.lamps_on)
            rear_lit = not (self.lamps_on or self.braking)
            quad(-half - 0.012, side * 0.62 * w, side * 0.9 * w, 0.58 * belt, 0.86 * belt, red, rear_lit)
        quad(-half - 0.01, -0.86 * w, 0.86 * w, 0.26, 0.46, bumper)
        quad(-half - 0.012, -0.26, 0.26, 0.6 * belt, 0.6 * belt + 0.12, (226, 224, 200))
        return out

    def _wheels(self, pose: Pose, view: View, side: float) -> list[Patch | None]:
        out: list[Patch | None] = []
        radius = 0.3 + 0.035 * (self.height - 1.3) / 0.5
        origin = pose.world(np.zeros((1, 3)))[0]
        e1 = pose.world(np.array([[0.0, 0.0, 1.0]]))[0] - origin
        e2 = np.array([0.0, 1.0, 0.0])
        for z in (-0.31 * self.length, 0.31 * self.length):
            x = side * (self.width / 2 * 0.985)
            hub = pose.world(np.array([[x, radius, z]]))[0]
            arch = disc(hub, e1, e2, radius + 0.06)
            arch[:, 1] = np.maximum(arch[:, 1], 0.18)
            out.append(view.face(arch, (18, 18, 19)))
            out.append(view.face(disc(hub, e1, e2, radius), (28, 28, 30)))
            out.append(view.face(disc(hub, e1, e2, radius * 0.66), self.rim))
            for k in range(self.spokes):
                a = pose.phase + 2 * math.pi * k / self.spokes
                lo, hi = a + 0.25, a + 2 * math.pi / self.spokes - 0.25
                gap = np.stack([hub + radius * r * (math.cos(t) * e1 + math.sin(t) * e2)
                                for r, t in ((0.2, (lo + hi) / 2), (0.58, lo), (0.58, hi))])  # fmt: skip
                out.append(view.face(gap, (40, 41, 44)))
        return out

    def _cabin(self, pose: Pose, view: View) -> list[Patch | None]:
        s, top, belt = self.shape, self.height, self.shape.belt * self.height
        wb, wt = self.width / 2 * 0.95, self.width / 2 * (0.86 if self.height > 1.75 else 0.77)
        fb, ft, rt, rb = (self._at(f) for f in (s.screen_base, s.screen_top, s.rear_top, s.rear_base))
        inside = pose.world(np.array([[0.0, belt + 0.2, (ft + rt) / 2]]))[0]
        roof = np.array([(-wt, top, rt), (wt, top, rt), (wt, top, ft), (-wt, top, ft)])
        front = np.array([(-wb, belt, fb), (wb, belt, fb), (wt, top, ft), (-wt, top, ft)])
        rear = np.array([(-wb, belt, rb), (wb, belt, rb), (wt, top, rt), (-wt, top, rt)])
        out: list[Patch | None] = []
        pillar: Colour = scaled(self.paint, 0.92)
        solid = [(roof, self.paint, None), (front, pillar, self.glass), (rear, pillar, self.glass)]
        for x in (-1.0, 1.0):
            side = np.array([(x * wb, belt, rb), (x * wb, belt, fb), (x * wt, top, ft), (x * wt, top, rt)])
            solid.append((side, pillar, None))
        for corners, colour, glass in solid:
            face = view.face(pose.world(corners), colour, inside)
            out.append(face)
            if face is not None and glass is not None:
                out += self._pane(pose, view, corners, inside)
        for x in (-1.0, 1.0):
            out += self._side_glass(pose, view, x, inside, (wb, wt))
        return out

    def _pane(self, pose: Pose, view: View, corners: Floats, inside: Floats) -> list[Patch | None]:
        """Glass inset into a cabin face, with a band of reflected sky."""
        centre = corners.mean(axis=0)
        inner = centre + (corners - centre) * np.array([0.88, 0.84, 0.84])
        band = np.stack([inner[0] * 0.45 + inner[3] * 0.55, inner[1] * 0.45 + inner[2] * 0.55, inner[2], inner[3]])
        light = tuple(
            0.62 * g + 0.38 * s * view.light.ambient for g, s in zip(self.glass, view.light.sky_top, strict=True)
        )
        return [
            view.face(pose.world(inner), self.glass, inside),
            view.face(pose.world(band), (light[0], light[1], light[2]), inside),
        ]

    def _side_glass(
        self, pose: Pose, view: View, side: float, inside: Floats, half: tuple[float, float]
    ) -> list[Patch | None]:
        s, top, belt = self.shape, self.height, self.shape.belt * self.height
        fb, ft, rt, rb = (self._at(f) for f in (s.screen_base, s.screen_top, s.rear_top, s.rear_base))
        low, high = 0.1, 0.86

        def point(t: float, v: float) -> tuple[float, float, float]:
            base, roof = rb + (fb - rb) * t, rt + (ft - rt) * t
            return (
                side * (half[0] + (half[1] - half[0]) * v) * 1.004,
                belt + (top - belt) * v,
                base + (roof - base) * v,
            )

        panes = [(0.06, 0.30), (0.34, 0.60), (0.64, 0.93)]
        if self.blind_van:
            panes = panes[2:]
        out: list[Patch | None] = []
        for a, b in panes:
            whole = np.array([point(a, low), point(b, low), point(b, high), point(a, high)])
            sheen = np.array([point(a, 0.55), point(b, 0.55), point(b, high), point(a, high)])
            out.append(view.face(pose.world(whole), self.glass, inside))
            out.append(view.face(pose.world(sheen), scaled(self.glass, 1.45), inside))
        return out

    def _mirrors(self, pose: Pose, view: View) -> list[Patch | None]:
        y, z = self.shape.belt * self.height + 0.08, self._at(self.shape.screen_base) - 0.25
        out: list[Patch | None] = []
        for side in (-1.0, 1.0):
            a, b = pose.world(np.array([(side * self.width * 0.5, y, z), (side * self.width * 0.54, y, z)]))
            out.append(view.capsule(a, b, 0.06, 0.07, scaled(self.paint, 0.7)))
        return out

    def lamp_points(self, pose: Pose) -> tuple[Floats, Floats]:
        """World positions (2, 3) of head lamps and of tail lamps."""
        half, w = self.length / 2, self.width / 2
        y_head, y_tail = self.shape.bonnet * self.height - 0.22, 0.72 * self.shape.belt * self.height
        heads = pose.world(np.array([(-0.68 * w, y_head, half), (0.68 * w, y_head, half)]))
        tails = pose.world(np.array([(-0.76 * w, y_tail, -half), (0.76 * w, y_tail, -half)]))
        return heads, tails


def random_car(rng: np.random.Generator, lamps_on: bool) -> Car:
    name = str(rng.choice(list(_SHAPES), p=_WEIGHTS))
    shape = _SHAPES[name]
    paint = _PAINTS[int(rng.integers(len(_PAINTS)))]
    r, g, b = (float(np.clip(c * rng.uniform(0.85, 1.1), 8, 245)) for c in paint)
    tint = float(rng.uniform(0.6, 1.7))
    rim = float(rng.uniform(90, 200))
    return Car(
        shape, rng.uniform(*shape.length), rng.uniform(*shape.width), rng.uniform(*shape.height), (r, g, b),
        scaled(_GLASS, tint), bool(rng.random() < 0.4), name == "van" and bool(rng.random() < 0.5),
        (rim, rim, rim * 1.02), int(rng.integers(4, 8)), lamps_on, bool(rng.random() < 0.25),
    )  # fmt: skip
