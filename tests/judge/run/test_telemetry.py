"""Samples summarised over the windows that count."""

from __future__ import annotations

import csv
import re
from pathlib import Path

import pytest

from benchmarks import consoles
from dsbench.formats.perf.windows import Windows
from dsbench.formats.telemetry import Series, throttling
from dsbench.judge.run import telemetry

ROWS = (
    (0.0, 3.0, 0.0, None),
    (0.5, 0.0, 0.0, 10.0),
    (1.0, 90.0, 4.0, 20.0),
    (1.5, 100.0, 0x44, None),
    (2.0, 98.0, 1.0, 40.0),
    (2.5, 7.0, 8.0, 50.0),
)
SERIES = Series(("a GPU",), ("seconds", "nvdec_pct", "throttle_reasons", "cpu_pct"), ROWS)


def windows(*at_s: float, interval_s: int = 2) -> Windows:
    return Windows(interval_s, 1, at_s, tuple((30.0,) for _ in at_s))


def test_only_the_window_counts() -> None:
    summary = telemetry.summarise(SERIES, (1.0, 2.0))
    assert summary.samples == 3
    nvdec = summary.of("nvdec_pct")
    assert nvdec is not None
    assert (nvdec.mean, nvdec.smallest, nvdec.largest, nvdec.samples) == (96.0, 90.0, 100.0, 3)
    assert nvdec.p95 == pytest.approx(99.8)
    cpu = summary.of("cpu_pct")
    assert cpu is not None
    assert (cpu.mean, cpu.samples) == (30.0, 2), "a gap is no zero"
    assert summary.of("seconds") is None
    assert summary.before_run("nvdec_pct") == 3.0
    assert summary.before_run("cpu_pct") is None


def test_throttle_reasons_by_their_share_of_the_samples() -> None:
    summary = telemetry.summarise(SERIES, (0.1, 2.5))
    assert summary.throttled is not None
    assert [(one.reason, one.fraction) for one in summary.throttled] == [
        ("SwPowerCap", 0.4),
        ("HwThermalSlowdown", 0.2),
        ("HwSlowdown", 0.2),
    ]
    assert telemetry.summarise(SERIES, (0.1, 0.6)).throttled == ()
    assert telemetry.summarise(Series((), ("seconds",), ((0.0,), (1.0,))), (0, 2)).throttled is None


def test_idling_and_the_user_s_clocks_are_no_throttling() -> None:
    assert throttling(0x1 | 0x2 | 0x100) == ()
    assert throttling(0x80 | 0x20 | 0x10) == ("SyncBoost", "SwThermalSlowdown", "HwPowerBrakeSlowdown")
    assert throttling(0x4000) == ("unknown (0x4000)",)


def test_the_row_before_the_run_never_counts() -> None:
    assert telemetry.summarise(SERIES, (0.0, 0.4)).samples == 0
    assert telemetry.summarise(Series((), ("seconds",), ()), (0.0, 9.0)).samples == 0


def test_the_window_is_that_of_the_last_ten_perf_rows() -> None:
    assert telemetry.measured_window(windows(*(2.1 * n for n in range(1, 16)))) == (5 * 2.1, 15 * 2.1)
    assert telemetry.measured_window(windows(2.1, 4.1)) == (pytest.approx(0.1), 4.1)
    assert telemetry.measured_window(windows(1.5)) == (0.0, 1.5), "the app's first row may come early"
    assert telemetry.measured_window(windows()) is None


@pytest.mark.parametrize(("name", "nvdec"), [("decode_n1_720p", 14), ("decode_n8_720p", 99), ("decode_n64_720p", 100)])
def test_a_real_decode_only_run(shared: Path, name: str, nvdec: int) -> None:
    """NVML at 5 Hz beside deepstream-app's console on an H100: NVDEC once all streams have started."""
    folder = shared / "gold" / "nvml" / name
    if not folder.is_dir():
        pytest.skip(f"no recordings at {folder}")
    columns = {"t_rel": "seconds", "sm_util": "sm_pct", "dec_util": "nvdec_pct", "event_reasons": "throttle_reasons"}
    with open(folder / "nvml.csv", newline="") as file:
        rows = [[row[key] for key in columns] for row in csv.DictReader(file)]
    found = [[float(int(cell, 0)) if cell.startswith("0x") else float(cell) for cell in row] for row in rows]
    series = Series(("H100",), tuple(columns.values()), tuple(map(tuple, found)))
    streams = int(re.search(r"_n(\d+)_", name)[1])  # type: ignore[index]
    lines = (folder / "console_ts.tsv").read_text().splitlines()
    seen = [
        (float(line.split("\t")[1]), row.fps)
        for line in lines
        for row in consoles.rows([line.split("\t", 2)[-1]])
        if len(row.fps) == streams
    ]
    run = Windows(2, streams, tuple(at for at, _ in seen), tuple(fps for _, fps in seen))
    steady = next(number for number, row in enumerate(run.fps) if all(row)) + 1
    window = telemetry.measured_window(run, len(run.fps) - steady)
    assert window is not None
    summary = telemetry.summarise(series, window)
    decoder = summary.of("nvdec_pct")
    assert decoder is not None
    assert decoder.mean == pytest.approx(nvdec, abs=1.5)
    assert decoder.samples >= 40
    assert summary.throttled == ()
