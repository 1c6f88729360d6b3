"""YOLO heads: every layout of the zoo is recognised, decoded alike in C++ and NumPy; look-alikes are told apart."""

from __future__ import annotations

import subprocess
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from dsbench.base.cpp import SDK
from dsbench.base.errors import Code, DsbenchError
from dsbench.families import registry
from dsbench.families.base import Head, Hints, NamedArray, Network, Outputs
from dsbench.families.yolo import DENSE, FUSED, QUERIES, YoloLayout
from dsbench.model.onnx.graph import OnnxFacts, inspect
from tests import onnx_zoo
from tests import street_zoo as zoo
from tests.agreement import compare
from tests.families import street_check

NETWORK = Network(64, 64)
DENSE_LAYOUTS = {
    "yolov5": YoloLayout(False, transposed=False, objectness=True),
    "yolov8": YoloLayout(False, transposed=True),
    "yolov8_square": YoloLayout(False, transposed=True),
    "yolov8_rows": YoloLayout(False),
    "yolov10": YoloLayout(True),
}


@pytest.mark.parametrize("name", DENSE_LAYOUTS)
def test_from_recognition_to_ground_truth(name: str, tmp_path: Path) -> None:
    net = street_check.Net.load(zoo.GOOD[name](tmp_path / "model.onnx"))
    head = net.recognise()
    assert (head.family, head.classes, head.layout) == ("yolo", 4, DENSE_LAYOUTS[name])
    assert head.confidence >= 0.75
    assert head.warnings == ()
    expected = FUSED if name == "yolov10" else DENSE
    # rows of detections, and one decoded row with objectness a cell, are written for networks that are fed otherwise
    assert registry.convention(head) == replace(expected, firm=name not in ("yolov10", "yolov5"))
    street_check.check_boxes(net, head, street_check.compiled(head, tmp_path / "parser"))


@pytest.mark.parametrize("name", ["yolov5", "yolov8", "yolov8_rows"])
def test_objectness_is_told_by_the_values_too(name: str, tmp_path: Path) -> None:
    head = street_check.Net.load(zoo.GOOD[name](tmp_path / "model.onnx")).recognise(labels=())
    assert isinstance(head.layout, YoloLayout)
    assert head.layout.objectness == (name == "yolov5")


@pytest.mark.parametrize("layout", [
    YoloLayout(True), YoloLayout(True, normalised=True), YoloLayout(True, normalised=True, centres=True),
    *(YoloLayout(False, t, o, c, n) for t in (False, True) for o in (False, True)
      for c, n in ((False, False), (True, True))),
    YoloLayout(False, objectness=True, landmarks=True),
], ids=str)  # fmt: skip
def test_parsers_of_every_layout_agree_with_the_reference(layout: YoloLayout, tmp_path: Path) -> None:
    head = Head("yolo", 1.0, 3, layout, ())
    library = street_check.compiled(head, tmp_path)
    strict = ["-Wall", "-Wextra", "-Wconversion", "-Wshadow", "-Werror", "-std=c++11", "-fsyntax-only"]
    source = next(tmp_path.glob("*.cpp"))
    subprocess.run(["g++", *strict, "-isystem", SDK / "sources" / "includes", source], check=True)
    frames = [random_outputs(layout, seed) for seed in range(3)]
    found = [street_check.parsed(library, frame, NETWORK) for frame in frames]
    reference = [registry.by_name("yolo").decode(frame, head, NETWORK, street_check.THRESHOLD) for frame in frames]
    agreement = compare(found, reference)
    assert agreement.complete
    assert agreement.parser > 20
    assert agreement.largest_difference <= 1e-3
    for wrong in (
        frames[0][0].data[0],
        frames[0][0].data[:, :, None],
        frames[0][0].data.astype(np.float64).astype("f2"),
    ):
        assert street_check.parsed(library, (NamedArray("x", wrong),), NETWORK) is None


def random_outputs(layout: YoloLayout, seed: int) -> Outputs:
    """Random rows of a layout, a few of them not finite."""
    rng = np.random.default_rng(seed)
    size = 1.0 if layout.normalised else 64.0
    boxes = rng.uniform(-0.1, 1.0, (60, 4)) * size
    if layout.table or layout.corners:
        boxes[:, 2:] += boxes[:, :2]
    if layout.table:
        rows = np.concatenate((boxes, rng.uniform(0, 1, (60, 1)), rng.integers(-1, 4, (60, 1))), axis=1)
        rows[3, 5], rows[4, 4] = np.nan, np.nan
    else:
        rows = np.concatenate((boxes, rng.uniform(0, 1, (60, layout.first_class - 1))), axis=1)
        rows[3, -1], rows[4, 4], rows[5, 1], rows[6, 2] = np.nan, np.nan, np.inf, np.nan
        rows[7, -3] = np.nan
    return (NamedArray("output0", (rows.T if layout.transposed else rows).astype(np.float32)),)


@pytest.fixture
def facts(tmp_path: Path) -> OnnxFacts:
    return inspect(onnx_zoo.detector(tmp_path / "x.onnx"))


def dense(columns: int, *, per_cell: int = 1, seed: int = 0) -> np.ndarray:
    """Decoded rows for 64x64: centres on the grid, low scores, three sure objects of class 0."""
    rng = np.random.default_rng(seed)
    cells = [((x + 0.5) * s, (y + 0.5) * s) for s in (8, 16, 32) for _ in range(per_cell)
             for y in range(64 // s) for x in range(64 // s)]  # fmt: skip
    rows = np.concatenate((np.array(cells), rng.uniform(4, 20, (len(cells), 2)),
                           rng.uniform(0, 0.01, (len(cells), columns - 4))), axis=1)  # fmt: skip
    rows[5:8, 4] = 0.9
    return rows.astype(np.float32)


def sample(array: np.ndarray, *more: np.ndarray) -> Outputs:
    return tuple(NamedArray(f"output{i}", part.astype(np.float32)) for i, part in enumerate((array, *more)))


def test_as_many_classes_as_make_the_rows_fit_the_grid(facts: OnnxFacts) -> None:
    rows = dense(84)  # 84 anchors of 64x64, 80 classes: both sides are 84
    assert rows.shape == (84, 84)
    for transposed in (True, False):
        head = registry.recognise(facts, [sample(rows.T if transposed else rows)], labels=list(map(str, range(80))))
        assert head.layout == YoloLayout(False, transposed=transposed)
        assert head.classes == 80


def test_faces_with_landmarks(facts: OnnxFacts) -> None:
    """YOLO5Face: three anchors a cell, ten columns of landmarks before the class."""
    rows = dense(6, per_cell=3)
    points = np.random.default_rng(3).uniform(0, 64, (len(rows), 10))
    given = np.concatenate((rows[:, :5], points, rows[:, 5:]), axis=1)
    head = registry.recognise(facts, [sample(given)], labels=["face"])
    assert (head.layout, head.classes) == (YoloLayout(False, objectness=True, landmarks=True), 1)


def test_old_exports_carry_their_raw_maps(facts: OnnxFacts) -> None:
    rows = dense(8, per_cell=3)
    rows[:, 5:] = 0.5
    maps = [np.zeros((3, 64 // s, 64 // s, 8)) for s in (8, 16, 32)]
    head = registry.recognise(facts, [sample(rows, *maps)])
    assert head.layout == YoloLayout(False, objectness=True)


def test_decoded_boxes_beside_the_maps_they_come_from(facts: OnnxFacts) -> None:
    rows = dense(7)
    maps = [np.full((67, 64 // s, 64 // s), -3.0) for s in (8, 16, 32)]
    head = registry.recognise(facts, [sample(rows.T, *maps)], labels=["a", "b", "c"])
    assert (head.layout, head.classes) == (YoloLayout(False, transposed=True), 3)
    masks = np.zeros((32, 16, 16))
    with pytest.raises(DsbenchError):
        registry.recognise(facts, [sample(rows.T, *maps, masks)], labels=["a", "b", "c"])


@pytest.mark.parametrize(("per_cell", "columns"), [(3, 10), (1, 60)])
def test_sigmoids_of_offsets_are_no_fractions(per_cell: int, columns: int, facts: OnnxFacts) -> None:
    """YOLOv5-Lite and Yolo-FastestV2 put the sigmoid into the graph, not the decoding."""
    offsets = np.random.default_rng(0).uniform(0, 1, (84 * per_cell, columns))
    for rows in (offsets, offsets.T):
        with pytest.raises(DsbenchError) as caught:
            registry.recognise(facts, [sample(rows)])
        assert caught.value.code == Code.FAMILY_UNKNOWN


@pytest.mark.parametrize("together", [True, False])
def test_anchors_of_a_cell_come_in_both_orders(together: bool, facts: OnnxFacts) -> None:
    rows = dense(8, per_cell=3)
    sizes, first = [64, 16, 4], 0
    for cells in sizes if together else ():
        part = rows[first : first + 3 * cells]
        rows[first : first + 3 * cells] = part.reshape(3, cells, 8).transpose(1, 0, 2).reshape(-1, 8)
        first += 3 * cells
    rows[:, 5:] = 0.5
    head = registry.recognise(facts, [sample(rows)], labels=["a", "b", "c"])
    assert head.layout == YoloLayout(False, objectness=True)


def test_classes_that_come_together_are_no_objectness(facts: OnnxFacts) -> None:
    rows = dense(7)
    rows[5:9, 4:6] = 0.9
    head = registry.recognise(facts, [sample(rows.T)], labels=["a", "b", "c"])
    assert (head.layout, head.warnings) == (YoloLayout(False, transposed=True), ())
    head = registry.recognise(facts, [sample(rows.T)])
    assert head.layout == YoloLayout(False, transposed=True)


@pytest.mark.parametrize(("columns", "labels", "classes"), [(5, ["a"], 1), (6, ["a"], 1), (6, ["a", "b"], 2)])
def test_few_classes(facts: OnnxFacts, columns: int, labels: list[str], classes: int) -> None:
    rows = dense(columns)
    rows[5:8, 5:] = 0.8 if len(labels) == 1 else 0.01
    head = registry.recognise(facts, [sample(rows)], labels=labels)
    assert (head.family, head.classes) == ("yolo", classes)


def test_labels_that_contradict_the_values_are_a_warning(facts: OnnxFacts) -> None:
    rows = dense(7)
    rows[5:8, 5] = 0.9
    head = registry.recognise(facts, [sample(rows)], labels=["a", "b", "c"])
    assert "looks like an objectness" in head.warnings[0]
    head = registry.recognise(facts, [sample(rows)], labels=["a", "b", "c"], hints=Hints(objectness=True))
    assert (head.warnings, head.classes) == ((), 2)


def table(count: int = 30, *, scale: float = 60.0, overlapping: bool = False) -> np.ndarray:
    rng = np.random.default_rng(0)
    low = rng.uniform(0, 0.6, (count, 2))
    low = np.repeat(low[: count // 5], 5, axis=0) if overlapping else low
    boxes = np.concatenate((low, low + 0.2), axis=1) * scale
    scores = np.sort(rng.uniform(0.3, 0.99, (count, 1)), axis=0)[::-1]
    labels = np.repeat(rng.integers(0, 3, (count // 5, 1)), 5, axis=0)
    return np.concatenate((boxes, scores, labels), axis=1)


def test_tables_in_pixels_are_final_and_fractions_are_ssds(facts: OnnxFacts) -> None:
    head = registry.recognise(facts, [sample(np.concatenate((table(), np.zeros((270, 6)))))], labels=["a", "b", "c"])
    assert (head.family, head.classes, registry.convention(head).cluster_mode) == ("yolo", 3, 4)
    assert registry.recognise(facts, [sample(table(scale=1.0))], labels=["a", "b", "c"]).family == "ssd"


def test_tables_that_are_not_suppressed_are_clustered(facts: OnnxFacts) -> None:
    head = registry.recognise(facts, [sample(table(overlapping=True))], labels=["a", "b", "c"])
    assert registry.convention(head).cluster_mode == 2
    every_anchor = np.concatenate((table(80), np.zeros((4, 6))))
    assert registry.convention(registry.recognise(facts, [sample(every_anchor)])).cluster_mode == 2


def with_metadata(path: Path, head: np.ndarray, /, **metadata: str) -> OnnxFacts:
    def change(model: object) -> None:
        for key, value in metadata.items():
            model.metadata_props.add(key=key, value=value)  # type: ignore[attr-defined]

    return inspect(onnx_zoo.edit(onnx_zoo.detector(path, head=head[None]), change))


def test_metadata_is_strong_evidence(tmp_path: Path) -> None:
    rows = dense(7)
    facts = with_metadata(tmp_path / "x.onnx", rows, **zoo.ultralytics(names=("a", "b", "c")))
    head = registry.recognise(facts, [sample(rows.T)], labels=["a", "c", "b"])
    assert head.classes == 3
    assert head.confidence > 0.9


def test_an_empty_end_to_end_table_is_known_by_its_metadata(tmp_path: Path, facts: OnnxFacts) -> None:
    empty = np.zeros((300, 6))
    named = with_metadata(tmp_path / "y.onnx", empty, **zoo.ultralytics(end2end="True"))
    head = registry.recognise(named, [sample(empty)])
    assert (head.family, head.classes, registry.convention(head)) == ("yolo", 4, FUSED)
    assert registry.recognise(facts, [sample(empty)]).family == "ssd"
    assert registry.recognise(facts, [sample(empty)], hints=Hints(family="yolo")).family == "yolo"


def test_ultralytics_rtdetr(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    rows = np.concatenate((rng.uniform(0, 1, (300, 4)), rng.uniform(0, 0.1, (300, 4))), axis=1)
    facts = with_metadata(tmp_path / "x.onnx", rows, **zoo.ultralytics())
    head = registry.recognise(facts, [sample(rows)], labels=zoo.NAMES)
    assert head.layout == YoloLayout(False, normalised=True)
    assert registry.convention(head) == QUERIES


def test_ultralytics_rtdetr_writes_rows_since_2026(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    rows = np.zeros((300, 6))
    rows[:, :2], rows[:, 2:4] = rng.uniform(0.3, 0.7, (300, 2)), rng.uniform(0.05, 0.4, (300, 2))
    rows[:, 4], rows[:, 5] = rng.uniform(0, 0.9, 300), rng.integers(0, 4, 300)
    facts = with_metadata(tmp_path / "x.onnx", rows, **zoo.ultralytics(head="RTDETRDecoder"))
    head = registry.recognise(facts, [sample(rows)], labels=zoo.NAMES)
    assert (head.layout, head.classes) == (YoloLayout(True, normalised=True, centres=True), 4)
    assert registry.convention(head) == QUERIES
    found = registry.by_name("yolo").decode(sample(rows), head, NETWORK, 0.5)
    first = rows[rows[:, 4] >= 0.5][0] * 64
    assert found.left[0] == pytest.approx(first[0] - first[2] / 2, abs=1e-3)
    assert found.width[0] == pytest.approx(first[2], abs=1e-3)


def test_ultralytics_rtdetr_without_metadata(facts: OnnxFacts) -> None:
    """A row a query in fractions is nobody else's; how it is fed is then a habit."""
    rng = np.random.default_rng(0)
    box = np.concatenate((rng.uniform(0.3, 0.7, (300, 2)), rng.uniform(0.05, 0.4, (300, 2))), axis=1)
    old = np.concatenate((box, rng.uniform(0, 0.4, (300, 4))), axis=1)
    new = np.concatenate((box, rng.uniform(0, 0.9, (300, 1)), rng.integers(0, 4, (300, 1))), axis=1)
    for rows, layout in ((old, YoloLayout(False, normalised=True)),
                         (new, YoloLayout(True, normalised=True, centres=True))):  # fmt: skip
        head = registry.recognise(facts, [sample(rows)], labels=zoo.NAMES)
        assert (head.family, head.layout) == ("yolo", layout)
        assert registry.convention(head) == replace(QUERIES, firm=False)


@pytest.mark.parametrize(
    ("behind", "kind"),
    [(1, "an angle: a rotated-box"), (51, "17 key points: a pose"), (32, "32 mask coefficients: a segmentation")],
)
def test_end_to_end_heads_of_other_tasks(facts: OnnxFacts, behind: int, kind: str) -> None:
    rng = np.random.default_rng(0)
    box = np.concatenate((rng.uniform(20, 40, (300, 2)), rng.uniform(5, 20, (300, 2))), axis=1)
    rest = rng.uniform(-1, 60, (300, behind))
    rows = np.concatenate((box, rng.uniform(0, 0.9, (300, 1)), rng.integers(0, 4, (300, 1)), rest), axis=1)
    with pytest.raises(DsbenchError, match=kind) as caught:
        registry.recognise(facts, [sample(rows)], labels=zoo.NAMES)
    assert caught.value.code == Code.NOT_A_DETECTOR


def test_rtdetr_of_two_classes_before_2026_has_six_columns_too(tmp_path: Path) -> None:
    rows = np.random.default_rng(0).uniform(0, 1, (300, 6))
    facts = with_metadata(tmp_path / "x.onnx", rows, **zoo.ultralytics(names="ab", description="Ultralytics rtdetr-l"))
    head = registry.recognise(facts, [sample(rows)], labels="ab")
    assert (head.layout, head.classes) == (YoloLayout(False, normalised=True), 2)


def test_end_to_end_metadata_win_over_what_a_wrong_feeding_writes(tmp_path: Path) -> None:
    rows = table(300)
    rows[:120, 2] = rows[:120, 0] - 5  # x2 < x1
    facts = with_metadata(tmp_path / "x.onnx", rows, **zoo.ultralytics(end2end="True"))
    head = registry.recognise(facts, [sample(rows)], labels=zoo.NAMES)
    assert (head.family, head.layout, registry.convention(head)) == ("yolo", YoloLayout(True), FUSED)


@pytest.mark.parametrize("classes", [2, 3])
def test_end_to_end_metadata_of_a_dense_head_are_not_believed(tmp_path: Path, classes: int) -> None:
    """With two classes its rows are as long as a detection's."""
    network = Network(416, 416)
    rows = np.concatenate([dense_at(network, stride, 4 + classes) for stride in (8, 16, 32)])
    named = zoo.ultralytics(names="abc"[:classes], end2end="True")
    path = onnx_zoo.detector(tmp_path / "d.onnx", shape=("batch", 3, 416, 416), head=rows[None])
    facts = inspect(
        onnx_zoo.edit(path, lambda model: [model.metadata_props.add(key=k, value=v) for k, v in named.items()])
    )
    head = registry.recognise(facts, [sample(rows)], labels="abc"[:classes])
    assert (head.layout, registry.convention(head).cluster_mode) == (YoloLayout(False), 2)


def dense_at(network: Network, stride: int, columns: int) -> np.ndarray:
    """Decoded rows of one stride, low scores."""
    rng = np.random.default_rng(stride)
    cells = [((x + 0.5) * stride, (y + 0.5) * stride)
             for y in range(network.height // stride) for x in range(network.width // stride)]  # fmt: skip
    sizes, scores = rng.uniform(8, 90, (len(cells), 2)), rng.uniform(0, 0.4, (len(cells), columns - 4)) ** 3
    return np.concatenate((np.array(cells), sizes, scores), axis=1).astype(np.float32)


@pytest.mark.parametrize(("task", "kind"), [("segment", "segmentation"), ("pose", "pose"), ("obb", "OBB")])
def test_other_tasks_by_metadata(tmp_path: Path, task: str, kind: str) -> None:
    facts = with_metadata(tmp_path / "x.onnx", dense(8), **zoo.ultralytics(task))
    with pytest.raises(DsbenchError, match=kind) as caught:
        registry.recognise(facts, [sample(dense(8).T)])
    assert caught.value.code == Code.NOT_A_DETECTOR
    assert "not a detector that this parser family covers" in caught.value.what


@pytest.mark.parametrize(
    ("columns", "low", "high", "head"),
    [(1, -0.7, 2.3, "rotated-box"), (32, -3.0, 3.0, "segmentation"), (10, 0.0, 64.0, "pose or landmark")],
)
def test_columns_behind_the_scores_show_the_task(
    columns: int, low: float, high: float, head: str, facts: OnnxFacts
) -> None:
    more = np.linspace(low, high, 84 * columns).reshape(84, columns)
    with pytest.raises(DsbenchError, match=f"a {head}") as caught:
        registry.recognise(facts, [sample(np.concatenate((dense(6), more), axis=1).T)])
    assert caught.value.code == Code.NOT_A_DETECTOR


@pytest.mark.parametrize(
    ("build", "expected"),
    [
        (zoo.segmenting_yolo, "32 mask prototypes: a YOLO segmentation head"),
        (zoo.posing_yolo, "as keypoints: a pose or landmark head, not a detector"),
        (zoo.segmentation, "a segmentation network, not a detector"),
        (zoo.classifier, "a classifier, not a detector"),
        (zoo.bare_nms, r"NonMaxSuppression: 'selected_indices' \[num, 3\]"),
        (lambda path: zoo.bare_nms(path, columns=7), r"'output' \[num, 7\]"),
    ],
)
def test_nets_that_are_no_detectors(build: object, expected: str, tmp_path: Path) -> None:
    net = street_check.Net.load(build(tmp_path / "model.onnx"))  # type: ignore[operator]
    ragged = (net.facts.outputs[0].shape or ())[0] == "num"  # the app cannot run it
    samples = [sample(np.zeros(3))] if ragged else [net.outputs(street_check.BGR255, street_check.clip()[:1])[0]]
    with pytest.raises(DsbenchError, match=expected) as caught:
        registry.recognise(net.facts, samples, labels=zoo.NAMES)
    assert caught.value.code == Code.NOT_A_DETECTOR
    assert caught.value.fix
    assert ("nvinfer" in caught.value.fix) == (not ragged)


def test_scores_without_a_sigmoid(facts: OnnxFacts) -> None:
    rows = dense(8)
    rows[:, 4:] = rows[:, 4:] * 20 - 10
    with pytest.raises(DsbenchError, match="no sigmoid in the graph"):
        registry.recognise(facts, [sample(rows)])


def test_samples_that_overflow_do_not_count(facts: OnnxFacts) -> None:
    broken = dense(8)
    broken[3, 2] = np.inf
    assert registry.recognise(facts, [sample(broken), sample(dense(8))]).family == "yolo"
    with pytest.raises(DsbenchError, match="NaN or Inf"):
        registry.recognise(facts, [sample(broken)])
