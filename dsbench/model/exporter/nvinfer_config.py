"""An nvinfer config that came with the ONNX file (LibreYOLO, DeepStream-Yolo, TAO, NGC).

Its preprocessing and clustering are used. It is read as nvinfer reads it. nvinfer's defaults apply only if the config
gives the scale; a config without it is a snippet. The name of the parser function is reported, but nothing is loaded.
Configs that dsbench wrote, and the user's own config, are not read here.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from dsbench.base import reading
from dsbench.base.errors import DsbenchError
from dsbench.base.files import is_generated
from dsbench.base.reading import FileKind
from dsbench.formats import labels as label_file
from dsbench.formats import nvinfer
from dsbench.formats.nvinfer import NvinferConfig
from dsbench.model.exporter.files import Files
from dsbench.model.exporter.statement import Said, Statement, Trust

SUFFIXES = (".txt", ".yml", ".yaml")
_DETECTORS = (0, 3)
_CLUSTERING = (2, 4)
"""NMS and none. The others need keys of their own: a config that uses them belongs into config/ as it is."""
_MODEL_KEYS = ("onnx-file", "model-engine-file", "tlt-encoded-model")
_ENGINE = re.compile(r"(\.onnx|\.etlt)?_b\d+_gpu\d+_\w+$")
_DEEPSTREAM_YOLO_ENGINE = re.compile(r"model_b\d+_gpu\d+_\w+\.engine")


@dataclass(frozen=True, slots=True)
class Model:
    """The ONNX file that a config must belong to."""

    path: Path
    channels: int
    height: int
    width: int


def statement(
    places: tuple[tuple[Path, bool], ...], own: tuple[Path, ...], model: Model, files: Files
) -> Statement | None:
    """What the config of this model states. ``places``: folders, and whether every config there counts or only those
    named ``config_infer*`` or ``nvinfer*``; ``own``: the paths that are not the exporter's."""
    found: list[tuple[bool, Statement]] = []
    for folder, any_name in places:
        for path in files.in_folder(folder, *SUFFIXES):
            named = path.name.startswith("config_infer") or "nvinfer" in path.name
            if (any_name or named) and path not in own and not is_generated(path):
                stated = _read(path, model, files)
                found += [stated] if stated else []
    exact = [stated for names_it, stated in found if names_it] or [stated for _, stated in found]
    if len({_feeding(stated) for stated in exact}) > 1:
        names = ", ".join(stated.origin for stated in exact)
        files.problems.append(f"{names}: several nvinfer configs feed the model differently, none is used")
        return None
    return exact[0] if exact else None


def _feeding(stated: Statement) -> tuple[object, ...]:
    keys = ("net_scale_factor", "offsets", "model_color_format", "maintain_aspect_ratio", "symmetric_padding",
            "cluster_mode")  # fmt: skip
    return tuple(said.value if (said := stated.said(key)) else None for key in keys)


def _read(path: Path, model: Model, files: Files) -> tuple[bool, Statement] | None:
    """Whether the config names the model, and what it states; None if it is no config, or another model's."""
    text = files.text(path) if _looks_like_one(path) else None
    if text is None:
        return None
    try:
        config = nvinfer.load(path)
    except DsbenchError as error:
        files.problem(path, ValueError(error.what))
        return None
    problem = _not_this_model(config, model)
    if problem:
        files.problems.append(f"{path.name} is not used: {problem}")
        return None
    names_it = config.onnx_file is not None and config.onnx_file.name == model.path.name
    return names_it, _stated(config, path, files)


def _looks_like_one(path: Path) -> bool:
    """Whether the beginning of the file has a ``[property]`` group: label files and licences have none."""
    try:
        start = reading.read_head(path, FileKind.EXPORTER_TEXT.limit)
    except OSError:
        return False
    return re.search(rb"^\s*(\[property\]|property:)", start, re.MULTILINE) is not None


def _not_this_model(config: NvinferConfig, model: Model) -> str:
    """Why the config is not this model's; empty if it is."""
    if config.network_type not in _DETECTORS:
        return f"network-type={config.network_type} is no detector"
    dims = config.infer_dims
    if dims and sorted(dims) != sorted((model.channels, model.height, model.width)):
        return f"infer-dims={';'.join(map(str, dims))}, the model is {model.channels};{model.height};{model.width}"
    group = config.source.group(nvinfer.PROPERTY)
    for key in _MODEL_KEYS:
        value = group.get(key) if group else None
        name = Path(value).name if value else ""
        if name and not _DEEPSTREAM_YOLO_ENGINE.fullmatch(name):
            return "" if _same(name, model.path.name) else f"{key}={name} is another model than {model.path.name}"
    return ""


def _same(one: str, other: str) -> bool:
    """Whether two file names are of one model: equal but for suffixes of exporters."""
    plain = [_ENGINE.sub("", re.sub(r"\.(onnx|engine|etlt)$", "", name)) for name in (one, other)]
    bare = [re.sub(r"\.pth?$|[-_.]?(dynamic|sim|slim)$", "", name.lower()) for name in plain]
    first, second = (re.sub(r"[^a-z0-9]", "", name) for name in bare)
    return first == second


def _stated(config: NvinferConfig, path: Path, files: Files) -> Statement:
    return replace(_preprocessing(config, path, files), **_clustering(config, path, files))


def _source(config: NvinferConfig, path: Path, files: Files, key: str, group: str = nvinfer.PROPERTY) -> str:
    found = config.source.group(group)
    entry = found.entry(key) if found else None
    place = files.shown(path)
    return f"{place}:{entry.line} {key}" if entry else f"{place}: nvinfer's default of {key}"


def _preprocessing(config: NvinferConfig, path: Path, files: Files) -> Statement:
    given = config.present
    whole = "net-scale-factor" in given
    usable = math.isfinite(config.net_scale_factor) and config.net_scale_factor > 0 and config.mean_file is None
    usable = usable and all(map(math.isfinite, config.offsets))
    if whole and not usable:
        files.problems.append(f"{path.name}: net-scale-factor, offsets or mean-file cannot be used")

    def said(key: str, value: int) -> Said[int] | None:
        return Said(value, _source(config, path, files, key)) if whole or key in given else None

    keeps = said("maintain-aspect-ratio", int(config.maintain_aspect_ratio))
    return Statement(
        files.shown(path),
        Trust.NVINFER_CONFIG,
        net_scale_factor=Said(_scale(config), _source(config, path, files, "net-scale-factor"))
        if whole and usable
        else None,
        offsets=Said(_plain(config.offsets), _source(config, path, files, "offsets")) if whole and usable else None,
        model_color_format=said("model-color-format", config.model_color_format),
        maintain_aspect_ratio=keeps,
        symmetric_padding=said("symmetric-padding", int(config.symmetric_padding)) if keeps and keeps.value else None,
    )


def _scale(config: NvinferConfig) -> float:
    """The scale as it is written: nvinfer's float32 of 1/255 is not 1/255."""
    group = config.source.group(nvinfer.PROPERTY)
    text = group.get("net-scale-factor") if group else None
    try:
        value = float(text or "")
    except ValueError:
        return config.net_scale_factor
    return 1 / 255 if math.isclose(value, 1 / 255, rel_tol=1e-6) else value


def _plain(offsets: tuple[float, ...]) -> tuple[float, ...]:
    return tuple(round(value, 4) for value in offsets) if any(offsets) else ()


def _clustering(config: NvinferConfig, path: Path, files: Files) -> dict[str, Any]:
    """Clustering, thresholds, classes and names as far as the config gives them."""
    found: dict[str, Said[Any]] = {}
    for key, field, value in (
        ("cluster-mode", "cluster_mode", config.cluster_mode),
        ("num-detected-classes", "classes", config.num_detected_classes),
        ("parse-bbox-func-name", "parser_function", config.parse_bbox_func_name),
    ):
        if key == "cluster-mode" and value not in _CLUSTERING:
            continue
        if key in config.present and value != "":
            found[field] = Said(value, _source(config, path, files, key))
    group = f"{nvinfer.CLASS_PREFIX}all"
    entries = config.source.group(group)
    for key in ("pre-cluster-threshold", "nms-iou-threshold", "topk"):
        if entries and entries.entry(key):
            number = getattr(config.class_attrs_all, key.replace("-", "_"))
            number = round(number, 6) if isinstance(number, float) else number
            found[key.replace("-", "_")] = Said(number, _source(config, path, files, key, group))
    names = tuple(_names(config, files))
    if names:
        found["names"] = Said(names, f"{files.shown(path)}: labelfile-path={config.labelfile_path}")
    return found


def _names(config: NvinferConfig, files: Files) -> Iterator[str]:
    """The lines of the config's own label file."""
    path = config.labelfile_path
    if path is None or files.text(path) is None:
        return
    try:
        yield from label_file.read(path).names
    except DsbenchError:
        return
