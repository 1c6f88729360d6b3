"""Why trtexec failed, read from its log: known texts of TensorRT 7 to 11, each with its cause and the fix.

A log of a failed run holds many lines that only pass the failure on ("Engine set up failed"). Each known text has its
place in ``_KNOWN``; of those that a log holds, the first of the table is the cause.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

MEMORY = "memory"
"""``Failure.kind`` of failures that a smaller batch would not have."""
DISK = "disk"
"""Of those that say nothing of the engine."""
OTHER = "other"

_CONSEQUENCES = re.compile(
    r"(Engine set up failed|Engine could not be created|Inference set up failed|Building engine failed|"
    r"Parsing model failed|Failed to create engine from model|Network And Config setup failed|"
    r"Engine creation failed|&&&& FAILED)"
)
_ERROR = re.compile(r"\[E\]\s*(.*)")
_NO_NEWS = re.compile(r"(?:^|\] )\[[IV]\] |^&&&& |^\s+--|^ {10}")
"""Progress, options echoed, the command itself, and the help text that follows a wrong option."""
_LONGEST = 300


@dataclass(frozen=True)
class Failure:
    """``cause``: one sentence; ``line``: the log's own line that says so; ``fix``: what to do."""

    cause: str
    line: str
    fix: str
    kind: str = OTHER


_MODELOPT = (
    "convert the ONNX file to FP16 first (python -m modelopt.onnx.autocast --onnx_path model.onnx --output_path "
    "model_fp16.onnx), put that file into model/, name it with `onnx =` in dsbench.toml and set network-mode = 0 "
    "under [property], so that "
    "no precision flag is passed; or build with TensorRT 10 or 8.6"
)

_KNOWN: tuple[tuple[str, str, str, str], ...] = (
    # pattern, cause, fix, kind; {1} is the pattern's group 1
    (
        r"Unknown option: --(fp16|int8|best|bf16)",
        "this trtexec has no --{1}: TensorRT 11 takes the precision from the ONNX file",
        _MODELOPT,
        OTHER,
    ),
    (
        r"Unknown option: --(skipInference|memPoolSize|timingCacheFile)",
        "this trtexec is too old: it does not know --{1}",
        "use the trtexec of TensorRT 8.6 or newer, the one of the DeepStream installation",
        OTHER,
    ),
    (
        r"Unknown option: (\S+)",
        "this trtexec does not know the option {1}",
        "use the trtexec of the DeepStream installation's TensorRT (8.6 to 10)",
        OTHER,
    ),
    (
        r"(?:[Cc][Uu][Dd][Aa] initialization failure with error:? 35\b|cudaErrorInsufficientDriver|"
        r"CUDA driver version is insufficient)",
        "the NVIDIA driver is too old for this TensorRT's CUDA",
        "update the driver, or use a container made for it (`nvidia-smi` shows the CUDA version that it serves)",
        OTHER,
    ),
    (
        r"(?:[Cc][Uu][Dd][Aa] initialization failure with error:? 100\b|cudaErrorNoDevice|"
        r"no CUDA-capable device is detected)",
        "TensorRT finds no GPU",
        "run on a machine with an NVIDIA GPU; in a container start it with --gpus all (check: nvidia-smi)",
        OTHER,
    ),
    (
        r"(?:Cannot find device ID \d+ in available devices|[Ii]nvalid device ordinal|cudaErrorInvalidDevice\b)",
        "there is no GPU with that number",
        "give --gpu-id a number that `nvidia-smi -L` lists, counted within CUDA_VISIBLE_DEVICES if that is set",
        OTHER,
    ),
    (
        r"(?:[Cc][Uu][Dd][Aa] initialization failure with error:? (\d+)|Cuda failure: (?:initialization error|3\b))",
        "CUDA cannot be started on this machine",
        "check that nvidia-smi works here, and in a container that it was started with --gpus all",
        OTHER,
    ),
    (
        r"(?:error while loading shared libraries: (\S+?):|cannot open shared object file)",
        "a library that trtexec needs is missing",
        "install TensorRT and CUDA completely, or add their lib folder to LD_LIBRARY_PATH; "
        "`ldd` on trtexec names what is missing",
        OTHER,
    ),
    (
        r"(?:No space left on device|Disk quota exceeded|Cannot write|Saving engine to file failed)",
        "the engine or its log could not be written",
        "free space on the disk (df -h) and make benchmarks/engines writable",
        DISK,
    ),
    (
        r"(?:Input file cannot be found|Could not open file (\S+\.onnx)|Model missing or format not recognized)",
        "trtexec cannot read the ONNX file",
        "run dsbench from the directory that the model directory's path begins in",
        OTHER,
    ),
    (
        r"(?:Version tag does not match|The engine plan file is not compatible with this version of TensorRT)",
        "the engine was built by another version of TensorRT",
        "build it again with this one: dsbench prepare --rebuild",
        OTHER,
    ),
    (
        r"(?:Magic tag does not match|magicTagRead == kMAGIC_TAG|Failed to read header from the stream|"
        r"Error opening engine file)",
        "the engine file is not an engine, or is damaged",
        "build it again: dsbench prepare --rebuild",
        OTHER,
    ),
    (
        r"engine plan file is generated on an incompatible device",
        "the engine was built on another kind of GPU",
        "build it again on this one: dsbench prepare --rebuild",
        OTHER,
    ),
    (
        r"(?:Plugin not found|[Uu]nable to find plugin|getPluginCreator could not find plugin:? (\S+)|"
        r"No importer registered for op: (\S+?)[. ])",
        "the model uses an operator or plugin that this TensorRT does not have",
        "load the plugin's library (build the engine by hand with trtexec --staticPlugins=LIB, or --plugins=LIB before "
        "TensorRT 8.6, and keep the names of docs/prepare.md), use a newer TensorRT, or export without it",
        OTHER,
    ),
    (
        r"Static model does not take explicit shapes",
        "the ONNX file's shapes are fixed, and shapes were given",
        "run dsbench prepare again: the batch has been frozen since it was inspected; re-export with a dynamic batch",
        OTHER,
    ),
    (
        r"Static dimension mismatch|engineDims\.d\[i\]|"
        r"(?:Supplied|Set) (?:binding|input) dimension.*(?:bindings|dimension)|"
        r"not (?:satisfy|satisfied).*(?:min|max).*profile|satisfyProfile",
        "the engine does not take the batch or size that it was run with",
        "build it again for this size: dsbench prepare --rebuild",
        OTHER,
    ),
    (
        r"(?:Cannot find input tensor with name \"?([^\"\s]+)|Dynamic dimensions required for input: (\S+?),)",
        "trtexec and the ONNX file do not agree on the inputs",
        "export the detector with the image as its only input (docs/families.md)",
        OTHER,
    ),
    (
        r"Requested amount of GPU memory|\bOutOfMemory\b|[Oo]ut of memory|cudaErrorMemoryAllocation|"
        r"insufficient memory on requested size|insuficient memory on requested size",
        "the GPU has too little free memory",
        "stop what else runs on it (nvidia-smi), or start with a smaller --max-bs",
        MEMORY,
    ),
    (
        r"Could not find any implementation for node (.{1,120})",
        "TensorRT found no kernel for a part of the network",
        "give it more workspace (--workspace, in MiB) or a smaller --max-bs; try network-mode = 0 (FP32); TensorRT and "
        "driver of the same release; simplify the graph (onnxsim, constant shapes) where attention masks are traced",
        OTHER,
    ),
    (
        r"must have same input types|stronglyTyped|strongly typed",
        "the ONNX file mixes precisions in a way that a strongly typed network does not allow",
        "convert it with one tool throughout (python -m modelopt.onnx.autocast), or export it in FP32",
        OTHER,
    ),
    (
        r"[Uu]nsupported ONNX data type: (\S+)|does not (?:natively )?support (UINT8) inputs|"
        r"(?:TensorRT does not support) (\S+)",
        "the ONNX file uses a data type that TensorRT does not take",
        "export with float inputs and weights; leave conversions of the image to nvinfer's net-scale-factor",
        OTHER,
    ),
    (
        r"(?:In function \w+:|In node -?\d+ with name|Assertion failed: .+|Invalid Node - (\S+)|"
        r"Failed to parse onnx file|UNSUPPORTED_NODE)",
        "TensorRT's ONNX parser does not take the file",
        "simplify the graph (python -m onnxsim in.onnx out.onnx), export with another opset (13 to 17), or use a newer "
        "TensorRT",
        OTHER,
    ),
    (
        r"Myelin|myelin",
        "TensorRT's graph compiler (Myelin) failed inside",
        "use another release of TensorRT, or change the exported graph around the node it names",
        OTHER,
    ),
    (
        r"(?:Error Code \d+: (?:Internal|API Usage|Cuda|Cask|Myelin) ?\w* ?Error|Internal Error)",
        "TensorRT failed inside",
        "use another release of TensorRT; the log's line names the part of the network",
        OTHER,
    ),
    (
        r"Cuda failure: ?(.*)",
        "a CUDA call failed",
        "look at `dmesg` for Xid messages of the driver, and run again",
        OTHER,
    ),
)
_PATTERNS = tuple((re.compile(pattern), cause, fix, kind) for pattern, cause, fix, kind in _KNOWN)
_WORKSPACE = re.compile(r"Memory Pools: workspace: ([0-9.eE+-]+) MiB")


def find(lines: Iterable[str]) -> Failure | None:
    """The cause of a failed run; None where no line says anything of it."""
    best: tuple[int, Failure] | None = None
    first_error = ""
    workspace = None
    for line in lines:
        if (size := _WORKSPACE.search(line)) is not None:
            workspace = float(size[1])
        if _NO_NEWS.search(line) is not None:
            continue
        warning = "[W]" in line  # a healthy build has many; of a failed one those of memory tell the cause
        for place, known in enumerate(_PATTERNS if best is None else _PATTERNS[: best[0]]):
            if (known[3] == MEMORY or not warning) and (match := known[0].search(line)) is not None:
                best = (place, _failure(known, match, line))
                break
        error = _ERROR.search(line)
        if not first_error and error is not None and not _CONSEQUENCES.search(line):
            first_error = error[1].strip()[:_LONGEST]
    if best is None:
        return Failure("trtexec failed", first_error, "read its log") if first_error else None
    return _with_workspace(best[1], workspace)


def _failure(known: tuple[re.Pattern[str], str, str, str], match: re.Match[str], line: str) -> Failure:
    _, cause, fix, kind = known
    if "{1}" in cause:
        cause = cause.replace("{1}", match.group(1))
    return Failure(cause, line.strip()[:_LONGEST], fix, kind)


def _with_workspace(failure: Failure, workspace_mib: float | None) -> Failure:
    """A workspace below one MiB explains what it does not hold, whatever the log says."""
    if workspace_mib is None or workspace_mib >= 1:
        return failure
    return Failure(
        f"the workspace is {workspace_mib:g} MiB: the size was given with a suffix that trtexec reads as bytes",
        failure.line,
        "write --memPoolSize=workspace:32768M: MiB as a suffix means bytes",
    )
