"""Run 1 with a stand-in app: number of streams, RT_STREAMS, errors."""

from __future__ import annotations

import pytest

from dsbench.base.errors import Code, DsbenchError
from dsbench.steps import summary
from tests.stand_in_app import Row
from tests.steps.bench import Bench

pytestmark = pytest.mark.long


def test_peak_above_max_bs_is_capped_and_reported(bench: Bench) -> None:
    bench.write_throughput(100.0)  # 800 img/s: PEAK 26
    model = bench.model((8, (60.0,)))
    calibration = bench.run1(model)
    assert (calibration.run.figures.streams, calibration.rt_streams) == (8, 8), "RT_STREAMS <= MAX_BS"
    bench.run2(model)
    block = summary.run(model, bench.log).lines
    assert "DS Run 1 (PEAK): 26 streams | 60.0 fps/s | eff 60.0%" in block
    assert block[-1] == "Note: DS Run 1 was made with 8 streams (MAX_BS=8)"


def test_another_target_replaces_30_everywhere(bench: Bench) -> None:
    model = bench.model((8, (21.0,)), target_fps="15")  # PEAK: 204 / 15 = 13, MAX_BS 8
    calibration = bench.run1(model)
    assert calibration.rt_streams == 8  # 168 / 15 = 11
    assert bench.run2(model).run.figures.confirmed == "YES"


@pytest.mark.parametrize("script", [(), (0.0, 0.0)])
def test_no_fps_stops_with_the_specifications_words(bench: Bench, script: tuple[Row, ...]) -> None:
    model = bench.model((6, script))
    with pytest.raises(DsbenchError) as caught:
        bench.run1(model)
    assert caught.value.code == Code.FPS_PARSE
    said = "ERROR: FPS parsing failed for Run 1 — check models/net/benchmarks/ds/ds_s6_run1.log"
    assert said in caught.value.what
    assert "6 streams had not started after 1 s" in caught.value.fix
    assert bench.lines() == ()
    assert bench.log.snapshot().commands, "how it was run is kept"


def test_older_runs_move_aside_before_anything_is_read(bench: Bench) -> None:
    model = bench.model((6, (21.0,)), (4, (31.0,)))
    for name in ("ds_s6_run1.log", "ds_s2_run2.log", "ds_s9_run2_first.log"):
        (bench.layout.ds_dir / name).write_text("**PERF:  99.00 (99.00)\t\n")
    bench.run1(model)
    bench.run2(model)
    assert bench.logs() == ["ds_s4_run2.log", "ds_s6_run1.log"]
    previous = bench.layout.ds_dir / "previous"
    assert sorted(path.name for path in previous.iterdir()) == [
        "ds_s2_run2.log",
        "ds_s6_run1.log",
        "ds_s9_run2_first.log",
    ]
