"""Limits of one program, as the kernel and the control group give them."""

from __future__ import annotations

import resource
import subprocess
import sys
from pathlib import Path

from dsbench.base import machine_limits as limits
from dsbench.base.process import prepare_child


def write(root: Path, **files: str) -> None:
    for name, body in files.items():
        path = root / name.replace("__", "/").replace("_dot_", ".")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(body)


def test_limits(tmp_path: Path) -> None:
    cgroup, proc = tmp_path / "cgroup", tmp_path / "proc"
    assert limits.memory_maps(proc) is None
    assert limits.available_mib(cgroup, proc) is None
    write(cgroup, pids_dot_max="4096\n", memory_dot_max=f"{8 << 30}\n", memory_dot_current=f"{3 << 30}\n")
    write(proc, sys__vm__max_map_count="65530\n", meminfo="MemTotal: 1 kB\nMemAvailable:   67108864 kB\n")
    assert limits.memory_maps(proc) == 65530
    assert limits.available_mib(cgroup, proc) == 5 * 1024
    found = limits.threads(cgroup, proc)
    assert found is not None
    assert found <= 4096
    write(cgroup, memory_dot_max="max\n", pids_dot_max="max\n")
    assert limits.available_mib(cgroup, proc) == 64 * 1024


def test_a_child_may_open_as_many_files_as_can_be_had() -> None:
    code = "import resource; print(resource.getrlimit(resource.RLIMIT_NOFILE)[0])"

    def low() -> None:
        hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
        resource.setrlimit(resource.RLIMIT_NOFILE, (64, hard))
        prepare_child()

    done = subprocess.run([sys.executable, "-c", code], preexec_fn=low, capture_output=True, text=True, check=True)
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    assert int(done.stdout) == (65536 if hard == resource.RLIM_INFINITY else min(hard, 65536))
