"""trtexec's command lines of Steps 4 and 5, to run or to print.

Flags as the specification's engine-build reference has them. ``M`` is the only suffix of --memPoolSize that means
MiB: ``MiB`` is read as bytes, and a workspace of 32 KiB builds no network.
"""

from __future__ import annotations

import shlex
from dataclasses import dataclass
from pathlib import Path

from dsbench.base import spec
from dsbench.model.layout import ModelLayout
from dsbench.model.onnx.graph import OnnxFacts

FP32, FP16 = "fp32", "fp16"
_PROGRAM = "trtexec"


@dataclass(frozen=True)
class Target:
    """What trtexec works on. ``size`` is height, width in pixels; ``precision`` is FP32 or FP16."""

    layout: ModelLayout
    onnx: OnnxFacts
    size: tuple[int, int]
    precision: str = FP16
    workspace_mib: int = spec.WORKSPACE_MIB
    gpu_id: int = 0

    def engine(self, max_bs: int) -> Path:
        """``benchmarks/engines/<onnx stem>_dynamic_b<MAX_BS>.engine``."""
        return self.layout.engine(self.onnx.path.stem, max_bs)

    @property
    def timing_cache(self) -> Path:
        return self.layout.engines / "timing.cache"


def build(target: Target, max_bs: int, save: Path | None = None) -> tuple[str, ...]:
    """Step 4: arguments that build the engine, to ``save`` instead of its own name. A frozen batch takes no shapes."""
    shapes: tuple[str, ...] = ()
    if target.onnx.batch is None:
        smallest, largest = shape(target, 1), shape(target, max_bs)
        shapes = (f"--minShapes={smallest}", f"--optShapes={largest}", f"--maxShapes={largest}")
    given = target.layout.given_path
    return (
        f"--onnx={given(target.onnx.path)}",
        *shapes,
        *(("--fp16",) if target.precision == FP16 else ()),
        "--skipInference",
        f"--memPoolSize=workspace:{target.workspace_mib}M",
        f"--timingCacheFile={given(target.timing_cache)}",
        f"--saveEngine={given(save or target.engine(max_bs))}",
        *_device(target),
    )


def measure(target: Target, batch: int, max_bs: int) -> tuple[str, ...]:
    """Step 5: arguments that measure the engine of ``max_bs`` at one batch."""
    shapes = (f"--shapes={shape(target, batch)}",) if target.onnx.batch is None else ()
    return (
        f"--loadEngine={target.layout.given_path(target.engine(max_bs))}",
        *shapes,
        "--noDataTransfers",
        f"--duration={spec.TRTEXEC_SECONDS}",
        f"--warmUp={spec.TRTEXEC_WARM_UP_MS}",
        *_device(target),
    )


def shape(target: Target, batch: int) -> str:
    """``images:64x3x416x416``; a name with a colon or comma stands in single quotes, which trtexec takes off."""
    onnx, (height, width) = target.onnx, target.size
    dims = (batch, height, width, onnx.channels) if onnx.nhwc else (batch, onnx.channels, height, width)
    name = f"'{onnx.input_name}'" if set(":,") & set(onnx.input_name) else onnx.input_name
    return f"{name}:{'x'.join(map(str, dims))}"


def batches(target: Target, max_bs: int) -> tuple[int, ...]:
    """What Step 5 measures: 1 and MAX_BS; a frozen batch can only be run at that."""
    return tuple(sorted({target.onnx.batch or 1, max_bs}))


def shell_lines(target: Target, max_bs: int) -> tuple[str, ...]:
    """Steps 4 and 5 for a shell: folders, the build, the measurements with their logs. Paths as the user gave them."""
    layout = target.layout
    folders = sorted({*(layout.trtexec_log(batch).parent for batch in batches(target, max_bs)), layout.engines})
    return (
        shlex.join(("mkdir", "-p", *map(layout.given_path, folders))),
        f"{shlex.join((_PROGRAM, *build(target, max_bs)))} > {_build_log(target)} 2>&1",
        *(_logged(target, batch, max_bs) for batch in batches(target, max_bs)),
    )


def doubling_remark(target: Target, max_bs: int, target_fps: float) -> str:
    """The comment below ``shell_lines``: when to double MAX_BS."""
    if target.onnx.batch is None:
        return f"# while floor(Throughput x MAX_BS / {target_fps:g}) > MAX_BS: double {max_bs}, build again"
    return f"# batch frozen at {target.onnx.batch}: re-export with a dynamic batch to carry more streams"


def _logged(target: Target, batch: int, max_bs: int) -> str:
    command = shlex.join((_PROGRAM, *measure(target, batch, max_bs)))
    return f"{command} > {shlex.quote(target.layout.given_path(target.layout.trtexec_log(batch)))} 2>&1"


def _build_log(target: Target) -> str:
    """For a shell: ``<stem>_dynamic_build_<time>.log``, the time being the shell's."""
    log = target.layout.given_path(target.layout.engines / f"{target.onnx.path.stem}_dynamic_build_")
    return f'{shlex.quote(log)}"$(date +%Y%m%d_%H%M%S)".log'


def _device(target: Target) -> tuple[str, ...]:
    return (f"--device={target.gpu_id}",) if target.gpu_id else ()
