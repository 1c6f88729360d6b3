"""Stages from the ideal to the dump."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from dsbench.base.boxes import Boxes
from dsbench.families.base import Preprocessing
from dsbench.jobs.reference import Placement
from dsbench.judge.imports import ablation, config_choices
from dsbench.judge.imports.ablation import FeedFacts
from dsbench.judge.imports.dump_boxes import names_of
from dsbench.judge.imports.postprocess import plain
from dsbench.judge.imports.reference import Reference

YOLO = FeedFacts("yolo", Preprocessing(1 / 255), Preprocessing(1 / 255), (), 6, same_size=False)
PLACE = Placement(1, 1, 0, 0, 1280, 720)


def test_a_letterboxed_yolo_has_every_difference_of_scaling_and_padding() -> None:
    assert [stage.name for stage in ablation.feeds(YOLO)] == [
        "ideal: scaled once, bilinear",
        "scaled twice: nvstreammux, then nvinfer",
        "scaling-filter=6 (nearest)",
        "padding of 0 instead of 114",
    ]


def test_differences_that_change_nothing_are_left_out() -> None:
    stretched = Preprocessing(0.0173, (123.0, 116.0, 103.0), maintain_aspect_ratio=0)
    facts = FeedFacts("detr", stretched, stretched, (), 1, same_size=True)
    assert [stage.name for stage in ablation.feeds(facts)] == ["ideal: scaled once, bilinear"]


def test_deviations_and_the_configs_own_preprocessing_are_stages() -> None:
    own = replace(YOLO.usual, model_color_format=1)
    *_, one_scale, colour = ablation.feeds(replace(YOLO, deviations=(58.4, 57.1, 57.4), configured=own))
    assert one_scale.name == "one net-scale-factor for three deviations"
    assert colour.name == "model-color-format=1"
    assert (colour.feed.deviations, colour.feed.padding, colour.feed.candidate.model_color_format) == ((), 0, 1)


def boxes(*rows: tuple[float, ...]) -> Boxes:
    return Boxes.from_table(np.array(rows, np.float32).reshape(-1, 6))


HIGH, LOW = (0, 100.0, 100.0, 80.0, 60.0, 0.9), (1, 300.0, 100.0, 40.0, 90.0, 0.4)
BELOW = (1, 500.0, 660.0, 40.0, 90.0, 0.8)
"""Reaches below the frame."""


def test_every_stage_keeps_the_differences_before_it() -> None:
    fed = ablation.feeds(replace(YOLO, scaling_filter=1, same_size=True))
    reference = Reference((0,), ((boxes(HIGH, LOW, BELOW),),) * len(fed), (PLACE,) * len(fed), 0.1)
    configured = replace(plain(2, threshold=0.5), filter_out=(0,))
    found = ablation.measure(fed, reference, (plain(2), configured), names_of(("a", "b")), [boxes(LOW)])
    assert [(stage.name, stage.kept, stage.lost) for stage in found.stages] == [
        ("ideal: scaled once, bilinear", 3, 0),
        ("padding of 0 instead of 114", 3, 0),
        ("boxes that reach below the frame are dropped", 2, 1),
        ("filter-out-class-ids=0", 1, 1),
        ("pre-cluster-threshold=0.5", 0, 1),
        ("parser, and precision of the engine: the dump", 1, -1),
    ]
    assert (found.ideal, found.frames) == (3, 1)


def test_choices_add_up_to_the_config() -> None:
    usual = plain(3)
    one = replace(usual.attrs_all, topk=1)
    configured = replace(plain(3, threshold=0.5), interval=1, attrs=((2, one),))
    *before, (_, last) = config_choices.cumulative(configured, usual)
    assert last == configured
    assert [rules.interval for _, rules in before] == [1] * len(before)


def test_fp16_is_a_stage_where_the_app_ran_in_it() -> None:
    fed = ablation.feeds(replace(YOLO, scaling_filter=1, same_size=True))[:1]
    reference = Reference((0,), ((boxes(HIGH, LOW),),), (PLACE,), 0.1)
    both = Reference((0,), ((boxes(HIGH, LOW),), (boxes(HIGH),)), (PLACE, PLACE), 0.1)
    names = names_of(("a", "b"))
    half, match = ablation.half_boxes(both, plain(2), names)
    assert (match.paired, match.reference, match.extra) == (1, 2, 0)
    found = ablation.measure(fed, reference, (plain(2), plain(2)), names, [boxes(HIGH)], half)
    assert [(stage.name, stage.lost) for stage in found.stages[-2:]] == [
        (ablation.HALF, 1),
        ("parser, and what is left of the engine's precision: the dump", 0),
    ]
