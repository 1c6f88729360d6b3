"""Pedestrians and riders: a jointed skeleton dressed in capsules."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from scenes.camera import Floats
from scenes.canvas import Colour, Patch, hull
from scenes.solids import Pose, View, keep, scaled, varied

_TOPS: tuple[Colour, ...] = (
    (30, 32, 40), (60, 62, 70), (170, 170, 172), (225, 222, 215), (150, 30, 32), (190, 70, 40), (200, 165, 60),
    (40, 80, 50), (35, 60, 120), (80, 130, 180), (110, 60, 110), (200, 130, 150), (120, 90, 60), (60, 120, 120),
)  # fmt: skip
_BOTTOMS: tuple[Colour, ...] = (
    (28, 30, 36), (45, 55, 85), (70, 85, 115), (95, 90, 80), (150, 140, 120), (60, 50, 42), (190, 185, 175),
)  # fmt: skip
_SKINS: tuple[Colour, ...] = ((236, 200, 176), (214, 168, 138), (176, 126, 94), (128, 86, 62), (84, 56, 42))
_HAIRS: tuple[Colour, ...] = ((24, 20, 18), (54, 38, 26), (96, 66, 38), (170, 135, 80), (130, 128, 126))


UP = np.array([0.0, 1.0, 0.0])


@dataclass(frozen=True, slots=True)
class Person:
    """One person; all looks are fixed here."""

    height: float
    build: float  # thickness factor
    top: Colour
    bottom: Colour
    skin: Colour
    hair: Colour
    shoes: Colour
    coat: bool
    skirt: bool
    shorts: bool
    hat: Colour | None
    backpack: Colour | None
    bag: Colour | None
    standing: bool
    swing: float

    @property
    def size(self) -> tuple[float, float]:
        return 0.3, 0.3

    def outline(self) -> Floats:
        w = 0.22 * self.build
        return np.array([(x, y * self.height, z) for x in (-w, w) for z in (-w, w) for y in (0.0, 0.5, 0.97)])

    def patches(self, pose: Pose, view: View) -> list[Patch]:
        return self._dress(pose, view, self._walk(pose.phase))

    def riding(self, pose: Pose, view: View) -> list[Patch]:
        """The same person on a bicycle whose pose this is."""
        return self._dress(pose, view, self._ride(pose.phase))

    def _walk(self, phase: float) -> dict[str, tuple[float, float, float]]:
        h = self.height
        amp = 0.05 if self.standing else self.swing
        bob = 0.012 * h * math.cos(2 * phase) * (0 if self.standing else 1)
        hip_y, knee, shin = 0.52 * h + bob, 0.26 * h, 0.245 * h
        j: dict[str, tuple[float, float, float]] = {
            "head": (0, 0.93 * h + bob, 0.02), "neck": (0, 0.84 * h + bob, 0), "pelvis": (0, hip_y, 0),
        }  # fmt: skip
        for side, sign, turn in (("l", -1.0, 0.0), ("r", 1.0, math.pi)):
            a = amp * math.sin(phase + turn)
            bend = max(0.0, math.cos(phase + turn)) * amp * 1.3 + 0.06
            x = sign * 0.055 * h
            j["hip" + side] = (x, hip_y, 0)
            ky, kz = hip_y - knee * math.cos(a), knee * math.sin(a)
            j["knee" + side] = (x * 1.05, ky, kz)
            b = a - bend
            j["foot" + side] = (x * 1.05, max(ky - shin * math.cos(b), 0.03), kz + shin * math.sin(b))
            s = -a * 0.9
            sx = sign * 0.112 * h * self.build**0.5
            j["shoulder" + side] = (sx, 0.81 * h + bob, 0)
            ey, ez = 0.81 * h + bob - 0.17 * h * math.cos(s), 0.17 * h * math.sin(s)
            j["elbow" + side] = (sx * 1.18, ey, ez)
            f = s + 0.35
            j["hand" + side] = (sx * 1.15, ey - 0.16 * h * math.cos(f), ez + 0.16 * h * math.sin(f))
        return j

    def _ride(self, phase: float) -> dict[str, tuple[float, float, float]]:
        h = self.height / 1.75
        j: dict[str, tuple[float, float, float]] = {
            "head": (0, 1.62 * h + 0.06, 0.24), "neck": (0, 1.48 * h + 0.04, 0.16), "pelvis": (0, 0.98, -0.26),
        }  # fmt: skip
        for side, sign, turn in (("l", -1.0, 0.0), ("r", 1.0, math.pi)):
            fy, fz = 0.3 + 0.17 * math.sin(phase + turn), 0.03 + 0.17 * math.cos(phase + turn)
            j["hip" + side] = (sign * 0.1, 0.96, -0.26)
            my, mz = (0.96 + fy) / 2, (-0.26 + fz) / 2
            gap = math.hypot(0.96 - fy, -0.26 - fz)
            out = math.sqrt(max(0.43**2 - (gap / 2) ** 2, 0.01))
            j["knee" + side] = (sign * 0.12, my + out * 0.35, mz + out * 0.93)
            j["foot" + side] = (sign * 0.12, fy, fz)
            j["shoulder" + side] = (sign * 0.19, 1.43 * h + 0.03, 0.13)
            j["elbow" + side] = (sign * 0.25, 1.2, 0.28)
            j["hand" + side] = (sign * 0.24, 1.06, 0.46)
        return j

    def _dress(self, pose: Pose, view: View, joints: dict[str, tuple[float, float, float]]) -> list[Patch]:
        names = list(joints)
        world = dict(zip(names, pose.world(np.array([joints[n] for n in names])), strict=True))
        right = world["hipr"] - world["hipl"]
        far, near = (
            ("l", "r") if float(right @ (view.camera.position - pose.world(np.zeros((1, 3)))[0])) > 0 else ("r", "l")
        )
        out = self._leg(view, world, far) + self._arm(view, world, far)
        facing = pose.world(np.array([[0.0, 0, 1.0], [0.0, 0, 0]]))
        to_camera = float((facing[0] - facing[1]) @ (view.camera.position - facing[1])) > 0
        pack = self._pack(pose, view, world)
        out += pack if to_camera else []
        out += self._leg(view, world, near)
        out += self._torso(view, world, right)
        out += [] if to_camera else pack
        out += self._head(pose, view, world, to_camera)
        out += self._arm(view, world, near)
        if self.bag is not None:
            hand = world["hand" + near]
            out.append(view.capsule(hand - 0.1 * UP, hand - 0.32 * UP, 0.07, 0.13, self.bag))
        return keep(out)

    def _leg(self, view: View, w: dict[str, Floats], s: str) -> list[Patch | None]:
        b = self.build * self.height / 1.75
        shade = scaled(self.bottom, 0.85 if s == "l" else 1.0)
        lower = self.skin if self.shorts or self.skirt else shade
        foot = w["foot" + s]
        toe = foot + (w["head"] - w["neck"]) * np.array([1.5, 0.0, 1.5])
        return [
            view.capsule(foot, toe - 0.01 * UP, 0.045 * b, 0.04 * b, self.shoes),
            view.capsule(w["knee" + s], foot, 0.055 * b, 0.042 * b, lower),
            view.capsule(w["hip" + s], w["knee" + s], 0.085 * b, 0.06 * b, shade),
        ]

    def _arm(self, view: View, w: dict[str, Floats], s: str) -> list[Patch | None]:
        b = self.build * self.height / 1.75
        sleeve = scaled(self.top, 0.82 if s == "l" else 0.92)
        return [
            view.capsule(w["elbow" + s], w["hand" + s], 0.04 * b, 0.032 * b, sleeve),
            view.capsule(w["hand" + s], w["hand" + s] - 0.03 * UP, 0.035, 0.035, self.skin),
            view.capsule(w["shoulder" + s], w["elbow" + s], 0.055 * b, 0.042 * b, sleeve),
        ]

    def _torso(self, view: View, w: dict[str, Floats], right: Floats) -> list[Patch | None]:
        b = self.build * self.height / 1.75
        parts = [
            view.capsule(w["shoulderl"], w["shoulderr"], 0.065 * b, 0.065 * b, self.top),
            view.capsule(w["hipl"], w["hipr"], 0.085 * b, 0.085 * b, self.top),
            view.capsule(w["neck"], w["pelvis"], 0.11 * b, 0.12 * b, self.top),
        ]
        solid = keep(list(parts))
        if len(solid) < 3:
            return []
        body = Patch(hull(np.concatenate([p.points for p in solid])), solid[0].colour)
        out: list[Patch | None] = [body]
        lit = view.light.sun[0] * view.camera.rotation[0][0] + view.light.sun[2] * view.camera.rotation[0][2]
        centre = body.points.mean(axis=0)
        strip = centre + (body.points - centre) * np.array([0.55, 0.9])
        strip[:, 0] += np.sign(lit) * 0.22 * np.ptp(body.points[:, 0])
        level = 1.0 + 0.18 * view.light.sun_strength
        out.append(Patch(strip, (min(255.0, body.colour[0] * level), min(255.0, body.colour[1] * level),
                                 min(255.0, body.colour[2] * level))))  # fmt: skip
        if self.coat or self.skirt:
            colour = self.top if self.coat else self.bottom
            knees = (w["kneel"] + w["kneer"]) / 2
            out.append(view.capsule(w["pelvis"], knees + 0.08 * UP, 0.14 * b, 0.19 * b, scaled(colour, 0.95)))
        return out

    def _pack(self, pose: Pose, view: View, w: dict[str, Floats]) -> list[Patch | None]:
        if self.backpack is None:
            return []
        back = pose.world(np.array([[0.0, 0, 0], [0.0, 0, -0.2]]))
        shift = back[1] - back[0]
        low = w["pelvis"] * 0.55 + w["neck"] * 0.45 + shift
        return [view.capsule(w["neck"] + shift - 0.1 * UP, low, 0.14, 0.16, self.backpack)]

    def _head(self, pose: Pose, view: View, w: dict[str, Floats], to_camera: bool) -> list[Patch | None]:
        r = 0.062 * self.height
        head = w["head"]
        face = pose.world(np.array([[0.0, 0, 0], [0.0, -0.02, 0.05]]))
        forward = face[1] - face[0]
        out = [
            view.capsule(w["neck"], head, 0.05, 0.05, scaled(self.skin, 0.85)),
            view.capsule(head + 0.35 * r * UP, head - 0.35 * r * UP, r * 0.92, r * 0.78, self.hair),
        ]
        look = view.capsule(head + forward, head + forward - 0.4 * r * UP, r * 0.78, r * 0.66, self.skin)
        out = [*out, look] if to_camera else [look, *out]
        if self.hat is not None:
            out.append(view.capsule(head + 0.75 * r * UP, head + 0.5 * r * UP, r * 0.85, r * 1.0, self.hat))
        return out


def random_person(rng: np.random.Generator) -> Person:
    def pick(colours: tuple[Colour, ...], spread: float) -> Colour:
        return varied(rng, colours[int(rng.integers(len(colours)))], spread)

    child = rng.random() < 0.1
    return Person(
        height=float(rng.uniform(1.2, 1.5) if child else rng.normal(1.72, 0.08)),
        build=float(rng.uniform(0.88, 1.25)),
        top=pick(_TOPS, 14),
        bottom=pick(_BOTTOMS, 10),
        skin=pick(_SKINS, 8),
        hair=pick(_HAIRS, 8),
        shoes=(200.0, 200.0, 200.0) if rng.random() < 0.25 else (30.0, 28.0, 26.0),
        coat=bool(rng.random() < 0.25),
        skirt=bool(rng.random() < 0.15),
        shorts=bool(rng.random() < 0.15),
        hat=pick(_TOPS, 10) if rng.random() < 0.2 else None,
        backpack=pick(_TOPS, 10) if rng.random() < 0.2 else None,
        bag=pick(_TOPS, 10) if rng.random() < 0.2 else None,
        standing=bool(rng.random() < 0.25),
        swing=float(rng.uniform(0.35, 0.55)),
    )
