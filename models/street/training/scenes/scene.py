"""A populated street at a moment in time, rendered with its exact ground truth."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from scenes.backdrop import KERB, Street, cast_shadows, paint_ground, paint_sky
from scenes.bicycles import Bicycle
from scenes.camera import Camera, Floats
from scenes.canvas import Bytes, Canvas, Patch, Silhouette
from scenes.cars import Car
from scenes.light import Light
from scenes.people import Person
from scenes.signs import Sign
from scenes.solids import Pose, View
from scenes.surroundings import Building, Furniture, Tree
from scenes.truth import Truth, label

CLASSES = ("car", "person", "bicycle", "road_sign")
# Objects whose full silhouette is lower than this many pixels of the 720-line frame are not drawn at all.
MIN_HEIGHT = {"car": 30.0, "person": 44.0, "bicycle": 36.0, "road_sign": 28.0}

Body = Car | Person | Bicycle | Sign


@dataclass(frozen=True, slots=True)
class Actor:
    """A body and its motion: straight ahead at `speed` m/s, halting smoothly once `run` metres are done."""

    body: Body
    x: float
    z: float
    heading: float
    speed: float = 0.0
    run: float = math.inf
    phase: float = 0.0

    def pose(self, t: float, street: Street) -> Pose:
        way = self.speed * t
        if way > 0.6 * self.run:  # brake: same slope at first, then towards `run`
            soft = 0.4 * self.run
            way = self.run - soft * math.exp(-(way - 0.6 * self.run) / soft)
        x, z = self.x + way * math.sin(self.heading), self.z + way * math.cos(self.heading)
        turn = {Person: 3.6, Bicycle: 2.9, Car: 3.0}.get(type(self.body), 0.0)
        raised = isinstance(self.body, Person | Sign) or (isinstance(self.body, Bicycle) and self.speed == 0)
        y = KERB if raised and street.pavement_at(x, z) else 0.0
        return Pose(x, z, self.heading, self.phase + turn * way, y)

    @property
    def label(self) -> str:
        names = {Car: "car", Person: "person", Bicycle: "bicycle", Sign: "road_sign"}
        return names[type(self.body)]

    def full_height(self) -> float:
        """Metres of the labelled part, for the minimum size."""
        if isinstance(self.body, Sign):
            return 2 * self.body.half_height
        return self.body.height if isinstance(self.body, Car | Person) else 1.06


@dataclass(frozen=True, slots=True)
class Scene:
    """Everything that does not depend on the moment or on the camera."""

    street: Street
    light: Light
    actors: tuple[Actor, ...]
    buildings: tuple[Building, ...]
    greenery: tuple[Tree, ...]
    furniture: tuple[Furniture, ...]
    seed: int


@dataclass(slots=True)
class _Drawn:
    object_id: int
    name: str
    silhouette: Silhouette


def render(scene: Scene, camera: Camera, t: float) -> tuple[Bytes, list[Truth]]:
    """Paint the scene at time `t` seconds: RGB (720, 1280, 3) and the labelled objects."""
    canvas, view = Canvas(), View(camera, scene.light)
    poses = [a.pose(t, scene.street) for a in scene.actors]
    paint_sky(canvas, camera, scene.light, scene.seed, drift=4.0 * t)
    paint_ground(canvas, camera, scene.light, scene.street)
    _shadows(canvas, view, scene, poses)
    if scene.light.night:
        _pools(canvas, view, scene, poses)
    painters = _ordered(scene, camera, poses)
    drawn: list[_Drawn] = []
    for _, item in painters:
        if isinstance(item, int):
            drawn += _paint_actor(canvas, view, scene.actors[item], poses[item], len(drawn) + 1)
        else:
            item.draw(canvas, view)
    return canvas.image, label(canvas.ids, [(d.object_id, d.name, d.silhouette) for d in drawn])


def _ordered(scene: Scene, camera: Camera, poses: list[Pose]) -> list[tuple[float, int | Building | Tree | Furniture]]:
    """All painted things, farthest first."""
    items: list[tuple[float, int | Building | Tree | Furniture]] = []
    for b in scene.buildings:
        items.append((max(camera.depth(b.side * b.front, 0, b.z1), camera.depth(b.side * b.front, 0, b.z0)), b))
    items += [(camera.depth(t.x, 0, t.z), t) for t in scene.greenery]
    items += [(camera.depth(f.x, 0, f.z), f) for f in scene.furniture]
    items += [(camera.depth(p.x, 0, p.z), i) for i, p in enumerate(poses)]
    return sorted(items, key=lambda entry: -entry[0])


def _paint_actor(canvas: Canvas, view: View, actor: Actor, pose: Pose, first_id: int) -> list[_Drawn]:
    """Draw one actor, a rider as a person of its own; returns what may be labelled."""
    depth = view.camera.depth(pose.x, 0.8, pose.z)
    body = actor.body
    if depth < 0.8 and not isinstance(body, Car):
        return []
    if actor.full_height() * view.camera.focal / max(depth, 0.5) < MIN_HEIGHT[actor.label]:
        return []
    parts: list[tuple[str, list[Patch]]] = []
    if isinstance(body, Sign):
        canvas.draw(body.pole_patches(pose, view))
    parts.append((actor.label, body.patches(pose, view)))
    if isinstance(body, Bicycle) and body.rider is not None:
        parts.append(("person", body.rider.riding(pose, view)))
    out: list[_Drawn] = []
    for name, patches in parts:
        silhouette = canvas.draw(patches, first_id + len(out))
        if silhouette is not None:
            out.append(_Drawn(first_id + len(out), name, silhouette))
    if isinstance(body, Car) and (body.lamps_on or body.braking):
        _lamps(canvas, view, body, pose)
    return out


def _lamps(canvas: Canvas, view: View, car: Car, pose: Pose) -> None:
    """Glare of lamps that face the camera; it brightens pixels and hides nothing."""
    heads, tails = car.lamp_points(pose)
    ahead = np.array([math.sin(pose.heading), 0.0, math.cos(pose.heading)])
    facing = float(ahead @ (view.camera.position - np.array([pose.x, 0.8, pose.z]))) > 0
    lamps = heads if facing else tails
    cam = view.camera.to_camera(lamps)
    if cam[:, 2].min() < 1.0:
        return
    dim = 1.0 if view.light.night else 0.3
    reach = 0.55 if facing and car.lamps_on else 0.25
    colour = (170 * dim, 160 * dim, 130 * dim) if facing else (150 * dim, 20 * dim, 15 * dim)
    if facing and not car.lamps_on:
        return
    for (px, py), z in zip(view.camera.pixels(cam), cam[:, 2], strict=True):
        canvas.glow(float(px), float(py), reach * view.camera.focal / float(z), colour)


def _shadows(canvas: Canvas, view: View, scene: Scene, poses: list[Pose]) -> None:
    outlines: list[tuple[Floats, bool]] = []
    for actor, pose in zip(scene.actors, poses, strict=True):
        if view.camera.depth(pose.x, 0, pose.z) < 70:
            outlines.append((pose.world(actor.body.outline()), isinstance(actor.body, Sign)))
    outlines += [(b.outline(), True) for b in scene.buildings]
    outlines += [(g.outline(), g.trunk > 0) for g in scene.greenery]
    outlines += [(f.outline(), f.kind in ("lamp", "light")) for f in scene.furniture]
    cast_shadows(canvas, view.camera, scene.light, outlines)


def _pools(canvas: Canvas, view: View, scene: Scene, poses: list[Pose]) -> None:
    """Light of street lamps and headlights on the road, at night."""
    spots = [(f.x * 0.7, f.z, 4.5, (70.0, 60.0, 40.0)) for f in scene.furniture if f.kind == "lamp"]
    for actor, pose in zip(scene.actors, poses, strict=True):
        if isinstance(actor.body, Car) and actor.body.lamps_on:
            spots.append(
                (pose.x + 6 * math.sin(pose.heading), pose.z + 6 * math.cos(pose.heading), 2.2, (70.0, 66.0, 54.0))
            )
    for x, z, radius, colour in spots:
        cam = view.camera.to_camera(np.array([[x, 0.0, z]]))
        if cam[0, 2] > 2.0:
            px, py = view.camera.pixels(cam)[0]
            k = view.camera.focal / float(cam[0, 2])
            _ellipse_glow(
                canvas,
                (float(px), float(py)),
                (radius * k, radius * k * min(1.0, view.camera.y / float(cam[0, 2]))),
                colour,
            )


def _ellipse_glow(
    canvas: Canvas, centre: tuple[float, float], radii: tuple[float, float], colour: tuple[float, float, float]
) -> None:
    h, w = canvas.image.shape[:2]
    (x, y), (rx, ry) = centre, (max(radii[0], 2.0), max(radii[1], 2.0))
    x0, x1 = int(np.clip(x - rx, 0, w)), int(np.clip(x + rx, 0, w))
    y0, y1 = int(np.clip(y - ry, 0, h)), int(np.clip(y + ry, 0, h))
    if x1 <= x0 or y1 <= y0:
        return
    gx, gy = ((np.arange(x0, x1) - x) / rx) ** 2, ((np.arange(y0, y1) - y) / ry) ** 2
    weight = np.exp(-4.0 * (gy[:, None] + gx[None, :])).astype(np.float32)[:, :, None]
    target = canvas.image[y0:y1, x0:x1]
    target[:] = np.minimum(target + weight * np.array(colour, np.float32), 255).astype(np.uint8)
