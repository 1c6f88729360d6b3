"""What a parser can get wrong about the tensors themselves: the same buffers read with other dims or exchanged."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from dsbench.families.base import Outputs

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[Any]


@dataclass(frozen=True, slots=True)
class ReadMistake:
    """One mistake; ``read`` gives the outputs as such a parser sees them, in one or more variants."""

    id: str
    text: str
    fix: str
    read: Callable[[Outputs], Iterator[Outputs]]


def _each(outputs: Outputs, change: Callable[[Array], Iterator[Array]]) -> Iterator[Outputs]:
    """Each output of two dims changed in turn."""
    for index, out in enumerate(outputs):
        if out.data.ndim == 2 and min(out.data.shape) > 1:
            for data in change(out.data):
                yield (*outputs[:index], replace(out, data=data), *outputs[index + 1 :])


def _transposed(outputs: Outputs) -> Iterator[Outputs]:
    def change(data: Array) -> Iterator[Array]:
        yield data.reshape(-1).reshape(data.shape[::-1]).T

    yield from _each(outputs, change)


def _pitch(outputs: Outputs) -> Iterator[Outputs]:
    """A row length that is wrong by a few columns."""
    import numpy as np

    def change(data: Array) -> Iterator[Array]:
        rows, columns = data.shape
        for by in (-1, 1, -4, 4, -5, 5):
            pitch = columns + by
            if pitch > 0 and rows > columns:
                index = np.arange(rows)[:, None] * pitch + np.arange(columns)
                yield np.where(index < data.size, data.reshape(-1)[np.minimum(index, data.size - 1)], 0)

    yield from _each(outputs, change)


def _rolled(outputs: Outputs) -> Iterator[Outputs]:
    """Columns of a row read from a place further on or back: class columns in front of the box, or one off."""
    import numpy as np

    def change(data: Array) -> Iterator[Array]:
        for axis in (1, 0):
            sides = data.shape[axis]
            if sides > 4 and data.shape[1 - axis] >= sides:
                for by in dict.fromkeys((1, -1, 4, -4, 2, -2)):
                    yield np.roll(data, by, axis)

    yield from _each(outputs, change)


def _exchanged(outputs: Outputs) -> Iterator[Outputs]:
    """Two outputs exchanged, each read with the dims of the other."""
    for first in range(len(outputs)):
        for second in range(first + 1, len(outputs)):
            a, b = outputs[first], outputs[second]
            found = list(outputs)
            found[first] = replace(a, data=_fitted(b.data, a.data))
            found[second] = replace(b, data=_fitted(a.data, b.data))
            yield tuple(found)


def _fitted(data: Array, dims: Array) -> Array:
    import numpy as np

    flat = np.zeros(dims.size, np.float32)
    count = min(dims.size, data.size)
    flat[:count] = data.reshape(-1)[:count]
    return flat.reshape(dims.shape)


def _first_row(outputs: Outputs) -> Iterator[Outputs]:
    """Rows read one too late or too early, in one output: boxes and scores of different rows."""
    import numpy as np

    if len(outputs) < 2:
        return

    def change(data: Array) -> Iterator[Array]:
        yield np.roll(data, 1, 0)
        yield np.roll(data, -1, 0)

    yield from _each(outputs, change)


READ_MISTAKES: tuple[ReadMistake, ...] = (
    ReadMistake("transposed", "the tensor is read transposed",
                "index it by inferDims: data[channel * rows + row] for [channels, rows]", _transposed),
    ReadMistake("row-length", "the length of a row is wrong: each row is read from a place further off",
                "row + i * inferDims.d[1]: count the columns of box, objectness and classes", _pitch),
    ReadMistake("columns-moved", "the columns of a row are read from another place",
                "compare the column indices with the layout in the report's step 6a", _rolled),
    ReadMistake("layers-exchanged", "two output layers are exchanged",
                "find layers by layerName, not by their position", _exchanged),
    ReadMistake("rows-apart", "box and score are read from neighbouring rows", "use one row index for all layers",
                _first_row),
)  # fmt: skip
