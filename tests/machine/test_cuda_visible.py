"""Which GPU CUDA calls N: indices, UUIDs, MIG slices, other orders, and numbers that name no GPU."""

from __future__ import annotations

import pytest

from dsbench.machine import hardware, nvml
from dsbench.machine.cuda_visible import ChosenGpu, ListedGpu, choose
from dsbench.machine.nvml import Device
from tests.machine.fake_nvml import FakeNvml

GPUS = (ListedGpu("GPU-aa1"), ListedGpu("GPU-aa2"), ListedGpu("GPU-b", ("MIG-c1", "MIG-c2")))
BY_BUS = {"CUDA_DEVICE_ORDER": "PCI_BUS_ID"}


@pytest.mark.parametrize(
    ("visible", "gpu_id", "expected"),
    [
        (None, 1, ChosenGpu(1)),
        (None, 3, "--gpu-id 3, but NVML has 3 GPUs"),
        ("2,0", 1, ChosenGpu(0)),
        (" 1 , 0 ", 0, ChosenGpu(1)),
        ("1", 1, "--gpu-id 1, but CUDA_VISIBLE_DEVICES=1 shows 1 GPU"),
        ("", 0, "--gpu-id 0, but CUDA_VISIBLE_DEVICES= shows 0 GPUs"),
        ("-1", 0, "shows 0 GPUs"),
        ("0,7,1", 1, "shows 1 GPU"),
        ("GPU-aa2,GPU-aa1", 0, ChosenGpu(1)),
        ("GPU-aa", 0, "shows 0 GPUs"),
        ("GPU-b", 0, ChosenGpu(2)),
        ("MIG-c2", 0, ChosenGpu(2, "MIG-c2")),
        ("MIG-c1,MIG-c2", 1, ChosenGpu(2, "MIG-c2")),
        ("MIG-x", 0, "shows 0 GPUs"),
        ("NoDevFiles", 0, "shows 0 GPUs"),
    ],
)
def test_by_bus(visible: str | None, gpu_id: int, expected: ChosenGpu | str) -> None:
    found = choose(gpu_id, GPUS, BY_BUS if visible is None else {**BY_BUS, "CUDA_VISIBLE_DEVICES": visible})
    if isinstance(expected, str):
        assert isinstance(found, str)
        assert expected in found
    else:
        assert found == expected


def test_only_cuda_knows_its_own_order() -> None:
    assert choose(1, GPUS, {}) == ChosenGpu(1, certain=False)
    assert choose(0, GPUS, {"CUDA_VISIBLE_DEVICES": "1"}) == ChosenGpu(1, certain=False)
    assert choose(0, GPUS, {"CUDA_VISIBLE_DEVICES": "GPU-aa2"}) == ChosenGpu(1)
    assert choose(0, GPUS[:1], {"CUDA_VISIBLE_DEVICES": "0"}) == ChosenGpu(0)
    assert choose(0, [ListedGpu("GPU-b", ("MIG-c",))], {}) == ChosenGpu(0, "MIG-c")


def test_a_slice_is_named_as_such(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "MIG-2")
    fake = FakeNvml(names=("H100", "H100"), slices={1: ("MIG-1", "MIG-2")})
    opened = nvml.open_device(0, fake)
    assert isinstance(opened, Device)
    assert (opened.index, opened.uuid, opened.pci) == (1, "MIG-2", "00000000:02:00.0")
    assert opened.name == "H100 MIG 1g.10gb"
    opened.close()
    monkeypatch.setattr(nvml, "module", lambda: fake)
    found = hardware.find_gpu(0)
    assert found.gpu is not None
    assert found.gpu.name == "H100 MIG 1g.10gb"
    assert hardware.find_gpu(1).absent
