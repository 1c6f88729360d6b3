"""deepstream-app's console as facts: engine loaded, engine built and why, pipeline running, the closing line."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from dsbench.formats.app import console as app_console
from dsbench.judge.run import engine_use

NVINFER = "nvinfer gstnvinfer.cpp:731:gst_nvinfer_logger:<primary_gie> NvDsInferContext[UID 1]: Info from "
LOADED = (
    f"0:00:01.100000000  7 0x1 INFO {NVINFER}NvDsInferContextImpl::deserializeEngineAndBackend() "
    "<nvdsinfer_context_impl.cpp:2188> [UID = 1]: deserialized trt engine from :/m/x_dynamic_b64.engine",
    f"0:00:01.200000000  7 0x1 INFO {NVINFER}NvDsInferContextImpl::generateBackendContext() "
    "<nvdsinfer_context_impl.cpp:2291> [UID = 1]: Use deserialized engine model: /m/x_dynamic_b64.engine",
    "INFO: [Implicit Engine Info]: layers num: 0",
)
BUILT = (
    "WARNING: ../nvdsinfer/nvdsinfer_model_builder.cpp:1487 Deserialize engine failed because file path: "
    "/m/nope.engine open error",
    f"0:00:02.500000000  7 0x1 \x1b[36mINFO\x1b[00m {NVINFER}NvDsInferContextImpl::buildModel() "
    "<nvdsinfer_context_impl.cpp:2202> [UID = 1]: Trying to create engine from model files",
    "WARNING: [TRT]: onnx2trt_utils.cpp:374: Your ONNX model has been generated with INT64 weights",
    f"0:01:35.750000000  7 0x1 INFO {NVINFER}NvDsInferContextImpl::buildModel() <nvdsinfer_context_impl.cpp:2234> "
    "[UID = 1]: serialize cuda engine to file: /m/x.onnx_b4_gpu0_fp16.engine successfully",
)


def test_a_loaded_engine() -> None:
    console = app_console.read(LOADED)
    assert console.engine_loaded == "/m/x_dynamic_b64.engine"
    assert (console.build_began, console.build_s, console.reasons) == (False, None, ())
    assert engine_use.remark(console) == ""


def test_a_built_engine_with_the_seconds_of_the_logs_own_clock() -> None:
    console = app_console.read(BUILT)
    assert console.build_s == 93.25
    assert console.saved_as == "/m/x.onnx_b4_gpu0_fp16.engine"
    assert console.engine_loaded == ""
    remark = engine_use.remark(console)
    assert "the engine that model-engine-file names is not there" in remark
    assert "it took 93.2 s" in remark or "it took 93.3 s" in remark
    assert "every start builds again" in remark


@pytest.mark.parametrize(
    ("line", "why"),
    [
        (
            "ERROR: [TRT]: IRuntime::deserializeCudaEngine: Error Code 1: Serialization (Serialization assertion "
            "stdVersionRead == kSERIALIZATION_VERSION failed.Version tag does not match. Note: Current Version: 239, "
            "Serialized Engine Version: 237)",
            "another TensorRT version",
        ),
        ("x [UID = 1]: Backend has maxBatchSize 1 whereas 4 has been requested", "largest batch is too small"),
        ("x [UID = 1]: backend can not support dims:3x640x640", "does not take this input size"),
        ("ERROR: Deserialize engine failed from file: /m/bad.engine", "cannot read the engine"),
        ("nothing to see", "the config names none"),
    ],
)
def test_why_it_was_built(line: str, why: str) -> None:
    assert why in engine_use.remark(app_console.read((line, *BUILT[1:])))


def test_a_build_that_goes_on_and_one_that_failed() -> None:
    going_on = app_console.read(BUILT[:3])
    assert going_on.building
    assert going_on.build_s is None
    assert "did not end" in engine_use.remark(going_on)
    failed = app_console.read((*BUILT[:3], "0:00:09.0 7 0x1 ERROR nvinfer x: [UID = 1]: build engine file failed"))
    assert not failed.building
    assert failed.saved_as == ""


def test_the_end_of_the_app() -> None:
    running = "** INFO: <bus_callback:628>: Pipeline running"
    assert app_console.read([running, "Quitting", "App run successful"]).closing == "successful"
    assert app_console.read([running]).running
    assert app_console.read(["App run failed"]).closing == "failed"


def test_endless_lines_and_bytes_of_all_kinds_are_survived() -> None:
    rubbish = ["\0" * 100_000, "ngine" * 100_000, "\x1b[31m" * 5000, "", "Version tag" * 1000]
    assert not app_console.read(rubbish).build_began


BUILDS = {"engine_missing", "engine_corrupt", "engine_empty", "batch_gt_engine", "appbs4_engineb1", "mode2_build"}


def test_recorded_consoles(shared: Path) -> None:
    folders = sorted((shared / "gold" / "err2").iterdir())
    for folder in folders:
        console = app_console.read((folder / "console.log").read_text("utf-8", "replace").splitlines())
        if folder.name in BUILDS:
            assert console.build_began, folder.name
            assert console.build_ended, folder.name
            assert 0 < (console.build_s or 0) < 1, folder.name
        if json.loads((folder / "meta.json").read_text())["rc"] == 0:
            assert console.closing == "successful", folder.name
            assert console.running, folder.name
    for folder in sorted((shared / "gold" / "kitti").iterdir())[:20]:
        assert not app_console.read((folder / "console.log").read_text("utf-8", "replace").splitlines()).build_began


def test_what_the_embedded_runtime_says_of_its_engine_and_threads() -> None:
    lines = [
        "dsbench-app: DSBENCH_LANES=7 is ignored: it can be auto, parallel or intra",
        "dsbench-app: DSBENCH_LANES=7 is ignored: it can be auto, parallel or intra",
        "dsbench-app: the network runs in 2 lanes of 1 thread (143.1 frames/s in a short trial; ...)",
        "dsbench-app: frames are counted on OpenVINO 2026.4 (bf16), 4.0 ms a call",
        "dsbench-app: up to 4 rounds of a stream's clip are decoded at once: there are more processors than streams",
        "dsbench-app: not supported by the embedded runtime, ignored: [tiled-display]",
        "(x) dsbench-app: DSBENCH_ENGINE=fast in the middle of a line",
        *(f"dsbench-app: DSBENCH_{number}" for number in range(100)),
    ]
    found = app_console.read(lines).remarks
    assert [text.split()[0] for text in found[:4]] == ["DSBENCH_LANES=7", "the", "frames", "up"]
    assert not any("tiled" in text or "middle" in text for text in found)
    assert len(found) == 8
