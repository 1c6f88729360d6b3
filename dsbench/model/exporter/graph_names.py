"""Who made a graph, by the names that a project's code leaves in it, and what the graph itself does to the pixels."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from dsbench.model.exporter.normalisation import IMAGENET, Scaling
from dsbench.model.exporter.projects import BGR, PROJECTS, RGB, Feeding, Project
from dsbench.model.exporter.statement import Said, Statement, Trust
from dsbench.model.onnx.beginning import Beginning
from dsbench.model.onnx.graph import OnnxFacts

_MOST = 2_000_000
"""Characters of names that are read."""
_CLOSE = 0.02
"""Fraction by which numbers in a graph may differ from the ones they stand for."""
_SCALARS = ((127.5, 127.5), (127.0, 128.0), (127.5, 128.0), (128.0, 128.0), (127.0, 127.0))
"""Usual zero points and divisors of one number, in pixels of 0..255."""


@dataclass(frozen=True, slots=True)
class GraphEvidence:
    """``project``: who made the graph, "" if its names do not say. ``statements``: what it is fed, one for each period
    of the project; none of them if nothing is known."""

    project: str = ""
    statements: tuple[Statement, ...] = ()


def read(onnx: OnnxFacts) -> GraphEvidence:
    """What the graph alone shows. Names that fit two projects say nothing."""
    text = signature(onnx)
    fits = [project for project in PROJECTS if _fits(project, text)]
    project = fits[0] if len(fits) == 1 and onnx.channels == 3 else None
    own, how = _own_normalisation(onnx.beginning) if onnx.channels == 3 else (None, "")
    if project is None:
        return GraphEvidence("", (_statement("the graph's beginning", own, how),) if own else ())
    marks = ", ".join(dict.fromkeys(_found(mark, text) for mark in project.marks[:2]))
    source = f"{project.name}, by the graph's names ({marks}); {project.source}"
    if onnx.beginning.scales:
        source += f"; less the graph's own {' and '.join(onnx.beginning.nodes)}"
    feedings = dict.fromkeys(_behind(onnx.beginning, item, own) for item in project.feedings)
    return GraphEvidence(project.name, tuple(_statement(project.name, item, source) for item in feedings))


def signature(onnx: OnnxFacts) -> str:
    """Everything with a name, one a line: modules of nodes and weights as ``model.0.conv.weight``, inputs and outputs
    with their shapes, operators, and whether height or width are open."""
    lines = [f"input {onnx.input_name} {_shape(onnx.shape)}"]
    lines += [f"output {output.name} {_shape(output.shape or ())}" for output in onnx.outputs]
    lines += [f"outputs {len(onnx.outputs)}", f"name {onnx.graph_name}", f"name {onnx.producer}"]
    lines += [f"op {operator}" for operator in onnx.operators]
    sides = onnx.shape[1:3] if onnx.nhwc else onnx.shape[2:]
    lines.append(f"size {'open' if any(isinstance(side, str) for side in sides) else 'fixed'}")
    return "\n".join([*lines, *dict.fromkeys((*onnx.weights, *_modules(onnx)))])[:_MOST]


def _shape(shape: Sequence[int | str]) -> str:
    return "x".join(str(side) for side in shape)


def _modules(onnx: OnnxFacts) -> Iterator[str]:
    """``/model.22/cv2.0/cv2.0.0/conv/Conv``, as PyTorch names nodes, in the form of a weight's name."""
    for node in onnx.nodes:
        parts: list[str] = []
        last = ""
        for part in filter(None, node.name.split("/")):
            if last and part.startswith(f"{last}."):
                parts.pop()  # "stage1", "stage1.0": each level repeats the one above
            parts.append(part)
            last = part
        if len(parts) > 1 or "." in node.name:
            yield ".".join(parts)


def _fits(project: Project, text: str) -> bool:
    if project.without and re.search(project.without, text, re.MULTILINE):
        return False
    return all(re.search(mark, text, re.MULTILINE) for mark in project.marks)


def _found(mark: str, text: str) -> str:
    """The line in which a mark was found."""
    match = re.search(mark, text, re.MULTILINE)
    assert match is not None
    start, end = text.rfind("\n", 0, match.start()) + 1, text.find("\n", match.end())
    return text[start : end if end >= 0 else None].strip()


def _behind(beginning: Beginning, feeding: Feeding, own: Feeding | None) -> Feeding:
    """What is left to feed, if the graph scales the pixels itself. ``own``: what its scaling alone says."""
    if not beginning.colours:
        feeding = replace(feeding, color=None, offsets=False)
    if not beginning.clear:
        return replace(feeding, scaling=None)
    if not beginning.scales or feeding.scaling is None:
        return feeding
    left = _remaining(beginning, feeding.scaling)
    return replace(feeding, scaling=left or (own.scaling if own else None))


def _remaining(beginning: Beginning, wanted: Scaling) -> Scaling | None:
    """Scale and offsets in front of the graph's own scaling, so that the first layer gets what ``wanted`` gives it.

    ``wanted``: y = (pixel - offset) / deviation; the graph does y = factor * x + shift. None if one scale will not do.
    """
    offsets, deviations = wanted.offsets or (0.0,), wanted.deviations or (1 / wanted.net_scale_factor,)
    factor, shift = beginning.factor, beginning.shift
    size = max(map(len, (offsets, deviations, factor, shift)))
    rows = [tuple(values) * (size if len(values) == 1 else 1) for values in (offsets, deviations, factor, shift)]
    if any(not value for value in rows[2]):
        return None
    scales = [1 / (deviation * a) for _, deviation, a, _ in zip(*rows, strict=True)]
    zeros = [offset + b * deviation for offset, deviation, _, b in zip(*rows, strict=True)]
    if min(scales) <= 0 or max(scales) > (1 + _CLOSE) * min(scales):
        return None
    scale = _snapped(sum(scales) / len(scales))
    return Scaling(scale, () if max(map(abs, zeros)) < 255 * _CLOSE / 2 else tuple(round(zero, 3) for zero in zeros))


def _snapped(scale: float) -> float:
    """1 and 1/255 as they are meant."""
    return next((value for value in (1.0, 1 / 255) if abs(scale / value - 1) < _CLOSE), scale)


def _own_normalisation(beginning: Beginning) -> tuple[Feeding | None, str]:
    """What to feed a graph that begins with a usual normalisation, and why; None for any other beginning."""
    if not beginning.scales or not beginning.clear or not all(beginning.factor):
        return None, ""
    zeros = [-b / a for a, b in zip(beginning.factor, beginning.shift, strict=True)]
    divisors = [1 / a for a in beginning.factor]
    nodes = " and ".join(beginning.nodes)
    for full, scale in ((255.0, 1.0), (1.0, 1 / 255)):
        color = _statistics(zeros, divisors, full)
        if color is not None or _scalars(zeros, divisors, full):
            known = "a usual scale" if color is None else "ImageNet's statistics"
            return Feeding(Scaling(scale), color), f"the graph begins with {nodes}: {known} for pixels of 0..{full:g}"
    return None, ""


def _statistics(zeros: Sequence[float], divisors: Sequence[float], full: float) -> int | None:
    """The colour order in which the numbers are ImageNet's; None if they are not."""
    if len(zeros) != len(IMAGENET[0]):
        return None
    for order in (RGB, BGR):
        mean, std = (values if order == RGB else values[::-1] for values in IMAGENET)
        if _near(zeros, [value * full for value in mean], full) and _near(divisors, [v * full for v in std], full):
            return order
    return None


def _scalars(zeros: Sequence[float], divisors: Sequence[float], full: float) -> bool:
    """Whether the numbers divide by 255, or are a usual way to -1..1."""
    if full > 1 and _near(divisors, [255.0] * len(divisors), 1.0) and _near(zeros, [0.0] * len(zeros), 1.0):
        return True
    usual = ((zero * full / 255, divisor * full / 255) for zero, divisor in _SCALARS)
    return any(_near(zeros, [z] * len(zeros), full) and _near(divisors, [d] * len(divisors), full) for z, d in usual)


def _near(one: Sequence[float], other: Sequence[float], full: float) -> bool:
    return all(abs(a - b) <= 0.004 * full for a, b in zip(one, other, strict=True))


def _statement(origin: str, feeding: Feeding, source: str) -> Statement:
    scaling, keeps = feeding.scaling, feeding.keeps_aspect
    exact = scaling if scaling is not None and feeding.offsets else None
    return Statement(
        origin,
        Trust.GRAPH,
        net_scale_factor=Said(scaling.net_scale_factor, source) if scaling else None,
        offsets=Said(exact.offsets, source) if exact else None,
        deviations=Said(exact.deviations, source) if exact and exact.deviations else None,
        model_color_format=Said(feeding.color, source) if feeding.color is not None else None,
        maintain_aspect_ratio=Said(keeps, source) if keeps is not None else None,
        symmetric_padding=Said(feeding.symmetric, source) if feeding.symmetric is not None else None,
    )
