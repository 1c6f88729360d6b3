"""7b from a user's own 6e config: the same keys and values, paths relative to another directory, another batch size."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from pathlib import Path

from dsbench.base import resources
from dsbench.formats import keyfile
from dsbench.formats.nvinfer import PROPERTY

_PATH_KEYS = frozenset(
    (
        *("onnx-file", "model-engine-file", "labelfile-path", "custom-lib-path", "mean-file", "int8-calib-file"),
        *("tlt-encoded-model", "model-file", "proto-file", "uff-file", "ip-tensor-file"),
    )
)
_LINE = re.compile(r"\s*([^=#\s][^=]*?)\s*=(.*)", re.DOTALL)


def moved_config(text: str, from_dir: Path, to_dir: Path, fixed: Sequence[tuple[str, str]]) -> str:
    """``text`` of a config in ``from_dir`` as it must read in ``to_dir``; both absolute, links resolved.

    ``fixed`` are keys of [property] with their new values; those not given yet are added at the group's head.
    Comments, other groups and absolute paths stay as they are.
    """
    values = dict(fixed)
    missing = dict(fixed)
    lines: list[str] = []
    head: int | None = None
    in_property = False
    for raw in text.split("\n"):
        line, end = raw.removesuffix("\r"), "\r" * raw.endswith("\r")
        group = re.fullmatch(r"\s*\[([^\]]*)\]\s*", line)
        if group:
            in_property = group[1] == PROPERTY
            lines.append(line + end)
            head = len(lines) if in_property and head is None else head
            continue
        entry = _LINE.fullmatch(line) if in_property else None
        if entry is None:
            lines.append(line + end)
            continue
        key, value = entry[1], entry[2].lstrip()
        if key in values:
            missing.pop(key, None)
            line = f"{key}={values[key]}"
        elif key in _PATH_KEYS:
            line = f"{key}={_moved(value, from_dir, to_dir)}"
        lines.append(line + end)
    if head is not None:
        lines[head:head] = [f"{key}={value}" for key, value in missing.items()]
    return "\n".join(lines)


def _moved(value: str, from_dir: Path, to_dir: Path) -> str:
    path = keyfile.as_string(value)
    if not path or os.path.isabs(path):
        return value
    return resources.key_file_text(os.path.relpath(from_dir / path, to_dir))
