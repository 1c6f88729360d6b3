"""What exporters state in nvinfer's keys: the specification's figures, the RT-DETR quirk, and what one scale loses."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import pytest

from dsbench.base.spec import CLIP_ROW, IMAGENET_ROW
from dsbench.families.base import Convention, Head, Preprocessing
from dsbench.judge.imports import exporter_keys
from dsbench.judge.imports.exporter_keys import approximation, size_origin
from dsbench.judge.imports.frame_evidence import PixelRange, RangeEvidence
from dsbench.judge.imports.levels import Fixed, Stated
from dsbench.judge.imports.preprocessing import Score, candidates, decide
from dsbench.model.exporter import hugging_face
from dsbench.model.exporter.evidence import ExporterEvidence
from dsbench.model.exporter.normalisation import CLIP, IMAGENET
from dsbench.model.exporter.statement import Said, Statement, Trust

DETR = {"do_normalize": True, "image_mean": IMAGENET[0], "image_std": IMAGENET[1], "size": {"shortest_edge": 800}}
OWL = {"do_normalize": True, "image_mean": CLIP[0], "image_std": CLIP[1], "size": {"height": 768, "width": 768}}
HABIT = Preprocessing(*CLIP_ROW, 0, 0)


def write(folder: Path, data: object) -> Path:
    path = folder / "preprocessor_config.json"
    path.write_text(json.dumps(data))
    return path


def stated_by(folder: Path, data: object) -> Statement:
    found = hugging_face.read(write(folder, data).parent)
    return ExporterEvidence(hugging_face.statements(found)).stated


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (DETR, Preprocessing(0.01752, (123.675, 116.28, 103.53), 0, 1)),
        (OWL, Preprocessing(0.01459, (122.77, 116.75, 104.09), 0, 0)),
        ({**DETR, "do_normalize": False, "size": {"height": 640, "width": 640}}, Preprocessing(1 / 255, (), 0, 0)),
        ({**DETR, "do_rescale": False, "do_normalize": False}, Preprocessing(1.0, (), 0, 1)),
        ({**DETR, "do_normalize": False, "do_flip_channel_order": True}, Preprocessing(1 / 255, (), 1, 1)),
        ({**DETR, "image_std": [0.5, 0.5]}, None),
        ({**DETR, "rescale_factor": 0}, None),
        ({"do_normalize": False, "do_rescale": True, "image_mean": [0.4] * 3}, Preprocessing(1 / 255, (), 0, 0)),
        (
            {"do_normalize": True, "image_mean": [0.5] * 3, "image_std": [0.5] * 3},
            Preprocessing(2 / 255, (127.5,) * 3, 0, 0),
        ),
        ({"size": 640}, None),
        ({"do_normalize": True, "image_mean": [0.5] * 3, "image_std": [0, 0, 0]}, None),
        ([], None),
    ],
)
def test_nvinfer_keys(tmp_path: Path, data: object, expected: Preprocessing | None) -> None:
    keys, sources = exporter_keys.of(stated_by(tmp_path, data))
    assert keys == (Fixed(**dataclasses.asdict(expected)) if expected else Fixed())
    assert all(source.startswith("preprocessor_config.json") for source in sources) == bool(expected)


def test_a_stretched_picture_has_no_padding_whatever_is_stated() -> None:
    stated = Statement("a", Trust.FRAMEWORK_FILE, maintain_aspect_ratio=Said(0, "b"), symmetric_padding=Said(1, "c"))
    assert exporter_keys.of(stated) == (Fixed(maintain_aspect_ratio=0, symmetric_padding=0), ("", "", "", "b", "b"))


def test_one_scale_for_three_deviations_is_said_with_the_exact_way(tmp_path: Path) -> None:
    processor = stated_by(tmp_path, DETR)
    text = approximation(Preprocessing(*IMAGENET_ROW), processor)
    assert "0.01752 stands for the deviations 0.229; 0.224; 0.225 (off by +2.3%; +0.1%; +0.5%)" in text
    assert "a Sub of [123.675, 116.280, 103.530] and a Div by [58.395, 57.120, 57.375]" in text
    assert approximation(Preprocessing(*IMAGENET_ROW)) == text  # chosen by evidence
    assert approximation(Preprocessing(1 / 255), processor) == ""
    even = stated_by(tmp_path, {**DETR, "image_mean": [0.5] * 3, "image_std": [0.5] * 3})
    assert approximation(Preprocessing(2 / 255, (127.5,) * 3), even) == ""


def test_bases_are_tried_as_they_are() -> None:
    tried = [item for item in candidates([HABIT], Stated()) if item.net_scale_factor == CLIP_ROW[0]]
    assert {(item.model_color_format, item.maintain_aspect_ratio) for item in tried} == {(0, 0)}


@pytest.mark.parametrize("strength", [0.0, 1.0, 100.0])
def test_a_habit_yields_to_the_range_of_pixels_and_not_to_strength_in_another(strength: float) -> None:
    byte = Preprocessing(1.0, (), 1, 0)
    scores = [Score(HABIT, 1.0, 1.0, 1.0), Score(byte, 1.0, strength, 1.0)]
    stated = Stated(convention=HABIT, convention_origin="habit", firm=False, aspect=0)
    assert decide(scores, stated).preprocessing == HABIT
    for measured, expected in ((PixelRange.UNIT, HABIT), (PixelRange.BYTE, byte)):
        choice = decide(scores, stated, RangeEvidence(measured, "measured"))
        assert choice.preprocessing == expected
        assert choice.unknown


@pytest.mark.parametrize(
    ("stated", "origin", "said"),
    [
        (None, "ONNX", "ONNX"),
        ((480, 640), "ONNX", "ONNX; imgsz says the same"),
        ((640, 640), "ONNX", "ONNX; imgsz says 640x640, which contradicts it: the graph cannot take another"),
        (
            (640, 640),
            "dsbench.toml",
            "dsbench.toml; imgsz says 640x640, which contradicts it: the graph leaves it open, dsbench.toml counts",
        ),
    ],
)
def test_where_the_size_comes_from(stated: tuple[int, int] | None, origin: str, said: str) -> None:
    assert size_origin(Said(stated, "imgsz") if stated else None, 480, 640, origin) == said


@pytest.mark.parametrize(
    ("clusters", "trust", "kept"),
    [(2, Trust.ONNX_METADATA, None), (4, Trust.ONNX_METADATA, 4), (2, Trust.NVINFER_CONFIG, 4)],
)
def test_metadata_that_say_end2end_of_a_dense_head(clusters: int, trust: Trust, kept: int | None) -> None:
    """A config that came with the model is somebody's choice: its parser may have an NMS of its own."""
    stated = Statement("x", trust, cluster_mode=Said(4, "ONNX metadata: end2end"), names=Said(("a",), "y"))
    head = Head("yolo", 0.9, 1, None, (), convention=Convention(None, clusters, ""))
    found, warning = exporter_keys.without_contradicted(ExporterEvidence((stated,)), head)
    assert (found.stated.cluster_mode.value if found.stated.cluster_mode else None) == kept
    assert found.stated.names == stated.names
    assert bool(warning) is (kept is None)
