"""Values of a [sinkN] group with which deepstream-app ends before the first frame.

Source: NVIDIA/DeepStream 9.1, src/apps/common/src/deepstream_sink_bin.c (create_sink_bin, create_encode_file_bin).
"""

from __future__ import annotations

from dsbench.formats.app.groups import Sink

FILE, DRM = 3, 5
TYPES = {1: "fakesink", 2: "window", FILE: "file", 4: "RTSP", DRM: "DRM, on Jetson only", 6: "message broker"}
CODECS = {1: "H.264", 2: "H.265", 3: "MPEG-4"}
CONTAINERS = {1: "mp4", 2: "mkv"}


def unknown_value(sink: Sink) -> str:
    """The key with a value that does not exist, and those that do; "" if there is none."""
    if sink.type not in TYPES:
        return _text("type", sink.type, TYPES)
    if sink.type == FILE and sink.codec not in CODECS:
        return _text("codec", sink.codec, CODECS)
    if sink.type == FILE and sink.container not in CONTAINERS:
        return _text("container", sink.container, CONTAINERS)
    return ""


def _text(key: str, value: int, known: dict[int, str]) -> str:
    return f"{key}={value} does not exist: " + ", ".join(f"{number} {name}" for number, name in known.items())
