"""A head made from the demo model, from recognition to boxes: in the C++ parser, in NumPy, and in the ground truth."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from dsbench.base.boxes import Boxes, nms
from dsbench.base.cpp import SDK
from dsbench.build.compile import BuildPlan, build
from dsbench.build.makefile import write_makefile
from dsbench.build.parser_source import SourcePlan, write_source
from dsbench.embedded.nvinfer.infer import OnnxModel
from dsbench.embedded.nvinfer.parser_host import OutputLayer, ParserHost
from dsbench.embedded.nvinfer.preprocess import Geometry, Preprocessor, PreprocessSettings, geometry
from dsbench.embedded.video.decode import open_source
from dsbench.embedded.video.frame import YuvFrame
from dsbench.families import registry
from dsbench.families.base import Head, Hints, NamedArray, Network, Outputs, Preprocessing
from dsbench.model.onnx.graph import OnnxFacts, inspect
from tests import street_zoo as zoo
from tests.agreement import compare

FRAMES = (20, 90, 160)
FUNCTION = "NvDsInferParseCustomZoo"
THRESHOLD = 0.25
BGR255 = Preprocessing(1.0, (), 1, 1)


@functools.cache
def clip() -> tuple[YuvFrame, ...]:
    """The frames of the demo clip that are judged."""
    found = []
    for number, frame in enumerate(open_source(zoo.STREET / "street.mp4", file_loop=False)):
        if number in FRAMES:
            found.append(replace(frame, **{plane: getattr(frame, plane).copy() for plane in "yuv"}))
        if number == FRAMES[-1]:
            break
    return tuple(found)


@dataclass
class Net:
    """One ONNX file and how to feed it."""

    facts: OnnxFacts
    model: OnnxModel

    @classmethod
    def load(cls, path: Path) -> Net:
        return cls(inspect(path), OnnxModel(path, threads=2))

    def place(self, feed: Preprocessing) -> Geometry:
        keep, split = bool(feed.maintain_aspect_ratio), bool(feed.symmetric_padding)
        return geometry(1280, 720, self.facts.width, self.facts.height, keep, split)

    def outputs(self, feed: Preprocessing, frames: Sequence[YuvFrame] | None = None) -> list[Outputs]:
        """Outputs of each frame, one image each, as a probe gives them."""
        facts = self.facts
        settings = PreprocessSettings(
            color_format=feed.model_color_format, net_scale_factor=feed.net_scale_factor, offsets=feed.offsets,
            input_order=int(facts.nhwc),
        )  # fmt: skip
        writer = Preprocessor(self.place(feed), settings)
        found = []
        for frame in clip() if frames is None else frames:
            tensor = np.zeros((1, *writer.shape), np.float32)
            writer.write(frame, tensor[0])
            arrays = self.model.run(tensor)
            named = zip(self.model.output_names, arrays, strict=True)
            found.append(tuple(NamedArray(name, np.asarray(array[0])) for name, array in named))
        return found

    def recognise(self, labels: Sequence[str] = zoo.NAMES, hints: Hints | None = None) -> Head:
        """The head, by one frame under the right preprocessing and two wrong ones."""
        feeds = (Preprocessing(1 / 255, (), 0, 1, 1), BGR255, Preprocessing(1 / 255, (), 1, 0))
        samples = [self.outputs(feed, clip()[:1])[0] for feed in feeds]
        return registry.recognise(self.facts, samples, hints=hints, labels=labels)


def compiled(head: Head, folder: Path) -> Path:
    """The family's parser, rendered and built."""
    folder.mkdir(parents=True, exist_ok=True)
    name = "nvdsinfer_custombboxparser_zoo"
    source = write_source(head, SourcePlan(folder / f"{name}.cpp", (), FUNCTION)).path
    library = folder / "libnvdsinfer_zoo_parser.so"
    write_makefile(folder / "Makefile", source.name, library.name)
    built = build(BuildPlan(folder, library, SDK, "12.8", folder / "build.log", libs=""))
    assert built.warnings == ()
    return built.library


def parsed(library: Path, outputs: Outputs, network: Network, function: str = FUNCTION) -> np.ndarray | None:
    """(n, 6): class id, left, top, width, height, confidence in the parser's order; None if it returned false."""
    layers = [OutputLayer(out.name, np.ascontiguousarray(out.data), i + 1) for i, out in enumerate(outputs)]
    thresholds = [THRESHOLD] * zoo.CLASSES
    host = ParserHost(library, function)
    found = host.parse(layers, (network.width, network.height, 3), zoo.CLASSES, thresholds, [0.0] * zoo.CLASSES)
    if found is None:
        return None
    columns = (found.class_id, found.left, found.top, found.width, found.height, found.confidence)
    return np.stack([np.asarray(column, np.float32) for column in columns], axis=1)


def check_boxes(
    net: Net, head: Head, library: Path, function: str = FUNCTION, feed: Preprocessing | None = None
) -> None:
    """Parser and NumPy decode agree to 1e-3 pixel on real frames, and what remains is what is in the picture."""
    family, convention = registry.by_name(head.family), registry.convention(head)
    network = Network(net.facts.width, net.facts.height)
    feed = feed or convention.preprocessing or Preprocessing(1 / 255)
    frames = net.outputs(feed)
    reference = [family.decode(frame, head, network, THRESHOLD) for frame in frames]
    found = [parsed(library, frame, network, function) for frame in frames]
    agreement = compare(found, reference)
    assert agreement.complete, agreement
    assert agreement.parser > 10
    assert agreement.largest_difference <= 1e-3
    hits = total = objects = 0
    for number, boxes in zip(FRAMES, reference, strict=True):
        kept = nms(boxes) if convention.cluster_mode == 2 else np.arange(len(boxes))
        a, b, c = against_truth(boxes, kept, net.place(feed), number)
        hits, total, objects = hits + a, total + b, objects + c
    assert hits >= 0.7 * objects, (hits, total, objects)
    assert hits >= 0.75 * total, (hits, total, objects)


def against_truth(boxes: Boxes, kept: np.ndarray, place: Geometry, number: int) -> tuple[int, int, int]:
    """Detections that are objects (class, IoU at least 0.5), detections, objects of one frame."""
    lines = (zoo.STREET / "ground_truth" / f"00_000_{number:06d}.txt").read_text().splitlines()
    truth = [(line.split()[0], *map(float, line.split()[4:8])) for line in lines]
    free = list(truth)
    hits = 0
    for index in kept:
        left = (boxes.left[index] - place.offset_left) / place.ratio_x
        top = (boxes.top[index] - place.offset_top) / place.ratio_y
        right, bottom = left + boxes.width[index] / place.ratio_x, top + boxes.height[index] / place.ratio_y
        for item in free:
            label, x1, y1, x2, y2 = item
            if label != zoo.NAMES[boxes.class_id[index]]:
                continue
            w, h = min(right, x2) - max(left, x1), min(bottom, y2) - max(top, y1)
            shared = max(w, 0.0) * max(h, 0.0)
            union = (right - left) * (bottom - top) + (x2 - x1) * (y2 - y1) - shared
            if shared >= 0.5 * union:
                free.remove(item)
                hits += 1
                break
    return hits, len(kept), len(truth)
