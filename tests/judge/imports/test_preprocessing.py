"""Candidates, score mass with support by siblings, precedence, and Hugging Face's file."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from dsbench.base.boxes import Boxes
from dsbench.families.base import Network, Preprocessing
from dsbench.judge.imports.image_processor import of_processor
from dsbench.judge.imports.preprocessing import (
    DEFAULT,
    SCALES,
    Fixed,
    Score,
    apply,
    candidates,
    decide,
    describe,
    score,
)
from dsbench.model.exporter import hugging_face

NETWORK, SURFACE = Network(100, 100), Network(200, 100)
YOLOX = Preprocessing(1.0, (), 1, 1)


def boxes(*rows: tuple[int, float, float, float, float, float]) -> Boxes:
    table = np.array(rows, np.float32).reshape(-1, 6)
    return Boxes(table[:, 0].astype(np.int32), *table[:, 1:].T)


def test_table_is_the_specifications_and_the_users_keys_come_first() -> None:
    tried = candidates([None], Fixed())
    assert len(tried) == len(SCALES) * 4 + 2
    assert tried[-1] == Preprocessing(1 / 255, (), 1, 1, symmetric_padding=1)
    assert tried[0] == Preprocessing(1.0)
    assert DEFAULT in tried
    own = candidates([YOLOX], Fixed(net_scale_factor=0.5, model_color_format=0))
    assert own[0] == Preprocessing(0.5, (), 0, 1)
    assert YOLOX in own
    assert len(set(own)) == len(own)


def test_one_channel_means_gray() -> None:
    tried = candidates([YOLOX], Fixed(), channels=1)
    assert {item.model_color_format for item in tried} == {2}
    assert {len(item.offsets) for item in tried} <= {0, 1}
    assert decide([], Fixed(), convention=DEFAULT, channels=1).preprocessing in tried


def test_support_by_siblings_beats_a_flood() -> None:
    right = [Preprocessing(0.5, (), colour, aspect) for aspect in (1, 0) for colour in (0, 1)]
    flood = [Preprocessing(1.0, (), colour, aspect) for aspect in (1, 0) for colour in (0, 1)]
    rng = np.random.default_rng(0)
    # one object at surface x 40..80, y 20..60: letterboxed by 0.5, or stretched by (0.5, 1)
    seen = {1: boxes((0, 20, 10, 20, 20, 0.95)), 0: boxes((0, 20, 20, 20, 40, 0.9))}
    decoded = [[seen[item.maintain_aspect_ratio]] for item in right]
    for _ in flood:
        decoded.append([boxes(*((0, *rng.uniform(0, 80, 2), 8, 8, rng.uniform(0.3, 0.9)) for _ in range(20)))])
    scores = score([*right, *flood], decoded, NETWORK, SURFACE)
    assert scores[4].detections > 10
    assert min(item.mass for item in scores[:4]) > 0.8
    assert max(item.mass for item in scores[4:]) == 0
    choice = decide(scores, Fixed())
    assert choice.preprocessing == Preprocessing(0.5, (), 0, 1)
    assert "evidence" in dict(choice.origins)["net-scale-factor"]
    assert decide(scores, Fixed(), aspect=0).preprocessing == Preprocessing(0.5, (), 0, 0)


def test_padding_that_changes_nothing_is_no_witness() -> None:
    tried = [Preprocessing(1.0, (), 0, 1), Preprocessing(1.0, (), 0, 0)]
    decoded = [[boxes((0, 1, 1, 9, 9, 0.9))]] * 2
    same_aspect = score(tried, decoded, NETWORK, Network(200, 200))
    assert same_aspect[0].mass == pytest.approx((0.9 - 0.25) / 0.75)


def scored(*pairs: tuple[Preprocessing, float]) -> list[Score]:
    return [Score(item, 1.0, mass, 1.0) for item, mass in pairs]


def test_convention_holds_unless_the_user_says_otherwise() -> None:
    scores = scored((YOLOX, 2.0), (Preprocessing(1.0), 2.2), (Preprocessing(1 / 255), 0.0))
    choice = decide(scores, Fixed(), convention=YOLOX, convention_origin="YOLOX convention")
    assert (choice.preprocessing, choice.warning) == (YOLOX, "")
    assert dict(choice.origins)["offsets"] == "YOLOX convention"


def test_wrong_scale_of_the_users_is_named_with_the_smallest_change() -> None:
    wrong = Preprocessing(1 / 255, (), 1, 1)
    scores = scored((wrong, 0.0), (YOLOX, 2.0), (Preprocessing(1.0), 2.2))
    choice = decide(scores, Fixed(net_scale_factor=1 / 255), convention=YOLOX)
    assert choice.preprocessing == wrong
    assert choice.better is not None
    assert choice.better.preprocessing == YOLOX
    assert choice.warning.startswith("net-scale-factor=1.0 model-color-format=1 maintain-aspect-ratio=1 explains")
    assert dict(choice.origins)["net-scale-factor"] == "dsbench.toml"


def test_nothing_detected_gives_the_specifications_default() -> None:
    choice = decide(scored((Preprocessing(1.0), 0.0), (DEFAULT, 0.0)), Fixed())
    assert choice.preprocessing == DEFAULT
    assert "no candidate detects anything" in choice.origins[0][1]


def test_a_users_scale_drops_foreign_offsets() -> None:
    base = Preprocessing(0.01752, (123.675, 116.28, 103.53))
    assert apply(base, Fixed(net_scale_factor=1.0)).offsets == ()
    assert apply(base, Fixed(net_scale_factor=1.0, offsets=(1, 2, 3))).offsets == (1, 2, 3)
    assert apply(base, Fixed(model_color_format=1)).offsets == base.offsets


def test_describe() -> None:
    text = describe(Preprocessing(1 / 255, (1.0, 2.5, 3.0), 1, 0))
    assert text == "net-scale-factor=0.00392156862745098 offsets=1;2.5;3 model-color-format=1 maintain-aspect-ratio=0"


@pytest.mark.parametrize(
    ("data", "expected"),
    [
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
def test_hugging_face(tmp_path: Path, data: object, expected: Preprocessing | None) -> None:
    path = tmp_path / "preprocessor_config.json"
    assert of_processor(hugging_face.read(path.parent).processor) is None
    path.write_text(json.dumps(data))
    assert of_processor(hugging_face.read(path.parent).processor) == expected
