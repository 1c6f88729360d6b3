"""The optional engine: asked for, tried, taken or refused, and never without saying so."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from dsbench.embedded.bench import fast
from dsbench.embedded.bench.agreement import Agreement
from dsbench.embedded.nvinfer.infer import OnnxModel
from tests.embedded.app_support import World, write_network

PERF = "enable-perf-measurement=1\nperf-measurement-interval-sec=1"


def test_it_is_asked_for_by_name() -> None:
    assert not fast.wanted({})
    assert not fast.wanted({"DSBENCH_ENGINE": "fp32"})
    assert fast.wanted({"DSBENCH_ENGINE": "fast"})


def test_it_is_refused_when_slower_or_too_far_from_fp32() -> None:
    same, other = Agreement(9, 10, 10), Agreement(8, 10, 10)
    assert fast.FastTrial(same, 1.0, 2.0).refusal == ""
    assert fast.FastTrial(same, 2.0, 2.0).refusal == "it is not faster here"
    assert "too far from fp32's (F1 0.800" in fast.FastTrial(other, 1.0, 2.0).refusal


def test_its_outputs_are_the_networks_own(tmp_path: Path) -> None:
    pytest.importorskip("openvino")
    model = OnnxModel(write_network(tmp_path / "means.onnx"))
    feed = np.zeros((1, 3, 32, 32), np.float32)
    call = fast.FastModel(model, (3, 32, 32), lanes=1).bind(feed)
    for value in (8.0, 64.0):
        feed[:] = value
        assert call.run()[0].tolist() == [[pytest.approx(value, rel=0.01)] * 3]


def test_a_run_that_counts_frames_says_what_became_of_the_request(world: World) -> None:
    app = world.app(application=PERF)
    ran = world.run("-c", app, DSBENCH_ENGINE="fast")
    assert ran.status == 0
    assert "OpenVINO" in ran.err


def test_without_openvino_the_run_goes_on(world: World) -> None:
    (world.root / "openvino.py").write_text("raise ImportError\n")
    ran = world.run("-c", world.app(application=PERF), DSBENCH_ENGINE="fast", PYTHONPATH=str(world.root))
    assert ran.status == 0
    assert "pip install 'dsbench[fast]'" in ran.err


def test_results_that_are_looked_at_are_fp32_whatever_is_asked_for(world: World) -> None:
    ran = world.run("-c", world.app(), DSBENCH_ENGINE="fast")
    assert ran.status == 0
    assert "OpenVINO" not in ran.err
    assert len(world.kitti()) == 12
