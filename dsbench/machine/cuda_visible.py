"""Which of NVML's GPUs CUDA calls N, as far as the environment alone decides it.

CUDA_VISIBLE_DEVICES hides and reorders GPUs: indices, UUIDs or beginnings of them, UUIDs of MIG slices; what stands
behind the first entry that names no GPU is ignored. Indices count in CUDA's own order, the fastest GPU first, unless
CUDA_DEVICE_ORDER=PCI_BUS_ID. NVML and nvidia-smi ignore both and number by PCI bus.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from dsbench.base.text import counted

VISIBLE, ORDER = "CUDA_VISIBLE_DEVICES", "CUDA_DEVICE_ORDER"
_BY_BUS = "PCI_BUS_ID"


@dataclass(frozen=True)
class ListedGpu:
    """A GPU as NVML lists it, in its order. ``slices``: the UUIDs of its MIG slices, empty without MIG."""

    uuid: str = ""
    slices: tuple[str, ...] = ()


@dataclass(frozen=True)
class ChosenGpu:
    """``index`` in NVML's list; ``slice``: the UUID of the MIG slice, empty for a whole GPU. Not ``certain``: only CUDA
    knows its own order, in which that number counts."""

    index: int
    slice: str = ""
    certain: bool = True


def choose(
    gpu_id: int, gpus: Sequence[ListedGpu], environment: Mapping[str, str], lister: str = "NVML"
) -> ChosenGpu | str:
    """The GPU that CUDA calls ``gpu_id``, or the reason why there is none. ``lister``: whose list ``gpus`` is."""
    visible, count = environment.get(VISIBLE), len(gpus)
    by_bus = count == 1 or environment.get(ORDER) == _BY_BUS
    if visible is None:
        if gpu_id >= count:
            return f"--gpu-id {gpu_id}, but {lister} has {counted(count, 'GPU')}"
        return _whole(gpu_id, gpus, by_bus)
    entries = _entries(visible, gpus)
    if gpu_id >= len(entries):
        shown = f"{VISIBLE}={visible} shows {counted(len(entries), 'GPU')}"
        return f"--gpu-id {gpu_id}, but {shown}"
    entry = entries[gpu_id]
    if isinstance(entry, ChosenGpu):
        return entry
    return _whole(entry, gpus, by_bus)


def _whole(index: int, gpus: Sequence[ListedGpu], certain: bool) -> ChosenGpu:
    """A GPU by its number; with one MIG slice that is what CUDA uses."""
    slices = gpus[index].slices
    return ChosenGpu(index, slices[0] if len(slices) == 1 else "", certain)


def _entries(visible: str, gpus: Sequence[ListedGpu]) -> list[ChosenGpu | int]:
    """The entries before the first that names no GPU; a number counts in CUDA's order."""
    found: list[ChosenGpu | int] = []
    for text in (part.strip() for part in visible.split(",")):
        entry = int(text) if text.isdecimal() and int(text) < len(gpus) else _by_uuid(text, gpus)
        if entry is None:
            break
        found.append(entry)
    return found


def _by_uuid(text: str, gpus: Sequence[ListedGpu]) -> ChosenGpu | None:
    """The GPU or MIG slice whose UUID begins with ``text``; None if none or several do."""
    if not text.startswith(("GPU-", "MIG-")):
        return None
    found = [ChosenGpu(index) for index, gpu in enumerate(gpus) if gpu.uuid.startswith(text)]
    found += [ChosenGpu(index, one) for index, gpu in enumerate(gpus) for one in gpu.slices if one.startswith(text)]
    return found[0] if len(found) == 1 else None
