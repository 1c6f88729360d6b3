"""How much windows vary."""

from __future__ import annotations

import pytest

from dsbench.judge.run.reasons import noise


def test_variation_leaves_out_what_counting_makes() -> None:
    assert noise.variation([60.0, 61.0] * 10, 0.5) == 0
    assert noise.variation([50.0, 70.0] * 10, 0.5) == pytest.approx(1 / 6, rel=0.01)
    assert noise.variation([0.0, 0.0], 1) == 0
