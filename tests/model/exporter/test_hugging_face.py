"""Hugging Face's files are read whatever they hold; labels are compared with id2label."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from dsbench.model.exporter.hugging_face import HuggingFace, read


def write(folder: Path, name: str, data: object) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / name
    path.write_text(data if isinstance(data, str) else json.dumps(data))
    return path


def test_nothing_there(tmp_path: Path) -> None:
    assert read(tmp_path, tmp_path / "absent") == HuggingFace()


def test_the_first_folder_that_says_something_counts(tmp_path: Path) -> None:
    write(tmp_path / "model", "config.json", {"architectures": ["x"]})  # another tool's
    config = write(tmp_path, "config.json", {"model_type": "detr", "id2label": {"0": "N/A", "2": "car", "1": "person"}})
    write(tmp_path / "model", "preprocessor_config.json", {"do_normalize": False, "image_mean": [0.5] * 3})
    found = read(tmp_path / "model", tmp_path)
    assert (found.config, found.model_type) == (config, "detr")
    assert found.id2label == ("N/A", "person", "car")
    assert found.processor is not None
    assert found.processor.do_normalize is False
    assert found.problems == ()


@pytest.mark.parametrize("text", ["", "not json", "[1, 2]", '{"model_type": ', "\x00", "[" * 100_000])
def test_broken_files_are_named_and_left_out(tmp_path: Path, text: str) -> None:
    write(tmp_path, "config.json", text)
    found = read(tmp_path)
    assert (found.config, found.model_type) == (None, "")
    assert found.problems[0].startswith("config.json is not read")


@pytest.mark.parametrize(
    "value", [None, [], {}, {"a": "b"}, {"-1": "x"}, {"99999999": "x"}, "text", {"1.5": "x"}, {"0": None}]
)
def test_odd_id2label(tmp_path: Path, value: object) -> None:
    write(tmp_path, "config.json", {"model_type": 7, "id2label": value})
    assert len(read(tmp_path).id2label) <= 1


@pytest.mark.parametrize(
    ("data", "normalises", "keeps_aspect"),
    [
        ({"image_processor_type": "RTDetrImageProcessor", "do_normalize": False, "do_pad": False,
          "size": {"height": 640, "width": 640}}, False, False),
        ({"image_processor_type": "RTDetrImageProcessor"}, False, False),  # its default
        ({"image_processor_type": "DetrImageProcessor", "size": {"shortest_edge": 8, "longest_edge": 13}}, True, True),
        ({"feature_extractor_type": "OwlViTFeatureExtractor", "do_normalize": True, "size": 768}, True, False),
        ({"do_pad": True, "do_normalize": "yes", "rescale_factor": None}, True, True),
    ],
)  # fmt: skip
def test_processors(tmp_path: Path, data: dict[str, object], normalises: bool, keeps_aspect: bool) -> None:
    base = {"image_mean": [0.485, 0.456, 0.406], "image_std": [0.229, 0.224, 0.225]}
    found = read(write(tmp_path, "preprocessor_config.json", {**base, **data}).parent).processor
    assert found is not None
    assert (found.do_normalize, found.keeps_aspect) == (normalises, keeps_aspect)
