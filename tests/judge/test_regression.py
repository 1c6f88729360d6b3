"""Two runs compared: what is a regression, what is in doubt, what cannot be compared."""

from __future__ import annotations

from dataclasses import replace

import pytest

from dsbench.judge.regression import (
    ComparableRun,
    KeyPart,
    RowState,
    RunMeasure,
    compare,
    differences,
    spreads_between,
)

PARTS = (KeyPart("model", "net", True), KeyPart("CPU", "EPYC", True), KeyPart("cluster-mode", "2"))
FULL = (100.0, 101.0, 99.5, 100.5, 99.0, 100.2)


def measured(key: str, value: float, samples: tuple[float, ...] = (), **more: object) -> RunMeasure:
    return RunMeasure(key, value, samples, **more)  # type: ignore[arg-type]


def scaled(factor: float, *doubts: str) -> RunMeasure:
    """A throughput of about 100 FPS, times a factor."""
    return measured("throughput", 100 * factor, tuple(one * factor for one in FULL), doubts=doubts)


def made(*measures: RunMeasure, parts: tuple[KeyPart, ...] = PARTS) -> ComparableRun:
    return ComparableRun(parts, (), measures)


def state_of(key: str, before: ComparableRun, now: ComparableRun, **more: object) -> RowState:
    found = compare(before, now, **more)  # type: ignore[arg-type]
    return next(row.state for row in found.rows if row.key == key)


@pytest.mark.parametrize(
    ("factor", "expected"),
    [
        (1.0, RowState.SAME),
        (0.96, RowState.SAME),  # the rank test says slower, the tolerance not
        (0.9, RowState.WORSE),
        (0.5, RowState.WORSE),
        (1.2, RowState.BETTER),
    ],
)
def test_throughput_by_tolerance_and_rank_test(factor: float, expected: RowState) -> None:
    assert state_of("throughput", made(scaled(1)), made(scaled(factor))) is expected


def test_windows_that_overlap_are_no_regression() -> None:
    noisy = measured("throughput", 93.0, (60.0, 130.0, 80.0, 125.0, 70.0, 93.0))
    assert state_of("throughput", made(scaled(1)), made(noisy)) is RowState.SAME


def test_two_windows_decide_nothing() -> None:
    few = measured("throughput", 50.0, (50.0, 50.0))
    assert state_of("throughput", made(scaled(1)), made(few)) is RowState.NOT_JUDGED


@pytest.mark.parametrize(
    ("before", "now", "expected"),
    [
        ((), ("other-load",), RowState.NOT_JUDGED),
        (("other-load",), (), RowState.WORSE),  # the baseline was slowed down, and this run is slower still
        ((), ("noise",), RowState.NOT_JUDGED),
        ((), ("near-target",), RowState.WORSE),
        (("drift",), (), RowState.NOT_JUDGED),
    ],
)
def test_a_run_in_doubt(before: tuple[str, ...], now: tuple[str, ...], expected: RowState) -> None:
    assert state_of("throughput", made(scaled(1, *before)), made(scaled(0.85, *now))) is expected


def test_a_plain_loss_or_a_higher_cost_of_a_frame_confirms_it() -> None:
    cost = measured("cpu_per_frame", 20.0, (20.0, 20.5, 19.5, 20.2))
    dearer = measured("cpu_per_frame", 40.0, (40.0, 41.0, 39.0, 40.4))
    slow = scaled(0.5, "other-load")
    assert state_of("throughput", made(scaled(1)), made(scaled(0.5, "noise"))) is RowState.WORSE
    assert state_of("throughput", made(scaled(1)), made(slow)) is RowState.NOT_JUDGED
    assert state_of("throughput", made(scaled(1), cost), made(slow, cost)) is RowState.NOT_JUDGED
    assert state_of("throughput", made(scaled(1), cost), made(slow, dearer)) is RowState.WORSE


@pytest.mark.parametrize(
    ("factor", "held_up", "doubts", "expected"),
    [
        (0.09, 2.0, ("other-load",), RowState.WORSE),  # a factor of 11; waiting explains 4 at most
        (0.09, 8.0, ("other-load",), RowState.NOT_JUDGED),
        (0.3, 2.0, ("other-load",), RowState.NOT_JUDGED),
        (0.09, None, ("other-load",), RowState.NOT_JUDGED),
        (0.09, 2.0, ("other-load", "throttled"), RowState.NOT_JUDGED),  # a throttled core runs, and slowly
    ],
)
def test_waiting_for_a_core_bounds_what_other_programs_explain(
    factor: float, held_up: float | None, doubts: tuple[str, ...], expected: RowState
) -> None:
    slow = replace(made(scaled(factor, *doubts)), held_up=held_up)
    found = compare(made(scaled(1)), slow)
    assert found.rows[0].state is expected
    busy = f"the machine was busy during this run ({', '.join(doubts)}): run again when it is idle"
    assert found.sentence.startswith(busy) is (expected is RowState.NOT_JUDGED)


def test_the_spread_of_earlier_runs_widens_the_tolerance() -> None:
    earlier = [made(scaled(factor)) for factor in (0.9, 1.0, 1.1, 0.92, 1.06)]
    spreads = spreads_between(earlier)
    assert 0.05 < spreads["throughput"] < 0.2
    assert state_of("throughput", made(scaled(1)), made(scaled(0.9)), spreads=spreads) is RowState.SAME
    assert state_of("throughput", made(scaled(1)), made(scaled(0.5)), spreads=spreads) is RowState.WORSE
    assert spreads_between(earlier[:3]) == {}


@pytest.mark.parametrize(
    ("now", "basis", "expected"),
    [
        (0.505, "9 frames", RowState.SAME),
        (0.48, "9 frames", RowState.WORSE),
        (0.52, "9 frames", RowState.BETTER),
        (0.1, "8 frames", RowState.NOT_COMPARED),
    ],
)
def test_accuracy_by_its_difference_on_the_same_frames(now: float, basis: str, expected: RowState) -> None:
    before = made(measured("map", 0.5, basis="9 frames"))
    assert state_of("map", before, made(measured("map", now, basis=basis))) is expected


@pytest.mark.parametrize(
    ("before", "now", "factor", "expected"),
    [
        (7, 6, 1.0, RowState.SAME),
        (7, 5, 1.0, RowState.NOT_JUDGED),
        (7, 5, 0.7, RowState.WORSE),
        (7, 9, 1.3, RowState.BETTER),
        (7, 7, 0.7, RowState.SAME),
        (1, 0, 0.8, RowState.WORSE),
    ],
)
def test_streams_follow_the_throughput(before: int, now: int, factor: float, expected: RowState) -> None:
    first, second = measured("streams", float(before)), measured("streams", float(now))
    assert state_of("streams", made(first, scaled(1)), made(second, scaled(factor))) is expected


def test_memory_and_latency_are_worse_when_higher() -> None:
    low, high = (100.0, 100.0, 101.0, 102.0), (150.0, 150.0, 151.0, 152.0)
    for key in ("memory", "latency"):
        a, b = made(measured(key, 102.0, low, basis="2 streams")), made(measured(key, 152.0, high, basis="2 streams"))
        assert state_of(key, a, b) is RowState.WORSE
        assert state_of(key, b, a) is RowState.BETTER


@pytest.mark.parametrize(
    ("parts", "name"),
    [
        ((KeyPart("model", "other", True), *PARTS[1:]), "model"),
        ((PARTS[0], KeyPart("CPU", "Xeon", True), PARTS[2]), "CPU"),
        ((PARTS[0], KeyPart("CPU", "", True), PARTS[2]), "CPU"),
        ((*PARTS[:2], KeyPart("cluster-mode", "4")), "cluster-mode"),
    ],
)
def test_another_key_is_not_comparable(parts: tuple[KeyPart, ...], name: str) -> None:
    found = compare(made(scaled(1)), made(scaled(0.1), parts=parts))
    assert (found.word, found.rows, [one.name for one in found.differs]) == ("not comparable", (), [name])
    assert name in found.sentence


def test_parts_that_may_be_missing_or_are_ignored() -> None:
    assert differences(made(), made(parts=PARTS[:2])) == ()
    other = (KeyPart("model", "other", True), *PARTS[1:])
    assert compare(made(scaled(1)), made(scaled(0.5), parts=other), ignored=("model",)).word == "regression"
    assert [one.name for one in differences(made(parts=()), made())] == ["model", "CPU"]
    unknown = (PARTS[0], KeyPart("CPU", "", True))
    assert [one.name for one in differences(made(parts=unknown), made(parts=unknown))] == ["CPU"], "nobody knows"


def test_the_word_and_what_is_missing() -> None:
    assert compare(made(scaled(1)), made()).word == "not comparable"
    assert compare(made(scaled(1)), made()).missing == ("throughput",)
    assert compare(made(scaled(1)), made(scaled(1))).word == "no regression"
    lacking = compare(made(scaled(1), measured("map", 0.5)), made(measured("map", 0.5)))
    assert lacking.sentence.endswith("; not known of this run: throughput, run 1")
    assert compare(made(scaled(1)), made(scaled(0.9, "noise"))).word == "not judged"
    found = compare(made(scaled(1)), made(scaled(0.9)))
    assert found.word == "regression"
    assert found.sentence == "throughput, run 1 100.00 FPS -> 90.00 FPS (-10.0 %)"
    assert "rank test p = 0.001" in found.regressions[0].reason
