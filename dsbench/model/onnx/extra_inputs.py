"""Models with extra inputs besides the image: what each one is, and how to make it a constant of the graph.

nvinfer feeds one image. RT-DETR and D-FINE export ``orig_target_sizes`` too, DETR ``pixel_mask``, PaddleDetection
``im_shape`` and ``scale_factor``, text-prompted detectors their tokens (bad inputs, 7).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from dsbench.base.errors import Code, DsbenchError
from dsbench.model.onnx.tensor import TensorFacts

_TEXT = ("input_ids", "attention_mask", "token_type_ids", "position_ids", "text_token_mask")
_NMS = ("NonMaxSuppression", "EfficientNMS_TRT", "BatchedNMS_TRT", "BatchedNMSDynamic_TRT")


@dataclass(frozen=True, slots=True)
class Constant:
    """NumPy code of an input's value for an image of the network's size, and the meaning of that value."""

    code: str
    meaning: str


def error(inputs: Sequence[TensorFacts], operators: Sequence[str], path: Path) -> DsbenchError:
    """The error for a graph with ``inputs`` (two or more, weights left out)."""
    names = ", ".join(repr(item.name) for item in inputs)
    images = [item for item in inputs if item.shape is not None and len(item.shape) == 4]
    nms = next((name for name in _NMS if name in operators), None)
    if not images and nms:
        return DsbenchError(
            Code.NOT_A_DETECTOR,
            f"the inputs are {names} and the graph is {nms} alone: a bare NMS graph, not a detector",
            where=str(path),
            fix="import the detector itself (its input is an image); DeepStream's own NMS is cluster-mode=2",
        )
    return DsbenchError(
        Code.ONNX_INPUT,
        f"the model has {len(inputs)} inputs ({names}); nvinfer feeds one image",
        where=str(path),
        fix=_fix(inputs, images, path),
    )


def _fix(inputs: Sequence[TensorFacts], images: Sequence[TensorFacts], path: Path) -> str:
    image = images[0] if len(images) == 1 else None
    others = [item for item in inputs if item is not image]
    generic = f"export with the other inputs ({', '.join(item.name for item in others)}) folded into constants"
    if image is None:
        return generic
    if any(item.name in _TEXT for item in others):
        return f"{generic}: the tokens of the class names (they are the same for every frame)"
    constants = [(item, constant(item, image)) for item in others]
    if any(value is None for _, value in constants):
        return generic
    return _script([(item.name, value) for item, value in constants if value is not None], path)


def constant(item: TensorFacts, image: TensorFacts) -> Constant | None:
    """What a known second input is for an image of the network's size; None if its name says nothing."""
    assert image.shape is not None
    sides = image.shape[2:] if image.shape[1] in (1, 3) else image.shape[1:3]
    height, width = (str(side) if isinstance(side, int) else letter for side, letter in zip(sides, "HW", strict=True))
    batch = next((n for n in (item.shape or ())[:1] if isinstance(n, int)), 1)
    kind = {"float32": "float32", "float64": "float64", "int32": "int32", "bool": "bool"}.get(item.dtype, "int64")
    rows = f", np.{kind})" + (f".repeat({batch}, axis=0)" if batch > 1 else "")
    known = {
        "orig_target_sizes": (f"[[{width}, {height}]]", "width, height of the network input"),
        "orig_size": (f"[[{width}, {height}]]", "width, height of the network input"),
        "im_shape": (f"[[{height}, {width}]]", "height, width of the network input"),
        "scale_factor": ("[[1, 1]]", "no scaling"),
    }
    if item.name in known:
        values, meaning = known[item.name]
        return Constant(f"np.array({values}{rows}", meaning)
    if item.name == "pixel_mask":
        return Constant(
            f"np.ones(({batch}, {height}, {width}), np.{kind})", "every pixel counts; the batch is then fixed"
        )
    return None


def _script(constants: Sequence[tuple[str, Constant]], path: Path) -> str:
    """Shell command that writes a copy of the model whose second inputs are initializers."""
    copy = path.with_name(f"{path.stem}_one_input.onnx")
    meaning = "; ".join(f"{name} = {value.meaning}" for name, value in constants)
    values = ", ".join(f"{name!r}: {value.code}" for name, value in constants)
    lines = (
        f"make the other input{'s' if len(constants) > 1 else ''} constant ({meaning}), then move {path.name} out of"
        f" {path.parent.name}/:",
        "python3 - <<'EOF'",
        "import numpy as np, onnx",
        "from onnx import numpy_helper",
        f"model = onnx.load({str(path)!r})",
        f"for name, value in {{{values}}}.items():",
        "    model.graph.initializer.append(numpy_helper.from_array(value, name))",
        "    model.graph.input.remove(next(item for item in model.graph.input if item.name == name))",
        f"onnx.save(model, {str(copy)!r})",
        "EOF",
    )
    return "\n".join(lines)
