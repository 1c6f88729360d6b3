"""What pre-flight compares an engine's provenance with: this machine's TensorRT and GPU."""

from __future__ import annotations

from functools import cache

from dsbench.machine import hardware
from dsbench.model.engine_provenance import Machine


def of(runtime: str, gpu_id: int) -> Machine:
    """Of the runtime that uses TensorRT's engine; on the embedded one nothing is asked for."""
    return _asked(gpu_id) if runtime == "deepstream" else Machine()


@cache
def _asked(gpu_id: int) -> Machine:
    gpu = hardware.gpu(gpu_id)
    tensorrt = hardware.tensorrt().version or ""
    if gpu is None:
        return Machine(tensorrt=tensorrt)
    return Machine(tensorrt, gpu.name, gpu.compute_capability, gpu.driver, gpu.cuda)
