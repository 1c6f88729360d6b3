from __future__ import annotations

import os
from pathlib import Path

import pytest

from dsbench.machine import numa

MINE = {0, 1}


@pytest.mark.parametrize(
    ("node", "near", "far"),
    [
        ("1", "32-63", True),
        ("1", "16-31,48-63", True),
        ("0", "0-31", False),
        ("0", "1,3", False),
        ("-1", "32-63", False),
        ("1", "", False),
        ("x", "32-63", False),
    ],
)
def test_a_gpu_is_far_if_no_processor_of_this_process_is_near_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, node: str, near: str, far: bool
) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: MINE)
    device = tmp_path / "0000:3b:00.0"
    device.mkdir()
    (device / "numa_node").write_text(f"{node}\n")
    (device / "local_cpulist").write_text(f"{near}\n")
    said = numa.far_note("00000000:3B:00.0", tmp_path)
    assert bool(said) is far
    if far:
        assert f"NUMA node 1 (processors {near})" in said


@pytest.mark.parametrize("pci", ["", "0000:3b:00.0", "../../etc", "\0"])
def test_what_the_kernel_does_not_say_is_no_note(tmp_path: Path, pci: str) -> None:
    assert numa.far_note(pci, tmp_path) == ""
