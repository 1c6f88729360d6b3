"""A small set of recordings in the layout of the real ones, so that a fresh clone runs the same comparison.

What is "recorded" does not come from the app: pixels from a NumPy statement of the rules, objects from arithmetic on
them, console lines from the semantics.
"""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import av
import numpy as np

from dsbench.embedded.nvinfer.preprocess import geometry
from dsbench.embedded.video.frame import YuvFrame
from tests.embedded.app_support import PARSER, write_clip, write_network
from tests.embedded.nvinfer.test_preprocess import placed_picture, rgb_reference

FRAMES, NET = 6, 32
CASES = ("kitti/grey_labels_crlf", "kitti/grey_n2_interval1", "err/cluster7")
TENSOR = "pre/grey_mar1sym1_bgr_off"
F = np.float32
_RUN = """
Runtime commands:
\th: Print this help
** INFO: <bus_callback:642>: Pipeline ready
** INFO: <bus_callback:628>: Pipeline running
** INFO: <bus_callback:685>: Received EOS. Exiting ...
Quitting
App run successful
"""
_REFUSED = """
Error. Invalid value for 'cluster-mode':'7'
Failed to parse group property
** ERROR: <gst_nvinfer_parse_config_file:1447>: failed
** ERROR: <main:808>: Failed to set pipeline to PAUSED
Quitting
ERROR from primary_gie: Configuration file parsing failed
Debug info: gstnvinfer.cpp(1029): gst_nvinfer_start (): /GstPipeline:pipeline/@BIN@/GstNvInfer:primary_gie:
Config file path: @CASE@/nvinfer.txt
App run failed
""".replace("@BIN@", "GstBin:primary_gie_bin")


def record(root: Path) -> Path:
    """Makes the set under ``root`` and returns its folder."""
    gold = root / "gold"
    for folder in ("videos", "model", "tensors"):
        (gold / folder).mkdir(parents=True)
    network = root / "data" / "models" / "yolox_nano"
    network.mkdir(parents=True)
    write_network(network / "model.onnx")
    (gold / "parser.cpp").write_text(PARSER)
    (gold / "model" / "labels_crlf.txt").write_bytes(b"thing\r\nother\r\n")
    clip = write_clip(gold / "videos" / "grey.mp4", frames=FRAMES)
    frames = list(_decoded(clip))
    _case(gold, CASES[0], kitti=[(0, frame, _line("thing\r", frame)) for frame in frames])
    rows = [
        (stream, frame, _line("thing\r", frame) if frame.index % 2 == 0 else "")
        for stream in (0, 1)
        for frame in frames
    ]
    _case(gold, CASES[1], interval="1", streams=2, kitti=rows)
    _case(
        gold,
        TENSOR,
        maintain_aspect_ratio="1",
        symmetric_padding="1",
        model_color_format="1",
        net_scale_factor="0.5",
        offsets="1;2;3",
    )
    np.savez(gold / "tensors" / f"{TENSOR.split('/')[1]}.npz", tensor=_tensor(frames[0]))
    _case(gold, CASES[2], status=255, console=_REFUSED, cluster_mode="7")
    return gold


def _decoded(clip: Path) -> list[YuvFrame]:
    with av.open(str(clip)) as container:
        return [
            YuvFrame(*_planes(picture), picture.width, picture.height, "bt601", False, index)
            for index, picture in enumerate(container.decode(video=0))
        ]


def _planes(picture: av.VideoFrame) -> list[np.ndarray]:
    return [
        np.frombuffer(plane, np.uint8).reshape(-1, plane.line_size)[: plane.height, : plane.width].copy()
        for plane in picture.planes
    ]


def _line(label: str, frame: YuvFrame) -> str:
    """The one object of a frame: the middle of the picture, as sure as channel 0 is bright."""
    where = geometry(frame.width, frame.height, NET, NET)
    red = placed_picture(where, rgb_reference(frame, where))[0]
    confidence = F(red.astype(F).mean() / F(255))
    edges = [frame.width / 4, frame.height / 4, frame.width * 3 / 4, frame.height * 3 / 4]
    return f"{label} 0.0 0 0.0 " + " ".join(f"{edge:.6f}" for edge in edges) + " 0.0" * 7 + f" {confidence:.6f}\n"


def _tensor(frame: YuvFrame) -> np.ndarray:
    """Blue, green, red; the aspect kept, padding split; 0.5 * (pixel - offset)."""
    where = geometry(frame.width, frame.height, NET, NET, True, True)
    picture = placed_picture(where, rgb_reference(frame, where))[::-1].astype(F)
    result: np.ndarray = F(0.5) * (picture - np.array([1, 2, 3], F)[:, None, None])
    return result


def _case(
    gold: Path,
    name: str,
    *,
    status: int = 0,
    console: str = _RUN,
    streams: int = 1,
    kitti: list[tuple[int, YuvFrame, str]] | None = None,
    **keys: str,
) -> None:
    case = gold / name
    case.mkdir(parents=True)
    output = "gie-kitti-output-dir=@CASE@/kitti\n" if kitti is not None else ""
    (case / "app.txt").write_text(
        f"[application]\n{output}[source0]\nenable=1\ntype=3\nuri=file://@VIDEOS@/grey.mp4\nnum-sources={streams}\n"
        f"[sink0]\nenable=1\ntype=1\n[streammux]\nbatch-size={streams}\nwidth=64\nheight=48\n"
        "[primary-gie]\nenable=1\nconfig-file=@CASE@/nvinfer.txt\n"
    )
    values = {
        "gie-unique-id": "1",
        "batch-size": str(streams),
        "onnx-file": "@MODEL@/yolox_nano.onnx",
        "labelfile-path": "@MODEL@/labels_crlf.txt",
        "num-detected-classes": "2",
        "cluster-mode": "2",
        "parse-bbox-func-name": "ParseMeans",
        "custom-lib-path": "@PARSER@/libparser.so",
    }
    values |= {key.replace("_", "-"): value for key, value in keys.items()}
    text = "".join(f"{key}={value}\n" for key, value in values.items())
    (case / "nvinfer.txt").write_text(f"[property]\n{text}[class-attrs-all]\npre-cluster-threshold=0.0\n")
    (case / "console.log").write_text(console)
    meta = {"rc": status, "timeout_s": 40, "args": ["deepstream-app", "-c", "@CASE@/app.txt"]}
    (case / "meta.json").write_text(json.dumps(meta))
    if kitti is not None:
        files = (f"@@ 00_{stream:03d}_{frame.index:06d}.txt\n{line}" for stream, frame, line in kitti)
        (case / "kitti.gz").write_bytes(gzip.compress("".join(files).encode()))
