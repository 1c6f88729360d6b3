"""What to run next: after an embedded run, Steps 4-7 on a DeepStream machine; after a failure, the run again."""

from __future__ import annotations

import os
import shlex
from collections.abc import Iterator

from dsbench.model.layout import ModelLayout
from dsbench.model.onnx_model import OnnxFacts
from dsbench.model.preflight import PreflightFacts
from dsbench.options import COMMAND_LINE
from dsbench.session import ModelRun

FIRST_BATCH = 64
"""MAX_BS with which Steps 4-5 begin."""


def of(model: ModelRun) -> tuple[str, ...]:
    """Lines to be copied into a shell; those that begin with ``#`` say what they are for."""
    facts = model.find(PreflightFacts)
    if facts is None or (model.recorder is not None and model.recorder.record.verdict == "failed"):
        again = ["pytest", "--model-dir", model.layout.given]
        if model.options.runtime.origin == COMMAND_LINE:
            again += ["--runtime", model.options.runtime.value]
        if model.options.video.command_line is not None:
            again += ["--video", model.options.video.command_line]
        return ("# once the failure above is mended:", _join(*again))
    if model.runtime.name != "embedded":
        return ("# the report of Step 8:", f"# read references/report-generation.md {model.layout.given}/")
    return tuple(_deepstream(model, facts))


def _deepstream(model: ModelRun, facts: PreflightFacts) -> Iterator[str]:
    layout, onnx = facts.layout, facts.onnx
    frozen = onnx.batch
    max_bs = frozen or FIRST_BATCH
    yield "# on a machine with DeepStream, in a copy of this directory. Steps 4-5: build the engine and measure it"
    folders = sorted({layout.trtexec_log(1).parent, layout.trtexec_log(max_bs).parent, layout.engines})
    yield _join("mkdir", "-p", *(layout.given_path(folder) for folder in folders))
    yield build_command(layout, onnx, (facts.height, facts.width), max_bs)
    for batch in sorted({frozen or 1, max_bs}):
        yield measure_command(layout, onnx, (facts.height, facts.width), batch, max_bs)
    if frozen is None:
        yield f"# while floor(Throughput x MAX_BS / {facts.target_fps.value:g}) > MAX_BS: double {max_bs}, build again"
    else:
        yield f"# batch frozen at {frozen}: re-export with a dynamic batch to carry more streams"
    yield "# Steps 6-7 on DeepStream; the record of this embedded run is kept beside the new one"
    words = ["pytest", "--model-dir", layout.given, "--runtime", "deepstream", "--replace-results"]
    if facts.video.origin in ("command line", "environment"):
        words += ["--video", str(facts.video.value.path)]
    yield _join(*words)


def build_command(layout: ModelLayout, onnx: OnnxFacts, size: tuple[int, int], max_bs: int) -> str:
    """Step 4: the engine, ``<stem>_dynamic_b<MAX_BS>.engine``. A frozen batch takes no shapes."""
    shapes: tuple[str, ...] = ()
    if onnx.batch is None:
        least, most = _shape(onnx, size, 1), _shape(onnx, size, max_bs)
        shapes = (f"--minShapes={least}", f"--optShapes={most}", f"--maxShapes={most}")
    return _join(
        "trtexec",
        f"--onnx={layout.given_path(onnx.path)}",
        *shapes,
        "--fp16",
        "--skipInference",
        "--memPoolSize=workspace:32768M",
        f"--timingCacheFile={layout.given_path(layout.engines / 'timing.cache')}",
        f"--saveEngine={layout.given_path(layout.engine(onnx.path.stem, max_bs))}",
    )


def measure_command(layout: ModelLayout, onnx: OnnxFacts, size: tuple[int, int], batch: int, max_bs: int) -> str:
    """Step 5: the throughput at one batch, its output in the log that pre-flight reads."""
    shapes = (f"--shapes={_shape(onnx, size, batch)}",) if onnx.batch is None else ()
    command = _join(
        "trtexec",
        f"--loadEngine={layout.given_path(layout.engine(onnx.path.stem, max_bs))}",
        *shapes,
        "--noDataTransfers",
        "--duration=10",
        "--warmUp=1000",
    )
    return f"{command} > {shlex.quote(layout.given_path(layout.trtexec_log(batch)))} 2>&1"


def _shape(onnx: OnnxFacts, size: tuple[int, int], batch: int) -> str:
    height, width = size
    dims = (batch, height, width, onnx.channels) if onnx.layout == "NHWC" else (batch, onnx.channels, height, width)
    return f"{onnx.input_name}:{'x'.join(map(str, dims))}"


def _join(*words: str) -> str:
    return shlex.join(os.fspath(word) for word in words)
