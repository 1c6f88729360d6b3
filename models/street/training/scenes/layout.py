"""Random streets: who stands, walks, rides and drives where, and from where a camera may look."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import numpy as np

from scenes.backdrop import Street
from scenes.bicycles import random_bicycle
from scenes.camera import Camera
from scenes.cars import random_car
from scenes.light import Light, random_light
from scenes.people import random_person
from scenes.scene import Actor, Scene
from scenes.signs import random_sign
from scenes.solids import varied
from scenes.surroundings import Building, Furniture, Tree, facade, random_furniture

RIGHT, LEFT = math.pi / 2, -math.pi / 2


def random_street(rng: np.random.Generator) -> Street:
    lanes = 4 if rng.random() < 0.25 else 2
    half_road = float(rng.uniform(5.8, 7.2) if lanes == 4 else rng.uniform(3.0, 4.8))
    half_walk = half_road + float(rng.uniform(1.8, 4.5))
    grey, light = float(rng.uniform(62, 118)), float(rng.uniform(125, 180))
    side = None
    if rng.random() < 0.45:
        start = float(rng.uniform(9, 34))
        side = (start, start + float(rng.uniform(6, 9)))
    green = rng.random() < 0.6
    return Street(
        half_road=half_road,
        half_walk=half_walk,
        half_front=half_walk + float(rng.uniform(0.0, 5.0)),
        lanes=lanes,
        asphalt=varied(rng, (grey, grey, grey * 1.02), 2),
        walk=varied(rng, (light, light * 0.98, light * 0.94), 4),
        verge=varied(rng, (88, 110, 58) if green else (140, 132, 118), 10),
        centre_line=str(rng.choice(["dashed", "solid", "double", "none"], p=[0.5, 0.2, 0.15, 0.15])),
        edge_line=bool(rng.random() < 0.4),
        crossing_z=float(rng.uniform(7, 25)) if rng.random() < 0.4 else None,
        side_street=side,
        seed=int(rng.integers(1 << 30)),
    )


@dataclass(slots=True)
class Ground:
    """Places already taken, as circles."""

    taken: list[tuple[float, float, float]] = field(default_factory=list)

    def claim(self, x: float, z: float, radius: float) -> bool:
        if any(math.hypot(x - a, z - b) < radius + r for a, b, r in self.taken):
            return False
        self.taken.append((x, z, radius))
        return True


def _depth(rng: np.random.Generator, near: float, far: float) -> float:
    """Distances evenly spread in apparent size rather than in metres."""
    return float(math.exp(rng.uniform(math.log(near), math.log(far))))


def random_cars(rng: np.random.Generator, street: Street, light: Light, ground: Ground) -> list[Actor]:
    out: list[Actor] = []
    for _ in range(int(rng.integers(2, 10))):
        car = random_car(rng, light.night)
        place = rng.random()
        z, heading, speed = _depth(rng, 5, 48), 0.0, float(rng.uniform(3, 12))
        if place < 0.5:  # driving along
            lane = street.half_road / 2 if street.lanes == 2 else street.half_road * float(rng.choice([0.25, 0.75]))
            side = 1.0 if rng.random() < 0.5 else -1.0
            x, heading = side * lane + float(rng.normal(0, 0.2)), 0.0 if side > 0 else math.pi
            heading += float(rng.normal(0, 0.05))
        elif place < 0.8:  # parked at the kerb
            side = 1.0 if rng.random() < 0.5 else -1.0
            x = side * (street.half_road - car.width / 2 - float(rng.uniform(0.05, 0.4)))
            heading, speed = (0.0 if rng.random() < 0.7 else math.pi) + float(rng.normal(0, 0.03)), 0.0
        elif street.side_street is not None and place < 0.92:  # crossing
            a, b = street.side_street
            z = a + (b - a) * (0.3 if rng.random() < 0.5 else 0.72)
            x, heading = float(rng.uniform(-12, 12)), RIGHT if rng.random() < 0.5 else LEFT
        else:  # turning or badly parked
            x, heading = float(rng.uniform(-1, 1)) * street.half_front * 1.1, float(rng.uniform(0, 2 * math.pi))
        if ground.claim(x, z, 0.36 * car.length):
            out.append(Actor(car, x, z, heading, speed, phase=float(rng.uniform(0, 6))))
    return out


def random_people(rng: np.random.Generator, street: Street, ground: Ground) -> list[Actor]:
    out: list[Actor] = []
    for _ in range(int(rng.integers(2, 10))):
        person, z = random_person(rng), _depth(rng, 3.5, 40)
        side = 1.0 if rng.random() < 0.5 else -1.0
        heading = (0.0 if rng.random() < 0.5 else math.pi) + float(rng.normal(0, 0.25))
        if rng.random() < 0.68:
            x = side * float(rng.uniform(street.half_road + 0.4, street.half_front + 0.2))
        else:
            x, heading = float(rng.uniform(-street.half_road, street.half_road)), RIGHT * side
            if street.crossing_z is not None and rng.random() < 0.7:
                z = street.crossing_z + float(rng.uniform(0.3, 2.7))
        if ground.claim(x, z, 0.3):
            speed = 0.0 if person.standing else float(rng.uniform(0.9, 1.7))
            out.append(Actor(person, x, z, heading, speed, phase=float(rng.uniform(0, 6))))
            if rng.random() < 0.25:  # company
                friend = random_person(rng)
                x2, z2 = x + float(rng.uniform(0.5, 0.8)), z + float(rng.normal(0, 0.2))
                if ground.claim(x2, z2, 0.15):
                    out.append(Actor(friend, x2, z2, heading, speed, phase=float(rng.uniform(0, 6))))
    return out


def random_bicycles(rng: np.random.Generator, street: Street, ground: Ground) -> list[Actor]:
    out: list[Actor] = []
    for _ in range(int(rng.integers(2, 8))):
        side, z = 1.0 if rng.random() < 0.5 else -1.0, _depth(rng, 3.5, 28)
        ridden = rng.random() < 0.5
        rider = random_person(rng) if ridden else None
        bike = random_bicycle(rng, rider)
        if ridden:
            x = side * float(rng.uniform(0.2, street.half_road - 0.4))
            heading = 0.0 if side > 0 else math.pi
            if rng.random() < 0.35:
                heading = float(rng.choice([RIGHT, LEFT]))
            heading += float(rng.normal(0, 0.3))
        else:
            x = side * float(rng.uniform(street.half_road + 0.4, street.half_walk - 0.2))
            heading = float(rng.uniform(0, 2 * math.pi)) if rng.random() < 0.6 else float(rng.normal(RIGHT, 0.3))
        if ground.claim(x, z, 0.75):
            speed = float(rng.uniform(2.5, 5.5)) if ridden else 0.0
            out.append(Actor(bike, x, z, heading, speed, phase=float(rng.uniform(0, 6))))
    return out


def random_signs(rng: np.random.Generator, street: Street, ground: Ground) -> list[Actor]:
    out: list[Actor] = []
    for _ in range(int(rng.integers(1, 6))):
        side, z = 1.0 if rng.random() < 0.6 else -1.0, _depth(rng, 5, 30)
        x = side * float(rng.uniform(street.half_road + 0.35, max(street.half_walk - 0.3, street.half_road + 0.6)))
        if ground.claim(x, z, 0.35):
            out.append(Actor(random_sign(rng), x, z, float(rng.normal(0, 0.35))))
    return out


def random_buildings(rng: np.random.Generator, street: Street, night: bool) -> tuple[Building, ...]:
    out: list[Building] = []
    for side in (-1.0, 1.0):
        if rng.random() < 0.2:  # a park instead
            continue
        z = float(rng.uniform(-14, -4))
        while z < 110:
            length, height = float(rng.uniform(8, 18)), float(rng.uniform(5, 17))
            if street.side_street is not None:
                a, b = street.side_street
                if z < b + 2 and z + length > a - 2:
                    length = a - 2 - z
                    if length < 4:
                        z = b + 2.5
                        continue
            shown = length if z < 60 else 6.0  # far fronts need no texture of their own length
            face = facade(rng, shown, height, night)
            end = facade(rng, 8.0, height, night)
            out.append(Building(side, street.half_front, z, z + length, height, face, end))
            z += length + (float(rng.uniform(0, 5)) if rng.random() < 0.3 else 0.0)
    return tuple(out)


def random_greenery(rng: np.random.Generator, street: Street, buildings: tuple[Building, ...]) -> tuple[Tree, ...]:
    out: list[Tree] = []
    for side in (-1.0, 1.0):
        park = not any(b.side == side for b in buildings)
        if park or rng.random() < 0.4:
            z = float(rng.uniform(4, 12))
            while z < 90:
                x = side * (street.half_walk + float(rng.uniform(0.3, 1.0)) - (0 if park else 1.2))
                if not _in_side_street(street, z):
                    h = float(rng.uniform(3.2, 6.0))
                    trunk = float(rng.uniform(2.2, 3.0))
                    out.append(Tree(x, z, trunk, h * float(rng.uniform(0.7, 1.0)), h, int(rng.integers(12))))
                z += float(rng.uniform(6, 14))
        if park:
            for _ in range(14):
                x, z = side * (street.half_walk + float(rng.uniform(4, 30))), _depth(rng, 8, 90)
                if not _in_side_street(street, z):
                    h = float(rng.uniform(2, 8))
                    bush = rng.random() < 0.4
                    out.append(Tree(x, z, 0.0 if bush else 2.0, h, h * 0.9, int(rng.integers(12))))
    return tuple(out)


def _in_side_street(street: Street, z: float) -> bool:
    return street.side_street is not None and street.side_street[0] - 2.5 < z < street.side_street[1] + 2.5


def random_extras(rng: np.random.Generator, street: Street, ground: Ground) -> tuple[Furniture, ...]:
    out: list[Furniture] = []
    for _ in range(int(rng.integers(3, 14))):
        side, z = 1.0 if rng.random() < 0.5 else -1.0, _depth(rng, 5, 60)
        x = side * (street.half_road + float(rng.uniform(0.3, 0.7)))
        if not _in_side_street(street, z):
            item = random_furniture(rng, x, z)
            if item.kind == "hedge":
                item = Furniture(item.kind, side * (street.half_walk + 0.6), z, item.scale, item.colour)
            if ground.claim(item.x, z, 0.4):
                out.append(item)
    return tuple(out)


def random_scene(rng: np.random.Generator, weather: str | None = None) -> Scene:
    street, light, ground = random_street(rng), random_light(rng, weather), Ground()
    actors: list[Actor] = random_cars(rng, street, light, ground)
    actors += random_bicycles(rng, street, ground)
    actors += random_signs(rng, street, ground)
    actors += random_people(rng, street, ground)
    buildings = random_buildings(rng, street, light.night)
    greenery = random_greenery(rng, street, buildings)
    extras = random_extras(rng, street, ground)
    return Scene(street, light, tuple(actors), buildings, greenery, extras, int(rng.integers(1 << 30)))


def random_camera(rng: np.random.Generator, street: Street) -> Camera:
    """A dashboard, a pavement or a pole camera."""
    focal = 640.0 / math.tan(math.radians(float(rng.uniform(46, 74))) / 2)
    roll = float(rng.normal(0, 0.008))
    kind = rng.random()
    z = float(rng.uniform(-3, 3))
    if kind < 0.45:  # dashboard
        x = street.half_road * (0.5 if street.lanes == 2 else float(rng.choice([0.25, 0.75])))
        return Camera(
            x, float(rng.uniform(1.15, 1.7)), z, float(rng.normal(0, 0.1)), float(rng.normal(0.03, 0.03)), roll, focal
        )
    side = 1.0 if rng.random() < 0.5 else -1.0
    if kind < 0.7:  # on the pavement
        x = side * (street.half_road + float(rng.uniform(0.3, 1.5)))
        yaw = -side * abs(float(rng.normal(0.15, 0.2)))
        return Camera(x, float(rng.uniform(1.4, 2.2)), z, yaw, float(rng.normal(0.04, 0.03)), roll, focal)
    x = side * (street.half_road + float(rng.uniform(0.0, 1.5)))  # on a pole
    height = float(rng.uniform(2.8, 6.5))
    yaw = -side * abs(float(rng.normal(0.25, 0.15)))
    return Camera(x, height, z, yaw, float(rng.uniform(0.1, 0.18)) + 0.018 * height, roll, focal)
