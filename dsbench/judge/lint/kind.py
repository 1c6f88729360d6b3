"""What a config file is, by its content: of nvinfer, of deepstream-app, or of something else."""

from __future__ import annotations

import difflib
import re
from enum import StrEnum
from pathlib import Path

from dsbench.base import reading
from dsbench.base.errors import DsbenchError
from dsbench.formats import keyfile, nvinfer, yamlfile
from dsbench.formats.keyfile import KeyFile

_YAML = (".yml", ".yaml")
_TELLING = frozenset(
    (
        *("net-scale-factor", "onnx-file", "model-engine-file", "infer-dims", "network-mode"),
        *("custom-lib-path", "tlt-encoded-model", "model-file", "uff-file"),
    )
)
"""Keys of nvinfer that nvdspostprocess's configs, which have a [property] too, do not have."""
_PREPROCESS = frozenset(["target-unique-ids", "processing-width", "processing-height", "network-input-shape"])
"""Keys of nvdspreprocess, whose configs have a [property] too."""
_APP_GROUPS = frozenset(["application", "primary-gie", "streammux", "tiled-display", "osd", "tests"])
_OTHER_APP = re.compile(r"branch\d*|meta-mux|primary-gie\d+|(?:receiver|sender)\d+")
"""Groups that only NVIDIA's other apps read."""
_FEWEST_KEYS, _FEWEST_GROUPS = 2, 2


class ConfigKind(StrEnum):
    """Whose config a file is."""

    NVINFER = "nvinfer"
    APP = "deepstream-app"
    OTHER = "other"
    UNREADABLE = "unreadable"


def recognise(path: Path) -> ConfigKind:
    """The kind of a file. UNREADABLE: neither an ini nor a YAML file, or not there."""
    try:
        yaml = path.suffix in _YAML
        keys = yamlfile.as_keyfile(yamlfile.load(path)) if yaml else keyfile.load(path)
    except DsbenchError:
        return _by_text(path)
    if _nvinfer(keys):
        return ConfigKind.NVINFER
    return ConfigKind.APP if _app(keys, yaml=yaml) else ConfigKind.OTHER


def _nvinfer(keys: KeyFile) -> bool:
    group = keys.group(nvinfer.PROPERTY)
    if group is not None:
        names = set(group.keys())
        return bool(names & _TELLING) and not names & _PREPROCESS
    near = difflib.get_close_matches(nvinfer.PROPERTY, [one.name.lower() for one in keys.groups], cutoff=0.7)
    return any(_TELLING & set(one.keys()) for one in keys.groups if one.name.lower() in near)


def _app(keys: KeyFile, *, yaml: bool) -> bool:
    names = {group.name for group in keys.groups}
    if any(_OTHER_APP.fullmatch(name) for name in names):
        return False
    if yaml:
        source, detector = keys.group("source"), keys.group("primary-gie")
        foreign = "source-list" in names
        listed = source is not None and source.get("csv-file-path") is not None
        named = detector is None or detector.get("config-file") is not None
        return "application" in names and listed and named and not foreign
    feeds = any(name.startswith(("source", "primary-gie")) for name in names)
    return feeds and len(names & _APP_GROUPS) >= _FEWEST_GROUPS


def _by_text(path: Path) -> ConfigKind:
    """The kind of a file that cannot be parsed, by the words in it."""
    try:
        text = reading.read_head(path, 1 << 20).decode("utf-8", "replace")
    except OSError:
        return ConfigKind.UNREADABLE
    lines = re.findall(r"^\s*([\w-]+)\s*[=:]", text, re.MULTILINE)
    if len(_TELLING & set(lines)) >= _FEWEST_KEYS and not _PREPROCESS & set(lines):
        return ConfigKind.NVINFER
    groups = set(re.findall(r"^\s*\[?([\w-]+)\]?:?\s*$", text, re.MULTILINE))
    return ConfigKind.APP if len(groups & _APP_GROUPS) >= _FEWEST_GROUPS else ConfigKind.UNREADABLE
