"""What this machine lets one program have: open files, threads, memory maps, memory. None: no limit, or not known."""

from __future__ import annotations

import re
import resource
from pathlib import Path

_CGROUP, _PROC = Path("/sys/fs/cgroup"), Path("/proc")


def open_files() -> int | None:
    """The hard limit (``ulimit -Hn``), to which the soft one is raised for a child."""
    return _limit(resource.RLIMIT_NOFILE)


def threads(cgroup: Path = _CGROUP, proc: Path = _PROC) -> int | None:
    """The smallest of ``ulimit -u``, the control group's pids.max (version 2, then 1) and the kernel's threads-max."""
    texts = (_read(cgroup / "pids.max") or _read(cgroup / "pids" / "pids.max"), _read(proc / "sys/kernel/threads-max"))
    known = [_limit(resource.RLIMIT_NPROC), *(int(text) for text in texts if text.isdecimal())]
    return min((one for one in known if one is not None), default=None)


def memory_maps(proc: Path = _PROC) -> int | None:
    """vm.max_map_count."""
    text = _read(proc / "sys/vm/max_map_count")
    return int(text) if text.isdecimal() else None


def available_mib(cgroup: Path = _CGROUP, proc: Path = _PROC) -> int | None:
    """Memory that can still be had, in MiB: the machine's, or what the control group's limit leaves."""
    found = re.search(r"^MemAvailable:\s+(\d+) kB", _read(proc / "meminfo"), re.MULTILINE)
    known = [int(found[1]) // 1024] if found else []
    allowed, used = _read(cgroup / "memory.max"), _read(cgroup / "memory.current")
    if allowed.isdecimal() and used.isdecimal():
        known.append(max(0, int(allowed) - int(used)) >> 20)
    return min(known, default=None)


def _limit(kind: int) -> int | None:
    hard = resource.getrlimit(kind)[1]
    return None if hard == resource.RLIM_INFINITY else hard


def _read(path: Path) -> str:
    try:
        return path.read_text("ascii", "replace").strip()
    except OSError:
        return ""
