"""DeepStream's releases: what NVIDIA's support table asks for, and where the container is."""

from __future__ import annotations

import re
from dataclasses import dataclass


@dataclass(frozen=True)
class DeepStreamRelease:
    """One release on a GPU with its own memory. ``driver`` is the oldest driver branch of NVIDIA's table, ``image`` the
    triton image, or the repository that has it."""

    name: str
    driver: int
    tensorrt: str
    image: str


RELEASES = (
    DeepStreamRelease("9.2", 595, "10.16", "ghcr.io/nvidia/deepstream"),
    DeepStreamRelease("9.1", 595, "10.16", "nvcr.io/nvidia/deepstream:9.1-triton-multiarch"),
    DeepStreamRelease("9.0", 590, "10.14", "nvcr.io/nvidia/deepstream:9.0-triton-multiarch"),
)
"""Newest first. Sources: README and build/BUILD.md of github.com/NVIDIA/DeepStream, docs.nvidia.com/deepstream."""
PULLED = RELEASES[1]
"""The newest release with a known image tag."""


def release_of(version: str) -> DeepStreamRelease | None:
    """The row of a version such as ``9.1.0``; None for one that is not in the table."""
    found = re.match(r"\d+\.\d+", version)
    return next((one for one in RELEASES if found and one.name == found[0]), None)


def driver_remark(version: str, driver: str) -> str:
    """What the support table says against ``driver`` (``580.95.05``) with a DeepStream version; empty for nothing."""
    release, branch = release_of(version), re.match(r"\d+", driver)
    if release is None or branch is None or int(branch[0]) >= release.driver:
        return ""
    table = f"not in NVIDIA's support table of DeepStream {release.name} ({release.driver} or newer)"
    return f"{table}, may work"
