"""Test cases for a parser: the model's outputs on real frames, and changed tensors.

A changed tensor keeps what nvinfer guarantees: dims describe the buffer, one threshold for each class, no batch
dimension. It changes what another export, engine or setting could change.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from dsbench.jobs.harness import DATA_TYPES, FLOAT, HALF, INT8, INT32, Call, HarnessCase, HarnessLayer

if TYPE_CHECKING:
    from numpy.typing import NDArray

_REPEATS = 8
_LARGEST = 64 << 20
"""Largest changed tensor, in bytes."""


class CaseKind(StrEnum):
    """What a case changes."""

    REAL = "real frames"
    VALUES = "values"
    CLASSES = "classes"
    SHAPES = "shapes"
    NETWORK = "network size"


@dataclass(frozen=True, slots=True, eq=False)
class Case:
    """One test case."""

    name: str
    """Completes "with ..."."""
    kind: CaseKind
    job: HarnessCase
    possible: bool = False
    """Can occur with the same model."""


@dataclass(frozen=True, slots=True)
class Setting:
    """The network and the configured classes."""

    width: int
    height: int
    channels: int
    classes: int
    threshold: float
    """Of every class."""
    dynamic: bool = False
    """The model's outputs vary in size."""

    def case(self, calls: Sequence[Call], *, leaks: bool = False) -> HarnessCase:
        """A case with this network and these classes."""
        thresholds = (self.threshold,) * self.classes
        return HarnessCase(self.width, self.height, self.channels, thresholds, tuple(calls), leaks)


def layers(names: Sequence[str], arrays: Sequence[NDArray[Any]]) -> Call:
    """One frame's outputs as nvinfer passes them; the input is binding 0."""
    import numpy as np

    return tuple(
        HarnessLayer(name, np.ascontiguousarray(array), array.shape or (1,), DATA_TYPES[array.dtype.name], index + 1)
        for index, (name, array) in enumerate(zip(names, arrays, strict=True))
    )


def real_frames(frames: Sequence[Call], setting: Setting) -> Case:
    """Every frame in turn, then the first one again: a parser without state returns the same boxes for it."""
    return Case("real frames", CaseKind.REAL, setting.case([*frames, frames[0]]), possible=True)


def all_cases(frames: Sequence[Call], setting: Setting) -> tuple[Case, ...]:
    """Real frames, then the first frame repeated, then its changed tensors."""
    first = frames[0]
    cases = [
        real_frames(frames, setting),
        Case(
            "the same frame again and again", CaseKind.REAL, setting.case([first] * _REPEATS, leaks=True), possible=True
        ),
    ]
    for name, call in values(first):
        cases.append(Case(name, CaseKind.VALUES, setting.case([call])))
    for name, count in (("one class", 1), ("no class", 0), ("more classes than the head has", setting.classes + 16)):
        if count != setting.classes:
            cases.append(Case(name, CaseKind.CLASSES, replace(setting, classes=count).case([first])))
    for name, call in sizes(first):
        cases.append(Case(name, CaseKind.SHAPES, setting.case([call]), possible=setting.dynamic))
    for name, call in (*dims(first), *sets(first), *types(first)):
        cases.append(Case(name, CaseKind.SHAPES, setting.case([call])))
    for name, width, height in (
        ("a network half as large", setting.width // 2, setting.height // 2),
        ("a network twice as large", setting.width * 2, setting.height * 2),
        ("a network half as high", setting.width, setting.height // 2),
        ("a network of 1x1", 1, 1),
    ):
        other = replace(setting, width=max(width, 1), height=max(height, 1))
        cases.append(Case(name, CaseKind.NETWORK, other.case([first])))
    return tuple(cases)


def values(call: Call) -> Iterator[tuple[str, Call]]:
    """Same shapes, with values that a faulty or FP16 engine can return."""
    import numpy as np

    for name, value in (
        ("NaN everywhere", np.nan),
        ("Inf everywhere", np.inf),
        ("-Inf everywhere", -np.inf),
        ("3e38 everywhere", 3e38),
        ("-3e38 everywhere", -3e38),
        ("zeros everywhere", 0.0),
    ):
        yield name, tuple(_filled(layer, value) for layer in call)
    random = np.random.default_rng(0)
    specials = np.array([np.nan, np.inf, -np.inf, 1e30, -1e30, -1.0], np.float32)
    mixed = []
    for layer in call:
        data = layer.data.copy()
        hit = random.random(data.shape) < 0.05
        if data.dtype.kind == "f":
            with np.errstate(over="ignore"):
                data[hit] = random.choice(specials, int(hit.sum())).astype(data.dtype)
        mixed.append(replace(layer, data=data))
    yield "NaN, Inf and huge values among real ones", tuple(mixed)


def _filled(layer: HarnessLayer, value: float) -> HarnessLayer:
    import numpy as np

    kind = layer.data.dtype
    if kind.kind == "f":
        with np.errstate(over="ignore"):
            return replace(layer, data=np.full(layer.data.shape, value, np.float32).astype(kind))
    if kind.kind == "b":
        return layer
    limits = np.iinfo(kind)
    whole = 0 if value == 0 else limits.max if value > 0 else limits.min
    return replace(layer, data=np.full(layer.data.shape, whole, kind))


def sizes(call: Call) -> Iterator[tuple[str, Call]]:
    """More or fewer rows (anchors, detections): the longest side, in every layer that has it."""
    rows = max((side for layer in call for side in layer.dims), default=1)
    bytes_now = max(layer.bytes for layer in call)
    wanted = [("half the rows", rows // 2), ("one row less", rows - 1), ("one row", 1), ("no rows", 0)]
    wanted += [("one row more", rows + 1)]
    wanted += [("twice the rows", rows * 2)] if bytes_now * 2 <= _LARGEST else []
    for name, count in wanted:
        if rows > 1:
            yield name, tuple(_resized(layer, rows, count) for layer in call)
    having = [index for index, layer in enumerate(call) if rows in layer.dims]
    if rows > 1 and len(having) > 1:
        for index in having:
            mixed = tuple(_resized(layer, rows, rows // 2) if i == index else layer for i, layer in enumerate(call))
            yield f"half the rows in layer {index} only", mixed


def _resized(layer: HarnessLayer, rows: int, count: int) -> HarnessLayer:
    import numpy as np

    data = layer.data
    dims = tuple(count if side == rows else side for side in layer.dims)
    if dims == layer.dims:
        return layer
    for axis, side in enumerate(data.shape):
        if side == rows:
            data = data.take(np.arange(count) % side, axis)
    return replace(layer, data=np.ascontiguousarray(data), dims=dims)


def dims(call: Call) -> Iterator[tuple[str, Call]]:
    """Same values with other dims; more or fewer columns."""
    import numpy as np

    yield "dims transposed", tuple(replace(layer, dims=layer.dims[::-1]) for layer in call)
    yield "dims in one", tuple(replace(layer, dims=(layer.data.size,)) for layer in call)
    yield "a leading dim of 1", tuple(replace(layer, dims=(1, *layer.dims)) for layer in call)
    yield "a trailing dim of 1", tuple(replace(layer, dims=(*layer.dims, 1)) for layer in call)
    for name, change in (("one column less", -1), ("one column more", 1), ("one column", 0)):
        changed = []
        for layer in call:
            columns = layer.dims[-1]
            count = columns + change if change else 1
            take = np.arange(max(count, 0)) % columns
            data = np.ascontiguousarray(layer.data.reshape(layer.dims).take(take, -1))
            changed.append(replace(layer, data=data, dims=data.shape))
        yield name, tuple(changed)


def sets(call: Call) -> Iterator[tuple[str, Call]]:
    """Layers removed, added, reordered."""
    for index in range(len(call)):
        yield f"layer {index} missing", (*call[:index], *call[index + 1 :])
    extra = replace(call[0], name="another", binding_index=len(call) + 1)
    yield "a layer more at the end", (*call, extra)
    yield "a layer more in front", (extra, *call)
    if len(call) > 1:
        yield "layers in reverse order", call[::-1]


def types(call: Call) -> Iterator[tuple[str, Call]]:
    """Other data types, with buffers of their size."""
    for name, data_type in (("HALF outputs", HALF), ("INT8 outputs", INT8), ("INT32 outputs", INT32)):
        if any(layer.data_type != data_type for layer in call):
            yield name, tuple(_typed(layer, data_type) for layer in call)
    if any(layer.data_type != FLOAT for layer in call):
        yield "FLOAT outputs", tuple(_typed(layer, FLOAT) for layer in call)


def _typed(layer: HarnessLayer, data_type: int) -> HarnessLayer:
    import numpy as np

    kind = {FLOAT: np.float32, HALF: np.float16, INT8: np.int8, INT32: np.int32}[data_type]
    with np.errstate(all="ignore"):
        data = np.nan_to_num(layer.data.astype(np.float32), posinf=0.0, neginf=0.0).clip(-100, 100).astype(kind)
    return replace(layer, data=data, data_type=data_type)
