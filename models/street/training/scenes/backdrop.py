"""Sky, skyline and the ground plane: everything that never hides an object."""

from __future__ import annotations

import functools
import math
from dataclasses import dataclass
from itertools import pairwise

import cv2
import numpy as np
from numpy.typing import NDArray

from scenes.camera import HEIGHT, WIDTH, Camera, Floats
from scenes.canvas import Canvas, Colour
from scenes.light import Light

FAR = 220.0  # metres to the end of the drawn street
KERB = 0.12  # metres the pavement lies above the road


@dataclass(frozen=True, slots=True)
class Street:
    """Cross section and paint of a straight street along z; x = 0 is its middle."""

    half_road: float
    half_walk: float  # outer edge of the pavement
    half_front: float  # where buildings stand
    lanes: int
    asphalt: Colour
    walk: Colour
    verge: Colour
    centre_line: str  # dashed, solid, double, none
    edge_line: bool
    crossing_z: float | None  # zebra crossing
    side_street: tuple[float, float] | None  # z range of a crossing street
    seed: int

    def pavement_at(self, x: float, z: float) -> bool:
        if self.side_street is not None and self.side_street[0] < z < self.side_street[1]:
            return False
        return self.half_road < abs(x) < self.half_walk


@functools.lru_cache(maxsize=4)
def _noise(seed: int, size: int = 512) -> NDArray[np.float32]:
    """Tileable rough texture around 0."""
    rng = np.random.default_rng(seed)
    out = np.zeros((size, size), np.float32)
    for step, weight in ((1, 0.5), (2, 0.35), (8, 0.3), (64, 0.5)):
        small = rng.normal(size=(size // step, size // step)).astype(np.float32)
        tiled = np.tile(small, (3, 3)) if step > 1 else small
        if step > 1:
            big = cv2.resize(tiled, (size * 3, size * 3), interpolation=cv2.INTER_CUBIC)
            out += weight * big[size : 2 * size, size : 2 * size]
        else:
            out += weight * small
    return out / float(out.std())


@functools.lru_cache(maxsize=8)
def _clouds(seed: int) -> NDArray[np.float32]:
    """Cloud field 0..1, (512, 1024)."""
    rng = np.random.default_rng(seed)
    field = np.zeros((512, 1024), np.float32)
    for octave in range(1, 7):
        small = rng.normal(size=(2**octave + 1, 2 ** (octave + 1) + 1)).astype(np.float32)
        field += cv2.resize(small, (1024, 512), interpolation=cv2.INTER_CUBIC) * 0.58**octave
    field = (field - field.mean()) / field.std()
    return np.clip(field * 0.35 + 0.4, 0, 1)


def horizon_row(camera: Camera) -> float:
    return HEIGHT / 2 - camera.focal * math.tan(camera.pitch)


def paint_sky(canvas: Canvas, camera: Camera, light: Light, seed: int, drift: float) -> None:
    """Gradient from the zenith colour to the haze at the horizon, with clouds; `drift` moves them."""
    horizon = horizon_row(camera)
    rows = np.clip((horizon - np.arange(HEIGHT)) / (0.75 * camera.focal), 0, 1).astype(np.float32) ** 0.6
    low, high = np.array(light.haze_colour, np.float32), np.array(light.sky_top, np.float32)
    column = low + (high - low) * rows[:, None]
    last = int(np.clip(horizon + 60, 1, HEIGHT))
    sky = np.repeat(column[:last, None, :], WIDTH, axis=1)
    if light.clouds > 0.05:
        field = _clouds(seed % 8)
        pan = camera.yaw * 350 + drift
        move = np.array([[0.55, 0, pan], [0, 1.1, 60.0 - 0.4 * horizon]], np.float32)
        cover = cv2.warpAffine(field, move, (WIDTH, last), flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
                               borderMode=cv2.BORDER_REFLECT)  # fmt: skip
        white = 0.35 * high + 0.65 * np.array(light.haze_colour, np.float32) * (0.9 if light.night else 1.08)
        weight = (cover * light.clouds * np.clip(rows[:last, None] * 3, 0, 1))[:, :, None]
        sky += (white - sky) * weight
    canvas.image[:last] = np.clip(sky, 0, 255).astype(np.uint8)
    _skyline(canvas, camera, light, seed)


def _skyline(canvas: Canvas, camera: Camera, light: Light, seed: int) -> None:
    """Far hills or roofs, as a ragged silhouette fixed in the world."""
    rng = np.random.default_rng(seed)
    blocks = rng.random() < 0.5
    for far, scale, shade in ((400.0, 26.0, 0.62), (260.0, 14.0, 0.45)):
        x = np.linspace(-500, 500, 81)
        y = np.abs(rng.normal(0.6, 0.4, 81)) * scale
        if blocks:
            x, y = np.repeat(x, 2)[1:], np.repeat(y, 2)[:-1]
        else:
            y = np.convolve(y, np.ones(7) / 7, mode="same") * 1.3
        top = np.stack([x + camera.x, y, np.full_like(x, camera.z + far)], axis=1)
        base = np.array([[x[-1] + camera.x, -3.0, camera.z + far], [x[0] + camera.x, -3.0, camera.z + far]])
        outline = camera.polygon(np.concatenate([top, base]))
        if outline is not None:
            h = light.haze_colour
            green = 0.0 if blocks else 12.0
            dim = light.ambient + 0.4 * light.sun_strength
            c = [h[k] * shade + (1 - shade) * (70 + (green if k == 1 else 0)) * dim for k in range(3)]
            canvas.fill(outline, (c[0], c[1], c[2]))


def paint_ground(canvas: Canvas, camera: Camera, light: Light, street: Street) -> None:
    """Verge, road, kerbs, pavement and paint, then the roughness of all of it."""
    up = np.array([0.0, 1.0, 0.0])
    z0 = camera.z - 3.0

    def strip(x0: float, x1: float, za: float, zb: float, colour: Colour, y: float = 0.0) -> None:
        if zb <= za:
            return
        edges = np.geomspace(4.0, FAR, 9) - 4.0 + z0  # haze changes along the street
        cuts = [za, *[e for e in edges if za < e < zb], zb]
        for a, b in pairwise(cuts):
            quad = camera.polygon(np.array([(x0, y, a), (x1, y, a), (x1, y, b), (x0, y, b)]))
            if quad is not None:
                depth = max(math.hypot((a + b) / 2 - camera.z, (x0 + x1) / 2 - camera.x) * 0.8, 0.0)
                canvas.fill(quad, light.shade(colour, up, min(depth, FAR)))

    end = camera.z + FAR
    strip(-260.0, 260.0, z0, end + 60, street.verge)
    strip(-street.half_road, street.half_road, z0, end, street.asphalt)
    for side in (-1.0, 1.0):
        _pavement(strip, street, side, z0, end)
    if street.side_street is not None:
        a, b = street.side_street
        strip(-70.0, 70.0, a, b, street.asphalt)
    _paint(strip, street, z0, camera.z + 110)
    _wear(camera, canvas, light, street)
    _roughen(canvas, camera)


def _pavement(strip: _Strip, street: Street, side: float, z0: float, end: float) -> None:
    spans = [(z0, end)]
    if street.side_street is not None:
        a, b = street.side_street
        spans = [(z0, max(a - 2, z0)), (max(b + 2, z0), end)]
    joint = (street.walk[0] * 0.86, street.walk[1] * 0.86, street.walk[2] * 0.86)
    kerb = (min(street.walk[0] * 1.12, 255), min(street.walk[1] * 1.12, 255), min(street.walk[2] * 1.12, 255))
    gutter = (street.asphalt[0] * 0.72, street.asphalt[1] * 0.72, street.asphalt[2] * 0.72)
    for a, b in spans:
        inner, outer = side * street.half_road, side * street.half_walk
        strip(inner - side * 0.3, inner, a, b, gutter)
        strip(inner, outer, a, b, street.walk, KERB)
        strip(inner, inner + side * 0.16, a, b, kerb, KERB)
        width = abs(outer - inner)
        for k in range(1, int(width / 0.8)):
            x = inner + side * (0.16 + k * 0.8)
            strip(x, x + side * 0.015, a, min(b, z0 + 30), joint, KERB)
        z = math.ceil(max(a, z0) / 1.6) * 1.6
        while z < min(b, z0 + 32):
            strip(inner + side * 0.16, outer, z, z + 0.02, joint, KERB)
            z += 1.6


def _paint(strip: _Strip, street: Street, z0: float, end: float) -> None:
    white: Colour = (214, 214, 208)
    a, b = street.side_street if street.side_street is not None else (1e9, 1e9)

    def spans(x: float, w: float, dash: float, gap: float) -> None:
        z = math.floor(z0 / (dash + gap)) * (dash + gap)
        while z < end:
            lo, hi = max(z, z0), z + dash
            if not (hi > a - 1 and lo < b + 1) and not (
                street.crossing_z is not None and hi > street.crossing_z - 1 and lo < street.crossing_z + 4
            ):
                strip(x - w / 2, x + w / 2, lo, hi, white)
            z += dash + gap

    if street.centre_line == "dashed":
        spans(0.0, 0.13, 3.0, 4.5)
    elif street.centre_line in ("solid", "double"):
        for x in (0.0,) if street.centre_line == "solid" else (-0.14, 0.14):
            spans(x, 0.12, 12.0, 0.0)
    if street.lanes == 4:
        for x in (-street.half_road / 2, street.half_road / 2):
            spans(x, 0.12, 3.0, 6.0)
    if street.edge_line:
        for x in (-street.half_road + 0.5, street.half_road - 0.5):
            spans(x, 0.12, 12.0, 0.0)
    if street.crossing_z is not None:
        x = -street.half_road + 0.4
        while x < street.half_road - 0.5:
            strip(x, x + 0.5, street.crossing_z, street.crossing_z + 3.0, white)
            x += 1.0


def _wear(camera: Camera, canvas: Canvas, light: Light, street: Street) -> None:
    """Repairs, stains and manhole covers on the asphalt."""
    rng = np.random.default_rng(street.seed)
    up = np.array([0.0, 1.0, 0.0])
    for _ in range(14):
        x, z = rng.uniform(-street.half_road + 0.6, street.half_road - 0.6), rng.uniform(-5, 70)
        w, d, f, round_ = rng.uniform(0.3, 1.2), rng.uniform(0.4, 4), rng.uniform(0.72, 1.12), rng.random() < 0.35
        angles = np.linspace(0, 2 * math.pi, 13)[:-1] if round_ else np.array([0.8, 2.3, 3.9, 5.5])
        r = 0.35 if round_ else 1.0
        ring = np.stack([x + r * (1 if round_ else w) * np.cos(angles), np.zeros(len(angles)),
                         z + r * (1 if round_ else d) * np.sin(angles)], axis=1)  # fmt: skip
        shape = camera.polygon(ring)
        if shape is not None:
            colour = (street.asphalt[0] * f, street.asphalt[1] * f, street.asphalt[2] * f)
            canvas.fill(shape, light.shade(colour, up, abs(z - camera.z)))


def _roughen(canvas: Canvas, camera: Camera) -> None:
    """Multiply the ground by world-fixed roughness that fades where a texel shrinks below a pixel."""
    top = int(np.clip(horizon_row(camera) - abs(camera.roll) * WIDTH / 2 - 2, 0, HEIGHT - 2))
    rows = np.arange(top, HEIGHT, dtype=np.float64)
    angle = np.arctan((rows - HEIGHT / 2) / camera.focal) + camera.pitch
    distance = camera.y / np.tan(np.maximum(angle, 0.004))
    total = np.zeros((HEIGHT - top, WIDTH), np.float32)
    for texel, gain in ((0.015, 0.045), (0.09, 0.05)):
        plane = camera.plane(np.zeros(3), np.array([texel, 0, 0]), np.array([0, 0, texel]))
        plane = np.array([[1, 0, 0], [0, 1, -top], [0, 0, 1.0]]) @ plane
        layer = cv2.warpPerspective(
            _noise(7), plane, (WIDTH, HEIGHT - top), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_WRAP
        )
        # Foreshortened twice along the view: one texel covers f*texel*h/d^2 rows.
        seen = camera.focal * texel * np.sqrt(camera.y / distance) / distance
        total += layer * (gain * np.clip(seen, 0, 1)).astype(np.float32)[:, None]
    total = np.nan_to_num(total)  # the warp is undefined exactly on the horizon
    below = canvas.image[top:]
    below[:] = np.clip(below * (1.0 + total)[:, :, None], 0, 255).astype(np.uint8)


def cast_shadows(canvas: Canvas, camera: Camera, light: Light, outlines: list[tuple[Floats, bool]]) -> None:
    """Darken the ground under and beside things; each outline is world points and whether it is tall."""
    mask = np.zeros((HEIGHT, WIDTH), np.uint8)
    for points, tall in outlines:
        ground = points.copy()
        if light.sun_strength > 0.2:
            slide = np.minimum(points[:, 1] / max(light.sun[1], 0.25), 14.0)
            ground[:, 0] -= light.sun[0] * slide
            ground[:, 2] -= light.sun[2] * slide
        elif tall:
            continue
        else:
            centre = ground.mean(axis=0)
            ground = centre + (ground - centre) * 1.12
        flat = cv2.convexHull(ground[:, [0, 2]].astype(np.float32))[:, 0, :].astype(np.float64)
        shape = camera.polygon(np.stack([flat[:, 0], np.zeros(len(flat)), flat[:, 1]], axis=1))
        if shape is not None:
            fixed = np.round(np.clip(shape, -30000, 30000)).astype(np.int32)
            cv2.fillPoly(mask, [fixed], 255)
    soft = 5 if light.sun_strength > 0.2 else 19
    mask = cv2.blur(mask, (soft, soft))
    depth = min(0.62, 0.2 + light.sun_strength * 0.55) if light.sun_strength > 0.2 else 0.42
    rows = np.flatnonzero(mask.any(axis=1))
    if rows.size:
        part = slice(int(rows[0]), int(rows[-1]) + 1)
        keep = 1.0 - mask[part].astype(np.float32) * (depth / 255.0)
        canvas.image[part] = (canvas.image[part] * keep[:, :, None]).astype(np.uint8)


class _Strip:
    """Type of the strip painter handed around above."""

    def __call__(self, x0: float, x1: float, za: float, zb: float, colour: Colour, y: float = 0.0) -> None: ...
