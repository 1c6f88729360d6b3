"""trtexec's command lines: the specification's helpers, on a model's names and sizes."""

from __future__ import annotations

import dataclasses
import shlex
from pathlib import Path

import pytest

from dsbench.build import trtexec_commands
from dsbench.build.trtexec_commands import Target
from dsbench.model.layout import ModelLayout
from dsbench.model.onnx import graph as onnx_model
from tests.material import write_onnx


@pytest.fixture
def target(tmp_path: Path) -> Target:
    layout = ModelLayout.at("models/a b", tmp_path)
    return Target(layout, onnx_model.inspect(write_onnx(layout.onnx_dir / "net.onnx")), (32, 64))


def test_steps_4_and_5(target: Target) -> None:
    assert trtexec_commands.build(target, 64) == (
        "--onnx=models/a b/model/net.onnx",
        "--minShapes=images:1x3x32x64",
        "--optShapes=images:64x3x32x64",
        "--maxShapes=images:64x3x32x64",
        "--fp16",
        "--skipInference",
        "--memPoolSize=workspace:32768M",
        "--timingCacheFile=models/a b/benchmarks/engines/timing.cache",
        "--saveEngine=models/a b/benchmarks/engines/net_dynamic_b64.engine",
    )
    assert trtexec_commands.measure(target, 1, 64) == (
        "--loadEngine=models/a b/benchmarks/engines/net_dynamic_b64.engine",
        "--shapes=images:1x3x32x64",
        "--noDataTransfers",
        "--duration=10",
        "--warmUp=1000",
    )


def test_lines_for_a_shell(target: Target) -> None:
    make, build, first, largest = trtexec_commands.shell_lines(target, 64)
    assert shlex.split(make)[:2] == ["mkdir", "-p"]
    command, log = build.split(" > ")
    assert shlex.split(command) == ["trtexec", *trtexec_commands.build(target, 64)]
    stem = f"models/a b/benchmarks/engines/{target.onnx.path.stem}_dynamic_build_"
    assert log == f"'{stem}'\"$(date +%Y%m%d_%H%M%S)\".log 2>&1"
    assert first.endswith("> 'models/a b/benchmarks/b1/trtexec_b1.log' 2>&1")
    assert largest.endswith("> 'models/a b/benchmarks/b64/trtexec_b64.log' 2>&1")


def test_a_frozen_batch_takes_no_shapes(tmp_path: Path) -> None:
    layout = ModelLayout.at("models/net", tmp_path)
    onnx = onnx_model.inspect(write_onnx(layout.onnx_dir / "net.onnx", batch=1))
    lines = trtexec_commands.shell_lines(Target(layout, onnx, (32, 64)), 1)
    assert len(lines) == 3, "b1 is bMAX"
    assert not any("hapes" in line for line in lines)
    assert "net_dynamic_b1.engine" in lines[1]


def test_options(target: Target) -> None:
    other = dataclasses.replace(target, precision=trtexec_commands.FP32, workspace_mib=512, gpu_id=3)
    built = trtexec_commands.build(other, 64, Path(target.layout.engines / "x.part"))
    assert "--fp16" not in built
    assert "--memPoolSize=workspace:512M" in built
    assert "--saveEngine=models/a b/benchmarks/engines/x.part" in built
    assert built[-1] == "--device=3"
    assert trtexec_commands.measure(other, 64, 64)[-1] == "--device=3"


@pytest.mark.parametrize(("name", "shown"), [("input:0", "'input:0'"), ("a,b", "'a,b'"), ("images", "images")])
def test_names_that_trtexec_would_split(target: Target, name: str, shown: str) -> None:
    onnx = dataclasses.replace(target.onnx, input_name=name)
    assert trtexec_commands.shape(dataclasses.replace(target, onnx=onnx), 4) == f"{shown}:4x3x32x64"


def test_channels_last(target: Target) -> None:
    onnx = dataclasses.replace(target.onnx, layout="NHWC")
    assert trtexec_commands.shape(dataclasses.replace(target, onnx=onnx), 4) == "images:4x32x64x3"
