"""The three shots of the demo clip: what is where, how it moves, and the camera's path.

Seeds of the clip are apart from those of the training and validation frames. Nothing enters or leaves at the far
end: movers start or stop within the range in which they are drawn, so that nothing pops up.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from scenes.backdrop import Street
from scenes.bicycles import random_bicycle
from scenes.camera import Camera
from scenes.cars import random_car
from scenes.layout import LEFT, RIGHT, random_buildings, random_greenery
from scenes.light import random_light
from scenes.people import random_person
from scenes.photo import Finish
from scenes.scene import Actor, Scene
from scenes.signs import Sign, random_sign
from scenes.solids import varied
from scenes.surroundings import Furniture, Tree

FPS = 30
NORTH, SOUTH = 0.0, math.pi


@dataclass(frozen=True)
class Shot:
    """A scene, the camera at time t, the finish and the number of frames."""

    scene: Scene
    camera: Callable[[float], Camera]
    finish: Finish
    frames: int


def _street(
    rng: np.random.Generator, half_road: float, side: tuple[float, float] | None, zebra: float | None
) -> Street:
    return Street(
        half_road=half_road, half_walk=half_road + 3.2, half_front=half_road + 4.2, lanes=2,
        asphalt=varied(rng, (88, 88, 91), 6), walk=varied(rng, (152, 149, 142), 6), verge=varied(rng, (92, 112, 62), 6),
        centre_line="dashed", edge_line=False, crossing_z=zebra, side_street=side, seed=int(rng.integers(1 << 30)),
    )  # fmt: skip


def _walker(rng: np.random.Generator, x: float, z: float, heading: float, speed: float = 1.3) -> Actor:
    person = replace(random_person(rng), standing=speed == 0)
    return Actor(person, x, z, heading, speed, phase=float(rng.uniform(0, 6)))


def _driver(
    rng: np.random.Generator, night: bool, place: tuple[float, float, float], speed: float, run: float
) -> Actor:
    return Actor(random_car(rng, night), *place, speed, run)


def _rider(rng: np.random.Generator, x: float, z: float, heading: float, speed: float) -> Actor:
    return Actor(random_bicycle(rng, random_person(rng)), x, z, heading, speed, phase=float(rng.uniform(0, 6)))


def _parked_bike(rng: np.random.Generator, x: float, z: float, heading: float) -> Actor:
    return Actor(random_bicycle(rng, None), x, z, heading, phase=float(rng.uniform(0, 6)))


def _sign(rng: np.random.Generator, kind: str, x: float, z: float, turn: float = 0.0) -> Actor:
    sign: Sign = replace(random_sign(rng), kind=kind, text="30", radius=0.42)
    return Actor(sign, x, z, turn)


def _assemble(rng: np.random.Generator, street: Street, weather: str, actors: list[Actor], lamps: list[float]) -> Scene:
    light = random_light(rng, weather)
    buildings = random_buildings(rng, street, light.night)
    trees: tuple[Tree, ...] = tuple(t for t in random_greenery(rng, street, buildings) if t.z > 14)
    posts = tuple(Furniture("lamp", s * (street.half_road + 0.5), z, 1.0, (84, 88, 90)) for z in lamps for s in (-1, 1))
    return Scene(street, light, tuple(actors), buildings, trees, posts, int(rng.integers(1 << 30)))


def crossing(seed: int) -> Shot:
    """A sunny crossing seen from a pole that does not move."""
    rng = np.random.default_rng(seed)
    street = _street(rng, 4.2, (20.0, 28.0), 13.0)
    e = street.half_road
    actors = [
        _driver(rng, False, (2.1, 3.0, NORTH), 4.5, 24.0),
        _driver(rng, False, (-2.1, 36.0, SOUTH), 5.0, 18.0),
        _driver(rng, False, (11.0, 25.8, LEFT), 3.4, 40.0),
        _driver(rng, False, (e - 1.05, 37.0, NORTH), 0.0, 1.0),
        _walker(rng, -e - 0.5, 14.0, RIGHT, 1.35),
        _walker(rng, e + 0.8, 15.2, LEFT, 1.2),
        _walker(rng, -e - 1.6, 9.0, NORTH, 1.3),
        _walker(rng, -e - 2.2, 9.4, NORTH, 1.3),
        _walker(rng, e + 1.8, 18.0, SOUTH, 0.0),
        _rider(rng, -1.0, 24.5, SOUTH, 2.6),
        _parked_bike(rng, -e - 1.0, 17.5, 1.2),
        _parked_bike(rng, e + 1.1, 11.3, 1.9),
        _sign(rng, "limit", e + 0.6, 17.0),
        _sign(rng, "yield", -e - 0.6, 18.6, 0.15),
        _sign(rng, "parking", -e - 0.7, 12.0, -0.1),
    ]
    scene = _assemble(rng, street, "sunny", actors, [31.0])
    camera = Camera(3.0, 4.2, 0.0, -0.14, 0.17, 0.0, 900.0)
    return Shot(scene, lambda t: camera, Finish(1.15, 0.95, 0.95, (1.02, 1.0, 0.98), 0.85, 0.15, 0.6, 1.4, None), 165)


def drive(seed: int) -> Shot:
    """Slowly down an overcast street behind a cyclist, seen through the windscreen."""
    rng = np.random.default_rng(seed)
    street = _street(rng, 4.6, None, None)
    e = street.half_road
    actors = [
        _driver(rng, False, (1.9, 15.0, NORTH), 5.0, 60.0),
        _driver(rng, False, (-1.9, 44.0, SOUTH), 3.2, 60.0),
        _driver(rng, False, (e - 0.95, 20.0, NORTH), 0.0, 1.0),
        _driver(rng, False, (e - 0.95, 26.0, NORTH), 0.0, 1.0),
        _driver(rng, False, (-e + 0.95, 22.0, SOUTH), 0.0, 1.0),
        _driver(rng, False, (-e + 0.95, 33.0, SOUTH), 0.0, 1.0),
        _rider(rng, 3.6, 12.0, NORTH, 4.2),
        _rider(rng, -2.6, 30.0, SOUTH, 2.0),
        _walker(rng, e + 1.2, 14.0, NORTH, 1.4),
        _walker(rng, e + 2.0, 25.0, SOUTH, 1.2),
        _walker(rng, -e - 1.3, 18.0, SOUTH, 1.3),
        _walker(rng, -e - 1.8, 32.0, NORTH, 0.0),
        _parked_bike(rng, e + 1.0, 19.0, 0.3),
        _parked_bike(rng, -e - 0.8, 24.0, 1.4),
        _parked_bike(rng, e + 1.2, 27.0, 1.2),
        _sign(rng, "warning", e + 0.5, 16.0),
        _sign(rng, "stop", e + 0.6, 28.5),
        _sign(rng, "ban", -e - 0.6, 20.0, 0.1),
    ]
    scene = _assemble(rng, street, "overcast", actors, [40.0, 65.0])

    def camera(t: float) -> Camera:
        sway = 0.004 * math.sin(2.1 * t)
        return Camera(
            1.9 + 0.05 * math.sin(0.8 * t), 1.45, 3.4 * t, sway, 0.03 + 0.002 * math.sin(7 * t), 0.3 * sway, 930.0
        )

    return Shot(scene, camera, Finish(1.2, 0.95, 0.95, (1.0, 1.0, 1.0), 0.9, 0.2, 0.6, 1.6, None), 165)


def evening(seed: int) -> Shot:
    """A side view from the pavement as lamps come on, the camera turning slowly."""
    rng = np.random.default_rng(seed)
    street = _street(rng, 4.0, (15.0, 22.0), 9.0)
    e = street.half_road
    actors = [
        _driver(rng, True, (-2.0, 34.0, SOUTH), 4.6, 19.0),
        _driver(rng, True, (2.0, 6.0, NORTH), 3.0, 24.0),
        _driver(rng, True, (-9.0, 17.0, RIGHT), 2.4, 14.0),
        _driver(rng, True, (-e + 0.95, 27.0, NORTH), 0.0, 1.0),
        _walker(rng, e + 0.4, 10.0, LEFT, 1.3),
        _walker(rng, -e - 0.6, 11.0, RIGHT, 1.2),
        _walker(rng, -e - 1.5, 12.5, SOUTH, 0.0),
        _walker(rng, e + 1.6, 13.0, SOUTH, 0.6),
        _rider(rng, -3.2, 19.0, SOUTH, 2.0),
        _parked_bike(rng, -e - 1.4, 9.5, 0.4),
        _parked_bike(rng, e + 0.8, 12.3, 1.7),
        _sign(rng, "order", -e - 0.6, 13.6, 0.2),
        _sign(rng, "priority", e + 0.6, 14.4),
    ]
    scene = _assemble(rng, street, "dusk", actors, [12.0, 26.0])

    def camera(t: float) -> Camera:
        return Camera(e - 0.4, 1.9, 0.0, -0.3 + 0.022 * t, 0.05, 0.0, 880.0)

    return Shot(scene, camera, Finish(1.35, 0.9, 0.95, (1.0, 1.0, 1.0), 0.85, 0.2, 0.6, 2.0, None), 150)


def shots() -> list[Shot]:
    return [crossing(90_001), drive(90_002), evening(90_003)]
