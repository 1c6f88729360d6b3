"""Heads of maps with one known object: recognised, decoded, and read by the parser as the NumPy decode reads them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from dsbench.base.errors import DsbenchError
from dsbench.families import registry
from dsbench.families.base import Hints, NamedArray, Network, Outputs
from dsbench.model.onnx.graph import OnnxFacts, inspect
from tests import onnx_zoo
from tests.agreement import compare
from tests.families import street_check

NETWORK = Network(320, 192)
ANCHORS = (10, 13, 16, 30, 33, 23, 30, 61, 62, 45, 59, 119, 116, 90, 156, 198, 373, 326)
CELL = (3, 2)
"""Column and row of the object."""


@pytest.fixture
def facts(tmp_path: Path) -> OnnxFacts:
    found = inspect(onnx_zoo.detector(tmp_path / "x.onnx"))
    return replace(found, width=NETWORK.width, height=NETWORK.height, batch=None)


def outputs(**arrays: np.ndarray) -> Outputs:
    return tuple(NamedArray(name, np.asarray(array, np.float32)) for name, array in arrays.items())


def logit(value: float) -> float:
    return float(np.log(value / (1 - value)))


def grid(stride: int, channels: int, rng: np.random.Generator, low: float, high: float) -> np.ndarray:
    return rng.uniform(low, high, (channels, -(-NETWORK.height // stride), -(-NETWORK.width // stride)))


def rows(maps: np.ndarray) -> np.ndarray:
    """[C, h, w] as [h*w, C]."""
    return maps.reshape(len(maps), -1).T


def yunet(rng: np.random.Generator) -> Outputs:
    """Centre (3.25, 2.5) * 16, size exp(1) * 16 by exp(0.5) * 16, score sqrt(0.81 * 0.64) = 0.72."""
    parts: dict[str, np.ndarray] = {}
    for stride in (8, 16, 32):
        cls, obj = (grid(stride, 1, rng, 0, 0.05) for _ in range(2))
        box = grid(stride, 4, rng, -0.5, 1)
        if stride == 16:
            cls[0, CELL[1], CELL[0]], obj[0, CELL[1], CELL[0]] = 0.81, 0.64
            box[:, CELL[1], CELL[0]] = 0.25, 0.5, 1, 0.5
        parts |= {f"cls_{stride}": rows(cls), f"obj_{stride}": rows(obj), f"bbox_{stride}": rows(box)}
        parts[f"kps_{stride}"] = rows(grid(stride, 10, rng, -1, 1))
    return outputs(**dict(sorted(parts.items())))


def scrfd(rng: np.random.Generator) -> Outputs:
    """Two anchors a cell, the second sees the object: sides 1, 2, 3, 1 strides from (3, 2) * 16."""
    parts: dict[str, list[np.ndarray]] = {"score": [], "bbox": [], "kps": []}
    for stride in (8, 16, 32):
        cells = rows(grid(stride, 1, rng, 0, 1)).size
        score, sides = rng.uniform(0, 0.05, (cells, 2, 1)), rng.uniform(-0.1, 4, (cells, 2, 4))
        if stride == 16:
            at = CELL[1] * (NETWORK.width // 16) + CELL[0]
            score[at, 1], sides[at, 1] = 0.9, (1, 2, 3, 1)
        parts["score"].append(score.reshape(-1, 1))
        parts["bbox"].append(sides.reshape(-1, 4))
        parts["kps"].append(rng.normal(0, 1, (cells * 2, 10)))
    return outputs(**{f"{name}_{i}": array for name, arrays in parts.items() for i, array in enumerate(arrays)})


def centerface(rng: np.random.Generator) -> Outputs:
    """Height exp(2) * 4, width exp(1) * 4, centre (3 + 0.25 + 0.5, 2 + 0.75 + 0.5) * 4."""
    heat, scale, offset = grid(4, 1, rng, 0, 0.1), grid(4, 2, rng, 0, 3), grid(4, 2, rng, 0, 1)
    heat[0, CELL[1], CELL[0]] = 0.9
    scale[:, CELL[1], CELL[0]], offset[:, CELL[1], CELL[0]] = (2, 1), (0.75, 0.25)
    return outputs(a=heat, b=scale, c=offset, d=grid(4, 10, rng, -1, 1))


def fastestdet(rng: np.random.Generator) -> Outputs:
    """Centre (3 + tanh(0.5), 2 + tanh(-0.5)) * 16, width sigmoid(-1) * 320, score 0.9^0.6 * 0.8^0.4."""
    raw = grid(16, 8, rng, -2, 2)
    raw[0] = rng.uniform(0, 0.02, raw[0].shape)
    classes = rng.uniform(0, 1, raw[5:].shape)
    classes[:, CELL[1], CELL[0]] = 0.1, 0.8, 0.1
    raw[5:] = classes / classes.sum(axis=0)
    raw[:5, CELL[1], CELL[0]] = 0.9, 0.5, -0.5, -1, -2
    return outputs(out=raw)


def yolov5(rng: np.random.Generator, *, activated: bool = False, form: str = "[a*c, h, w]") -> Outputs:
    """The second anchor of stride 16, 62 x 45: centre (3 + 0.7, 2 + 0.3) * 16, size 1.44 * 62 by 0.64 * 45."""
    found = []
    for stride in (8, 16, 32):
        raw = rng.uniform(-9, -5, (3, 5 + 2, NETWORK.height // stride, NETWORK.width // stride))
        raw[:, :4] = rng.uniform(-1, 1, raw[:, :4].shape)
        if stride == 16:
            unit = (0.6, 0.4, 0.6, 0.4, 0.9, 0.1, 0.8)
            raw[1, :, CELL[1], CELL[0]] = [logit(value) for value in unit]
        raw = 1 / (1 + np.exp(-raw)) if activated else raw
        found.append({
            "[a*c, h, w]": raw.reshape(21, *raw.shape[2:]),
            "[a, h, w, c]": raw.transpose(0, 2, 3, 1),
            "[h, w, a, c]": raw.transpose(2, 3, 0, 1),
        }[form])  # fmt: skip
    return outputs(**{f"out{i}": array for i, array in enumerate(found)})


def old_yunet(rng: np.random.Generator) -> Outputs:
    """The second prior of stride 16, 48 pixels: centre (56, 40) + 0.1 * 48 * (1, -1), size 48 * exp(0.2 * (1, 2))."""
    cells = [(8, 24 * 40, 3), (16, 12 * 20, 2), (32, 6 * 10, 2), (64, 3 * 5, 3)]
    rows = sum(count * each for _, count, each in cells)
    loc, conf = rng.normal(0, 1, (rows, 14)), np.tile([0.98, 0.02], (rows, 1))
    iou = rng.uniform(0, 0.5, (rows, 1))
    at = cells[0][1] * cells[0][2] + (CELL[1] * 20 + CELL[0]) * 2 + 1
    loc[at, :4], conf[at], iou[at] = (1, -1, 1, 2), (0.19, 0.81), 0.64
    return outputs(loc=loc, conf=conf, iou=iou)


def blazeface(rng: np.random.Generator) -> Outputs:
    """320x192 is no size of MediaPipe's, its rule holds: the second anchor of cell (3, 2) at stride 16."""
    cells = [(8, 24 * 40, 2), (16, 12 * 20, 6)]
    rows = sum(count * each for _, count, each in cells)
    scores, boxes = rng.uniform(-9, -5, (rows, 1)), rng.normal(0, 5, (rows, 16))
    at = cells[0][1] * cells[0][2] + (CELL[1] * 20 + CELL[0]) * 6 + 1
    scores[at], boxes[at, :4] = logit(0.9), (4, -2, 30, 20)
    return outputs(regressors=boxes, classificators=scores)


def yolo5face(rng: np.random.Generator) -> Outputs:
    """As ``yolov5`` with ten landmarks before the class."""
    found = []
    for stride in (8, 16, 32):
        raw = rng.uniform(-2, 2, (3, NETWORK.height // stride, NETWORK.width // stride, 16))
        raw[..., 4], raw[..., 15] = -9, 4
        if stride == 16:
            raw[1, CELL[1], CELL[0], :5] = [logit(value) for value in (0.6, 0.4, 0.6, 0.4, 0.9)]
            raw[1, CELL[1], CELL[0], 15] = logit(0.8)
        found.append(raw)
    return outputs(stride_8=found[0], stride_16=found[1], stride_32=found[2])


def yolov5_lite(rng: np.random.Generator) -> Outputs:
    """As ``yolov5`` after the sigmoid, the anchors' cells of all strides as rows."""
    maps = yolov5(rng, activated=True, form="[a, h, w, c]")
    return outputs(output=np.concatenate([part.data.reshape(-1, 7) for part in maps]))


def yolo_fastest(rng: np.random.Generator) -> Outputs:
    """Six maps; the anchors share a softmax: its class 1 has odds of e^2 : 1 + e^-1."""
    found: dict[str, np.ndarray] = {}
    for stride in (16, 32):
        box, obj, cls = (grid(stride, count, rng, low, high) for count, low, high in
                         ((12, -1, 1), (3, -9, -7), (4, -4, 4)))  # fmt: skip
        if stride == 16:
            box[4:8, CELL[1], CELL[0]] = [logit(value) for value in (0.6, 0.4, 0.6, 0.4)]
            obj[1, CELL[1], CELL[0]] = logit(0.9)
            cls[:, CELL[1], CELL[0]] = 0, 2, -1, -20
        found |= {f"box{stride}": box, f"obj{stride}": obj, f"cls{stride}": cls}
    return outputs(**found)


def centernet(rng: np.random.Generator) -> Outputs:
    """Centre (3.25, 2.5) * 4, size 40 by 6 strides of 4."""
    heat, size, offset = grid(4, 3, rng, -9, -6), grid(4, 2, rng, 0, 30), grid(4, 2, rng, 0, 1)
    heat[1, CELL[1], CELL[0]] = logit(0.9)
    size[:, CELL[1], CELL[0]], offset[:, CELL[1], CELL[0]] = (40, 6), (0.25, 0.5)
    return outputs(hm=heat, reg=offset, wh=size)


def centred(cx: float, cy: float, w: float, h: float) -> list[float]:
    return [cx - w / 2, cy - h / 2, w, h]


HEADS: dict[str, tuple[Callable[[np.random.Generator], Outputs], list[float], int]] = {
    "yunet": (yunet, [0, *centred(3.25 * 16, 2.5 * 16, np.e * 16, np.exp(0.5) * 16), 0.72], 1),
    "scrfd": (scrfd, [0, 32, 0, 64, 48, 0.9], 1),
    "centerface": (centerface, [0, *centred(15, 13, np.e * 4, np.exp(2) * 4)[:1], 0, np.e * 4, 13 + np.exp(2) * 2,
                                0.9], 1),
    "fastestdet": (fastestdet, [1, *centred((3 + np.tanh(0.5)) * 16, (2 - np.tanh(0.5)) * 16,
                                            320 / (1 + np.e), 192 / (1 + np.exp(2))), 0.9**0.6 * 0.8**0.4], 3),
    "yunet until 2022": (old_yunet, [0, *centred(60.8, 35.2, 48 * np.exp(0.2), 48 * np.exp(0.4)), 0.72], 1),
    "blazeface": (blazeface, [0, *centred(56 + 4, 40 - 2, 30, 20), 0.9], 1),
    "yolo_maps of faces": (yolo5face, [0, *centred(3.7 * 16, 2.3 * 16, 1.44 * 62, 0.64 * 45), 0.72], 1),
    "yolo_maps of YOLO-Fastest": (yolo_fastest, [1, *centred(3.7 * 16, 2.3 * 16, 1.44 * 62, 0.64 * 45),
                                                 0.9 * np.exp(2) / (1 + np.exp(2) + np.exp(-1))], 4),
    "centernet": (centernet, [1, *centred(13, 10, 160, 24), 0.9], 3),
    "yolo_maps as rows": (yolov5_lite, [1, *centred(3.7 * 16, 2.3 * 16, 1.44 * 62, 0.64 * 45), 0.72], 2),
    "yolo_maps": (yolov5, [1, *centred(3.7 * 16, 2.3 * 16, 1.44 * 62, 0.64 * 45), 0.72], 2),
}  # fmt: skip


def anchors_for(sample: Outputs) -> Hints:
    """Three a stride; of two strides the first and the third."""
    return Hints(anchors=ANCHORS if len(sample) != 6 else ANCHORS[6:12] + ANCHORS[:6])


def clipped(box: Sequence[float]) -> list[float]:
    """Class, left, top, width, height, score with the box cut at 0."""
    label, left, top, width, height, score = box
    return [label, max(left, 0), max(top, 0), width + min(left, 0), height + min(top, 0), score]


@pytest.mark.parametrize("name", HEADS)
def test_recognised_decoded_and_parsed(name: str, facts: OnnxFacts, tmp_path: Path) -> None:
    build, expected, classes = HEADS[name]
    name = name.split()[0]
    rng = np.random.default_rng(4)
    sample = build(rng)
    head = registry.recognise(facts, [sample, build(rng)], labels=["x"] * classes, hints=anchors_for(sample))
    assert (head.family, head.classes) == (name, classes)
    assert registry.convention(head).cluster_mode == 2
    found = registry.by_name(name).decode(sample, head, NETWORK, 0.25)
    assert found.table().tolist() == [pytest.approx(clipped(expected), abs=1e-2)]

    library = street_check.compiled(head, tmp_path / "parser")
    low = registry.by_name(name).decode(sample, head, NETWORK, street_check.THRESHOLD)
    agreement = compare([street_check.parsed(library, sample, NETWORK)], [low])
    assert agreement.complete, agreement
    assert agreement.largest_difference <= 1e-3
    fewer = tuple(replace(out, data=out.data[..., :-1]) for out in sample)
    assert street_check.parsed(library, fewer, NETWORK) is None


@pytest.mark.parametrize("activated", [False, True])
@pytest.mark.parametrize("form", ["[a*c, h, w]", "[a, h, w, c]", "[h, w, a, c]"])
def test_raw_yolo_maps_in_every_form(facts: OnnxFacts, form: str, activated: bool) -> None:
    sample = yolov5(np.random.default_rng(4), form=form, activated=activated)
    head = registry.recognise(facts, [sample], labels=["a", "b"], hints=Hints(anchors=ANCHORS))
    found = registry.by_name("yolo_maps").decode(sample, head, NETWORK, 0.25)
    assert found.table().tolist() == [pytest.approx(HEADS["yolo_maps"][1], abs=1e-2)]


@pytest.mark.parametrize("in_strides", [False, True])
def test_anchors_of_the_metadata(facts: OnnxFacts, in_strides: bool) -> None:
    """YOLOv5's own buffer counts anchors in strides."""
    strides = np.repeat([8, 16, 32], 6) if in_strides else 1
    stated = (np.array(ANCHORS) / strides).reshape(3, 6).tolist()
    sample = yolov5(np.random.default_rng(4))
    head = registry.recognise(replace(facts, metadata=(("anchors", str(stated)),)), [sample], labels=["a", "b"])
    found = registry.by_name("yolo_maps").decode(sample, head, NETWORK, 0.25)
    assert found.table().tolist() == [pytest.approx(HEADS["yolo_maps"][1], abs=1e-2)]


def test_raw_yolo_maps_without_anchors_say_so(facts: OnnxFacts) -> None:
    with pytest.raises(DsbenchError, match=r"raw maps of strides 8, 16, 32, not decoded"):
        registry.recognise(facts, [yolov5(np.random.default_rng(4))], labels=["a", "b"])


@pytest.mark.parametrize("classes", [80, 43])
def test_144_channels_are_what_the_labels_say(facts: OnnxFacts, classes: int) -> None:
    """64 sides and 80 classes of YOLOv8, or three anchors of 48 channels."""
    rng = np.random.default_rng(4)
    maps = {f"m{stride}": grid(stride, 144, rng, -3, 3) for stride in (8, 16, 32)}
    head = registry.recognise(facts, [outputs(**maps)], labels=["x"] * classes, hints=Hints(anchors=ANCHORS))
    assert (head.family, head.classes) == (("gfl", 80) if classes == 80 else ("yolo_maps", 43))


def test_the_old_yunet_without_its_softmax(facts: OnnxFacts) -> None:
    sample = old_yunet(np.random.default_rng(0))
    logits = tuple(replace(out, data=np.log(out.data) * 2) if out.data.shape[1] == 2 else out for out in sample)
    wide = replace(facts, width=NETWORK.width, height=NETWORK.height)
    with pytest.raises(DsbenchError, match="softmax is not in the graph"):
        registry.recognise(wide, [logits], labels=["face"])
