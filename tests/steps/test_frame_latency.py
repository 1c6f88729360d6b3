"""Latency of frames against a stand-in app that prints what DeepStream prints."""

from __future__ import annotations

import pytest

from dsbench.base.errors import Code, DsbenchError
from dsbench.steps import frame_latency
from dsbench.steps.frame_latency import FrameLatencyResult
from tests.steps.bench import Bench

ASKED = 'os.environ.get("NVDS_ENABLE_LATENCY_MEASUREMENT") == "1"'


def says(frames: int) -> str:
    """Latency lines of ``frames`` frames, if the environment requests them: 40 to 50 ms, shuffled."""
    line = 'f"Source id = 0 Frame_num = {n} Frame latency = {40 + (n * 7919 % 100) / 10:f} (ms) "'
    return f"{ASKED} and [out({line}) for n in range({frames})]"


def measured(bench: Bench, *rows: float | str, **options: str) -> FrameLatencyResult:
    model = bench.model((6, (21.0,) * 12), (4, rows), **options)
    bench.run1(model)
    bench.run2(model)
    return frame_latency.run(model, bench.log)


def test_frames_after_start_up_are_summarised(bench: Bench) -> None:
    result = measured(bench, says(7), 31.0, says(200), *((31.0,) * 11), latency="yes")
    assert result.summary is not None
    assert (result.summary.frames, result.summary.streams) == (200, 1)
    assert 44 < result.summary.mean < 46
    shown = bench.log.snapshot()
    assert shown.lines[-1].startswith("Latency at 4 streams: 200 frames of 1 stream: median 4")
    assert any(command.startswith("env NVDS_ENABLE_LATENCY_MEASUREMENT=1 ") for command in shown.commands)
    table = next(table for table in shown.tables if table.title == "Latency of a frame")
    assert [row[:2] for row in table.rows if row[1] == "not known"] == [("99", "not known"), ("99.9", "not known")]
    assert "7 frames before the first PERF row are left out: the app was still starting" in shown.notes
    assert any("with one sink deepstream-app reports source 0 only" in note for note in shown.notes)
    assert "ds_s4_latency.log" in bench.logs()
    config = (bench.layout.ds_dir / "deepstream_app_s4_latency.txt").read_text()
    assert "[primary-gie]\nenable=1" in config


@pytest.mark.parametrize(
    ("rows", "text"),
    [
        ((31.0, 31.0), "the app printed no frame's latency although NVDS_ENABLE_LATENCY_MEASUREMENT=1 was set"),
        (
            (f'{ASKED} or [out("**PERF:  " + "31.00 (1.00)\\t" * 4) for n in range(2)]', says(5)),
            "all 5 frames came before the first PERF row",
        ),
    ],
)
def test_no_latency_fails_the_step(bench: Bench, rows: tuple[float | str, ...], text: str) -> None:
    with pytest.raises(DsbenchError) as caught:
        measured(bench, *rows, latency="yes")
    assert caught.value.code == Code.LATENCY_PARSE
    assert text in caught.value.what


def test_without_the_option_nothing_is_run(bench: Bench) -> None:
    assert measured(bench, 31.0, 31.0).run is None
    facts = {fact.name: fact.value for fact in bench.log.snapshot().facts}
    assert facts["Latency"] == "not requested (--latency)"
    assert "ds_s4_latency.log" not in bench.logs()
