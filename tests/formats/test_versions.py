"""What tools say about versions, as they really print it."""

from __future__ import annotations

from pathlib import Path

import pytest

from dsbench.formats import versions
from dsbench.formats.versions import Gpu

VERSION_ALL = """\
(gst-plugin-scanner:12): GStreamer-WARNING **: 10:02:11.120: Failed to load plugin: libnvdsgst_udp.so version 2.0
deepstream-app version 7.1.0
DeepStreamSDK 7.1.0
CUDA Driver Version: 12.4
CUDA Runtime Version: 12.6
TensorRT Version: 10.3
cuDNN Version: 9.0
libNVWarp360 Version: 2.0.1d3
"""


def test_rows_of_nvidia_smi() -> None:
    text = "0, NVIDIA H100 80GB HBM3, 81559, 580.159.04, 9.0\n1, Tesla T4, 15360, 580.159.04, 7.5\n"
    assert versions.smi_gpus(text, "13.0") == (
        Gpu(0, "NVIDIA H100 80GB HBM3", 81559, "580.159.04", "13.0", "9.0"),
        Gpu(1, "Tesla T4", 15360, "580.159.04", "13.0", "7.5"),
    )


def test_rows_without_a_compute_capability_and_with_what_is_not_supported() -> None:
    assert versions.smi_gpus("0, Tesla T4, 15360, 470.57.02\n") == (Gpu(0, "Tesla T4", 15360, "470.57.02", "", ""),)
    text = "0, Orin (nvgpu), [N/A], 540.4.0, [Not Supported]\n"
    assert versions.smi_gpus(text) == (Gpu(0, "Orin (nvgpu)", 0, "540.4.0", "", ""),)


@pytest.mark.parametrize(
    "text",
    [
        "No devices were found\n",
        "NVIDIA-SMI has failed because it couldn't communicate with the NVIDIA driver. Make sure that the latest "
        "NVIDIA driver is installed and running.\n\n",
        "Failed to initialize NVML: Driver/library version mismatch\nNVML library version: 590.44\n",
        "Unable to determine the device handle for GPU0000:0B:00.0: GPU is lost.  Reboot the system to recover.\n",
    ],
)
def test_nvidia_smi_without_a_gpu(text: str) -> None:
    assert versions.smi_gpus(text) == ()
    assert versions.smi_trouble(text) == text.splitlines()[0].strip()


def test_an_unknown_field_is_no_trouble_of_the_gpu() -> None:
    text = 'Field "compute_cap" is not a valid field to query.\n'
    assert versions.smi_gpus(text) == ()
    assert versions.smi_trouble(text) is None


@pytest.mark.parametrize(
    ("text", "cuda"),
    [
        ("| NVIDIA-SMI 580.159.04   Driver Version: 580.159.04     CUDA Version: 13.0     |", "13.0"),
        ("| NVIDIA-SMI 595.45   KMD Version: 595.45   CUDA UMD Version: 13.2  |", "13.2"),
        ("CUDA Version        : 13.0\n", "13.0"),
        ("| NVIDIA-SMI 470.57.02  Driver Version: 470.57.02    CUDA Version: N/A      |", None),
    ],
)
def test_cuda_of_the_driver(text: str, cuda: str | None) -> None:
    assert versions.smi_cuda(text) == cuda


def test_nvcc() -> None:
    text = "Cuda compilation tools, release 12.6, V12.6.85\nBuild cuda_12.6.r12.6/compiler.35059454_0\n"
    assert versions.nvcc(text) == "12.6.85"
    assert versions.nvcc("nvcc fatal   : No input files specified") is None


@pytest.mark.parametrize(
    ("text", "version"),
    [
        ('{"cuda": {"name": "CUDA SDK", "version": "12.6.3"}, "nvcc": {"version": "12.6.85"}}', "12.6.3"),
        ('{"cuda": "12"}', None),
        ("[]", None),
        ("", None),
    ],
)
def test_version_json(text: str, version: str | None) -> None:
    assert versions.cuda_version_json(text) == version


def test_os_release() -> None:
    assert versions.os_release('# a comment\nPRETTY_NAME="Ubuntu 24.04.3 LTS"\nNAME="Ubuntu"\n') == "Ubuntu 24.04.3 LTS"
    assert versions.os_release("NAME=Alpine\nVERSION_ID=3.20\n") == "Alpine 3.20"
    assert versions.os_release("") is None


def test_deepstream_app_version_all() -> None:
    assert versions.deepstream_version_all(VERSION_ALL) == (
        ("deepstream-app", "7.1.0"),
        ("DeepStreamSDK", "7.1.0"),
        ("CUDA Driver", "12.4"),
        ("CUDA Runtime", "12.6"),
        ("TensorRT", "10.3"),
        ("cuDNN", "9.0"),
        ("libNVWarp360", "2.0.1d3"),
    )


def test_deepstream_s_version_file() -> None:
    assert versions.deepstream_version_file("Version: 7.1\nGCID: 38214563\n") == "7.1"
    assert versions.deepstream_version_file("GCID: 38214563\n") is None


@pytest.mark.parametrize(
    ("text", "version"),
    [
        ("&&&& RUNNING TensorRT.trtexec [TensorRT v8601] # trtexec --help", "8.6.1"),
        ("&&&& RUNNING TensorRT.trtexec [TensorRT v8205] # trtexec", "8.2.5"),
        ("&&&& RUNNING TensorRT.trtexec [TensorRT v101300] [b35] # trtexec", "10.13.0"),
        ("&&&& RUNNING TensorRT.trtexec [TensorRT v100300] # trtexec", "10.3.0"),
        ("[07/25/2022-16:43:56] [I] TensorRT version: 8.2.5", "8.2.5"),
        ("&&&& RUNNING TensorRT.trtexec # trtexec --help", None),
    ],
)
def test_trtexec_s_banner(text: str, version: str | None) -> None:
    assert versions.tensorrt_of_trtexec(text) == version


def test_names_of_libraries_and_packages() -> None:
    assert versions.tensorrt_of_library("/usr/lib/x86_64-linux-gnu/libnvinfer.so.10.3.0") == "10.3.0"
    assert versions.tensorrt_of_library("/usr/lib/x86_64-linux-gnu/libnvinfer.so.10") is None
    assert versions.tensorrt_of_library("libnvinfer_plugin.so.10.3.0") is None
    text = "libnvinfer-bin\t10.3.0.26-1+cuda12.5\nlibnvinfer10\t10.3.0.26-1+cuda12.5\n"
    assert versions.tensorrt_of_dpkg(text) == ("libnvinfer10", "10.3.0.26")
    assert versions.tensorrt_of_dpkg("libnvinfer8\t\ndpkg-query: no packages found matching libnvinfer*\n") is None


class TestRealOutputs:
    """Of a machine with an H100."""

    @pytest.fixture
    def smi(self, shared: Path) -> Path:
        folder = shared / "gold" / "smi"
        if not folder.is_dir():
            pytest.skip(f"no recordings at {folder}")
        return folder

    def test_the_gpu(self, smi: Path) -> None:
        assert versions.smi_cuda((smi / "nvidia-smi.txt").read_text()) == "13.0"
        assert versions.smi_cuda((smi / "version.txt").read_text()) == "13.0"
        row = (smi / "query_name_mem_driver.txt").read_text()
        assert versions.smi_gpus(f"0, {row}") == (Gpu(0, "NVIDIA H100 80GB HBM3", 81559, "580.159.04", "", ""),)

    def test_the_rest(self, smi: Path) -> None:
        assert versions.nvcc((smi / "nvcc.txt").read_text()) == "13.0.88"
        assert versions.os_release((smi / "os_release.txt").read_text()) == "Ubuntu 24.04.3 LTS"
