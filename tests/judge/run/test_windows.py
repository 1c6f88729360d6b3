"""All streams beside stream 0: sums, the slowest, those that stand still, an app that hangs."""

from __future__ import annotations

from dataclasses import replace

import pytest

from dsbench.formats.perf.windows import Windows
from dsbench.judge.run import saturation, windows
from dsbench.judge.streams import RunFigures


def table(*rows: tuple[float, ...]) -> Windows:
    return Windows(2, len(rows[0]), tuple(2.0 * number for number in range(1, len(rows) + 1)), rows)


def test_sum_slowest_and_fastest_of_the_last_ten() -> None:
    rows = [(0.0, 0.0), (1.0, 2.0)] + [(30.0, 10.0), (32.0, 20.0)] * 5
    facts = windows.stream_facts(table(*rows), 30)
    assert facts is not None
    assert facts.means == (31.0, 15.0)
    assert (facts.total, facts.slowest, facts.fastest) == (46.0, 1, 0)
    assert facts.below_target == (1,)
    assert facts.first_full_s == 4.0
    assert not facts.start_up_counted
    assert windows.stream_facts(Windows(2, 3, (), ()), 30) is None


def test_start_up_among_the_last_ten_is_told() -> None:
    facts = windows.stream_facts(table(*[(1.0,)] + [(30.0,)] * 9), 30)
    assert facts is not None
    assert facts.start_up_counted
    facts = windows.stream_facts(table(*[(1.0,)] + [(30.0,)] * 10), 30)
    assert facts is not None
    assert not facts.start_up_counted


def test_streams_that_stand_still() -> None:
    facts = windows.stream_facts(table((30.0, 30.0, 0.0), (30.0, 0.0, 0.0), (30.0, 0.0, 0.0), (30.0, 0.0, 0.0)), 30)
    assert facts is not None
    assert facts.stalled == (1, 2)
    assert facts.first_full_s is None


@pytest.mark.parametrize(
    ("totals", "hangs"),
    [
        ([0, 0, 0, 0, 0, 0], False),  # never started: no FPS at all, said elsewhere
        ([0, 0, 0, 0, 0, 9, 9], False),
        ([9, 9, 0, 0, 0, 0], False),
        ([9, 9, 0, 0, 0, 0, 0], True),
        ([9, 0, 0, 9, 0, 0, 0, 0, 0], False),  # a slow model pauses between frames
        ([9, 0, 0, 9, 0, 0, 0, 0, 0, 0], True),
        ([9, 9, 0, 0, 0, 0, 0, 9], False),
    ],
)
def test_an_app_whose_timer_lives_on(totals: list[int], hangs: bool) -> None:
    assert windows.hung(table(*((float(value),) for value in totals))) is hangs


def test_a_run_far_below_trtexec_is_said_with_its_figures_and_no_guess() -> None:
    slow = RunFigures(200, 35.3 / 5, 1412.0, 60, 30)
    said = saturation.note(slow, 20.0) or ""
    assert said.startswith(
        "200 streams reach 7.06 of 30 FPS each, 1412.0 img/s together, 20.0% of what inference alone"
    )
    assert "NVDEC" not in said
    assert saturation.note(slow, 95.0) is None, "inference itself is the limit"
    assert saturation.note(RunFigures(4, 29.0, 116.0, 60, 30), 20.0) is None, "not far below"


def test_rows_that_end_before_the_run_does() -> None:
    rows = table((30.0,), (30.0,))  # seen after 2 and 4 s
    assert windows.silent_s(rows, 8.9) == 0.0
    assert windows.silent_s(rows, 9.0) == 5.0
    assert windows.silent_s(Windows(2, 1, (), ()), 60) == 0.0


def test_cut_rows_are_no_silence() -> None:
    rows = replace(table((30.0,), (30.0,)), broken=3, begun_s=(2.0, 4.0, 6.0, 8.0, 10.0))
    assert windows.silent_s(rows, 14.9) == 0.0
    assert windows.silent_s(rows, 15.0) == 5.0
    assert windows.unread_s(rows) == 6.0
    assert windows.unread_s(replace(rows, begun_s=(2.0, 4.0, 6.0, 8.0))) == 4.0
    assert windows.unread_s(replace(rows, begun_s=(2.0, 4.0, 9.0))) == 0.0, "one row, however late its rest"
    assert windows.unread_s(table((30.0,))) == windows.unread_s(Windows(2, 1, (), ())) == 0.0


def test_a_pipeline_is_not_faster_than_its_model_alone() -> None:
    assert saturation.implausible(104.9) == ""
    assert "180.8% of what the model alone reaches cannot be" in saturation.implausible(180.8)
    assert "DSBENCH_ENGINE=fast" in saturation.implausible(180.8), "the run may have had another engine"


@pytest.mark.parametrize(
    ("gaps", "missing"),
    [
        ([2.0] * 20, 0.0),
        ([2.2] * 20, 0.0),  # a late clock is not a pause
        ([2.0] * 9 + [6.5] + [2.0] * 9, 4.5),
        ([2.0] * 9 + [6.0, 0.0, 0.0] + [2.0] * 9, 0.0),  # seen late, and then all at once
        ([2.0] * 9 + [6.0, 0.0] + [2.0] * 9, 2.0),  # one of them never came
        ([6.0, 0.0, 0.0] * 5, 0.0),  # bursts
        ([2.0] * 9 + [6.5], 4.5),
        ([], 0.0),
    ],
)
def test_missing_rows(gaps: list[float], missing: float) -> None:
    times = [1.0]
    for gap in gaps:
        times.append(times[-1] + gap)
    assert windows.missing_s(times, 2) == pytest.approx(missing)
