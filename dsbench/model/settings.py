"""``dsbench.toml``: what the user decides for one model, each value checked on reading.

Keys of nvinfer keep nvinfer's names and live in tables named as nvinfer's groups; the keys of options are those of the
rows in ``base/options.py``. docs/settings.md shows a whole file.
"""

from __future__ import annotations

import difflib
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from dsbench.base import numbers, reading
from dsbench.base.errors import Code, DsbenchError
from dsbench.base.option_kinds import Flag, Number, Text, Whole
from dsbench.base.options import OPTIONS
from dsbench.base.reading import FileKind

ACCEPTABLE = (
    "config-choices",
    "label-names",
    "label-order",
    "clip-shows-nothing",
    "clip-turned",
    "preprocessing-refuted",
    "parser-misreads",
)
"""Codes of INCONCLUSIVE results that only the user can decide, and that no other setting decides."""


@dataclass(frozen=True)
class Settings:
    """The values of one ``dsbench.toml``; None where the user left the decision to dsbench."""

    path: Path | None = None
    options: Mapping[str, Any] = field(default_factory=dict)
    """Those of options (``base/options.py``), by name."""

    onnx: str | None = None
    family: str | None = None
    input_size: tuple[int, int] | None = None
    """Height, width."""
    accept: tuple[str, ...] | None = None
    """Of `ACCEPTABLE`: what the user has looked at and means."""

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
    cell_offset: float | None = None
    anchors: tuple[float, ...] | None = None
    min_sizes: tuple[float, ...] | None = None
    steps: tuple[float, ...] | None = None

    def decided(self) -> tuple[str, ...]:
        """The keys the user set, spelled as in the file, for the evidence."""
        keys = [key for table in TABLES.values() for key in table]
        return tuple(key for key in keys if self.options.get(key, getattr(self, _field(key), None)) is not None)


def load(path: Path) -> Settings:
    """Settings of ``path``; all None if the file does not exist.

    Raises SETTINGS_INVALID for text that is not TOML, an unknown key or table, a value of the wrong type or range.
    """
    try:
        text = reading.read_bytes(path, FileKind.SETTINGS)
    except FileNotFoundError:
        return Settings()
    except OSError as error:
        raise _invalid(path, f"cannot be read: {error.strerror}", "make it a readable file") from error
    try:
        data = tomllib.loads(text.decode("utf-8-sig"))
    except (ValueError, RecursionError) as error:
        raise _invalid(path, f"is not valid TOML: {error}", "correct the line it names") from error
    values: dict[str, Any] = {}
    for key, value in data.items():
        if isinstance(value, dict):
            if key not in TABLES or not key:
                raise _unknown(path, f"table [{key}]", [f"[{name}]" for name in TABLES if name])
            for inner, inner_value in value.items():
                values[inner] = _read(path, f"[{key}] {inner}", inner, inner_value, key)
        else:
            values[key] = _read(path, key, key, value, "")
    options = {key: value for key, value in values.items() if key in _OPTIONS}
    others = {_field(key): value for key, value in values.items() if key not in _OPTIONS}
    return Settings(path=path, options=options, **others)


def _field(key: str) -> str:
    return key.replace("-", "_")


Reader = Callable[[Any], Any]


def _read(path: Path, shown: str, key: str, value: Any, table: str) -> Any:
    reader = TABLES[table].get(key)
    if reader is None:
        places = [f"in [{name}]" if name else "above all tables" for name, keys in TABLES.items() if key in keys]
        if places:
            raise _invalid(path, f"has an unknown key {shown}", f"write {key} {' or '.join(places)}")
        raise _unknown(path, f"key {shown}", sorted(TABLES[table]))
    try:
        return reader(value)
    except (TypeError, ValueError) as error:
        raise _invalid(path, f"{shown} = {value!r}: {error}", "correct the value") from None


def _invalid(path: Path, what: str, fix: str) -> DsbenchError:
    return DsbenchError(Code.SETTINGS_INVALID, f"dsbench.toml {what}", where=str(path), fix=fix)


def _unknown(path: Path, what: str, known: list[str]) -> DsbenchError:
    near = difflib.get_close_matches(what.split()[-1], known, 1)
    meant = f"write {near[0]}, or " if near else ""
    return _invalid(path, f"has an unknown {what}", f"{meant}use one of: {', '.join(known)}")


_text = Text().check


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


def _numbers(value: Any) -> tuple[float, ...]:
    """Offsets: one number a channel; an empty list for none."""
    if isinstance(value, str):  # nvinfer's own spelling: 122.77;116.75;104.09
        value = [numbers.decimal(part) for part in value.split(";") if part.strip()]
    if not isinstance(value, list) or len(value) not in (0, 1, 3):
        raise TypeError("must be a list of one number per channel, or empty for none")
    number = Number(-1e6, 1e6)
    return tuple(number.check(item) for item in value)


def _size(value: Any) -> tuple[int, int]:
    if not isinstance(value, list) or len(value) != 2:
        raise TypeError("must be [height, width]")
    side = Whole(1, 16384)
    return side.check(value[0]), side.check(value[1])


def _sizes(value: Any) -> tuple[float, ...]:
    if not isinstance(value, list) or not value:
        raise TypeError("must be a list of numbers of pixels")
    pixel = Number(0, 16384, above=True)
    return tuple(pixel.check(item) for item in value)


def _accepted(value: Any) -> tuple[str, ...]:
    if not isinstance(value, list) or any(item not in ACCEPTABLE for item in value):
        raise ValueError(f"must be a list of: {', '.join(ACCEPTABLE)}")
    return tuple(value)


def _object_size(value: Any) -> int:
    if value not in (24, 28) or isinstance(value, float):
        raise ValueError("must be 28 (DeepStream 9) or 24 (6.2 and before)")
    return int(value)


_OPTIONS = {option.name: option for option in OPTIONS if option.table is not None}


def _options(table: str) -> dict[str, Reader]:
    return {name: option.kind.check for name, option in _OPTIONS.items() if option.table == table}


TABLES: dict[str, dict[str, Reader]] = {
    "": {
        "onnx": _file_name,
        "family": _text,
        **_options(""),
        "input-size": _size,
        "accept": _accepted,
    },
    **{table: _options(table) for table in dict.fromkeys(option.table for option in _OPTIONS.values()) if table},
    "property": {
        "net-scale-factor": Number(0, 1e6, above=True).check,
        "offsets": _numbers,
        "model-color-format": Whole(0, 2).check,
        "maintain-aspect-ratio": Flag().check,
        "symmetric-padding": Flag().check,
        "scaling-filter": Whole(0, 6).check,
        "cluster-mode": Whole(0, 4).check,
        "network-mode": Whole(0, 3).check,
        "parse-bbox-func-name": _identifier,
    },
    "class-attrs-all": {
        "pre-cluster-threshold": Number(0, 1e6).check,
        "nms-iou-threshold": Number(0, 1).check,
        "topk": Whole(0, 10**6).check,
    },
    "parser": {
        "object-size": _object_size,
    },
    "head": {
        "background": Whole(-1, 10**6).check,
        "columns": _one_of("class,score,box", "score,class,box", "box,score,class", "box,class,score"),
        "boxes": _one_of("normalised", "pixels"),
        "corners": _one_of("x1,y1,x2,y2", "y1,x1,y2,x2"),
        "objectness": Flag().check,
        "cell-offset": Number(0, 1).check,
        "anchors": _sizes,
        "min-sizes": _sizes,
        "steps": _sizes,
    },
}
