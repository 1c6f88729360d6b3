"""An ONNX file as it declares itself, whether or not nvinfer can feed it: for people and for error reports."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from dsbench.model.onnx import file as onnx_file
from dsbench.model.onnx import tensor
from dsbench.model.onnx.tensor import TensorFacts

if TYPE_CHECKING:
    import onnx


@dataclass(frozen=True, slots=True)
class OnnxSummary:
    """What the file declares."""

    path: Path
    size: int
    """Bytes, without external data."""
    opset: int
    """Of ONNX's own operators; 0 if the file does not say."""
    ir_version: int
    producer: str
    inputs: tuple[TensorFacts, ...]
    """Without weights."""
    outputs: tuple[TensorFacts, ...]
    operators: tuple[tuple[str, int], ...]
    """Operators and how many nodes have them, those of subgraphs included, the most frequent first. Operators of other
    domains than ONNX's have the domain in front."""
    metadata: tuple[tuple[str, str], ...]

    @property
    def image(self) -> TensorFacts | None:
        """The input that holds the image: the only one of four dimensions, else the first; None without inputs."""
        images = [item for item in self.inputs if item.shape is not None and len(item.shape) == 4]
        return images[0] if len(images) == 1 else next(iter(self.inputs), None)


def read(path: Path) -> OnnxSummary:
    """The summary of a file. Raises ONNX_INVALID."""
    model = onnx_file.load(path)
    versions = [entry.version for entry in model.opset_import if entry.domain in ("", "ai.onnx")]
    return OnnxSummary(
        path=path,
        size=path.stat().st_size,
        opset=max(versions, default=0),
        ir_version=model.ir_version,
        producer=f"{model.producer_name} {model.producer_version}".strip(),
        inputs=tuple(tensor.of_value(value) for value in tensor.inputs_of(model.graph)),
        outputs=tuple(tensor.of_value(value) for value in model.graph.output),
        operators=_operators(model.graph),
        metadata=tuple((entry.key, entry.value) for entry in model.metadata_props),
    )


def _operators(graph: onnx.GraphProto) -> tuple[tuple[str, int], ...]:
    counts: Counter[str] = Counter()
    pending = [graph]
    while pending:
        for node in pending.pop().node:
            own = node.domain in ("", "ai.onnx")
            counts[node.op_type if own else f"{node.domain}.{node.op_type}"] += 1
            for attribute in node.attribute:
                if attribute.HasField("g"):
                    pending.append(attribute.g)
                pending.extend(attribute.graphs)
    return tuple(sorted(counts.items(), key=lambda item: (-item[1], item[0])))
