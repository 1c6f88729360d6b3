"""NVIDIA's hardware and software: GPU, driver, DeepStream, CUDA, TensorRT."""

from __future__ import annotations

import glob
import os
import re
import shutil
from collections.abc import Mapping
from pathlib import Path

from dsbench.doctor.ask import ProgramOutput, ask
from dsbench.doctor.inventory import DeepStream, DriverLibrary, Nvidia, Program
from dsbench.doctor.survey import shared_library
from dsbench.doctor.survey.ask import QUESTION_S, Asked, read
from dsbench.machine import hardware, numa
from dsbench.machine.hardware import Answer, Component
from dsbench.model.preflight import newest_cuda
from dsbench.runtimes.deepstream import DeepStreamRuntime

_DRIVER_LIBRARIES = ("libcuda.so.1", "libnvcuvid.so.1", "libnvidia-encode.so.1", "libnvidia-ml.so.1")
_DRIVER_DIRS = (
    "/usr/lib/wsl/lib",
    "/usr/local/nvidia/lib64",
    "/usr/lib/x86_64-linux-gnu",
    "/usr/lib/aarch64-linux-gnu",
)
_HEADER = "sources/includes/nvdsinfer_custom_impl.h"
_PARSER = """#include "nvdsinfer_custom_impl.h"
extern "C" bool NvDsInferParseCustomDoctor(std::vector<NvDsInferLayerInfo> const &, NvDsInferNetworkInfo const &,
    NvDsInferParseDetectionParams const &, std::vector<NvDsInferObjectDetectionInfo> &) { return true; }
CHECK_CUSTOM_PARSE_FUNC_PROTOTYPE(NvDsInferParseCustomDoctor);
"""


def nvidia(asked: Asked[Answer], libraries: tuple[DriverLibrary, ...]) -> Nvidia:
    found = asked.answer or Answer(None, asked.trouble)
    return Nvidia(
        gpu=found.gpu,
        why_not=found.why_not,
        note=", ".join(filter(None, (found.note, numa.far_note(found.gpu.pci) if found.gpu else ""))),
        pci=_gpus_on_pci(),
        device_node=os.path.exists("/dev/nvidiactl") or os.path.exists("/dev/dxg"),
        driver_loaded=os.path.exists("/proc/driver/nvidia/version"),
        libraries=libraries,
        capabilities=os.environ.get("NVIDIA_DRIVER_CAPABILITIES"),
    )


def _gpus_on_pci(root: str = "/sys/bus/pci/devices") -> int:
    """NVIDIA's display controllers (class 03xx)."""
    devices = (Path(folder) for folder in glob.glob(f"{root}/*"))
    return sum(
        read(folder / "vendor").strip() == "0x10de" and read(folder / "class").startswith("0x03") for folder in devices
    )


async def loader_libraries() -> tuple[DriverLibrary, ...]:
    """The driver's libraries that a program would find, each looked at."""
    ldconfig = shutil.which("ldconfig", path=f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin")
    known = (await ask((ldconfig, "-p"), QUESTION_S)).text if ldconfig else ""
    places = ((name, library_place(name, known)) for name in _DRIVER_LIBRARIES)
    return tuple(
        DriverLibrary(name, str(path), shared_library.trouble(path), shared_library.version(path))
        for name, path in places
        if path is not None
    )


def library_place(name: str, ldconfig: str) -> Path | None:
    """Where the loader finds a library: in LD_LIBRARY_PATH, in ``ldconfig -p``'s cache, in the usual folders."""
    cached = re.findall(rf"^\s*{re.escape(name)} \(.*?\) => (\S+)$", ldconfig, re.MULTILINE)
    first = [folder for folder in os.environ.get("LD_LIBRARY_PATH", "").split(":") if folder]
    places = [*(Path(folder, name) for folder in first), *map(Path, cached)]
    places += [Path(folder, name) for folder in _DRIVER_DIRS]
    return next((path for path in places if os.path.lexists(path)), None)


async def compile_parser(
    includes: Path, libraries: tuple[str, ...], target: Path, scratch: Path
) -> ProgramOutput | None:
    """Compile a parser of one line with the specification's flags; None where that cannot be tried."""
    source, compiler = scratch / "doctor.cpp", shutil.which("g++")
    if compiler is None:
        return None
    try:
        source.write_text(_PARSER)
    except OSError:
        return None
    flags = ("-Wall", "-std=c++11", "-shared", "-fPIC", f"-I{includes}", *libraries)
    return await ask((compiler, "-o", str(target), str(source), *flags), QUESTION_S)


async def deepstream(parts: Mapping[str, Asked[Component]], app: Program, scratch: Path) -> DeepStream:
    folder = DeepStreamRuntime().deepstream_dir
    header = folder / _HEADER
    link = None
    if header.is_file():
        toolkit = f"-I/usr/local/cuda-{newest_cuda(Path('/usr/local'))}/include"  # as 6d gives it to make
        libraries = (toolkit, "-Wl,--start-group", "-lnvinfer", "-Wl,--end-group")
        link = await compile_parser(header.parent, libraries, scratch / "deepstream.so", scratch)
    unlisted, script = folder / "bin/deepstream-app", folder / "user_additional_install.sh"
    return DeepStream(
        app=app,
        sdk=_version(parts["deepstream"]),
        cuda=_version(parts["cuda"]),
        tensorrt=_version(parts["tensorrt"]),
        trtexec=hardware.trtexec_program(),
        header=str(header) if header.is_file() else None,
        link=link,
        unlisted_app=str(unlisted) if unlisted.exists() else None,
        codec_script=str(script) if script.exists() else None,
        unknown=tuple((name, part.trouble) for name, part in parts.items() if part.answer is None),
    )


def _version(part: Asked[Component]) -> str | None:
    return part.answer.version or None if part.answer else None
