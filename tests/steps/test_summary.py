"""Both runs and the closing block against a stand-in app; every printed line calculated by hand."""

from __future__ import annotations

from dsbench.steps import summary
from tests.steps.bench import Bench


def test_both_runs_and_the_closing_block_word_for_word(bench: Bench) -> None:
    # run 1: the mean of the last ten of stream 0 is 21.115 -> 21.11 (as Python rounds 21.115), x 6 = 126.66; /30 = 4
    first = (0.0, 5.0, *([(21.0, 30.0, 30.0, 30.0, 30.0, 10.0)] * 9), (22.15, 1.0, 1.0, 1.0, 1.0, 1.0))
    model = bench.model((6, first), (4, (31.0, 31.5, (33.0, 20.0, 40.0, 40.0))))
    calibration = bench.run1(model)
    fps = round((21.0 * 9 + 22.15) / 10, 2)
    assert fps in (21.11, 21.12)
    assert calibration.run.figures.fps == fps
    total = round(fps * 6, 2)
    seconds = f"{calibration.run.figures.seconds:.2f}"
    assert bench.lines() == (
        f"DS Run 1: 6 streams | FPS/stream={fps} | total={total} img/s | RT_STREAMS=4",
        f"[Step 7 Run 1] completed in {seconds}s",
    )
    validation = bench.run2(model)
    # (31 + 31.5 + 33) / 3 = 31.8333 -> 31.83, x 4 = 127.32
    seconds2 = f"{validation.run.figures.seconds:.2f}"
    assert bench.lines()[2:] == (
        "DS Run 2: 4 streams | FPS/stream=31.83 | total=127.32 img/s | Real-time: YES",
        f"[Step 7 Run 2] completed in {seconds2}s",
    )
    assert bench.logs() == ["ds_s4_run2.log", "ds_s6_run1.log"]
    both = round(12.35 if round(12.345, 2) == 12.35 else 12.34, 2) + float(seconds) + float(seconds2)
    eff1, eff2 = round(total / 204.0 * 100, 1), 62.4  # 127.32 / 204 = 62.41 %
    assert summary.run(model, bench.log).lines == (
        "Runtime: stand-in",
        "=== DeepStream Integration Complete ===",
        "Model: net | Engine: models/net/benchmarks/engines/net_dynamic_b8.engine",
        "trtexec: 204.0 img/s @ BS=8",
        f"DS Run 1 (PEAK): 6 streams | {fps} fps/s | eff {eff1}%",
        f"DS Run 2 (RT):   4 streams | 31.83 fps/s | RT: YES | eff {eff2}%",
        f"Timing: Step6={12.345:.2f}s Run1={seconds}s Run2={seconds2}s Total={both:.2f}s",
        "Ready for: Step 8 — read references/report-generation.md models/net/",
    )
    assert not any("Retry" in line for line in bench.lines())
