"""CUDA_VISIBLE_DEVICES and CUDA_DEVICE_ORDER: which GPU of NVML's list CUDA calls N."""

from __future__ import annotations

import pytest

from dsbench.machine import cuda_choice, hardware, nvml
from dsbench.machine.cuda_choice import NoDevice
from dsbench.machine.cuda_visible import ChosenGpu, CudaGpu, ListedGpu, choose, of_cuda
from dsbench.machine.nvml import Device
from tests.machine.fake_nvml import FakeNvml

GPUS = (ListedGpu("GPU-aa1"), ListedGpu("GPU-aa2"), ListedGpu("GPU-b"))
DIVIDED = (ListedGpu("GPU-a"), ListedGpu("GPU-b", ("MIG-c1", "MIG-c2")))
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
        ("0,-1,1", 1, "shows 1 GPU"),
        ("0,7,1", 1, "shows 1 GPU"),
        ("GPU-aa2,GPU-aa1", 0, ChosenGpu(1)),
        ("GPU-b,0", 1, "shows 1 GPU"),
        ("1,GPU-b", 1, "shows 1 GPU"),
        ("0,0", 0, ChosenGpu(0, certain=False)),
        ("GPU-b,GPU-b", 1, ChosenGpu(2, certain=False)),
        ("GPU-aa", 0, "shows 0 GPUs"),
        ("GPU-b", 0, ChosenGpu(2)),
        ("GPU-b0", 0, "shows 0 GPUs"),
        ("MIG-x", 0, "shows 0 GPUs"),
        ("NoDevFiles", 0, "shows 0 GPUs"),
        ("\u0661", 0, "shows 0 GPUs"),
    ],
)
def test_by_bus(visible: str | None, gpu_id: int, expected: ChosenGpu | str) -> None:
    found = choose(gpu_id, GPUS, BY_BUS if visible is None else {**BY_BUS, "CUDA_VISIBLE_DEVICES": visible})
    if isinstance(expected, str):
        assert isinstance(found, str)
        assert expected in found
    else:
        assert found == expected


@pytest.mark.parametrize(
    ("visible", "gpu_id", "expected"),
    [
        ("MIG-c2", 0, ChosenGpu(1, "MIG-c2")),
        ("MIG-c1,MIG-c2", 1, ChosenGpu(1, "MIG-c2", certain=False)),
        ("GPU-b", 0, ChosenGpu(1, "MIG-c1", certain=False)),
        ("1", 0, ChosenGpu(1, "MIG-c1", certain=False)),
        ("0", 0, ChosenGpu(0, certain=False)),
        (None, 0, ChosenGpu(0, certain=False)),
    ],
)
def test_where_a_gpu_is_divided(visible: str | None, gpu_id: int, expected: ChosenGpu) -> None:
    assert choose(gpu_id, DIVIDED, BY_BUS | ({"CUDA_VISIBLE_DEVICES": visible} if visible else {})) == expected


def test_only_cuda_knows_its_own_order() -> None:
    assert choose(1, GPUS, {}) == ChosenGpu(1, certain=False)
    assert choose(1, GPUS, {"CUDA_DEVICE_ORDER": "FASTEST_FIRST"}) == ChosenGpu(1, certain=False)
    assert choose(0, GPUS, {"CUDA_VISIBLE_DEVICES": "1"}) == ChosenGpu(1, certain=False)
    assert choose(0, GPUS, {"CUDA_VISIBLE_DEVICES": "GPU-aa2"}) == ChosenGpu(1)
    assert choose(0, GPUS[:1], {"CUDA_VISIBLE_DEVICES": "0"}) == ChosenGpu(0)
    assert choose(0, [ListedGpu("GPU-b", ("MIG-c",))], {}) == ChosenGpu(0, "MIG-c")


def test_a_gpu_that_the_process_may_not_use_shifts_cudas_numbers() -> None:
    assert choose(1, (ListedGpu(), *GPUS), BY_BUS) == ChosenGpu(1, certain=False)


def test_a_containers_variable_changes_nothing() -> None:
    """NVML lists the GPUs that NVIDIA's container toolkit gave to the container."""
    for asked in ("1", "all", "void", "GPU-b"):
        assert choose(0, GPUS, BY_BUS | {"NVIDIA_VISIBLE_DEVICES": asked}) == ChosenGpu(0)


@pytest.mark.parametrize(
    ("told", "expected"),
    [
        (CudaGpu("0000:1B:00.0"), ChosenGpu(1)),
        (CudaGpu("0000:3c:00.0", "dd"), ChosenGpu(2, "MIG-dd")),
        (CudaGpu("0000:3c:00.0", "other"), ChosenGpu(2, "MIG-cc", certain=False)),
        (CudaGpu("0000:5D:00.0", "aa"), None),
    ],
)
def test_the_gpu_that_cuda_names(told: CudaGpu, expected: ChosenGpu | None) -> None:
    first, second, third = ("00000000:0A:00.0", "00000000:1B:00.0", "00000000:3C:00.0")
    gpus = (ListedGpu("GPU-a", pci=first), ListedGpu("GPU-b", pci=second), ListedGpu("", ("MIG-cc", "MIG-dd"), third))
    assert of_cuda(told, gpus) == expected


def test_cuda_is_asked_before_a_gpu_is_called_absent(monkeypatch: pytest.MonkeyPatch) -> None:
    """CUDA may read more in CUDA_VISIBLE_DEVICES than dsbench does, as names of slices before driver R470."""
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "MIG-GPU-1a2b/1/0")
    fake = FakeNvml(names=("A", "A"))
    monkeypatch.setattr(cuda_choice, "ask_cuda", lambda gpu_id: CudaGpu("0000:02:00.0"))
    opened = nvml.open_device(0, fake)
    assert isinstance(opened, Device)
    assert (opened.index, opened.note) == (1, "")
    monkeypatch.setattr(cuda_choice, "ask_cuda", lambda gpu_id: CudaGpu("0000:77:00.0"))
    unlisted = nvml.open_device(0, fake)
    assert unlisted == NoDevice("CUDA has it at PCI 0000:77:00.0, which NVML does not list")
    monkeypatch.setattr(cuda_choice, "ask_cuda", lambda gpu_id: NoDevice("CUDA: none", conclusive=True, absent=True))
    absent = nvml.open_device(0, fake)
    assert isinstance(absent, NoDevice)
    assert absent.absent
    assert "CUDA_VISIBLE_DEVICES=MIG-GPU-1a2b/1/0 shows 0 GPUs" in absent.reason
    assert fake.opened == 1, "what could not be opened was closed"


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
