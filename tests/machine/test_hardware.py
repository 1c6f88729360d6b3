"""What this machine has, with stand-ins for the tools that tell."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

import pytest

from dsbench.formats.versions import Gpu
from dsbench.machine import cuda_choice, hardware, nvml
from dsbench.machine.cuda_choice import NoDevice
from dsbench.machine.cuda_visible import CudaGpu
from dsbench.machine.nvml import Device
from tests.machine.fake_nvml import FakeNvml

H100 = Gpu(0, "NVIDIA H100 80GB HBM3", 81559, "580.159.04", "13.0", "9.0")
NAMED = replace(H100, uuid="GPU-0a2b3c4d-0000-0000-0000-000000000000", pci="00000000:01:00.0")


@pytest.fixture
def no_pynvml(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pynvml", None)


@pytest.fixture
def bin_dir(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The only folder on PATH."""
    folder = tmp_path / "bin"
    folder.mkdir()
    monkeypatch.setenv("PATH", str(folder))
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    monkeypatch.delenv("CUDA_DEVICE_ORDER", raising=False)
    return folder


def program(folder: Path, name: str, body: str) -> Path:
    path = folder / name
    path.write_text(f"#!/bin/sh\n{body}\n")
    path.chmod(0o755)
    return path


def test_a_gpu_by_nvml(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    fake = FakeNvml()
    monkeypatch.setitem(sys.modules, "pynvml", fake)
    answer = hardware.find_gpu()
    assert (answer.gpu, answer.source, answer.note) == (NAMED, "NVML", "")
    assert fake.opened == 0, "NVML is given back"


def test_a_gpu_id_too_large_is_nobody_else_s_question(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    fake = FakeNvml()
    monkeypatch.setitem(sys.modules, "pynvml", fake)
    answer = hardware.find_gpu(3)
    assert answer.gpu is None
    assert answer.why_not == "--gpu-id 3, but NVML has 1 GPU"
    assert fake.opened == 0


@pytest.mark.usefixtures("no_pynvml")
class TestNvidiaSmi:
    def test_a_gpu(self, bin_dir: Path) -> None:
        program(
            bin_dir,
            "nvidia-smi",
            'case "$1" in --query-gpu=*) echo "0, NVIDIA H100 80GB HBM3, 81559, 580.159.04, "'
            '"GPU-0a2b3c4d-0000-0000-0000-000000000000, 00000000:01:00.0, 9.0";; '
            '*) echo "| Driver Version: 580.159.04     CUDA Version: 13.0 |";; esac',
        )
        answer = hardware.find_gpu()
        assert (answer.gpu, answer.source) == (NAMED, "nvidia-smi")

    def test_an_old_one_that_does_not_know_compute_cap(self, bin_dir: Path) -> None:
        program(
            bin_dir,
            "nvidia-smi",
            'case "$1" in *compute_cap) echo \'Field "compute_cap" is not a valid field to query.\'; exit 2;; '
            '--query-gpu=*) echo "0, Tesla T4, 15109, 450.80.02";; *) echo "CUDA Version: 11.0";; esac',
        )
        assert hardware.gpu() == Gpu(0, "Tesla T4", 15109, "450.80.02", "11.0", "")

    @pytest.mark.parametrize(
        ("said", "status"),
        [
            ("No devices were found", 6),
            ("NVIDIA-SMI has failed because it couldn't communicate with the NVIDIA driver. Make sure that ...", 9),
            ("Failed to initialize NVML: Driver/library version mismatch", 18),
        ],
    )
    def test_present_but_no_gpu(self, bin_dir: Path, said: str, status: int) -> None:
        program(bin_dir, "nvidia-smi", f'echo "{said}"; exit {status}')
        answer = hardware.find_gpu()
        assert answer.gpu is None
        assert f"nvidia-smi finds no GPU: {said}" in answer.why_not
        assert "nvidia-ml-py is not installed" in answer.why_not

    def test_absent(self, bin_dir: Path) -> None:
        assert "nvidia-smi is not on PATH" in hardware.find_gpu().why_not

    def test_hanging(self, bin_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(hardware, "_TIMEOUT_S", 0.2)
        program(bin_dir, "nvidia-smi", "exec /bin/sleep 30")
        assert "it printed nothing" in hardware.find_gpu().why_not

    def test_no_such_number(self, bin_dir: Path) -> None:
        program(bin_dir, "nvidia-smi", 'echo "0, Tesla T4, 15109, 450.80.02"')
        assert hardware.find_gpu(2).why_not.endswith("--gpu-id 2, but nvidia-smi has 1 GPU")


class TestWhichGpu:
    """--gpu-id is CUDA's number, not NVML's."""

    def test_cuda_says_where_it_is(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "2,0")
        monkeypatch.setattr(cuda_choice, "ask_cuda", lambda gpu_id: CudaGpu("0000:03:00.0"))
        opened = nvml.open_device(0, FakeNvml(names=("A", "B", "C")))
        assert isinstance(opened, Device)
        assert (opened.index, opened.note) == (2, "")

    def test_cuda_does_not_answer(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "2,0")
        monkeypatch.setattr(cuda_choice, "ask_cuda", lambda gpu_id: NoDevice("libcuda.so.1 is missing"))
        opened = nvml.open_device(1, FakeNvml(names=("A", "B", "C")))
        assert isinstance(opened, Device)
        assert opened.index == 0, "the second of those that are visible"
        assert "libcuda.so.1 is missing" in opened.note

    def test_a_gpu_hidden_from_cuda(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")
        said = "cuInit of GPU 0: CUDA_ERROR_NO_DEVICE"
        python = program(tmp_path, "python", f'echo "{said}" >&2; exit 1')
        no_device = cuda_choice.asked_of((str(python),), 0)
        assert isinstance(no_device, NoDevice)
        assert no_device.conclusive
        assert no_device.absent
        assert no_device.reason == f"--gpu-id 0, but CUDA has no such GPU with CUDA_VISIBLE_DEVICES= ({said})"

    def test_asking_cuda_where_there_is_none(self) -> None:
        answer = cuda_choice.ask_cuda(99)
        assert isinstance(answer, NoDevice)
        assert answer.reason


class TestComponents:
    def test_cuda_by_nvcc(self, bin_dir: Path, tmp_path: Path) -> None:
        nvcc = program(bin_dir, "nvcc", 'echo "Cuda compilation tools, release 13.0, V13.0.88"')
        assert hardware.cuda_toolkit(tmp_path).text == f"13.0.88 ({nvcc})"

    def test_cuda_by_its_newest_folder(self, bin_dir: Path, tmp_path: Path) -> None:
        for version in ("12.9", "12.10"):
            (tmp_path / f"cuda-{version}").mkdir()
            (tmp_path / f"cuda-{version}" / "version.json").write_text(f'{{"cuda": {{"version": "{version}.1"}}}}')
        assert hardware.cuda_toolkit(tmp_path).version == "12.10.1"

    def test_no_cuda(self, bin_dir: Path, tmp_path: Path) -> None:
        assert hardware.cuda_toolkit(tmp_path).text.startswith("not found (no nvcc on PATH")

    def test_tensorrt_by_its_library(self, bin_dir: Path, tmp_path: Path) -> None:
        (tmp_path / "libnvinfer.so.10.3.0").touch()
        (tmp_path / "libnvinfer.so.10").symlink_to("libnvinfer.so.10.3.0")
        assert hardware.tensorrt((str(tmp_path),)).text == f"10.3.0 ({tmp_path}/libnvinfer.so.10.3.0)"

    def test_tensorrt_by_trtexec(self, bin_dir: Path) -> None:
        program(bin_dir, "trtexec", 'echo "&&&& RUNNING TensorRT.trtexec [TensorRT v101300] [b35] # trtexec --help"')
        assert hardware.tensorrt(()).version == "10.13.0"

    def test_no_tensorrt(self, bin_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(hardware, "TRTEXEC_PLACES", ())
        assert hardware.tensorrt(()).text == "not found (no libnvinfer.so.*, no libnvinfer package, no trtexec)"

    def test_deepstream(self, tmp_path: Path) -> None:
        folder = tmp_path / "deepstream-7.1"
        folder.mkdir()
        link = tmp_path / "deepstream"
        assert hardware.deepstream(link).version is None
        link.symlink_to(folder)
        assert hardware.deepstream(link).version == "7.1"
        (folder / "version").write_text("Version: 7.1.2\nGCID: 1\n")
        assert hardware.deepstream(link).text == f"7.1.2 ({link}/version)"


def test_the_machine_itself() -> None:
    found = hardware.hardware()
    assert found.os
    assert found.kernel
    assert found.cpu
    assert 1 <= found.cores <= found.cores_of_machine
    assert found.memory_mib is None or found.memory_mib > 100
