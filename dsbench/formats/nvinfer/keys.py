"""The table of nvinfer's keys: type, allowed values, DeepStream's words for a wrong one, and what the
embedded runtime does with it.

Source: ``gstnvinfer_property_parser.{h,cpp}`` of DeepStream 9.1, in the order of its checks.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from typing import Any

from dsbench.formats.keyfile import ValueKind

MAX_BATCH_SIZE = 1024
MAX_OFFSETS = 4

Rule = Callable[[str, Any], str]
"""(key, value) -> DeepStream's error line without its newline, or "" when the value is allowed."""


class Support(Enum):
    """What the embedded runtime does with a key."""

    HONOURED = "honoured"
    NEUTRAL = "neutral"  # accepted and without effect on a CPU, or only on another kind of network
    UNSUPPORTED = "unsupported"  # would change the results and is not done: named in one line


@dataclass(frozen=True, slots=True)
class PropertyKey:
    """A key of ``[property]``. ``field`` is the attribute of NvinferConfig ("" when only checked);
    ``path_of`` names a path in errors.
    """

    name: str
    kind: ValueKind
    field: str = ""
    rule: Rule | None = None
    support: Support = Support.NEUTRAL
    expected: str = ""
    path_of: str = ""


@dataclass(frozen=True, slots=True)
class ClassKey:
    """A key of ``[class-attrs-*]``. ``wrong`` is DeepStream's line for a value outside ``low..high``
    (%-format: value, group).
    """

    name: str
    kind: ValueKind
    field: str
    wrong: str
    high: float = float("inf")
    expected: str = "0 or more"


def _one_of(*allowed: int, wording: str = "Error. Invalid value for '{key}':'{value}'") -> Rule:
    def rule(key: str, value: Any) -> str:
        return "" if value in allowed else wording.format(key=key, value=value)

    return rule


def _not_negative(wording: str) -> Rule:
    def rule(key: str, value: Any) -> str:
        return wording.format(key=key, value=value) if value < 0 else ""

    return rule


def _positive_id(key: str, value: Any) -> str:
    return "" if value > 0 else f"Error: {key} ({value}) should be > 0"


def _batch_size(key: str, value: Any) -> str:
    fine = 1 <= value <= MAX_BATCH_SIZE
    return "" if fine else f"Error: {key}({value}) should be in the range [1,{MAX_BATCH_SIZE}]"


def _three_dims(key: str, value: Any) -> str:
    wrong = f"Error. '{key}' array length is {len(value)}. Should be 3 as [c;h;w] order."
    return "" if len(value) == 3 else wrong


def _few_offsets(key: str, value: Any) -> str:
    # the two blanks are DeepStream's
    return "" if len(value) <= MAX_OFFSETS else f"Error. Maximum  length of {MAX_OFFSETS} is allowed for '{key}'"


def _cluster_mode(key: str, value: Any) -> str:
    if value < 0:
        return f"Error: Negative value specified for {key}({value})"
    return _one_of(0, 1, 2, 3, 4)(key, value)


def _negative_size(name: str) -> PropertyKey:
    return PropertyKey(name, ValueKind.INT, rule=_not_negative("Error: Negative value specified for {key}({value})"))


def _negative_threshold(name: str) -> PropertyKey:
    rule = _not_negative("Error: Negative value specified for {key}({value:.2f})")
    return PropertyKey(name, ValueKind.DOUBLE, rule=rule)


def _path(name: str, path_of: str, field: str = "", support: Support = Support.HONOURED) -> PropertyKey:
    return PropertyKey(name, ValueKind.PATH, field, support=support, path_of=path_of)


def _flag(name: str, field: str = "", support: Support = Support.NEUTRAL) -> PropertyKey:
    return PropertyKey(name, ValueKind.BOOL, field, support=support)


def _number(name: str, support: Support = Support.NEUTRAL) -> PropertyKey:
    return PropertyKey(name, ValueKind.INT, support=support)


_YES, _NO, _ANY = Support.HONOURED, Support.UNSUPPORTED, Support.NEUTRAL
_NCHW = "0 (NCHW) or 1 (NHWC)"

PROPERTY_KEYS: tuple[PropertyKey, ...] = (
    PropertyKey("gie-unique-id", ValueKind.INT, "gie_unique_id", _positive_id, _YES, "1 or more"),
    _path("labelfile-path", "labels file", "labelfile_path"),
    PropertyKey("gpu-id", ValueKind.INT, "gpu_id"),
    PropertyKey("batch-size", ValueKind.INT, "batch_size", _batch_size, _YES, f"1 to {MAX_BATCH_SIZE}"),
    PropertyKey("infer-dims", ValueKind.INT_LIST, "infer_dims", _three_dims, _YES, "c;h;w, for example 3;640;640"),
    PropertyKey(
        "network-mode", ValueKind.INT, "network_mode", _one_of(0, 1, 2, 3), _YES, "0 fp32, 1 int8, 2 fp16, 3 best"
    ),
    _path("model-engine-file", "model engine file", "model_engine_file"),
    PropertyKey("output-blob-names", ValueKind.STRING_LIST, "output_blob_names"),
    PropertyKey("network-type", ValueKind.INT, "network_type", _one_of(0, 1, 2, 3, 100), _NO, "0 for a detector"),
    PropertyKey(
        "model-color-format", ValueKind.INT, "model_color_format", _one_of(0, 1, 2), _YES, "0 RGB, 1 BGR, 2 GRAY"
    ),
    PropertyKey("net-scale-factor", ValueKind.DOUBLE, "net_scale_factor", None, _YES),
    PropertyKey("offsets", ValueKind.DOUBLE_LIST, "offsets", _few_offsets, _YES, "one number per channel"),
    _path("mean-file", "mean image file", "mean_file"),
    _path("custom-lib-path", "custom library", "custom_lib_path"),
    PropertyKey("parse-bbox-func-name", ValueKind.STRING, "parse_bbox_func_name", None, _YES),
    _path("onnx-file", "ONNX file", "onnx_file"),
    PropertyKey(
        "num-detected-classes",
        ValueKind.INT,
        "num_detected_classes",
        _not_negative("Error: Negative value specified for {key}({value})"),
        _YES,
        "the number of classes of the head",
    ),
    PropertyKey("cluster-mode", ValueKind.INT, "cluster_mode", _cluster_mode, _YES, "0, 1, 2 (NMS), 3 or 4 (none)"),
    PropertyKey(
        "network-input-order",
        ValueKind.INT,
        "network_input_order",
        _one_of(0, 1, wording="Error. Invalid value for '{key}', network input order :'{value}'"),
        _YES,
        _NCHW,
    ),
    PropertyKey(
        "process-mode",
        ValueKind.INT,
        "process_mode",
        _one_of(1, 2, wording="Error: Invalid value for {key} ({value})"),
        _YES,  # the app sets 1 for the primary detector, independent of the file
        "1 for whole frames",
    ),
    PropertyKey(
        "interval",
        ValueKind.INT,
        "interval",
        _not_negative("Error: Negative value ({value}) specified for {key}"),
        _YES,
        "0 or more batches to skip",
    ),
    _flag("maintain-aspect-ratio", "maintain_aspect_ratio", _YES),
    _flag("symmetric-padding", "symmetric_padding", _YES),
    _flag("crop-objects-to-roi-boundary", "crop_objects_to_roi_boundary", _YES),
    PropertyKey("filter-out-class-ids", ValueKind.INT_LIST, "filter_out_class_ids", None, _YES),
    PropertyKey("scaling-filter", ValueKind.INT, "scaling_filter", _one_of(*range(7)), _YES, "0 to 6; 6 is nearest"),
    PropertyKey("scaling-compute-hw", ValueKind.INT, "scaling_compute_hw", _one_of(0, 1), _ANY, "0 or 1"),
    _flag("output-tensor-meta", "output_tensor_meta"),
    _flag("input-tensor-from-meta", "input_tensor_from_meta", _YES),  # refused
    _flag("output-instance-mask", "output_instance_mask", _NO),
    PropertyKey("stabilize-buffer-count", ValueKind.INT, "stabilize_buffer_count", None, _YES),
    PropertyKey("engine-create-func-name", ValueKind.STRING, "engine_create_func_name", None, _NO),
    PropertyKey("custom-network-config", ValueKind.STRING, "custom_network_config", None, _NO),
    _path("tlt-encoded-model", "TLT encoded model file", "tlt_encoded_model", _NO),
    _path("model-file", "model file", support=_NO),
    _path("proto-file", "prototxt file", support=_NO),
    _path("uff-file", "UFF file", support=_NO),
    _path("int8-calib-file", "INT8 calibration file", support=_ANY),
    _path("ip-tensor-file", "Input Tensor file", support=_NO),
    PropertyKey("op-tensor-files", ValueKind.STRING_LIST, support=_NO),
    _number("dump-input-tensor", _NO),
    _number("dump-output-tensor", _NO),
    _number("overwrite-input-tensor", _NO),
    _number("overwrite-output-tensor", _NO),
    _number("disable-output-host-copy", _NO),
    _flag("raw-output-file-write", support=_NO),
    # of other network types or of secondary inference: read, never used by a primary detector
    PropertyKey("parse-bbox-instance-mask-func-name", ValueKind.STRING),
    PropertyKey("parse-segmentation-func-name", ValueKind.STRING),
    PropertyKey("parse-classifier-func-name", ValueKind.STRING),
    PropertyKey("classifier-type", ValueKind.STRING),
    _flag("classifier-async-mode"),
    _negative_threshold("classifier-threshold"),
    _negative_threshold("segmentation-threshold"),
    PropertyKey(
        "segmentation-output-order",
        ValueKind.INT,
        rule=_one_of(0, 1, wording="Error. Invalid value for '{key}', Segmentation output order :'{value}'"),
        expected=_NCHW,
    ),
    _number("secondary-reinfer-interval"),
    _negative_size("input-object-min-width"),
    _negative_size("input-object-min-height"),
    _negative_size("input-object-max-width"),
    _negative_size("input-object-max-height"),
    _number("operate-on-gie-id"),
    PropertyKey("operate-on-class-ids", ValueKind.INT_LIST),
    # of the GPU or of TensorRT's build
    _flag("enable-dla"),
    _number("use-dla-core"),
    _number("auto-inc-mem"),
    _number("max-gpu-mem-per"),
    _number("tensor-meta-pool-size"),
    _number("workspace-size"),
    _flag("force-implicit-batch-dim"),
    _flag("strongly-typed"),
    _flag("warmup-engine"),
    PropertyKey("output-io-formats", ValueKind.STRING_LIST, support=_NO),
    PropertyKey("layer-device-precision", ValueKind.STRING_LIST),
    PropertyKey("dynamic-properties", ValueKind.STRING, support=_NO),
    PropertyKey("tlt-model-key", ValueKind.STRING),
    PropertyKey("uff-input-blob-name", ValueKind.STRING),
    PropertyKey(
        "uff-input-order",
        ValueKind.INT,
        rule=_one_of(0, 1, 2, wording="Error. Invalid value for '{key}', UFF input order :'{value}'"),
        expected="0, 1 or 2",
    ),
)

_COLOR = "Error: Group %(group)s, Number of Color params should be exactly 4 floats {r, g, b, a} between 0 and 1"

CLASS_KEYS: tuple[ClassKey, ...] = (
    ClassKey(
        "threshold",
        ValueKind.DOUBLE,
        "pre_cluster_threshold",
        "Error: Negative threshold (%(value).5f) specified for group %(group)s",
    ),
    ClassKey(
        "pre-cluster-threshold",
        ValueKind.DOUBLE,
        "pre_cluster_threshold",
        "Error: Negative pre cluster threshold (%(value).5f) specified for group %(group)s",
    ),
    ClassKey(
        "post-cluster-threshold",
        ValueKind.DOUBLE,
        "post_cluster_threshold",
        "Error: Negative post cluster threshold (%(value).5f) specified for group %(group)s",
    ),
    ClassKey("eps", ValueKind.DOUBLE, "eps", "Error: Negative eps (%(value).5f) specified for group %(group)s"),
    ClassKey(
        "group-threshold",
        ValueKind.INT,
        "group_threshold",
        "Error: Negative group-threshold (%(value)d) specified for group %(group)s",
    ),
    ClassKey(
        "minBoxes", ValueKind.INT, "min_boxes", "Error: Negative minBoxes (%(value)d) specified for group %(group)s"
    ),
    ClassKey(
        "dbscan-min-score",
        ValueKind.DOUBLE,
        "dbscan_min_score",
        "Error: Negative minScore (%(value)f) specified for group %(group)s",
    ),
    *(
        ClassKey(
            name,
            ValueKind.INT,
            name.replace("-", "_"),
            f"Error: Negative {c_name} (%(value)d) specified for group %(group)s",
        )
        for name, c_name in (
            ("roi-top-offset", "roiTopOffset"),
            ("roi-bottom-offset", "roiBottomOffset"),
            ("detected-min-w", "detectionMinWidth"),
            ("detected-min-h", "detectionMinHeight"),
            ("detected-max-w", "detectionMaxWidth"),
            ("detected-max-h", "detectionMaxHeight"),
        )
    ),
    ClassKey("border-color", ValueKind.DOUBLE_LIST, "border_color", _COLOR, expected="four numbers r;g;b;a"),
    ClassKey("bg-color", ValueKind.DOUBLE_LIST, "bg_color", _COLOR, expected="four numbers r;g;b;a"),
    ClassKey(
        "nms-iou-threshold",
        ValueKind.DOUBLE,
        "nms_iou_threshold",
        # no blank after the full stop and one before the line end: DeepStream's
        "Error: Invalid nms iou threshold (%(value).2f) specified for group %(group)s.Enter a value between 0 & 1. ",
        1.0,
        "0 to 1",
    ),
    ClassKey(
        "topk",
        ValueKind.INT,
        "topk",
        "Error: Invalid topk value %(value)d specified for group %(group)s."
        " topk should be greater than of equal to '0'",
        expected="0 or more (0 removes every object; leave the key out for no limit)",
    ),
)

UFF_DIMS_KEYS = ("input-dims", "uff-input-dims")  # deprecated, c;h;w;order
SPECIAL_KEYS = (*UFF_DIMS_KEYS, "enable-dbscan", "is-classifier")
_BY_NAME = {key.name: key for key in PROPERTY_KEYS}
_CLASS_BY_NAME = {key.name: key for key in CLASS_KEYS}


def property_key(name: str) -> PropertyKey | None:
    """The table row of a ``[property]`` key, None when nvinfer does not know it."""
    return _BY_NAME.get(name)


def class_key(name: str) -> ClassKey | None:
    """The table row of a ``[class-attrs-*]`` key, None when nvinfer does not know it."""
    return _CLASS_BY_NAME.get(name)
