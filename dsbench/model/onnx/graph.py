"""The facts of an ONNX file that pre-flight and Step 6a read, without running the model.

Source: pipeline-run.md Pre-flight ("Read spatial dimensions from ONNX inspection"); semantics c5 item 5 (nvinfer
wants one image input), d3 (the input is always written as float32), decisions.md (batch).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from dsbench.base import reading
from dsbench.base.errors import Code, DsbenchError
from dsbench.model.onnx import beginning, external, extra_inputs, large_tensors, tensor
from dsbench.model.onnx import file as onnx_file
from dsbench.model.onnx import nodes as onnx_nodes
from dsbench.model.onnx.beginning import Beginning
from dsbench.model.onnx.nodes import NodeFacts
from dsbench.model.onnx.tensor import TensorFacts, inputs_of

if TYPE_CHECKING:
    import onnx

MIN_OPSET = 7
"""ONNX Runtime's oldest (onnxruntime.ai, compatibility)."""
TENSORRT_OPSETS = (9, 24)
"""What TensorRT's parser takes, as NVIDIA has it for 10.15 (onnx-tensorrt, docs/operators.md); 11 begins with 9 too."""
MAX_SIDE = 65_536
MISSING_INPUT_NAME = "ERROR: could not parse INPUT_NAME from inspect output"


def missing_side(letter: str) -> str:
    """The specification's text for a height or width that the ONNX file leaves open (``letter``: H or W)."""
    return f"ERROR: could not parse {letter} — dynamic spatial dims? Set {letter} manually"


@dataclass(frozen=True, slots=True)
class OnnxFacts:
    """Facts of one ONNX file. ``batch`` is None when dynamic, else the number it is frozen at."""

    path: Path
    sha256: str
    input_name: str
    shape: tuple[int | str, ...]
    dtype: str
    layout: Literal["NCHW", "NHWC"]
    batch: int | None
    channels: int
    height: int
    width: int
    size_origin: str
    outputs: tuple[TensorFacts, ...]
    opset: int
    producer: str
    metadata: tuple[tuple[str, str], ...]
    external_data: tuple[Path, ...]
    warnings: tuple[str, ...]
    operators: tuple[str, ...] = ()
    """Operator types of the graph's nodes, each once."""
    nodes: tuple[NodeFacts, ...] = ()
    """All nodes, those of subgraphs and local functions too."""
    weights: tuple[str, ...] = ()
    """Names of the initializers."""
    graph_name: str = ""
    beginning: Beginning = field(default_factory=Beginning)

    @property
    def plugins(self) -> tuple[str, ...]:
        """Operators that only TensorRT has: plugins by its naming (``EfficientNMS_TRT``)."""
        return tuple(name for name in self.operators if name.endswith("_TRT"))

    @property
    def nhwc(self) -> bool:
        """Whether the input is channels last (network-input-order=1)."""
        return self.layout == "NHWC"


def inspect(path: Path, *, input_size: tuple[int, int] | None = None) -> OnnxFacts:
    """Facts of the ONNX file; ``input_size`` (height, width) is what dsbench.toml sets for a dynamic model.

    Raises DsbenchError: ONNX_INVALID, ONNX_EXTERNAL_DATA, ONNX_OPSET, ONNX_GRAPH, ONNX_INPUT, ONNX_DYNAMIC_DIMS.
    """
    model = onnx_file.load(path)
    weights = external.external_files(model, path)
    opset, warnings = _opset(model, path)
    warnings += _graph_warnings(model.graph, path)
    large_tensors.require_none(model, path)
    image = _image_input(model.graph, path)
    assert image.shape is not None
    layout = _layout(image.shape, path)
    order = (1, 2, 3) if layout == "NCHW" else (3, 1, 2)
    channels = _channels(image.shape[order[0]], path)
    sides = (image.shape[order[1]], image.shape[order[2]])
    height, width, origin = _size(sides, input_size, path)
    batch, batch_warnings = _batch(image.shape[0], path)
    return OnnxFacts(
        path=path,
        sha256=reading.sha256(path),
        input_name=image.name,
        shape=image.shape,
        dtype=image.dtype,
        layout=layout,
        batch=batch,
        channels=channels,
        height=height,
        width=width,
        size_origin=origin,
        outputs=_outputs(model.graph, path),
        opset=opset,
        producer=f"{model.producer_name} {model.producer_version}".strip(),
        metadata=tuple((entry.key, entry.value) for entry in model.metadata_props),
        external_data=weights,
        warnings=warnings + batch_warnings,
        operators=tuple(sorted({node.op_type for node in model.graph.node})),
        nodes=onnx_nodes.read(model),
        weights=tuple(item.name for item in model.graph.initializer),
        graph_name=model.graph.name,
        beginning=beginning.read(model.graph, image.name, 1 if layout == "NCHW" else 3),
    )


def _opset(model: onnx.ModelProto, path: Path) -> tuple[int, tuple[str, ...]]:
    """The opset, and warnings about it and about other domains of operators."""
    from onnx.defs import onnx_opset_version

    versions = [entry.version for entry in model.opset_import if entry.domain in ("", "ai.onnx")]
    functions = {(function.domain, function.name) for function in model.functions}  # TensorRT imports the file's own
    foreign = (n for n in model.graph.node if (n.domain, n.op_type) not in functions)
    domains = tuple(sorted({n.domain for n in foreign if n.domain not in ("", "ai.onnx")}))
    opset = max(versions, default=0)
    newest = onnx_opset_version()
    if opset > newest or opset < MIN_OPSET:
        reason = f"newest supported {newest}" if opset > newest else f"oldest supported {MIN_OPSET}"
        raise DsbenchError(
            Code.ONNX_OPSET,
            f"the model declares opset {opset} ({reason})",
            where=str(path),
            fix="export with opset_version=17",
        )
    warnings = tuple(
        f"operators of domain {domain!r}: TensorRT needs a plugin for them, ONNX Runtime a custom library"
        for domain in domains
        if domain not in ("com.microsoft", "ai.onnx.ml")
    )
    first, last = TENSORRT_OPSETS
    if not first <= opset <= last:
        named = f"opset {opset}: NVIDIA names opset {first} to {last} for TensorRT 10.15"
        return opset, (f"{named}, so trtexec may refuse the model: export with opset_version=17", *warnings)
    return opset, warnings


def _graph_warnings(graph: onnx.GraphProto, path: Path) -> tuple[str, ...]:
    """Order, cycles and duplicate names of the top-level graph; raises ONNX_GRAPH for what no runtime accepts."""
    warnings: list[str] = []
    producers: dict[str, int] = {}
    for index, node in enumerate(graph.node):
        for name in filter(None, node.output):
            if name in producers:
                raise DsbenchError(
                    Code.ONNX_GRAPH,
                    f"two nodes write the same tensor {name!r}: the graph is not valid ONNX",
                    where=str(path),
                    fix="export the model again; graph surgery left a duplicate name",
                )
            producers[name] = index
    if _has_cycle(graph, producers):
        raise DsbenchError(
            Code.ONNX_GRAPH, "the graph has a cycle", where=str(path), fix="export the model again (Steps 1-3)"
        )
    unsorted = any(producers.get(name, -1) > i for i, node in enumerate(graph.node) for name in node.input)
    if unsorted:
        warnings.append("nodes are not in topological order (onnx.checker rejects that, runtimes sort them)")
    names = [value.name for value in graph.value_info]
    duplicates = sorted({name for name in names if names.count(name) > 1}) if len(set(names)) < len(names) else []
    if duplicates:
        warnings.append(f"value_info declared twice for {', '.join(map(repr, duplicates[:3]))}")
    return tuple(warnings)


def _has_cycle(graph: onnx.GraphProto, producers: dict[str, int]) -> bool:
    """Kahn's algorithm over the top-level nodes."""
    waiting = [0] * len(graph.node)
    users: dict[int, list[int]] = {}
    for index, node in enumerate(graph.node):
        for source in {producers[name] for name in node.input if name in producers}:
            waiting[index] += 1
            users.setdefault(source, []).append(index)
    ready = [index for index, count in enumerate(waiting) if count == 0]
    done = 0
    while ready:
        done += 1
        for user in users.get(ready.pop(), ()):
            waiting[user] -= 1
            if waiting[user] == 0:
                ready.append(user)
    return done < len(graph.node)


def _image_input(graph: onnx.GraphProto, path: Path) -> TensorFacts:
    """The first graph input that is not an initializer, checked to be the only one, rank 4 and float32."""
    inputs = [tensor.of_value(value) for value in inputs_of(graph)]
    if not inputs or not inputs[0].name:
        raise DsbenchError(
            Code.ONNX_INPUT,
            MISSING_INPUT_NAME,
            where=f"{path}: the graph has no input besides its weights",
            fix="export the model with its image input",
        )
    if len(inputs) > 1:
        raise extra_inputs.error(inputs, [node.op_type for node in graph.node], path)
    image = inputs[0]
    if image.shape is None or len(image.shape) != 4:
        raise DsbenchError(
            Code.ONNX_INPUT,
            f"input {image.name!r} has shape {_show(image.shape)}, not an image [N, 3, H, W]",
            where=str(path),
            fix="import an image detector; nvinfer needs three dimensions besides the batch",
        )
    if image.dtype != "float32":
        raise DsbenchError(
            Code.ONNX_INPUT,
            f"input {image.name!r} is {image.dtype}: nvinfer always writes float32",
            where=str(path),
            fix="export with a float32 input (put a Cast after it; FP16 belongs to the engine's precision)",
        )
    return image


def _show(shape: tuple[int | str, ...] | None) -> str:
    return "unknown" if shape is None else "[" + ", ".join(str(d) for d in shape) + "]"


def _layout(shape: tuple[int | str, ...], path: Path) -> Literal["NCHW", "NHWC"]:
    if shape[1] in (1, 3):
        return "NCHW"
    if shape[3] in (1, 3):
        return "NHWC"
    raise DsbenchError(
        Code.ONNX_INPUT,
        f"input shape {_show(shape)} has no channel dimension of 3 or 1, neither as NCHW nor as NHWC",
        where=str(path),
        fix="export with a fixed channel dimension; nvinfer feeds RGB, BGR (3) or GRAY (1)",
    )


def _channels(value: int | str, path: Path) -> int:
    assert isinstance(value, int), path
    return value


def _size(sides: tuple[int | str, int | str], chosen: tuple[int, int] | None, path: Path) -> tuple[int, int, str]:
    """Height, width and where they come from; the file's own numbers cannot be overruled."""
    for side in sides:
        if isinstance(side, int) and not 0 < side <= MAX_SIDE:
            raise DsbenchError(
                Code.ONNX_INPUT,
                f"input size {sides[0]}x{sides[1]} is impossible",
                where=str(path),
                fix="export the model again with the size it was trained for",
            )
    picked = tuple(side if isinstance(side, int) else (chosen[i] if chosen else None) for i, side in enumerate(sides))
    if None in picked:
        texts = [missing_side(letter) for letter, side in zip("HW", picked, strict=True) if side is None]
        raise DsbenchError(
            Code.ONNX_DYNAMIC_DIMS,
            "; ".join(texts),
            where=f"{path}: height {sides[0]}, width {sides[1]}",
            fix="set input-size = [H, W] in dsbench.toml, above its first [table]: the height and width that the model"
            " was trained for (the exporter's config states them), multiples of 32, for example [640, 640]",
        )
    height, width = picked
    assert height is not None
    assert width is not None
    if chosen and chosen != (height, width):
        raise DsbenchError(
            Code.ONNX_INPUT,
            f"dsbench.toml asks for {chosen[0]}x{chosen[1]}, the ONNX file is fixed at {height}x{width}",
            where=str(path),
            fix="remove input-size from dsbench.toml, or export the model with dynamic height and width",
        )
    dynamic = any(isinstance(side, str) for side in sides)
    return height, width, "dsbench.toml" if dynamic else "ONNX"


def _batch(value: int | str, path: Path) -> tuple[int | None, tuple[str, ...]]:
    if isinstance(value, str):
        return None, ()
    if not 0 < value <= MAX_SIDE:
        raise DsbenchError(
            Code.ONNX_INPUT,
            f"batch dimension {value} is impossible",
            where=str(path),
            fix="export with dynamic_axes={'images': {0: 'batch'}}",
        )
    return value, (f"batch frozen at {value}: re-export with a dynamic batch to carry more",)


def _outputs(graph: onnx.GraphProto, path: Path) -> tuple[TensorFacts, ...]:
    outputs = tuple(tensor.of_value(value) for value in graph.output)
    names = [output.name for output in outputs]
    if not outputs or len(set(names)) < len(names) or "" in names:
        raise DsbenchError(
            Code.ONNX_GRAPH,
            "the graph has no output"
            if not outputs
            else "two of the graph's outputs have the same name, or one has no name",
            where=str(path),
            fix="export the model again (Steps 1-3)",
        )
    return outputs
