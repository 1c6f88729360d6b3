"""A --gpu-id that is not there stops the run."""

from __future__ import annotations

import sys

import pytest

from dsbench.base.errors import Code, DsbenchError
from dsbench.machine import hardware
from tests.machine.fake_nvml import FakeNvml


def test_a_gpu_that_is_not_there(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    monkeypatch.setitem(sys.modules, "pynvml", FakeNvml())
    hardware.require_gpu(0)
    with pytest.raises(DsbenchError, match="--gpu-id 3, but NVML has 1 GPU") as caught:
        hardware.require_gpu(3)
    assert caught.value.code == Code.GPU_MISSING
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")
    with pytest.raises(DsbenchError, match="CUDA_VISIBLE_DEVICES= shows 0 GPUs"):
        hardware.require_gpu(0)


def test_a_gpu_that_does_not_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pynvml", FakeNvml(starts=False))
    monkeypatch.setenv("PATH", "")
    hardware.require_gpu(7)
