"""Processors that this process may use, by CPU affinity and control group limits.

Affinity has what cpusets, Slurm's and Kubernetes' CPU managers give. A quota may be set on our own control group or on
any above it; in a container the root of what is mounted is the container's own.
"""

from __future__ import annotations

import math
import os
from collections.abc import Iterator
from pathlib import Path

_CGROUP = Path("/sys/fs/cgroup")
_MEMBERSHIP = Path("/proc/self/cgroup")
_V1_MOUNTS = ("cpu", "cpu,cpuacct", "cpuacct,cpu")


def usable_cpus(cgroup: Path = _CGROUP, membership: Path = _MEMBERSHIP) -> int:
    """The number, at least 1; a quota of 1.5 processors counts as 2."""
    available = len(os.sched_getaffinity(0))
    allowed = quota(cgroup, membership)
    return max(1, available if allowed is None else min(available, math.ceil(allowed)))


def quota(cgroup: Path = _CGROUP, membership: Path = _MEMBERSHIP) -> float | None:
    """Processors allowed by control groups, the least of ours and those above it; None without a limit."""
    return min(filter(None, map(_limit, quota_folders(cgroup, membership))), default=None)


def quota_folders(cgroup: Path = _CGROUP, membership: Path = _MEMBERSHIP) -> tuple[Path, ...]:
    """Folders of our control group and those above it that have a processor quota: of version 2, else of version 1."""
    own = _own_groups(membership)
    mounts = [(cgroup, own.get("", "/")), *((cgroup / name, own.get("cpu", "/")) for name in _V1_MOUNTS)]
    found = ([folder for folder in _upwards(mount, group) if _limit(folder)] for mount, group in mounts)
    return tuple(next(filter(None, found), ()))


def _own_groups(membership: Path) -> dict[str, str]:
    """Path of our control group by controller; version 2 has the controller ""."""
    try:
        lines = membership.read_text("utf-8", "surrogateescape").splitlines()
    except OSError:
        return {}
    rows = (line.split(":", 2) for line in lines if line.count(":") > 1)
    return {name: group for _, names, group in rows for name in names.split(",")}


def _upwards(mount: Path, group: str) -> Iterator[Path]:
    """The folder of a group and those above it, up to the mount; the mount alone for a group outside of it."""
    below = Path(group.lstrip("/"))
    inside = [below, *below.parents] if ".." not in below.parts else []
    yield from dict.fromkeys((*(mount / one for one in inside), mount))


def _limit(folder: Path) -> float | None:
    """Processors that the quota of one folder allows; None without a quota."""
    try:
        used, period = _quota_words(folder)
        limit = float(used) / float(period)
    except (OSError, ValueError, ZeroDivisionError):
        return None
    return limit if limit > 0 else None


def _quota_words(folder: Path) -> tuple[str, str]:
    """Microseconds of processor time, and of the period in which they may be used."""
    try:
        used, period = (folder / "cpu.max").read_text().split()
    except FileNotFoundError:
        return (folder / "cpu.cfs_quota_us").read_text(), (folder / "cpu.cfs_period_us").read_text()
    return used, period
