"""The graph between the exporter's files and the family: precedence, periods, and a first layer that refutes it."""

from __future__ import annotations

import pytest

from dsbench.families.base import Preprocessing
from dsbench.judge.imports.frame_evidence import PixelRange, RangeEvidence
from dsbench.judge.imports.levels import Fixed, Stated, StatedBy, common
from dsbench.judge.imports.preprocessing import UNKNOWN, candidates, decide

BYTE, UNIT = (RangeEvidence(item, "measured") for item in (PixelRange.BYTE, PixelRange.UNIT))
CENTRED = Fixed(1 / 255, (), 0, 1, 1)
NOW, BEFORE = Fixed(1.0, (), 1, 1, 0), Fixed(0.01752, (123.675, 116.28, 103.53), 0, 1)
SSD = Preprocessing(1 / 128, (127.0,) * 3, 0, 0)


def levels(stated: Stated, evidence: RangeEvidence | None = None) -> list[StatedBy]:
    return [item.level for item in decide([], stated, evidence).keys]


def test_the_graph_stands_between_exporter_and_convention() -> None:
    stated = Stated(
        fixed=Fixed(model_color_format=1),
        exporter=Fixed(maintain_aspect_ratio=1, symmetric_padding=0),
        exporter_sources=("", "", "", "file", "file"),
        graph=(CENTRED,),
        graph_source="names",
        convention=SSD,
    )
    choice = decide([], stated, UNIT)
    assert choice.preprocessing == Preprocessing(1 / 255, (), 1, 1, 0)
    assert [item.level.value for item in choice.keys] == ["graph", "graph", "user", "exporter", "exporter"]
    assert choice.keys[4].others == ("graph: 1",)
    said = {claim.level: (claim.value, claim.source) for claim in choice.keys[2].claims}
    assert said == {
        "user": ("1", "dsbench.toml"), "graph": ("0", "names"), "convention": ("0", "family convention"),
    }  # fmt: skip
    assert not choice.unknown
    assert choice.preprocessing in candidates([SSD, None], stated)


def test_the_first_layer_refutes_the_names_of_the_graph() -> None:
    stated = Stated(graph=(CENTRED,), graph_source="names", aspect=1)
    choice = decide([], stated, BYTE)
    assert choice.preprocessing == Preprocessing(1.0, (), 1, 1)
    assert set(levels(stated, BYTE)) == {StatedBy.UNKNOWN}
    assert choice.unknown.startswith(UNKNOWN)
    assert "looks like one that is fed net-scale-factor=0.003921569 (names)" in choice.unknown
    assert not choice.warning


@pytest.mark.parametrize(
    ("evidence", "chosen", "opened"),
    [
        (BYTE, Preprocessing(1.0, (), 1, 1, 0), 0),
        (UNIT, Preprocessing(0.01752, (123.675, 116.28, 103.53), 0, 1), 1),
        (None, Preprocessing(1 / 255, (), 0, 1), 4),
    ],
)
def test_the_first_layer_chooses_the_period(evidence: RangeEvidence | None, chosen: Preprocessing, opened: int) -> None:
    stated = Stated(graph=(NOW, BEFORE))
    assert decide([], stated, evidence).preprocessing == chosen
    assert levels(stated, evidence).count(StatedBy.UNKNOWN) == opened
    assert chosen in candidates([None], stated)


def test_what_periods_have_in_common() -> None:
    assert common([NOW, BEFORE]) == Fixed(maintain_aspect_ratio=1)
    assert common([]) == Fixed()
    assert common([Fixed(1.0, ()), Fixed(0.5, ())]) == Fixed()


def test_placement_of_a_picture_of_the_networks_shape_is_no_question() -> None:
    stated = Stated(graph=(Fixed(1 / 255, (), 0),), same_shape=True)
    choice = decide([], stated, UNIT)
    assert [item.level for item in choice.keys[3:]] == [StatedBy.EITHER] * 2
    assert not choice.unknown
    assert levels(Stated(graph=stated.graph), UNIT)[3:] == [StatedBy.UNKNOWN] * 2
    kept = Stated(exporter=Fixed(maintain_aspect_ratio=0), same_shape=True)
    assert levels(kept)[3] is StatedBy.EXPORTER


def test_a_stretched_picture_has_no_padding_to_decide() -> None:
    stated = Stated(graph=(Fixed(1 / 255, (), 0, 0),))
    assert levels(stated, UNIT) == [StatedBy.GRAPH] * 5


def test_a_convention_holds_if_the_graph_scales_the_pixels_itself() -> None:
    yolo = Preprocessing(1 / 255, (), 0, 1, 1)
    choice = decide([], Stated(graph=(Fixed(1.0, ()),), convention=yolo), BYTE)
    assert choice.preprocessing == Preprocessing(1.0, (), 0, 1, 1)
    assert [item.level.value for item in choice.keys] == ["graph", "graph", *["convention"] * 3]


@pytest.mark.parametrize(
    ("graph", "offsets", "possible"),
    [
        (Fixed(1 / 255, (), 0, 1), (), [(0, 1, 0), (0, 1, 1)]),
        (Fixed(1 / 255, (), 0), (), [(0, 1, 0), (0, 1, 1), (0, 0, 0)]),
        (Fixed(0.01752, None, None, 0), (123.675, 116.28, 103.53), [(0, 0, 0), (1, 0, 0)]),
    ],
)
def test_possibilities_differ_in_the_open_keys(
    graph: Fixed, offsets: tuple[float, ...], possible: list[tuple[int, int, int]]
) -> None:
    habit = Preprocessing(0.01752, offsets, 0, 1)
    found = decide([], Stated(graph=(graph,), convention=habit, firm=False), UNIT).alternatives
    keys = [(item.model_color_format, item.maintain_aspect_ratio, item.symmetric_padding) for item in found]
    assert keys == possible
    assert [item.offsets for item in found] == [offsets[:: -1 if item.model_color_format else 1] for item in found]
