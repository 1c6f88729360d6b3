"""Pre-flight on TensorRT's engine: what it was built from and on, and what is told of one built by hand."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable
from pathlib import Path

import pytest

from dsbench.base import reading
from dsbench.base.errors import Code, DsbenchError
from dsbench.base.option_levels import read
from dsbench.formats.versions import EngineMachine
from dsbench.model import engine_provenance, preflight
from dsbench.model.engine_provenance import EngineProvenance
from dsbench.model.facts import PreflightFacts
from dsbench.model.layout import ModelLayout
from dsbench.model.preflight import Request
from tests.material import trtexec_log, write_clip, write_onnx

HERE = EngineMachine("10.13.3.9", "NVIDIA H100 80GB HBM3", "9.0", "580.65.06", "13.0")
SAID = (
    "&&&& RUNNING TensorRT.trtexec [TensorRT v101303] [b9] # trtexec --loadEngine=e/net_dynamic_b16.engine\n"
    "[I] Selected Device: NVIDIA H100 80GB HBM3\n[I] Compute Capability: 9.0\n"
    "[I] Input binding for images with dimensions 16x3x32x64 and type fp32 is created.\n"
)
END = "&&&& PASSED TensorRT.trtexec [TensorRT v101303] [b9]\n"


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_clip(tmp_path_factory.mktemp("clip") / "clip.mp4", frames=2)


@pytest.fixture
def layout(tmp_path: Path) -> ModelLayout:
    """A model directory that lacks nothing, with an engine built by hand."""
    layout = ModelLayout.at("models/net", tmp_path)
    write_onnx(layout.onnx_dir / "net.onnx")
    layout.config_dir.mkdir()
    layout.labels.write_text("car\nperson\n")
    layout.engines.mkdir(parents=True)
    layout.engine("net", 16).write_bytes(b"ptrt" * 1000)
    layout.trtexec_log(16).parent.mkdir()
    layout.trtexec_log(16).write_text(SAID + trtexec_log(50.0) + END)
    return layout


Check = Callable[..., PreflightFacts]


@pytest.fixture
def check(layout: ModelLayout, clip: Path, tmp_path: Path) -> Check:
    def run(machine: EngineMachine = HERE, runtime: str = "deepstream") -> PreflightFacts:
        request = Request(runtime, read({"video": str(clip)}), tmp_path, replace_results=True, machine=machine)
        return preflight.run(layout, request)

    return run


@pytest.fixture
def record(layout: ModelLayout) -> Callable[..., EngineProvenance]:
    """Write the provenance of the engine as it lies there."""

    def write(**changes: object) -> EngineProvenance:
        engine = layout.engine("net", 16)
        known = EngineProvenance(
            engine=engine.name,
            engine_bytes=engine.stat().st_size,
            engine_digest=engine_provenance.digest(engine),
            onnx="net.onnx",
            onnx_sha256=reading.sha256(layout.onnx_dir / "net.onnx"),
            weights_sha256="",
            max_bs=16,
            size=(32, 64),
            precision="fp16",
            workspace_mib=32768,
            tensorrt="10.13.3",
            gpu=HERE.gpu,
            compute_capability="9.0",
            driver=HERE.driver,
            cuda="13.0",
            command=("trtexec", "--onnx=models/net/model/net.onnx"),
            build_seconds=100.5,
            built="2026-11-20T10:00:00+0000",
            dsbench="0.1.0",
            scanned=((16, 800.0),),
        )
        known = dataclasses.replace(known, **changes)  # type: ignore[arg-type]
        engine_provenance.path(engine).write_text(known.text())
        return known

    return write


Record = Callable[..., EngineProvenance]


def test_an_engine_that_fits(check: Check, record: Record) -> None:
    known = record(tensorrt="10.13.3.9")
    facts = check()
    assert facts.origin is not None
    assert facts.origin.provenance == known
    assert facts.notes == ()


def test_on_the_embedded_runtime_nothing_is_checked(check: Check, record: Record) -> None:
    record(onnx_sha256="0" * 64)
    assert check(runtime="embedded").origin is None


def test_a_machine_that_is_not_known_is_not_compared(check: Check, record: Record) -> None:
    record(tensorrt="8.6.1", gpu="", compute_capability="", driver="1")
    assert check(EngineMachine()).notes == ()


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"onnx_sha256": "ab" * 32}, "sha256 abababababab..., and net.onnx now has"),
        ({"weights_sha256": "ab" * 32}, "the weights of net.onnx have changed"),
        ({"size": (64, 64)}, "it was built for 64x64, and the input is 32x64"),
        ({"tensorrt": "10.9.0"}, "built with TensorRT 10.9.0, this machine has 10.13.3.9"),
        (
            {"gpu": "NVIDIA L4", "compute_capability": "8.9"},
            "built on NVIDIA L4 (compute capability 8.9), this machine has NVIDIA H100 80GB HBM3 (9.0)",
        ),
    ],
)
def test_an_engine_that_does_not_fit(check: Check, record: Record, changes: dict[str, object], said: str) -> None:
    record(**changes)
    with pytest.raises(DsbenchError) as caught:
        check()
    assert caught.value.code == Code.ENGINE_MISMATCH
    assert said in caught.value.what
    assert caught.value.fix == "build it again here: dsbench prepare models/net --rebuild"


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"tensorrt": "10.13.0"}, "built with TensorRT 10.13.0, this machine has 10.13.3.9"),
        ({"gpu": "NVIDIA H200"}, "built and measured on NVIDIA H200, this machine has NVIDIA H100"),
        ({"driver": "535.1"}, "with driver 535.1, this machine has 580.65.06"),
        ({"precision": "fp32"}, "the engine is FP32, network-mode=2"),
        ({"limit": "batch 32: no memory"}, "MAX_BS is smaller than PEAK_GPU_STREAMS asks for: batch 32: no memory"),
    ],
)
def test_what_is_only_told(check: Check, record: Record, changes: dict[str, object], said: str) -> None:
    record(**changes)
    notes = check().notes
    assert len(notes) == 1
    assert said in notes[0]


def test_an_engine_built_by_hand_passes(check: Check, layout: ModelLayout) -> None:
    facts = check()
    assert facts.origin is not None
    assert facts.origin.provenance is None
    assert [note for note in facts.notes if "not built by dsbench prepare" in note] == list(facts.notes)
    layout.trtexec_log(16).write_text(trtexec_log(50.0))  # a log of nothing but figures
    assert len(check().notes) == 1


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("v101303", "v8601", "TensorRT 8.6.1, this machine has 10.13.3.9: nvinfer will build"),
        (
            "Capability: 9.0",
            "Capability: 8.0",
            "(compute capability 8.0) and this machine has NVIDIA H100 80GB HBM3 (9.0)",
        ),
        ("Device: NVIDIA H100 80GB HBM3", "Device: NVIDIA H200", "log names NVIDIA H200, this machine has NVIDIA H100"),
        ("e/net_dynamic_b16", "e/net_dynamic_b64", "its trtexec log measured net_dynamic_b64.engine"),
    ],
)
def test_what_the_log_tells_of_an_engine_built_by_hand(
    check: Check, layout: ModelLayout, old: str, new: str, said: str
) -> None:
    text = layout.trtexec_log(16).read_text()
    layout.trtexec_log(16).write_text(text.replace(old, new))
    notes = check().notes
    assert len(notes) == 2
    assert said in notes[1]


@pytest.mark.parametrize("shape", ["1x3x32x64", "16x3x64x64"])
def test_a_log_of_another_batch_or_size_is_refused(check: Check, layout: ModelLayout, shape: str) -> None:
    text = layout.trtexec_log(16).read_text()
    layout.trtexec_log(16).write_text(text.replace("16x3x32x64", shape))
    with pytest.raises(DsbenchError) as caught:
        check()
    assert caught.value.code == Code.TRTEXEC_LOG_INVALID
    assert "not at batch 16, 32x64: its throughput does not apply here" in caught.value.what


def test_what_speaks_against_the_figure_is_noted(check: Check, layout: ModelLayout) -> None:
    text = layout.trtexec_log(16).read_text()
    unstable = "[W] * GPU compute time is unstable, with coefficient of variance = 16.4497%.\n"
    layout.trtexec_log(16).write_text(text.replace(END, unstable + END))
    assert "trtexec's figure: GPU compute time was unstable (coefficient of variance 16.4497%)" in check().notes


@pytest.mark.parametrize(
    "text",
    ["", "[]", "{", "null", "[" * 100_000, '{"schema": 1}', '{"schema": 99}', "\x00\xff"],
)
def test_a_provenance_that_cannot_be_read_is_none(check: Check, layout: ModelLayout, text: str) -> None:
    engine_provenance.path(layout.engine("net", 16)).write_text(text)
    facts = check()
    assert facts.origin is not None
    assert facts.origin.provenance is None


def test_values_of_a_wrong_type_are_no_provenance(layout: ModelLayout, record: Record) -> None:
    engine = layout.engine("net", 16)
    known = record()
    assert engine_provenance.read(engine) == known
    good = json.loads(known.text())
    for key, value in {"max_bs": "16", "size": [1], "command": 3, "scanned": [[1]], "gpu": None}.items():
        engine_provenance.path(engine).write_text(json.dumps({**good, key: value}))
        assert engine_provenance.read(engine) is None, key


def test_an_engine_replaced_since_has_no_provenance(check: Check, layout: ModelLayout, record: Record) -> None:
    record(onnx_sha256="ab" * 32)
    layout.engine("net", 16).write_bytes(b"another engine")
    facts = check()
    assert facts.origin is not None
    assert facts.origin.provenance is None


def test_external_weights(tmp_path: Path) -> None:
    weights = [tmp_path / "a", tmp_path / "b"]
    for file in weights:
        file.write_bytes(b"1")
    before = engine_provenance.weights_digest(weights)
    weights[1].write_bytes(b"2")
    assert engine_provenance.weights_digest([]) == ""
    assert engine_provenance.weights_digest(weights) not in ("", before)
