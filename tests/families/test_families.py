"""Heads are recognised by their outputs and decoded; near misses are refused with the reason."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from dsbench.base.errors import Code, DsbenchError
from dsbench.families import registry
from dsbench.families.base import Hints, NamedArray, Network, Outputs
from dsbench.families.grids import strides_for
from dsbench.families.ssd import SsdLayout
from dsbench.families.yolox import YoloxLayout
from dsbench.model.onnx.graph import OnnxFacts, inspect
from tests import onnx_zoo as zoo

NETWORK = Network(64, 64)


@pytest.fixture
def facts(tmp_path: Path) -> OnnxFacts:
    return inspect(zoo.detector(tmp_path / "x.onnx"))


def outputs(*arrays: np.ndarray) -> Outputs:
    return tuple(NamedArray(f"out{i}", array.astype(np.float32)) for i, array in enumerate(arrays))


def noisy_head(classes: int = 3) -> np.ndarray:
    head = zoo.yolox_head(classes)[0]
    rng = np.random.default_rng(1)
    head[:, :4] += rng.normal(0, 0.3, (len(head), 4)).astype(np.float32)
    head[:, 4:] += rng.uniform(0, 0.01, head[:, 4:].shape).astype(np.float32)
    head[:, 4:] = head[:, 4:].clip(0, 1)
    return head


def pair(classes: int = 3, background: int = 0, priors: int = 50) -> Outputs:
    scores = np.full((priors, classes), 0.02)
    scores[:, background] = 1 - 0.02 * (classes - 1)
    others = [c for c in range(classes) if c != background]
    scores[3] = 0.05
    scores[3, others[-1]] = 1 - 0.05 * (classes - 1)
    boxes = np.tile([0.25, 0.25, 0.5, 0.75], (priors, 1))
    return outputs(scores, boxes)


@pytest.mark.parametrize(
    ("anchors", "network", "strides"),
    [
        (84, NETWORK, (8, 16, 32)),
        (3549, Network(416, 416), (8, 16, 32)),
        (3024, Network(512, 288), (8, 16, 32)),
        (85, NETWORK, (8, 16, 32, 64)),
        (64, NETWORK, (8,)),
        (83, NETWORK, None),
    ],
)
def test_strides_follow_from_the_anchor_count(anchors: int, network: Network, strides: tuple[int, ...] | None) -> None:
    assert strides_for(anchors, network) == strides


def test_yolox_is_recognised(facts: OnnxFacts) -> None:
    head = registry.recognise(facts, [outputs(noisy_head())])
    assert (head.family, head.classes) == ("yolox", 3)
    assert head.layout == YoloxLayout(84, 3, (8, 16, 32))


def test_yolox_decode(facts: OnnxFacts) -> None:
    sample = outputs(zoo.yolox_head()[0])
    head = registry.recognise(facts, [outputs(noisy_head())])
    boxes = registry.by_name("yolox").decode(sample, head, NETWORK, 0.25)
    # anchor 9 is cell (1, 1) of stride 8: centre (1.5 * 8, 1.5 * 8), size 2 * 8 x 1.5 * 8
    assert boxes.class_id.tolist() == [0, 2]
    assert boxes.left[0] == pytest.approx(4)
    assert boxes.top[0] == pytest.approx(6)
    assert (boxes.width[0], boxes.height[0]) == (pytest.approx(16), pytest.approx(12))
    assert boxes.confidence[0] == pytest.approx(0.9)


def test_yolox_decode_clips_and_skips(facts: OnnxFacts) -> None:
    raw = zoo.yolox_head()[0]
    raw[0, :4], raw[0, 4], raw[0, 5] = (0.5, 0.5, 20.0, 0.0), 1.0, 0.95  # far too wide
    raw[1, 4], raw[1, 5] = np.nan, 0.9
    raw[2, :4], raw[2, 4], raw[2, 5] = (-50.0, 0.5, 0.0, 0.0), 1.0, 0.97  # wholly outside
    head = registry.recognise(facts, [outputs(noisy_head())])
    boxes = registry.by_name("yolox").decode(outputs(raw), head, NETWORK, 0.25)
    assert len(boxes) == 3
    assert (boxes.left[0], boxes.width[0]) == (0, 63)


def decoded_head() -> np.ndarray:
    head = noisy_head()
    centres = [(x * s + s / 2, y * s + s / 2) for s in (8, 16, 32) for y in range(64 // s) for x in range(64 // s)]
    head[:, :2] = np.array(centres)
    return head


@pytest.mark.parametrize(
    ("array", "code", "expected"),
    [
        (decoded_head(), Code.FAMILY_UNKNOWN, "already decoded in the graph"),
        (noisy_head().T, Code.FAMILY_UNKNOWN, "transposed"),
        (noisy_head()[:, :5], Code.FAMILY_UNKNOWN, "0 classes"),
        (noisy_head() * 8, Code.FAMILY_UNKNOWN, "no sigmoid"),
        (np.full((84, 8), np.nan), Code.FAMILY_UNKNOWN, "NaN"),
        (np.zeros(1000), Code.NOT_A_DETECTOR, "1000 scores per image"),
        (np.zeros((1000, 1, 1)), Code.NOT_A_DETECTOR, "classifier"),
        (np.zeros((19, 64, 64)), Code.NOT_A_DETECTOR, "a segmentation net"),
        (np.zeros((125, 2, 2)), Code.FAMILY_UNKNOWN, "undecoded maps of stride 32"),
        (np.zeros((125, 2, 3)), Code.FAMILY_UNKNOWN, "no known detector family"),
    ],
)
def test_heads_that_are_refused(facts: OnnxFacts, array: np.ndarray, code: Code, expected: str) -> None:
    with pytest.raises(DsbenchError) as caught:
        registry.recognise(facts, [outputs(array)])
    assert caught.value.code == code
    assert expected in caught.value.what
    assert "out0" in caught.value.where
    assert caught.value.fix


def test_unknown_family_name(facts: OnnxFacts) -> None:
    with pytest.raises(DsbenchError, match="the family 'yolo99' does not exist") as caught:
        registry.recognise(facts, [outputs(noisy_head())], hints=Hints(family="yolo99"))
    assert "yolox, " in caught.value.fix


@pytest.mark.parametrize("background", [0, 2])
@pytest.mark.parametrize(("labels", "shift"), [(["a", "b", "c"], 0), (["a", "b"], 1)])
def test_ssd_pair(facts: OnnxFacts, background: int, labels: list[str], shift: int) -> None:
    sample = pair(background=background)
    head = registry.recognise(facts, [sample], labels=labels)
    layout = head.layout
    assert isinstance(layout, SsdLayout)
    assert (layout.pair, layout.background, layout.shift, layout.normalised) == (True, background, shift, True)
    assert head.classes == len(labels)
    boxes = registry.by_name("ssd").decode(sample, head, NETWORK, 0.5)
    last = 1 if background == 2 else 2
    assert boxes.class_id.tolist() == [last - (shift if last > background else 0)]
    assert (boxes.left[0], boxes.top[0], boxes.width[0], boxes.height[0]) == (16, 16, 16, 32)


def test_ssd_pair_in_the_other_order(facts: OnnxFacts) -> None:
    scores, boxes = pair()
    head = registry.recognise(facts, [(boxes, scores)])
    assert isinstance(head.layout, SsdLayout)
    assert (head.layout.scores, head.layout.boxes) == (1, 0)


def test_sigmoid_scores_are_no_ssd(facts: OnnxFacts) -> None:
    scores, boxes = pair()
    with pytest.raises(DsbenchError, match="no softmax with a background class"):
        registry.recognise(facts, [outputs(scores.data * 0.3, boxes.data)])


def test_label_count_that_fits_neither_way_is_a_warning(facts: OnnxFacts) -> None:
    head = registry.recognise(facts, [pair()], labels=list("abcdefg"))
    assert "7 labels" in head.warnings[0]


def table(order: str, *, scale: float = 1.0) -> np.ndarray:
    rng = np.random.default_rng(0)
    columns = {
        "class": rng.integers(0, 3, (20, 1)),
        "score": np.sort(rng.uniform(0.2, 0.99, (20, 1)), axis=0)[::-1],
        "box": np.concatenate((rng.uniform(0.1, 0.4, (20, 2)), rng.uniform(0.5, 0.9, (20, 2))), axis=1) * scale,
    }
    return np.concatenate([columns[name] for name in order.split(",")], axis=1)


@pytest.mark.parametrize("order", ["class,score,box", "score,class,box", "box,score,class", "box,class,score"])
@pytest.mark.parametrize("scale", [1.0, 64.0])
def test_ssd_columns(facts: OnnxFacts, order: str, scale: float) -> None:
    sample = outputs(np.concatenate((table(order, scale=scale), np.zeros((5, 6)))))
    head = registry.recognise(facts, [sample], labels=["a", "b", "c"], hints=Hints(family="ssd"))
    assert head.facts[0].value == order
    assert isinstance(head.layout, SsdLayout)
    assert head.layout.normalised == (scale == 1.0)
    boxes = registry.by_name("ssd").decode(sample, head, NETWORK, 0.2)
    assert len(boxes) == 20
    assert boxes.left.max() <= 63
    assert boxes.left.max() > 20


def test_ssd_columns_without_detections_say_so(facts: OnnxFacts) -> None:
    head = registry.recognise(facts, [outputs(np.zeros((20, 6)))])
    assert head.facts[0].value == "class,score,box"
    assert "no detection" in head.warnings[0]


def test_real_models(shared: Path) -> None:
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.log_severity_level = 4
    for name, family, classes in (("yolox_nano", "yolox", 80), ("ultraface_rfb320", "ssd", 2)):
        path = shared / "data" / "models" / name / "model.onnx"
        facts = inspect(path)
        session = onnxruntime.InferenceSession(path, options)
        image = np.random.default_rng(0).integers(0, 255, (1, 3, facts.height, facts.width)).astype(np.float32)
        sample = outputs(*(array[0] for array in session.run(None, {facts.input_name: image})))
        labels = (path.parent / "labels.txt").read_text().splitlines()
        head = registry.recognise(facts, [sample], labels=labels)
        assert (head.family, head.classes) == (family, classes)
