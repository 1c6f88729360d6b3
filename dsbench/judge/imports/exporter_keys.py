"""What the exporter states in nvinfer's preprocessing keys, and the error of one scale for three channels."""

from __future__ import annotations

from dsbench.families.base import Preprocessing
from dsbench.judge.imports.levels import Fixed
from dsbench.model.exporter.normalisation import ROWS
from dsbench.model.exporter.statement import Said, Statement


def of(stated: Statement) -> tuple[Fixed, tuple[str, ...]]:
    """The keys that the exporter states, and where each of `preprocessing.KEYS` stands ("" if it does not say)."""
    keeps, padding = stated.maintain_aspect_ratio, stated.symmetric_padding
    if keeps and not keeps.value:
        padding = Said(0, keeps.source)  # a stretched picture has no padding
    said = (stated.net_scale_factor, stated.offsets, stated.model_color_format, keeps, padding)
    fixed = Fixed(
        stated.net_scale_factor.value if stated.net_scale_factor else None,
        stated.offsets.value if stated.offsets else None,
        stated.model_color_format.value if stated.model_color_format else None,
        keeps.value if keeps else None,
        padding.value if padding else None,
    )
    return fixed, tuple(item.source if item else "" for item in said)


def size_origin(stated: Said[tuple[int, int]] | None, height: int, width: int, origin: str) -> str:
    """Where the network's height and width come from, and whether the exporter's statement agrees. ``origin``: "ONNX"
    for a size that the graph fixes."""
    if stated is None:
        return origin
    if stated.value == (height, width):
        return f"{origin}; {stated.source} says the same"
    sides = "x".join(map(str, stated.value))
    why = "the graph cannot take another" if origin == "ONNX" else f"the graph leaves it open, {origin} counts"
    return f"{origin}; {stated.source} says {sides}, which contradicts it: {why}"


def approximation(chosen: Preprocessing, stated: Statement | None = None) -> str:
    """A warning if ``chosen`` is one scale for three different deviations (failure mode 2), else an empty text."""
    means, divisors = deviations(chosen, stated)
    if len(divisors) != 3 or max(divisors) - min(divisors) < 0.03:
        return ""
    errors = "; ".join(f"{chosen.net_scale_factor * value - 1:+.1%}" for value in divisors)
    subtract = ", ".join(f"{value:.3f}" for value in means)
    divide = ", ".join(f"{value:.3f}" for value in divisors)
    return (
        f"nvinfer has one net-scale-factor for three channels: {chosen.net_scale_factor:.5g} stands for the deviations"
        f" {'; '.join(f'{value / 255:.3g}' for value in divisors)} (off by {errors}). To be exact put the"
        f" normalisation into the ONNX, a Sub of [{subtract}] and a Div by [{divide}] (shape 1x3x1x1) behind the input,"
        " and set net-scale-factor=1.0 without offsets"
    )


def deviations(chosen: Preprocessing, stated: Statement | None) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Means and deviations, in pixels, from which ``chosen`` was computed: the exporter's if it stated scale and
    offsets, else those of a known row."""
    feed = (chosen.net_scale_factor, chosen.offsets)
    if stated and feed == tuple(item.value for item in (stated.net_scale_factor, stated.offsets) if item):
        return feed[1] or (0.0,) * 3, stated.deviations.value if stated.deviations else ()
    for (mean, std), row in ROWS:
        if row == feed:
            return tuple(value * 255 for value in mean), tuple(value * 255 for value in std)
    return (), ()
