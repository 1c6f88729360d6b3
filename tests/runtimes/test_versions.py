"""Versions of each runtime in record and report, and the reason for a missing one."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from dsbench.machine import hardware
from dsbench.runtimes.deepstream import DeepStreamRuntime
from dsbench.runtimes.embedded import EmbeddedRuntime
from tests.formats.test_versions import VERSION_ALL
from tests.machine.fake_nvml import FakeNvml


@pytest.fixture
def app(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A deepstream-app that is alone on PATH, on a machine with a GPU."""
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    monkeypatch.setitem(sys.modules, "pynvml", FakeNvml())
    monkeypatch.setattr(hardware, "TRTEXEC_PLACES", ())
    path = tmp_path / "deepstream-app"
    write(path, f"cat <<'EOF'\n{VERSION_ALL}EOF")
    return path


def write(path: Path, body: str) -> None:
    path.write_text(f"#!/bin/sh\nPATH=/bin:/usr/bin\n{body}\n")
    path.chmod(0o755)


def versions(gpu_id: int = 0) -> dict[str, str]:
    found = DeepStreamRuntime().versions(gpu_id)
    assert len({version.component for version in found}) == len(found), "each component once"
    return {version.component: version.version for version in found}


@pytest.mark.usefixtures("app")
def test_deepstream_and_its_gpu() -> None:
    found = versions()
    assert found["deepstream-app"] == found["DeepStreamSDK"] == "7.1.0"
    assert (found["TensorRT"], found["cuDNN"], found["CUDA Runtime"]) == ("10.3", "9.0", "12.6")
    assert found["GPU"] == "NVIDIA H100 80GB HBM3 (NVML's GPU 0)"
    assert found["GPU UUID"].startswith("GPU-0a2b")
    assert found["GPU PCI bus"] == "00000000:01:00.0"
    assert (found["GPU memory"], found["GPU compute capability"]) == ("81559 MiB", "9.0")
    assert (found["NVIDIA driver"], found["CUDA of the driver"]) == ("580.159.04", "13.0")
    assert {"OS", "Kernel", "CPU", "CPU cores", "Memory", "CUDA toolkit", "TensorRT library"} <= set(found)


@pytest.mark.usefixtures("app")
def test_a_gpu_that_is_not_there_says_why() -> None:
    found = versions(5)
    assert found["GPU"] == "not known: --gpu-id 5, but NVML has 1 GPU"
    assert "NVIDIA driver" not in found


def test_an_app_that_names_no_version(app: Path) -> None:
    write(app, "echo dsbench-app version 0.1.0")
    found = versions()
    assert found["deepstream-app"] == (
        "--version-all names no version of DeepStream (status 0), it says: dsbench-app version 0.1.0"
    )
    assert found["DeepStreamSDK"]


def test_versions_are_queried_once(app: Path) -> None:
    runtime = DeepStreamRuntime()
    first = runtime.versions()
    app.unlink()
    assert runtime.versions() is first


def test_embedded_says_what_it_computes_on() -> None:
    found = {version.component: version.version for version in EmbeddedRuntime().versions()}
    assert found["CPU"]
    assert int(found["CPU cores"].split()[0]) >= 1
    assert found["OS"]
    assert not [name for name in found if "GPU" in name], "it uses none"


def test_the_optional_engine_is_named_when_it_is_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DSBENCH_ENGINE", raising=False)
    assert "openvino" not in {version.component for version in EmbeddedRuntime().versions()}
    monkeypatch.setenv("DSBENCH_ENGINE", "fast")
    assert "openvino" in {version.component for version in EmbeddedRuntime().versions()}
