"""Buildings, trees, hedges and street furniture: they hide objects but are never labelled."""

from __future__ import annotations

import functools
import math
from dataclasses import dataclass

import cv2
import numpy as np

from scenes.camera import HEIGHT, WIDTH, Floats
from scenes.canvas import Bytes, Canvas, Colour, Patch
from scenes.solids import Pose, View, keep, scaled, varied

_WALLS: tuple[Colour, ...] = (
    (182, 168, 148), (150, 96, 78), (196, 190, 180), (214, 200, 168), (128, 122, 118), (168, 140, 116),
    (140, 150, 160), (190, 150, 130), (110, 84, 74), (222, 216, 206),
)  # fmt: skip
TEXELS = 20  # facade texture resolution, texels per metre


def facade(rng: np.random.Generator, length: float, height: float, night: bool) -> Bytes:
    """Draw a house front (height*TEXELS, length*TEXELS, 3), row 0 at the eaves."""
    h, w = max(int(height * TEXELS), 8), max(int(length * TEXELS), 8)
    wall = varied(rng, _WALLS[int(rng.integers(len(_WALLS)))], 10)
    img = np.full((h, w, 3), wall, np.float32)
    img *= 1 + cv2.resize(rng.normal(0, 0.05, (h // 6 + 2, w // 6 + 2)).astype(np.float32), (w, h))[:, :, None]
    img *= 1 + rng.normal(0, 0.04, (h, w, 1)).astype(np.float32)
    if rng.random() < 0.5:
        img[:: max(TEXELS // 7, 2)] *= 0.9  # courses of brick
    storey, bay = int(rng.uniform(2.8, 3.5) * TEXELS), int(rng.uniform(1.8, 3.6) * TEXELS)
    ww, wh = int(bay * rng.uniform(0.4, 0.7)), int(storey * rng.uniform(0.45, 0.65))
    shop = rng.random() < 0.5
    ground = int(3.4 * TEXELS) if shop else 0
    frame = (235.0, 232.0, 226.0) if rng.random() < 0.6 else (60.0, 56.0, 52.0)
    y = h - ground - storey
    while y > 4:
        for x in range((bay - ww) // 2, w - ww, bay):
            _window(img, rng, (x, y + (storey - wh) // 2, ww, wh), frame, night)
        if rng.random() < 0.3:
            cv2.rectangle(img, (0, y + storey - 3), (w, y + storey), scaled(wall, 0.8), -1)
        y -= storey
    if shop:
        _shopfront(img, rng, h - ground, night)
    else:
        door = int(rng.uniform(0.1, 0.8) * w)
        cv2.rectangle(img, (door, h - int(2.1 * TEXELS)), (door + TEXELS, h), varied(rng, (80, 60, 50), 25), -1)
    cv2.rectangle(img, (0, 0), (w, int(0.35 * TEXELS)), scaled(wall, 0.7), -1)
    return np.clip(img, 0, 255).astype(np.uint8)


def _window(img: Floats, rng: np.random.Generator, box: tuple[int, int, int, int], frame: Colour, night: bool) -> None:
    x, y, w, h = box
    lit = night and rng.random() < 0.4
    glass: Colour = (250, 215, 150) if lit else varied(rng, (62, 72, 84), 16)
    if night and lit:
        glass = (glass[0] * 2.4, glass[1] * 2.4, glass[2] * 2.4)  # survives the night's dimming
    cv2.rectangle(img, (x - 2, y - 2), (x + w + 2, y + h + 2), frame, -1)
    cv2.rectangle(img, (x, y), (x + w, y + h), glass, -1)
    if not lit:
        cv2.rectangle(img, (x, y), (x + w, y + h // 3), scaled(glass, 1.5), -1)
    cv2.line(img, (x + w // 2, y), (x + w // 2, y + h), frame, 2)
    cv2.rectangle(img, (x - 3, y + h + 2), (x + w + 3, y + h + 5), (200, 198, 190), -1)


def _shopfront(img: Floats, rng: np.random.Generator, top: int, night: bool) -> None:
    h, w = img.shape[:2]
    cv2.rectangle(img, (0, top), (w, h), varied(rng, (70, 66, 64), 25), -1)
    board = varied(rng, (120, 70, 60), 50)
    cv2.rectangle(img, (0, top), (w, top + int(0.6 * TEXELS)), board, -1)
    for x in range(10, w - 30, 14):  # lettering, illegible at street distance
        if rng.random() < 0.6:
            cv2.rectangle(img, (x, top + 4), (x + int(rng.integers(3, 10)), top + 9), (225, 220, 205), -1)
    x = 8
    while x < w - 40:
        ww = int(rng.uniform(1.2, 3.0) * TEXELS)
        level = 420.0 if night and rng.random() < 0.6 else 80.0
        cv2.rectangle(
            img, (x, top + int(0.8 * TEXELS)), (min(x + ww, w - 4), h - 8), (level, level * 0.95, level * 0.8), -1
        )
        for _ in range(3):  # things in the window
            gx, gy = x + int(rng.uniform(0.1, 0.7) * ww), h - int(rng.uniform(0.5, 1.6) * TEXELS)
            cv2.rectangle(img, (gx, gy), (gx + 8, min(gy + 12, h - 9)), varied(rng, (130, 110, 100), 50), -1)
        x += ww + 8


@dataclass(frozen=True, slots=True, eq=False)
class Building:
    """A box beside the street from z0 to z1, its front in the plane x = side * front."""

    side: float
    front: float
    z0: float
    z1: float
    height: float
    face: Bytes
    end: Bytes

    def outline(self) -> Floats:
        x0, x1 = self.side * self.front, self.side * (self.front + 10)
        return np.array([(x, y, z) for x in (x0, x1) for y in (0.0, self.height) for z in (self.z0, self.z1)])

    def draw(self, canvas: Canvas, view: View) -> None:
        x, d = self.side * self.front, self.z1 - self.z0
        outer = x + self.side * 12
        if view.camera.z < self.z0:  # the gable turned to the camera
            _wall(canvas, view, (self.end, np.array([x, 0, self.z0]), np.array([outer - x, 0, 0]), self.height))
        _wall(canvas, view, (self.face, np.array([x, 0, self.z0]), np.array([0, 0, d]), self.height))


def _wall(canvas: Canvas, view: View, wall: tuple[Bytes, Floats, Floats, float]) -> None:
    """Warp a facade onto the upright rectangle from `origin` along `along`, `height` high."""
    texture, origin, along, height = wall
    up = np.array([0.0, height, 0.0])
    corners = np.array([origin, origin + along, origin + along + up, origin + up])
    points = view.camera.polygon(corners)
    if points is None:
        return
    low = np.maximum(np.floor(points.min(axis=0)).astype(int), 0)
    high = np.minimum(np.ceil(points.max(axis=0)).astype(int) + 1, (WIDTH, HEIGHT))
    if (high <= low).any():
        return
    depth = view.camera.to_camera(corners)[:, 2]
    near = max(float(depth.min()), 2.0)
    shrink = float(np.clip(view.camera.focal / (0.6 * near + 0.4 * max(float(depth.max()), 2.0)) / TEXELS, 0.08, 1.0))
    if shrink < 0.9:
        texture = cv2.resize(texture, None, fx=shrink, fy=shrink, interpolation=cv2.INTER_AREA)
    rows, columns = texture.shape[:2]
    plane = view.camera.plane(origin + up, along / columns, -up / rows)
    plane = np.array([[1, 0, -low[0]], [0, 1, -low[1]], [0, 0, 1.0]]) @ plane
    size = (int(high[0] - low[0]), int(high[1] - low[1]))
    warped = cv2.warpPerspective(texture, plane, size, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    mask = np.zeros((size[1], size[0]), np.uint8)
    cv2.fillPoly(mask, [np.round((points - low) * 16).astype(np.int32)], 255, cv2.LINE_AA, 4)
    normal = np.cross(along, up)
    normal = normal / np.linalg.norm(normal)
    if float(normal @ (view.camera.position - origin)) < 0:
        normal = -normal
    lit = np.array(view.light.shade((128, 128, 128), normal, 0.0)) / 128
    haze = 1 - math.exp(-view.light.haze_per_metre * float(np.clip(depth.mean(), 0, 300)))
    colour = warped * lit.astype(np.float32) * np.float32(1 - haze)
    colour += np.array(view.light.haze_colour, np.float32) * haze
    target = canvas.image[low[1] : high[1], low[0] : high[0]]
    alpha = (mask.astype(np.float32) / 255)[:, :, None]
    target[:] = np.clip(target + (np.clip(colour, 0, 255) - target) * alpha, 0, 255).astype(np.uint8)
    canvas.ids[low[1] : high[1], low[0] : high[0]][mask > 127] = 0


@functools.lru_cache(maxsize=16)
def crown(seed: int) -> Bytes:
    """A tree crown or bush as an RGBA sprite (256, 256, 4)."""
    rng = np.random.default_rng(seed)
    img = np.zeros((256, 256, 4), np.uint8)
    green = varied(rng, ((70, 96, 44), (92, 104, 50), (58, 82, 48), (120, 100, 48))[seed % 4], 8)
    for k in range(900):
        r = rng.uniform(0, 1) ** 0.5 * 96
        a = rng.uniform(0, 2 * math.pi)
        x, y = 128 + r * math.cos(a) * 0.95, 128 + r * math.sin(a)
        level = 0.45 + 0.55 * k / 900 + 0.25 * (96 - (y - 32)) / 192 + rng.normal(0, 0.1)
        c = [float(np.clip(v * level, 0, 255)) for v in green]
        cv2.circle(img, (int(x), int(y)), int(rng.uniform(2, 10)), (c[0], c[1], c[2], 255), -1, cv2.LINE_AA)
    return img


@dataclass(frozen=True, slots=True)
class Tree:
    """Trunk and crown; a bush has no trunk."""

    x: float
    z: float
    trunk: float
    width: float
    height: float
    sprite: int

    def draw(self, canvas: Canvas, view: View) -> None:
        base = np.array([[self.x, 0, self.z], [self.x, self.trunk + 0.6, self.z]])
        cam = view.camera.to_camera(base)
        if cam[:, 2].min() < 5.0:  # a crown this near would fill the picture
            return
        depth = float(cam[0, 2])
        if self.trunk > 0:
            canvas.draw(keep([view.tube(base[0], base[1], 0.05 + 0.025 * self.height, (74, 58, 46))]))
        centre = view.camera.pixels(view.camera.to_camera(
            np.array([[self.x, self.trunk + self.height / 2, self.z]])))[0]  # fmt: skip
        k = view.camera.focal / depth
        level = view.light.flat((255, 255, 255), 0.0)
        tint = (level[0] / 255 * 1.05, level[1] / 255 * 1.05, level[2] / 255)
        w, h = self.width * k * 1.25, self.height * k * 1.25
        canvas.paste(crown(self.sprite), centre[0] - w / 2, centre[1] - h / 2, w, h, tint)

    def outline(self) -> Floats:
        a = np.linspace(0, 2 * math.pi, 9)[:-1]
        ring = np.stack([self.x + np.cos(a) * self.width * 0.42, np.full(8, self.trunk + self.height / 2),
                         self.z + np.sin(a) * self.width * 0.42], axis=1)  # fmt: skip
        return ring


@dataclass(frozen=True, slots=True)
class Furniture:
    """Lamp posts, bollards, bins, benches, hedges, traffic lights and boxes."""

    kind: str
    x: float
    z: float
    scale: float
    colour: Colour

    def outline(self) -> Floats:
        w, h = {"lamp": (0.08, 6.0), "hedge": (0.5, 1.1), "light": (0.1, 3.2)}.get(self.kind, (0.25, 0.9))
        return np.array([(self.x + a * w, y, self.z + b * w) for a in (-1, 1) for b in (-1, 1) for y in (0.0, h)])

    def draw(self, canvas: Canvas, view: View) -> None:
        canvas.draw(keep(self._parts(view)))

    def _parts(self, view: View) -> list[Patch | None]:
        pose, side = Pose(self.x, self.z, 0.0), -1.0 if self.x > 0 else 1.0

        def rod(a: tuple[float, float, float], b: tuple[float, float, float], r: float, c: Colour) -> Patch | None:
            ends = pose.world(np.array([a, b]))
            return view.tube(ends[0], ends[1], r, c)

        if self.kind == "lamp":
            return [rod((0, 0, 0), (0, 6.5, 0), 0.07, self.colour),
                    rod((0, 6.5, 0), (side * 1.4, 6.9, 0), 0.05, self.colour),
                    rod((side * 1.0, 6.82, 0), (side * 1.7, 6.95, 0), 0.1, (210, 205, 190))]  # fmt: skip
        if self.kind == "light":
            lamps = [
                ((0, 3.05, -0.12), (200, 40, 30)),
                ((0, 2.8, -0.12), (60, 50, 20)),
                ((0, 2.55, -0.12), (20, 60, 30)),
            ]
            out = [rod((0, 0, 0), (0, 3.2, 0), 0.06, (58, 60, 60)), rod((0, 2.4, 0), (0, 3.2, 0), 0.16, (26, 28, 28))]
            for p, c in lamps:
                w = pose.world(np.array([p]))[0]
                out.append(view.capsule(w, w, 0.09, 0.09, c))
            return out
        if self.kind == "bollard":
            return [
                rod((0, 0, 0), (0, 0.9, 0), 0.07, self.colour),
                rod((0, 0.72, 0), (0, 0.8, 0), 0.072, (220, 220, 215)),
            ]
        size = {"bin": (0.28, 1.0, 0.28), "hedge": (0.5, 1.1, 2.5), "box": (0.4, 1.3, 0.3)}[self.kind]
        return self._block(view, pose, size)

    def _block(self, view: View, pose: Pose, size: tuple[float, float, float]) -> list[Patch | None]:
        w, h, d = size[0] * self.scale, size[1] * self.scale, size[2] * self.scale
        inside = pose.world(np.array([[0.0, h / 2, 0.0]]))[0]
        faces = [
            [(-w, 0, -d), (w, 0, -d), (w, h, -d), (-w, h, -d)], [(-w, 0, d), (w, 0, d), (w, h, d), (-w, h, d)],
            [(-w, 0, -d), (-w, 0, d), (-w, h, d), (-w, h, -d)], [(w, 0, -d), (w, 0, d), (w, h, d), (w, h, -d)],
            [(-w, h, -d), (w, h, -d), (w, h, d), (-w, h, d)],
        ]  # fmt: skip
        return [view.face(pose.world(np.array(f, dtype=np.float64)), self.colour, inside) for f in faces]


def random_furniture(rng: np.random.Generator, x: float, z: float) -> Furniture:
    kind = str(rng.choice(["lamp", "bollard", "bin", "box", "light", "hedge"], p=[0.3, 0.2, 0.15, 0.12, 0.08, 0.15]))
    colours: dict[str, Colour] = {"hedge": (58, 84, 42), "bin": (60, 80, 66), "box": (128, 132, 128)}
    return Furniture(kind, x, z, float(rng.uniform(0.85, 1.2)), varied(rng, colours.get(kind, (80, 84, 86)), 14))
