"""The whole Step 6 on real models and videos, against an independent reference; needs the reference material.

Short by default; ``DSBENCH_REAL_ALL=1`` plays every video to its end under both scaling filters.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from dsbench.formats import kitti
from dsbench.formats.kitti import KittiObject

ALL = os.environ.get("DSBENCH_REAL_ALL") == "1"
MUX_WIDTH, MUX_HEIGHT = 1280, 720


@dataclass(frozen=True)
class Expected:
    """A detection of the reference: corners in pixels of a frame of ``size`` (width, height)."""

    frame: int
    label: str
    score: float
    box: tuple[float, float, float, float]


@dataclass(frozen=True)
class Case:
    """One model on one video."""

    model: str
    video: str
    size: tuple[int, int]
    frames: int
    """Frames of the short run."""


CASES = (
    Case("yolox_nano", "bottle-detection.mp4", (640, 360), 260),
    Case("yolox_nano", "one-by-one-person-detection.mp4", (768, 432), 300),
    Case("ultraface_rfb320", "asl-book.mkv", (640, 480), 0),
)


def make_model(folder: Path, source: Path, scaling_filter: int) -> Path:
    root = folder / source.name
    (root / "model").mkdir(parents=True)
    (root / "config").mkdir()
    (root / "model" / "model.onnx").symlink_to(source / "model.onnx")
    (root / "config" / "labels.txt").write_bytes((source / "labels.txt").read_bytes())
    text = f"[gate]\nmin-detection-rate = 0.0\n[property]\nscaling-filter = {scaling_filter}\n"
    (root / "dsbench.toml").write_text(text)
    return root


def stable(source: Path, case: Case, frames: int) -> Iterator[Expected]:
    """The reference's stable detections of a video, boxes that touch the bottom edge left out."""
    data = json.loads((source / "expected.json").read_text())
    for frame in data["frames"]:
        if frame["video"] != case.video or (frames and frame["frame"] >= frames):
            continue
        for found in frame["detections"]:
            if found["stable"] and found["box"][3] < case.size[1] - 1:
                yield Expected(frame["frame"], found["label"], found["score"], tuple(found["box"]))


def is_found(expected: Expected, objects: tuple[KittiObject, ...], size: tuple[int, int]) -> bool:
    """Same class, IoU >= 0.8 and score within 0.1, after mapping streammux space to the frame."""
    x, y = size[0] / MUX_WIDTH, size[1] / MUX_HEIGHT
    for found in objects:
        box = (found.left * x, found.top * y, found.right * x, found.bottom * y)
        same = found.label == expected.label and abs(found.confidence - expected.score) <= 0.1
        if same and iou(box, expected.box) >= 0.8:
            return True
    return False


def iou(a: tuple[float, ...], b: tuple[float, ...]) -> float:
    width = min(a[2], b[2]) - max(a[0], b[0])
    height = min(a[3], b[3]) - max(a[1], b[1])
    if width <= 0 or height <= 0:
        return 0.0
    inner = width * height
    return inner / ((a[2] - a[0]) * (a[3] - a[1]) + (b[2] - b[0]) * (b[3] - b[1]) - inner)


def count_found(shared: Path, folder: Path, case: Case, scaling_filter: int) -> tuple[int, int]:
    """Dump the video through the pipeline; (found, expected) of the reference's stable detections."""
    source, video = shared / "data/models" / case.model, shared / "data/videos" / case.video
    frames = 0 if ALL else case.frames
    root = make_model(folder, source, scaling_filter)
    command = [sys.executable, "-m", "pytest", f"--model-dir={root}", f"--video={video}", f"--kitti-frames={frames}"]
    done = subprocess.run(
        [*command, "--runtime=embedded", "-p", "no:cacheprovider", "-k", "kitti_gate"],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == (1 if "1 inconclusive" in done.stdout else 0), done.stdout
    expected = list(stable(source, case, frames))
    files = {item.name.frame: item.path for item in kitti.list_frames(root / "samples" / "kitti_output")}
    found = sum(is_found(item, kitti.parse_file(files[item.frame]), case.size) for item in expected)
    return found, len(expected)


@pytest.mark.parametrize(("scaling_filter", "share"), [(1, 0.98), (6, 0.90)], ids=["bilinear", "nearest"])
@pytest.mark.parametrize("model", ["yolox_nano", "ultraface_rfb320"])
def test_the_reference_s_detections_are_found(
    shared: Path, tmp_path: Path, model: str, scaling_filter: int, share: float
) -> None:
    found = expected = 0
    for case in (case for case in CASES if case.model == model):
        folder = tmp_path / case.video
        folder.mkdir()
        here, of = count_found(shared, folder, case, scaling_filter)
        print(f"{case.video}: {here} of {of} found")
        found, expected = found + here, expected + of
    assert expected
    assert found >= share * expected, f"{found} of {expected}"


TRANSPOSED_PARSER = """
#include "nvdsinfer_custom_impl.h"
#include <algorithm>
#include <cmath>
extern "C" bool NvDsInferParseCustomOdd(std::vector<NvDsInferLayerInfo> const &layers, NvDsInferNetworkInfo const &net,
                                        NvDsInferParseDetectionParams const &params,
                                        std::vector<NvDsInferObjectDetectionInfo> &objects)
{
    const float *p = static_cast<const float *>(layers[0].buffer);
    const int n = layers[0].inferDims.d[1], classes = layers[0].inferDims.d[0] - 5;
    int i = 0;
    for (int stride : {8, 16, 32})
        for (int y = 0; y < int(net.height) / stride; y++)
            for (int x = 0; x < int(net.width) / stride; x++, i++) {
                int best = 0;
                for (int c = 1; c < classes; c++)
                    if (p[(5 + c) * n + i] > p[(5 + best) * n + i]) best = c;
                NvDsInferObjectDetectionInfo object{};
                object.detectionConfidence = p[4 * n + i] * p[(5 + best) * n + i];
                if (object.detectionConfidence < params.perClassPreclusterThreshold[best]) continue;
                float w = std::exp(p[2 * n + i]) * stride, h = std::exp(p[3 * n + i]) * stride;
                object.classId = best;
                object.left = std::max(0.0f, (p[i] + x) * stride - w / 2);
                object.top = std::max(0.0f, (p[n + i] + y) * stride - h / 2);
                object.width = std::min(w, net.width - 1 - object.left);
                object.height = std::min(h, net.height - 1 - object.top);
                objects.push_back(object);
            }
    return true;
}
"""


def test_a_graph_that_yolox_made_is_fed_so_with_a_user_s_parser_of_an_unknown_head(
    shared: Path, tmp_path: Path
) -> None:
    """The head is transposed, so no family decodes it; the names in the graph say how it wants to be fed."""
    import onnx
    from onnx import helper

    source = shared / "data/models/yolox_nano"
    root = make_model(tmp_path, source, 6).rename(tmp_path / "odd")
    model = onnx.load(str(source / "model.onnx"))
    output = model.graph.output[0].name
    model.graph.node.append(helper.make_node("Transpose", [output], ["odd"], perm=[0, 2, 1]))
    del model.graph.output[:]
    model.graph.output.append(helper.make_tensor_value_info("odd", 1, [1, 85, 3549]))
    (root / "model" / "model.onnx").unlink()
    onnx.save(model, str(root / "model" / "odd.onnx"))
    (root / "parser").mkdir()
    (root / "parser" / "mine.cpp").write_text(TRANSPOSED_PARSER)
    video = shared / "data/videos/bottle-detection.mp4"
    command = [sys.executable, "-m", "pytest", f"--model-dir={root}", f"--video={video}", "-k", "nvinfer_config"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout
    config = (root / "config" / "config_infer_primary_odd.txt").read_text()
    assert "net-scale-factor=1.0\nmodel-color-format=1\n" in config
