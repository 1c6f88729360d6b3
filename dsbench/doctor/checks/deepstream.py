"""NVIDIA's software and hardware for DeepStream: GPU, driver, app, headers, CUDA, trtexec."""

from __future__ import annotations

import re
from collections.abc import Iterable

from dsbench.base import spec
from dsbench.base.deepstream_releases import driver_remark
from dsbench.doctor.ask import ProgramOutput
from dsbench.doctor.checks.check import (
    BROKEN,
    DEEPSTREAM,
    LOW,
    MISSING,
    OK,
    OPTIONAL,
    UNKNOWN,
    Check,
    error_line,
    failure,
)
from dsbench.doctor.fixes import Advice, Fix
from dsbench.doctor.inventory import Inventory
from dsbench.formats import versions

DECODE, _ENCODE, _CUDA = "libnvcuvid.so.1", "libnvidia-encode.so.1", "libcuda.so.1"


def gpu(inventory: Inventory, advice: Advice) -> Check:
    """A GPU that responds to NVML, else the likely reason why none does."""
    found, system = inventory.nvidia, inventory.system
    if found.gpu is not None:
        parts = [found.gpu.name, f"{found.gpu.memory_mib} MiB" if found.gpu.memory_mib else ""]
        parts += [found.gpu.uuid, f"PCI {found.gpu.pci}" if found.gpu.pci else ""]
        parts += [f"driver {found.gpu.driver}", f"CUDA {found.gpu.cuda}" if found.gpu.cuda else "", found.note]
        return Check(DEEPSTREAM, "GPU", OK, ", ".join(filter(None, (*parts, driver_note(inventory)))))
    if "--gpu-id" in found.why_not:
        return Check(DEEPSTREAM, "GPU", MISSING, found.why_not)
    if system.container and not found.device_node:
        seen = "the host has a GPU, but this container was started without it"
        here = seen if found.pci or found.driver_loaded else "this container sees no NVIDIA GPU"
        detail = f"{here} ({found.why_not})"
        return Check(DEEPSTREAM, "GPU", MISSING, detail, (advice.container(),))
    if found.pci or found.device_node or found.driver_loaded or system.jetson or system.wsl:
        detail = f"the driver does not answer: {found.why_not}"
        return Check(DEEPSTREAM, "GPU", BROKEN, detail, (advice.driver(),))
    return Check(DEEPSTREAM, "GPU", MISSING, f"no NVIDIA GPU on the PCI bus ({found.why_not})")


def driver_note(inventory: Inventory) -> str:
    """What NVIDIA's table says against the driver; it is no failure in itself."""
    found = inventory.nvidia.gpu
    if found is None or inventory.system.jetson:
        return ""
    return driver_remark(inventory.deepstream.sdk or "", found.driver)


def driver_libraries(inventory: Inventory, advice: Advice) -> Iterable[Check]:
    """NVDEC's and NVENC's libraries, whole and of this driver: a container gets them only with the driver capability
    ``video``; without it an image may hold empty files in their place."""
    found = inventory.nvidia
    if found.gpu is None or inventory.system.jetson:
        return
    missing = [name for name in (_CUDA, DECODE, _ENCODE) if found.library(name) is None]
    bad = [text for name in (_CUDA, DECODE, _ENCODE) if (text := library_trouble(inventory, name))]
    if not missing and not bad:
        yield Check(DEEPSTREAM, "driver libraries", OK, f"{_CUDA}, {DECODE}, {_ENCODE}")
        return
    detail = "; ".join((*([f"{', '.join(missing)} not found"] if missing else ()), *bad))
    fix = advice.container() if inventory.system.container else advice.driver()
    if inventory.system.container and not grants_video(found.capabilities):
        granted = found.capabilities if found.capabilities is not None else "not set"
        detail += f": NVIDIA_DRIVER_CAPABILITIES is {granted}, video needs `video` or `all`"
    decodes = inventory.nvdec.said is not None and inventory.nvdec.said.ok
    state = LOW if decodes and not missing else BROKEN if bad else MISSING
    yield Check(DEEPSTREAM, "driver libraries", state, detail, (fix,))


def library_trouble(inventory: Inventory, name: str) -> str:
    """Why a driver library that is there cannot work; empty if nothing is found against it."""
    found = inventory.nvidia.library(name)
    driver = inventory.nvidia.gpu.driver if inventory.nvidia.gpu else ""
    if found is None:
        return ""
    if found.trouble:
        return f"{found.path or name} {found.trouble}"
    if found.version and driver and found.version != driver:
        return f"{found.path} is of driver {found.version}, the driver that runs is {driver}"
    return ""


def grants_video(capabilities: str | None) -> bool:
    """Whether NVIDIA_DRIVER_CAPABILITIES gives a container the driver's video part; unset it does not."""
    return bool({"all", "video"} & {one.strip() for one in (capabilities or "").split(",")})


def app(inventory: Inventory, advice: Advice) -> Check:
    """deepstream-app starts and says its version."""
    name, found, other = "deepstream-app", inventory.deepstream.app, inventory.deepstream.unlisted_app
    if found.path is None:
        if other:
            fix = advice.path(other.rpartition("/")[0])
            return Check(DEEPSTREAM, name, MISSING, f"not on PATH, though {other} is there", (fix,))
        return Check(DEEPSTREAM, name, MISSING, "not on PATH", (advice.container(),))
    said = found.said
    if said is None or not said.ok:
        return Check(DEEPSTREAM, name, BROKEN, f"{found.path}: {failure(said)}", app_fixes(said, advice))
    parts = versions.deepstream_version_all(said.text)
    if not parts:
        first = said.lines[0][:160] if said.lines else "it printed nothing"
        detail = f"{found.path} does not say DeepStream's version: {first}"
        return Check(DEEPSTREAM, name, UNKNOWN, detail, (advice.container(),))
    return Check(DEEPSTREAM, name, OK, f"{', '.join(f'{part} {version}' for part, version in parts)} ({found.path})")


def app_fixes(said: ProgramOutput | None, advice: Advice) -> tuple[Fix, ...]:
    """Fixes for an app that does not start, chosen by the library that the loader did not find."""
    text = said.text if said else ""
    if re.search(r"libcuda\.so|libnvcuvid|libnvidia-", text):
        return (advice.container(),)
    if re.search(r"libnvinfer|libnvonnxparser", text):
        return (advice.tensorrt(),)
    if re.search(r"libgst|libglib", text):
        return (advice.install("gstreamer1.0-tools", "gstreamer1.0-plugins-base"),)
    if re.search(r"libnvbufsurf|libnvds", text):
        return (advice.setting(f"export LD_LIBRARY_PATH={spec.DEEPSTREAM_DIR}/lib:$LD_LIBRARY_PATH"),)
    return (advice.container(),)


def parser_build(inventory: Inventory, advice: Advice) -> Check:
    """Compiles a parser of one line as the specification's Makefile does: tests headers, CUDA, -lnvinfer."""
    name, found = "parser build", inventory.deepstream
    if found.header is None:
        detail = f"no sources/includes/nvdsinfer_custom_impl.h in {spec.DEEPSTREAM_DIR}"
        if found.absent:
            return Check(DEEPSTREAM, name, MISSING, detail)
        return Check(DEEPSTREAM, name, MISSING, detail, (advice.container(),))
    said = found.link
    if said is None:
        return Check(DEEPSTREAM, name, UNKNOWN, "not tried: no compiler, or no temporary folder")
    if said.ok:
        with_ = f"TensorRT {found.tensorrt}" if found.tensorrt else "-lnvinfer"
        return Check(DEEPSTREAM, name, OK, f"g++ compiles against {found.header} and links {with_}")
    return Check(DEEPSTREAM, name, BROKEN, error_line(said.lines), (advice.tensorrt(),))


def trtexec(inventory: Inventory, advice: Advice) -> Check:
    """Builds and measures the engine (Steps 4-5); an engine from elsewhere needs none."""
    trouble = dict(inventory.deepstream.unknown).get("tensorrt")
    if inventory.deepstream.trtexec and trouble:
        return Check(OPTIONAL, "trtexec", UNKNOWN, f"{inventory.deepstream.trtexec}: {trouble}")
    if inventory.deepstream.trtexec:
        return Check(OPTIONAL, "trtexec", OK, inventory.deepstream.trtexec)
    detail = "not on PATH, not in /usr/src/tensorrt/bin: `dsbench prepare` cannot build an engine"
    return Check(OPTIONAL, "trtexec", MISSING, detail, () if inventory.deepstream.absent else (advice.tensorrt(),))


def cuda_toolkit(inventory: Inventory, advice: Advice) -> Check:
    """nvcc or /usr/local/cuda*; only its version is reported."""
    found = inventory.deepstream
    trouble = dict(found.unknown)
    if "cuda" in trouble:
        return Check(OPTIONAL, "CUDA toolkit", UNKNOWN, trouble["cuda"])
    if found.cuda is None:
        return Check(OPTIONAL, "CUDA toolkit", MISSING, "no nvcc, no /usr/local/cuda*/version.json")
    return Check(OPTIONAL, "CUDA toolkit", OK, found.cuda)
