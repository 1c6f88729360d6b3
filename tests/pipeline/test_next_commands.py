"""The commands for a DeepStream machine: the specification's helpers, on this model's names and sizes."""

from __future__ import annotations

import shlex
from pathlib import Path

from dsbench.model import onnx_model
from dsbench.model.layout import ModelLayout
from dsbench.pipeline import next_commands
from tests.material import write_onnx


def test_steps_4_and_5(tmp_path: Path) -> None:
    layout = ModelLayout.at("models/a b", tmp_path)
    onnx = onnx_model.inspect(write_onnx(layout.onnx_dir / "net.onnx"))
    build = shlex.split(next_commands.build_command(layout, onnx, (32, 64), 64))
    assert build == [
        "trtexec",
        "--onnx=models/a b/model/net.onnx",
        "--minShapes=images:1x3x32x64",
        "--optShapes=images:64x3x32x64",
        "--maxShapes=images:64x3x32x64",
        "--fp16",
        "--skipInference",
        "--memPoolSize=workspace:32768M",
        "--timingCacheFile=models/a b/benchmarks/engines/timing.cache",
        "--saveEngine=models/a b/benchmarks/engines/net_dynamic_b64.engine",
    ]
    measure = next_commands.measure_command(layout, onnx, (32, 64), 1, 64)
    assert shlex.split(measure)[:6] == [
        "trtexec",
        "--loadEngine=models/a b/benchmarks/engines/net_dynamic_b64.engine",
        "--shapes=images:1x3x32x64",
        "--noDataTransfers",
        "--duration=10",
        "--warmUp=1000",
    ]
    assert measure.endswith("> 'models/a b/benchmarks/b1/trtexec_b1.log' 2>&1")


def test_a_frozen_batch_takes_no_shapes(tmp_path: Path) -> None:
    layout = ModelLayout.at("models/net", tmp_path)
    onnx = onnx_model.inspect(write_onnx(layout.onnx_dir / "net.onnx", batch=1))
    both = next_commands.build_command(layout, onnx, (32, 64), 1) + next_commands.measure_command(
        layout, onnx, (32, 64), 1, 1
    )
    assert "hapes" not in both
    assert "net_dynamic_b1.engine" in both
