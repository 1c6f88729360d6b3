"""Frames of 6d: reference and parser on the same tensors."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from dsbench.families.base import Preprocessing
from dsbench.jobs.probe import frame_key
from dsbench.steps import parser_pictures
from tests.steps.test_parser_diagnosis import Bench


def bench(folder: Path) -> Bench:
    made = Bench(folder)
    probed = made.outputs.probed
    with np.load(probed.tensors) as archive:
        tensors = dict(archive)
    pictures = {frame_key(place): np.zeros((90, 160, 3), np.uint8) for place in range(2)}
    np.savez(probed.tensors, **tensors, **pictures)
    made.outputs.candidates = (Preprocessing(1.0, (), 1, 1),)
    return made


@pytest.mark.parametrize(("fault", "differ"), [("", False), ("sizes-swapped", True)])
def test_boxes_without_a_partner_are_marked(tmp_path: Path, fault: str, differ: bool) -> None:
    made = bench(tmp_path)
    calls = [np.asarray(call, np.float32) for call in made.parse(fault)]
    shown = parser_pictures.frames(made.facts, made.outputs, calls)
    assert len(shown) == 2
    assert (shown[0].width, shown[0].height) == (160, 90)
    assert any(not box.paired for frame in shown for box in frame.boxes) is differ
    assert {box.side for box in shown[0].boxes} == {"reference", "dump"}
    assert shown[0].boxes[0].label.startswith("class "), "labels.txt has no name for it"


def test_a_parser_that_crashed_leaves_the_reference(tmp_path: Path) -> None:
    made = bench(tmp_path)
    shown = parser_pictures.expected(made.facts, made.outputs)
    assert {box.side for frame in shown for box in frame.boxes} == {"reference"}
    assert all("the parser failed" in frame.title for frame in shown)
    made.outputs.head = None
    assert parser_pictures.expected(made.facts, made.outputs) == ()


def test_a_head_of_no_known_family_has_no_frames(tmp_path: Path) -> None:
    made = bench(tmp_path)
    assert parser_pictures.frames(made.facts, made.outputs, []) == ()
    made.outputs.head = None
    assert parser_pictures.frames(made.facts, made.outputs, [None, None]) == ()
