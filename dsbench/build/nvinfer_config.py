"""6e and 7b: the nvinfer config, the specification's keys in its order, values as the model needs them."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from dsbench.base import resources, spec
from dsbench.base.files import Written, write_generated


@dataclass(frozen=True, slots=True)
class NvinferPlan:
    """Values of one nvinfer config. Paths are texts as they go into the file, relative to its directory.

    ``infer_dims`` is channels, height, width. ``symmetric_padding`` and ``scaling_filter`` are written only when
    set; ``threshold_note`` is a comment above pre-cluster-threshold. ``custom_lib_path`` and
    ``parse_bbox_func_name`` are "" for nvinfer's own decode.
    """

    onnx_file: str
    model_engine_file: str
    labelfile_path: str
    custom_lib_path: str
    parse_bbox_func_name: str
    num_detected_classes: int
    infer_dims: tuple[int, int, int]
    batch_size: int = 1
    gpu_id: int = 0
    net_scale_factor: float = spec.NET_SCALE_FACTOR
    offsets: tuple[float, ...] = ()
    model_color_format: int = spec.MODEL_COLOR_FORMAT
    network_input_order: int = 0
    network_mode: int = spec.NETWORK_MODE
    cluster_mode: int = spec.CLUSTER_MODE
    maintain_aspect_ratio: int = spec.MAINTAIN_ASPECT_RATIO
    symmetric_padding: int | None = None
    scaling_filter: int | None = None
    topk: int = spec.TOPK
    nms_iou_threshold: float = spec.NMS_IOU_THRESHOLD
    pre_cluster_threshold: float = spec.PRE_CLUSTER_THRESHOLD
    threshold_note: str = ""


def relative(path: Path, config_dir: Path) -> str:
    """``path`` as a config in ``config_dir`` names it, links not followed (``../model/x.onnx``)."""
    return os.path.relpath(path, config_dir)


def render_nvinfer(plan: NvinferPlan) -> str:
    """Text of the config without the marker line."""
    return resources.render("nvinfer.txt.j2", plan=plan)


def write_nvinfer(path: Path, plan: NvinferPlan) -> Written:
    """Write the config unless the user has one of their own."""
    return write_generated(path, render_nvinfer(plan), "#")
