"""Versions and hardware from the output of tools and from files: pure functions over their text.

Each returns None (or nothing) if the text does not contain it; a version is never guessed.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from dsbench.base import numbers, reading

SMI_FIELDS = ("index", "name", "memory.total", "driver_version", "uuid", "pci.bus_id", "compute_cap")
"""What nvidia-smi is asked for with ``--query-gpu``; drivers before R510 do not know the last one."""

NO_GPU = (
    "No devices were found",
    "couldn't communicate with the NVIDIA driver",
    "Failed to initialize NVML",
    "Driver/library version mismatch",
    "Unable to determine the device handle",
    "GPU is lost",
)
"""nvidia-smi's words where there is a tool and no GPU that answers."""

_CUDA_OF_DRIVER = re.compile(r"CUDA (?:UMD )?Version\s*:\s*([0-9]+(?:\.[0-9]+)+)", re.IGNORECASE)
_NVCC = re.compile(r"release [0-9][0-9.]*,\s*V([0-9]+(?:\.[0-9]+)+)")
_BANNER = re.compile(r"\[TensorRT v([0-9]{4,6})\]")
_SPELT_OUT = re.compile(r"\bTensorRT version:\s*([0-9]+(?:\.[0-9]+)+)")
_LIBRARY = re.compile(r"libnvinfer\.so\.([0-9]+\.[0-9]+\.[0-9]+(?:\.[0-9]+)*)$")
_VERSION_ALL = re.compile(
    r"(?P<component>deepstream-app|DeepStreamSDK|CUDA Driver|CUDA Runtime|TensorRT|cuDNN|libNVWarp360)"
    r"(?: version)?:?\s+(?P<version>[0-9]+(?:\.\w+)*)$",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Gpu:
    """One GPU. ``index`` is NVML's; ``cuda`` its driver's newest CUDA version, ``compute_capability`` like ``9.0``.

    ``uuid`` is that of the MIG slice in use, else the GPU's; ``pci`` the bus id. A text is empty if it is not known.
    """

    index: int
    name: str
    memory_mib: int
    driver: str
    cuda: str
    compute_capability: str
    uuid: str = ""
    pci: str = ""


@dataclass(frozen=True)
class EngineMachine:
    """The machine that built a TensorRT engine, or runs it; "" where something is not known. ``cuda``: the driver's."""

    tensorrt: str = ""
    gpu: str = ""
    compute_capability: str = ""
    driver: str = ""
    cuda: str = ""


UNKNOWN_MACHINE = EngineMachine()


def smi_gpus(text: str, cuda: str = "") -> tuple[Gpu, ...]:
    """The rows of ``nvidia-smi --query-gpu=<SMI_FIELDS> --format=csv,noheader,nounits``, in its order.

    A last column that an old nvidia-smi was not asked for may be absent. Lines that are no such row are left out.
    """
    found = []
    for line in text.splitlines():
        match = re.match(
            r"\s*([0-9]+), (.+), ([0-9]+|\[[^]]*\])(?: MiB)?, ([\w.]+)"
            r"(?:, (GPU-[\w-]+|\[[^]]*\]), ([0-9A-Fa-f:.]+|\[[^]]*\]))?(?:, ([0-9]+\.[0-9]+|\[[^]]*\]))?\s*$",
            line.replace("\0", ""),
        )
        if match is None:
            continue
        memory = numbers.whole(match[3]) if match[3].isdecimal() and match[3].isascii() else 0
        uuid, pci, capability = ("" if text is None or text.startswith("[") else text for text in match.groups()[4:])
        found.append(Gpu(numbers.whole(match[1]), match[2].strip(), memory, match[4], cuda, capability, uuid, pci))
    return tuple(found)


def smi_cuda(text: str) -> str | None:
    """The newest CUDA version that the driver serves, from the head of ``nvidia-smi`` or ``nvidia-smi --version``."""
    match = _CUDA_OF_DRIVER.search(text)
    return match[1] if match else None


def smi_trouble(text: str) -> str | None:
    """nvidia-smi's own sentence where it found no GPU that answers."""
    for line in text.splitlines():
        if any(words in line for words in NO_GPU):
            return line.strip()
    return None


def nvcc(text: str) -> str | None:
    """Version of ``nvcc --version``: ``13.0.88``."""
    match = _NVCC.search(text)
    return match[1] if match else None


def cuda_version_json(text: str) -> str | None:
    """CUDA toolkit of ``/usr/local/cuda/version.json``: ``13.0.1``."""
    try:
        version = reading.parse_json(text)["cuda"]["version"]
    except (ValueError, KeyError, TypeError, RecursionError):
        return None
    return version if isinstance(version, str) and re.fullmatch(r"[0-9]+(\.[0-9]+)+", version) else None


def os_release(text: str) -> str | None:
    """PRETTY_NAME of /etc/os-release, else NAME and VERSION_ID."""
    values = {}
    for line in text.splitlines():
        key, equals, value = line.strip().partition("=")
        if equals and not key.startswith("#"):
            values[key] = re.sub(r'\\([$"\'`\\])', r"\1", value.strip().strip("\"'"))
    both = " ".join(part for part in (values.get("NAME"), values.get("VERSION_ID")) if part)
    return values.get("PRETTY_NAME") or both or None


def deepstream_version_all(text: str) -> tuple[tuple[str, str], ...]:
    """Component and version of each line of ``deepstream-app --version-all``; plugin warnings before them are not."""
    found = []
    for line in text.splitlines():
        match = _VERSION_ALL.search(line.strip())
        # GStreamer's warnings on the same output carry a time or "WARNING" before the text; a version line is its own
        if match is not None and match.start() == 0:
            found.append((match["component"], match["version"]))
    return tuple(found)


def deepstream_version_file(text: str) -> str | None:
    """Version of ``/opt/nvidia/deepstream/deepstream/version``, whose first line is like ``Version: 7.1``."""
    match = re.search(r"^Version:\s*([0-9]+(?:\.[0-9]+)*)", text, re.MULTILINE)
    return match[1] if match else None


def tensorrt_number(number: int) -> str:
    """NV_TENSORRT_VERSION as people write it: 8601 is 8.6.1, 101300 is 10.13.0 (from 10 on, two digits for the minor).

    >>> tensorrt_number(8601), tensorrt_number(101300)
    ('8.6.1', '10.13.0')
    """
    major, rest = divmod(number, 10000 if number >= 100000 else 1000)
    return f"{major}.{rest // 100}.{rest % 100}"


def tensorrt_of_trtexec(text: str) -> str | None:
    """TensorRT's version from trtexec's output: the banner ``[TensorRT v8601]``, else ``TensorRT version: 8.6.1``."""
    if (match := _BANNER.search(text)) is not None:
        return tensorrt_number(numbers.whole(match[1]))
    match = _SPELT_OUT.search(text)
    return match[1] if match else None


def tensorrt_of_library(name: str) -> str | None:
    """TensorRT's version from the file name ``libnvinfer.so.10.3.0``; None for a link like ``libnvinfer.so.10``."""
    match = _LIBRARY.search(name)
    return match[1] if match else None


def tensorrt_of_dpkg(text: str) -> tuple[str, str] | None:
    """Package and version from ``dpkg-query -W 'libnvinfer*'`` (``libnvinfer10<TAB>10.3.0.26-1+cuda12.5``)."""
    for line in text.splitlines():
        match = re.match(r"(libnvinfer[0-9]+)(?::\w+)?\s+(?:[0-9]+:)?([0-9]+(?:\.[0-9]+)+)", line.strip())
        if match is not None:
            return match[1], match[2]
    return None
