"""Round trips of the formats that dsbench or its app writes, and texts with the structure of a format."""

from __future__ import annotations

import itertools
import math
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dsbench.base import numbers
from dsbench.base.errors import DsbenchError
from dsbench.formats import keyfile, kitti, labels, latency, nvinfer
from dsbench.formats.app import config as app
from dsbench.formats.app import keys as app_keys
from dsbench.formats.float32 import float32
from dsbench.formats.nvinfer.keys import CLASS_KEYS, PROPERTY_KEYS
from dsbench.formats.perf.rows import RowReader
from dsbench.formats.perf.windows import Collector
from dsbench.judge.lint import lint_alone, lint_app
from dsbench.model import settings

FLOAT32 = st.floats(width=32)
RATES = st.integers(0, 99_999_999).map(lambda hundredths: hundredths / 100)
ROWS = st.integers(1, 5).flatmap(
    lambda streams: st.lists(st.lists(st.tuples(RATES, RATES), min_size=streams, max_size=streams), min_size=1)
)
"""Rows of pairs, the same number in each."""
NOISE = st.sampled_from(
    ("", "0:00:01.2 12 0x5 WARN nvinfer gstnvinfer.cpp:1:<gie> a text", "12", "**", "\x1b[31mred\x1b[0m")
)
WORDS = st.text(st.characters(codec="utf-8", exclude_categories=["C", "Z"]), min_size=1, max_size=12)
ODD = st.sampled_from(
    ("nan", "-inf", "1e400", "-1", "0x10", "9" * 5000, "29,97", "1_000", "٣", "", ";", "a # b", "1;2;", "%s", "true")
)
VALUES = st.one_of(ODD, st.integers().map(str), st.floats().map(str), st.text(max_size=20))


def row_line(row: list[tuple[float, float]]) -> str:
    return "**PERF:  " + "".join(f"{fps:.2f} ({avg:.2f})\t" for fps, avg in row) + "\n"


@given(ROWS, st.lists(NOISE, max_size=5))
def test_perf_rows_are_read_as_they_were_written(rows: list[list[tuple[float, float]]], noise: list[str]) -> None:
    reader = RowReader(len(rows[0]))
    lines = [text for row in rows for text in (row_line(row), *(f"{line}\n" for line in noise))]
    found = [one for line in lines for one in reader.feed(line)] + list(reader.finish())
    assert [list(zip(one.fps, one.avg, strict=True)) for one in found] == rows
    assert reader.lost == 0


@given(ROWS, st.lists(NOISE, max_size=3), st.lists(st.integers(0, 400), max_size=5), st.lists(st.integers(0, 400)))
def test_blocks_of_a_console_give_what_its_lines_give(
    rows: list[list[tuple[float, float]]], noise: list[str], cuts: list[int], breaks: list[int]
) -> None:
    text = "".join(row_line(row) + "".join(f"{line}\n" for line in noise) for row in rows)
    for at in breaks:
        text = f"{text[:at]}WARN\n{text[at:]}"
    of_lines, of_blocks = Collector(len(rows[0]), 1), Collector(len(rows[0]), 1)
    lines = text.splitlines(keepends=True)
    for line in lines:
        of_lines.feed(line, 0.0)
    edges = [0, *sorted(cuts), len(lines)]
    for start, end in itertools.pairwise(edges):
        of_blocks.feed_block("".join(lines[start:end]).encode(), 0.0)
    of_lines.finish(0.0)
    of_blocks.finish(0.0)
    assert of_blocks.windows() == of_lines.windows()


@given(st.text(st.characters(exclude_characters="\n"), max_size=40), *[FLOAT32] * 5)
def test_an_object_is_read_as_it_was_written(
    label: str, left: float, top: float, right: float, bottom: float, confidence: float
) -> None:
    one = kitti.KittiObject(label, left, top, right, bottom, confidence)
    (again,) = kitti.parse(kitti.format_line(one) + "\n")
    assert again.label == label
    for name in ("left", "top", "right", "bottom", "confidence"):
        wrote, read = getattr(one, name), getattr(again, name)
        assert math.isnan(read) if math.isnan(wrote) else read == wrote or abs(read - wrote) <= 5.1e-7


@given(st.lists(st.tuples(st.integers(0, 200), st.integers(0, 10**9), st.integers(0, 10**9)), max_size=20))
def test_latencies_are_read_as_they_were_written(frames: list[tuple[int, int, int]]) -> None:
    lines = [latency.frame_line(source, frame, micro / 1000) for source, frame, micro in frames]
    found = latency.read(["**PERF:  1.00 (1.00)\t", *lines])
    assert (found.count, found.broken) == (len(frames), 0)
    for source in found.frames:
        assert list(found.frames[source]) == pytest.approx([micro / 1000 for one, _, micro in frames if one == source])


@given(st.integers())
def test_whole_numbers(number: int) -> None:
    assert numbers.whole(str(number)) == number or abs(number) >= numbers.HUGE
    if -(2**31) <= number < 2**31:
        assert keyfile.as_int(str(number)) == number
    else:
        with pytest.raises(DsbenchError):
            keyfile.as_int(str(number))


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_decimal_numbers(number: float) -> None:
    assert numbers.decimal(repr(number)) == keyfile.as_double(repr(number)) == number


@given(st.text())
def test_other_texts_are_no_numbers_and_no_failure(text: str) -> None:
    for read in (numbers.whole, numbers.decimal, keyfile.as_int, keyfile.as_double, keyfile.as_bool):
        with suppress(ValueError, DsbenchError):
            read(text)


@given(st.dictionaries(st.from_regex(r"[a-z][a-z0-9-]{0,9}", fullmatch=True), st.dictionaries(WORDS, VALUES)))
def test_any_key_and_value(groups: dict[str, dict[str, str]]) -> None:
    text = "".join(
        f"[{name}]\n" + "".join(f"{key}={value}\n" for key, value in keys.items()) for name, keys in groups.items()
    )
    with suppress(DsbenchError):
        keyfile.parse(text)


@given(
    st.dictionaries(
        st.from_regex(r"[a-z][a-z0-9-]{0,9}", fullmatch=True),
        st.dictionaries(st.from_regex(r"[a-z-]{1,9}", fullmatch=True), WORDS),
    )
)
def test_a_keyfile_is_read_as_it_was_written(groups: dict[str, dict[str, str]]) -> None:
    text = "".join(
        f"[{name}]\n" + "".join(f"{key}={value}\n" for key, value in keys.items()) for name, keys in groups.items()
    )
    found = keyfile.parse(text)
    assert {group.name: {entry.key: entry.value for entry in group.entries} for group in found.groups} == groups


@given(st.lists(WORDS.filter(lambda name: ";" not in name and not name.startswith("\ufeff")), min_size=1))
def test_labels_are_read_as_they_were_written(tmp_path: Path, names: list[str]) -> None:
    (tmp_path / "labels.txt").write_text("".join(f"{name}\n" for name in names), encoding="utf-8")
    assert list(labels.read(tmp_path / "labels.txt").names) == names


@given(
    st.dictionaries(st.sampled_from([key.name for key in PROPERTY_KEYS]), VALUES, max_size=8),
    st.dictionaries(st.sampled_from([key.name for key in CLASS_KEYS]), VALUES, max_size=4),
)
def test_values_of_an_nvinfer_config(tmp_path: Path, keys: dict[str, str], of_classes: dict[str, str]) -> None:
    lines = ["[property]", *map("=".join, keys.items()), "[class-attrs-all]", *map("=".join, of_classes.items())]
    path = tmp_path / "nvinfer.txt"
    path.write_bytes("\n".join(lines).encode("utf-8", "surrogatepass"))
    with suppress(DsbenchError):
        lint_alone(path)
    with suppress(DsbenchError):
        for _, attrs in (config := nvinfer.load(path)).class_attrs:
            assert attrs.nms_iou_threshold == float32(attrs.nms_iou_threshold)
        assert config.batch_size >= 1


TABLES_OF_THE_APP = (
    *(("application", app_keys.APPLICATION), ("tests", app_keys.TESTS), ("source0", app_keys.SOURCE)),
    *(("streammux", app_keys.STREAMMUX), ("osd", app_keys.OSD), ("tiled-display", app_keys.TILED_DISPLAY)),
    *(("primary-gie", app_keys.GIE), ("sink0", app_keys.SINK), ("source-list", app_keys.SOURCE_LIST)),
)
APP_ENTRY = st.sampled_from([(group, key.name) for group, table in TABLES_OF_THE_APP for key in table.keys])


@given(st.dictionaries(APP_ENTRY, VALUES, max_size=12))
def test_values_of_an_app_config(tmp_path: Path, entries: dict[tuple[str, str], str]) -> None:
    groups = dict.fromkeys(group for group, _ in entries)
    lines = [
        f"[{group}]\nenable=1\n" + "".join(f"{k}={v}\n" for (of, k), v in entries.items() if of == group)
        for group in groups
    ]
    path = tmp_path / "app.txt"
    path.write_bytes("".join(lines).encode("utf-8", "surrogatepass"))
    with suppress(DsbenchError):
        lint_app(path)
    with suppress(DsbenchError):
        app.load(path)


TOML = st.one_of(
    *(st.integers().map(str), st.floats().map(str), st.booleans().map(lambda value: str(value).lower())),
    *(
        WORDS.map(lambda word: f"'{word}'".replace("'", '"')),
        st.lists(st.integers().map(str)).map(lambda items: f"[{', '.join(items)}]"),
    ),
    st.sampled_from(("{}", "[[]]", "1979-05-27", "{a = 1}", "inf", "nan", "[1.5, 'a']")),
)
SETTING = st.sampled_from([(table, name) for table, readers in settings.TABLES.items() for name in readers])


@given(st.dictionaries(SETTING, TOML, max_size=8))
def test_values_of_the_settings(tmp_path: Path, entries: dict[tuple[str, str], str]) -> None:
    lines: list[str] = []
    for table in sorted({table for table, _ in entries}):
        lines += [f"[{table}]"] if table else []
        lines += [f"{name} = {value}" for (of, name), value in entries.items() if of == table]
    (tmp_path / "dsbench.toml").write_text("\n".join(lines), encoding="utf-8")
    with suppress(DsbenchError):
        settings.load(tmp_path / "dsbench.toml")
