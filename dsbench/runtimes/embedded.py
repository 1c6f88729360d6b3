"""The runtime ``embedded``: ``dsbench-app`` with this Python, CPU only."""

from __future__ import annotations

import importlib.metadata
import os
import platform
from dataclasses import dataclass
from pathlib import Path

import dsbench
from dsbench.base.cpus import usable_cpus
from dsbench.base.python_child import python_command
from dsbench.machine import hardware
from dsbench.machine.versions import Version, machine_versions

_PACKAGES = ("onnxruntime", "onnx", "av", "numpy")


@dataclass(frozen=True)
class EmbeddedRuntime:
    """The app as a module of the running Python, so that it is the same dsbench whatever PATH says."""

    name: str = "embedded"
    label: str = "embedded runtime (CPU, ONNX Runtime), not DeepStream"

    @property
    def deepstream_dir(self) -> Path:
        return Path(dsbench.__file__).resolve().parent / "embedded" / "sdk"

    @property
    def parser_libs(self) -> str | None:
        # a parser needs no TensorRT symbols, and libnvinfer is not installed here
        return ""

    def unavailable(self) -> str | None:
        return None

    def app_command(self, config: Path) -> tuple[str, ...]:
        return python_command("dsbench.embedded.app", "-c", str(config))

    def versions(self, gpu_id: int = 0) -> tuple[Version, ...]:
        found = [Version("dsbench", dsbench.__version__)]
        # requested by the user; the app's log says whether it is used
        fast = ("openvino",) if os.environ.get("DSBENCH_ENGINE") == "fast" else ()
        for package in (*_PACKAGES, *fast):
            try:
                found.append(Version(package, importlib.metadata.version(package)))
            except importlib.metadata.PackageNotFoundError:
                found.append(Version(package, "not installed"))
        found.append(Version("Python", platform.python_version()))
        return (*found, *machine_versions())


def cpu_name() -> str:
    """The processor's name from /proc/cpuinfo, with the number of usable cores."""
    return f"{hardware.cpu_name()}, {usable_cpus()} cores"
