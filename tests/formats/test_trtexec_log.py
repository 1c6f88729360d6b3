"""trtexec logs: the last run's numbers, and never an older run's."""

from __future__ import annotations

from pathlib import Path

import pytest

from dsbench.errors import Code, DsbenchError
from dsbench.formats import trtexec_log

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
    ],
)
def test_numbers(tmp_path: Path, text: str, qps: float, mean: float | None, p99: float | None) -> None:
    log = tmp_path / "trtexec.log"
    log.write_text(text)
    found = trtexec_log.parse(log)
    assert (found.throughput_qps, found.gpu_mean_ms, found.gpu_p99_ms, found.failed) == (qps, mean, p99, False)
    assert found.first_line == text.splitlines()[0]


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
