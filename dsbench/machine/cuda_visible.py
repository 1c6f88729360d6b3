"""Which of a list of GPUs CUDA calls N, as far as the environment alone decides it.

CUDA_VISIBLE_DEVICES hides and reorders GPUs: indices, UUIDs or beginnings of them, UUIDs of MIG slices. What stands
behind the first entry that names no GPU is ignored, and so is a number among UUIDs or a UUID among numbers (seen with
driver 580, which takes a GPU named twice for an error). Indices count in CUDA's own order, the fastest GPU first,
unless CUDA_DEVICE_ORDER=PCI_BUS_ID. NVML and nvidia-smi ignore both and number by PCI bus. Of several MIG slices a
program uses the first (NVIDIA's MIG guide), and CUDA numbers GPUs otherwise where one is divided.
NVIDIA_VISIBLE_DEVICES is not read: it tells a container's start which GPUs to give it, and NVML lists those.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from dsbench.base.text import counted

VISIBLE, ORDER = "CUDA_VISIBLE_DEVICES", "CUDA_DEVICE_ORDER"
_BY_BUS = "PCI_BUS_ID"


@dataclass(frozen=True)
class ListedGpu:
    """A GPU as NVML or nvidia-smi lists it, in its order; a name that is not told is empty. ``slices``: the UUIDs of
    its MIG slices. ``pci``: its bus id."""

    uuid: str = ""
    slices: tuple[str, ...] = ()
    pci: str = ""


@dataclass(frozen=True)
class ChosenGpu:
    """``index`` in the list; ``slice``: the UUID of the MIG slice, empty for a whole GPU. Not ``certain``: only CUDA
    itself knows."""

    index: int
    slice: str = ""
    certain: bool = True


@dataclass(frozen=True)
class CudaGpu:
    """What CUDA says about a GPU. ``uuid``: that of the MIG slice in use, else the GPU's, without ``GPU-`` or ``MIG-``;
    empty if the driver does not tell it."""

    pci: str
    uuid: str = ""


def choose(
    gpu_id: int, gpus: Sequence[ListedGpu], environment: Mapping[str, str], lister: str = "NVML"
) -> ChosenGpu | str:
    """The GPU that CUDA calls ``gpu_id``, or the reason why there is none. ``lister``: whose list ``gpus`` is."""
    visible, count = environment.get(VISIBLE), len(gpus)
    numbered = _numbered_alike(gpus, environment)
    if visible is None:
        if gpu_id >= count:
            return f"--gpu-id {gpu_id}, but {lister} has {counted(count, 'GPU')}"
        return _whole(gpu_id, gpus, numbered)
    entries = _entries(visible, gpus)
    if gpu_id >= len(entries):
        return f"--gpu-id {gpu_id}, but {VISIBLE}={visible} shows {counted(len(entries), 'GPU')}"
    entry = entries[gpu_id]
    if isinstance(entry, ChosenGpu):
        # a program uses one MIG slice: what stands beside another may not count
        alone = len(entries) == 1 or not any(gpu.slices for gpu in gpus)
        return replace(entry, certain=entry.certain and alone and len(set(entries)) == len(entries))
    return _whole(entry, gpus, numbered and len(set(entries)) == len(entries))


def of_cuda(told: CudaGpu, gpus: Sequence[ListedGpu]) -> ChosenGpu | None:
    """The GPU of the list that CUDA's answer is about, by UUID and bus id; None if there is none."""
    for index, gpu in enumerate(gpus):
        for one in gpu.slices:
            if told.uuid and one.partition("-")[2] == told.uuid:
                return ChosenGpu(index, one)
    for index, gpu in enumerate(gpus):
        if gpu.pci and _bus(gpu.pci) == _bus(told.pci):
            return _whole(index, gpus, True)
    return None


def _bus(pci: str) -> tuple[int, ...]:
    """Domain, bus, device, function: NVML writes the domain with eight digits, CUDA with four."""
    return tuple(int(part, 16) for part in pci.replace(".", ":").split(":"))


def _numbered_alike(gpus: Sequence[ListedGpu], environment: Mapping[str, str]) -> bool:
    """Whether CUDA's numbers are the list's. A GPU without a UUID is one that this process may not use."""
    if len(gpus) == 1:
        return True
    return environment.get(ORDER) == _BY_BUS and all(gpu.uuid and not gpu.slices for gpu in gpus)


def _whole(index: int, gpus: Sequence[ListedGpu], certain: bool) -> ChosenGpu:
    """A GPU by its number; with MIG slices CUDA uses the first."""
    slices = gpus[index].slices
    return ChosenGpu(index, slices[0] if slices else "", certain and len(slices) <= 1)


def _entries(visible: str, gpus: Sequence[ListedGpu]) -> list[ChosenGpu | int]:
    """The entries that count; a number counts in CUDA's order."""
    found: list[ChosenGpu | int] = []
    for text in (part.strip() for part in visible.split(",")):
        is_number = text.isascii() and text.isdecimal() and int(text) < len(gpus)
        entry = int(text) if is_number else _by_uuid(text, gpus)
        if entry is None or (found and type(entry) is not type(found[0])):
            break
        found.append(entry)
    return found


def _by_uuid(text: str, gpus: Sequence[ListedGpu]) -> ChosenGpu | None:
    """The GPU or MIG slice whose UUID begins with ``text``; None if none or several do."""
    if not text.startswith(("GPU-", "MIG-")):
        return None
    found = [_whole(index, gpus, True) for index, gpu in enumerate(gpus) if gpu.uuid.startswith(text)]
    found += [ChosenGpu(index, one) for index, gpu in enumerate(gpus) for one in gpu.slices if one.startswith(text)]
    return found[0] if len(found) == 1 else None
