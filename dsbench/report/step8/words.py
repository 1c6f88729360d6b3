"""Words of the report that depend on the runtime: no figure of the embedded runtime may pass for TensorRT's."""

from __future__ import annotations

from dataclasses import dataclass

from dsbench.record.schema import Record

_NETWORK_MODES = {0: "FP32", 1: "INT8", 2: "FP16"}
_COLOR_FORMATS = {0: "RGB", 1: "BGR", 2: "GRAY"}
_CLUSTER_MODES = {0: "GroupRectangles", 1: "DBSCAN", 2: "NMS", 3: "DBSCAN and NMS", 4: "none"}


@dataclass(frozen=True)
class Words:
    """How the report calls what was measured."""

    embedded: bool
    tool: str
    """What measured the model alone."""
    alone: str
    """The same, saying what it stands for."""
    app: str
    """The pipeline."""
    compute: str
    """Where the network runs."""
    label: str
    """Stands in every title of a table or chart with figures."""


def words_of(record: Record) -> Words:
    """The words for the record's runtime."""
    if record.runtime == "deepstream":
        return Words(False, "trtexec", "trtexec", "DeepStream", "GPU", "DeepStream")
    return Words(
        True,
        "ONNX Runtime alone",
        "ONNX Runtime alone, in place of trtexec",
        "embedded runtime",
        "CPU",
        "embedded runtime (CPU), not DeepStream",
    )


def network_mode(mode: int) -> str:
    """``2 (FP16)``."""
    return f"{mode} ({_NETWORK_MODES.get(mode, 'unknown')})"


def color_format(value: int) -> str:
    """``1 (BGR)``."""
    return f"{value} ({_COLOR_FORMATS.get(value, 'unknown')})"


def cluster_mode(mode: int) -> str:
    """``2 (NMS)``."""
    return f"{mode} ({_CLUSTER_MODES.get(mode, 'unknown')})"


def precision(record: Record) -> str:
    """The precision that the figures were measured with."""
    engine, config = record.handover.engine, record.handover.config
    if words_of(record).embedded:
        return "as the ONNX file has it, on ONNX Runtime"
    if engine is not None and engine.precision:
        return engine.precision
    return f"network-mode={network_mode(config.network_mode)}; the engine does not say" if config else ""


def batch(size: int | None) -> str:
    """``BS=64``; ``BS=MAX`` if MAX_BS is not known."""
    return f"BS={size if size is not None else 'MAX'}"


def streams(count: int | None) -> str:
    """``1 stream``, ``6 streams``."""
    if count is None:
        return "streams not recorded"
    return f"{count} stream" if count == 1 else f"{count} streams"
