"""What the exporter states in nvinfer's preprocessing keys, and the error of one scale for three channels."""

from __future__ import annotations

from dataclasses import replace

from dsbench.base import spec
from dsbench.families.base import Head, Preprocessing
from dsbench.judge.imports.levels import Fixed
from dsbench.model.exporter.evidence import ExporterEvidence
from dsbench.model.exporter.normalisation import ROWS
from dsbench.model.exporter.statement import Said, Statement, Trust

NO_CLUSTERING = 4
"""cluster-mode of rows that are final detections."""


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


def without_contradicted(found: ExporterEvidence, head: Head) -> tuple[ExporterEvidence, str]:
    """The evidence without a cluster-mode=4 of the ONNX file's metadata where the head itself has a row for each
    anchor, and a warning; the evidence as it is and an empty text otherwise."""
    dense = head.convention is not None and head.convention.cluster_mode == spec.CLUSTER_MODE
    of_file = (item for item in found.statements if dense and item.trust is Trust.ONNX_METADATA)
    wrong = [item for item in of_file if item.cluster_mode and item.cluster_mode.value == NO_CLUSTERING]
    if not wrong:
        return found, ""
    kept = tuple(replace(item, cluster_mode=None) if item in wrong else item for item in found.statements)
    source = wrong[0].cluster_mode.source if wrong[0].cluster_mode else ""
    text = (
        f"{source} says that the rows are final detections, but the output has one row for each anchor, as before NMS:"
        f" cluster-mode={spec.CLUSTER_MODE} is used"
    )
    return replace(found, statements=kept), text


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
