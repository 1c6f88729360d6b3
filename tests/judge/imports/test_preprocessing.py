"""Candidates, who states each key, what evidence does to it, and what stays unknown."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from dsbench.base.boxes import Boxes
from dsbench.families.base import Preprocessing
from dsbench.judge.imports.frame_evidence import Findings, PixelRange, RangeEvidence
from dsbench.judge.imports.levels import KEYS, Fixed, Stated, StatedBy, apply
from dsbench.judge.imports.preprocessing import (
    CAFFE_ROW,
    DEFAULT,
    SCALES,
    UNKNOWN,
    Score,
    candidates,
    decide,
    describe,
    differing,
    score,
    table,
    toml,
    usual,
)

YOLOX = Preprocessing(1.0, (), 1, 1)
IMAGENET = Preprocessing(0.01752, (123.675, 116.28, 103.53), 0, 0)
BYTE, UNIT = (RangeEvidence(item, "measured") for item in (PixelRange.BYTE, PixelRange.UNIT))
EVERYTHING = Fixed(1.0, (), 1, 1, 0)
PROCESSOR = Fixed(0.01752, (123.675, 116.28, 103.53), 0, 0, 0)


def boxes(*rows: tuple[int, float, float, float, float, float]) -> Boxes:
    return Boxes.from_table(np.array(rows, np.float32).reshape(-1, 6))


def test_the_usual_scales_and_the_users_keys_come_first() -> None:
    tried = candidates([None], Stated(Fixed()))
    assert len(tried) == 2 * len(SCALES)
    assert tried[0] == DEFAULT
    own = candidates([YOLOX], Stated(Fixed(model_color_format=0)))
    assert own[0] == Preprocessing(1.0, (), 0, 1)
    assert YOLOX in own
    assert len(set(own)) == len(own)


def test_networks_of_bytes_read_bgr_and_their_means_are_in_channel_order() -> None:
    caffe = next(row for row in table(0) if row.net_scale_factor == 1.0 and row.offsets)
    assert (caffe.offsets, caffe.model_color_format) == (CAFFE_ROW[1][::-1], 1)
    assert {row.model_color_format for row in table(1) if row.net_scale_factor < 1} == {0}


def test_the_usual_scales_of_a_range() -> None:
    assert [row.net_scale_factor for row in usual(Stated(aspect=0), BYTE)] == [1.0, 1.0]
    assert len(usual(Stated(), RangeEvidence())) == len(SCALES)
    own = Preprocessing(0.01459, (122.77, 116.75, 104.09), 0, 0)
    assert own in usual(Stated(convention=own), UNIT)
    assert usual(Stated(convention=DEFAULT), UNIT) == usual(Stated(), UNIT)


def test_a_guess_is_what_is_found_again_most_and_stays_a_guess() -> None:
    rows = table(0)[:3]
    found = {row: Findings(2, again, again) for row, again in zip(rows, (0.1, 9.0, 0.1), strict=True)}
    choice = decide([Score(rows[2], 1.0, 99.0, 1.0)], Stated(aspect=0), UNIT, found)
    assert choice.preprocessing == rows[1]
    assert {item.level for item in choice.keys} == {StatedBy.UNKNOWN}
    assert decide([], Stated(convention=DEFAULT), UNIT, found).preprocessing == DEFAULT


def test_one_channel_means_gray() -> None:
    tried = candidates([YOLOX], Stated(Fixed()), channels=1)
    assert {item.model_color_format for item in tried} == {2}
    assert {len(item.offsets) for item in tried} <= {0, 1}
    choice = decide([], Stated(convention=DEFAULT, channels=1))
    assert choice.preprocessing in tried
    assert choice.keys[KEYS.index("model-color-format")].source == "the input has one channel"


@pytest.mark.parametrize(
    ("stated", "evidence", "chosen", "level", "warns"),
    [
        (Stated(convention=YOLOX), None, YOLOX, StatedBy.CONVENTION, False),
        (Stated(convention=YOLOX), BYTE, YOLOX, StatedBy.CONVENTION, False),
        (Stated(convention=DEFAULT), BYTE, YOLOX, StatedBy.UNKNOWN, False),
        (Stated(convention=DEFAULT, firm=False), None, DEFAULT, StatedBy.UNKNOWN, False),
        (Stated(convention=DEFAULT, firm=False), BYTE, YOLOX, StatedBy.UNKNOWN, False),
        (Stated(exporter=PROCESSOR, convention=DEFAULT), UNIT, IMAGENET, StatedBy.EXPORTER, False),
        (Stated(exporter=PROCESSOR, convention=DEFAULT), BYTE, IMAGENET, StatedBy.EXPORTER, True),
        (Stated(fixed=EVERYTHING, convention=DEFAULT), UNIT, YOLOX, StatedBy.USER, True),
        (Stated(fixed=EVERYTHING, convention=DEFAULT), None, YOLOX, StatedBy.USER, False),
        (Stated(), None, DEFAULT, StatedBy.UNKNOWN, False),
        (Stated(), UNIT, DEFAULT, StatedBy.UNKNOWN, False),
        (Stated(aspect=0), BYTE, Preprocessing(1.0, (), 1, 0), StatedBy.UNKNOWN, False),
    ],
)
def test_precedence(
    stated: Stated, evidence: RangeEvidence | None, chosen: Preprocessing, level: StatedBy, warns: bool
) -> None:
    choice = decide([], stated, evidence)
    assert choice.preprocessing == chosen
    assert {item.level for item in choice.keys} == {level}
    assert bool(choice.warning) == warns
    assert choice.unknown.startswith(UNKNOWN) if level is StatedBy.UNKNOWN else not choice.unknown


def test_what_other_levels_state_is_shown() -> None:
    stated = Stated(fixed=Fixed(net_scale_factor=1.0), exporter=PROCESSOR, exporter_sources=("processor.json",) * 5)
    scale, offsets, colour, *_ = decide([], stated).keys
    assert (scale.level, scale.source, scale.others) == (StatedBy.USER, "dsbench.toml", ("exporter: 0.01752",))
    assert (offsets.level, offsets.others) == (StatedBy.USER, ("exporter: 123.675;116.28;103.53",))
    assert (colour.level, colour.source, colour.others) == (StatedBy.EXPORTER, "processor.json", ())


def test_a_users_wrong_scale_is_named_with_the_range_that_the_network_expects() -> None:
    choice = decide([], Stated(fixed=Fixed(net_scale_factor=1.0), convention=DEFAULT), UNIT)
    assert choice.warning.startswith("net-scale-factor=1.0 feeds 0..255, but the network expects 0..1")
    assert choice.warning.endswith("measured. Start from net-scale-factor=0.003921569")
    assert not choice.unknown


def test_a_scale_that_is_applied_twice_is_refuted_unless_the_keys_make_up_for_it() -> None:
    twice = RangeEvidence(anomaly="the input scale is applied once too often", span=1 / 255)
    for scale, refuted in ((1 / 255, True), (1.0, True), (1 / 65025, False)):
        choice = decide([], Stated(fixed=Fixed(net_scale_factor=scale), convention=DEFAULT), twice)
        assert choice.refuted == refuted == bool(choice.warning)


@pytest.mark.parametrize(
    ("fixed", "own", "twice"),
    [
        (Fixed(net_scale_factor=1 / 255, offsets=(127.5,) * 3), (0.5,), True),
        (Fixed(net_scale_factor=1.0, offsets=(123.0, 117.0, 104.0)), (123.7, 116.3, 103.5), True),
        (Fixed(net_scale_factor=1.0, offsets=(0.0,) * 3), (123.7, 116.3, 103.5), False),
        (Fixed(net_scale_factor=1 / 128, offsets=(127.5,) * 3), (0.1,), False),
        (Fixed(net_scale_factor=1 / 128, offsets=(127.5,) * 3), (), False),
    ],
)
def test_offsets_that_are_subtracted_twice(fixed: Fixed, own: tuple[float, ...], twice: bool) -> None:
    choice = decide([], Stated(fixed=fixed, convention=DEFAULT), RangeEvidence(own_offsets=own))
    assert choice.refuted == twice == ("subtracted twice" in choice.warning)


def test_unknown_names_the_open_keys_and_what_they_may_be() -> None:
    choice = decide([], Stated(fixed=Fixed(model_color_format=1, maintain_aspect_ratio=0)), UNIT)
    assert "states net-scale-factor, offsets, models" in choice.unknown
    assert [item.net_scale_factor for item in choice.alternatives] == [row[0] for row in SCALES if row[0] < 1]
    assert {item.model_color_format for item in choice.alternatives} == {1}
    assert not decide([], Stated(convention=YOLOX)).alternatives


def test_strength_ranks_after_the_choice_and_the_range() -> None:
    unit, other, byte = DEFAULT, Preprocessing(0.5 / 255), YOLOX
    scores = [Score(item, 1.0, strength, 1.0) for item, strength in ((byte, 9.0), (unit, 0.1), (other, 2.0))]
    choice = decide(scores, Stated(convention=unit), UNIT)
    assert [item.preprocessing for item in choice.ranking] == [unit, other, byte]


def test_the_exporter_may_state_some_keys_only() -> None:
    stated = Stated(
        exporter=Fixed(maintain_aspect_ratio=0, symmetric_padding=0), exporter_sources=("", "", "", "a", "a")
    )
    scale, _, _, aspect, padding = decide([], stated, UNIT).keys
    assert (scale.level, aspect.level, aspect.source, padding.level) == (
        StatedBy.UNKNOWN, StatedBy.EXPORTER, "a", StatedBy.EXPORTER)  # fmt: skip
    assert decide([], stated).preprocessing in candidates([YOLOX, None], stated)


@pytest.mark.parametrize(
    ("strengths", "chosen"),
    [
        ((1.0, 1.0, 1.0), DEFAULT),
        ((0.5, 0.98, 1.0), Preprocessing(0.0078125, (127.0,) * 3, 0, 1)),
        ((0.5, 0.6, 1.0), replace(IMAGENET, maintain_aspect_ratio=1)),
        ((0.0, 0.0, 0.0), DEFAULT),
    ],
)
def test_a_guess_stays_in_the_range_and_is_said_to_be_one(strengths: tuple[float, ...], chosen: Preprocessing) -> None:
    scores = [Score(row, 1.0, value, 1.0) for row, value in zip(table(1), (*strengths, 50.0, 50.0), strict=True)]
    choice = decide(scores, Stated(), UNIT)
    assert choice.preprocessing == chosen
    assert choice.keys[0].source.startswith("guess: ")
    assert choice.unknown


@pytest.mark.parametrize(("other", "followed"), [(1.4, True), (1.6, False)])
def test_a_guess_follows_the_habit_unless_another_is_far_ahead(other: float, followed: bool) -> None:
    rows = table(1)
    scores = [Score(rows[0], 1.0, 1.0, 1.0), Score(rows[2], 1.0, other, 1.0)]
    choice = decide(scores, Stated(convention=rows[0], firm=False), UNIT)
    assert choice.preprocessing == rows[0 if followed else 2]


@pytest.mark.parametrize(
    ("strength", "detections", "chosen"),
    [((0.0, 1.0), 1.0, YOLOX), ((0.0, 40.0), 60.0, DEFAULT), ((0.1, 9.0), 9.0, DEFAULT)],
    ids=["the default finds nothing", "a flood is no guess", "the default finds something"],
)
def test_a_guess_without_a_range(strength: tuple[float, float], detections: float, chosen: Preprocessing) -> None:
    scores = [Score(DEFAULT, 1.0, strength[0], 1.0), Score(YOLOX, detections, strength[1], 1.0)]
    choice = decide(scores, Stated())
    assert choice.preprocessing == chosen
    assert choice.unknown


def test_score_counts_what_nms_and_the_threshold_leave() -> None:
    twice = boxes((0, 10, 10, 20, 20, 0.75), (0, 11, 10, 20, 20, 0.5), (1, 60, 10, 20, 20, 0.1))
    (found,) = score([DEFAULT], [[twice, boxes()]], floor=0.5)
    assert (found.detections, found.strength, found.frames_with) == (0.5, pytest.approx(0.25), 0.5)


def test_a_users_scale_drops_foreign_offsets() -> None:
    base = Preprocessing(0.01752, (123.675, 116.28, 103.53))
    assert apply(base, Fixed(net_scale_factor=1.0)).offsets == ()
    assert apply(base, Fixed(net_scale_factor=1.0, offsets=(1, 2, 3))).offsets == (1, 2, 3)
    assert apply(base, Fixed(model_color_format=1)).offsets == base.offsets


def test_describe() -> None:
    text = describe(Preprocessing(1 / 255, (1.0, 2.5, 3.0), 1, 0))
    assert text == "net-scale-factor=0.003921569 offsets=1;2.5;3 model-color-format=1 maintain-aspect-ratio=0"


def test_toml_is_what_dsbench_toml_takes() -> None:
    import tomllib

    assert tomllib.loads(toml(IMAGENET))["property"] == {
        "net-scale-factor": 0.01752,
        "offsets": [123.675, 116.28, 103.53],
        "model-color-format": 0,
        "maintain-aspect-ratio": False,
        "symmetric-padding": False,
    }


@pytest.mark.parametrize(
    ("scale", "contrasts"), [(1 / 255, [1.0]), (1 / 128, [1.0]), (1.0, [1 / 255]), (0.1, [1 / 255, 1.0])]
)
def test_what_is_stated_whole_is_tried_with_the_other_range_alone(scale: float, contrasts: list[float]) -> None:
    stated = Stated(Fixed(scale, (), 0, 0, 0))
    tried = candidates([None, Preprocessing(0.5, (), 1, 1)], stated)
    assert tried[0] == Preprocessing(scale, (), 0, 0)
    assert [item.net_scale_factor for item in tried[1:]] == pytest.approx(contrasts)
    assert {item.maintain_aspect_ratio for item in tried} == {0}


def test_only_the_keys_that_differ_are_named() -> None:
    usual = Preprocessing(1.0, (), 1, 1, 0)
    assert differing(usual, Preprocessing(0.003920000046491623, (), 1, 1, 0)) == (
        "net-scale-factor=1.0",
        "net-scale-factor=0.00392",
    )
    assert differing(usual, Preprocessing(1.0, (1.5, 2.0, 3.0), 0, 1, 1)) == (
        "offsets=0;0;0 model-color-format=1 symmetric-padding=0",
        "offsets=1.5;2;3 model-color-format=0 symmetric-padding=1",
    )
