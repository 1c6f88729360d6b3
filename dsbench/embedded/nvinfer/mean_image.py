"""``mean-file``: a PPM picture that nvinfer subtracts from every frame (semantics d3)."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import numpy.typing as npt

from dsbench.base import reading
from dsbench.base.errors import Code, DsbenchError
from dsbench.base.reading import FileKind

_HEADER = re.compile(rb"\s*(\S+)\s+(\d+)\s+(\d+)\s+(\S+)", re.ASCII)


def read(path: Path, channels: int, height: int, width: int) -> npt.NDArray[np.float32]:
    """The picture as float32 (h, w, c). Byte k of a pixel belongs to channel k of the network.

    ``P3`` is accepted and read as bytes, like ``P6``; there are no comments. Raises DsbenchError(CONFIG_VALUE_INVALID)
    with nvinfer's own line.
    """
    try:
        data = reading.read_bytes(path, FileKind.MEAN_IMAGE)
    except OSError as error:
        raise _invalid(f"Could not open mean image file '{path}'", path, "check mean-file") from error
    header = _HEADER.match(data)
    if header is None or header[1] not in (b"P3", b"P6"):
        raise _invalid("Magic PPM identifier check failed", path, "write the picture as a binary PPM (P6)")
    size = int(header[2]), int(header[3])
    if size != (width, height):
        what = (
            f"Mismatch between ppm mean image resolution({size[0]} x {size[1]}) and network resolution"
            f"({width} x {height})"
        )
        raise _invalid(what, path, "scale the picture to the network's size")
    wanted = width * height * channels
    pixels = data[header.end() + 1 : header.end() + 1 + wanted]
    if len(pixels) != wanted:
        raise _invalid("Failed to read sufficient bytes from mean file", path, f"{wanted} bytes follow the header")
    return np.frombuffer(pixels, np.uint8).reshape(height, width, channels).astype(np.float32)


def _invalid(what: str, path: Path, fix: str) -> DsbenchError:
    return DsbenchError(Code.CONFIG_VALUE_INVALID, what, where=str(path), fix=fix)
