"""NVML through the optional package nvidia-ml-py, and which of its GPUs ``--gpu-id`` means.

``--gpu-id`` is CUDA's number, as DeepStream's gpu-id is. Where the environment does not decide which GPU that is
(``cuda_visible.py``), CUDA is asked for its PCI bus id.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from types import ModuleType
from typing import Any

from dsbench.base.ask import ask
from dsbench.base.python_child import python_command
from dsbench.machine import cuda_visible
from dsbench.machine.cuda_visible import ChosenGpu, ListedGpu

PACKAGE = "nvidia-ml-py"
_CUDA_TIMEOUT_S = 30.0
_NO_SUCH_GPU = ("CUDA_ERROR_INVALID_DEVICE", "CUDA_ERROR_NO_DEVICE")


@dataclass(frozen=True)
class Device:
    """A GPU that NVML has opened. ``handle`` is the whole GPU's, ``index`` NVML's number; ``note``: why it may not be
    the GPU that was asked for. ``uuid`` is the MIG slice's if CUDA uses one, ``slice`` its handle; ``pci`` the bus id.
    """

    nvml: Any
    handle: Any
    index: int
    note: str = ""
    uuid: str = ""
    pci: str = ""
    slice: Any = None

    def close(self) -> None:
        """Shut NVML down; it counts its users."""
        with contextlib.suppress(self.nvml.NVMLError):  # nothing is left to give back
            self.nvml.nvmlShutdown()

    @property
    def name(self) -> str:
        """The product's name, with the profile of a MIG slice. Raises NVMLError."""
        return text_of(self.nvml.nvmlDeviceGetName(self.handle if self.slice is None else self.slice))


@dataclass(frozen=True)
class NoDevice:
    """Why there is no GPU. ``conclusive``: NVML itself reports it, so nvidia-smi need not be asked; ``absent``: there
    is no GPU of that number."""

    reason: str
    conclusive: bool = False
    absent: bool = False


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
    chosen = cuda_visible.choose(gpu_id, [_listed(nvml, index) for index in range(count)], os.environ)
    if isinstance(chosen, str):
        return NoDevice(chosen, conclusive=True, absent=True)
    if chosen.certain:
        return _opened(nvml, nvml.nvmlDeviceGetHandleByIndex(chosen.index), chosen)
    bus = pci_bus_of(gpu_id)
    if isinstance(bus, str):
        handle = nvml.nvmlDeviceGetHandleByPciBusId(bus.encode())
        return _opened(nvml, handle, ChosenGpu(nvml.nvmlDeviceGetIndex(handle)))
    if bus.conclusive:
        return bus
    note = f"which GPU CUDA calls {gpu_id} is not known ({bus.reason}); NVML's GPU {chosen.index} is taken for it"
    return _opened(nvml, nvml.nvmlDeviceGetHandleByIndex(chosen.index), chosen, note)


def _opened(nvml: Any, handle: Any, chosen: ChosenGpu, note: str = "") -> Device:
    """The device with its names; one that NVML does not tell is empty."""
    uuid, pci, of_slice = chosen.slice, "", None
    with contextlib.suppress(nvml.NVMLError, AttributeError):
        uuid = uuid or text_of(nvml.nvmlDeviceGetUUID(handle))
    with contextlib.suppress(nvml.NVMLError, AttributeError):
        pci = text_of(nvml.nvmlDeviceGetPciInfo(handle).busId)
    if chosen.slice:
        with contextlib.suppress(nvml.NVMLError, AttributeError):
            of_slice = nvml.nvmlDeviceGetHandleByUUID(chosen.slice.encode())
    return Device(nvml, handle, chosen.index, note, uuid, pci, of_slice)


def _listed(nvml: Any, index: int) -> ListedGpu:
    """What a GPU is called in CUDA_VISIBLE_DEVICES; without names if NVML does not give this process access to it."""
    try:
        handle = nvml.nvmlDeviceGetHandleByIndex(index)
        return ListedGpu(text_of(nvml.nvmlDeviceGetUUID(handle)), tuple(_slices(nvml, handle)))
    except (nvml.NVMLError, AttributeError):
        return ListedGpu()


def _slices(nvml: Any, handle: Any) -> Iterator[str]:
    """UUIDs of a GPU's MIG slices."""
    try:
        count = nvml.nvmlDeviceGetMaxMigDeviceCount(handle)
    except (nvml.NVMLError, AttributeError):
        return
    for number in range(count):
        with contextlib.suppress(nvml.NVMLError):  # fewer than the largest number
            yield text_of(nvml.nvmlDeviceGetUUID(nvml.nvmlDeviceGetMigDeviceHandleByIndex(handle, number)))


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
        return NoDevice(f"--gpu-id {gpu_id}, but CUDA has no such GPU{limit} ({why})", conclusive=True, absent=True)
    return NoDevice(why or f"asking CUDA ended with {reply.returncode}")
