"""Traffic signs: a plate with a symbol on a pole. The plate is the object, the pole is street furniture."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from scenes.camera import Floats
from scenes.canvas import Colour, Patch
from scenes.solids import Pose, View, keep

_RED: Colour = (196, 24, 30)
_WHITE: Colour = (238, 238, 234)
_BLUE: Colour = (20, 76, 158)
_BLACK: Colour = (22, 22, 24)
_YELLOW: Colour = (242, 190, 20)

# The plate lies in (u, v), u right and v up, within [-1, 1]; symbols are polygons in the same square.
_SEGMENTS = {  # seven-segment digits in a 1 x 2 box
    "a": ((0, 2), (1, 2)), "b": ((1, 2), (1, 1)), "c": ((1, 1), (1, 0)), "d": ((0, 0), (1, 0)),
    "e": ((0, 0), (0, 1)), "f": ((0, 1), (0, 2)), "g": ((0, 1), (1, 1)),
}  # fmt: skip
_DIGITS = {"0": "abcdef", "3": "abgcd", "5": "afgcd", "7": "abc", "8": "abcdefg", "2": "abged", "6": "afgcde"}


@dataclass(frozen=True, slots=True)
class Sign:
    """Plate radius and height above ground in metres; `kind` chooses shape and symbol."""

    kind: str
    radius: float
    centre_height: float
    text: str
    brightness: float
    pole: Colour

    @property
    def size(self) -> tuple[float, float]:
        return 0.3, 0.3

    @property
    def half_height(self) -> float:
        return self.radius * (0.87 if self.kind in ("warning", "yield") else 1.0)

    def outline(self) -> Floats:
        r, y = self.radius, self.centre_height
        return np.array([(-r, y - r, 0), (r, y - r, 0), (r, y + r, 0), (-r, y + r, 0), (0.04, 0, 0), (-0.04, 0, 0)])

    def pole_patches(self, pose: Pose, view: View) -> list[Patch]:
        ends = pose.world(np.array([(0, 0.0, -0.05), (0, self.centre_height + self.radius * 0.7, -0.05)]))
        sheen = pose.world(np.array([(0.012, 0.0, -0.05), (0.012, self.centre_height, -0.05)]))
        bright = (min(self.pole[0] * 1.3, 255.0), min(self.pole[1] * 1.3, 255.0), min(self.pole[2] * 1.3, 255.0))
        return keep([view.tube(*ends, 0.035, self.pole), view.tube(*sheen, 0.012, bright)])

    def patches(self, pose: Pose, view: View) -> list[Patch]:
        out: list[Patch | None] = []
        for uv, colour in _plate(self.kind, self.text):
            points = np.array(uv, dtype=np.float64) * self.radius
            local = np.stack([points[:, 0], points[:, 1] + self.centre_height, np.zeros(len(points))], axis=1)
            c = (colour[0] * self.brightness, colour[1] * self.brightness, colour[2] * self.brightness)
            out.append(view.face(pose.world(local), c))
        return keep(out)


Drawing = list[tuple[list[tuple[float, float]], Colour]]


def _regular(n: int, radius: float, turn: float) -> list[tuple[float, float]]:
    return [(radius * math.cos(turn + 2 * math.pi * k / n), radius * math.sin(turn + 2 * math.pi * k / n))
            for k in range(n)]  # fmt: skip


def _stroke(a: tuple[float, float], b: tuple[float, float], w: float) -> list[tuple[float, float]]:
    dx, dy = b[0] - a[0], b[1] - a[1]
    n = math.hypot(dx, dy)
    px, py = -dy / n * w, dx / n * w
    ex, ey = dx / n * w, dy / n * w
    return [(a[0] + px - ex, a[1] + py - ey), (b[0] + px + ex, b[1] + py + ey), (b[0] - px + ex, b[1] - py + ey),
            (a[0] - px - ex, a[1] - py - ey)]  # fmt: skip


def _number(text: str, colour: Colour, size: float) -> Drawing:
    out: Drawing = []
    x = -0.75 * size * len(text) + 0.25 * size
    for ch in text:
        for seg in _DIGITS[ch]:
            (ax, ay), (bx, by) = _SEGMENTS[seg]
            a, b = (x + ax * size, (ay - 1) * size), (x + bx * size, (by - 1) * size)
            out.append((_stroke(a, b, 0.16 * size), colour))
        x += 1.5 * size
    return out


def _plate(kind: str, text: str) -> Drawing:
    if kind == "limit":
        return [(_regular(28, 1, 0), _RED), (_regular(28, 0.78, 0), _WHITE), *_number(text, _BLACK, 0.36)]
    if kind == "ban":
        bar = [(-0.62, -0.17), (0.62, -0.17), (0.62, 0.17), (-0.62, 0.17)]
        return [(_regular(28, 1, 0), _WHITE), (_regular(28, 0.96, 0), _RED), (bar, _WHITE)]
    if kind == "order":
        head = [(0.0, 0.72), (-0.4, 0.2), (0.4, 0.2)]
        return [(_regular(28, 1, 0), _WHITE), (_regular(28, 0.95, 0), _BLUE), (head, _WHITE),
                (_stroke((0, 0.2), (0, -0.6), 0.14), _WHITE)]  # fmt: skip
    if kind in ("warning", "yield"):
        up = 1.0 if kind == "warning" else -1.0
        base, y = [(-1.0, -0.87), (1.0, -0.87), (0.0, 0.87)], 0.0
        outer = [(u, v * up + y) for u, v in base]
        inner = [(u * 0.66, (v * 0.66 - 0.1) * up) for u, v in base]
        mark: Drawing = []
        if kind == "warning":
            mark = [(_stroke((0, 0.2), (0, -0.25), 0.09), _BLACK), (_stroke((0, -0.5), (0, -0.52), 0.09), _BLACK)]
        return [(outer, _RED), (inner, _WHITE), *mark]
    if kind == "stop":
        letters = [_stroke((x, -0.22), (x, 0.22), 0.07) for x in (-0.6, -0.2, 0.2, 0.6)]
        bars = [_stroke((x, 0.22), (x + 0.18, 0.22), 0.06) for x in (-0.7, -0.3, 0.12, 0.55)]
        return [(_regular(8, 1.05, math.pi / 8), _WHITE), (_regular(8, 0.98, math.pi / 8), _RED),
                *[(p, _WHITE) for p in letters + bars]]  # fmt: skip
    if kind == "parking":
        square = [(-1.0, -1.0), (1.0, -1.0), (1.0, 1.0), (-1.0, 1.0)]
        inner = [(u * 0.92, v * 0.92) for u, v in square]
        p = [_stroke((-0.3, -0.6), (-0.3, 0.6), 0.12), _stroke((-0.3, 0.6), (0.25, 0.6), 0.12),
             _stroke((0.3, 0.55), (0.3, 0.05), 0.12), _stroke((0.25, 0.0), (-0.3, 0.0), 0.12)]  # fmt: skip
        return [(square, _WHITE), (inner, _BLUE), *[(s, _WHITE) for s in p]]
    if kind == "priority":
        return [(_regular(4, 1.0, 0), _WHITE), (_regular(4, 0.9, 0), _BLACK), (_regular(4, 0.86, 0), _WHITE),
                (_regular(4, 0.62, 0), _YELLOW)]  # fmt: skip
    raise ValueError(kind)


KINDS = ("limit", "ban", "order", "warning", "yield", "stop", "parking", "priority")


def random_sign(rng: np.random.Generator) -> Sign:
    radius = float(rng.uniform(0.33, 0.48))
    return Sign(
        str(rng.choice(KINDS)),
        radius,
        float(rng.uniform(2.0, 2.7)) + radius * 0.3,
        str(rng.choice(["30", "50", "70", "20", "60", "80"])),
        float(rng.uniform(0.8, 1.08)),
        (135.0, 138.0, 140.0) if rng.random() < 0.7 else (70.0, 74.0, 76.0),
    )
