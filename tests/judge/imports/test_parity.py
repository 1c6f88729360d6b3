"""The dump against the reference: what passes, what a config chose, what is wrong."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from dsbench.base.boxes import Boxes
from dsbench.families.base import Preprocessing
from dsbench.formats.nvinfer import ClassAttrs
from dsbench.jobs.reference import Placement
from dsbench.judge.imports import config_choices, matching, parity, reference
from dsbench.judge.imports.dump_boxes import names_of
from dsbench.judge.imports.parity import DumpParity, ParityJob, ParityOutcome
from dsbench.judge.imports.postprocess import PostRules, joined, plain
from dsbench.judge.imports.reference import Reference

CLASSES, FRAMES = 3, 10
USUAL = plain(CLASSES)
NAMES = names_of(("car", "person", "sign"))
PLACEMENT = Placement(0.5, 0.5, 0, 0, 1280, 720)


def decoded(seed: int) -> Boxes:
    """Four objects of each class on a grid; each is found twice, the second time with a lower score."""
    random = np.random.default_rng(seed)
    rows = []
    for class_id in range(CLASSES):
        for place in range(4):
            score = random.uniform(0.4, 0.95)
            box = 20.0 + 140 * place, 20.0 + 90 * class_id, 60.0 + 5 * class_id, 50.0
            rows += [(class_id, *box, score), (class_id, box[0] + 3, *box[1:], score - 0.1)]
    return Boxes.from_table(np.array(rows, np.float32))


REFERENCE = Reference(tuple(range(FRAMES)), (tuple(map(decoded, range(FRAMES))),), (PLACEMENT,), 0.05)


def judged(dump: tuple[Boxes, ...], configured: PostRules = USUAL, usual: PostRules = USUAL) -> DumpParity:
    return parity.compare(ParityJob(REFERENCE, usual, configured, NAMES, 0.01), dump)


def run_with(**attrs: float) -> PostRules:
    return replace(USUAL, attrs_all=replace(USUAL.attrs_all, **attrs))


def test_a_healthy_dump_is_the_models() -> None:
    found = judged(REFERENCE.objects(USUAL))
    assert found.outcome is ParityOutcome.SAME
    assert (found.match.f1, found.match.f1_close, found.costs, found.frames_with_reference) == (1, 1, (), FRAMES)


CHOICES = {
    "pre-cluster-threshold": run_with(pre_cluster_threshold=0.8),
    "nms-iou-threshold": run_with(nms_iou_threshold=0.95),
    "topk": run_with(topk=1),
    "detected-min-w": run_with(detected_min_w=125),
    "cluster-mode": replace(USUAL, cluster_mode=4),
    "filter-out-class-ids": replace(USUAL, filter_out=(1,)),
    "interval": replace(USUAL, interval=1),
    "num-detected-classes": replace(USUAL, classes=2),
}


@pytest.mark.parametrize("key", CHOICES)
def test_a_config_that_changes_boxes_is_named(key: str) -> None:
    found = judged(REFERENCE.objects(CHOICES[key]), CHOICES[key])
    assert found.outcome is ParityOutcome.CHOSEN
    assert [cost.choice.key for cost in found.costs if cost.matters] == [key]
    assert found.costs[0].text.startswith(f"{key}=")


def test_a_threshold_of_one_class_is_named_with_its_group() -> None:
    high = replace(USUAL, attrs=((2, replace(USUAL.attrs_all, pre_cluster_threshold=0.99)),))
    found = judged(REFERENCE.objects(high), high)
    assert found.outcome is ParityOutcome.CHOSEN
    text = "pre-cluster-threshold=0.99 in [class-attrs-2] drops 33 % of the reference's boxes (usual: 0.25)"
    assert found.costs[0].text == f"{text}, their scores: median 0.66, highest 0.95"


def test_a_low_threshold_is_named_with_the_boxes_that_it_adds() -> None:
    faint = tuple(joined([boxes, moved(boxes, dx=300, score=np.float32(-0.8))]) for boxes in REFERENCE.decoded[0])
    reference = replace(REFERENCE, decoded=(faint,))
    low = run_with(pre_cluster_threshold=0.05)
    found = parity.compare(ParityJob(reference, USUAL, low, NAMES, 0.01), reference.objects(low))
    assert found.outcome is ParityOutcome.CHOSEN
    assert found.costs[0].text.startswith("pre-cluster-threshold=0.05 adds")


def test_a_harmless_choice_passes_and_is_listed() -> None:
    harmless = run_with(topk=20, pre_cluster_threshold=0.3)
    found = judged(REFERENCE.objects(harmless), harmless)
    assert found.outcome is ParityOutcome.SAME
    assert {cost.choice.key for cost in found.costs} == {"topk", "pre-cluster-threshold"}
    assert not any(cost.matters for cost in found.costs)


def test_a_parser_with_its_own_nms_is_right_under_cluster_mode_4() -> None:
    none = replace(USUAL, cluster_mode=4)
    assert judged(REFERENCE.objects(USUAL), none).outcome is ParityOutcome.SAME


def moved(boxes: Boxes, dx: float = 0, turn: int = 0, score: float = 0) -> Boxes:
    classes = (boxes.class_id + turn) % CLASSES
    return Boxes(classes, boxes.left + np.float32(dx), boxes.top, boxes.width, boxes.height, boxes.confidence + score)


@pytest.mark.parametrize("configured", [USUAL, run_with(topk=1)])
@pytest.mark.parametrize(("dx", "turn"), [(400, 0), (0, 1)])
def test_other_boxes_are_not_the_models(configured: PostRules, dx: float, turn: int) -> None:
    dump = tuple(moved(boxes, dx, turn) for boxes in REFERENCE.objects(configured))
    assert judged(dump, configured).outcome is ParityOutcome.DIFFERENT


@pytest.mark.parametrize(("dx", "score"), [(20, 0), (0, -0.1)])
def test_boxes_at_the_right_objects_may_still_differ(dx: float, score: float) -> None:
    dump = tuple(moved(boxes, dx, score=np.float32(score)) for boxes in REFERENCE.objects(USUAL))
    assert judged(dump).outcome is ParityOutcome.MOVED


def test_nothing_on_both_sides_proves_nothing() -> None:
    empty = tuple(Boxes.empty() for _ in range(FRAMES))
    nothing = replace(REFERENCE, decoded=(empty,))
    found = parity.compare(ParityJob(nothing, USUAL, USUAL, NAMES, 0.01), empty)
    assert found.outcome is ParityOutcome.NOTHING
    assert judged(empty).outcome is ParityOutcome.DIFFERENT


def test_unpublished_clustering_is_no_fault_of_the_parser() -> None:
    dense = replace(USUAL, cluster_mode=1, attrs_all=ClassAttrs(eps=0.2, min_boxes=3, pre_cluster_threshold=0.25))
    dump = tuple(moved(boxes, dx=400) for boxes in REFERENCE.objects(USUAL))
    assert judged(dump, dense).outcome is ParityOutcome.CHOSEN


def test_keys_without_effect_are_no_choices() -> None:
    none = replace(run_with(nms_iou_threshold=0.9), cluster_mode=4)
    assert [choice.key for choice in config_choices.choices(none, USUAL)] == ["cluster-mode"]
    beyond = replace(USUAL, attrs=((CLASSES, replace(USUAL.attrs_all, topk=1)),))
    assert config_choices.choices(beyond, USUAL) == ()


@pytest.mark.parametrize(
    ("count", "ms", "frames"),
    [
        (5, 10, (0, 1, 2, 3, 4)),
        (100, 10, tuple(range(100))),
        (40, 200, (2, 7, 12, 17, 22, 27, 32, 37)),
        (100_000, 900, (37, 112, 187, 262, 337, 412, 487, 562)),
    ],
)
def test_frames_fit_into_the_budget_and_are_spread(count: int, ms: float, frames: tuple[int, ...]) -> None:
    assert reference.choose_frames(count, ms, 1.0) == frames


@pytest.mark.parametrize(
    ("count", "ms", "frames"),
    [(5, 900, (0, 1, 2, 3, 4)), (100, 10, tuple(range(100))), (100, 5000, (6, 18, 31, 43, 56, 68, 81, 93))],
)
def test_a_sample_depends_on_the_size_of_the_model(count: int, ms: float, frames: tuple[int, ...]) -> None:
    assert reference.sample_frames(count, ms) == frames


def test_moved_boxes_are_not_taken_for_an_nms_of_the_parser() -> None:
    narrow = tuple(
        Boxes(boxes.class_id, boxes.left, boxes.top, boxes.width * np.float32(0.7), boxes.height, boxes.confidence)
        for boxes in REFERENCE.objects(run_with(topk=3))
    )
    found = judged(narrow)
    assert (found.outcome, found.costs) == (ParityOutcome.DIFFERENT, ())
    chosen = judged(narrow, run_with(topk=3))
    assert chosen.outcome is ParityOutcome.MOVED
    assert chosen.agreeing.median_iou == pytest.approx(0.7, abs=0.01)


def test_a_threshold_in_the_parser_is_named_and_not_the_config() -> None:
    found = judged(REFERENCE.objects(run_with(pre_cluster_threshold=0.7)), replace(USUAL, cluster_mode=4))
    assert found.outcome is ParityOutcome.CHOSEN
    (cost,) = found.costs
    assert cost.text == "a threshold in the parser of 0.7 drops 57 % of the reference's boxes (usual: 0.25)"


def test_boxes_that_are_all_near_one_score_are_not_explained_by_it() -> None:
    """Of ten frames one has the model's boxes: under a threshold near every score, the others count for nothing."""
    sure = tuple(replace(boxes, confidence=np.full(len(boxes), 0.99, np.float32)) for boxes in REFERENCE.decoded[0])
    job = ParityJob(replace(REFERENCE, decoded=(sure,)), USUAL, USUAL, NAMES, 0.02)
    right, *others = job.objects(USUAL)
    found = parity.compare(job, (right, *(moved(boxes, 400) for boxes in others)))
    assert found.outcome is ParityOutcome.DIFFERENT


def test_an_nms_in_the_parser_is_named_and_not_the_config() -> None:
    far = tuple(Boxes.from_table(apart(boxes).astype(np.float32)) for boxes in REFERENCE.decoded[0])
    reference = replace(REFERENCE, decoded=(far,))
    job = ParityJob(reference, USUAL, replace(USUAL, cluster_mode=4), NAMES, 0.01)
    found = parity.compare(job, reference.objects(run_with(nms_iou_threshold=0.7)))
    assert found.outcome is ParityOutcome.CHOSEN
    assert [cost.choice.text for cost in found.costs] == ["an NMS in the parser with IoU 0.6"]


def apart(boxes: Boxes) -> NDArray[np.float32]:
    """Each box once more, with IoU 0.6 and with IoU 0.75 to it."""
    table = boxes.table()[::2]
    parts = [table]
    for shift in (0.25, 0.143):
        other = table.copy()
        other[:, 2] += shift * table[:, 4]
        other[:, 5] -= np.float32(0.1) + np.float32(shift)
        parts.append(other)
    return np.concatenate(parts)


def test_only_keys_that_differ_beyond_rounding_are_a_choice_and_all_are_named() -> None:
    usual = Preprocessing(0.00392156862745098, (), 1, 0, 0)
    rounded = replace(usual, net_scale_factor=0.003921568859368563, model_color_format=0)
    one = config_choices.preprocessing(rounded, usual, USUAL)
    assert [(choice.key, choice.also) for choice in one] == [("model-color-format", ())]
    two = config_choices.preprocessing(Preprocessing(1.0, (), 0, 0, 0), usual, USUAL)
    assert [(choice.key, choice.also) for choice in two] == [("net-scale-factor", ("model-color-format",))]


@pytest.mark.parametrize(
    ("count", "moves", "said"), [(40, True, False), (150, False, False), (150, True, True), (500, False, True)]
)
def test_more_boxes_than_objects_are_a_flood(count: int, moves: bool, said: bool) -> None:
    random = np.random.default_rng(1)
    rows = np.zeros((count, 6), np.float32)
    frames = []
    for _ in range(6):
        if moves or not frames:
            rows[:, 1:3] = random.uniform(0, 1000, (count, 2))
        rows[:, 3:] = 30, 30, 0.4
        frames.append(Boxes.from_table(rows.copy()))
    found = parity.flood(matching.match(range(6), frames, frames))
    assert bool(found) == said
    assert not said or f"{count} boxes in a frame" in found
