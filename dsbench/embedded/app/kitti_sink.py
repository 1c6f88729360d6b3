"""Writes one KITTI file for each frame, as deepstream-app's write_kitti_output does (semantics b, l)."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Sequence
from pathlib import Path

from dsbench.base.boxes import Boxes
from dsbench.base.errors import Code, DsbenchError
from dsbench.formats import kitti

_FLAGS = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC


class KittiSink:
    """Files ``<directory>/II_SSS_FFFFFF.txt`` of one application instance.

    ``labels`` are the names of class 0, 1, ...; a class without a label gets an empty name. A missing directory is
    ignored, as in deepstream-app. A full disk raises DsbenchError(NOT_WRITABLE).
    """

    def __init__(self, directory: Path, instance: int, labels: Sequence[str]) -> None:
        self._directory = os.fspath(directory)
        self._instance = instance
        self._labels = tuple(kitti.cut_label(label) for label in labels)

    def write(self, stream: int, frame: int, objects: Boxes) -> None:
        """Write the file of one frame; it is empty without objects."""
        path = os.path.join(self._directory, kitti.file_name(self._instance, stream, frame))
        try:
            descriptor = os.open(path, _FLAGS, 0o666)
        except OSError:
            return
        try:
            data = format_objects(objects, self._labels).encode("utf-8", "surrogateescape")
            if data and os.write(descriptor, data) != len(data):
                raise OSError("No space left on device")
        except OSError as error:
            # a truncated file would be read as a frame
            with contextlib.suppress(OSError):
                os.unlink(path)
            raise DsbenchError(
                Code.NOT_WRITABLE,
                f"Could not write KITTI file: {error}",
                where=path,
                fix="free disk space",
            ) from error
        finally:
            os.close(descriptor)


def label_of(labels: Sequence[str], class_id: int) -> str:
    """The name of a class; empty if the label file has no such line."""
    return labels[class_id] if 0 <= class_id < len(labels) else ""


def format_objects(objects: Boxes, labels: Sequence[str]) -> str:
    """The lines of one frame: the reverse of nvinfer's order (class id descending, confidence ascending)."""
    rows = zip(
        objects.class_id.tolist(),
        objects.left.tolist(),
        objects.top.tolist(),
        objects.width.tolist(),
        objects.height.tolist(),
        objects.confidence.tolist(),
        strict=True,
    )
    lines = [kitti.format_line(kitti.from_box(label_of(labels, class_id), *numbers)) for class_id, *numbers in rows]
    return "".join(line + "\n" for line in reversed(lines))
