"""Causes of failed trtexec runs, from lines as TensorRT 7 to 11 print them."""

from __future__ import annotations

import pytest

from dsbench.formats.failures import trtexec as failures
from dsbench.formats.failures.matcher import Failure, FailureKind

RUNNING = "&&&& RUNNING TensorRT.trtexec [TensorRT v8601] # trtexec --onnx=net.onnx --fp16 --saveEngine=net.engine"
END = (
    "[E] Engine could not be created from network",
    "[E] Building engine failed",
    "[E] Failed to create engine from model or file.",
    "[E] Engine set up failed",
    "&&&& FAILED TensorRT.trtexec [TensorRT v8601] # trtexec --onnx=net.onnx --fp16",
)


def find(*lines: str) -> Failure:
    found = failures.find([RUNNING, *(f"{line}\n" for line in lines), *END])
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("line", "cause", "fix"),
    [
        ("[E] Unknown option: --fp16 ", "has no --fp16: TensorRT 11", "modelopt.onnx.autocast"),
        ("[E] Unknown option: --skipInference ", "too old", "TensorRT 8.6 or newer"),
        ("[E] Unknown option: --frobnicate 3", "does not know the option --frobnicate", "trtexec of the DeepStream"),
        (
            "[11/20/2026-10:00:00] [E] [TRT] 6: CUDA initialization failure with error: 35. Please check your CUDA "
            "installation: http://docs.nvidia.com/cuda/cuda-installation-guide-linux/index.html",
            "driver is too old",
            "nvidia-smi",
        ),
        (
            "[E] [TRT] Cuda initialization failure with error 35. Please check cuda installation:",
            "driver is too old",
            "update the driver",
        ),
        ("[E] [TRT] CUDA initialization failure with error: 100. Please check", "finds no GPU", "--gpus all"),
        ("Cuda failure: no CUDA-capable device is detected", "finds no GPU", "--gpus all"),
        ("Cuda failure: initialization error", "CUDA cannot be started", "nvidia-smi works"),
        ("[E] [TRT] CUDA initialization failure with error: 2. Please", "CUDA cannot be started", "nvidia-smi works"),
        ("[E] Cannot find device ID 3 in available devices!", "no GPU with that number", "--gpu-id"),
        (
            "trtexec: error while loading shared libraries: libnvinfer.so.10: cannot open shared object file",
            "the shared library libnvinfer.so.10 is missing",
            "LD_LIBRARY_PATH",
        ),
        (
            "[E] Error[10]: [optimizer.cpp::computeCosts::3728] Error Code 10: Internal Error (Could not find any "
            "implementation for node {ForeignNode[onnx::Gather_72...ScatterND_170]}.)",
            "no kernel for a part of the network",
            "--workspace",
        ),
        (
            "[E] [TRT] 10: Could not find any implementation for node Transpose_50.",
            "no kernel for a part of the network",
            "--max-bs",
        ),
        (
            "[W] [TRT] Requested amount of GPU memory (34359738368 bytes) could not be allocated. There may not be "
            "enough free memory for allocation to succeed.",
            "too little free memory",
            "--max-bs",
        ),
        (
            "[E] [TRT] 2: [virtualMemoryBuffer.cpp] Error Code 2: OutOfMemory (no further information)",
            "memory",
            "nvidia",
        ),
        (
            "[E] [TRT] ../rtSafe/safeRuntime.cpp (25) - Cuda Error in allocate: 2 (out of memory)",
            "memory",
            "nvidia-smi",
        ),
        (
            "[E] Static model does not take explicit shapes since the shape of inference tensors will be determined by "
            "the model itself",
            "shapes are fixed",
            "dynamic batch",
        ),
        (
            "[E] Error[3]: [executionContext.cpp::setInputShape::2264] Error Code 3: API Usage Error (Parameter check "
            "failed, condition: engineDims.d[i] == dims.d[i]. Static dimension mismatch while setting input shape.",
            "does not take the batch or size",
            "--rebuild",
        ),
        (
            "[E] Error[1]: [stdArchiveReader.cpp::StdArchiveReader::40] Error Code 1: Serialization (Serialization "
            "assertion stdVersionRead == serializationVersion failed.Version tag does not match. Note: Current "
            "Version: 213, Serialized Engine Version: 205)",
            "another version of TensorRT",
            "--rebuild",
        ),
        (
            "[E] 1: [stdArchiveReader.cpp::StdArchiveReader::32] Error Code 1: Serialization (Serialization assertion "
            "magicTagRead == kMAGIC_TAG failed.Magic tag does not match)",
            "not an engine, or is damaged",
            "--rebuild",
        ),
        ("[E] Error opening engine file: net.engine", "not an engine, or is damaged", "--rebuild"),
        (
            "[E] [TRT] 3: getPluginCreator could not find plugin: MultiscaleDeformableAttnPlugin_TRT version: 1",
            "operator or plugin",
            "--staticPlugins",
        ),
        ("[8] No importer registered for op: GridSample. Attempting", "operator or plugin", "newer TensorRT"),
        (
            "ERROR: builtin_op_importers.cpp:2249 In function importPad:",
            "ONNX parser does not take the file",
            "onnxsim",
        ),
        ("[8] Assertion failed: inputs.at(1).is_weights()", "ONNX parser does not take the file", "onnxsim"),
        (
            "[E] [TRT] ITensor::getDimensions: Error Code 4: API Usage Error (/Sub: ElementWiseOperation SUB must have "
            "same input types. But they are of types Half and Float.)",
            "mixes precisions",
            "autocast",
        ),
        (
            "[E] Error[3]: In node -1 with name:  and operator:  (parseFromFile): INVALID_VALUE: Assertion failed: "
            "stat(onnxModelFile, &sb) == 0 && S_ISREG(sb.st_mode): Input file cannot be found, or is not regular",
            "cannot read the ONNX file",
            "run dsbench from",
        ),
        (
            "[E] Error[2]: [convBaseBuilder.cpp::createConvolution::259] Error Code 2: Internal Error (Assertion "
            "isOpConsistent(convolution.get()) failed. Cask convolution isConsistent check failed.)",
            "TensorRT failed inside",
            "another release",
        ),
        (
            "[E] Error[4]: [shapeCompiler.cpp::evaluateShapeChecks::1180] Error Code 4: Internal Error (kOPT values "
            "for profile 0 violate shape constraints: IShuffleLayer /head/Reshape: reshaping failed for tensor: "
            "/head/Expand_output_0 Reshape would change volume.)",
            "fixes the batch although its input declares it open (Reshape would change volume: /head/Reshape)",
            "dynamic batch",
        ),
        (
            "[E] Error[4]: [shapeCompiler.cpp::evaluateShapeChecks::832] Error Code 4: Internal Error (kMAX values for "
            "profile 0 violate shape constraints: condition '==' violated. 4 != 1. /Concat: dimensions not compatible)",
            "does not take the shapes that its input declares: condition '==' violated. 4 != 1. /Concat",
            "dynamic batch",
        ),
        ("[E] Something that nobody has seen before", "trtexec failed", "read its log"),
    ],
)
def test_the_cause_and_the_fix(line: str, cause: str, fix: str) -> None:
    found = find(line)
    assert cause in found.cause
    assert fix in found.fix
    assert found.line == line[:300] or found.line in line


def test_the_cause_comes_before_what_only_passes_it_on() -> None:
    found = find(
        "[W] [TRT] Skipping tactic 0 due to insuficient memory on requested size of 29147520 detected for tactic 0.",
        "[E] Error[10]: [optimizer.cpp] Error Code 10: Internal Error (Could not find any implementation for node X.)",
        "[E] Error[2]: [builder.cpp] Error Code 2: Internal Error (Assertion enginePtr != nullptr failed. )",
    )
    assert found.kind == FailureKind.MEMORY
    parse = find("[6] Invalid Node - Pad_13", "[E] Failed to parse onnx file", "[E] Parsing model failed")
    assert "parser" in parse.cause
    assert parse.line == "[6] Invalid Node - Pad_13"


def test_options_that_are_only_echoed_are_no_failure() -> None:
    echoed = ("[I] Unknown option: --fp16", "  --stronglyTyped   Create a strongly typed network", " " * 20 + "Myelin")
    warned = "[11/20/2026-10:00:00] [W] [TRT] Myelin graph with multiple dynamic values may have poor performance"
    assert failures.find([RUNNING, *echoed, warned, *END[1:]]) is None
    assert failures.find([]) is None


def test_a_workspace_in_bytes() -> None:
    found = find(
        "[I] Memory Pools: workspace: 0.03125 MiB, dlaSRAM: default",
        "[E] Error[10]: Error Code 10: Internal Error (Could not find any implementation for node {Foreign[a...b]}.)",
    )
    assert "0.03125 MiB" in found.cause
    assert "M:" in found.fix
    assert (
        "no kernel"
        in find("[I] Memory Pools: workspace: 32768 MiB", "[E] Could not find any implementation for node a.").cause
    )
