"""The small parts of the app: options, division of work, processors, KITTI text, console lines."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from dsbench.base.boxes import Boxes
from dsbench.base.errors import Code, DsbenchError
from dsbench.embedded import messages
from dsbench.embedded.app import command_line
from dsbench.embedded.app.kitti_sink import KittiSink, format_objects
from dsbench.embedded.app.plan import load_nvinfer
from dsbench.embedded.app.play import decodes_rounds_at_once, decoding_threads
from dsbench.embedded.app.workers import Division, divide, with_large_pages
from dsbench.embedded.protocol import DetectorSetup, PadJob, WorkerJob
from dsbench.formats.app import config as app_config


@pytest.mark.parametrize(
    ("words", "files", "uris"),
    [
        (["-c", "a.txt"], ["a.txt"], []),
        (["-ca.txt", "--cfg-file=b.txt", "--cfg-file", "c.txt"], ["a.txt", "b.txt", "c.txt"], []),
        (["-tc", "a.txt", "-i", "file:///x", "--input-uri=file:///y"], ["a.txt"], ["file:///x", "file:///y"]),
        (["--gst-debug=3", "--gst-debug", "2", "--gst-fatal-warnings", "word", "-c", "a"], ["a"], []),
        (["-c", "a", "--", "-c", "b"], ["a"], []),
    ],
)
def test_options(words: list[str], files: list[str], uris: list[str]) -> None:
    options = command_line.parse(words)
    assert (options.cfg_files, options.input_uris) == (files, uris)


@pytest.mark.parametrize(
    ("words", "text"),
    [
        (["--foo"], "Unknown option --foo"),
        (["-x"], "Unknown option -x"),
        (["-c"], "Missing argument for -c"),
        (["--cfg-file"], "Missing argument for --cfg-file"),
        (["--c=x"], "Unknown option --c"),
    ],
)
def test_options_that_are_wrong(words: list[str], text: str) -> None:
    with pytest.raises(command_line.OptionError) as caught:
        command_line.parse(words)
    assert str(caught.value) == text


@pytest.mark.parametrize(
    ("words", "action"),
    [(["-v"], "version"), (["--version-all"], "version-all"), (["-v", "-h"], "help"), (["--help-gst"], "help")],
)
def test_questions(words: list[str], action: str) -> None:
    assert command_line.parse(words).action == action


@pytest.mark.parametrize(
    ("sources", "cpus", "whole", "expected"),
    [
        (1, 2, False, (1, 2)),
        (2, 2, False, (2, 1)),
        (3, 2, False, (1, 2)),
        (6, 4, False, (2, 2)),
        (64, 16, False, (16, 1)),
        (4, 4, True, (1, 4)),
        (1, 64, False, (1, 16, 4)),
    ],
)
def test_shares_use_every_processor_equally(sources: int, cpus: int, whole: bool, expected: tuple[int, ...]) -> None:
    division = divide(sources, cpus, whole_batches=whole)
    assert division == Division(*expected)
    assert sources % division.processes == 0
    assert division.processes * division.lanes * division.threads == cpus


def objects(*rows: tuple[float, ...]) -> Boxes:
    """class id, left, top, width, height, confidence."""
    table = np.array(rows, np.float32).reshape(-1, 6).T
    return Boxes.from_block(table[0].astype(np.int32), table[1:])


def test_lines_are_the_reverse_of_nvinfers_order() -> None:
    text = format_objects(objects((0, 1, 2, 3, 4, 0.5), (1, 0.1, 0.2, 0.3, 0.4, 0.25), (9, 0, 0, 1, 1, 1)), ("a b", ""))
    assert text == (
        " 0.0 0 0.0 0.000000 0.000000 1.000000 1.000000 0.0 0.0 0.0 0.0 0.0 0.0 0.0 1.000000\n"
        " 0.0 0 0.0 0.100000 0.200000 0.400000 0.600000 0.0 0.0 0.0 0.0 0.0 0.0 0.0 0.250000\n"
        "a b 0.0 0 0.0 1.000000 2.000000 4.000000 6.000000 0.0 0.0 0.0 0.0 0.0 0.0 0.0 0.500000\n"
    )


def test_kitti_files(tmp_path: Path) -> None:
    sink = KittiSink(tmp_path, 1, ("x" * 200, "caf\udce9"))
    sink.write(2, 1234567, objects((0, 0, 0, 1, 1, 1)))
    sink.write(0, 0, objects((1, 0, 0, 1, 1, 1)))
    sink.write(0, 1, Boxes.empty())
    assert (tmp_path / "01_002_1234567.txt").read_bytes().startswith(b"x" * 127 + b" 0.0 0")
    assert (tmp_path / "01_000_000000.txt").read_bytes().startswith(b"caf\xe9 0.0")
    assert (tmp_path / "01_000_000001.txt").read_bytes() == b""


def test_a_kitti_directory_that_is_missing_is_silent(tmp_path: Path) -> None:
    KittiSink(tmp_path / "none", 0, ()).write(0, 0, objects((0, 0, 0, 1, 1, 1)))
    assert not (tmp_path / "none").exists()


def test_a_full_disk_leaves_no_half_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "write", lambda descriptor, data: len(data) - 1)
    with pytest.raises(DsbenchError) as caught:
        KittiSink(tmp_path, 0, ()).write(0, 0, objects((0, 0, 0, 1, 1, 1)))
    assert caught.value.code is Code.NOT_WRITABLE
    assert not list(tmp_path.iterdir())


def test_console_lines(capsys: pytest.CaptureFixture[str]) -> None:
    messages.app_error("main:1", "no")
    messages.own("one\ntwo")
    messages.bus_error(messages.BusMessage("source", "gone", "a\nb"))
    messages.nvinfer("WARN", 7, "f", "words")
    out, err = capsys.readouterr()
    assert out == "** ERROR: <main:1>: no\n"
    lines = err.splitlines()
    assert lines[:5] == ["dsbench-app: one", "dsbench-app: two", "ERROR from source: gone", "Debug info: a", "b"]
    assert "NvDsInferContext[UID 7]: Warning from NvDsInferContextImpl::f() <" in lines[5]
    assert lines[5].endswith("[UID = 7]: words")


def test_workers_ask_for_large_pages_beside_what_the_user_asks_for() -> None:
    assert with_large_pages({"A": "b"}) == {"A": "b", "GLIBC_TUNABLES": "glibc.malloc.hugetlb=1"}
    set_already = with_large_pages({"GLIBC_TUNABLES": "glibc.malloc.check=3"})
    assert set_already["GLIBC_TUNABLES"] == "glibc.malloc.check=3:glibc.malloc.hugetlb=1"


def job_of(lanes: int, pads: int, infers: bool, counted_only: bool, file_loop: bool) -> WorkerJob:
    return WorkerJob(
        instance=0,
        pads=tuple(PadJob(number, number, "x") for number in range(pads)),
        file_loop=file_loop,
        lanes=lanes,
        batch_size=pads,
        detector=DetectorSetup(None, None) if infers else None,  # type: ignore[arg-type]
        kitti_dir=None,
        tensor_dir=None,
        video=None,
        real_time=False,
        counted_only=counted_only,
        state_descriptor=0,
        state_pads=pads,
        quiet=True,
    )


@pytest.mark.parametrize(
    ("lanes", "pads", "infers", "counted_only", "threads"),
    [
        (1, 1, True, True, 1),
        (2, 1, True, True, 1),
        (4, 1, True, True, 2),
        (16, 1, True, True, 6),
        (16, 8, True, True, 1),
        (16, 1, True, False, 1),
        (4, 1, False, True, 4),
        (4, 2, False, True, 1),
    ],
)
def test_a_source_gets_more_decoding_threads_where_many_lanes_wait_for_it(
    lanes: int, pads: int, infers: bool, counted_only: bool, threads: int
) -> None:
    assert decoding_threads(job_of(lanes, pads, infers, counted_only, file_loop=False), 1) == threads


def test_rounds_of_a_clip_are_decoded_at_once_where_nobody_looks_at_their_order(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    job = job_of(16, 1, True, counted_only=True, file_loop=True)
    assert decodes_rounds_at_once(job, 1)
    assert decoding_threads(job, 1) == 1
    assert not decodes_rounds_at_once(job, 4), "frames are collected for calls of four"
    assert decoding_threads(job, 4) == 6
    assert not decodes_rounds_at_once(replace(job, file_loop=False), 1)
    assert not decodes_rounds_at_once(replace(job, counted_only=False), 1)
    monkeypatch.setenv("NVDS_ENABLE_LATENCY_MEASUREMENT", "1")
    assert not decodes_rounds_at_once(job, 1), "a frame's time is that of one decoder's frame"


@pytest.mark.parametrize(("given", "used"), [("8", 8), ("1024", 1024), ("0", 2), ("-1", 2), ("1000000000", 2)])
def test_a_batch_that_nvinfer_does_not_take_is_left_at_the_files(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], given: str, used: int
) -> None:
    (tmp_path / "nvinfer.txt").write_text("[property]\ngie-unique-id=1\nbatch-size=2\n")
    app = tmp_path / "app.txt"
    app.write_text(f"[application]\n[primary-gie]\nenable=1\nconfig-file=nvinfer.txt\nbatch-size={given}\n")
    loaded = load_nvinfer(app_config.load(app))
    assert loaded is not None
    assert loaded.batch_size == used
    printed = capsys.readouterr()
    assert ("is not in 1 to 1024" in printed.out + printed.err) == (used == 2)
