"""Failure texts: the cause a careful reader takes from a console, and none from a healthy one."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from dsbench.formats.failures import app as app_failures
from dsbench.formats.failures import gst as gst_failures

FRAME = (
    "** ERROR: <main:808>: Failed to set pipeline to PAUSED",
    "Quitting",
    "ERROR from primary_gie: Failed to create NvDsInferContext instance",
    "Config file path: /m/c.txt, NvDsInfer Error: NVDSINFER_CONFIG_FAILED",
    "App run failed",
)


@pytest.mark.parametrize(
    ("line", "cause"),
    [
        ("deepstream-app: error while loading shared libraries: libnvinfer.so.10: cannot open", "libnvinfer.so.10"),
        ("nvbufsurftransform:cuInit failed : 804 ", "driver is too old"),
        ("Error: Could not get cuda device count (cudaErrorNoDevice)", "CUDA finds no GPU"),
        (
            "ERROR: [TRT]: 1: [defaultAllocator.cpp::allocate::20] Error Code 1: Cuda Runtime (out of memory)",
            "too little free memory",
        ),
        ("Cuda failure: invalid device ordinal", "gpu-id"),
        (
            "ERROR: Could not open lib: /m/p.so, error string: /m/p.so: undefined symbol: foo",
            "nvinfer cannot load the parser library /m/p.so: undefined symbol: foo",
        ),
        (
            "Detect-postprocessor failed to init resource because dlsym failed to get func NvDsInferParseX pointer",
            "does not export the function NvDsInferParseX",
        ),
        (
            "[onnx-run-failed] ONNX Runtime failed on an input of shape [4, 3, 320, 320]: [ONNXRuntimeError] : FAIL "
            ": Non-zero status code returned while running Reshape node. Name:'/head/Reshape' Status Message: x",
            "the graph cannot run a batch of 4 (Reshape /head/Reshape): it fixes the batch",
        ),
        (
            "[onnx-run-failed] output boxes has shape [1, 9, 4] for a batch of 2: nvinfer takes the first dimension",
            "output boxes has shape [1, 9, 4] for a batch of 2: the graph does not keep the batch",
        ),
        (
            "[onnx-run-failed] ONNX Runtime failed on an input of shape [1, 3, 8, 8]: Non-zero status code",
            "cannot run the network on an input of shape [1, 3, 8, 8]: Non-zero status code",
        ),
        ("ERROR from primary_gie: Failed to queue input batch for inferencing", "inference failed"),
        ("ERROR: Cannot access ONNX file '/m/x.onnx'", "nvinfer cannot read the ONNX file /m/x.onnx"),
        (
            "ERROR: ../nvdsinfer/nvdsinfer_model_builder.cpp:315 Failed to parse onnx file",
            "ONNX parser does not take the file",
        ),
        ("WARNING: Backend has maxBatchSize 1 whereas 4 has been requested", "batches of up to 1, 4 were requested"),
        ("x Could not open labels file:/m/l.txt", "nvinfer cannot read the labels file /m/l.txt"),
        ("Error. Invalid value for 'cluster-mode':'7'", "nvinfer refuses cluster-mode=7"),
        ("** ERROR: <create_multi_source_bin:1057>: Failed to create element 'src_bin_muxer'", "src_bin_muxer"),
        (
            "ERROR from nvv4l2-decoder: Could not open device '/dev/nvidia0' for reading and writing.",
            "NVDEC, the GPU's hardware decoder, cannot be used",
        ),
        ('No such file "/v/nope.mp4"', "there is no file /v/nope.mp4"),
        (
            "ERROR from nvvidconv: NvBufSurfTransform failed with error -1 while converting buffer",
            "cannot be converted",
        ),
    ],
)
def test_known_texts(line: str, cause: str) -> None:
    known = app_failures.find([*FRAME[:2], f"\x1b[31m{line}\x1b[0m", *FRAME[2:]])
    assert known is not None
    assert cause in known.cause
    assert known.fix
    assert known.line == line.strip()


NO_DECODER = "ERROR from src_elem: No decoder available for type 'video/x-h264, stream-format=(string)avc'."
MISSING_PLUGIN = "ERROR from src_elem: Your GStreamer installation is missing a plug-in."


@pytest.mark.parametrize(
    "line",
    [
        "Couldn't set nvv4l2decoder0 to READY:",
        "Debug info: gsturidecodebin.c(960): unknown_type_cb (): /x: Couldn't set nvv4l2decoder12 to READY",
        "S_EXT_CTRLS for CUDA_GPU_ID failed",
        "Error getting capabilities for device '/dev/nvidia0': It isn't a v4l2 driver. Check if it is a v4l1 driver.",
    ],
)
def test_an_unusable_nvdec_is_no_fault_of_the_clip(line: str) -> None:
    for known in (
        app_failures.find([NO_DECODER, MISSING_PLUGIN, line, "App run failed"]),
        app_failures.find([line, NO_DECODER]),
        gst_failures.find([MISSING_PLUGIN, line, "ERROR: from element /x/nvv4l2decoder:d0: x"]),
    ):
        assert known is not None
        assert "NVDEC" in known.cause
        assert "NVIDIA_DRIVER_CAPABILITIES" in known.fix
        assert "dsbench doctor" in known.fix
        assert "clip" not in known.fix


def test_a_clip_without_a_decoder_is_one_where_nvdec_works() -> None:
    known = app_failures.find([NO_DECODER])
    assert known is not None
    assert "no decoder for the video" in known.cause


def test_a_plugin_that_is_not_found_is_answered_with_the_cache_first() -> None:
    for known in (
        gst_failures.find(['WARNING: erroneous pipeline: no element "nvdsosd"']),
        app_failures.find(["** ERROR: <create_osd_bin:57>: Failed to create 'nvosd0'"]),
    ):
        assert known is not None
        assert 0 <= known.fix.index("~/.cache/gstreamer-1.0") < known.fix.index("install DeepStream again")


def test_the_frame_of_every_failed_start_is_the_last_resort() -> None:
    known = app_failures.find(FRAME)
    assert known is not None
    assert "nvinfer could not start" in known.cause


@pytest.mark.parametrize(
    "line",
    [
        "INFO: [Implicit Engine Info]: layers num: 0",
        "INFO: ../nvdsinfer/nvdsinfer_model_builder.cpp:610 [FullDims Engine Info]: layers num: 0",
        "WARNING from src_elem: No decoder available for type 'audio/mpeg, mpegversion=(int)4'.",
        "(app:7): GStreamer-WARNING **: 22:28:55.706: gst_pad_chain_data_unchecked: Got data flow before segment event",
        "**PERF:  30.00 (29.98)\t",
        "",
    ],
)
def test_harmless_texts(line: str) -> None:
    assert app_failures.find([line]) is None


EXPECTED = {
    "err/app_badint": "deepstream-app cannot read",
    "err/app_cfg_suffix": "must end in .txt",
    "err/app_nogiecfg": "names no config-file",
    "err/cfg_missing": "deepstream-app cannot read",
    "err/cluster7": "cluster-mode=7",
    "err/color9": "model-color-format=9",
    "err/filterbad": "scaling-filter=99",
    "err/labels_missing": "cannot read the labels file",
    "err/nms_2": "nms iou threshold (2.00)",
    "err/nvcfg_garbage": "cannot read its config",
    "err/offsets2": "offsets",
    "err/parser_both_none": "no parser was called",
    "err/parser_func_wrong": "does not export",
    "err/parser_lib_notelf": "invalid ELF header",
    "err/thr_bad": "pre-cluster-threshold",
    "err/type9": "network-type=9",
    "err/video_empty": "empty (0 bytes)",
    "err/video_missing": "there is no file",
    "err2/engine_and_onnx_none": "neither a usable engine nor a model file",
    "err2/inferdims_bad": "1x3x640x640",
    "err2/onnx_empty": "ONNX",
    "err2/onnx_missing_engine_missing": "cannot read the ONNX file",
    "err2/onnx_text": "ONNX",
}


def test_recorded_failures_and_recorded_successes(shared: Path) -> None:
    for name, cause in EXPECTED.items():
        lines = (shared / "gold" / name / "console.log").read_text("utf-8", "replace").splitlines()
        known = app_failures.find(lines)
        assert known is not None, name
        assert cause in known.cause, (name, known.cause)
    for meta in sorted((shared / "gold" / "kitti").glob("*/meta.json")):
        if json.loads(meta.read_text())["rc"] == 0:
            lines = (meta.parent / "console.log").read_text("utf-8", "replace").splitlines()
            assert app_failures.find(lines) is None, meta.parent.name
