"""An nvinfer config with DeepStream's defaults; ``reader`` reads it."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from dsbench.formats.float32 import float32
from dsbench.formats.keyfile import KeyFile

PROPERTY = "property"
CLASS_PREFIX = "class-attrs-"
Color = tuple[float, float, float, float]


@dataclass(frozen=True, slots=True)
class ClassAttrs:
    """Thresholds and filters of one class, with DeepStream's defaults. Floats are float32 values, sizes frame
    pixels; topk -1: all.
    """

    pre_cluster_threshold: float = float32(0.2)
    post_cluster_threshold: float = 0.0
    nms_iou_threshold: float = float32(0.3)
    topk: int = -1
    eps: float = 0.0
    group_threshold: int = 0
    min_boxes: int = 0
    dbscan_min_score: float = 0.0
    roi_top_offset: int = 0
    roi_bottom_offset: int = 0
    detected_min_w: int = 0
    detected_min_h: int = 0
    detected_max_w: int = 0
    detected_max_h: int = 0
    border_color: Color = (1.0, 0.0, 0.0, 1.0)
    bg_color: Color | None = None


@dataclass(frozen=True, slots=True)
class NvinferConfig:
    """A whole nvinfer config; every default is DeepStream's. Float values are float32, as stored in
    ``NvDsInferContextInitParams``.

    ``path``: real path of the file; paths are resolved as nvinfer does (a missing one may be shortened, see
    ``paths``). ``present``: keys of ``[property]``; ``warnings``: DeepStream's own texts; ``unsupported``:
    known keys with an effect that the embedded runtime does not reproduce; ``source``: the raw text, for line
    numbers and for what the user wrote.
    """

    path: Path
    source: KeyFile
    gie_unique_id: int | None = None
    gpu_id: int = 0
    process_mode: int = 1
    batch_size: int = 1
    interval: int = 0
    network_mode: int = 0
    network_type: int = 0
    onnx_file: Path | None = None
    model_engine_file: Path | None = None
    labelfile_path: Path | None = None
    custom_lib_path: Path | None = None
    mean_file: Path | None = None
    tlt_encoded_model: Path | None = None
    parse_bbox_func_name: str = ""
    engine_create_func_name: str = ""
    custom_network_config: str = ""
    num_detected_classes: int = 0
    cluster_mode: int = 0
    net_scale_factor: float = 1.0
    offsets: tuple[float, ...] = ()
    model_color_format: int = 0
    network_input_order: int = 0
    infer_dims: tuple[int, int, int] | None = None
    output_blob_names: tuple[str, ...] = ()
    maintain_aspect_ratio: bool = False
    symmetric_padding: bool = False
    crop_objects_to_roi_boundary: bool = False
    scaling_filter: int = 6
    scaling_compute_hw: int = 0
    filter_out_class_ids: tuple[int, ...] = ()
    output_tensor_meta: bool = False
    output_instance_mask: bool = False
    input_tensor_from_meta: bool = False
    stabilize_buffer_count: int = 0
    class_attrs_all: ClassAttrs = field(default_factory=ClassAttrs)
    class_attrs: tuple[tuple[int, ClassAttrs], ...] = ()
    present: frozenset[str] = frozenset()
    warnings: tuple[str, ...] = ()
    unsupported: tuple[str, ...] = ()

    def attrs_for(self, class_id: int) -> ClassAttrs:
        """The attributes of a class: ``[class-attrs-all]`` with the keys of ``[class-attrs-<id>]`` over it."""
        return next((attrs for number, attrs in self.class_attrs if number == class_id), self.class_attrs_all)
