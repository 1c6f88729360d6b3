"""DeepStream's latency lines: read as recorded, whatever comes in between, and written as they are read."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from dsbench.base.errors import Code, DsbenchError
from dsbench.formats import latency as latency_log

ROW = "**PERF:  30.00 (30.00)\t30.00 (30.00)\t\n"
COMPONENTS = (
    "Comp name = nvv4l2decoder0 in_system_timestamp = 1795390048783.000000 "
    "out_system_timestamp = 1795390049036.370117               component latency= 253.370117\n"
    "Comp name = nvstreammux-src_bin_muxer source_id = 0 pad_index = 0 frame_num = 244               "
    "in_system_timestamp = 1795390049027.456055 out_system_timestamp = 1795390049036.370117               "
    "component_latency = 8.914062\n"
)


def lines(text: str) -> list[str]:
    return text.splitlines(keepends=True)


def test_frames_by_source_and_components_by_name() -> None:
    text = "\n************BATCH-NUM = 244**************\n" + COMPONENTS
    text += "Source id = 0 Frame_num = 244 Frame latency = 463.717041 (ms) \n"
    text += "Source id = 3 Frame_num = 244 Frame latency = 9.000000 (ms) \n"
    log = latency_log.read(lines(ROW + text + text))
    assert {source: list(values) for source, values in log.frames.items()} == {0: [463.717041] * 2, 3: [9.0] * 2}
    assert {name: list(values) for name, values in log.components.items()} == {
        "nvv4l2decoder0": [253.370117] * 2,
        "nvstreammux-src_bin_muxer": [8.914062] * 2,
    }
    assert (log.count, log.start_up, log.broken) == (4, 0, 0)


def test_start_up_ends_with_the_first_row_in_which_every_stream_has_frames() -> None:
    frame = "Source id = 0 Frame_num = {} Frame latency = {}.000000 (ms) \n"
    header, half = "**PERF:  FPS 0 (Avg)\tFPS 1 (Avg)\t\n", "**PERF:  12.00 (12.00)\t0.00 (0.00)\t\n"
    text = (
        frame.format(0, 900) + header + frame.format(1, 800) + half + frame.format(2, 700) + ROW + frame.format(3, 40)
    )
    log = latency_log.read(lines(text))
    assert list(log.frames[0]) == [40.0]
    assert log.start_up == 3
    everything = latency_log.read(lines(ROW + text))
    assert list(everything.frames[0]) == [900.0, 800.0, 700.0, 40.0]


@pytest.mark.parametrize("header", ["", "**PERF:  FPS 0 (Avg)\tFPS 1 (Avg)\t\n"])
def test_a_row_that_other_output_cut_ends_no_start_up(header: str) -> None:
    frame = "Source id = 0 Frame_num = {} Frame latency = {}.000000 (ms) \n"
    cut = "**PERF:  3.00 (1.00)\t(app) WARNING\n"
    lost = header + cut + frame.format(0, 900) + "**PERF:  4.00 (2.00)\tNOTE\nmore\n"
    text = lost + cut + "0.00 (0.00)\t\n" + frame.format(1, 800) + ROW + frame.format(2, 40)
    log = latency_log.read(lines(text), streams=2)
    assert list(log.frames[0]) == [40.0]
    assert log.start_up == 2


def test_a_row_put_together_again_ends_it() -> None:
    frame = "Source id = 0 Frame_num = {} Frame latency = {}.000000 (ms) \n"
    text = frame.format(0, 900) + "**PERF:  3.00 (1.00)\t(app) WARNING\n2.00 (1.00)\t\n" + frame.format(1, 40)
    assert list(latency_log.read(lines(text), streams=2).frames[0]) == [40.0]


def test_other_output_in_between() -> None:
    text = ROW + (
        "Source id = 0 Frame_num = 1 Frame latency = 41.5 (ms) Source id = 0 Frame_num = 2 Frame latency = 42.5 (ms) \n"
        "0:00:01.2 WARN nvinfer <primary_gie>Source id = 0 Frame_num = 3 Frame latency = 43.5 (ms) \n"
        "Source id = 0 Frame_num = 4 Frame latency = 44\n"
        "Source id = 0 Frame_num = 5 Frame laten\n"
        "Source id = 0 Frame_num = 6 Frame latency = nan (ms) \n"
        "the latency of the network is unknown\n"
        "Comp name = nvv4l2decoder0 in_system_timestamp = 1 component latency= 2.5.1\n"
    )
    log = latency_log.read(lines(text))
    assert list(log.frames[0]) == [41.5, 42.5, 43.5]
    assert log.broken == 2
    assert not log.components


def test_what_is_written_is_read() -> None:
    text = f"{ROW}{latency_log.batch_line(7)}\n{latency_log.frame_line(2, 99, 12.3456789)}\n"
    assert (
        "\n\n************BATCH-NUM = 7**************\nSource id = 2 Frame_num = 99 Frame latency = 12.345679 (ms) \n"
        in text
    )
    assert {source: list(values) for source, values in latency_log.read(lines(text)).frames.items()} == {2: [12.345679]}


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(DsbenchError) as caught:
        latency_log.load(tmp_path / "no.log")
    assert caught.value.code == Code.LATENCY_PARSE


GOLD = Path(os.environ.get("DSBENCH_GOLD", "/nowhere")) / "latency"


@pytest.mark.skipif(not GOLD.is_dir(), reason="DSBENCH_GOLD names no recordings")
def test_every_line_of_the_recordings_is_read() -> None:
    for console in GOLD.glob("*/console.log"):
        text = console.read_text(errors="replace")
        log = latency_log.read(lines(text))
        assert log.count + log.start_up == text.count("Frame latency =") > 0
        assert log.broken == 0
        assert set(log.frames) <= {0}
