"""Whether this process may run on the processors that are near its GPU, by the kernel's own words."""

from __future__ import annotations

import os
from pathlib import Path

_DEVICES = Path("/sys/bus/pci/devices")


def far_note(pci: str, devices: Path = _DEVICES) -> str:
    """Says that all processors of this process are on other NUMA nodes than the GPU at this PCI bus id.

    Empty if some are near it, and if the kernel does not say: one node, a virtual machine, a container without sysfs.
    """
    folder = devices / _kernels_name(pci)
    try:
        node = int((folder / "numa_node").read_text())
        listed = (folder / "local_cpulist").read_text().strip()
        near = _processors(listed)
    except (OSError, ValueError):
        return ""
    if node < 0 or not near or near & os.sched_getaffinity(0):
        return ""
    return (
        f"the GPU is on NUMA node {node} (processors {listed}), and this process may use none of them: frames reach "
        f"the GPU more slowly (numactl --cpunodebind={node}, Slurm: --gpu-bind=closest, Kubernetes: the topology "
        "manager)"
    )


def _kernels_name(pci: str) -> str:
    """NVML writes 00000000:3B:00.0 where the kernel writes 0000:3b:00.0."""
    domain, _, rest = pci.lower().partition(":")
    return f"{domain[-4:]}:{rest}"


def _processors(listed: str) -> set[int]:
    """``0-2,8`` is 0, 1, 2 and 8."""
    found: set[int] = set()
    for part in filter(None, listed.split(",")):
        first, _, last = part.partition("-")
        found.update(range(int(first), int(last or first) + 1))
    return found
