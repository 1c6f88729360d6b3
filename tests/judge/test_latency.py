"""Percentiles with intervals that hold, and none from too few or too similar frames."""

from __future__ import annotations

import math

import numpy as np
import pytest

from dsbench.judge import latency

QUANTILES = (0.5, 0.9, 0.95, 0.99)


@pytest.mark.parametrize(("quantile", "needed"), [(0.5, 6), (0.9, 36), (0.95, 72), (0.99, 368), (0.999, 3688)])
def test_a_percentile_takes_so_many_values_and_not_one_less(quantile: float, needed: int) -> None:
    assert latency.needed(quantile) == needed
    assert latency.interval_ranks(needed - 1, quantile) is None
    ranks = latency.interval_ranks(needed, quantile)
    assert ranks is not None
    assert ranks[1] == needed, "the largest value is its upper end"


@pytest.mark.parametrize("quantile", QUANTILES)
@pytest.mark.parametrize("count", [500, 5000])
def test_intervals_enclose_the_true_percentile_as_often_as_they_say(quantile: float, count: int) -> None:
    generator = np.random.default_rng(1)
    ranks = latency.interval_ranks(count, quantile)
    assert ranks is not None
    low, high = ranks
    samples = np.sort(generator.exponential(size=(1000, count)), axis=1)
    truth = -math.log(1 - quantile)
    inside = (samples[:, low - 1] <= truth) & (truth <= samples[:, high - 1])
    assert inside.mean() >= 0.935


def test_the_binomial_is_exact() -> None:
    low, high = latency.interval_ranks(100, 0.5) or (0, 0)
    at_most = [sum(math.comb(100, k) for k in range(n + 1)) / 2**100 for n in range(101)]
    assert at_most[low - 1] <= 0.025 < at_most[low]
    assert 1 - at_most[high - 1] <= 0.025 < 1 - at_most[high - 2]


def test_frames_that_are_alike_count_less() -> None:
    generator = np.random.default_rng(2)
    noise = generator.normal(size=4000)
    assert latency.effective_size(noise) > 3000
    slow = np.zeros(4000)
    for number in range(1, 4000):
        slow[number] = 0.9 * slow[number - 1] + noise[number]
    assert 4000 * 0.5 / 19 < latency.effective_size(slow) < 4000 * 2 / 19, "an AR(1) of 0.9 is worth n / 19"
    assert latency.effective_size([5.0] * 300) == 300, "what never changes has no noise"
    assert latency.effective_size(np.repeat(noise[:100], 10)) < 200


def test_a_short_run_tells_no_p99() -> None:
    values = np.random.default_rng(3).exponential(size=200) + 20
    summary = latency.summarise({0: values.tolist()})
    assert summary is not None
    assert [one.percent for one in summary.percentiles] == [50, 90, 95]
    assert [(one.percent, one.needed) for one in summary.missing] == [(99, 368), (99.9, 3688)]
    for one in summary.percentiles:
        assert summary.smallest <= one.low <= one.value <= one.high <= summary.largest
    assert "p99 (368)" in latency.remark(summary)
    assert "p99" not in latency.sentence(summary)


def test_streams_of_one_batch_are_not_independent() -> None:
    values = np.random.default_rng(4).exponential(size=50).tolist()
    alone, four = latency.summarise({0: values}), latency.summarise(dict.fromkeys(range(4), values))
    assert alone is not None
    assert four is not None
    assert (four.frames, four.streams, four.effective) == (200, 4, alone.effective)
    assert [one.percent for one in four.percentiles] == [one.percent for one in alone.percentiles]


def test_next_to_nothing() -> None:
    assert latency.summarise({}) is None
    assert latency.summarise({0: []}) is None
    few = latency.summarise({0: [10.0, 12.0]})
    assert few is not None
    assert few.percentiles == ()
    assert latency.sentence(few) == "2 frames of 1 stream: 10.0 to 12.0 ms, longest 12.0 ms"


def test_percentiles_are_of_the_values() -> None:
    shuffled = np.random.default_rng(5).permutation(np.arange(1, 1001)).astype(float)
    summary = latency.summarise({0: shuffled.tolist()})
    assert summary is not None
    values = {one.percent: one.value for one in summary.percentiles}
    assert (values[50], values[90], values[95], values[99]) == (500, 900, 950, 990)
