"""trtexec logs: the last run's numbers, and never an older run's."""

from __future__ import annotations

from pathlib import Path

import pytest

from dsbench.base.errors import Code, DsbenchError
from dsbench.formats.trtexec import log as trtexec_log
from tests.formats.trtexec.texts import TRT7, TRT8, TRT10

RUNNING = "&&&& RUNNING TensorRT.trtexec [TensorRT v8601] # trtexec --loadEngine=a.engine\n"
PASSED = "&&&& PASSED TensorRT.trtexec\n"
FAILED = "&&&& FAILED TensorRT.trtexec\n"
NEW = (
    "[I] Throughput: 215.68 qps\n"
    "[I] Latency: min = 5.0 ms, max = 5.2 ms, mean = 5.06068 ms, median = 5.0 ms, percentile(99%) = 5.10907 ms\n"
    "[I] GPU Compute Time: min = 4.5 ms, mean = 4.62722 ms, median = 4.6 ms, percentile(90%) = 4.65601 ms, "
    "percentile(99%) = 4.67355 ms\n"
    "[I] Total GPU Compute Time: 3.0077 s\n"
)
OLD = (
    "[I] throughput: 0 qps\n[I] Throughput: 100 qps\n"
    "[I] GPU Compute\n[I] min: 1.5 ms\n[I] max: 1.7 ms\n[I] mean: 1.6 ms\n"
    "[I] median: 1.59 ms\n[I] percentile: 1.69 ms at 99%\n[I] total compute time: 3.0 s\n"
)


@pytest.mark.parametrize(
    ("text", "qps", "mean", "p99"),
    [
        (RUNNING + NEW + PASSED, 215.68, 4.62722, 4.67355),
        (NEW, 215.68, 4.62722, 4.67355),
        (RUNNING + OLD + PASSED, 100.0, 1.6, 1.69),
        ("[I] Throughput: 1 qps\n[I] Throughput: 2.5 qps\n", 2.5, None, None),  # the last one
        ("dsbench embedded runtime\nThroughput: 31.4 qps\n", 31.4, None, None),
        (RUNNING + OLD + PASSED + RUNNING + NEW + PASSED, 215.68, 4.62722, 4.67355),
        (RUNNING + OLD + FAILED + RUNNING + NEW + PASSED, 215.68, 4.62722, 4.67355),
        (TRT7, 364.5, 2.2, 2.31),
        (TRT8, 215.68, 4.62722, 4.67355),
        (TRT10, 48.0612, 20.7934, 21.5),
        (TRT8 + TRT10, 48.0612, 20.7934, 21.5),
        (TRT8.replace("\n", "\r\n"), 215.68, 4.62722, 4.67355),
        ("\x1b[32m[I]\x1b[0m Throughput: \x1b[1m12.5\x1b[0m qps", 12.5, None, None),
        ("[I] Throughput: 1.2e+03 qps\n[I] Throughput: the observed throughput computed by\n", 1200.0, None, None),
    ],
)
def test_numbers(tmp_path: Path, text: str, qps: float, mean: float | None, p99: float | None) -> None:
    log = tmp_path / "trtexec.log"
    log.write_text(text)
    found = trtexec_log.parse(log)
    assert (found.throughput_qps, found.gpu_mean_ms, found.gpu_p99_ms) == (qps, mean, p99)
    assert (
        found.first_line.split()
        == text.replace("\x1b[32m", "").replace("\x1b[0m", "").replace("\x1b[1m", "").splitlines()[0].split()
    )


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("", "log may be empty or malformed"),
        ("\xff\0binary", "log may be empty or malformed"),
        ("[I] Throughput: qps\n", "log may be empty or malformed"),
        ("[I] Throughput: 0 qps\n", "log may be empty or malformed"),
        (RUNNING + NEW + FAILED, "ended with &&&& FAILED"),
        (RUNNING + NEW + PASSED + RUNNING + FAILED, "ended with &&&& FAILED"),
        (RUNNING + NEW + PASSED + RUNNING, "log may be empty or malformed"),  # the last run was cut
        (RUNNING + "[I] Throughput: 215", "log may be empty or malformed"),  # cut in the middle of the number
        ("[I] Throughput: 1 qps\n[I] Throughput: inf qps\n", "log may be empty or malformed"),
        ("[I] Throughput: -nan qps\n", "log may be empty or malformed"),
        ("[I] Throughput: 1e999 qps\n", "log may be empty or malformed"),
        ("[I] Throughput: 215,68 qps\n", "log may be empty or malformed"),  # 215 would be a wrong number
        ("[I] Throughput: -5 qps\n", "log may be empty or malformed"),
        (TRT8[: TRT8.index("Throughput: 215")], "log may be empty or malformed"),
        (
            RUNNING + "[E] Error[3]: [executionContext.cpp::setInputShape::2264] Error Code 3: API Usage Error "
            "(... Static dimension mismatch while setting input shape.\n)\n[E] Inference set up failed\n",
            "log may be empty or malformed",
        ),
    ],
)
def test_no_result(tmp_path: Path, text: str, word: str) -> None:
    log = tmp_path / "trtexec.log"
    log.write_text(text, encoding="latin-1")
    with pytest.raises(DsbenchError) as caught:
        trtexec_log.parse(log)
    assert caught.value.code is Code.TRTEXEC_LOG_INVALID
    assert caught.value.what.startswith(f"ERROR: Could not parse Throughput from {log} — ")
    assert word in caught.value.what


def test_a_missing_log(tmp_path: Path) -> None:
    with pytest.raises(DsbenchError, match="No such file or directory"):
        trtexec_log.parse(tmp_path / "no.log")


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("trt8601_yolov8s_b1_sqjb.log", (215.68, 4.62722, 4.67355)),
        ("trt8205_notebook_output_2_nvidia_qat_ptq.log", (321.422, 1.59911, 1.63635)),
        ("notimestamp_4lines_nvidia_yolov7_qat_doc.log", (207.267, None, None)),
        ("trt8601_failed_shape_mismatch_sqjb.log", None),
    ],
)
def test_recorded_logs(shared: Path, name: str, expected: tuple[float, float | None, float | None] | None) -> None:
    log = shared / "data/logs/trtexec" / name
    if not log.exists():
        pytest.skip(f"no {name}")
    if expected is None:
        with pytest.raises(DsbenchError):
            trtexec_log.parse(log)
        return
    found = trtexec_log.parse(log)
    assert (found.throughput_qps, found.gpu_mean_ms, found.gpu_p99_ms) == expected


def test_what_the_run_says_about_itself(tmp_path: Path) -> None:
    log = tmp_path / "trtexec.log"
    log.write_text(TRT8)
    setup = trtexec_log.parse(log).setup
    assert (setup.tensorrt, setup.device, setup.compute_capability) == ("8.6.1", "NVIDIA GeForce RTX 2080", "7.5")
    assert (setup.engine, setup.batch("i"), setup.batch("other")) == ("engines/net_dynamic_b64.engine", 64, None)
    assert (setup.data_transfers, setup.streams, setup.workspace_mib) == (False, 1, None)
    log.write_text(TRT8 + TRT10)
    setup = trtexec_log.parse(log).setup
    assert (setup.tensorrt, setup.device) == ("10.13.3", "NVIDIA H100 80GB HBM3"), "the last run's"
    assert setup.shapes == (("images", (128, 3, 640, 640)),)
    assert (setup.engine, setup.workspace_mib) == ("a b/net_dynamic_b128.engine", 32768)
    log.write_text(TRT7)
    setup = trtexec_log.parse(log).setup
    assert (setup.tensorrt, setup.device, setup.batch("images")) == (None, None, 4)
    assert (setup.engine, setup.data_transfers) == ("net.engine", True)


def test_what_was_run_beats_what_was_asked_for(tmp_path: Path) -> None:
    log = tmp_path / "trtexec.log"
    log.write_text(
        "[I] Input inference shape : images=64x3x8x8\n"
        "[I] Input binding for images with dimensions 1x3x8x8 and type fp32 is created.\n"
        "[I] Throughput: 5 qps\n"
    )
    assert trtexec_log.parse(log).setup.batch("images") == 1


def test_a_build_log_without_figures(tmp_path: Path) -> None:
    log = tmp_path / "build.log"
    log.write_text(
        "&&&& RUNNING TensorRT.trtexec [TensorRT v100300] # trtexec --onnx=net.onnx --saveEngine=net.engine\n"
        "[I] Memory Pools: workspace: 0.03125 MiB, dlaSRAM: default\n[I] Engine built in 104.774 sec.\n"
    )
    setup = trtexec_log.setup(log)
    assert (setup.tensorrt, setup.workspace_mib, setup.build_seconds) == ("10.3.0", 0.03125, 104.774)
    assert trtexec_log.setup(tmp_path / "none") == trtexec_log.trtexec_setup.UNKNOWN


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (TRT10, ()),
        (NEW, ()),
        (TRT8, ("Enqueue Time", "16.4497%")),
        (TRT7, ("--noDataTransfers",)),
        (TRT10.replace("Inference Streams: 1", "Inference Streams: 4"), ("4 inference streams",)),
        (TRT10[: TRT10.index("&&&& PASSED")], ("before &&&& PASSED",)),
        (
            "[I] Throughput: 5 qps\n[W] * Throughput may be bound by host-to-device transfers for the inputs rather "
            "than GPU Compute and the GPU may be under-utilized.\n[W] * Throughput may be bound by device-to-host "
            "transfers for the outputs rather than GPU Compute and the GPU may be under-utilized.\n",
            ("copying inputs", "copying outputs"),
        ),
    ],
)
def test_what_speaks_against_the_figures(tmp_path: Path, text: str, words: tuple[str, ...]) -> None:
    log = tmp_path / "trtexec.log"
    log.write_text(text)
    remarks = trtexec_log.parse(log).remarks
    assert len(remarks) == len(words)
    assert all(word in remark for word, remark in zip(words, remarks, strict=True))
