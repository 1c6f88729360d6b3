"""NVML through the optional package nvidia-ml-py: the GPU that ``--gpu-id`` means."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass, replace
from types import ModuleType
from typing import Any

from dsbench.machine import cuda_choice
from dsbench.machine.cuda_choice import NoDevice, Pick
from dsbench.machine.cuda_visible import ListedGpu

PACKAGE = "nvidia-ml-py"


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
    found = cuda_choice.find(gpu_id, [_listed(nvml, index) for index in range(count)], "NVML")
    if isinstance(found, NoDevice):
        return found
    return _opened(nvml, nvml.nvmlDeviceGetHandleByIndex(found.gpu.index), found)


def _opened(nvml: Any, handle: Any, choice: Pick) -> Device:
    """The device with its names; one that NVML does not tell is empty."""
    chosen, of_slice = choice.gpu, None
    whole = _names(nvml, handle)
    if chosen.slice:
        with contextlib.suppress(nvml.NVMLError, AttributeError):
            of_slice = nvml.nvmlDeviceGetHandleByUUID(chosen.slice.encode())
    return Device(nvml, handle, chosen.index, choice.note, chosen.slice or whole.uuid, whole.pci, of_slice)


def _names(nvml: Any, handle: Any) -> ListedGpu:
    """UUID and PCI bus id of a GPU; one that NVML does not tell is empty."""
    uuid = pci = ""
    with contextlib.suppress(nvml.NVMLError, AttributeError):
        uuid = text_of(nvml.nvmlDeviceGetUUID(handle))
    with contextlib.suppress(nvml.NVMLError, AttributeError):
        pci = text_of(nvml.nvmlDeviceGetPciInfo(handle).busId)
    return ListedGpu(uuid, (), pci)


def _listed(nvml: Any, index: int) -> ListedGpu:
    """A GPU of NVML's list; without names if NVML does not give this process access to it."""
    try:
        handle = nvml.nvmlDeviceGetHandleByIndex(index)
    except nvml.NVMLError:
        return ListedGpu()
    return replace(_names(nvml, handle), slices=tuple(_slices(nvml, handle)))


def _slices(nvml: Any, handle: Any) -> Iterator[str]:
    """UUIDs of a GPU's MIG slices."""
    try:
        count = nvml.nvmlDeviceGetMaxMigDeviceCount(handle)
    except (nvml.NVMLError, AttributeError):
        return
    for number in range(count):
        with contextlib.suppress(nvml.NVMLError):  # fewer than the largest number
            yield text_of(nvml.nvmlDeviceGetUUID(nvml.nvmlDeviceGetMigDeviceHandleByIndex(handle, number)))
