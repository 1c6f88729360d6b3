"""The parser probe as a program: boxes come back, a crash is its own."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import numpy as np

from dsbench.base import jsonable
from dsbench.jobs.probe import ParserJob, ParserResult
from dsbench.judge.parser import boxes as parser_boxes

SOURCE = """
#include "nvdsinfer_custom_impl.h"
extern "C" bool NvDsInferParseCustomGood(std::vector<NvDsInferLayerInfo> const &layers, NvDsInferNetworkInfo const &,
    NvDsInferParseDetectionParams const &params, std::vector<NvDsInferObjectDetectionInfo> &objects) {
    float const *value = static_cast<float const *>(layers[0].buffer);
    if (value[0] < 0) return false;
    if (value[0] > 100) *static_cast<volatile int *>(nullptr) = 1;
    NvDsInferObjectDetectionInfo object{};
    object.left = value[0]; object.width = 5; object.height = 6; object.classId = params.numClassesConfigured;
    object.detectionConfidence = params.perClassPreclusterThreshold[0];
    objects.push_back(object);
    return true;
}
"""


def run(folder: Path, repository: Path, *values: float, function: str = "NvDsInferParseCustomGood") -> int:
    (folder / "p.cpp").write_text(SOURCE)
    includes = repository / "dsbench" / "embedded" / "sdk" / "sources" / "includes"
    subprocess.run(
        ["g++", "-shared", "-fPIC", "-std=c++11", f"-I{includes}", "-o", folder / "p.so", folder / "p.cpp"], check=True
    )
    np.savez(folder / "t.npz", **{f"k{i}": np.array([value], np.float32) for i, value in enumerate(values)})
    keys = tuple((f"k{i}",) for i in range(len(values)))
    job = ParserJob(str(folder / "p.so"), function, str(folder / "t.npz"), ("out",), keys, 64, 64, 3, 2, 0.25)
    jsonable.dump(job, folder / "job.json")
    command = [sys.executable, "-m", "dsbench.embedded.parser_probe", str(folder / "job.json"), str(folder / "out")]
    return subprocess.run(command, timeout=60, check=False, capture_output=True).returncode


def test_boxes_and_false(tmp_path: Path, repository: Path) -> None:
    assert run(tmp_path, repository, 7, -1) == 0
    result = jsonable.load(ParserResult, tmp_path / "out.json")
    assert result.counts == (1, -1)
    boxes = parser_boxes.load_boxes(tmp_path / "out.npz", result.counts)
    assert boxes[0] is not None
    assert boxes[0].tolist() == [[2, 7, 0, 5, 6, 0.25]]
    assert boxes[1] is None


def test_a_crash_ends_the_probe_not_its_caller(tmp_path: Path, repository: Path) -> None:
    assert run(tmp_path, repository, 101) == -signal.SIGSEGV
    assert not (tmp_path / "out.json").exists()


def test_a_missing_function_is_data(tmp_path: Path, repository: Path) -> None:
    assert run(tmp_path, repository, 1, function="Nothing") == 0
    failure = jsonable.load(ParserResult, tmp_path / "out.json").failure
    assert failure is not None
    assert failure.code == "parser-symbol"
