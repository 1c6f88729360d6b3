"""Runs every model on every clip under every candidate and keeps what it found; a file for each model and clip, so
that an interrupted run goes on where it stopped."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx
import onnxruntime

from benchmarks.preprocessing import material
from benchmarks.preprocessing.decoders import DECODERS, Decoder, of_family
from benchmarks.preprocessing.material import Clip
from dsbench.base.boxes import Boxes, nms
from dsbench.base.spec import IMAGENET_ROW
from dsbench.embedded.nvinfer.preprocess import Preprocessor, PreprocessSettings, geometry
from dsbench.embedded.video.frame import YuvFrame
from dsbench.families.base import Hints, NamedArray, Network, Preprocessing
from dsbench.families.registry import recognise
from dsbench.jobs.probe import ZOOM_WINDOW
from dsbench.judge.imports import frame_evidence
from dsbench.model.onnx.graph import inspect

FLOOR = 0.05
"""Lowest score kept."""
KEPT = 60
"""Boxes kept of a frame."""
EDGES = (0.05, 0.1, 0.25, 0.4, 0.6, 0.8, 1.01)
"""Bins of the scores before NMS."""
SCALES = ((1.0, ()), (1 / 255, ()), (0.0078125, (127.0,) * 3), IMAGENET_ROW)
CAFFE = (1.0, (123.0, 117.0, 104.0))
Floats = npt.NDArray[np.float32]


@dataclass(frozen=True)
class Model:
    """One entry of models.toml."""

    name: str
    path: Path
    decoder: str
    network: Network
    truth: Preprocessing
    frames: int


def models(folder: Path) -> list[Model]:
    """The described models whose file is in ``folder``."""
    own = folder / "models.toml"
    data = tomllib.loads((own if own.is_file() else Path(__file__).with_name("models.toml")).read_text())
    found = []
    for name, entry in data.items():
        path = folder / f"{name}.onnx"
        scale, offsets, *rest = entry["feeding"]
        truth = Preprocessing(scale, tuple(offsets), *rest)
        if path.is_file():
            found.append(Model(name, path, entry["decoder"], Network(*entry["size"]), truth, entry.get("frames", 3)))
    return found


def candidates(model: Model) -> list[Preprocessing]:
    """The true feeding, the other scales, then the other colour order and the other placements of the true scale.

    Offsets are in network channel order, so BGR has them turned.
    """
    truth = model.truth
    turn = 1 - 2 * truth.model_color_format
    rows = [*SCALES, CAFFE] if truth.net_scale_factor == 1.0 else list(SCALES)
    scales = [replace(truth, net_scale_factor=scale, offsets=offsets[::turn]) for scale, offsets in rows]
    other = replace(truth, model_color_format=1 - truth.model_color_format, offsets=truth.offsets[::-1])
    placed = [
        replace(truth, maintain_aspect_ratio=aspect, symmetric_padding=split)
        for aspect, split in ((1, 1), (1, 0), (0, 0))
    ]
    return list(dict.fromkeys([truth, *(row for row in scales if not _near(row, truth)), other, *placed]))


def _same_scale(one: Preprocessing, other: Preprocessing) -> bool:
    return one.net_scale_factor == other.net_scale_factor and sorted(one.offsets) == sorted(other.offsets)


def _near(one: Preprocessing, other: Preprocessing) -> bool:
    """Whether two feedings have practically the same scale and offsets."""
    return (
        abs(one.net_scale_factor / other.net_scale_factor - 1) < 0.05
        and max(abs(a - b) for a, b in zip(one.offsets or (0,) * 3, other.offsets or (0,) * 3, strict=True)) < 2
    )


class Runner:
    """A model in ONNX Runtime, one thread."""

    def __init__(self, model: Model) -> None:
        self.model = model
        proto = fixed_input(model)
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        options.log_severity_level = 4
        self.session = onnxruntime.InferenceSession(proto.SerializeToString(), options, ["CPUExecutionProvider"])
        self.input = self.session.get_inputs()[0].name
        self.names = [output.name for output in self.session.get_outputs()]
        self._decoder: Decoder | None = DECODERS.get(model.decoder)

    def arrays(self, frame: YuvFrame, feeding: Preprocessing) -> list[Floats]:
        """The outputs on one frame, without the batch dimension where it is 1."""
        pixels = network_input(frame, feeding, self.model.network)
        results = self.session.run(None, {self.input: pixels[None]})
        return [np.asarray(result[0] if result.shape[0] == 1 else result) for result in results]

    def decode(self, arrays: Sequence[Floats], threshold: float) -> Boxes:
        if self._decoder is None:
            self._decoder = self._of_family(arrays)
        return self._decoder(arrays, self.model.network, threshold)

    def _of_family(self, arrays: Sequence[Floats]) -> Decoder:
        network = self.model.network
        facts = inspect(self.model.path, input_size=(network.height, network.width))
        sample = tuple(NamedArray(*pair) for pair in zip(self.names, arrays, strict=True))
        return of_family(recognise(facts, [sample], hints=Hints(family=self.model.decoder)), self.names)


def network_input(frame: YuvFrame, feeding: Preprocessing, network: Network) -> Floats:
    """The frame as nvinfer would feed it, float32 (3, height, width)."""
    place = geometry(
        frame.width,
        frame.height,
        network.width,
        network.height,
        bool(feeding.maintain_aspect_ratio),
        bool(feeding.symmetric_padding),
    )
    scaler = Preprocessor(place, PreprocessSettings(color_format=feeding.model_color_format, scaling_filter=1))
    pixels = np.array(scaler.pixels(frame), np.float32)
    offsets = np.array(feeding.offsets or (0.0,) * 3, np.float32).reshape(3, 1, 1)
    return np.ascontiguousarray((pixels - offsets) * np.float32(feeding.net_scale_factor))


def to_surface(boxes: Boxes, feeding: Preprocessing, network: Network, view: str) -> Boxes:
    """Network pixels of a view to surface pixels of the plain frame."""
    surface = Network(*material.SURFACE)
    mapped = frame_evidence.to_surface(boxes, feeding, network, surface)
    if view == "mirror":
        return frame_evidence.unmirrored(mapped, surface)
    return frame_evidence.unzoomed(mapped, ZOOM_WINDOW, surface) if view == "zoom" else mapped


def rows(runner: Runner, clip: Clip, videos: Path) -> Iterator[dict[str, Any]]:
    """One record for each frame, candidate and view."""
    model = runner.model
    for number, pair in enumerate(material.frames(videos, clip, model.frames)):
        for name, frame in zip(material.VIEWS, material.views(pair), strict=True):
            for index, feeding in enumerate(candidates(model)):
                if (
                    name != "plain"
                    and _same_scale(feeding, model.truth)
                    and feeding != model.truth
                    and name != "mirror"
                ):
                    continue
                boxes = runner.decode(runner.arrays(frame, feeding), FLOOR)
                kept = boxes.take(nms(boxes, limit=1000)[:KEPT])
                yield {
                    "frame": number,
                    "view": name,
                    "candidate": index,
                    "scores": np.histogram(boxes.confidence, EDGES)[0].tolist(),
                    "boxes": np.round(to_surface(kept, feeding, model.network, name).table(), 3).tolist(),
                }


def collect(models_dir: Path, videos: Path, cache: Path) -> None:
    """What is missing in ``cache``."""
    cache.mkdir(parents=True, exist_ok=True)
    runners: dict[str, Runner] = {}
    for clip in material.CLIPS:
        for model in models(models_dir):
            target = cache / f"{model.name}@{clip.name.replace(':', '+')}.json"
            if target.exists() or not (videos / clip.file).is_file():
                continue
            runner = runners.setdefault(model.name, runners.get(model.name) or Runner(model))
            found = list(rows(runner, clip, videos))
            target.with_suffix(".part").write_text(json.dumps(found))
            target.with_suffix(".part").rename(target)
            print(f"{model.name} on {clip.name}: {len(found)} records", flush=True)


def fixed_input(model: Model) -> onnx.ModelProto:
    """The graph with a declared input of one image of the model's size; declared output shapes are dropped."""
    proto, network = onnx.load(model.path), model.network
    constants = {item.name for item in proto.graph.initializer}
    image = next(item for item in proto.graph.input if item.name not in constants)
    for side, size in zip(image.type.tensor_type.shape.dim, (1, 3, network.height, network.width), strict=True):
        side.dim_value = size
    for output in proto.graph.output:
        output.type.tensor_type.ClearField("shape")
    return proto
