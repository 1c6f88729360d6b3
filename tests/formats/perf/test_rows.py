"""``**PERF:`` rows in a console that other threads write to as well."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks import consoles
from dsbench.formats.perf.rows import RowReader
from dsbench.formats.perf.stream0 import stream0_values

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
    (row,) = consoles.rows([line])
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
    assert list(consoles.rows([line])) == []


def test_nan_is_kept_for_the_judge() -> None:
    (row,) = consoles.rows(["**PERF:  -nan (-nan)\t\n"])
    assert row.fps[0] != row.fps[0]


def test_rows_know_header_and_instance() -> None:
    rows = list(
        consoles.rows(["\n", HEADER, "**PERF:  1.00 (1.00)\t\n", "PERF(2): 1,00 (1.00)\t2.00 (2.00)\t\n", "x\n"])
    )
    assert [(row.instance, row.streams, row.complete) for row in rows] == [
        (0, 2, False),
        (2, 2, True),
    ]


@pytest.mark.parametrize(
    ("lines", "fps", "repaired"),
    [
        # a message between two pairs, the rest at the beginning of the next line
        (["**PERF:  1.00 (1.00)\t(app:7): WARNING **: x\n", "2.00 (2.00)\t\n"], [(1.0, 2.0)], [True]),
        (["**PERF:  1.00 (1.00)\t\n", "(app:7): WARNING **: x\n", "\n", "2.00 (2.00)\t\n"], [(1.0, 2.0)], [True]),
        (["**PERF:  (app:7): WARNING **: x\n", "1.00 (1.00)\t2.00 (2.00)\t\n"], [(1.0, 2.0)], [True]),
        # the rest, then another row on the same line
        (
            ["**PERF:  1.00 (1.00)\tnoise\n", "2.00 (2.00)\t**PERF:  3.00 (1.00)\t4.00 (1.00)\t\n"],
            [(1.0, 2.0), (3.0, 4.0)],
            [True, False],
        ),
        # glued: the newline of the first row is missing
        (
            ["**PERF:  1.00 (1.00)\t2.00 (2.00)\t**PERF:  3.00 (1.00)\t4.00 (1.00)\t\n"],
            [(1.0, 2.0), (3.0, 4.0)],
            [False, False],
        ),
        # in the middle of a message: is it 2.00, or a 1 of the message and 2.00? Not guessed
        (["**PERF:  1.00 (1.00)\t\n", "(app:7): <decoder12.00 (2.00)\t:sink>\n"], [(1.0,)], [False]),
        # not as the app ends a pair
        (["**PERF:  1.00 (1.00)\t\n", "2.00 (2.00) in 3 s\n"], [(1.0,)], [False]),
        # the rest never comes, the next row is whole
        (
            ["**PERF:  1.00 (1.00)\tnoise\n", "noise\n", "**PERF:  3.00 (1.00)\t4.00 (1.00)\t\n"],
            [(1.0,), (3.0, 4.0)],
            [False, False],
        ),
        # cut within a number: is it 2.00, or 32.00? Not guessed
        (["**PERF:  1.00 (1.00)\t3\n", "(app:7): WARNING **: x\n", "2.00 (2.00)\t\n"], [(1.0,)], [False]),
        (["**PERF:  1.00 (1.00)\t3.00 (1\n", "2.00 (2.00)\t\n"], [(1.0,)], [False]),
        # a message that begins with digits is no number
        (["**PERF:  1.00 (1.00)\t0:00:09.1 77 WARN x\n", "2.00 (2.00)\t\n"], [(1.0, 2.0)], [True]),
        # too late: another text that happens to look like it
        (["**PERF:  1.00 (1.00)\tnoise\n", *["noise\n"] * 40, "2.00 (2.00)\t\n"], [(1.0,)], [False]),
    ],
)
def test_a_row_that_messages_cut(lines: list[str], fps: list[tuple[float, ...]], repaired: list[bool]) -> None:
    found = list(consoles.rows([HEADER, *lines]))
    assert [row.fps for row in found] == fps
    assert [row.repaired for row in found] == repaired
    assert [row.complete for row in found] == [len(row) == 2 for row in fps]


def test_a_row_of_which_nothing_is_left_is_counted() -> None:
    reader = RowReader(1)
    for line in ("**PERF:  \n", "noise\n", "**PERF:  3.00 (1.00)\t\n", "**PERF:  24.5"):
        list(reader.feed(line))
    assert list(reader.finish()) == []
    assert reader.lost == 2


def test_a_header_that_a_message_cut_still_says_how_many_streams_there_are() -> None:
    cut = [
        "**PERF:  FPS 0 (Avg)\t(app:7): WARNING\n",
        "FPS 1 (Avg)\tFPS 2 (Avg)\t\n",
        "**PERF:  1.00 (1.00)\t2.00 (1.00)\t\n",
    ]
    (row,) = consoles.rows(cut)
    assert (row.streams, row.complete) == (3, False)


def test_rows_of_several_configurations_have_their_own_lengths() -> None:
    lines = [
        HEADER,
        "PERF(0): 1.00 (1.00)\t2.00 (1.00)\t\n",
        "PERF(1): 3.00 (1.00)\t\n",
        "\x1b[32mPERF(0): 1.50 (1.00)\t(app:7): WARNING\n",
        "2.50 (1.00)\t\x1b[0m\n",
        "PERF(1): 3.50 (1.00)\t\n",
    ]
    found = [(row.instance, row.fps, row.complete) for row in consoles.rows(lines)]
    assert found == [(0, (1.0, 2.0), True), (1, (3.0,), True), (0, (1.5, 2.5), True), (1, (3.5,), True)]


def test_sources_that_come_and_go_have_their_pairs_on_the_next_line_with_a_name() -> None:
    lines = [
        "Active sources : 2\n",
        "\n",
        "**PERF:  FPS 0 (Avg)\tFPS 3 (Avg)\t\n",
        "Tue Nov  5 05:28:52 2024\n",
        "**PERF:  \n",
        "cam-1[front door] 30.02 (29.83)\tcam-3[] 24.98 (25.01)\t\n",
    ]
    (row,) = consoles.rows(lines)
    assert (row.fps, row.complete) == ((30.02, 24.98), True)


@pytest.mark.parametrize("end", ["\r\n", "^C** ERROR: <_intr_handler:131>: User Interrupted.. \n"])
def test_other_ends_of_a_row(end: str) -> None:
    (row,) = consoles.rows([f"**PERF:  24.50 (36.57)\t{end}"])
    assert row.fps == (24.5,)


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
    found = list(consoles.rows(consoles.lines(path)))
    assert {row.streams for row in found} == {streams}
    assert [row.fps[0] for row in found] == list(stream0_values(path))
    assert (len(found), found[-1].fps[0]) == (rows, last)


def test_a_recorded_row_of_fifteen_pairs_for_sixteen_streams(shared: Path) -> None:
    path = shared / "gold/perf_decode/retail_1080p_n16/console.log"
    if not path.exists():
        pytest.skip("no recording")
    assert [len(row.fps) for row in consoles.rows(consoles.lines(path)) if not row.complete] == [15]


def test_every_recorded_console_gives_whole_rows(shared: Path) -> None:
    folders = ("perf_decode", "perf_infer", "misc", "nvml", "latency")
    recorded = [console for folder in folders for console in sorted((shared / "gold" / folder).glob("*/console.log"))]
    if not recorded:
        pytest.skip("no recordings")
    short = {}
    for console in recorded:
        reader = RowReader()
        found = list(consoles.rows(consoles.lines(console), reader))
        text = console.read_text(errors="replace")
        assert len(found) + reader.lost == text.count("**PERF:") - text.count("**PERF:  FPS"), console
        if broken := [len(row.fps) for row in found if not row.complete]:
            short[console.parent.name] = broken
    assert short == {"retail_1080p_n16": [15]}
