"""Which GPU of a list ``--gpu-id`` means: by the environment, and by CUDA itself where that does not decide it.

``--gpu-id`` is CUDA's number, as DeepStream's gpu-id is.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

from dsbench.base.ask import ask
from dsbench.base.python_child import python_command
from dsbench.machine import cuda_visible
from dsbench.machine.cuda_visible import ORDER, VISIBLE, ChosenGpu, CudaGpu, ListedGpu

_TIMEOUT_S = 30.0
_NO_SUCH_GPU = ("CUDA_ERROR_INVALID_DEVICE", "CUDA_ERROR_NO_DEVICE")


@dataclass(frozen=True)
class NoDevice:
    """Why there is no GPU. ``conclusive``: the driver itself reports it, so nothing else need be asked; ``absent``:
    there is no GPU of that number."""

    reason: str
    conclusive: bool = False
    absent: bool = False


@dataclass(frozen=True)
class Pick:
    """``note``: why it may not be the GPU that was asked for."""

    gpu: ChosenGpu
    note: str = ""


def find(gpu_id: int, gpus: Sequence[ListedGpu], lister: str) -> Pick | NoDevice:
    """The GPU of ``lister``'s list that CUDA calls ``gpu_id``."""
    chosen = cuda_visible.choose(gpu_id, gpus, os.environ, lister)
    if isinstance(chosen, ChosenGpu) and chosen.certain:
        return Pick(chosen)
    told = ask_cuda(gpu_id)
    if isinstance(told, CudaGpu):
        found = cuda_visible.of_cuda(told, gpus)
        if found is not None:
            return Pick(found)
        told = NoDevice(f"CUDA has it at PCI {told.pci}, which {lister} does not list")
    elif told.conclusive or isinstance(chosen, str):
        reason = chosen if isinstance(chosen, str) else told.reason
        return NoDevice(reason, conclusive=True, absent=told.absent or isinstance(chosen, str))
    if isinstance(chosen, str):
        return told
    note = f"which GPU CUDA calls {gpu_id} is not known ({told.reason}); {lister}'s GPU {chosen.index} is taken for it"
    return Pick(chosen, note)


def ask_cuda(gpu_id: int) -> CudaGpu | NoDevice:
    """What CUDA calls ``gpu_id`` in this environment; asked once."""
    return _asked(gpu_id, os.environ.get(VISIBLE), os.environ.get(ORDER))


@cache
def _asked(gpu_id: int, visible: str | None, order: str | None) -> CudaGpu | NoDevice:
    return asked_of(python_command("dsbench.machine.cuda_device", str(gpu_id)), gpu_id)


def asked_of(command: Sequence[str], gpu_id: int) -> CudaGpu | NoDevice:
    """The answer of a child process that asks CUDA's driver library, which may hang or crash."""
    reply = ask(command, _TIMEOUT_S)
    if reply.hung:
        return NoDevice(f"CUDA did not answer within {_TIMEOUT_S:.0f} s")
    if reply.failure:
        return NoDevice(f"the program that asks CUDA {reply.failure}")
    said = reply.stdout.split()
    if reply.returncode == 0 and said:
        return CudaGpu(*said[:2])
    why = reply.stderr.strip()[-200:]
    if any(word in why for word in _NO_SUCH_GPU):
        hidden = os.environ.get(VISIBLE)
        limit = "" if hidden is None else f" with {VISIBLE}={hidden}"
        return NoDevice(f"--gpu-id {gpu_id}, but CUDA has no such GPU{limit} ({why})", conclusive=True, absent=True)
    return NoDevice(why or f"asking CUDA ended with {reply.returncode}")
