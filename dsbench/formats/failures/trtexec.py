"""Failure texts of trtexec, TensorRT 7 to 11, in the order of ``matcher.py``; those of other programs too are in
``shared.py``."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import replace

from dsbench.base import numbers, spec
from dsbench.formats.failures import matcher, shared
from dsbench.formats.failures.matcher import Failure, FailureKind, Found, Row

_NO_NEWS = re.compile(r"(?:^|\] )\[[IV]\] |^&&&& |^\s+--|^ {10}")
"""Progress, options echoed, the command itself, and the help text that follows a wrong option."""
_WORKSPACE = re.compile(r"Memory Pools: workspace: ([0-9.eE+-]+) MiB")
UNKNOWN = "unknown"
"""The row of an error line that no other row knows."""

_STOP_OTHERS = "stop other programs on the GPU (`nvidia-smi` lists them), or start with a smaller --max-bs"
_MODELOPT = (
    "convert the ONNX file to FP16 first (python -m modelopt.onnx.autocast --onnx_path model.onnx --output_path "
    "model_fp16.onnx), put that file into model/, name it with `onnx =` in dsbench.toml and set network-mode = 0 "
    "under [property], so that "
    "no precision flag is passed; or build with TensorRT 10 or 8.6"
)

ROWS: tuple[Row, ...] = (
    Row(
        "precision-option",
        r"Unknown option: --(fp16|int8|best|bf16)",
        "this trtexec has no --{1}: TensorRT 11 takes the precision from the ONNX file",
        _MODELOPT,
    ),
    Row(
        "old-trtexec",
        r"Unknown option: --(skipInference|memPoolSize|timingCacheFile)",
        "this trtexec is too old: it does not know --{1}",
        "use the trtexec of TensorRT 8.6 or newer, the one of the DeepStream installation",
    ),
    Row(
        "option",
        r"Unknown option: (\S+)",
        "this trtexec does not know the option {1}",
        "use the trtexec of the DeepStream installation's TensorRT (8.6 to 10)",
    ),
    shared.DRIVER,
    shared.NO_GPU,
    shared.GPU_NUMBER,
    Row(
        "cuda-start",
        r"[Cc][Uu][Dd][Aa] initialization failure with error:? \d+|Cuda failure: (?:initialization error|3\b)",
        "CUDA cannot be started on this machine",
        "check that nvidia-smi works here, and in a container that it was started with --gpus all",
    ),
    shared.MISSING_LIBRARY.with_fix(
        "install TensorRT and CUDA completely, or add their lib folder to LD_LIBRARY_PATH; "
        "`ldd` on trtexec names what is missing"
    ),
    Row(
        "missing-plugin-library",
        r"cannot open shared object file",
        "a library that trtexec needs is missing",
        "install TensorRT and CUDA completely, or add the library's folder to LD_LIBRARY_PATH",
    ),
    Row(
        "disk",
        r"No space left on device|Disk quota exceeded|Cannot write|Saving engine to file failed",
        "the engine or its log could not be written",
        "free space on the disk (df -h) and make benchmarks/engines writable",
        FailureKind.DISK,
    ),
    Row(
        "onnx-file",
        r"Input file cannot be found|Could not open file (\S+\.onnx)|Model missing or format not recognized",
        "trtexec cannot read the ONNX file",
        "run dsbench from the directory that the model directory's path begins in",
    ),
    shared.OTHER_TENSORRT,
    shared.DAMAGED_ENGINE,
    shared.OTHER_GPU,
    shared.PLUGIN.with_fix(
        "load the plugin's library (build the engine by hand with trtexec --staticPlugins=LIB, or --plugins=LIB before "
        "TensorRT 8.6, and keep the names of docs/prepare.md), use a newer TensorRT, or export without it",
    ),
    Row(
        "fixed-shapes",
        r"Static model does not take explicit shapes",
        "the ONNX file's shapes are fixed, and shapes were given",
        "run dsbench prepare again: the batch has been frozen since it was inspected; re-export with a dynamic batch",
    ),
    Row(
        "profile",
        r"Static dimension mismatch|engineDims\.d\[i\]|"
        r"(?:Supplied|Set) (?:binding|input) dimension.*(?:bindings|dimension)|"
        r"not (?:satisfy|satisfied).*(?:min|max).*profile|satisfyProfile",
        "the engine does not take the batch or size that it was run with",
        "build it again for this size: dsbench prepare --rebuild",
    ),
    Row(
        "inputs",
        r"Cannot find input tensor with name \"?([^\"\s]+)|Dynamic dimensions required for input: (\S+?),",
        "trtexec and the ONNX file do not agree on the inputs",
        "export the detector with the image as its only input (docs/families.md)",
    ),
    shared.MEMORY.with_fix(_STOP_OTHERS),
    Row(
        "tactic-memory",
        r"Requested amount of GPU memory|insuff?icient memory on requested size",
        shared.MEMORY.cause,
        _STOP_OTHERS,
        FailureKind.MEMORY,
    ),
    shared.FROZEN_BATCH,
    shared.SHAPE_CONSTRAINTS,
    shared.NO_KERNEL.with_fix(
        "give it more workspace (--workspace, in MiB) or a smaller --max-bs; try network-mode = 0 (FP32); TensorRT and "
        "driver of the same release; simplify the graph (onnxsim, constant shapes) where attention masks are traced",
    ),
    Row(
        "mixed-precision",
        r"must have same input types|stronglyTyped|strongly typed",
        "the ONNX file mixes precisions in a way that a strongly typed network does not allow",
        "convert it with one tool throughout (python -m modelopt.onnx.autocast), or export it in FP32",
    ),
    shared.DATA_TYPE,
    replace(
        shared.ONNX_NOT_PARSED,
        pattern=r"In function \w+:|In node -?\d+ with name|Assertion failed: .+|Invalid Node - (\S+)|UNSUPPORTED_NODE|"
        + shared.ONNX_NOT_PARSED.pattern,
    ),
    Row(
        "myelin",
        r"[Mm]yelin",
        "TensorRT's graph compiler (Myelin) failed inside",
        "use another release of TensorRT, or change the exported graph around the node it names",
        consequence=True,
    ),
    Row(
        "internal",
        r"Error Code \d+: (?:Internal|API Usage|Cuda|Cask|Myelin) ?\w* ?Error|Internal Error",
        "TensorRT failed inside",
        "use another release of TensorRT; the log's line names the part of the network",
        consequence=True,
    ),
    Row(
        "cuda-call",
        r"Cuda failure: ?(.*)",
        "a CUDA call failed",
        "look at `dmesg` for Xid messages of the driver, and run again",
        consequence=True,
    ),
    Row(
        UNKNOWN,
        r"\[E\]\s*(?!.*(?:Engine set up failed|Engine could not be created|Inference set up failed|"
        r"Building engine failed|Parsing model failed|Failed to create engine from model|"
        r"Network And Config setup failed|Engine creation failed|&&&& FAILED))\S",
        "trtexec failed",
        "read its log",
        consequence=True,
    ),
)


def find(lines: Iterable[str]) -> Failure | None:
    """Why trtexec failed, from its log; None where no line says anything of it.

    Of warnings only those of memory count: a healthy build prints many others.
    """
    workspace = _Workspace()
    failure = matcher.find(ROWS, workspace.watch(lines), counts=_counts)
    return workspace.explain(failure) if failure else None


class TrtexecSearch:
    """The same rows for every cause of a log, not only the first: ``feed`` each line, then ``found``."""

    def __init__(self) -> None:
        self._workspace = _Workspace()
        self._collector = matcher.FailureCollector(ROWS, _counts)

    def feed(self, number: int, line: str) -> bool:
        """Match one line, without escapes; whether it is a known failure text."""
        matched = [self._collector.feed(number, kept) for kept in self._workspace.watch((line,))]
        return any(matched)

    def found(self) -> tuple[Found, ...]:
        """What was found, causes first; a workspace below one MiB explains all of it."""
        return tuple(replace(one, failure=self._workspace.explain(one.failure)) for one in self._collector.found())


def _counts(row: Row, line: str) -> bool:
    return row.kind is FailureKind.MEMORY or "[W]" not in line


def _mib(text: str) -> float | None:
    try:
        return numbers.decimal(text)
    except ValueError:
        return None


class _Workspace:
    """The workspace of the run. Below one MiB it explains what it does not hold, whatever the log says."""

    def __init__(self) -> None:
        self._mib: float | None = None

    def watch(self, lines: Iterable[str]) -> Iterator[str]:
        """The lines that can name a cause."""
        for line in lines:
            if size := _WORKSPACE.search(line):
                self._mib = _mib(size[1])
            if not _NO_NEWS.search(line):
                yield line

    def explain(self, failure: Failure) -> Failure:
        if self._mib is None or self._mib >= 1 or failure.id == UNKNOWN:
            return failure
        return Failure(
            f"the workspace is {self._mib:g} MiB: the size was given with a suffix that trtexec reads as bytes",
            failure.line,
            f"write --memPoolSize=workspace:{spec.WORKSPACE_MIB}M: MiB as a suffix means bytes",
        )
