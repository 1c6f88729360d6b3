"""Runs that become faster or slower all the time, and runs that do not."""

from __future__ import annotations

import random

import pytest

from dsbench.judge.run.reasons import drift


def noisy(mean: float, count: int, seed: int = 1) -> list[float]:
    chance = random.Random(seed)
    return [mean * (1 + 0.01 * chance.gauss(0, 1)) for _ in range(count)]


def test_drift() -> None:
    falling = [60 - number for number in range(20)]
    change = drift.drift(falling, 0.5)
    assert change is not None
    assert (change.first, change.second) == (60, 41)
    assert change.ratio == pytest.approx(60 / 41)
    rising = drift.drift(falling[::-1], 0.5)
    assert rising is not None
    assert rising.second > rising.first
    starts = drift.drift([0.0, 1.0, 2.0, 4.0, 8.0, 16.0, 30.0, 50.0, 80.0], 0.5)
    assert starts is not None
    assert starts.first == 0.0, "FPS are never below zero"
    assert drift.drift(noisy(60, 20), 0.5) is None
    assert drift.drift([60.0] * 20, 0.5) is None
    assert drift.drift([60.0, 59.0, 58.0], 0.5) is None
    assert drift.drift([30 + 0.01 * number for number in range(20)], 0.5) is None, "less than a frame"
