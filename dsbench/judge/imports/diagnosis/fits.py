"""Scale, shift and other linear mistakes, measured on boxes that are paired by their scores."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from dsbench.families.base import Network
from dsbench.judge.imports.diagnosis.geometry import BoxMistake
from dsbench.judge.imports.diagnosis.row_parts import centred

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from dsbench.judge.imports.diagnosis.geometry import Finished

    Floats = NDArray[np.float64]

LEAST_PAIRS = 6
_USUAL_SIDES = (
    *(160, 224, 256, 300, 320, 352, 384, 416, 448, 480, 512, 544, 576, 608, 640, 672),
    *(736, 768, 800, 960, 1024, 1280),
)
_FRAMES = ((1920, 1080), (1280, 720), (3840, 2160), (640, 480), (640, 360), (1280, 960))
_NEAR = 0.004


def fitted(right: Floats, found: Floats, network: Network) -> tuple[BoxMistake, ...]:
    """Mistakes with the numbers that fit. Pairs of corners (n, 4): what is right, what the parser has."""
    inner = _inner(right, found, network)
    right, found = right[inner], found[inner]
    if len(right) < LEAST_PAIRS:
        return ()
    makers = (_scale, _shift, _size, _both, _linear)
    return tuple(mistake for make in makers if (mistake := make(right, found, network)) is not None)


def _inner(right: Floats, found: Floats, network: Network) -> NDArray[np.bool_]:
    """Pairs that no border cuts."""
    import numpy as np

    edge = np.array([network.width, network.height] * 2) - 1.0
    return np.asarray(
        ((right > 0.5) & (right < edge - 0.5)).all(axis=1)
        & (np.abs(found) > 1e-4).all(axis=1)
        & (np.abs(found - edge) > 0.5).all(axis=1),
        np.bool_,
    )


def _line(x: Floats, y: Floats) -> tuple[float, float]:
    """Slope and intercept that most points lie on: least squares, then again on the nearer points."""
    import numpy as np

    slope, start = 0.0, 0.0
    keep = np.ones(len(x), np.bool_)
    for _ in range(6):
        a = np.stack((x[keep], np.ones(int(keep.sum()))), axis=1)
        (slope, start), *_ = np.linalg.lstsq(a, y[keep], rcond=None)
        apart = np.abs(y - slope * x - start)
        keep = apart <= max(float(np.quantile(apart, 0.8)), 1e-6)
    return float(slope), float(start)


def _scale(right: Floats, found: Floats, network: Network) -> BoxMistake | None:
    import numpy as np

    x = float(np.median(found[:, 2] / right[:, 2]))
    y = float(np.median(found[:, 3] / right[:, 3]))
    if not (x > 0 and y > 0) or max(abs(x - 1), abs(y - 1)) < _NEAR:
        return None
    text, fix = scale_text(x, y, network)
    return BoxMistake("scale", text, fix, _scaled(x, y), parameters=1 if abs(x - y) < _NEAR * x else 2)


def _scaled(x: float, y: float, dx: float = 0.0, dy: float = 0.0) -> Finished:
    import numpy as np

    factors, moves = np.array([x, y, x, y]), np.array([dx, dy, dx, dy])
    return lambda corners, network: (corners * factors + moves,)


def scale_text(x: float, y: float, network: Network) -> tuple[str, str]:
    """What a scale of x and y means, and the fix. The factor is measured; what it is the factor of is a guess."""
    width, height = network.width, network.height
    fix = "scale by networkInfo.width and networkInfo.height, which are those of the network input"
    if _close(x * width, 1) and _close(y * height, 1):
        return "coordinates are fractions 0..1 that were not multiplied by the network's size", fix
    if _close(x, width) and _close(y, height):
        return "coordinates are multiplied by the network's size twice", "multiply once: they are pixels already"
    if width != height and _close(x * width, height) and _close(y * height, width):
        return "x is scaled by the height and y by the width", fix
    frames = [f"pixels of a {wide}x{high} frame" for wide, high in _FRAMES if _close(x * width, wide)
              and _close(y * height, high)]  # fmt: skip
    sides = [f"pixels of a network of {side}x{side}" for side in _USUAL_SIDES if _close(x * width, side)
             and _close(y * height, side)]  # fmt: skip
    like = [*frames, *sides]
    if _close(x, y) and not sides:
        like += [f"pixels of a network {side} wide" for side in _USUAL_SIDES if _close(x * width, side)]
    if like:
        fix = f"push pixels of the network input ({width}x{height}): nvinfer maps them to the frame"
    of = f", as {' or '.join(like)} would be" if like else ""
    if _close(x, y):
        return f"coordinates are scaled by a factor of {x:.3g}{of}", fix
    return f"coordinates are scaled by {x:.3g} in x and {y:.3g} in y{of}", fix


def _close(value: float, wanted: float) -> bool:
    return abs(value - wanted) <= _NEAR * wanted


def _shift(right: Floats, found: Floats, network: Network) -> BoxMistake | None:
    import numpy as np

    moved = np.median(found - right, axis=0)
    dx, dy = float(moved[0] + moved[2]) / 2, float(moved[1] + moved[3]) / 2
    if max(abs(dx), abs(dy)) < 0.5:
        return None
    text = f"boxes are shifted by {dx:+.1f} pixels in x and {dy:+.1f} in y"
    fix = "remove the offset: nvinfer itself takes the padding off"
    return BoxMistake("shift", text, fix, _scaled(1, 1, dx, dy), parameters=2)


def _size(right: Floats, found: Floats, network: Network) -> BoxMistake | None:
    """Sizes by a factor, about the centre or the corner."""
    import numpy as np

    factors = np.median((found[:, 2:] - found[:, :2]) / (right[:, 2:] - right[:, :2]), axis=0)
    x, y = float(factors[0]), float(factors[1])
    if not (x > 0 and y > 0) or max(abs(x - 1), abs(y - 1)) < 0.01:
        return None

    def resize(corners: Floats, network: Network) -> tuple[Floats, ...]:
        cx, cy = (corners[:, 0] + corners[:, 2]) / 2, (corners[:, 1] + corners[:, 3]) / 2
        w, h = (corners[:, 2] - corners[:, 0]) * x, (corners[:, 3] - corners[:, 1]) * y
        cornered = np.concatenate((corners[:, :2], corners[:, :2] + np.stack((w, h), axis=1)), axis=1)
        return centred(cx, cy, w, h), cornered

    text = f"width and height are {x:.3g} and {y:.3g} times what they should be"
    return BoxMistake("size", text, "check the factor of width and height", resize, parameters=2)


def _both(right: Floats, found: Floats, network: Network) -> BoxMistake | None:
    """Scale and shift together."""
    import numpy as np

    (x, dx), (y, dy) = (
        _line(np.concatenate((right[:, at], right[:, at + 2])), np.concatenate((found[:, at], found[:, at + 2])))
        for at in (0, 1)
    )
    if not (x > 0 and y > 0):
        return None
    text, fix = scale_text(x, y, network)
    text = f"{text}, and shifted by {dx:+.1f}, {dy:+.1f}"
    if max(abs(x - 1), abs(y - 1)) < _NEAR or max(abs(dx), abs(dy)) < 0.5:
        return None
    return BoxMistake("scale-shift", text, fix, _scaled(x, y, dx, dy), parameters=4)


def _linear(right: Floats, found: Floats, network: Network) -> BoxMistake | None:
    """Left, top, width, height as any linear function of the centre and the size."""
    import numpy as np

    if len(right) < 5 * LEAST_PAIRS:
        return None

    def basis(corners: Floats) -> Floats:
        centre, size = (corners[:, :2] + corners[:, 2:]) / 2, corners[:, 2:] - corners[:, :2]
        return np.concatenate((centre, size, np.ones((len(corners), 1))), axis=1)

    wanted = np.concatenate((found[:, :2], found[:, 2:] - found[:, :2]), axis=1)
    solution = np.asarray(np.linalg.lstsq(basis(right), wanted, rcond=None)[0], np.float64)
    if not np.isfinite(solution).all() or not (_varied(right) and _plausible(solution)):
        return None

    def apply(corners: Floats, network: Network) -> tuple[Floats, ...]:
        box = basis(corners) @ solution
        return (np.concatenate((box[:, :2], box[:, :2] + box[:, 2:]), axis=1),)

    sides = ("left", "top", "width", "height")
    text = "; ".join(f"{name} = {_formula(solution[:, at].tolist())}" for at, name in enumerate(sides))
    return BoxMistake(
        "linear",
        f"boxes are another function of the right ones: {text}",
        "compare with left = cx - w / 2, top = cy - h / 2, width = w, height = h",
        apply,
        parameters=20,
    )


_MOST_ALIKE = 30.0
"""Largest condition number of the standardised columns: places and sizes that vary together fit any function."""


def _varied(right: Floats) -> bool:
    """Whether centres and sizes vary by themselves: the boxes of one object that moves do not."""
    import numpy as np

    columns = np.concatenate(((right[:, :2] + right[:, 2:]) / 2, right[:, 2:] - right[:, :2]), axis=1)
    spread = columns.std(axis=0)
    if float(spread.min()) < 1e-3 * max(float(spread.max()), 1e-9):
        return False
    return float(np.linalg.cond((columns - columns.mean(axis=0)) / spread)) <= _MOST_ALIKE


def _plausible(solution: Floats) -> bool:
    """Whether each side comes from one axis: code that mixes x and y in one sum is not written."""
    import numpy as np

    sides = np.abs(solution[:4])
    return bool((np.minimum(sides[[0, 2]].max(axis=0), sides[[1, 3]].max(axis=0)) < 0.02).all())


def _formula(factors: Sequence[float]) -> str:
    """The terms that count, as text."""
    parts = [
        f"{value:+.3g} {name}"
        for value, name in zip(factors, ("cx", "cy", "w", "h"), strict=False)
        if abs(value) > 0.01
    ]
    if abs(factors[4]) > 0.5 or not parts:
        parts.append(f"{factors[4]:+.3g}")
    return " ".join(parts).removeprefix("+").replace("+1 ", "+ ").replace("-1 ", "- ")
