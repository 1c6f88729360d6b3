"""Daylight, dusk and night: how bright a surface is, and how haze swallows it with distance."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from scenes.camera import Floats
from scenes.canvas import Colour


@dataclass(frozen=True, slots=True)
class Light:
    """One lighting situation; colours are RGB factors or RGB 0..255 as named."""

    sun: Floats  # unit vector towards the sun
    sun_strength: float
    ambient: float
    sun_colour: Colour  # factors
    ambient_colour: Colour  # factors
    haze_colour: Colour  # 0..255
    haze_per_metre: float
    sky_top: Colour  # 0..255
    clouds: float  # 0..1
    night: bool  # lamps and headlights are on

    def shade(self, colour: Colour, normal: Floats, depth: float) -> Colour:
        """Colour of a surface with this unit normal, seen from `depth` metres away."""
        direct = self.sun_strength * max(0.0, _dot(normal, self.sun))
        around = self.ambient * (0.82 + 0.18 * float(normal[1]))
        lit = [
            c * (around * a + direct * s) for c, a, s in zip(colour, self.ambient_colour, self.sun_colour, strict=True)
        ]
        return self.haze((lit[0], lit[1], lit[2]), depth)

    def flat(self, colour: Colour, depth: float) -> Colour:
        """Colour of something without a clear orientation (limbs, poles, leaves)."""
        level = self.ambient + 0.45 * self.sun_strength
        return self.haze((colour[0] * level, colour[1] * level, colour[2] * level), depth)

    def haze(self, colour: Colour, depth: float) -> Colour:
        keep = math.exp(-self.haze_per_metre * max(depth, 0.0))
        r, g, b = (
            min(255.0, max(0.0, c * keep + h * (1 - keep))) for c, h in zip(colour, self.haze_colour, strict=True)
        )
        return (r, g, b)


def _dot(a: Floats, b: Floats) -> float:
    return float(a[0] * b[0] + a[1] * b[1] + a[2] * b[2])


def random_light(rng: np.random.Generator, kind: str | None = None) -> Light:
    """Draw a lighting situation: sunny, overcast, dusk or night."""
    if kind is None:
        kind = str(rng.choice(["sunny", "overcast", "dusk", "night"], p=[0.45, 0.3, 0.15, 0.1]))
    azimuth = rng.uniform(0, 2 * math.pi)
    elevation = rng.uniform(0.45, 1.2) if kind == "sunny" else rng.uniform(0.2, 0.6)
    sun = np.array(
        [math.cos(elevation) * math.sin(azimuth), math.sin(elevation), math.cos(elevation) * math.cos(azimuth)]
    )
    clear = float(rng.uniform(0.0, 0.003))
    if kind == "sunny":
        blue = float(rng.uniform(0, 30))
        return Light(sun, rng.uniform(0.55, 0.8), rng.uniform(0.45, 0.6), (1.04, 1.0, 0.92), (0.94, 0.98, 1.08),
                     (198, 210, 224), clear, (70 + blue, 120 + blue, 190 + blue / 2),
                     rng.uniform(0, 0.7), False)  # fmt: skip
    if kind == "overcast":
        g = float(rng.uniform(150, 215))
        return Light(sun, rng.uniform(0.0, 0.15), rng.uniform(0.7, 0.95), (1, 1, 1), (0.98, 1.0, 1.03),
                     (g, g + 3, g + 7), clear + rng.uniform(0, 0.008), (g - 35, g - 30, g - 20),
                     rng.uniform(0.3, 1.0), False)  # fmt: skip
    if kind == "dusk":
        return Light(sun, rng.uniform(0.2, 0.45), rng.uniform(0.38, 0.52), (1.2, 0.95, 0.7), (0.95, 0.95, 1.1),
                     (205, 160, 130), clear, (80, 95, 140), rng.uniform(0.1, 0.8),
                     bool(rng.random() < 0.6))  # fmt: skip
    return Light(sun, 0.0, rng.uniform(0.26, 0.36), (1, 1, 1), (1.0, 0.95, 0.9), (38, 40, 52), clear,
                 (10, 13, 28), rng.uniform(0, 0.5), True)  # fmt: skip
