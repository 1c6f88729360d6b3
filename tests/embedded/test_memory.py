"""The memory limit of a program that runs a model or a parser."""

from __future__ import annotations

import resource
import subprocess
import sys
from pathlib import Path

import pytest

from dsbench.embedded import memory


def test_memory_beyond_the_limit_is_an_error() -> None:
    program = "from dsbench.embedded import memory; memory.limit(64 << 20); bytearray(32 << 20); bytearray(128 << 20)"
    ended = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert ended.stderr.endswith("MemoryError\n")


def test_the_limit_of_before_holds_again() -> None:
    before = resource.getrlimit(resource.RLIMIT_DATA)
    with memory.limited(1 << 30), pytest.raises(MemoryError):
        bytearray(2 << 30)
    assert resource.getrlimit(resource.RLIMIT_DATA) == before


def test_a_larger_model_may_have_more(tmp_path: Path) -> None:
    model = tmp_path / "x.onnx"
    model.write_bytes(bytes(1 << 20))
    small = memory.first_run(model, 1 << 20)
    assert (1 << 30) < small < memory.first_run(model, 4 << 20)
    (tmp_path / "x.onnx.data").write_bytes(bytes(1 << 20))
    assert memory.first_run(model, 1 << 20) > small
