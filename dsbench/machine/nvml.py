"""NVML through the optional package nvidia-ml-py, and which of its GPUs ``--gpu-id`` means.

``--gpu-id`` is CUDA's number, as DeepStream's gpu-id is. CUDA_VISIBLE_DEVICES hides and reorders GPUs, and without
CUDA_DEVICE_ORDER=PCI_BUS_ID CUDA puts the fastest first. NVML and nvidia-smi ignore both and number by PCI bus.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import ModuleType
from typing import Any

from dsbench.base.ask import ask
from dsbench.base.python_child import python_command

PACKAGE = "nvidia-ml-py"
_CUDA_TIMEOUT_S = 30.0
_NO_SUCH_GPU = ("CUDA_ERROR_INVALID_DEVICE", "CUDA_ERROR_NO_DEVICE")


@dataclass(frozen=True)
class Device:
    """A GPU that NVML has opened. ``note``: why it may not be the GPU that was asked for."""

    nvml: Any
    handle: Any
    index: int
    note: str = ""

    def close(self) -> None:
        """Shut NVML down; it counts its users."""
        with contextlib.suppress(self.nvml.NVMLError):  # nothing is left to give back
            self.nvml.nvmlShutdown()


@dataclass(frozen=True)
class NoDevice:
    """Why there is no GPU. ``conclusive``: NVML itself reports it, so nvidia-smi need not be asked."""

    reason: str
    conclusive: bool = False


def text_of(value: Any) -> str:
    """NVML's strings: bytes in older versions of the package."""
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)


def module() -> ModuleType | NoDevice:
    """The package's module ``pynvml``."""
    try:
        import pynvml
    except ImportError:
        return NoDevice(f"the package {PACKAGE} is not installed (pip install 'dsbench[gpu]')")
    except Exception as error:  # an old or foreign pynvml that breaks while it is imported
        return NoDevice(f"the module pynvml cannot be imported ({type(error).__name__}: {error})")
    return pynvml  # type: ignore[no-any-return]


def open_device(gpu_id: int, nvml: Any = None) -> Device | NoDevice:
    """Open the GPU that CUDA calls ``gpu_id``; the caller closes it. Never raises."""
    if nvml is None:
        nvml = module()
        if isinstance(nvml, NoDevice):
            return nvml
    try:
        nvml.nvmlInit()
    except (nvml.NVMLError, OSError) as error:
        return NoDevice(f"NVML does not start: {error}")
    try:
        found = _find(nvml, gpu_id)
    except (nvml.NVMLError, OSError) as error:
        found = NoDevice(f"NVML: {error}")
    if isinstance(found, NoDevice):
        with contextlib.suppress(nvml.NVMLError):
            nvml.nvmlShutdown()
    return found


def _find(nvml: Any, gpu_id: int) -> Device | NoDevice:
    count = nvml.nvmlDeviceGetCount()
    if count == 0:
        return NoDevice("NVML finds no GPU", conclusive=True)
    chosen = cuda_choice(gpu_id, count, os.environ)
    note = ""
    if chosen is None:
        bus = pci_bus_of(gpu_id)
        if isinstance(bus, str):
            handle = nvml.nvmlDeviceGetHandleByPciBusId(bus.encode())
            return Device(nvml, handle, nvml.nvmlDeviceGetIndex(handle))
        if bus.conclusive:
            return bus
        note = f"which GPU CUDA calls {gpu_id} is not known ({bus.reason}); NVML's GPU {gpu_id} is taken for it"
        chosen = gpu_id
    if not 0 <= chosen < count:
        return NoDevice(f"--gpu-id {gpu_id}, but NVML has {count} GPU{'s' if count > 1 else ''}", conclusive=True)
    return Device(nvml, nvml.nvmlDeviceGetHandleByIndex(chosen), chosen, note)


def cuda_choice(gpu_id: int, count: int, environment: Mapping[str, str]) -> int | None:
    """NVML's index of CUDA's ``gpu_id`` where the environment alone decides it; None: CUDA must be asked."""
    if environment.get("CUDA_VISIBLE_DEVICES") is not None:
        return None
    if count == 1 or environment.get("CUDA_DEVICE_ORDER") == "PCI_BUS_ID":
        return gpu_id
    return None


def pci_bus_of(gpu_id: int, command: Sequence[str] = ()) -> str | NoDevice:
    """PCI bus id of CUDA's GPU. A child process asks CUDA's driver library, which may hang or crash."""
    reply = ask(command or python_command("dsbench.machine.cuda_device", str(gpu_id)), _CUDA_TIMEOUT_S)
    if reply.hung:
        return NoDevice(f"CUDA did not answer within {_CUDA_TIMEOUT_S:.0f} s")
    if reply.failure:
        return NoDevice(f"the program that asks CUDA {reply.failure}")
    said = reply.stdout.strip()
    if reply.returncode == 0 and said:
        return said
    why = reply.stderr.strip()[-200:]
    hidden = os.environ.get("CUDA_VISIBLE_DEVICES")
    if any(word in why for word in _NO_SUCH_GPU):
        limit = "" if hidden is None else f" with CUDA_VISIBLE_DEVICES={hidden}"
        return NoDevice(f"CUDA has no GPU {gpu_id}{limit} ({why})", conclusive=True)
    return NoDevice(why or f"asking CUDA ended with {reply.returncode}")
