"""Whether TensorRT's engine and its trtexec log belong to this model and this machine.

An engine of another TensorRT or GPU is not refused by DeepStream: nvinfer builds one of its own at every start, which
takes minutes (semantics c5). An engine built by hand has no provenance; its log is checked instead.
"""

from __future__ import annotations

import shlex
from dataclasses import dataclass
from pathlib import PurePath

from dsbench.base.errors import Code, DsbenchError
from dsbench.formats.trtexec.setup import Setup
from dsbench.formats.versions import EngineMachine
from dsbench.model import engine_provenance
from dsbench.model.engine_provenance import EngineProvenance
from dsbench.model.layout import ModelLayout
from dsbench.model.onnx.graph import OnnxFacts

_PRECISIONS = {"fp32": 0, "fp16": 2}


@dataclass(frozen=True)
class Origin:
    """Where an engine comes from. ``provenance`` is None for one that ``dsbench prepare`` did not build."""

    provenance: EngineProvenance | None
    notes: tuple[str, ...]


@dataclass(frozen=True)
class Use:
    """What an engine is to be used for: ``size`` is height, width; ``network_mode`` nvinfer's key."""

    onnx: OnnxFacts
    size: tuple[int, int]
    network_mode: int
    machine: EngineMachine


def require_log_of(setup: Setup, use: Use, max_bs: int, log: str) -> None:
    """TRTEXEC_LOG_INVALID if the log says that another batch or size was run; one that does not say is taken."""
    dims = next((dims for name, dims in setup.shapes if name == use.onnx.input_name), None)
    if dims is None or len(dims) != 4:
        return
    order = (1, 2) if use.onnx.nhwc else (2, 3)
    size = (dims[order[0]], dims[order[1]])
    if dims[0] == max_bs and size == use.size:
        return
    raise DsbenchError(
        Code.TRTEXEC_LOG_INVALID,
        f"the trtexec log was measured at batch {dims[0]}, {size[0]}x{size[1]}, not at batch {max_bs}, "
        f"{use.size[0]}x{use.size[1]}: its throughput does not apply here",
        where=log,
        fix="measure again at the engine's batch: dsbench prepare MODEL_DIR",
    )


def origin(layout: ModelLayout, engine_name: str, setup: Setup | None, use: Use) -> Origin:
    """Provenance and notes; raises ENGINE_MISMATCH where it was built from another ONNX file, or for another machine.

    ``setup``: what the trtexec log of the engine says about itself, None without a log.
    """
    engine = layout.engines / engine_name
    known = engine_provenance.read(engine)
    if known is None:
        return Origin(None, tuple(_by_hand(engine_name, setup, use.machine)))
    mismatches = _mismatches(known, use)
    if mismatches:
        raise DsbenchError(
            Code.ENGINE_MISMATCH,
            f"the engine {engine_name} does not fit: {'; '.join(mismatches)}",
            where=layout.given_path(engine),
            fix=f"build it again here: dsbench prepare {shlex.quote(layout.given)} --rebuild",
        )
    return Origin(known, tuple(_notes(known, use)))


def _mismatches(known: EngineProvenance, use: Use) -> list[str]:
    found, now, then = [], use.machine, known.machine
    if known.onnx_sha256 != use.onnx.sha256:
        found.append(
            f"it was built from {known.onnx} with sha256 {known.onnx_sha256[:12]}..., and {use.onnx.path.name} now has "
            f"{use.onnx.sha256[:12]}..."
        )
    elif known.weights_sha256 != engine_provenance.weights_digest(use.onnx.external_data):
        found.append(f"the weights of {use.onnx.path.name} have changed since it was built")
    if known.size != use.size:
        found.append("it was built for {}x{}, and the input is {}x{}".format(*known.size, *use.size))
    if _differ(_release(then.tensorrt, 2), _release(now.tensorrt, 2)):
        found.append(f"it was built with TensorRT {then.tensorrt}, this machine has {now.tensorrt}")
    if _differ(then.compute_capability, now.compute_capability):
        found.append(
            f"it was built on {then.gpu} (compute capability {then.compute_capability}), this machine has {now.gpu} "
            f"({now.compute_capability})"
        )
    return found


def _notes(known: EngineProvenance, use: Use) -> list[str]:
    notes, now, then = [], use.machine, known.machine
    if _differ(_release(then.tensorrt, 3), _release(now.tensorrt, 3)):
        notes.append(f"the engine was built with TensorRT {then.tensorrt}, this machine has {now.tensorrt}")
    if _differ(then.gpu, now.gpu):
        notes.append(
            f"the engine was built and measured on {then.gpu}, this machine has {now.gpu}: the figures may differ"
        )
    if _differ(then.driver, now.driver):
        notes.append(f"the engine was built and measured with driver {then.driver}, this machine has {now.driver}")
    if _PRECISIONS.get(known.precision) != use.network_mode:
        notes.append(
            f"the engine is {known.precision.upper()}, network-mode={use.network_mode}: nvinfer runs the engine as it "
            "is (dsbench prepare --rebuild builds it again)"
        )
    if known.limit:
        notes.append(f"MAX_BS is smaller than PEAK_GPU_STREAMS asks for: {known.limit}")
    return notes


def _by_hand(engine_name: str, setup: Setup | None, now: EngineMachine) -> list[str]:
    """What the trtexec log shows about an engine that was built by hand."""
    notes = [f"{engine_name} was not built by dsbench prepare: its ONNX file and its machine are not recorded"]
    if setup is None:
        return notes
    if _differ(_release(setup.tensorrt or "", 2), _release(now.tensorrt, 2)):
        notes.append(
            f"its trtexec log names TensorRT {setup.tensorrt}, this machine has {now.tensorrt}: nvinfer will build its "
            "own engine at every start"
        )
    elif _differ(setup.compute_capability or "", now.compute_capability):
        notes.append(
            f"its trtexec log names {setup.device or 'a GPU'} (compute capability {setup.compute_capability}) and "
            f"this machine has {now.gpu} ({now.compute_capability}): nvinfer will build its own engine at every start"
        )
    elif _differ(setup.device or "", now.gpu):
        notes.append(f"its trtexec log names {setup.device}, this machine has {now.gpu}: the figures may differ")
    if setup.engine and PurePath(setup.engine).name != engine_name:
        notes.append(f"its trtexec log measured {PurePath(setup.engine).name}")
    return notes


def _differ(one: str, other: str) -> bool:
    """Both facts are known and not equal."""
    return bool(one) and bool(other) and one != other


def _release(version: str, parts: int) -> str:
    """The first parts: a library is ``10.13.3.9`` where trtexec says ``10.13.3``."""
    return ".".join(version.split(".")[:parts])
