"""Which keys the mAP of the candidates decides, and when it decides nothing."""

from __future__ import annotations

import pytest

from dsbench.families.base import Preprocessing
from dsbench.judge.imports import preprocessing, truth_ranking
from dsbench.judge.imports.levels import KEYS, Fixed, Stated, StatedBy
from dsbench.judge.imports.truth_ranking import RankedCandidate, TruthRanking
from tests.judge.accuracy.frames import A, B, frame

BGR = Preprocessing(1.0, (), 1, 0)
RGB = Preprocessing(1.0, (), 0, 0)
MEANS = Preprocessing(1.0, (104.0, 117.0, 123.0), 1, 0)
BOXED = Preprocessing(1.0, (), 1, 1)
CENTRED = Preprocessing(1.0, (), 1, 1, 1)
UNIT = Preprocessing(1 / 255, (), 0, 1)


def ranking(*rows: tuple[Preprocessing, float], frames: int = 6, objects: int = 60) -> TruthRanking:
    ranked = [RankedCandidate(value, found, (found,) * frames) for value, found in rows]
    return TruthRanking(tuple(sorted(ranked, key=lambda one: -one.map)), frames, objects)


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        (ranking((BGR, 0.67), (RGB, 0.58), (MEANS, 0.66), (UNIT, 0.0)), Fixed(1.0, None, 1, 0)),
        (ranking((BGR, 0.67), (RGB, 0.64)), Fixed()),  # too close
        (ranking((BOXED, 0.6), (CENTRED, 0.5), (BGR, 0.3)), Fixed(maintain_aspect_ratio=1, symmetric_padding=0)),
        (ranking((BGR, 0.6)), Fixed()),  # nothing else was tried
        (ranking((BGR, 0.6), (RGB, 0.1), frames=3), Fixed()),
        (ranking((BGR, 0.6), (RGB, 0.1), objects=19), Fixed()),
        (ranking((BGR, 0.1), (RGB, 0.0)), Fixed()),  # no candidate finds the objects
        (TruthRanking((), 0, 0), Fixed()),
    ],
)
def test_only_what_is_clearly_separated_is_decided(found: TruthRanking, expected: Fixed) -> None:
    assert truth_ranking.decided(found) == expected


def test_one_frame_alone_decides_nothing() -> None:
    best = RankedCandidate(BGR, 0.6, (0.6, 0.6, 0.6, 0.4))
    other = RankedCandidate(RGB, 0.5, (0.48, 0.48, 0.48, 0.4))
    assert truth_ranking.decided(TruthRanking((best, other), 4, 60)) == Fixed()


def test_candidates_are_ranked_by_the_boxes_they_give() -> None:
    right = [frame([A, B], [(*A, 0.9), (*B, 0.8)], number) for number in range(5)]
    wrong = [frame([A, B], [(*A, 0.9)], number) for number in range(5)]
    found = truth_ranking.rank([RGB, BGR], [wrong, right], ("car",))
    assert [one.preprocessing for one in found.candidates] == [BGR, RGB]
    assert (found.frames, found.objects, found.map_of(BGR)) == (5, 10, pytest.approx(1.0))
    assert found.map_of(UNIT) is None


def test_ground_truth_stands_between_exporter_and_convention() -> None:
    stated = Stated(
        Fixed(maintain_aspect_ratio=1),
        Fixed(net_scale_factor=1 / 255),
        ("metadata", "", "", "", ""),
        truth=Fixed(1.0, None, 1, 0),
        truth_source="mAP 0.67",
        convention=Preprocessing(1.0, (), 0, 0),
    )
    keys = dict(zip(KEYS, preprocessing.decide((), stated).keys, strict=True))
    assert keys["net-scale-factor"].level is StatedBy.EXPORTER
    assert keys["net-scale-factor"].others[0] == "ground truth: 1.0"
    assert (keys["model-color-format"].level, keys["model-color-format"].source) == (StatedBy.GROUND_TRUTH, "mAP 0.67")
    assert keys["model-color-format"].others == ("convention: 0",)
    assert keys["maintain-aspect-ratio"].level is StatedBy.USER
    assert keys["offsets"].level is StatedBy.CONVENTION


def test_what_speaks_against_the_user_is_said() -> None:
    found = ranking((BGR, 0.67), (RGB, 0.58))
    assert truth_ranking.refutes(found, BGR) == ""
    text = truth_ranking.refutes(found, RGB)
    assert "mAP 0.580, but 0.670 with net-scale-factor=1.0 model-color-format=1" in text
    assert preprocessing.decide((), Stated(Fixed(1.0, (), 0, 0, 0), truth_against=text)).warning == text
