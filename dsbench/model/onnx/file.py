"""Checks whether a file is an ONNX model, before and while the protobuf is parsed.

Nothing is run, and no memory is allocated by declared shapes: a hostile model costs no more than its own size.
"""

from __future__ import annotations

import stat
from pathlib import Path
from typing import TYPE_CHECKING

from dsbench.base import reading
from dsbench.base.errors import Code, DsbenchError
from dsbench.model.onnx import texts

if TYPE_CHECKING:
    import onnx

PROTOBUF_LIMIT = 2**31 - 1
_READABLE = "make the file readable for your user"
_RE_EXPORT = "export the model again (Steps 1-3) and copy the whole file"


def load(path: Path) -> onnx.ModelProto:
    """The parsed model without its external data; raises DsbenchError naming what the file is instead."""
    size = _check_regular(path)
    _check_head(path, size)
    import onnx
    from google.protobuf.message import DecodeError

    model = onnx.ModelProto()
    try:
        model.ParseFromString(reading.read_head(path, size))
    except DecodeError as error:
        raise DsbenchError(
            Code.ONNX_INVALID,
            f"{path.name} is not a readable ONNX file: truncated or damaged ({size} bytes)",
            where=str(path),
            fix=_RE_EXPORT,
        ) from error
    except OSError as error:
        raise DsbenchError(
            Code.ONNX_INVALID, f"cannot read {path.name}: {error.strerror}", where=str(path), fix=_READABLE
        ) from error
    if not model.HasField("graph") or not (model.graph.node or model.graph.output):
        raise DsbenchError(
            Code.ONNX_INVALID,
            f"{path.name} parses as protobuf but holds no graph: truncated, or not an ONNX model",
            where=str(path),
            fix=_RE_EXPORT,
        )
    texts.require_text(model, path)
    return model


def _check_regular(path: Path) -> int:
    if any("\ud800" <= character <= "\udfff" for character in str(path)):
        raise DsbenchError(
            Code.ONNX_INVALID,
            "the path of the ONNX file is not valid UTF-8 in this locale: ONNX Runtime cannot open it",
            where=ascii(str(path)),
            fix="use a UTF-8 locale (LC_ALL=C.UTF-8), or rename the file or directory",
        )
    try:
        status = path.stat()
    except OSError as error:
        fix = "correct the path" if isinstance(error, FileNotFoundError | NotADirectoryError) else _READABLE
        raise DsbenchError(
            Code.ONNX_INVALID, f"cannot open {path.name}: {error.strerror}", where=str(path), fix=fix
        ) from error
    if not stat.S_ISREG(status.st_mode):
        raise DsbenchError(
            Code.ONNX_INVALID, f"{path.name} is not a regular file", where=str(path), fix="give the .onnx file"
        )
    if status.st_size == 0:
        raise DsbenchError(Code.ONNX_INVALID, f"{path.name} is empty (0 bytes)", where=str(path), fix=_RE_EXPORT)
    if status.st_size > PROTOBUF_LIMIT:
        raise DsbenchError(
            Code.ONNX_INVALID,
            f"{path.name} has {status.st_size} bytes: a protobuf cannot exceed 2 GiB",
            where=str(path),
            fix="export with weights as external data (onnx.save(..., save_as_external_data=True))",
        )
    return status.st_size


def _check_head(path: Path, size: int) -> None:
    try:
        head = reading.read_head(path, 512)
    except OSError as error:
        raise DsbenchError(
            Code.ONNX_INVALID, f"cannot read {path.name}: {error.strerror}", where=str(path), fix=_READABLE
        ) from error
    text = head.lstrip().lower()
    if head.startswith(b"version https://git-lfs.github.com/spec/"):
        raise DsbenchError(
            Code.ONNX_INVALID,
            f"{path.name} is a Git LFS pointer of {size} bytes, not the model",
            where=str(path),
            fix="fetch the real file: git lfs install && git lfs pull",
        )
    if text.startswith((b"<!doctype html", b"<html", b"<?xml")):
        raise DsbenchError(
            Code.ONNX_INVALID,
            f"{path.name} is a web page (HTML), not a model: the download saved an error page",
            where=str(path),
            fix="download the raw file again and compare its size with the publisher's",
        )
    if head.startswith((b"PK\x03\x04", b"\x1f\x8b")):
        raise DsbenchError(
            Code.ONNX_INVALID,
            f"{path.name} is an archive (or a PyTorch checkpoint), not an ONNX model",
            where=str(path),
            fix="unpack it, or export the checkpoint to ONNX",
        )
