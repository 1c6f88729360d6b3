"""External data: parts of a model that lie in files of their own. One rule for every tensor, wherever it stands.

A file must lie in the directory of the ONNX file, also behind links, be a regular file, and be long enough. The same
holds for tensors of functions, of subgraphs at any depth, of training graphs, and for both halves of a sparse tensor.
"""

from __future__ import annotations

import os
import re
import stat
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from dsbench.base.errors import Code, DsbenchError
from dsbench.model.onnx import walk

if TYPE_CHECKING:
    import onnx

_WHOLE = re.compile(r"[0-9]{1,19}", re.ASCII)
_INSIDE = "re-export with the external data beside the ONNX file (onnx.save_model(..., location='model.data'))"


def external_files(model: onnx.ModelProto, path: Path) -> tuple[Path, ...]:
    """Files of external weights, each inside the ONNX file's directory and long enough; else DsbenchError."""
    return tuple(external_locations(model, path).values())


def external_locations(model: onnx.ModelProto, path: Path) -> dict[str, Path]:
    """The same by the relative path that the model names them by: a link may have another name than its file."""
    base = Path(os.path.realpath(path.parent))
    seen: dict[str, Path] = {}
    for tensor in walk.tensors(model):
        if tensor.data_location != tensor.EXTERNAL:
            continue
        entries = {entry.key: entry.value for entry in tensor.external_data}
        location = entries.get("location", "")
        if location not in seen:
            seen[location] = _external_file(base, location, path)
        _check_extent(seen[location], entries.get("offset", "0"), entries.get("length", "0"), path)
    return seen


def _external_file(base: Path, location: str, path: Path) -> Path:
    relative = PurePosixPath(location)
    if not location or relative.is_absolute() or ".." in relative.parts or "\x00" in location:
        raise _error(f"{_shown(location)} points outside the model directory", path, _INSIDE)
    target = base / location
    resolved = Path(os.path.realpath(target))
    if not resolved.is_relative_to(base):
        fix = "put the data file itself beside the ONNX file"
        raise _error(f"{_shown(location)} is a link out of the model directory", path, fix)
    copy = f"copy {location[:200]} beside {path.name}"
    try:
        mode = os.stat(resolved).st_mode
    except FileNotFoundError:
        what = f"{_shown(location)} is missing: the ONNX file holds the graph, its weights are in that file"
        raise _error(what, target, copy) from None
    except (OSError, ValueError) as error:
        what = f"{_shown(location)} cannot be opened: {getattr(error, 'strerror', None) or 'not the name of a file'}"
        raise _error(what, path, copy) from error
    if not stat.S_ISREG(mode):
        raise _error(f"{_shown(location)} is not a regular file", target, copy)
    return resolved


def _check_extent(file: Path, offset: str, length: str, path: Path) -> None:
    if not _WHOLE.fullmatch(offset) or not _WHOLE.fullmatch(length):
        what = f"{file.name}: offset {_shown(offset)} and length {_shown(length)} are not two numbers of bytes"
        raise _error(what, path, _INSIDE)
    size, end = file.stat().st_size, int(offset) + int(length)
    if end > size:
        what = f"{file.name} is too short: {size} bytes, the model refers to byte {end}"
        raise _error(what, path, f"copy {file.name} again in full")


def _shown(text: str) -> str:
    return repr(text if len(text) <= 200 else f"{text[:200]}...")


def _error(what: str, where: Path, fix: str) -> DsbenchError:
    return DsbenchError(Code.ONNX_EXTERNAL_DATA, f"external data {what}", where=str(where), fix=fix)
