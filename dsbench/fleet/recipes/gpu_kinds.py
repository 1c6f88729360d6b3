"""Names of GPU kinds. A plan's is a name of Ray's (``L4``) or a product's (``NVIDIA L4``); each engine has its own."""

from __future__ import annotations

import re

from dsbench.base.errors import Code, DsbenchError

_LABEL = re.compile(r"[A-Za-z0-9]([A-Za-z0-9_.-]{0,61}[A-Za-z0-9])?")
_RAY = re.compile(r"[A-Z]{1,3}\d{1,4}[A-Z]{0,2}")
_PRODUCTS = {
    "T4": ("Tesla-T4",),
    "P4": ("Tesla-P4",),
    "P40": ("Tesla-P40",),
    "P100": ("Tesla-P100-PCIE-12GB", "Tesla-P100-PCIE-16GB", "Tesla-P100-SXM2-16GB"),
    "V100": (
        "Tesla-V100-SXM2-16GB",
        "Tesla-V100-SXM2-32GB",
        "Tesla-V100-SXM3-32GB",
        "Tesla-V100-PCIE-16GB",
        "Tesla-V100-PCIE-32GB",
    ),
    "A100": (
        "NVIDIA-A100-SXM4-40GB",
        "NVIDIA-A100-SXM4-80GB",
        "NVIDIA-A100-PCIE-40GB",
        "NVIDIA-A100-PCIE-80GB",
        "NVIDIA-A100-80GB-PCIe",
    ),
    "A100-40G": ("NVIDIA-A100-SXM4-40GB", "NVIDIA-A100-PCIE-40GB"),
    "A100-80G": ("NVIDIA-A100-SXM4-80GB", "NVIDIA-A100-PCIE-80GB", "NVIDIA-A100-80GB-PCIe"),
    "H100": ("NVIDIA-H100-80GB-HBM3", "NVIDIA-H100-PCIe", "NVIDIA-H100-NVL"),
    "H200": ("NVIDIA-H200", "NVIDIA-H200-NVL"),
}
"""Names of Ray's whose products have longer names, as values of the node label ``nvidia.com/gpu.product``: NVML's name
with dashes for blanks (NVIDIA's GPU feature discovery)."""


def kubernetes_products(kind: str) -> tuple[str, ...]:
    """Values of the label ``nvidia.com/gpu.product`` that a kind stands for: ``L4`` for ``NVIDIA-L4``. What is no name
    of Ray's is taken as the product's. Raises USAGE if it cannot be a label."""
    name = kind.strip().upper()
    if name in _PRODUCTS:
        return _PRODUCTS[name]
    return (f"NVIDIA-{name}" if _RAY.fullmatch(name) else _label(kind, "-"),)


def slurm_type(kind: str) -> str:
    """The type in ``--gres=gpu:TYPE:1``: as given, for a product's name as Slurm's detection writes it
    (``NVIDIA L4``: ``nvidia_l4``). Raises USAGE."""
    return _label(kind, "_").lower() if " " in kind.strip() else _label(kind, "_")


def runner_label(kind: str) -> str:
    """The label of a self-hosted runner. Raises USAGE."""
    return _label(kind, "-")


def _label(kind: str, blank: str) -> str:
    label = kind.strip().replace(" ", blank)
    if not _LABEL.fullmatch(label):
        what = f"the GPU kind {kind!r} cannot be a label"
        raise DsbenchError(Code.USAGE, what, fix="give --gpu-kind in letters, digits and . _ -")
    return label
