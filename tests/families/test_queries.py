"""Heads of object queries: softmax told from sigmoid, parsers equal to the NumPy decode, objects where the truth is."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from dsbench.base.cpp import SDK
from dsbench.base.errors import Code, DsbenchError
from dsbench.families import queries, registry
from dsbench.families.base import Head, Hints, NamedArray, Network, Outputs, Preprocessing
from dsbench.families.queries import QueryLayout
from dsbench.families.rows import RowsLayout
from dsbench.model.exporter import hugging_face
from dsbench.model.exporter.evidence import ExporterEvidence
from dsbench.model.onnx.graph import OnnxFacts, inspect
from tests import onnx_zoo
from tests import onnx_zoo_transformers as zoo
from tests.agreement import compare
from tests.families import street_check

NETWORK = Network(64, 64)
CASES: dict[str, tuple[Callable[..., Path], dict[str, object], str, object]] = {
    "detr": (zoo.detr, {}, "detr", QueryLayout(0, 1, False)),
    "detr, softmax in the graph": (zoo.detr, {"graph_softmax": True}, "detr", QueryLayout(0, 1, True)),
    "rtdetr": (zoo.rtdetr, {}, "rtdetr", QueryLayout(0, 1, False)),
    "rtdetr, boxes first": (zoo.rtdetr, {"boxes_first": True}, "rtdetr", QueryLayout(1, 0, False)),
    "rtdetr, sigmoid in the graph": (zoo.rtdetr, {"graph_sigmoid": True}, "rtdetr", QueryLayout(0, 1, True)),
    "selected, pixels": (zoo.rtdetr_selected, {}, "rtdetr", RowsLayout(0, 1, 2, False)),
    "selected, fractions": (
        zoo.rtdetr_selected, {"normalised": True, "scores_first": True}, "rtdetr", RowsLayout(2, 1, 0, True)),
    "owlvit": (zoo.owlvit, {}, "owlvit", QueryLayout(0, 1, False)),
}  # fmt: skip


@pytest.fixture
def facts(tmp_path: Path) -> OnnxFacts:
    return inspect(onnx_zoo.detector(tmp_path / "x.onnx"))


@pytest.mark.parametrize("case", CASES)
def test_from_recognition_to_ground_truth(case: str, tmp_path: Path) -> None:
    build, options, family, layout = CASES[case]
    net = street_check.Net.load(build(tmp_path / "model.onnx", **options))
    for labels in (street_check.zoo.NAMES, ()):
        head = net.recognise(labels=labels)
        assert (head.family, head.layout) == (family, layout)
        assert head.confidence >= 0.8
        assert head.warnings == ()
        if labels or not isinstance(layout, RowsLayout):
            assert head.classes == 4
    street_check.check_boxes(net, head, street_check.compiled(head, tmp_path / "parser"))


@pytest.mark.parametrize(
    ("model_type", "family"),
    [("detr", "detr"), ("yolos", "detr"), ("conditional_detr", "rtdetr"), ("deformable_detr", "rtdetr"),
     ("rt_detr", "rtdetr"), ("rt_detr_v2", "rtdetr"), ("d_fine", "rtdetr"), ("grounding-dino", "rtdetr"),
     ("owlvit", "owlvit"), ("owlv2", "owlvit")],
)  # fmt: skip
def test_config_json_decides(facts: OnnxFacts, tmp_path: Path, model_type: str, family: str) -> None:
    zoo.write_config(tmp_path, model_type)
    hints = Hints(exporter=ExporterEvidence(hugging_face=hugging_face.read(tmp_path)))
    head = registry.recognise(facts, [undecided()], hints=hints)
    assert (head.family, head.facts[0].reason) == (family, f"config.json: model_type {model_type}")


def boxes(count: int = 40) -> np.ndarray:
    rng = np.random.default_rng(3)
    return np.concatenate((rng.uniform(0.3, 0.9, (count, 2)), rng.uniform(0.02, 0.25, (count, 2))), axis=1)


def outputs(*arrays: np.ndarray, names: tuple[str, ...] = ("logits", "pred_boxes", "c")) -> Outputs:
    return tuple(NamedArray(name, np.asarray(a, a.dtype if a.dtype.kind in "iu" else np.float32))
                 for name, a in zip(names, arrays, strict=False))  # fmt: skip


def softmax_logits(count: int = 40, columns: int = 5, background: float = 6.0) -> np.ndarray:
    logits = np.random.default_rng(1).normal(-4, 1, (count, columns))
    logits[:, -1] = background
    logits[0, 0] = background + 3  # column 0, Hugging Face's "N/A", is a class
    return logits


def sigmoid_logits(count: int = 40, columns: int = 5) -> np.ndarray:
    logits = np.random.default_rng(1).normal(-5, 1, (count, columns))
    logits[0, columns - 1] = 2.0
    return logits


def undecided(columns: int = 5) -> Outputs:
    return outputs(np.random.default_rng(1).normal(0, 0.3, (40, columns)), boxes())


def test_softmax_and_sigmoid_are_told_by_the_logits(facts: OnnxFacts) -> None:
    detr = registry.recognise(facts, [outputs(softmax_logits(), boxes())])
    assert (detr.family, detr.classes) == ("detr", 4)
    assert "the last column leads in 98%" in detr.facts[0].reason
    rtdetr = registry.recognise(facts, [outputs(sigmoid_logits(), boxes())])
    assert (rtdetr.family, rtdetr.classes) == ("rtdetr", 5)
    assert "strongly negative in 98%" in rtdetr.facts[0].reason
    single = registry.recognise(facts, [outputs(sigmoid_logits(columns=1), boxes())])
    assert (single.family, single.classes) == ("rtdetr", 1)


def test_background_is_the_last_column_and_column_0_a_class(facts: OnnxFacts) -> None:
    sample = outputs(softmax_logits(columns=92), boxes())
    head = registry.recognise(facts, [sample], labels=["N/A"] * 91)
    assert head.classes == 91
    found = registry.by_name("detr").decode(sample, head, NETWORK, 0.5)
    assert found.class_id.tolist() == [0]
    assert found.confidence[0] == pytest.approx(1 / (1 + np.exp(-3)), abs=0.01)
    cx, cy, w, h = boxes()[0] * 64
    assert (found.left[0], found.top[0]) == (pytest.approx(cx - w / 2, abs=1e-3), pytest.approx(cy - h / 2, abs=1e-3))
    assert registry.convention(head).cluster_mode == 4
    assert registry.recognise(facts, [sample], labels=["x"] * 92).classes == 92  # the background named too


@pytest.mark.parametrize(
    ("names", "labels", "high", "classes"),
    [
        (("dets", "labels"), "abcd", -9.0, 4),
        (("dets", "labels"), "abcde", -9.0, 5),  # labels.txt names all columns
        (("dets", "labels"), "abcd", 2.0, 5),  # a class like the others: labels.txt lacks a line
        (("pred_boxes", "logits"), "abcd", -9.0, 5),  # not RF-DETR's names
    ],
)
def test_rf_detr_s_spare_column(
    facts: OnnxFacts, names: tuple[str, str], labels: str, high: float, classes: int
) -> None:
    logits = np.random.default_rng(1).normal(-5, 1, (40, 5))
    logits[:, 4] = -9
    logits[0, 1], logits[3, 4] = 2.0, high
    sample = outputs(boxes(), logits, names=names)
    head = registry.recognise(facts, [sample], labels=list(labels))
    assert (head.family, head.classes) == ("rtdetr", classes)
    assert any(fact.name == "background" for fact in head.facts) == (classes == 4)
    assert max(registry.by_name("rtdetr").decode(sample, head, NETWORK, 0.0001).class_id) == classes - 1


def test_every_class_of_a_query_counts_with_a_sigmoid(facts: OnnxFacts) -> None:
    logits = sigmoid_logits()
    logits[7, :2] = (1.0, 3.0)
    sample = outputs(logits, boxes())
    head = registry.recognise(facts, [sample])
    found = registry.by_name("rtdetr").decode(sample, head, NETWORK, 0.5)
    assert found.class_id.tolist() == [4, 0, 1]


def test_labels_break_a_tie(facts: OnnxFacts) -> None:
    assert registry.recognise(facts, [undecided()], labels=list("abcd")).family == "detr"
    head = registry.recognise(facts, [undecided()], labels=list("abcde"))
    assert (head.family, head.confidence) == ("rtdetr", 0.65)
    assert "labels.txt names all 5 columns" in head.facts[0].reason


def test_an_ambiguous_head_names_both_and_how_to_choose(facts: OnnxFacts) -> None:
    with pytest.raises(DsbenchError, match="the outputs fit both detr and rtdetr") as caught:
        registry.recognise(facts, [undecided()], labels=list("abcdefghi"))
    assert caught.value.code == Code.FAMILY_UNKNOWN
    assert "'logits' [40, 5]" in caught.value.where
    assert 'family = "detr" (scores: softmax, background last)' in caught.value.fix
    assert 'family = "rtdetr" (scores: sigmoid, no background)' in caught.value.fix
    for name in ("detr", "rtdetr", "owlvit"):
        assert registry.recognise(facts, [undecided()], hints=Hints(family=name)).family == name


def test_a_choice_against_the_evidence_is_a_warning(facts: OnnxFacts, tmp_path: Path) -> None:
    head = registry.recognise(facts, [outputs(sigmoid_logits(), boxes())], hints=Hints(family="detr"))
    assert "no background column" in head.warnings[0]
    head = registry.recognise(facts, [outputs(softmax_logits(), boxes())], hints=Hints(family="rtdetr"))
    assert "background last" in head.warnings[0]
    zoo.write_config(tmp_path, "detr")
    hints = Hints(exporter=ExporterEvidence(hugging_face=hugging_face.read(tmp_path)))
    head = registry.recognise(facts, [outputs(sigmoid_logits(), boxes())], hints=hints)
    assert (head.family, len(head.warnings)) == ("detr", 1)


def test_patches_need_a_grid_that_fits(facts: OnnxFacts) -> None:
    assert queries.MAX_QUERIES == 2000
    with pytest.raises(DsbenchError):
        registry.recognise(facts, [outputs(sigmoid_logits(3000), boxes(3000))])


def selected(scale: float, labels: np.ndarray | None = None) -> Outputs:
    rng = np.random.default_rng(5)
    low = rng.uniform(0, 0.6, (30, 2))
    corners = np.concatenate((low, low + rng.uniform(0.05, 0.3, (30, 2))), axis=1) * scale
    ids = np.arange(30) % 3 if labels is None else labels
    return outputs(ids, corners, np.sort(rng.uniform(0, 0.95, 30))[::-1], names=("labels", "boxes", "scores"))


@pytest.mark.parametrize(("scale", "normalised"), [(1.0, True), (64.0, False)])
def test_selected_rows(facts: OnnxFacts, scale: float, normalised: bool) -> None:
    head = registry.recognise(facts, [selected(scale)], labels=list("abc"))
    assert head.layout == RowsLayout(0, 1, 2, normalised)
    assert registry.convention(head).cluster_mode == 4
    found = registry.by_name("rtdetr").decode(selected(scale), head, NETWORK, 0.3)
    assert len(found) == int((selected(scale)[2].data >= 0.3).sum())
    assert 20 < found.left.max() <= 63


def test_selected_labels_that_count_from_1(facts: OnnxFacts) -> None:
    sample = selected(1.0, np.arange(30) % 3 + 1)
    head = registry.recognise(facts, [sample], labels=list("abc"))
    assert head.layout == RowsLayout(0, 1, 2, True, shift=1)
    assert head.classes == 3
    found = registry.by_name("rtdetr").decode(sample, head, NETWORK, 0.0)
    assert set(found.class_id) == {0, 1, 2}
    assert registry.recognise(facts, [sample], labels=list("abcd")).layout == RowsLayout(0, 1, 2, True)


def test_pixels_of_another_size_are_refused_with_the_fix(facts: OnnxFacts) -> None:
    with pytest.raises(DsbenchError, match=r"fold orig_target_sizes = \[\[64, 64\]\]"):
        registry.recognise(facts, [selected(640.0)])


def test_torchvision_outputs_lack_a_batch(facts: OnnxFacts) -> None:
    sample = (NamedArray("boxes", np.zeros(4, np.float32)), NamedArray("labels", np.array(1)),
              NamedArray("scores", np.array(0.5, np.float32)))  # fmt: skip
    with pytest.raises(DsbenchError, match="no batch dimension"):
        registry.recognise(facts, [sample])


HEADS = {
    "detr": Head("detr", 1.0, 3, QueryLayout(0, 1, False), ()),
    "detr probabilities": Head("detr", 1.0, 3, QueryLayout(1, 0, True), ()),
    "rtdetr": Head("rtdetr", 1.0, 3, QueryLayout(0, 1, False), ()),
    "rtdetr probabilities": Head("rtdetr", 1.0, 3, QueryLayout(1, 0, True), ()),
    "owlvit": Head("owlvit", 1.0, 3, QueryLayout(1, 0, False), ()),
    "selected int64": Head("rtdetr", 1.0, 3, RowsLayout(0, 1, 2, True), ()),
    "selected float": Head("rtdetr", 1.0, 3, RowsLayout(2, 0, 1, False), ()),
    "selected from 1": Head("rtdetr", 1.0, 3, RowsLayout(0, 1, 2, True, shift=1), ()),
}


def random_outputs(head: Head, seed: int) -> Outputs:
    rng = np.random.default_rng(seed)
    layout = head.layout
    if isinstance(layout, RowsLayout):
        sample = selected(1.0 if layout.normalised else 64.0, rng.integers(-1, 5, 30))
        kind = np.int64 if layout.normalised else np.float32
        columns = {layout.labels: sample[0].data.astype(kind), layout.boxes: sample[1].data.copy(),
                   layout.scores: sample[2].data.copy()}  # fmt: skip
        columns[layout.boxes][3, 1], columns[layout.scores][4] = np.nan, np.nan
        columns[layout.scores][5] = np.inf
        return outputs(*(columns[i] for i in range(3)))
    logits = rng.normal(0, 3, (40, 4 if head.family == "detr" else 3))
    rows = queries.softmax(logits.astype(np.float32)) if layout.activated else logits
    places = boxes()
    rows[7, 1] = np.inf
    rows[3, 1], places[4, 2], places[5, 0], rows[6] = np.nan, np.inf, 1.5, -200
    pair = (rows, places) if layout.scores == 0 else (places, rows)
    return outputs(*pair)


@pytest.mark.parametrize("name", HEADS)
def test_parsers_agree_with_the_reference_on_odd_tensors(name: str, tmp_path: Path) -> None:
    head = HEADS[name]
    library = street_check.compiled(head, tmp_path)
    strict = ["-Wall", "-Wextra", "-Wconversion", "-Wshadow", "-Werror", "-std=c++11", "-fsyntax-only"]
    subprocess.run(["g++", *strict, "-isystem", SDK / "sources" / "includes", next(tmp_path.glob("*.cpp"))], check=True)
    frames = [random_outputs(head, seed) for seed in range(3)]
    found = [street_check.parsed(library, frame, NETWORK) for frame in frames]
    reference = [registry.by_name(head.family).decode(frame, head, NETWORK, 0.25) for frame in frames]
    same = compare(found, [only_known(item) for item in reference])
    assert same.complete, same
    assert same.parser > 20
    assert same.largest_difference < 1e-3
    good = frames[0]
    assert street_check.parsed(library, good[:1], NETWORK) is None
    assert street_check.parsed(library, tuple(NamedArray(o.name, o.data.reshape(-1)) for o in good), NETWORK) is None


def only_known(found: queries.Boxes) -> queries.Boxes:
    """Without the class ids that labels.txt (four names here) does not have."""
    keep = found.class_id < 4
    parts = (found.class_id, found.left, found.top, found.width, found.height, found.confidence)
    return queries.Boxes(*(part[keep] for part in parts))


def test_conventions() -> None:
    detr, rtdetr, owl = (registry.by_name(name).convention() for name in ("detr", "rtdetr", "owlvit"))
    assert detr.preprocessing == Preprocessing(0.01752, (123.675, 116.28, 103.53), 0, 1)
    assert rtdetr.preprocessing == Preprocessing(1 / 255, (), 0, 0)
    assert owl.preprocessing == Preprocessing(0.01459, (122.77, 116.75, 104.09), 0, 0)
    assert (detr.cluster_mode, rtdetr.cluster_mode, owl.cluster_mode) == (4, 4, 2)
    assert (detr.pre_cluster_threshold, owl.pre_cluster_threshold) == (None, 0.1)
    assert "0.05" in owl.threshold_note
