"""What is refused: outputs of another task before any family is asked, and the nearest cause where no family fits.

One cause is named, with what to do about it; what each family says is kept for the report.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

from dsbench.base.errors import Code, DsbenchError
from dsbench.families import maps
from dsbench.families.base import HeadRefused, Network, Outputs, Rejected
from dsbench.model.onnx import batch_dimension

if TYPE_CHECKING:
    from dsbench.model.exporter.statement import Said
    from dsbench.model.onnx.graph import OnnxFacts
    from dsbench.model.onnx.tensor import TensorFacts

_NMS = "NonMaxSuppression"
_SEGMENTING = re.compile(r"seg|mask|(^|_)logits$", re.IGNORECASE)
_DENSE_MODELS = ("segformer", "upernet", "mask2former", "maskformer", "oneformer", "dpt", "glpn", "depth_anything")
_EMBEDDING = re.compile(r"embed|feature|pooler|hidden_state", re.IGNORECASE)
_MOST_ROWS = 1000
"""An export keeps at most so many detections."""
_UNIT = 0.01
"""A vector whose length is so close to 1 is an embedding."""


_OWN_PARSER = "import a detection model, or put your own parser .cpp into parser/"
_TASKS = {
    "segment": ("segmentation", "nvinfer runs it with network-type=3 and a parser for instance masks"),
    "pose": ("pose", "nvinfer hands its tensors to the application with output-tensor-meta=1"),
    "obb": ("rotated-box (OBB)", "nvinfer draws rotated boxes that a parser of your own gives it"),
    "classify": ("classification", "nvinfer runs it as a secondary network with network-type=1"),
    "semantic": ("semantic segmentation", "nvinfer runs it with network-type=2"),
}
"""A task as Ultralytics names it: the kind of head, and what nvinfer can do with it."""


def other_task(task: Said[str] | None, where: str) -> DsbenchError | None:
    """NOT_A_DETECTOR for a model that is not for detection, as its exporter states; else None."""
    if task is None or task.value == "detect":
        return None
    kind, use = _TASKS.get(
        task.value, (task.value, "nvinfer hands its tensors to the application (output-tensor-meta=1)")
    )
    return DsbenchError(
        Code.NOT_A_DETECTOR,
        f"{task.source} says task={task.value}: a {kind} head, not a detector that this parser family covers",
        where=where,
        fix=f"{_OWN_PARSER} ({use})",
    )


def not_a_detector(
    facts: OnnxFacts, samples: Sequence[Outputs], where: str, model_type: str = ""
) -> DsbenchError | None:
    """NOT_A_DETECTOR with what the outputs are instead; None if they may be a detector's.

    ``model_type`` is that of Hugging Face's config.json.
    """
    return (
        _no_batch(facts)
        or _bare_nms(facts, where)
        or _image_sized_map(facts, samples, where)
        or _smaller_maps(facts, samples, where, model_type)
        or _features(samples, where)
    )


def _no_batch(facts: OnnxFacts) -> HeadRefused | None:
    """Every output begins with another number than the batch: [1600, 80] for one image."""
    found = batch_dimension.missing(facts.outputs, facts.batch)
    if not found or _NMS in facts.operators:
        return None
    shapes = declared(found)
    return HeadRefused(
        Code.MODEL_OUTPUT_INVALID,
        f"the outputs have no batch dimension: nvinfer would take {(found[0].shape or ('?',))[0]} rows of"
        f" {found[0].name!r} for as many frames",
        where=f"{facts.path.name}: {shapes}",
        fix=batch_dimension.script(facts.path, facts.opset),
    )


def _bare_nms(facts: OnnxFacts, where: str) -> DsbenchError | None:
    """One row a detection of the whole batch, behind NonMaxSuppression or NonZero: [n, 6], [n, 7] or vectors."""
    selects = next((name for name in (_NMS, "NonZero") if name in facts.operators), "")
    if not selects or not all(_ragged(out.shape, facts.shape[0]) for out in facts.outputs):
        return None
    return DsbenchError(
        Code.NOT_A_DETECTOR,
        f"the graph ends in ONNX's {selects}: {declared(facts.outputs)} has one row per detection and no batch"
        " dimension, so nvinfer cannot assign rows to frames: not a detector head",
        where=where,
        fix="export the head before NMS (DeepStream does it: cluster-mode=2), or with a fixed number of detections"
        " per image ([N, 300, 6]); PaddleDetection: exclude_nms=True",
    )


def _ragged(shape: tuple[int | str, ...] | None, batch: int | str) -> bool:
    """An output of at most two dims whose first is open and not the input's batch."""
    if shape is None or len(shape) > 2 or not shape:
        return False
    return isinstance(shape[0], str) and (shape[0] != batch or shape[0] == "?")


def _image_sized_map(facts: OnnxFacts, samples: Sequence[Outputs], where: str) -> DsbenchError | None:
    """The only output is a value for each pixel, or for each second one: [C, H, W], [H, W, C] or [H, W]."""
    if not samples or len(samples[0]) != 1:
        return None
    shape = samples[0][0].data.shape
    sizes = [(facts.height // s, facts.width // s) for s in (1, 2)]
    for size, planes in ((shape[-2:], shape[:-2]), (shape[:2], shape[2:])):
        if len(shape) in (2, 3) and size in sizes and min(size) > 8:
            count = planes[0] if planes else 1
            return DsbenchError(
                Code.NOT_A_DETECTOR,
                f"the output is {count} map{'s' if count > 1 else ''} of {size[0]}x{size[1]}, one value per pixel:"
                " a segmentation network, not a detector",
                where=where,
                fix=f"import a detection model (its outputs hold boxes); {_TASKS['semantic'][1]}",
            )
    return None


def _smaller_maps(facts: OnnxFacts, samples: Sequence[Outputs], where: str, model_type: str) -> DsbenchError | None:
    """Nothing but maps, and a sign that they are masks: their size, their names, config.json; or a mask a query.

    Maps of a quarter or an eighth of the input alone could be an anchor-free detector's.
    """
    if not samples or any(out.data.ndim == 2 and out.data.shape[1] == 4 for out in samples[0]):
        return None
    maps = [out for out in samples[0] if _stride(out.data.shape, facts)]
    rest = [out for out in samples[0] if not _stride(out.data.shape, facts)]
    queries = {len(out.data) for out in rest if out.data.ndim == 2}
    if rest and not (len(rest) == 1 and all(len(out.data) in queries for out in maps)):
        return None
    named = model_type in _DENSE_MODELS or all(_SEGMENTING.search(out.name) for out in maps)
    large = all(_stride(out.data.shape, facts) <= 2 for out in maps)
    if not maps or not (named or (large and not rest)):
        return None
    shape = "x".join(map(str, maps[0].data.shape))
    a_query = f", one for each of {len(maps[0].data)} queries" if rest else ""
    return DsbenchError(
        Code.NOT_A_DETECTOR,
        f"the output is maps of {shape}{a_query} for an input of {facts.height}x{facts.width}, and no boxes:"
        " a segmentation (or depth) network, not a detector",
        where=where,
        fix="import a detection model (its outputs hold boxes)",
    )


def _stride(shape: tuple[int, ...], facts: OnnxFacts) -> int:
    """1, 2, 4 or 8 if the last two dims are the network input's divided by it, else 0."""
    if len(shape) != 3 or min(shape[-2:]) <= 8:
        return 0
    return next((s for s in (1, 2, 4, 8) if shape[-2:] == (facts.height // s, facts.width // s)), 0)


def _features(samples: Sequence[Outputs], where: str) -> DsbenchError | None:
    """Every output is a vector an image, or named as features are; one vector of scores is the registry's to name."""
    import numpy as np

    if not samples:
        return None
    outputs = samples[0]
    named = all(_EMBEDDING.search(out.name) for out in outputs)
    vectors = all(out.data.size == max(out.data.shape, default=0) > 1 for out in outputs)
    lengths = [float(np.linalg.norm(np.asarray(sample[0].data, np.float64))) for sample in samples]
    unit = vectors and len(outputs) == 1 and len(outputs[0].data) > 16 and max(abs(x - 1) for x in lengths) < _UNIT
    probabilities = unit and float(outputs[0].data.min()) >= 0
    if named or (unit and not probabilities):
        what = f"{outputs[0].data.size} numbers" + (" of length 1" if unit else "")
        what = f"the output is features ({what} per image): an embedding network, not a detector"
    elif vectors and len(outputs) > 1:
        sizes = ", ".join(str(out.data.size) for out in outputs)
        what = f"the outputs are vectors of {sizes} numbers per image: a classifier, not a detector"
    else:
        return None
    fix = "import a detection model (its outputs hold boxes)"
    return DsbenchError(Code.NOT_A_DETECTOR, what, where=where, fix=fix)


OWN_PARSER = "put your own parser .cpp into parser/ (it is used untouched)"
_DECODED = f"export with the head's decoding in the graph (YOLOv5: without --train; YOLOv7: --grid), or {OWN_PARSER}"


def nearest(facts: OnnxFacts, samples: Sequence[Outputs], rejected: Sequence[Rejected]) -> HeadRefused:
    """The error for outputs that no family reads: its nearest cause, and what every family says."""
    where = f"{facts.path.name}: {describe(samples)}"
    code, what, fix = (
        _classifier(samples)
        or _wider_rows(samples)
        or _other_head(rejected)
        or _near_miss(rejected)
        or _maps(samples, Network(facts.width, facts.height))
        or _cells(samples, Network(facts.width, facts.height))
        or (
            Code.FAMILY_UNKNOWN,
            "no known detector family has these outputs",
            f"export a head that docs/families.md lists, choose a family in dsbench.toml, or {OWN_PARSER}",
        )
    )
    return HeadRefused(code, what, where=where, fix=fix, rejected=rejected)


def describe(samples: Sequence[Outputs]) -> str:
    """The outputs as text: name and shape without the batch dimension."""
    if not samples:
        return "no outputs"
    return "; ".join(f"{out.name!r} [{', '.join(map(str, out.data.shape))}]" for out in samples[0])


def declared(outputs: Sequence[TensorFacts]) -> str:
    """The outputs as the file declares them."""
    return "; ".join(f"{out.name!r} [{', '.join(map(str, out.shape or ('?',)))}]" for out in outputs)


_Cause = tuple[Code, str, str]
"""Code, what, fix."""


def _classifier(samples: Sequence[Outputs]) -> _Cause | None:
    """The only output is a plain vector per image, [N, C] or [N, C, 1, 1]."""
    shape = samples[0][0].data.shape if samples and len(samples[0]) == 1 else ()
    if not shape or shape[0] < 2 or any(side != 1 for side in shape[1:]):
        return None
    what = f"the output is one vector of {shape[0]} scores per image: a classifier, not a detector"
    fix = (
        "import a detection model (its outputs hold boxes); nvinfer runs it with network-type=1, as a secondary network"
    )
    return Code.NOT_A_DETECTOR, what, fix


def _wider_rows(samples: Sequence[Outputs]) -> _Cause | None:
    """Rows of box, score and class id with more behind them, as end-to-end heads of other tasks have."""
    import numpy as np

    shape = samples[0][0].data.shape if samples and len(samples[0]) == 1 else ()
    if len(shape) != 2 or not 6 < shape[1] < shape[0] <= _MOST_ROWS:
        return None
    rows = np.concatenate([sample[0].data for sample in samples])
    scores, ids = rows[:, 4], rows[:, 5]
    if not (scores.min() >= 0 and scores.max() <= 1 and (ids == np.rint(ids)).all() and ids.min() >= -1):
        return None  # NaN compares false
    rest = shape[1] - 6
    task = "obb" if rest == 1 else "pose" if rest % 3 == 0 else "segment"
    kind, use = _TASKS[task]
    behind = {"obb": "an angle", "pose": f"{rest // 3} key points", "segment": f"{rest} mask coefficients"}[task]
    what = f"rows of box, score, class id and {behind}: a {kind} head, not a detector that this parser family covers"
    return Code.NOT_A_DETECTOR, what, f"{_OWN_PARSER} ({use})"


def _other_head(rejected: Sequence[Rejected]) -> _Cause | None:
    other = next((answer for answer in rejected if answer.not_a_detector), None)
    if other is None:
        return None
    use = next((use for kind, use in _TASKS.values() if kind in other.reason), "")
    return Code.NOT_A_DETECTOR, other.reason, f"{_OWN_PARSER} ({use})" if use else _OWN_PARSER


def _near_miss(rejected: Sequence[Rejected]) -> _Cause | None:
    """The nearest miss: one that knows what to do, else the first."""
    known = next((answer for answer in rejected if answer.close and answer.fix), None)
    if known:
        return Code.FAMILY_UNKNOWN, known.reason, known.fix
    near = next((answer for answer in rejected if answer.close), None)
    if near is None:
        return None
    what = f"not a {near.family} head that dsbench can decode: {near.reason}"
    return Code.FAMILY_UNKNOWN, what, f"{OWN_PARSER}, or export a head that docs/families.md lists"


def _maps(samples: Sequence[Outputs], network: Network) -> _Cause | None:
    """Every output is a map of a stride, but no family's."""
    found = maps.by_stride(maps.read(samples, network))
    if len(found) < 2 and not any(out.data.ndim > 2 for out in (samples[0] if samples else ())):
        return None
    if not found:
        return None
    strides = ", ".join(str(grid.stride) for grid in found)
    widths = "; ".join(", ".join(str(part.channels) for part in group) for group in found.values())
    what = f"undecoded maps of stride{'s' * (len(found) > 1)} {strides} (channels {widths}): no known head has them"
    return Code.FAMILY_UNKNOWN, what, _DECODED


def _cells(samples: Sequence[Outputs], network: Network) -> _Cause | None:
    """The only output has a row, or a column, for each cell of all strides."""
    shape = samples[0][0].data.shape if samples and len(samples[0]) == 1 else ()
    stack = maps.stacked(0, shape, network)
    if not stack:
        return None
    strides = ", ".join(str(part.grid.stride) for part in stack)
    turned = ", transposed" if stack[0].plane.cell_step == 1 else ""
    what = f"one row for each cell of strides {strides}{turned}, whose {stack[0].channels} numbers are no known head's"
    return Code.FAMILY_UNKNOWN, what, _DECODED
