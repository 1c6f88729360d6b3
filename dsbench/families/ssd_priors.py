"""SSD as the network leaves it: class columns [N, P, C] and box offsets [N, P, 4] against P prior boxes.

Decode, with priors as cx, cy, w, h in fractions of the network input and variances 0.1 and 0.2:
cx = p.cx + o0 * 0.1 * p.w, w = p.w * exp(o2 * 0.2), likewise cy and h. Without its priors such a head cannot be
decoded: they come with the model, as a constant third output or an initializer named after priors or anchors, or from
the rule of a known project (RetinaFace, UltraFace), or of dsbench.toml's min-sizes and steps.
Source: the SSD paper (arXiv 1512.02325, section 2.2) and its variances; pipeline-run.md 6b ("undecoded output").
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from dsbench.base.boxes import Boxes
from dsbench.families import constants, evidence, queries
from dsbench.families.base import (
    Convention,
    Head,
    HeadFact,
    Hints,
    Network,
    Outputs,
    ParserContext,
    Preprocessing,
    Rejected,
)

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from dsbench.model.onnx.graph import OnnxFacts

VARIANCES = (0.1, 0.2)
"""Of centre and size."""
NEGATIVE = 0.1
"""Boxes with a larger fraction of negative numbers are offsets."""
PLAIN, SOFTMAX, SIGMOID = 0, 1, 2
"""What has to be done to the class columns."""
MISSING = (
    "undecoded SSD: {share:.0%} of the box numbers are negative, so they are offsets against prior boxes, and the"
    " priors are missing"
)
FIX = (
    "export with decoding in the graph (or the priors as a constant output), state [head] min-sizes and steps in"
    " dsbench.toml, or supply a parser"
)
_NAMED = re.compile(r"prior|anchor|default_?box", re.IGNORECASE)
LANDMARKS = (10, 8)
"""x and y of five points of a face, or of the corners of a plate: a third output that is not read."""


@dataclass(frozen=True, slots=True)
class PriorRule:
    """Priors that a project computes: at every cell of each step, squares of these sizes in pixels."""

    name: str
    levels: tuple[tuple[float, ...], ...]
    """Step, then sizes, of each stride."""

    def grids(self, network: Network) -> Iterator[tuple[float, int, int, tuple[float, ...]]]:
        """Step, columns, rows and sizes of each stride; the last cell may reach beyond the network."""
        for step, *sizes in self.levels:
            yield step, math.ceil(network.width / step), math.ceil(network.height / step), tuple(sizes)

    def count(self, network: Network) -> int:
        """Number of priors."""
        return sum(columns * rows * len(sizes) for _, columns, rows, sizes in self.grids(network))

    def priors(self, network: Network) -> NDArray[np.float32]:
        """(priors, 4) as cx, cy, w, h in fractions: row by row, cell by cell, size by size."""
        import numpy as np

        found = [
            ((x + 0.5) * step / network.width, (y + 0.5) * step / network.height, size / network.width,
             size / network.height)
            for step, columns, rows, sizes in self.grids(network)
            for y in range(rows)
            for x in range(columns)
            for size in sizes
        ]  # fmt: skip
        return np.array(found, np.float32)


RETINAFACE = PriorRule("RetinaFace", ((8, 16, 32), (16, 64, 128), (32, 256, 512)))
ULTRAFACE = PriorRule("UltraFace", ((8, 10, 16, 24), (16, 32, 48), (32, 64, 96), (64, 128, 192, 256)))
RETINAFACE_CONVENTION = Convention(
    Preprocessing(1.0, (104.0, 117.0, 123.0), model_color_format=1, maintain_aspect_ratio=1),
    cluster_mode=2,
    origin="RetinaFace's habit: 0-255 BGR less the means; NMS by DeepStream",
    firm=False,
)


@dataclass(frozen=True, slots=True)
class PriorsLayout:
    """Output indices, what turns the columns into scores, background (-1: none), shift (1: labels.txt leaves the
    background out), and the priors as cx, cy, w, h in fractions of the network input. ``rule``: what computes them;
    None if they come from the file."""

    scores: int
    boxes: int
    activation: int
    background: int
    shift: int
    priors: tuple[tuple[float, ...], ...]
    rule: PriorRule | None = None


def recognise(
    facts: OnnxFacts, samples: Sequence[Outputs], hints: Hints, labels: Sequence[str]
) -> Head | Rejected | None:
    """A head with its priors, why it cannot be decoded, or None if the outputs are no offsets and class columns."""
    import numpy as np

    places = _places(samples)
    if places is None:
        return None
    scores_at, boxes_at, priors_at = places
    offsets = np.concatenate([sample[boxes_at].data for sample in samples])
    share = float(np.mean(offsets < 0))
    if share < NEGATIVE:
        return None
    columns = np.concatenate([sample[scores_at].data for sample in samples]).astype(np.float32)
    if not (np.isfinite(columns).all() and np.isfinite(offsets).all()):
        return Rejected("ssd", "the outputs hold NaN or Inf", close=True)
    network, rule = Network(facts.width, facts.height), None
    rows = len(samples[0][boxes_at].data)
    if priors_at is None:
        table, origin = find_priors(facts.path, rows)
        rule = None if table is not None else _rule(samples[0], rows, network, hints)
        if rule:
            table, origin = rule.priors(network), f"{rule.name}'s rule gives {rows} at {network.width}x{network.height}"
    else:
        table, origin = samples[0][priors_at].data, f"output {samples[0][priors_at].name!r}, the same on every frame"
    if table is None:
        return Rejected("ssd", MISSING.format(share=share), close=True, fix=FIX)
    activation, background, why = _columns(columns, hints, labels)
    classes = columns.shape[1]
    shift = int(background >= 0 and len(labels) == classes - 1)
    if rule:
        priors, form = tuple(tuple(map(float, row)) for row in table), "cx, cy, w, h in 0..1"
    else:
        priors, form = centre_form(table, network)
    layout = PriorsLayout(scores_at, boxes_at, activation, background, shift, priors, rule)
    found = (
        HeadFact("boxes", "offsets against priors", f"{share:.0%} of the numbers are negative"),
        HeadFact("priors", f"{len(priors)}, {form}", origin),
        HeadFact("variances", ", ".join(map(str, VARIANCES)), "the usual ones: the file does not say"),
        HeadFact("scores", ("as they are", "softmax", "sigmoid")[activation], why),
        HeadFact("background", str(background), f"{classes} columns, {len(labels)} labels"),
    )
    convention = RETINAFACE_CONVENTION if rule is RETINAFACE else None
    return Head("ssd", 0.8, classes - shift, layout, found, convention=convention)


def decode(outputs: Outputs, layout: PriorsLayout, network: Network, threshold: float) -> Boxes:
    """Reference decode: prior by prior, every class that reaches the threshold."""
    import numpy as np

    columns = np.asarray(outputs[layout.scores].data, np.float32)
    scores = {PLAIN: lambda x: x, SOFTMAX: queries.softmax, SIGMOID: queries.sigmoid}[layout.activation](columns)
    offsets = np.asarray(outputs[layout.boxes].data, np.float32)
    usable = np.isfinite(offsets).all(axis=1)
    if layout.activation == SOFTMAX:
        usable &= np.isfinite(columns).all(axis=1)
    rows, classes = np.nonzero(usable.reshape(-1, 1) & (scores >= np.float32(threshold)))
    keep = classes != layout.background
    rows, classes = rows[keep], classes[keep]
    ids = (classes - layout.shift * (classes > layout.background)).astype(np.int32)
    x, y, w, h = np.array(layout.priors, np.float32)[rows].T
    o = offsets[rows]
    centre, size = np.float32(VARIANCES[0]), np.float32(VARIANCES[1])
    with np.errstate(over="ignore"):
        cx, cy = x + o[:, 0] * centre * w, y + o[:, 1] * centre * h
        boxes = np.stack((cx, cy, w * np.exp(o[:, 2] * size), h * np.exp(o[:, 3] * size)), axis=1)
        return queries.centre_boxes(ids, boxes, scores[rows, classes], network)


def context(layout: PriorsLayout) -> ParserContext:
    """Template variables of ssd_priors.cpp.j2."""
    return (
        ("undecoded", True),
        ("scores", layout.scores),
        ("boxes", layout.boxes),
        ("activation", layout.activation),
        ("background", layout.background),
        ("shift", layout.shift),
        ("priors", () if layout.rule else layout.priors),
        ("rule", layout.rule.levels if layout.rule else ()),
        ("variances", (VARIANCES,)),
    )


def centre_form(table: NDArray[np.float32], network: Network) -> tuple[tuple[tuple[float, ...], ...], str]:
    """Priors as cx, cy, w, h in fractions, and what they were: corners if every row has x2 > x1 and y2 > y1."""
    import numpy as np

    rows = np.asarray(table, np.float64).reshape(-1, 4)
    pixels = float(np.abs(rows).max()) > evidence.LARGEST_FRACTION
    if pixels:
        rows = rows / np.array([network.width, network.height] * 2)
    corners = bool(((rows[:, 2] > rows[:, 0]) & (rows[:, 3] > rows[:, 1])).all())
    if corners:
        rows = np.concatenate(((rows[:, :2] + rows[:, 2:]) / 2, rows[:, 2:] - rows[:, :2]), axis=1)
    form = f"{'corners' if corners else 'cx, cy, w, h'} in {'pixels' if pixels else '0..1'}"
    return tuple(tuple(float(value) for value in row) for row in rows.astype(np.float32)), form


def find_priors(path: Path, count: int) -> tuple[NDArray[np.float32] | None, str]:
    """A constant of ``count`` x 4 numbers in the ONNX file that is named after priors or anchors, and where it is."""
    for name, values in constants.named(path, _NAMED, count * 4):
        if values.shape[-1] == 4:
            return values.reshape(-1, 4), f"constant {name!r} in the ONNX"
    return None, ""


def _rule(outputs: Outputs, rows: int, network: Network, hints: Hints) -> PriorRule | None:
    """The user's rule, or a known project's whose number of priors this is; None if there is none."""
    if hints.min_sizes or hints.steps:
        each = len(hints.min_sizes) // max(len(hints.steps), 1)
        levels = [(step, *hints.min_sizes[i * each : (i + 1) * each]) for i, step in enumerate(hints.steps)]
        stated = PriorRule("dsbench.toml", tuple(levels))
        return stated if stated.count(network) == rows else None
    landmarks = next((out.data.shape[1] for out in outputs if out.data.shape[1:] in [(n,) for n in LANDMARKS]), 0)
    # projects for plates (four points) have priors of 12, 24, ... or of 24, 48, ...: as many, so nothing tells
    known = {0: (ULTRAFACE,), 10: (RETINAFACE,)}.get(landmarks, ())
    return next((rule for rule in known if rule.count(network) == rows), None)


def _places(samples: Sequence[Outputs]) -> tuple[int, int, int | None] | None:
    """Output indices of class columns, box offsets and priors (None: no such output)."""
    import numpy as np

    if not samples or len(samples[0]) not in (2, 3) or any(out.data.ndim != 2 for out in samples[0]):
        return None
    shapes = [out.data.shape for out in samples[0]]
    if len({shape[0] for shape in shapes}) != 1:
        return None
    fours = [i for i, shape in enumerate(shapes) if shape[1] == 4]
    landmarks = [i for i, shape in enumerate(shapes) if shape[1] in LANDMARKS] if len(shapes) == 3 else []
    priors = None
    if len(shapes) == 3 and not landmarks:
        same = [i for i in fours if all(np.array_equal(sample[i].data, samples[0][i].data) for sample in samples)]
        named = [i for i in same if _NAMED.search(samples[0][i].name)]
        if not same or (len(samples) < 2 and not named):
            return None
        priors = (named or same)[0]
        fours.remove(priors)
    if not fours:
        return None
    boxes = next((i for i in fours if re.search("box|loc|reg", samples[0][i].name, re.IGNORECASE)), fours[-1])
    scores = next(i for i in range(len(shapes)) if i not in (boxes, priors, *landmarks[:1]))
    return (scores, boxes, priors) if shapes[scores][1] >= 1 else None


def _columns(columns: NDArray[np.float32], hints: Hints, labels: Sequence[str]) -> tuple[int, int, str]:
    """What turns the columns into scores, the background, and why."""
    import numpy as np

    within = bool(columns.min() >= -1e-3 and columns.max() <= 1 + 1e-3)
    sums = columns.sum(axis=1)
    given = hints.background
    if within and np.abs(sums - 1).max() <= 0.02:
        mass = columns.mean(axis=0)
        return PLAIN, int(mass.argmax()) if given is None else given, "rows sum to 1: a softmax in the graph"
    named = 0 if len(labels) == columns.shape[1] - 1 else -1
    if within:
        return PLAIN, named if given is None else given, "columns within 0..1: a sigmoid in the graph"
    mass = queries.softmax(columns).mean(axis=0)
    leads = int(mass.argmax())
    if mass[leads] >= 0.5 and np.mean(columns.max(axis=1) < queries.STRONGLY) < queries.MOSTLY:
        return SOFTMAX, leads if given is None else given, f"logits; column {leads} has {mass[leads]:.0%} of the mass"
    return SIGMOID, named if given is None else given, "logits, all strongly negative in most rows"
