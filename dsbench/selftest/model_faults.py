"""Faults of the ONNX file and of the clip."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import av
import numpy as np
from numpy.typing import NDArray
from onnx import ModelProto, TensorProto, helper, numpy_helper

from dsbench.selftest.fault import Fault, FaultGroup, FaultyModel
from dsbench.selftest.healthy import FAMILIES, VIDEO, YOLOV8, YOLOV10, YOLOX

Picture = NDArray[np.uint8]
_CLIP_FRAMES = 48
_TOO_LARGE = 1e6
"""Activations beyond the 65504 of half precision."""


def _model(
    id: str,
    what: str,
    names: tuple[str, ...],
    change: Callable[[ModelProto], None],
    *,
    damage: bool = True,
    truth: tuple[str, ...] = (),
    families: tuple[str, ...] = (),
) -> Fault:
    return Fault(
        f"model-{id}", FaultGroup.MODEL, what, names, lambda model: model.edit_onnx(change), damage, families, truth
    )


def _weights(model: ModelProto, place: int) -> TensorProto:
    """The weights of a convolution, by its place among all."""
    names = [node.input[1] for node in model.graph.node if node.op_type == "Conv"]
    found: TensorProto = next(tensor for tensor in model.graph.initializer if tensor.name == names[place])
    return found


def _changed(place: int, change: Callable[[NDArray[Any]], NDArray[Any]]) -> Callable[[ModelProto], None]:
    def edit(model: ModelProto) -> None:
        tensor = _weights(model, place)
        tensor.CopyFrom(numpy_helper.from_array(change(numpy_helper.to_array(tensor)), tensor.name))

    return edit


def _permuted(first: int, axis: int) -> Callable[[ModelProto], None]:
    """Exchanges class channels of the output."""

    def edit(model: ModelProto) -> None:
        output = model.graph.output[0]
        size = output.type.tensor_type.shape.dim[axis].dim_value
        order = np.array([*range(first), *range(first + 1, size), first], np.int64)
        model.graph.initializer.append(numpy_helper.from_array(order, "selftest_order"))
        _rename_output(model, output.name, "selftest_before")
        node = helper.make_node("Gather", ["selftest_before", "selftest_order"], [output.name], axis=axis)
        model.graph.node.append(node)

    return edit


def _rename_output(model: ModelProto, old: str, new: str) -> None:
    for node in model.graph.node:
        for names in (node.input, node.output):
            for place, name in enumerate(names):
                if name == old:
                    names[place] = new


def _scaled_input(factor: float) -> Callable[[ModelProto], None]:
    """Multiplies the input before the first node."""

    def edit(model: ModelProto) -> None:
        name = model.graph.input[0].name
        for node in model.graph.node:
            for place, used in enumerate(node.input):
                if used == name:
                    node.input[place] = "selftest_scaled"
        model.graph.initializer.append(numpy_helper.from_array(np.array(factor, np.float32), "selftest_factor"))
        model.graph.node.insert(0, helper.make_node("Mul", [name, "selftest_factor"], ["selftest_scaled"]))

    return edit


def _frozen(model: ModelProto) -> None:
    for value in (*model.graph.input, *model.graph.output):
        value.type.tensor_type.shape.dim[0].dim_value = 1


def _broken_batch(model: ModelProto) -> None:
    """The graph reshapes its output for one image, whatever the declared batch."""
    output = model.graph.output[0]
    sizes = [dim.dim_value for dim in output.type.tensor_type.shape.dim]
    shape = np.array([1, *sizes[1:]], np.int64)
    model.graph.initializer.append(numpy_helper.from_array(shape, "selftest_shape"))
    _rename_output(model, output.name, "selftest_before")
    model.graph.node.append(helper.make_node("Reshape", ["selftest_before", "selftest_shape"], [output.name]))


def _renamed_metadata(model: ModelProto) -> None:
    for entry in model.metadata_props:
        if entry.key == "names":
            entry.value = str(dict(enumerate(("person", "bicycle", "car", "road_sign"))))


def _noise(weights: NDArray[Any]) -> NDArray[Any]:
    generator = np.random.default_rng(0)
    return generator.permutation(weights.ravel()).reshape(weights.shape)


def _overflow(model: ModelProto) -> None:
    """Multiplies the input of a convolution, and divides its output again."""
    node = [one for one in model.graph.node if one.op_type == "Conv"][1]
    place = list(model.graph.node).index(node)
    name, result = node.input[0], node.output[0]
    node.input[0], node.output[0] = "selftest_large", "selftest_large_result"
    bias = [tensor for tensor in model.graph.initializer if len(node.input) > 2 and tensor.name == node.input[2]]
    for tensor in bias:
        tensor.CopyFrom(numpy_helper.from_array(numpy_helper.to_array(tensor) * np.float32(_TOO_LARGE), tensor.name))
    model.graph.initializer.append(numpy_helper.from_array(np.array(_TOO_LARGE, np.float32), "selftest_up"))
    model.graph.initializer.append(numpy_helper.from_array(np.array(1 / _TOO_LARGE, np.float32), "selftest_down"))
    model.graph.node.insert(place, helper.make_node("Mul", [name, "selftest_up"], ["selftest_large"]))
    model.graph.node.insert(place + 2, helper.make_node("Mul", ["selftest_large_result", "selftest_down"], [result]))


MODEL_FAULTS = (
    _model(
        "classes-permuted",
        "class channels exchanged in the graph",
        ("under another name", "label-order"),
        _permuted(5, 2),
        truth=FAMILIES,
        families=(YOLOX,),
    ),
    _model(
        "classes-permuted",
        "class channels exchanged in the graph",
        ("under another name", "label-order"),
        _permuted(4, 1),
        truth=FAMILIES,
        families=(YOLOV8,),
    ),
    _model(
        "names-permuted",
        "names exchanged in the exporter's metadata",
        ("label-order", "labels.txt"),
        _renamed_metadata,
        damage=False,
        families=(YOLOV8, YOLOV10),
    ),
    _model(
        "input-folded",
        "the graph divides by 255 once more",
        ("net-scale-factor", "preprocessing", "accuracy"),
        _scaled_input(1 / 255),
        truth=(YOLOX,),
    ),
    _model("input-unfolded", "the graph multiplies by 255", ("net-scale-factor", "preprocessing"), _scaled_input(255)),
    _model("nan", "NaN in the weights", ("NaN",), _changed(0, lambda weights: np.full_like(weights, np.nan))),
    _model("half-overflow", "activations beyond half precision", ("FP16", "half"), _overflow, damage=False),
    _model(
        "layer-zero",
        "a layer of zeros",
        ("no object", "finds nothing", "no box", "constant", "0.0%", "nothing"),
        _changed(2, np.zeros_like),
    ),
    _model("layer-noise", "a layer of noise", ("accuracy", "mAP"), _changed(2, _noise), truth=FAMILIES),
    _model("batch-frozen", "a batch of one in the file", ("batch",), _frozen, damage=False),
    _model("batch-broken", "the graph reshapes for one image", ("batch",), _broken_batch, damage=False),
)


def frames(count: int = _CLIP_FRAMES) -> Iterator[Picture]:
    """The first pictures of the demo clip (h, w, 3), RGB."""
    with av.open(str(VIDEO)) as container:
        for number, frame in enumerate(container.decode(video=0)):
            if number == count:
                return
            yield np.asarray(frame.to_ndarray(format="rgb24"), np.uint8)


def write_clip(path: Path, pictures: Iterable[Picture]) -> None:
    """An MP4 of the pictures, 30 a second."""
    with av.open(str(path), "w") as container:
        stream: Any = container.add_stream("mpeg4", rate=30)
        for number, picture in enumerate(pictures):
            if not number:
                stream.height, stream.width, stream.pix_fmt = *picture.shape[:2], "yuv420p"
                stream.bit_rate = 50_000_000
                stream.options = {"qmin": "1", "qmax": "1"}
            for packet in stream.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")):
                container.mux(packet)
        for packet in stream.encode():
            container.mux(packet)


def _clip(
    id: str, what: str, names: tuple[str, ...], pictures: Callable[[], Iterable[Picture]], *, damage: bool = False
) -> Fault:
    def inject(model: FaultyModel) -> None:
        model.video = model.clips / f"{id}.mp4"
        if not model.video.is_file():
            write_clip(model.video, pictures())

    return Fault(f"clip-{id}", FaultGroup.DATA, what, names, inject, damage)


def _noise_frames() -> Iterator[Picture]:
    generator = np.random.default_rng(0)
    small = generator.integers(90, 130, (_CLIP_FRAMES, 45, 80, 1), dtype=np.uint8)
    for one in small:
        yield np.ascontiguousarray(np.repeat(np.repeat(np.repeat(one, 16, 0), 16, 1), 3, 2))


def _first(count: int) -> list[Picture]:
    return list(frames(count))


DATA_FAULTS = (
    _clip("black", "a black clip", ("black",), lambda: (np.zeros_like(one) for one in frames())),
    _clip(
        "frozen",
        "one picture again and again",
        ("frozen", "same picture", "never move", "do not move", "identical", "one picture", "never change"),
        lambda: _first(1) * _CLIP_FRAMES,
    ),
    _clip(
        "upside-down",
        "a clip that stands on its head",
        ("upside", "180", "turned"),
        lambda: (one[::-1, ::-1].copy() for one in frames()),
    ),
    _clip("turned", "a clip on its side", ("90", "270", "turned"), lambda: (np.rot90(one).copy() for one in frames())),
    _clip("one-frame", "a clip of one frame", ("1 frame", "one frame"), lambda: _first(1)),
    _clip("noise", "a clip without objects", ("few frames", "reference", "shows"), _noise_frames),
)
