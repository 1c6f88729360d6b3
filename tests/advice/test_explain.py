"""``dsbench explain``: causes of known logs, whatever recorded them."""

from __future__ import annotations

import io
import json
import re
import sys
import time
from pathlib import Path
from types import SimpleNamespace

import pytest

from dsbench import cli
from dsbench.advice import explain_page
from dsbench.advice.explain import Explanation, LogProgram, explain

NVINFER = "0:00:00.29 2748 0x5580d4a3c210 {} nvinfer gstnvinfer.cpp:725:gst_nvinfer_logger:<primary_gie> "
NVINFER += "NvDsInferContext[UID 1]: Error in NvDsInferContextImpl::initResource() <x.cpp:846> [UID = 1]: "
SYMBOL = (
    NVINFER.format("ERROR")
    + "Detect-postprocessor failed to init resource because dlsym failed to get func Nope pointer"
)
APP = f"""INFO: [FullDims Engine Info]: layers num: 2
{SYMBOL}
** ERROR: <main:808>: Failed to set pipeline to PAUSED
Quitting
ERROR from primary_gie: Failed to create NvDsInferContext instance
Debug info: gstnvinfer.cpp(932): gst_nvinfer_start (): /GstPipeline:pipeline
Config file path: /m/c.txt, NvDsInfer Error: NVDSINFER_CUSTOM_LIB_FAILED
App run failed
"""
TRTEXEC = """&&&& RUNNING TensorRT.trtexec [TensorRT v100300] # trtexec --onnx=a.onnx
[05/06/2024-10:00:00] [I] === Model Options ===
[05/06/2024-10:00:01] [E] [TRT] ModelImporter.cpp:836: In function parseNode: No importer registered for op: GridSample.
[05/06/2024-10:00:01] [E] Failed to parse onnx file
[05/06/2024-10:00:01] [E] Engine set up failed
&&&& FAILED TensorRT.trtexec [TensorRT v100300] # trtexec --onnx=a.onnx
"""
GST = """Setting pipeline to PAUSED ...
ERROR: from element /GstPipeline:pipeline0/GstFileSrc:filesrc0: Resource not found.
Additional debug info: gstfilesrc.c(532): No such file "/clips/none.mp4"
ERROR: pipeline doesn't want to preroll.
"""


def read(text: str | bytes) -> Explanation:
    data = text.encode() if isinstance(text, str) else text
    return explain(io.BufferedReader(io.BytesIO(data)))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("log", "program", "cause", "line", "consequences"),
    [
        (APP, LogProgram.APP, "parser-symbol", 2, ["nvinfer"]),
        (TRTEXEC, LogProgram.TRTEXEC, "plugin", 3, ["onnx-not-parsed"]),
        (GST, LogProgram.GST, "no-file", 3, ["element"]),
    ],
)
def test_whole_logs(log: str, program: LogProgram, cause: str, line: int, consequences: list[str]) -> None:
    found = read(log)
    assert found.program is program
    assert [(one.id, one.line) for one in found.causes] == [(cause, line)]
    assert [one.id for one in found.consequences] == consequences
    assert found.ended_well is (None if program is LogProgram.GST else False)
    assert found.causes[0].docs == f"docs/explain.md#{cause}"


@pytest.mark.parametrize(
    "change",
    [
        lambda line: f"2024-05-06T07:08:09.1234567Z {line}",
        lambda line: f"app-1  | {line}",
        lambda line: f"May  6 07:08:09 jetson deepstream-app[123]: {line}",
        lambda line: f"2024-05-06T07:08:09+0200 jetson docker[77]: {line}",
        lambda line: f"2024-05-06T07:08:09.123456789Z stderr F {line}",
        lambda line: f"> {line}",
        lambda line: line.replace("ERROR", "\x1b[31mERROR\x1b[0m"),
        lambda line: f"{line}\r",
        lambda line: f"10 %\r20 %\r{line}",
    ],
)
def test_what_recorded_the_log_does_not_matter(change) -> None:  # type: ignore[no-untyped-def]
    for log, id, line in ((APP, "parser-symbol", 2), (TRTEXEC, "plugin", 3), (GST, "no-file", 3)):
        found = read("\n".join(map(change, log.splitlines())))
        assert [(one.id, one.line) for one in found.causes] == [(id, line)]


def test_encodings() -> None:
    assert [one.id for one in read(APP.encode("utf-16")).causes] == ["parser-symbol"]
    assert [one.id for one in read(b"\xff\x00\x80\n" + APP.encode()).causes] == ["parser-symbol"]


@pytest.mark.parametrize(
    ("line", "id"),
    [
        ("because dlsym failed to get func NvDsInferParseX pointer", "parser-symbol"),
        ("Could not open custom lib: ./libx.so: cannot open shared object file", "custom-library"),
        ("ERROR: Could not open lib: /p.so, error string: /p.so: undefined symbol: foo", "parser-library"),
        ("Backend has maxBatchSize 1 whereas 4 has been requested", "engine-batch"),
        (
            "ERROR: [TRT]: 1: [stdArchiveReader.cpp::64] Error Code 1: Serialization (Version tag does not match.",
            "other-tensorrt",
        ),
        ("Dynamic input tensor images is missing dimensions in profile 0", "dynamic-size"),
        ("Cuda failure: status=35", "driver"),
        ("CUDA out of memory", "memory"),
        ("ERROR: [TRT]: 10: Could not find any implementation for node {ForeignNode[/backbone/a...b]}.", "no-kernel"),
        ("Could not find output coverage layer for parsing objects", "no-parser"),
        ("Segmentation fault (core dumped)", "crash"),
        ("./run.sh: line 3: deepstream-app: command not found", "no-command"),
        (
            'docker: Error response from daemon: could not select device driver "" with capabilities: [[gpu]].',
            "container-gpu",
        ),
        ("/usr/bin/ld: cannot find -lnvparsers: No such file or directory", "nvparsers"),
        ('Makefile:23: *** "CUDA_VER is not set".  Stop.', "cuda-ver"),
        ("nvdsparsebbox.cpp:12:10: fatal error: NvInfer.h: No such file or directory", "header"),
        ("free(): invalid next size (fast)", "heap"),
        ("terminate called after throwing an instance of 'YAML::BadFile'", "yaml"),
        ("terminate called after throwing an instance of 'std::out_of_range'", "exception"),
        ("** ERROR: <create_pipeline:1:> Source type not yet implemented!", "source-type"),
        ("** ERROR: <create_render_bin:73>: nvdrmvideosink is only supported for Jetson", "sink-jetson"),
        ("** ERROR: <create_render_bin:107>: Failed to create 'sink_sub_bin_sink1'", "sink-element"),
        ("** ERROR: <create_encode_file_bin:606>: Failed to create 'sink_sub_bin_encoder2'", "sink-element"),
        ("** ERROR: <create_encode_file_bin:520>: create_encode_file_bin failed", "sink-file"),
        ("** ERROR: <create_sink_bin:901>: create_sink_bin failed", "sink"),
        ("/lib/x86_64-linux-gnu/libc.so.6: version `GLIBC_2.38' not found (required by ./p.so)", "libc-version"),
    ],
)
def test_one_line_is_enough(line: str, id: str) -> None:
    found = read(line + "\n")
    assert [one.id for one in found.causes] == [id]
    assert found.causes[0].fix


@pytest.mark.parametrize(
    ("line", "id"),
    [
        ("Unknown or legacy key specified 'topk' for group [property]", "unknown-key"),
        ("** WARN: <parse_source:781>: Unknown key 'foo' for group [source0]", "unknown-key"),
        ("Num classes mismatch. Configured: 80, detected by network: 3", "class-mismatch"),
        ("Using NMS for clustering instead of cv::groupRectangles with topK = 20", "default-clustering"),
        ("WARNING: Deserialize engine failed because file path: /m/a.engine open error", "engine-not-found"),
        ("deserialize backend context from engine from file :/m/a.engine failed, try rebuild", "engine-rebuilt"),
        ("WARNING: INT8 calibration file not specified. Trying FP16 mode.", "int8-calibration"),
    ],
)
def test_notices(line: str, id: str) -> None:
    found = read(line + "\nApp run successful\n")
    assert ([one.id for one in found.notices], found.causes, found.ended_well) == ([id], (), True)


def test_several_causes_root_first() -> None:
    log = APP.replace("App run failed", "Version tag does not match\nApp run failed")
    assert [one.id for one in read(log).causes] == ["parser-symbol", "other-tensorrt"]
    assert [one.id for one in read("Unauthorized\nnvidia-container-cli: initialization error: x\n").causes] == [
        "container-gpu",
        "rtsp",
    ]


def test_a_stream_without_frames() -> None:
    stuck = "**PERF:  FPS 0 (Avg)\n" + "**PERF:  0.00 (0.00)\t\n" * 4
    (notice,) = read(stuck).notices
    assert (notice.id, notice.line, "all 4 rows" in notice.cause) == ("perf-zero", 2, True)
    assert read(stuck + "**PERF:  25.01 (24.90)\t\n").notices == ()


def test_the_last_errors_of_an_unknown_log() -> None:
    found = read("\n".join(f"something failed {chr(97 + number)}" for number in range(9)))
    assert found.causes == ()
    assert [(one.line, one.text[-1]) for one in found.last_errors] == [(5, "e"), (6, "f"), (7, "g"), (8, "h"), (9, "i")]


def test_a_long_log_takes_little_time_and_long_lines_are_cut() -> None:
    lines = [f"0:00:{number % 60:02}.1 frame {number} of stream {number % 8} done\n" for number in range(200_000)]
    begun = time.process_time()
    found = read("".join(lines) + "x" * 1_000_000 + "\n" + APP)
    assert time.process_time() - begun < 8
    assert [(one.id, one.line) for one in found.causes] == [("parser-symbol", 200_003)]


def test_the_command(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "run.log"
    path.write_text(APP)
    assert cli.main(["explain", str(path)]) == 0
    out = capsys.readouterr().out
    assert "Cause: the parser library does not export the function Nope\n   line 2: Error in" in out
    assert "This led to:\n  line 5: nvinfer could not start" in out
    assert cli.main(["explain", "--json", str(path)]) == 0
    assert json.loads(capsys.readouterr().out)["causes"][0]["id"] == "parser-symbol"
    monkeypatch.setattr(
        sys, "stdin", SimpleNamespace(buffer=io.BufferedReader(io.BytesIO(b"all is well\n")), isatty=lambda: False)
    )  # type: ignore[arg-type]
    assert cli.main(["explain"]) == 1
    assert "no line speaks of an error" in capsys.readouterr().out
    assert cli.main(["explain", str(tmp_path / "none.log")]) == 1
    assert "the log cannot be read" in capsys.readouterr().err


def test_hostile_text_is_shown_inert(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "run.log"
    path.write_text("dlsym failed to get func \x1b]0;title\x07\u202ex pointer\n")
    assert cli.main(["explain", str(path)]) == 0
    out = capsys.readouterr().out
    assert not set(out) & {"\x1b", "\x07", "\u202e"}


def test_the_page_is_the_tables() -> None:
    page = Path(__file__).resolve().parents[2] / "docs" / "explain.md"
    text = page.read_text(encoding="utf-8")
    assert text == explain_page.render(), "python -m dsbench.advice.explain_page > docs/explain.md"
    anchors = re.findall(r"^### (\S+)$", text, re.MULTILINE)
    assert len(anchors) == len(set(anchors))
