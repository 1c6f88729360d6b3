"""What a reviewer reads about GPU and CPU during a run."""

from __future__ import annotations

from xml.etree import ElementTree

from dsbench.formats.perf.windows import Windows
from dsbench.formats.telemetry import OtherProcess, Series
from dsbench.record.evidence import Evidence, EvidenceLog
from dsbench.report import charts
from dsbench.steps.rows import telemetry_rows

WINDOWS = Windows(1, 2, (1.0, 2.0, 3.0), ((30.0, 30.0),) * 3)
COLUMNS = ("seconds", "sm_pct", "nvdec_pct", "gpu_power_w", "throttle_reasons", "cpu_pct")


def evidence(series: Series, windows: Windows = WINDOWS) -> Evidence:
    log = EvidenceLog("run1_calibration", "net", "key", "deepstream")
    telemetry_rows.add_run(log, "Run 1, 2 streams", series, windows)
    return log.snapshot()


def gpu_series(samples: int = 6, **others: object) -> Series:
    rows = [(0.0, 0, 0, 70.0, 1, 1.0)]
    rows += [(0.5 * n, 15, 98 if n % 2 else 100, 150.5, 4 if n == 6 else 0, 20.0) for n in range(1, samples + 1)]
    return Series(("NVIDIA H100 (NVML's GPU 0)", "a CPU"), COLUMNS, tuple(rows), **others)  # type: ignore[arg-type]


def test_plain_sentences() -> None:
    facts = {fact.name: fact.value for fact in evidence(gpu_series()).facts}
    assert facts == {
        "Run 1, 2 streams: NVDEC utilisation": "mean 99 %, max 100 %",
        "Run 1, 2 streams: SM utilisation": "mean 15 %, max 15 %",
        "Run 1, 2 streams: GPU power": "mean 150.5 W, max 150.5 W",
        "Run 1, 2 streams: CPU utilisation, all cores of the machine": "mean 20.0 %, max 20.0 %",
        "Run 1, 2 streams: throttle reasons": "SwPowerCap in 17 % of the samples",
    }


def test_the_table_has_every_column_and_the_machine_before_the_run() -> None:
    table = evidence(gpu_series()).tables[0]
    assert table.title == "Run 1, 2 streams: load from 0.0 to 3.0 s, NVIDIA H100 (NVML's GPU 0), a CPU"
    assert ("GPU power", "150.5 W", "150.5 W", "150.5 W", "150.5 W", "70.0 W") in table.rows
    assert len(table.rows) == 4


def test_the_loads_are_drawn() -> None:
    table = evidence(gpu_series()).tables[1]
    assert table.columns == ("seconds", "SM", "NVDEC", "CPU, all cores")
    series = charts.series_of(table)
    assert series is not None
    assert series.unit == "%"
    svg = charts.draw.fps_over_time(series, None)
    texts = [element.text for element in ElementTree.fromstring(svg).iter("{http://www.w3.org/2000/svg}text")]
    assert {"— SM", "— NVDEC", "— CPU, all cores", "%"} <= set(texts)
    assert not any(text and text.startswith("target") for text in texts)
    assert charts.svg_of(table, 30.0)


def test_a_gap_in_a_series_is_drawn_as_one() -> None:
    rows = ((0.0, 1.0), (0.5, 10.0), (1.0, None), (1.5, 30.0))
    table = evidence(Series(("a CPU",), ("seconds", "cpu_pct"), rows)).tables[1]
    assert [row[1] for row in table.rows] == ["10.0", "", "30.0"]
    assert charts.svg_of(table, 30.0)


def test_a_long_run_is_thinned_to_what_a_chart_can_show() -> None:
    rows = telemetry_rows.thinned([(float(n), 2.0 * n, None) for n in range(100)])
    assert len(rows) == 50
    assert rows[0] == (0.5, 1.0, None)
    assert telemetry_rows.thinned([]) == []


def test_who_else_was_on_the_gpu() -> None:
    others = (OtherProcess(7, "python3", 700.2, True), OtherProcess(8, "", None, False))
    named = [fact for fact in evidence(gpu_series(processes=others)).facts if "another process" in fact.name]
    assert [(fact.value, fact.origin) for fact in named] == [
        ("python3 (pid 7), 700 MiB", "running before the app started"),
        ("pid 8, name not available, memory not reported", "started during the run"),
    ]


def test_notes_come_also_without_a_window() -> None:
    found = evidence(gpu_series(notes=("NVML lost the GPU",)), Windows(1, 2, (), ()))
    assert found.notes == ("Run 1, 2 streams: NVML lost the GPU",)
    assert (found.facts, found.tables) == ((), ())


def test_a_window_without_a_sample_says_so() -> None:
    found = evidence(gpu_series(2), Windows(1, 2, (90.0,), ((30.0, 30.0),)))
    assert found.notes == ("Run 1, 2 streams: no GPU or CPU sample lies within the windows that the figures cover",)
