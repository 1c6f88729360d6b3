"""``dsbench prepare``: Steps 4 and 5 on one model directory, with NVIDIA's trtexec."""

from __future__ import annotations

import argparse
import shlex
import sys
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from dsbench.base import spec
from dsbench.base.errors import Code, DsbenchError
from dsbench.base.option import Value
from dsbench.base.option_levels import Options, read_arguments
from dsbench.base.options import GPU_ID, TARGET_FPS
from dsbench.build import trtexec_commands
from dsbench.build.trtexec_commands import FP16, FP32, Target
from dsbench.machine import device_lock, directory_lock, hardware
from dsbench.model import preflight
from dsbench.model import settings as settings_file
from dsbench.model.layout import ModelLayout
from dsbench.model.onnx import graph as onnx_model
from dsbench.model.settings import Settings
from dsbench.model.stand_in import LARGEST_BATCH
from dsbench.record import store
from dsbench.trtexec import options, prepare, program
from dsbench.trtexec.prepare import BUILT, KEPT, Preparation, Wanted
from dsbench.trtexec.program import Trtexec

_INT8 = (
    "calibrate with TensorRT or quantise the ONNX file (Q/DQ), build the engine by hand with trtexec --int8 --fp16, "
    "and give it the name benchmarks/engines/{stem}_dynamic_b<MAX_BS>.engine: dsbench prepare then measures it"
)


@dataclass(frozen=True)
class _Inspected:
    """What Steps 4-5 need of a model directory. Labels and video are not needed."""

    layout: ModelLayout
    settings: Settings
    target: Target
    target_fps: Value[float]
    first_batch: int | None


def run(arguments: argparse.Namespace) -> int:
    """0: engine and logs are there. A failure is a DsbenchError."""
    given = read_arguments(arguments, options.OPTIONS)
    inspected = _inspect(arguments.model_dir, given)
    cannot_build = _cannot_build(inspected.settings, inspected.target)
    if arguments.print:
        if cannot_build is not None:
            raise cannot_build
        print("\n".join(_shell_lines(inspected)))
        return 0
    seconds = given.resolve(options.TIMEOUT).value
    tool = Trtexec(program.find_program(), float(seconds), _announce)
    layout, gpu_id = inspected.layout, inspected.target.gpu_id
    hardware.require_gpu(gpu_id)
    wanted = Wanted(
        inspected.target, inspected.target_fps.value, inspected.first_batch, arguments.rebuild, cannot_build
    )
    with ExitStack() as at_end:
        directory_lock.take(layout.root, at_end, shown=layout.given)
        at_end.enter_context(device_lock.exclusive(device_lock.device_name("deepstream", gpu_id), _announce))
        try:
            outcome = prepare.prepare_engine(tool, wanted, hardware.engine_machine("deepstream", gpu_id))
        except OSError as error:
            raise DsbenchError(
                Code.NOT_WRITABLE,
                f"the model directory cannot be written: {error.strerror}",
                where=str(error.filename or layout.benchmarks),
                fix="make it writable and check the free space (df -h)",
            ) from error
    print("\n".join(_summary(inspected, outcome)))
    return 0


def _inspect(model_dir: str, given: Options) -> _Inspected:
    layout = ModelLayout.at(model_dir, Path.cwd())
    preflight.require_directory(layout)
    settings = settings_file.load(layout.settings_file)
    target_fps = given.resolve(TARGET_FPS, settings.options)
    workspace, gpu_id = given.resolve(options.WORKSPACE).value, given.resolve(GPU_ID).value
    onnx_file, _ = preflight.find_onnx(layout, settings)
    onnx = onnx_model.inspect(onnx_file, input_size=settings.input_size)
    precision = FP32 if settings.network_mode == 0 else FP16
    target = Target(layout, onnx, (onnx.height, onnx.width), precision, workspace, gpu_id)
    first = given.resolve(options.MAX_BS).value
    if first is not None and (first > LARGEST_BATCH or onnx.batch not in (None, first)):
        limit = f"nvinfer takes up to {LARGEST_BATCH}" if onnx.batch is None else f"the batch is frozen at {onnx.batch}"
        raise DsbenchError(Code.USAGE, f"--max-bs {first}: {limit}", fix="give another number, or leave it out")
    return _Inspected(layout, settings, target, target_fps, first)


def _cannot_build(settings: Settings, target: Target) -> DsbenchError | None:
    """The error for INT8 (1) and best (3), which need a calibration."""
    mode = settings.network_mode
    if mode not in (1, 3):
        return None
    return DsbenchError(
        Code.ENGINE_PREPARATION,
        f"network-mode = {mode} ({'INT8' if mode == 1 else 'best'}) needs a calibration: dsbench prepare builds FP16 "
        "and FP32 engines",
        where=str(settings.path),
        fix=_INT8.format(stem=target.onnx.path.stem),
    )


def _shell_lines(inspected: _Inspected) -> tuple[str, ...]:
    target = inspected.target
    max_bs = target.onnx.batch or inspected.first_batch or spec.FIRST_MAX_BS
    return (
        *trtexec_commands.shell_lines(target, max_bs),
        trtexec_commands.doubling_remark(target, max_bs, inspected.target_fps.value),
    )


def _announce(text: str) -> None:
    print(f"dsbench: {text}", file=sys.stderr, flush=True)


def _summary(inspected: _Inspected, outcome: Preparation) -> list[str]:
    layout, best, target = inspected.layout, outcome.best, inspected.target
    done = {
        BUILT: "built and measured",
        KEPT: "measured; the engine of an earlier run still holds" if outcome.measured else "still holds, nothing done",
    }.get(outcome.whose, "measured" if outcome.measured else "nothing done")
    fps = f"{inspected.target_fps.value:g}"
    lines = [
        f"Engine:           {layout.given_path(outcome.engine.path)}  (MAX_BS={outcome.engine.max_bs}; {done})",
        f"trtexec:          {best.log.throughput_qps:g} qps = {round(best.images_per_second, 2)} img/s @ "
        f"BS={best.batch}, {target.precision.upper() if outcome.engine.provenance else 'precision not recorded'}",
        f"PEAK_GPU_STREAMS: {outcome.peak_gpu_streams}  (floor({round(best.images_per_second, 2)} img/s / {fps}))",
    ]
    lines += (f"note: {note}" for note in outcome.notes)
    lines += (f"note: trtexec's figure: {remark}" for remark in best.log.remarks)
    if target.onnx.batch is not None:
        lines.append(f"note: {trtexec_commands.doubling_remark(target, best.batch, 1).lstrip('# ')}")
    again = ["pytest", "--model-dir", layout.given, "--runtime", "deepstream"]
    if store.recorded_runtime(layout.record) == "embedded":
        again.append("--replace-results")
    return [*lines, f"next: {shlex.join(again)}"]
