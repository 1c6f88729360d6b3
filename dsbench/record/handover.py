"""What Step 8 reports besides the figures: the model, its engine, its detections, its video, durations and commands.

Paths are relative to the model directory where they lie in it. None and "" mean: not known.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class TensorSummary:
    """An input or output of the ONNX graph; a dynamic dimension has its name."""

    name: str
    dtype: str
    shape: tuple[int | str, ...]


@dataclass(frozen=True)
class ImportSummary:
    """The model as it was imported."""

    onnx: str
    producer: str
    opset: int
    family: str
    """The detector family of the head; empty if none recognises it."""
    inputs: tuple[TensorSummary, ...]
    outputs: tuple[TensorSummary, ...]
    classes: int
    """Lines of labels.txt."""
    class_names: tuple[str, ...]
    """As nvinfer numbers them, cut as DeepStream cuts them: the labels of the KITTI dump."""
    batch: int | None
    """The batch that the graph is frozen at; None if it is dynamic."""
    parser_library: str = ""
    parser_function: str = ""


@dataclass(frozen=True)
class ConfigSummary:
    """The nvinfer config of 6e as nvinfer reads it. ``height`` and ``width`` are the network's input in pixels."""

    file: str
    height: int
    width: int
    channels: int
    layout: str
    net_scale_factor: float
    offsets: tuple[float, ...]
    model_color_format: int
    maintain_aspect_ratio: bool
    symmetric_padding: bool
    cluster_mode: int
    network_mode: int
    pre_cluster_threshold: float
    nms_iou_threshold: float
    topk: int
    origin: str
    """Who states the preprocessing."""


@dataclass(frozen=True)
class DerivationSummary:
    """PEAK_GPU_STREAMS as it follows from one batch: floor(images per second / target FPS)."""

    batch: int
    imgs_per_sec: float
    peak_gpu_streams: int
    source: str


@dataclass(frozen=True)
class EngineSummary:
    """The engine, or what stands in for it on the embedded runtime."""

    file: str
    bytes: int
    stand_in: bool
    """No TensorRT engine: the throughput of the model alone was measured on ONNX Runtime."""
    precision: str
    optimization_level: int | None
    """Of trtexec's --builderOptimizationLevel; None if it was not set or is not known."""
    timing_cache: str
    derivations: tuple[DerivationSummary, ...]


@dataclass(frozen=True)
class ClassCount:
    """Objects of one class in the KITTI dump."""

    name: str
    objects: int


@dataclass(frozen=True)
class DetectionSummary:
    """The KITTI dump of 6g. Its boxes are in pixels of a surface of ``width`` x ``height``."""

    folder: str
    width: int
    height: int
    frames: int
    frames_with_detections: int
    objects: int
    required_rate: float
    passed: bool
    classes: tuple[ClassCount, ...]
    """The ten most frequent ones."""


@dataclass(frozen=True)
class CaptureSummary:
    """6f's video. ``mode`` is one of the three texts of Step 8."""

    mode: str
    artefact: str
    note: str


@dataclass(frozen=True)
class DurationSummary:
    """Seconds, rounded to two decimals. None: not recorded."""

    steps_1_3: float | None = None
    step_4: float | None = None
    """The engine's build."""
    step_5: float | None = None
    preparation: float | None = None
    """The embedded runtime's measurement of the model alone, in place of Steps 4 and 5."""
    step_6: float | None = None
    run1: float | None = None
    run2: float | None = None
    retry: float | None = None
    """Run 2 at half the streams; None if there was none."""
    step_8: float | None = None
    """The charts of Step 8."""


@dataclass(frozen=True)
class CommandSummary:
    """A command line with absolute paths. ``run`` is False for one that this run did not carry out."""

    step: str
    line: str
    run: bool


@dataclass(frozen=True)
class Handover:
    """All of it; a part is None until its step has run."""

    model: ImportSummary | None = None
    config: ConfigSummary | None = None
    engine: EngineSummary | None = None
    detections: DetectionSummary | None = None
    capture: CaptureSummary | None = None
    durations: DurationSummary = DurationSummary()
    commands: tuple[CommandSummary, ...] = ()
