"""Every fault of a parser is named as itself, and a parser without one has no name to it."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from dsbench.families import registry
from dsbench.families.base import NamedArray, Outputs
from dsbench.judge.imports.diagnosis import parser as diagnosis
from dsbench.judge.imports.diagnosis.evidence import ParserCalls
from dsbench.judge.imports.diagnosis.verdict import DiagnosisState, ParserDiagnosis
from tests.judge.imports.diagnosis import parsers
from tests.judge.imports.diagnosis.parsers import HEADS, NETWORK, OWN_FAULTS, PUSHED_FAULTS, THRESHOLD

FRAMES = {family: tuple(parsers.outputs(family, seed) for seed in range(2)) for family in HEADS}


def diagnosed(family: str, parse: Callable[[Outputs], np.ndarray], frames: tuple[Outputs, ...] = ()) -> ParserDiagnosis:
    frames = frames or FRAMES[family]
    tables = tuple(parse(frame) for frame in frames)
    return diagnosis.diagnose(ParserCalls(tables, frames, HEADS[family], NETWORK, THRESHOLD, THRESHOLD), ("a", "b"))


@pytest.mark.parametrize("family", HEADS)
def test_the_test_parsers_are_right(family: str) -> None:
    """Without a fault they give the family's boxes, in its order."""
    for frame in FRAMES[family]:
        expected = registry.by_name(family).decode(frame, HEADS[family], NETWORK, THRESHOLD).table()
        assert len(expected) > 30
        np.testing.assert_allclose(parsers.parse(family, frame), expected, atol=1e-3)


SAME_AS = {("ssd", "class-plus-one"): "background-counted"}
"""Faults that are another one on a head."""


@pytest.mark.parametrize(
    ("family", "fault"),
    [(family, fault) for family in HEADS for fault in (*PUSHED_FAULTS, *OWN_FAULTS[family])],
)
def test_a_fault_is_named_first(family: str, fault: str) -> None:
    found = diagnosed(family, lambda frame: parsers.parse(family, frame, fault), FRAMES[family][:1])
    assert found.state is DiagnosisState.NAMED, found
    assert found.causes[0].id == SAME_AS.get((family, fault), fault), (found.what, found.runners_up)
    assert len(found.causes) <= 2
    assert found.causes[0].fix
    assert found.harmless == (fault == "whole-pixels")


HEALTHY: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "as it is": lambda table: table,
    "in another order": lambda table: table[np.argsort(-table[:, 5])],
    "clustered by itself": parsers.clustered,
    "in half precision": lambda table: table.astype(np.float16).astype(np.float32),
}


@pytest.mark.parametrize("family", HEADS)
@pytest.mark.parametrize("kind", HEALTHY)
def test_a_sound_parser_has_no_fault(family: str, kind: str) -> None:
    found = diagnosed(family, lambda frame: HEALTHY[kind](parsers.parse(family, frame)))
    assert (found.state, found.harmless, found.ids) == (DiagnosisState.SAME, True, ())
    assert bool(found.notes) == (kind == "clustered by itself")
    assert found.complete == (kind != "clustered by itself")


def test_a_box_for_each_class_is_no_fault() -> None:
    """Where the family takes the best class of a row."""

    def kept(frame: Outputs, rows: tuple[int, ...]) -> Outputs:
        data = frame[0].data
        return (NamedArray("output0", np.where(np.isin(np.arange(len(data)), rows)[:, None], data, 0)),)

    def parse(frame: Outputs) -> np.ndarray:
        single = [kept(frame, (0, 1, 2, 3, 4 + label)) for label in range(parsers.CLASSES)]
        return np.unique(np.concatenate([parsers.parse("yolo", one) for one in single]), axis=0)

    raised = [np.concatenate((frame[0].data[:4], frame[0].data[4:] ** 0.3)) for frame in FRAMES["yolo"]]
    frames = tuple((NamedArray("output0", data),) for data in raised)
    several = [parse(frame) for frame in frames]
    assert len(several[0]) > len(parsers.parse("yolo", frames[0]))
    assert diagnosed("yolo", parse, frames).harmless


def test_boxes_below_the_threshold_are_a_note() -> None:
    found = diagnosed("yolox", lambda frame: parsers.parse("yolox", frame, threshold=0))
    assert found.harmless
    assert "below the threshold: nvinfer drops them" in found.notes[0]


@pytest.mark.parametrize(
    ("id", "change", "harmful"),
    [
        ("own-threshold", lambda table: table[table[:, 5] > 0.6], False),
        ("few-boxes", lambda table: table[:10], False),
        ("classes-lost", lambda table: table[table[:, 0] != 1], False),
        ("classes-lost", lambda table: table[table[:, 0] == 0], False),
        ("boxes-missing", lambda table: table[::2], True),
        ("small-lost", lambda table: table[(table[:, 3] >= 24) & (table[:, 4] >= 24)], False),
        ("large-lost", lambda table: table[(table[:, 3] < 40) & (table[:, 4] < 40)], False),
        ("region-lost", lambda table: table[table[:, 1] < 64], True),
        ("repeated", lambda table: np.concatenate((table, table)), False),
    ],
)
def test_boxes_that_are_left_out(id: str, change: Callable[[np.ndarray], np.ndarray], harmful: bool) -> None:
    found = diagnosed("yolo", lambda frame: change(parsers.parse("yolo", frame)))
    assert (found.state, found.ids) == (DiagnosisState.SAME, (id,)), found
    assert not found.harmless
    assert found.harmful == harmful


def test_rows_and_strides_that_are_not_read() -> None:
    def first(rows: int) -> Callable[[Outputs], np.ndarray]:
        def parse(frame: Outputs) -> np.ndarray:
            data = frame[0].data.copy()
            data[rows:, 4] = 0
            return parsers.parse("yolox", (NamedArray("output", data),))

        return parse

    finest = (NETWORK.width // 8) * (NETWORK.height // 8)
    assert diagnosed("yolox", first(finest)).ids == ("levels-lost",)
    assert diagnosed("yolox", first(150)).ids == ("rows-lost",)


def test_rows_that_the_model_repeats_are_no_fault() -> None:
    frames = []
    for frame in FRAMES["yolo"]:
        data = frame[0].data.copy()
        data[:, 20:] = data[:, int(data[4:].max(axis=0).argmax()), None]
        frames.append((NamedArray("output0", data),))

    def twice(frame: Outputs) -> np.ndarray:
        return np.concatenate([parsers.parse("yolo", frame)] * 2)

    assert diagnosed("yolo", lambda frame: parsers.parse("yolo", frame), tuple(frames)).complete
    assert diagnosed("yolo", twice, tuple(frames)).ids == ("repeated",)


def test_a_parser_that_keeps_boxes_between_calls() -> None:
    kept: list[np.ndarray] = []

    def parse(frame: Outputs) -> np.ndarray:
        kept.append(parsers.parse("yolox", frame))
        return np.concatenate(kept)

    found = diagnosed("yolox", parse)
    assert [cause.id for cause in found.causes] == ["earlier-frames"]
    assert "boxes of earlier frames are returned again" in found.what


def test_a_grid_that_reaches_behind_the_tensor() -> None:
    """The rows behind it hold anything."""

    def parse(frame: Outputs) -> np.ndarray:
        random = np.random.default_rng(len(frame[0].data)).uniform(0, 90, (600, 6))
        beyond = random * (0, 1, 1, 0.3, 0.3, 0.01) + (1, 0, 0, 1, 1, 0)
        return np.concatenate((parsers.parse("yolox", frame, "other-strides"), beyond)).astype(np.float32)

    found = diagnosed("yolox", parse)
    assert [cause.id for cause in found.causes] == ["other-strides"], found
    assert "the other boxes come from behind the end of the tensor" in found.what


@pytest.mark.parametrize(
    ("column", "values", "part"),
    [
        (5, (0.3, 0.9), "boxes and classes are the model's, the scores are not"),
        (0, (0, 4), "boxes and scores are the model's, the class ids are not"),
        (1, (0, 90), "classes and scores are the model's, the coordinates are not"),
    ],
)
def test_the_part_that_is_wrong_is_said(column: int, values: tuple[float, float], part: str) -> None:
    def parse(frame: Outputs) -> np.ndarray:
        table = parsers.parse("yolox", frame)
        noise = np.random.default_rng(2).uniform(*values, len(table))
        table[:, column] = np.floor(noise) if column == 0 else noise
        return table

    found = diagnosed("yolox", parse)
    assert (found.state, found.part) == (DiagnosisState.UNKNOWN, part)
    assert part in found.what


def test_the_lowest_class_with_the_objectness_alone() -> None:
    def parse(frame: Outputs) -> np.ndarray:
        corners, _, score = parsers.yolox(frame, "objectness-alone")
        ids = frame[0].data[:, 5:].argmin(axis=1)
        table = np.column_stack((ids, corners[:, :2], corners[:, 2:] - corners[:, :2], score))
        return table[score >= parsers.THRESHOLD].astype(np.float32)

    assert diagnosed("yolox", parse).causes[0].id == "class-lowest"


def test_two_faults_at_once() -> None:
    def parse(frame: Outputs) -> np.ndarray:
        table = parsers.parse("yolox", frame, "objectness-ignored")
        return table[:, [0, 1, 2, 4, 3, 5]]

    found = diagnosed("yolox", parse)
    assert found.causes[0].id == "sizes-swapped+objectness-ignored"
    assert found.harmful


def test_boxes_that_nothing_explains_are_not_named() -> None:
    def parse(frame: Outputs) -> np.ndarray:
        table = parsers.parse("yolo", frame)
        random = np.random.default_rng(len(table))
        table[:, 1:5] = random.uniform(5, 60, (len(table), 4))
        return table

    found = diagnosed("yolo", parse)
    assert (found.state, found.causes) == (DiagnosisState.UNKNOWN, ())
    assert "no known mistake explains" in found.what
    assert not found.harmful


def test_no_boxes_at_all() -> None:
    nothing = diagnosed("yolo", lambda frame: np.zeros((0, 6), np.float32))
    assert nothing.state is DiagnosisState.EMPTY
    silent = tuple((NamedArray("output0", frame[0].data * 0),) for frame in FRAMES["yolo"])
    assert diagnosed("yolo", lambda frame: np.zeros((0, 6), np.float32), silent).state is DiagnosisState.NOTHING


def test_few_boxes_are_named_without_certainty() -> None:
    found = diagnosed("yolo", lambda frame: parsers.parse("yolo", frame, "sizes-swapped")[:1])
    assert found.compared == 2
    assert not found.harmful
    assert "too few to be sure" in found.what
