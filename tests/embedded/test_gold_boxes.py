"""Frames of recorded runs, from planes to boxes: the whole chain must give DeepStream's own KITTI lines.

Needs the recordings and the YOLOX-nano model beside the checkout.
"""

from __future__ import annotations

import gzip
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from dsbench.base.boxes import Boxes
from dsbench.embedded.nvinfer.cluster import Clusterer
from dsbench.embedded.nvinfer.frame_mapping import FrameMapper
from dsbench.embedded.nvinfer.parser_host import OutputLayer, ParserHost
from dsbench.embedded.nvinfer.preprocess import Preprocessor, PreprocessSettings, geometry
from dsbench.embedded.video.frame import YuvFrame
from dsbench.formats import nvinfer
from tests.embedded.native_support import build_parser, rows_of

NET = 416
FRAMES = 2
BT709 = 1
CASES = (
    *("kitti/walk120_mar0", "kitti/walk120_mar1", "kitti/walk120_mar1sym1", "kitti/walk120_filter1"),
    *("kitti/walk120_rgb", "kitti/walk120_cluster0", "kitti/walk120_cluster4", "kitti/walk120_nms01"),
    *("kitti/walk120_topk5", "kitti/walk120_roi", "kitti/walk120_minsize", "kitti/walk120_perclass0"),
    *("kitti/walk120_synth_mar0_c2", "kitti/walk120_synth_mar1_c4", "kitti/walk120_synth_crop1"),
    *("pre/n320x180_mar1sym1", "pre/n320x180_mar0_bilin", "pre/n320x180_synth_mar1sym1"),
    *("pre/n640x480_synth_mar1", "pre/n720_untag_mar1_bilin", "pre/pbc720_mar0"),
)


@dataclass(frozen=True)
class Tools:
    """What every case needs, made once."""

    gold: Path
    session: Any
    parser: Path
    outputs: dict[tuple[object, ...], np.ndarray[Any, Any]]


@pytest.fixture(scope="module")
def tools(shared: Path, tmp_path_factory: pytest.TempPathFactory) -> Tools:
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    model = shared / "data" / "models" / "yolox_nano" / "model.onnx"
    session = onnxruntime.InferenceSession(str(model), options, providers=["CPUExecutionProvider"])
    source = (shared / "gold" / "parser.cpp").read_text()
    return Tools(shared / "gold", session, build_parser(tmp_path_factory.mktemp("gold"), source), {})


def frames(video: Path) -> Iterator[YuvFrame]:
    import av

    with av.open(str(video)) as container:
        for index, picture in zip(range(FRAMES), container.decode(video=0), strict=False):
            planes = [
                np.frombuffer(plane, np.uint8).reshape(-1, plane.line_size)[: plane.height, : plane.width]
                for plane in picture.planes
            ]
            matrix = "bt709" if int(picture.colorspace) == BT709 else "bt601"
            yield YuvFrame(*planes, picture.width, picture.height, matrix, False, index)


def recorded(case: Path) -> dict[str, list[str]]:
    text = gzip.decompress((case / "kitti.gz").read_bytes()).decode()
    files = (part.split("\n") for part in text.split("@@ ")[1:])
    return {name: [line for line in lines if line] for name, *lines in files}


def kitti_numbers(found: Boxes) -> list[str]:
    """Left, top, right, bottom and confidence as text, in the order of DeepStream's files."""
    rows = []
    for _, left, top, width, height, confidence in reversed(rows_of(found)):
        right, bottom = F(left) + F(width), F(top) + F(height)
        rows.append(" ".join(f"{value:.6f}" for value in (left, top, right, bottom, confidence)))
    return rows


F = np.float32


@pytest.mark.parametrize("name", CASES)
def test_boxes_equal_the_recorded_ones(tools: Tools, tmp_path: Path, name: str) -> None:
    case = tools.gold / name
    config = tmp_path / "nvinfer.txt"
    config.write_text((case / "nvinfer.txt").read_text().replace("@PARSER@", str(tools.parser.parent)))
    settings = nvinfer.load(config)
    attrs = [settings.attrs_for(index) for index in range(settings.num_detected_classes)]
    video = re.search(r"@VIDEOS@/(\S+)", (case / "app.txt").read_text())
    assert video is not None
    host = ParserHost(tools.parser, settings.parse_bbox_func_name)
    clusterer = Clusterer(attrs, settings.cluster_mode)
    kitti = recorded(case)
    for frame in frames(tools.gold / "videos" / video[1]):
        placed = geometry(
            *(frame.width, frame.height, NET, NET), settings.maintain_aspect_ratio, settings.symmetric_padding
        )
        output = network_output(tools, video[1], frame, settings, placed)
        thresholds = (
            [entry.pre_cluster_threshold for entry in attrs],
            [entry.post_cluster_threshold for entry in attrs],
        )
        parsed = host.parse([OutputLayer("output", output, 1)], (NET, NET, 3), len(attrs), *thresholds)
        assert parsed is not None
        mapper = FrameMapper(placed, attrs, settings.filter_out_class_ids, settings.crop_objects_to_roi_boundary)
        found = kitti_numbers(mapper.run(clusterer.run(parsed)))
        expected = [numbers_of(line) for line in kitti[f"00_000_{frame.index:06d}.txt"]]
        assert close(found, expected), f"frame {frame.index}"


def network_output(tools: Tools, video: str, frame: YuvFrame, settings: Any, placed: Any) -> Any:
    """(3549, 85), computed once for each picture that the network sees."""
    unit = Preprocessor(
        placed,
        PreprocessSettings(
            color_format=settings.model_color_format,
            scaling_filter=settings.scaling_filter,
            net_scale_factor=settings.net_scale_factor,
            offsets=settings.offsets,
        ),
    )
    key = (video, frame.index, placed, settings.model_color_format, settings.scaling_filter)
    if key not in tools.outputs:
        tensor = np.empty((1, 3, NET, NET), F)
        unit.write(frame, tensor[0])
        tools.outputs[key] = tools.session.run(None, {"images": tensor})[0][0]
    return tools.outputs[key]


def numbers_of(line: str) -> str:
    fields = line.split(" ")
    return " ".join((*fields[-12:-8], fields[-1]))


def close(found: list[str], expected: list[str]) -> bool:
    """Equal up to what another CPU's arithmetic in ONNX Runtime may change."""
    if len(found) != len(expected):
        return False
    ours, theirs = ([[float(n) for n in row.split()] for row in rows] for rows in (found, expected))
    return not ours or np.allclose(ours, theirs, rtol=0, atol=0.002, equal_nan=True)
