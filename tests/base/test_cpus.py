"""Control groups as they are mounted on hosts and in containers."""

from __future__ import annotations

import math
import os
from pathlib import Path

import pytest

from dsbench.base.cpus import quota, quota_folders, usable_cpus

V1 = "4:cpu,cpuacct:/slurm/job_7/step_0\n2:memory:/slurm/job_7\n1:name=systemd:/user.slice\n0::/user.slice\n"


def write(folder: Path, limit: str) -> None:
    """``150000/100000`` in version 1, ``150000 100000`` in version 2."""
    folder.mkdir(parents=True, exist_ok=True)
    used, _, period = limit.partition("/")
    if period:
        (folder / "cpu.cfs_quota_us").write_text(f"{used}\n")
        (folder / "cpu.cfs_period_us").write_text(f"{period}\n")
    else:
        (folder / "cpu.max").write_text(f"{limit}\n")


@pytest.mark.parametrize(
    ("membership", "limits", "expected"),
    [
        ("0::/\n", {".": "max 100000"}, None),
        ("0::/\n", {".": "150000 100000"}, 1.5),
        ("0::/\n", {".": "garbage"}, None),
        ("0::/a/b/c\n", {"a": "400000 100000", "a/b": "max 100000", "a/b/c": "250000 100000"}, 2.5),
        ("0::/a/b/c\n", {"a": "100000 100000", "a/b/c": "250000 100000"}, 1.0),
        ("0::/a/b\n", {"a/c": "100000 100000"}, None),  # a neighbour
        ("0::/docker/0123\n", {".": "200000 100000"}, 2.0),  # the host's path, the container's mount
        ("0::/../other\n", {".": "200000 100000"}, 2.0),
        (V1, {"cpu,cpuacct/slurm/job_7": "300000/100000", "cpu,cpuacct/slurm/job_7/step_0": "-1/100000"}, 3.0),
        (V1, {"cpu": "100000/100000", "cpu/slurm": "-1/100000"}, 1.0),
        (V1, {"cpu": "-1/100000"}, None),
        (V1, {"cpu": "100000/0"}, None),
        ("", {"cpu": "50000/100000"}, 0.5),
        (V1, {"user.slice": "600000 100000", "cpu": "100000/100000"}, 6.0),
    ],
)
def test_the_least_quota_of_our_group_and_those_above_it_counts(
    tmp_path: Path, membership: str, limits: dict[str, str], expected: float | None
) -> None:
    (tmp_path / "membership").write_text(membership)
    for name, limit in limits.items():
        write(tmp_path / "cgroup" / name, limit)
    assert quota(tmp_path / "cgroup", tmp_path / "membership") == expected
    available = len(os.sched_getaffinity(0))
    wanted = available if expected is None else min(available, max(1, math.ceil(expected)))
    assert usable_cpus(tmp_path / "cgroup", tmp_path / "membership") == wanted


def test_without_control_groups_there_is_no_quota(tmp_path: Path) -> None:
    assert quota_folders(tmp_path / "none", tmp_path / "none") == ()
    assert quota(tmp_path / "none", tmp_path / "none") is None
