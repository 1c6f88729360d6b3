"""What make bench makes of its samples."""

from __future__ import annotations

import pytest

from benchmarks import figures
from benchmarks.candidates import BOUND, Division, Sample, division


def samples(*rates: float) -> list[Sample]:
    return [Sample(rate, 1000 / rate) for rate in rates]


def test_ratios_are_taken_within_a_round() -> None:
    # the machine halves its speed in the second round: the ratios do not care
    rounds = {
        "slow": samples(50, 25, 50),
        BOUND: samples(100, 50, 100),
        "fast": samples(80, 40, 80),
        figures.APP: samples(96, 48, 96),
    }
    found = figures.lines(rounds)
    assert [line.name for line in found] == [figures.APP, BOUND, "fast", "slow"]
    assert [line.of_bound for line in found] == pytest.approx([0.96, 1.0, 0.8, 0.5])
    assert [line.of_app for line in found[2:]] == pytest.approx([1.2, 1.92])
    best = figures.best_peer(found)
    assert best is not None
    assert best.name == "fast"
    assert found[1].spread == pytest.approx(0.25)


def test_what_other_programs_took_is_made_up_for() -> None:
    half = Sample(50.0, 20.0, others=1.0, cpus=2)
    assert half.alone == 100
    assert Sample(100.0, 20.0, others=0.0, cpus=2).alone == 100
    starved = Sample(1.0, 20.0, others=2.5, cpus=2)
    assert starved.alone == pytest.approx(20)  # bounded: no division by nothing
    line = figures.lines({figures.APP: [half] * 3, BOUND: [Sample(100.0, 20.0, 0.0, 2)] * 3})[0]
    assert (line.fps, line.others, line.alone, line.of_bound) == (50, 1, 100, 1)


def test_no_peer() -> None:
    rounds = {figures.APP: samples(1.0), BOUND: samples(2.0)}
    assert figures.best_peer(figures.lines(rounds)) is None


def test_growth_leaves_the_start_out() -> None:
    seconds = [float(second) for second in range(600)]
    flat = figures.growth(seconds, [100.0] * 60 + [300.0] * 540)
    assert flat.per_minute == 0
    rising = figures.growth(seconds, [200 + second / 6 for second in seconds])
    assert rising.per_minute == pytest.approx(10, rel=0.01)


@pytest.mark.parametrize(
    ("name", "streams", "expected"),
    [
        ("opencv-ort", 1, Division((1,), 4)),
        ("opencv-ort", 2, Division((1, 1), 2)),
        ("opencv-ort", 6, Division((2, 2, 1, 1), 1)),
        ("opencv-loop", 6, Division((6,), 0)),
        (BOUND, 2, Division((1, 1, 1, 1), 1)),
    ],
)
def test_every_core_has_work(name: str, streams: int, expected: Division) -> None:
    assert division(name, streams, 4) == expected
