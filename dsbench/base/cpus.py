"""Number of processors that this process may use, by CPU affinity and control group limits."""

from __future__ import annotations

import math
import os
from pathlib import Path

_CGROUP = Path("/sys/fs/cgroup")


def usable_cpus(cgroup: Path = _CGROUP) -> int:
    """The number, at least 1; a quota of 1.5 processors counts as 2."""
    available = len(os.sched_getaffinity(0))
    allowed = quota(cgroup)
    return max(1, available if allowed is None else min(available, math.ceil(allowed)))


def quota(cgroup: Path = _CGROUP) -> float | None:
    """Processors allowed by control groups (version 2, then 1), None without a limit."""
    try:
        used, period = (cgroup / "cpu.max").read_text().split()
    except (OSError, ValueError):
        try:
            used = (cgroup / "cpu" / "cpu.cfs_quota_us").read_text().strip()
            period = (cgroup / "cpu" / "cpu.cfs_period_us").read_text().strip()
        except OSError:
            return None
    try:
        limit = float(used) / float(period)
    except (ValueError, ZeroDivisionError):
        return None
    return limit if limit > 0 else None
