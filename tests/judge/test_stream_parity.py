"""Streams of a batch beside their own runs: agreement, no false alarms, and every way in which a batch is wrong."""

from __future__ import annotations

from dataclasses import replace

import pytest

from dsbench.formats.kitti import KittiObject
from dsbench.judge import stream_parity
from dsbench.judge.stream_parity import FLOAT32, REDUCED, Cause, Frame, Parity

THRESHOLDS = {"car": 0.25, "person": 0.25}
Dump = tuple[Frame, ...]


def box(left: float, score: float = 0.8, label: str = "car", *, top: float = 50.0, size: float = 40.0) -> KittiObject:
    return KittiObject(label, left, top, left + size, top + size, score)


def clip(stream: int, frames: int = 8) -> Dump:
    """Two cars and a person, elsewhere in every stream and frame; one of them just above the threshold."""
    start = 100.0 * stream
    return tuple(
        (box(start + 3 * frame), box(start + 500 + frame, 0.6), box(start + 300, 0.255, "person", top=200.0))
        for frame in range(frames)
    )


OWN = tuple(clip(stream) for stream in range(4))


def compare(batched: tuple[Dump, ...], own: tuple[Dump, ...] = OWN) -> Parity:
    return stream_parity.compare(own, batched, FLOAT32, THRESHOLDS)


def changed(dump: Dump, change: object) -> Dump:
    assert callable(change)
    return tuple(tuple(change(found) for found in frame) for frame in dump)


def test_equal_dumps_agree_and_tell_something() -> None:
    parity = compare(OWN)
    assert parity.verdict == ""
    assert parity.telling
    assert [(one.objects, one.matched, one.borderline, one.differing) for one in parity.streams] == [(24, 24, 0, 0)] * 4


def test_the_noise_of_another_batch_size_is_no_alarm() -> None:
    def moved(found: KittiObject) -> KittiObject:
        return replace(found, left=found.left + 0.05, confidence=found.confidence - 0.002)

    assert compare(tuple(changed(dump, moved) for dump in OWN)).verdict == ""


def test_an_object_at_the_threshold_may_come_or_go() -> None:
    batched = tuple(tuple(frame[:2] for frame in dump) for dump in OWN)
    parity = compare(batched)
    assert parity.verdict == ""
    assert {one.borderline for one in parity.streams} == {8}
    # and the other way round, with the threshold of the parser itself, which no config knows
    parity = stream_parity.compare(batched, OWN, FLOAT32, {})
    assert parity.verdict != "", "0.255 is far from the lowest score of the runs alone, 0.6"
    own = tuple((*dump[:-1], (*dump[-1], box(900, 0.25))) for dump in batched)
    assert stream_parity.compare(own, OWN, FLOAT32, {}).verdict == ""


def test_nms_may_keep_either_of_two_near_equal_boxes() -> None:
    own = tuple((*dump, (box(1000.0, 0.7),)) for dump in OWN)
    batched = tuple((*dump, (box(1008.0, 0.701),)) for dump in OWN)
    parity = compare(batched, own)
    assert parity.verdict == ""
    assert {(one.borderline, one.differing) for one in parity.streams} == {(2, 0)}


@pytest.mark.parametrize(
    ("change", "text"),
    [
        (lambda found: replace(found, left=found.left + 20, right=found.right + 20), "boxes of no single stream"),
        (lambda found: replace(found, label="bus"), "boxes of no single stream"),
        (lambda found: replace(found, confidence=found.confidence * 0.9), "boxes of no single stream"),
    ],
)
def test_a_changed_stream_is_found(change: object, text: str) -> None:
    parity = compare((*OWN[:2], changed(OWN[2], change), OWN[3]))
    assert [one.stream for one in parity.wrong] == [2]
    assert parity.wrong[0].cause is Cause.MIXED
    assert parity.verdict.startswith("stream 2 of 4 do not get the boxes of their own clips")
    assert text in parity.verdict


def test_the_first_item_repeated() -> None:
    parity = compare((OWN[0],) * 4)
    assert [one.cause for one in parity.streams] == [None, Cause.FROZEN, Cause.FROZEN, Cause.FROZEN]
    assert parity.verdict == "streams 1, 2, 3 of 4 get the boxes of stream 0: item 0 of the batch repeats"


def test_the_rest_left_empty() -> None:
    parity = compare((OWN[0], *(((),) * 8,) * 3))
    assert [one.cause for one in parity.streams] == [None, Cause.EMPTY, Cause.EMPTY, Cause.EMPTY]
    assert "only part of the batch is computed" in parity.verdict


def test_streams_exchanged() -> None:
    parity = compare((OWN[1], OWN[2], OWN[3], OWN[0]))
    assert [one.shows for one in parity.streams] == [1, 2, 3, 0]
    assert "stream 1 shows the boxes of stream 2 (0 of its 24 found again)" in parity.verdict


def test_a_stream_that_lost_frames() -> None:
    parity = compare((*OWN[:3], OWN[3][:5]))
    assert parity.streams[3].cause is Cause.MISSING
    assert "stream 3 wrote 5 frames of 8" in parity.verdict


def test_a_mixture_in_part_of_the_frames_is_found() -> None:
    mixed = (*OWN[1][:7], OWN[2][7])
    assert [one.stream for one in compare((OWN[0], mixed, OWN[2], OWN[3])).wrong] == [1]


@pytest.mark.parametrize("own", [(clip(0),) * 4, (((),) * 8,) * 4])
def test_clips_that_do_not_differ_tell_nothing(own: tuple[Dump, ...]) -> None:
    parity = compare(own, own)
    assert parity.verdict == ""
    assert not parity.telling


def test_reduced_precision_is_given_more_room() -> None:
    def moved(found: KittiObject) -> KittiObject:
        return replace(found, left=found.left + 1, right=found.right + 1, confidence=found.confidence - 0.02)

    batched = tuple(changed(dump, moved) for dump in OWN)
    assert compare(batched).verdict != ""
    assert stream_parity.compare(OWN, batched, REDUCED, THRESHOLDS).verdict == ""
