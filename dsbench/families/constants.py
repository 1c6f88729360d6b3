"""Constants of an ONNX file that a head needs and that no output holds: prior boxes, anchors."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


def named(path: Path, pattern: re.Pattern[str], size: int) -> Iterator[tuple[str, NDArray[np.float32]]]:
    """Name and values of each constant of ``size`` numbers in the file whose name matches."""
    import numpy as np
    from onnx import TensorProto, numpy_helper

    from dsbench.model.onnx import file as onnx_file

    graph = onnx_file.load(path).graph
    constants = [(tensor.name, tensor) for tensor in graph.initializer]
    constants += [
        (node.output[0], attribute.t)
        for node in graph.node
        if node.op_type == "Constant" and node.output
        for attribute in node.attribute
        if attribute.name == "value"
    ]
    for name, tensor in constants:
        count = int(np.prod(tensor.dims)) if tensor.dims else 0
        if pattern.search(name) and count == size and tensor.data_location != TensorProto.EXTERNAL:
            yield name, np.asarray(numpy_helper.to_array(tensor), np.float32)
