"""``**PERF:`` rows in a console that other threads write to as well."""

from __future__ import annotations

from pathlib import Path

import pytest

from dsbench.errors import Code, DsbenchError
from dsbench.formats import perf_log

HEADER = "**PERF:  FPS 0 (Avg)\tFPS 1 (Avg)\t\n"


@pytest.mark.parametrize(
    ("line", "fps", "avg"),
    [
        ("**PERF:  24.50 (36.57)\t24.00 (35.82)\t\n", (24.5, 24.0), (36.57, 35.82)),
        ("**PERF:  24.50 (36.57)\n", (24.5,), (36.57,)),
        ("PERF(1): 24.50 (36.57)\t\n", (24.5,), (36.57,)),
        ("\x1b[32m**PERF:  24.50 (36.57)\t\x1b[0m\n", (24.5,), (36.57,)),
        ("**PERF:  24.50 \x1b[1m(36.57)\t\n", (24.5,), (36.57,)),
        ("0:00:01.5 \0noise**PERF:  24.50 (36.57)\t\n", (24.5,), (36.57,)),
        ("**PERF:  1.0**PERF:  24.50 (36.57)\t\n", (24.5,), (36.57,)),  # broken, then whole
        ("**PERF:  24.50 (36.57)\t24.00 (35.8INFO: nvinfer\n", (24.5,), (36.57,)),
        ("**PERF:  24.50 (36.57)\tWARN x 24.00 (35.82)\n", (24.5,), (36.57,)),
        ("**PERF:  inf (0.00)\t\n", (float("inf"),), (0.0,)),
        ("**PERF:  24,50 (36,57)\t24,00 (35,82)\t\n", (24.5, 24.0), (36.57, 35.82)),
    ],
)
def test_a_row(line: str, fps: tuple[float, ...], avg: tuple[float, ...]) -> None:
    (row,) = perf_log.iter_rows([line])
    assert (row.fps, row.avg) == (fps, avg)


@pytest.mark.parametrize(
    "line",
    [
        HEADER,
        "**PERF:  \n",
        "**PERF:  24.5",
        "**PERF:  24.50 (36.",
        "PERF\n",
        "fps 24.50 (36.57)\n",
        "",
        "**PERF:  FPS 0 (A",
    ],
)
def test_no_row(line: str) -> None:
    assert list(perf_log.iter_rows([line])) == []


def test_nan_is_kept_for_the_judge() -> None:
    (row,) = perf_log.iter_rows(["**PERF:  -nan (-nan)\t\n"])
    assert row.fps[0] != row.fps[0]


def test_rows_know_header_instance_line_and_locale() -> None:
    rows = list(
        perf_log.iter_rows(["\n", HEADER, "**PERF:  1.00 (1.00)\t\n", "PERF(2): 1,00 (1.00)\t2.00 (2.00)\t\n", "x\n"])
    )
    assert [(row.line, row.instance, row.streams, row.complete, row.comma) for row in rows] == [
        (3, 0, 2, False, False),
        (4, 2, 2, True, True),
    ]


def test_stream0_values_are_what_the_specifications_grep_prints(tmp_path: Path) -> None:
    log = tmp_path / "log"
    log.write_text(
        f"{HEADER}**PERF:  24.50 (36.57)\t24.00 (35.82)\t\n**PERF:  \n30.00 (1.00)\n**PERF:\t0.00 (0.00)\n"
        "PERF(0): 7.00 (7.00)\n**PERF:  nan (nan)\n**PERF:  inf (0.00)\nx**PERF:8.00**PERF: 9.\n**PERF:  12"
    )
    assert list(perf_log.stream0_values(log)) == [24.5, 0.0, 8.0, 9.0, 12.0]


def test_a_log_without_newlines_is_read_in_pieces(tmp_path: Path) -> None:
    log = tmp_path / "log"
    log.write_bytes(b"\xff\0" * 3_000_000 + b"\n**PERF:  24.50 (36.57)\t\n")
    assert [row.fps for row in perf_log.rows(log)] == [(24.5,)]


def test_a_missing_log(tmp_path: Path) -> None:
    with pytest.raises(DsbenchError) as caught:
        list(perf_log.stream0_values(tmp_path / "no.log"))
    assert caught.value.code is Code.PERF_LOG_INVALID


@pytest.mark.parametrize(
    ("log", "streams", "rows", "last"),
    [
        ("gold/misc/n128/console.log", 128, 8, 76.0),
        ("gold/misc/sigint/console.log", 2, 3, 1370.0),
        ("gold/perf_decode/pbc720_n64/console.log", 64, 10, 151.5),
        ("gold/perf_infer/n4/console.log", 4, 9, 38.0),
        ("gold/nvml/decode_n8_720p/console_ts.tsv", 8, 7, 1209.0),
        ("data/logs/perf/ds71_orin_1stream_ctrl_c.log", 1, 6, 59.98),
        ("data/logs/perf/stuck_at_zero_dsyolo_issue285.log", 1, 11, 0.0),
    ],
)
def test_recorded_logs(shared: Path, log: str, streams: int, rows: int, last: float) -> None:
    path = shared / log
    if not path.exists():
        pytest.skip(f"no {log}")
    found = list(perf_log.rows(path))
    assert {row.streams for row in found} == {streams}
    assert [row.fps[0] for row in found] == list(perf_log.stream0_values(path))
    assert (len(found), found[-1].fps[0]) == (rows, last)


def test_a_recorded_row_of_fifteen_pairs_for_sixteen_streams(shared: Path) -> None:
    path = shared / "gold/perf_decode/retail_1080p_n16/console.log"
    if not path.exists():
        pytest.skip("no recording")
    assert [len(row.fps) for row in perf_log.rows(path) if not row.complete] == [15]
