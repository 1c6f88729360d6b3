"""The probe programs: 6a's lines, tensors by candidate and frame, failures as data, hostile models contained."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import av
import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper

from dsbench.base import jsonable
from dsbench.base.errors import Code, DsbenchError
from dsbench.embedded.probes import model as probe
from dsbench.jobs.probe import Candidate, OutputRange, ParserJob, ProbeFailure, ProbeJob, ProbeResult
from dsbench.judge.imports import output_ranges, tensors
from tests import onnx_zoo as zoo


@pytest.fixture(scope="module")
def video(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Twelve frames, 128x96, each brighter than the one before."""
    path = tmp_path_factory.mktemp("video") / "v.mp4"
    with av.open(path, "w") as container:
        stream = container.add_stream("mpeg4", rate=30)
        stream.width, stream.height, stream.pix_fmt = 128, 96, "yuv420p"
        for number in range(12):
            frame = av.VideoFrame.from_ndarray(np.full((96, 128, 3), 20 * number, np.uint8), format="rgb24")
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    return path


def identity(path: Path) -> Path:
    """A network that returns its input."""
    nodes = [helper.make_node("Identity", ["images"], ["output"])]
    image = helper.make_tensor_value_info("images", TensorProto.FLOAT, ["n", 3, 32, 64])
    output = helper.make_tensor_value_info("output", TensorProto.FLOAT, ["n", 3, 32, 64])
    model = helper.make_model(
        helper.make_graph(nodes, "identity", [image], [output]), opset_imports=[helper.make_opsetid("", 13)]
    )
    model.ir_version = 8
    onnx.save(model, path)
    return path


def job(onnx_file: Path, video: Path | None, *candidates: Candidate, **changes: int) -> ProbeJob:
    base = ProbeJob(str(onnx_file), str(video) if video else None, 32, 64, candidates=candidates, threads=1)
    return replace(base, **changes)  # type: ignore[arg-type]


def test_codecs_round_trip(tmp_path: Path) -> None:
    made = ProbeResult(
        outputs=("a",),
        lines=("x",),
        random=(OutputRange("a", (1, 2), "float32", -1.5, 2.0, 0, 0),),
        frames=(3, 9),
        failure=ProbeFailure("usage", "what"),
    )
    jsonable.dump(made, tmp_path / "r.json")
    assert jsonable.load(ProbeResult, tmp_path / "r.json") == made
    asked = ParserJob("l.so", "f", "t.npz", ("a", "b"), (("k1", "k2"),), 64, 64, 3, 2, 0.25)
    jsonable.dump(asked, tmp_path / "p.json")
    assert jsonable.load(ParserJob, tmp_path / "p.json") == asked


def test_lines_are_the_specifications(tmp_path: Path) -> None:
    result = probe.run(job(zoo.detector(tmp_path / "x.onnx"), None, height=64), tmp_path / "o.npz")
    assert result.lines[0] == "Input: images shape=['batch', 3, 64, 64]"
    assert result.lines[1] == "Output: output shape=['batch', 84, 8]"
    assert result.lines[-1] == "Output[0] range: [0.0000, 1.0000]"
    assert result.real == ()


def test_turned_frames_follow_one_another(tmp_path: Path, video: Path) -> None:
    stretched = Candidate(1.0, (), 0, 0)
    turned = replace(job(identity(tmp_path / "i.onnx"), video, stretched, frames=5, span=12), turns=(0, 180))
    for budget, numbers in ((60.0, [1, 3, 6, 8, 10]), (1e-9, [6])):
        result = probe.run(replace(turned, time_budget_s=budget), tmp_path / "o.npz")
        assert result.frames == tuple(number for number in numbers for _ in (0, 180))
        plain, half_turn = tensors.outputs_of(tmp_path / "o.npz", result, 0)[:2]
        assert np.abs(plain[0].data[:, ::-1, ::-1] - half_turn[0].data).max() < 4


def test_a_synthetic_picture_stands_for_the_frames_without_a_video(tmp_path: Path) -> None:
    scaled = Candidate(0.5, (), 0, 0)
    asked = job(identity(tmp_path / "x.onnx"), None, Candidate(1.0, (), 0, 0), scaled)
    result = probe.run(asked, tmp_path / "o.npz")
    assert (result.frames, result.video_failure) == ((0,), None)
    assert tensors.pictures_of(tmp_path / "o.npz", result) == ()
    assert any(line.startswith("Synthetic picture") for line in result.lines)
    first, second = (tensors.outputs_of(tmp_path / "o.npz", result, index)[0][0].data for index in (0, 1))
    assert first.std() > 20
    np.testing.assert_allclose(second, first / 2, rtol=1e-6)


def test_real_frames_under_each_candidate(tmp_path: Path, video: Path) -> None:
    plain, shifted = Candidate(1.0, (), 1, 0), Candidate(0.5, (10.0, 20.0, 30.0), 1, 0)
    letterboxed = Candidate(1.0, (), 1, 1)
    wanted = job(
        identity(tmp_path / "i.onnx"), video, plain, shifted, letterboxed, frames=4, mux_width=128, mux_height=96
    )
    result = probe.run(wanted, tmp_path / "o.npz")
    assert result.frames == (1, 4, 7, 10)
    frames = [tensors.outputs_of(tmp_path / "o.npz", result, number) for number in range(3)]
    first = frames[0][0][0].data
    assert first.shape == (3, 32, 64)
    assert frames[0][1][0].data.mean() > first.mean() + 40
    offsets = np.array([10, 20, 30], np.float32).reshape(3, 1, 1)
    assert np.array_equal(frames[1][0][0].data, (first - offsets) * 0.5)
    # 128x96 into 64x32 keeps its aspect as 42x32: the rest is padding
    assert (frames[2][0][0].data[:, :, 42:] == 0).all()
    assert len(tensors.first_frames(tmp_path / "o.npz", result, 3)) == 3
    shown = tensors.pictures_of(tmp_path / "o.npz", result)
    assert [picture.shape for picture in shown] == [(360, 480, 3)] * 4
    assert shown[1].mean() == pytest.approx(frames[0][1][0].data.mean(), abs=2)
    assert tensors.parser_keys(result, 1)[0] == ("c1_f0_o0",)
    assert result.lines[-2] == "Real frame 1 (net-scale-factor 1.0, BGR):"


def test_time_and_space_limit_the_frames(tmp_path: Path, video: Path) -> None:
    wanted = job(identity(tmp_path / "i.onnx"), video, Candidate(1.0), frames=6, byte_budget=3 * 32 * 64 * 4 * 2)
    assert len(probe.run(wanted, tmp_path / "o.npz").frames) == 2


def test_unreadable_video_is_reported_beside_the_outputs(tmp_path: Path) -> None:
    (tmp_path / "v.mp4").write_bytes(b"no video")
    result = probe.run(job(identity(tmp_path / "i.onnx"), tmp_path / "v.mp4", Candidate(1.0)), tmp_path / "o.npz")
    assert result.video_failure is not None
    assert result.random


def test_a_tensor_of_2_to_the_40_is_an_error_not_a_dead_machine(tmp_path: Path) -> None:
    def bomb(model: onnx.ModelProto) -> None:
        sizes = helper.make_tensor("sizes", TensorProto.INT64, [2], [1 << 20, 1 << 20])
        model.graph.initializer.append(sizes)
        model.graph.node.insert(0, helper.make_node("ConstantOfShape", ["sizes"], ["huge"]))
        model.graph.node.insert(1, helper.make_node("ReduceSum", ["huge"], ["sum"], keepdims=0))
        model.graph.node[-1].input[1] = "with_sum"
        model.graph.node.insert(2, helper.make_node("Add", ["head", "sum"], ["with_sum"]))

    path = zoo.edit(zoo.detector(tmp_path / "x.onnx"), bomb)
    jsonable.dump(job(path, None, height=64), tmp_path / "job.json")
    command = [sys.executable, "-m", "dsbench.embedded.probe", str(tmp_path / "job.json"), str(tmp_path / "out")]
    subprocess.run(command, timeout=60, check=True, capture_output=True)
    failure = jsonable.load(ProbeResult, tmp_path / "out.json").failure
    assert failure is not None
    assert failure.code == Code.ONNX_RUN_FAILED


def test_nan_on_a_real_frame_stops_on_random_input_warns() -> None:
    good = OutputRange("a", (1, 4), "float32", -1.0, 1.0, 0, 0)
    bad = replace(good, nan=2)
    result = ProbeResult(random=(good,), real=(bad,))
    with pytest.raises(DsbenchError, match="2 NaN"):
        output_ranges.check(result, Path("x.onnx"))
    with pytest.raises(DsbenchError, match="scaled twice: Output") as scaled:
        output_ranges.check(result, Path("x.onnx"), "scaled twice")
    assert "net-scale-factor" in scaled.value.fix
    with pytest.raises(DsbenchError, match="weight 'w' holds 1 NaN: Output") as spoilt:
        output_ranges.check(result, Path("x.onnx"), "scaled twice", "weight 'w' holds 1 NaN")
    assert "export it again" in spoilt.value.fix
    with pytest.raises(DsbenchError, match=r"4 NaN \(all its values\)"):
        output_ranges.check(ProbeResult(real=(replace(good, nan=4),)), Path("x.onnx"))
    assert output_ranges.check(ProbeResult(random=(bad,), real=(good,)), Path("x.onnx"))
    assert output_ranges.check(ProbeResult(random=(good,), real=(good,)), Path("x.onnx")) == ()


def test_batches_and_layers_are_part_of_the_result(tmp_path: Path, video: Path) -> None:
    path, scales = identity(tmp_path / "i.onnx"), (Candidate(1000.0), Candidate(1.0), Candidate(1.0, (), 1))
    result = probe.run(job(path, video, *scales, fp16=True), tmp_path / "o.npz")
    assert [(trial.batch, trial.compared) for trial in result.batches] == [(2, True), (4, True)]
    assert result.measured == (0, 1)
    again = probe.run(job(path, video, *scales, fp16=True, views=True), tmp_path / "o.npz")
    assert again.batches == ()
