"""``dsbench.toml``: what the user decides for one model, each value checked on reading.

Keys of nvinfer keep nvinfer's names and live in tables named as nvinfer's groups::

    onnx = "yolox_nano.onnx"           # which file of model/ when there are several
    family = "yolox"
    video = "clips/street.mp4"         # relative to the model directory
    ground-truth = "ground_truth"      # KITTI label files of the video; recorded, no step judges by them yet
    input-size = [416, 416]            # height, width: only for models whose ONNX leaves them dynamic

    [gate]
    min-detection-rate = 0.9           # share of frames with detections, 0 to 1
    kitti-frames = 100                 # 0: the whole video

    [benchmark]
    target-fps = 30                    # frames per second of one real-time stream
    perf-seconds = 60                  # how long each run of the app lasts
    perf-interval = 2                  # seconds of one PERF window
    perf-precision = 2                 # percent to which FPS must be known for a run to end early, 0: never
    min-streams = 4                    # fewer real-time streams confirmed: run2_validation fails

    [property]                         # nvinfer's [property]
    net-scale-factor = 1.0
    offsets = [0, 0, 0]
    model-color-format = 1

    [class-attrs-all]                  # nvinfer's [class-attrs-all]
    pre-cluster-threshold = 0.25

    [parser]
    object-size = 24                   # for DeepStream 6.2 and before: objects without rotation_angle; default 28

    [head]                             # what a head's outputs mean, where recognition cannot tell
    background = 0                     # index of the background class, -1 for none
    columns = "class,score,box"        # of a [N, dets, 6] output
    boxes = "normalised"               # or "pixels"
    corners = "x1,y1,x2,y2"            # or "y1,x1,y2,x2" (EfficientDet)
    objectness = false                 # column 4 of a YOLO head: true for YOLOv5's objectness
"""

from __future__ import annotations

import math
import tomllib
from collections.abc import Callable
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from dsbench.base.errors import Code, DsbenchError


@dataclass(frozen=True)
class Settings:
    """The values of one ``dsbench.toml``; None where the user left the decision to dsbench."""

    path: Path | None = None
    onnx: str | None = None
    family: str | None = None
    video: str | None = None
    ground_truth: str | None = None
    input_size: tuple[int, int] | None = None
    """Height, width."""

    # [gate]
    min_detection_rate: float | None = None
    kitti_frames: int | None = None

    # [benchmark]
    target_fps: float | None = None
    perf_seconds: int | None = None
    perf_interval: int | None = None
    min_streams: int | None = None
    perf_precision: float | None = None

    # [property]
    net_scale_factor: float | None = None
    offsets: tuple[float, ...] | None = None
    model_color_format: int | None = None
    maintain_aspect_ratio: bool | None = None
    symmetric_padding: bool | None = None
    scaling_filter: int | None = None
    cluster_mode: int | None = None
    network_mode: int | None = None
    parse_bbox_func_name: str | None = None

    # [class-attrs-all]
    pre_cluster_threshold: float | None = None
    nms_iou_threshold: float | None = None
    topk: int | None = None

    # [parser]
    object_size: int | None = None

    # [head]
    background: int | None = None
    columns: str | None = None
    boxes: str | None = None
    corners: str | None = None
    objectness: bool | None = None

    def decided(self) -> tuple[str, ...]:
        """The keys the user set, spelled as in the file, for the evidence."""
        return tuple(
            field.name.replace("_", "-")
            for field in fields(self)
            if field.name != "path" and getattr(self, field.name) is not None
        )


def load(path: Path) -> Settings:
    """Settings of ``path``; all None if the file does not exist.

    Raises SETTINGS_INVALID for text that is not TOML, an unknown key or table, a value of the wrong type or range.
    """
    try:
        text = path.read_bytes()
    except FileNotFoundError:
        return Settings()
    except OSError as error:
        raise _invalid(path, f"cannot be read: {error.strerror}", "make it a readable file") from error
    try:
        data = tomllib.loads(text.decode("utf-8-sig"))
    except (UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise _invalid(path, f"is not valid TOML: {error}", "correct the line it names") from error
    values: dict[str, Any] = {}
    for key, value in data.items():
        if isinstance(value, dict):
            table = _TABLES.get(key)
            if table is None:
                raise _unknown(path, f"table [{key}]", [f"[{name}]" for name in _TABLES])
            for inner, inner_value in value.items():
                _read(path, f"[{key}] {inner}", inner, inner_value, table, values)
        else:
            _read(path, key, key, value, _TOP, values)
    return Settings(path=path, **values)


Reader = Callable[[Any], Any]


def _read(path: Path, shown: str, key: str, value: Any, table: dict[str, Reader], into: dict[str, Any]) -> None:
    reader = table.get(key)
    if reader is None:
        elsewhere = [f"[{name}]" for name, keys in _TABLES.items() if key in keys] + (
            ["the top"] if key in _TOP else []
        )
        raise _unknown(path, f"key {shown}", [f"{key} in {place}" for place in elsewhere] or sorted(table))
    try:
        into[key.replace("-", "_")] = reader(value)
    except (TypeError, ValueError) as error:
        raise _invalid(path, f"{shown} = {value!r}: {error}", "correct the value") from None


def _invalid(path: Path, what: str, fix: str) -> DsbenchError:
    return DsbenchError(Code.SETTINGS_INVALID, f"dsbench.toml {what}", where=str(path), fix=fix)


def _unknown(path: Path, what: str, known: list[str]) -> DsbenchError:
    return _invalid(path, f"has an unknown {what}", f"known here: {', '.join(known)}")


def _text(value: Any) -> str:
    if not isinstance(value, str) or not value.strip():
        raise TypeError("must be a text that is not empty")
    if any(ord(character) < 32 for character in value):
        raise ValueError("must not contain control characters")
    return value


def _file_name(value: Any) -> str:
    text = _text(value)
    if "/" in text or text in (".", ".."):
        raise ValueError("must be the name of a file in model/, without a folder")
    return text


def _identifier(value: Any) -> str:
    text = _text(value)
    if not (text.isascii() and text.isidentifier()):
        raise ValueError("must be a C++ function name")
    return text


def _one_of(*allowed: str) -> Reader:
    def read(value: Any) -> str:
        if value not in allowed:
            raise ValueError(f"must be one of: {'; '.join(allowed)}")
        return str(value)

    return read


def _number(low: float, high: float, *, above: bool = False) -> Reader:
    def read(value: Any) -> float:
        if isinstance(value, bool) or not isinstance(value, (int, float)) or not math.isfinite(value):
            raise TypeError("must be a finite number")
        if not low <= value <= high or (above and value == low):
            raise ValueError(f"must be {'above' if above else 'at least'} {low:g} and at most {high:g}")
        return float(value)

    return read


def _whole(low: int, high: int) -> Reader:
    def read(value: Any) -> int:
        if isinstance(value, bool) or not isinstance(value, int):
            raise TypeError("must be a whole number")
        if not low <= value <= high:
            raise ValueError(f"must be between {low} and {high}")
        return value

    return read


def _flag(value: Any) -> bool:
    if value in (0, 1):  # True == 1, False == 0: both spellings, as nvinfer takes 0/1
        return bool(value)
    raise TypeError("must be true, false, 1 or 0")


def _numbers(value: Any) -> tuple[float, ...]:
    if isinstance(value, str):  # nvinfer's own spelling: 122.77;116.75;104.09
        value = [float(part) for part in value.split(";") if part.strip()]
    if not isinstance(value, list) or len(value) not in (1, 3):
        raise TypeError("must be a list of one number a channel")
    number = _number(-1e6, 1e6)
    return tuple(number(item) for item in value)


def _size(value: Any) -> tuple[int, int]:
    if not isinstance(value, list) or len(value) != 2:
        raise TypeError("must be [height, width]")
    side = _whole(1, 16384)
    return side(value[0]), side(value[1])


def _object_size(value: Any) -> int:
    if value not in (24, 28) or isinstance(value, float):
        raise ValueError("must be 28 (DeepStream 9) or 24 (6.2 and before)")
    return int(value)


_TOP: dict[str, Reader] = {
    "onnx": _file_name,
    "family": _text,
    "video": _text,
    "ground-truth": _text,
    "input-size": _size,
}
_TABLES: dict[str, dict[str, Reader]] = {
    "gate": {
        "min-detection-rate": _number(0, 1),
        "kitti-frames": _whole(0, 10**9),
    },
    "benchmark": {
        "target-fps": _number(0, 1e6, above=True),
        "perf-seconds": _whole(1, 86_400),
        "perf-interval": _whole(1, 3600),
        "perf-precision": _number(0, 100),
        "min-streams": _whole(1, 10**6),
    },
    "property": {
        "net-scale-factor": _number(0, 1e6, above=True),
        "offsets": _numbers,
        "model-color-format": _whole(0, 2),
        "maintain-aspect-ratio": _flag,
        "symmetric-padding": _flag,
        "scaling-filter": _whole(0, 6),
        "cluster-mode": _whole(0, 4),
        "network-mode": _whole(0, 3),
        "parse-bbox-func-name": _identifier,
    },
    "parser": {
        "object-size": _object_size,
    },
    "head": {
        "background": _whole(-1, 10**6),
        "columns": _one_of("class,score,box", "score,class,box", "box,score,class", "box,class,score"),
        "boxes": _one_of("normalised", "pixels"),
        "corners": _one_of("x1,y1,x2,y2", "y1,x1,y2,x2"),
        "objectness": _flag,
    },
    "class-attrs-all": {
        "pre-cluster-threshold": _number(0, 1e6),
        "nms-iou-threshold": _number(0, 1),
        "topk": _whole(0, 10**6),
    },
}
