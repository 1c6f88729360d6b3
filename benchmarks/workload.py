"""What is run: a model with its parser and nvinfer config, a clip, thresholds. The same for every candidate."""

from __future__ import annotations

import json
import os
from dataclasses import asdict, dataclass
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parent.parent
CLIP = REPOSITORY / "models" / "street" / "street.mp4"
STREET = REPOSITORY / "models" / "street"
REAL_NANO = "DSBENCH_YOLOX_NANO"
"""Environment variable that names the real YOLOX-nano's ONNX file (416x416, 80 classes)."""
NMS_IOU = 0.45
_BOXES_WANTED = 20  # a random network's threshold lets about this many boxes of its first frame through
_FUNCTION = "NvDsInferParseCustomBench"


@dataclass(frozen=True)
class Workload:
    """A YOLOX network on BGR pixels 0..255, one frame a call. Paths are absolute texts, so that it travels as JSON.

    ``size`` is the network's (height, width), ``frame`` the clip's. The picture is scaled to fit and padded with 0 at
    the right and below. ``note``: what a reader should know about the network; ``detects``: it was trained. Random
    weights magnify the differences between scaling filters: boxes then say nothing about whether the work is the same.
    """

    name: str
    onnx: str
    config: str
    clip: str
    raw_clip: str
    size: tuple[int, int]
    frame: tuple[int, int]
    classes: int
    threshold: float
    note: str
    detects: bool = True

    @property
    def scale(self) -> float:
        """Network pixels per frame pixel."""
        return min(self.size[0] / self.frame[0], self.size[1] / self.frame[1])

    @property
    def placed(self) -> tuple[int, int]:
        """Height and width of the scaled picture in the network."""
        return int(self.frame[0] * self.scale), int(self.frame[1] * self.scale)

    def write(self, path: Path) -> Path:
        path.write_text(json.dumps(asdict(self)))
        return path

    @classmethod
    def read(cls, path: Path) -> Workload:
        values = json.loads(path.read_text())
        return cls(**{**values, "size": tuple(values["size"]), "frame": tuple(values["frame"])})


def prepare(name: str, folder: Path) -> Workload:
    """``street``: the demo model; ``nano``: YOLOX-nano. Parser, config and what else is needed go into ``folder``."""
    folder.mkdir(parents=True, exist_ok=True)
    if name == "street":
        onnx, size, classes, threshold, detects = STREET / "model" / "street.onnx", (288, 512), 4, 0.25, True
        note = "models/street: 512x288, 4 classes"
    elif name == "nano":
        onnx, note, threshold, detects = _nano(folder)
        size, classes = (416, 416), 80
    else:
        raise SystemExit(f"no model {name!r}: street and nano are there")
    parser = _parser(folder, size, classes)
    config = _config(folder, onnx, parser, size, classes, threshold)
    raw = _raw_clip(folder / "clip.h264")
    return Workload(
        name, str(onnx), str(config), str(CLIP), str(raw), size, _frame_size(), classes, threshold, note, detects
    )  # fmt: skip


def _nano(folder: Path) -> tuple[Path, str, float, bool]:
    real = os.environ.get(REAL_NANO)
    if real:
        return Path(real).resolve(), "YOLOX-nano: 416x416, 80 classes", 0.25, True
    from benchmarks import nano

    path = nano.write(folder / "nano.onnx", batch=1)
    return path, "YOLOX-nano's layers with random weights: 416x416, 80 classes", _threshold(path), False


def _threshold(onnx: Path) -> float:
    import numpy as np

    from dsbench.embedded.nvinfer.infer import OnnxModel
    from dsbench.embedded.nvinfer.preprocess import Preprocessor, PreprocessSettings, geometry
    from dsbench.embedded.video.decode import open_source

    source = open_source(CLIP)
    frame = next(source)
    feed = np.zeros((1, 3, 416, 416), np.float32)
    Preprocessor(geometry(frame.width, frame.height, 416, 416, True), PreprocessSettings(color_format=1)).write(
        frame, feed[0]
    )
    rows = OnnxModel(onnx).run(feed)[0][0]
    scores = np.sort(rows[:, 4] * rows[:, 5:].max(axis=1))
    source.close()
    return round(float(scores[-_BOXES_WANTED]), 4)


def _parser(folder: Path, size: tuple[int, int], classes: int) -> Path:
    """dsbench's own YOLOX parser, built as Step 6d builds it."""
    from dsbench.base.cpp import SDK
    from dsbench.build.compile import BuildPlan, build
    from dsbench.build.makefile import write_makefile
    from dsbench.build.parser_source import SourcePlan, write_source
    from dsbench.families.base import Head
    from dsbench.families.yolox import YoloxLayout

    anchors = sum((size[0] // stride) * (size[1] // stride) for stride in (8, 16, 32))
    head = Head("yolox", 1.0, classes, YoloxLayout(anchors, classes, (8, 16, 32)), ())
    source = write_source(head, SourcePlan(folder / "parser.cpp", (), _FUNCTION)).path
    library = folder / "libparser.so"
    write_makefile(folder / "Makefile", source.name, library.name)
    return build(BuildPlan(folder, library, SDK, "12.8", folder / "build.log", libs="")).library


def _config(
    folder: Path, onnx: Path, parser: Path, size: tuple[int, int], classes: int, threshold: float
) -> Path:  # fmt: skip
    from dsbench.build.nvinfer_config import NvinferPlan, render_nvinfer

    labels = folder / "labels.txt"
    labels.write_text("".join(f"class{i}\n" for i in range(classes)))
    plan = NvinferPlan(
        onnx_file=str(onnx),
        model_engine_file=str(folder / "none.engine"),
        labelfile_path=str(labels),
        custom_lib_path=str(parser),
        parse_bbox_func_name=_FUNCTION,
        num_detected_classes=classes,
        infer_dims=(3, *size),
        net_scale_factor=1.0,
        model_color_format=1,
        nms_iou_threshold=NMS_IOU,
        pre_cluster_threshold=threshold,
    )
    path = folder / "nvinfer.txt"
    path.write_text(render_nvinfer(plan))
    return path


def _raw_clip(path: Path) -> Path:
    """The clip's H.264 stream without its container: what GStreamer can play in a loop."""
    import av

    with av.open(str(CLIP)) as source, av.open(str(path), "w", format="h264") as target:
        stream = source.streams.video[0]
        out = target.add_stream_from_template(stream)
        for packet in source.demux(stream):
            if packet.size:
                packet.stream = out
                target.mux(packet)
    return path


def _frame_size() -> tuple[int, int]:
    import av

    with av.open(str(CLIP)) as source:
        context = source.streams.video[0].codec_context
        return context.height, context.width
