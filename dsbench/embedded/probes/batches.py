"""Does a batch of different frames give each frame the outputs that it has alone?"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from dsbench.base.errors import DsbenchError
from dsbench.jobs.probe import BatchTrial

Array = npt.NDArray[Any]
SIZES = (2, 4)
_NODE = re.compile(r"while running (\w+) node\. Name:'([^']*)'")
_EQUAL_FRAMES = 1e-4
"""Of the largest value of an output: frames whose outputs differ by less on average show nothing."""


def trials(
    call: Callable[[Array], list[Array]], inputs: Sequence[Array], alone: Sequence[Sequence[Array]]
) -> tuple[BatchTrial, ...]:
    """Run the first 2 and 4 of ``inputs``, each (1, ...), as one batch; ``alone``: the outputs of each by itself.

    Ends with the first batch that the graph cannot run.
    """
    done: list[BatchTrial] = []
    for size in (size for size in SIZES if size <= len(inputs)):
        try:
            together = call(np.concatenate(inputs[:size]))
        except MemoryError:
            return (*done, BatchTrial(size, failed="too little memory"))
        except DsbenchError as error:
            return (*done, BatchTrial(size, failed=error.what, node=_node(error.what)))
        done.append(_compared(size, alone[:size], together))
    return tuple(done)


def _node(message: str) -> str:
    """Operator and name of the node that ONNX Runtime names; "" where memory was the cause."""
    node = _NODE.search(message)
    return f"{node[1]} {node[2]}".strip() if node and "allocate memory" not in message else ""


def _compared(size: int, alone: Sequence[Sequence[Array]], together: Sequence[Array]) -> BatchTrial:
    """How far each item is from its own outputs and from those of the first, the worst of all outputs and items."""
    own = first = 0.0
    compared, single = False, False
    for index, batch in enumerate(together):
        singles = [outputs[index] for outputs in alone]
        if not batch.ndim or any(one.ndim != batch.ndim or len(one) != 1 for one in singles):
            continue  # without a batch dimension
        if len(batch) == 1:
            single = True
            continue
        if len(batch) != size or any(one.shape[1:] != batch.shape[1:] for one in singles):
            continue  # rows that depend on the picture
        items = [np.nan_to_num(one[0].astype(np.float64)) for one in singles]
        scale = max(float(np.abs(item).max(initial=0.0)) for item in items)
        for position in range(1, size):
            apart = _distance(items[position], items[0])
            if apart <= _EQUAL_FRAMES * scale:
                continue
            compared = True
            item = np.nan_to_num(batch[position].astype(np.float64))
            own = max(own, _distance(item, items[position]) / apart)
            first = max(first, _distance(item, items[0]) / apart)
    return BatchTrial(size, single=single, compared=compared, from_own=round(own, 4), from_first=round(first, 4))


def _distance(one: Array, other: Array) -> float:
    return float(np.abs(one - other).mean()) if one.size else 0.0
