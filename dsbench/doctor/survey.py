"""Takes the inventory for ``dsbench doctor``: everything at once, nothing waited for long, nothing raised."""

from __future__ import annotations

import asyncio
import glob
import importlib.metadata
import json
import os
import re
import shutil
import sys
import sysconfig
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dsbench.base import cpp
from dsbench.base.ask import Said, ask
from dsbench.base.options import COMMAND_LINE, ENVIRONMENT, SPECIFICATION, Given, text
from dsbench.doctor import gst_inventory
from dsbench.doctor.inventory import DeepStream, Folder, Inventory, Nvidia, Package, Program, Python, System, Video
from dsbench.formats.versions import Gpu
from dsbench.model.preflight import newest_cuda
from dsbench.runtimes.deepstream import DeepStreamRuntime

QUESTION_S = 20.0
FIRST_SCAN_S = 60.0
"""deepstream-app loads every plugin of GStreamer when it is run for the first time."""
_MODULES = {
    "pytest-dependency": "pytest_dependency",
    "pytest-html": "pytest_html",
    "pyelftools": "elftools",
    "pillow": "PIL",
    "pyyaml": "yaml",
}
_DRIVER_LIBRARIES = ("libcuda.so.1", "libnvcuvid.so.1", "libnvidia-encode.so.1", "libnvidia-ml.so.1")
_DRIVER_DIRS = (
    "/usr/lib/wsl/lib",
    "/usr/local/nvidia/lib64",
    "/usr/lib/x86_64-linux-gnu",
    "/usr/lib/aarch64-linux-gnu",
)
_TRTEXEC = ("/usr/src/tensorrt/bin/trtexec", "/usr/local/tensorrt/bin/trtexec")
_HEADER = "sources/includes/nvdsinfer_custom_impl.h"
_PARSER = """#include "nvdsinfer_custom_impl.h"
extern "C" bool NvDsInferParseCustomDoctor(std::vector<NvDsInferLayerInfo> const &, NvDsInferNetworkInfo const &,
    NvDsInferParseDetectionParams const &, std::vector<NvDsInferObjectDetectionInfo> &) { return true; }
CHECK_CUSTOM_PARSE_FUNC_PROTOTYPE(NvDsInferParseCustomDoctor);
"""


@dataclass(frozen=True)
class Wanted:
    """What the command line names. ``video`` is None where --video was not given; ``cwd`` is where results go."""

    cwd: Path
    gpu_id: int = 0
    video: str | None = None


def take(wanted: Wanted) -> Inventory:
    """The inventory. On Ctrl-C every program that was asked ends with us."""
    try:
        scratch = tempfile.mkdtemp(prefix="dsbench-doctor-")
    except OSError:  # no temporary directory is one of the findings
        scratch = ""
    try:
        return asyncio.run(_take(wanted, Path(scratch or "/nonexistent")))
    finally:
        if scratch:
            shutil.rmtree(scratch, ignore_errors=True)


async def _take(wanted: Wanted, scratch: Path) -> Inventory:
    async with asyncio.TaskGroup() as first:
        gst = first.create_task(gst_inventory.look())
        video = first.create_task(_video(wanted))
        gpu = first.create_task(_probe("gpu", str(wanted.gpu_id)))
        system = first.create_task(_probe("system"))
        parts = {name: first.create_task(_probe("part", name)) for name in ("cuda", "tensorrt", "deepstream")}
        encoder = first.create_task(_probe("encoder"))
        packages = first.create_task(_packages(stated_requirements()))
        gxx = first.create_task(_program("g++", "--version"))
        make = first.create_task(_program("make", "--version"))
        app = first.create_task(_program("deepstream-app", "--version-all", timeout_s=FIRST_SCAN_S))
        libraries = first.create_task(_loader_libraries())
        compiled = first.create_task(_compile(cpp.SDK / "sources/includes", (), scratch / "embedded.so", scratch))
    async with asyncio.TaskGroup() as second:  # what needs the answers above
        found = {name: task.result() for name, task in parts.items()}
        deepstream = second.create_task(_deepstream(found, app.result(), scratch))
        nvenc = second.create_task(gst_inventory.try_nvenc(gst.result(), wanted.gpu_id))
        nvdec = second.create_task(gst_inventory.try_nvdec(gst.result(), video.result(), wanted.gpu_id, scratch))
    return Inventory(
        system=_system(system.result()),
        python=_python(),
        packages=packages.result(),
        encoder_missing=str(encoder.result().get("missing") or encoder.result().get("trouble") or ""),
        gxx=gxx.result(),
        make=make.result(),
        compiled=compiled.result(),
        folders=_folders(wanted.cwd),
        memory_mib=_memory_available(),
        shared_memory_mib=_free_mib("/dev/shm"),
        video=video.result(),
        nvidia=_nvidia(gpu.result(), libraries.result()),
        deepstream=deepstream.result(),
        gstreamer=gst.result(),
        nvenc=nvenc.result(),
        nvdec=nvdec.result(),
        gpu_id=wanted.gpu_id,
        pynvml=_version("nvidia-ml-py"),
    )


# --- Python -----------------------------------------------------------------------------------------------------------


def stated_requirements() -> tuple[str, ...]:
    """dsbench's requirements as its metadata states them, extras left out; none where it was not installed."""
    try:
        stated = importlib.metadata.requires("dsbench") or []
    except importlib.metadata.PackageNotFoundError:
        return ()
    return tuple(line for line in stated if ";" not in line)


async def _packages(requirements: tuple[str, ...]) -> tuple[Package, ...]:
    """Versions, and whether each can really be imported: a broken wheel is found here, not in the middle of a run."""
    packages = [Package(line, _version(Package(line, None).name)) for line in requirements]
    modules = {p.name: _MODULES.get(p.name, p.name) for p in packages if p.version is not None}
    troubles: dict[str, str] = {}
    left = list(dict.fromkeys(modules.values()))
    while left:
        said = await ask(_child("imports", *left), QUESTION_S)
        ended = dict(re.findall(r"^end (\S+) ?(.*)$", said.text, re.MULTILINE))
        begun = re.findall(r"^begin (\S+)$", said.text, re.MULTILINE)
        troubles.update(ended)
        if len(ended) < len(left):  # the one that had begun took the program along
            last = begun[-1] if begun and begun[-1] not in ended else left[0]
            troubles[last] = f"importing it: {said.trouble or 'the program ended'}"
        left = [module for module in left if module not in troubles]
    return tuple(Package(p.requirement, p.version, troubles.get(modules.get(p.name, ""), "")) for p in packages)


def _version(name: str) -> str | None:
    try:
        return importlib.metadata.version(name)
    except (importlib.metadata.PackageNotFoundError, ValueError):
        return None


def _python() -> Python:
    virtual = sys.prefix != sys.base_prefix
    managed = not virtual and os.path.exists(os.path.join(sysconfig.get_path("stdlib"), "EXTERNALLY-MANAGED"))
    return Python("{}.{}.{}".format(*sys.version_info[:3]), sys.executable, virtual, managed)


def _child(*words: str) -> tuple[str, ...]:
    return (sys.executable, "-m", "dsbench.doctor.probe", *words)


async def _probe(*words: str) -> Mapping[str, Any]:
    """The JSON of a question to our own program; ``trouble`` where it did not get that far."""
    said = await ask(_child(*words), QUESTION_S)
    try:
        answer = json.loads(said.lines[-1]) if said.lines else None
    except ValueError:
        answer = None
    if isinstance(answer, dict):
        return answer
    last = f" ({said.lines[-1][:200]})" if said.lines else ""
    return {"trouble": f"looking at it: {said.trouble or 'no answer'}{last}"}


# --- the machine ------------------------------------------------------------------------------------------------------


def _system(facts: Mapping[str, Any]) -> System:
    values = os_release(_read("/etc/os-release") or _read("/usr/lib/os-release"))
    release = os.uname()
    return System(
        name=str(facts.get("os") or values.get("PRETTY_NAME") or release.sysname),
        distribution=values.get("ID", ""),
        like=tuple(values.get("ID_LIKE", "").split()),
        version=values.get("VERSION_ID", ""),
        machine=release.machine,
        kernel=release.release,
        cpu=str(facts.get("cpu") or ""),
        cores=int(facts.get("cores") or 0),
        wsl="microsoft" in release.release.lower() or os.path.exists("/dev/dxg"),
        jetson=os.path.exists("/etc/nv_tegra_release") or "Jetson" in _read("/proc/device-tree/model"),
        container=any(map(os.path.exists, ("/.dockerenv", "/run/.containerenv"))) or "container" in os.environ,
        root=os.geteuid() == 0,
    )


def os_release(content: str) -> dict[str, str]:
    """Keys of /etc/os-release, quotes removed."""
    return {key: value.strip("\"'") for key, value in re.findall(r"^(\w+)=(.*)$", content, re.MULTILINE)}


def _nvidia(answer: Mapping[str, Any], libraries: frozenset[str]) -> Nvidia:
    gpu = answer.get("gpu")
    return Nvidia(
        gpu=Gpu(**gpu) if gpu else None,
        why_not=str(answer.get("why_not") or answer.get("trouble") or ""),
        note=str(answer.get("note") or ""),
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
        _read(folder / "vendor").strip() == "0x10de" and _read(folder / "class").startswith("0x03")
        for folder in devices
    )


async def _loader_libraries() -> frozenset[str]:
    """The driver's libraries that a program would find."""
    ldconfig = shutil.which("ldconfig", path=f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin")
    known = (await ask((ldconfig, "-p"), QUESTION_S)).text if ldconfig else ""
    folders = [*os.environ.get("LD_LIBRARY_PATH", "").split(":"), *_DRIVER_DIRS]
    return frozenset(
        name
        for name in _DRIVER_LIBRARIES
        if re.search(rf"^\s*{re.escape(name)} ", known, re.MULTILINE)
        or any(folder and os.path.exists(os.path.join(folder, name)) for folder in folders)
    )


def _folders(cwd: Path) -> tuple[Folder, ...]:
    temporary = next((name for name in map(os.environ.get, ("TMPDIR", "TEMP", "TMP")) if name), "/tmp")
    return (_folder("current folder", cwd), _folder("temporary files", Path(temporary)))


def _folder(purpose: str, path: Path) -> Folder:
    trouble = ""
    try:
        with tempfile.TemporaryFile(dir=path) as file:
            file.write(b"\0" * 4096)
            file.flush()
    except OSError as error:
        trouble = error.strerror or type(error).__name__
    return Folder(purpose, str(path), _free_mib(str(path)), trouble)


def _free_mib(path: str) -> int | None:
    try:
        disk = os.statvfs(path)
    except OSError:
        return None
    return disk.f_bavail * disk.f_frsize // 2**20


def _memory_available() -> int | None:
    """MiB that a new program could have; a control group's limit counts."""
    match = re.search(r"^MemAvailable:\s+(\d+) kB", _read("/proc/meminfo"), re.MULTILINE)
    available = int(match[1]) // 1024 if match else None
    limit, used = (_read(f"/sys/fs/cgroup/memory.{name}").strip() for name in ("max", "current"))
    if limit.isdigit() and used.isdigit():
        left = max(0, int(limit) - int(used)) // 2**20
        return left if available is None else min(left, available)
    return available


def _read(path: str | Path) -> str:
    try:
        return Path(path).read_text("utf-8", "replace")
    except OSError:
        return ""


# --- compiler, DeepStream, clip ---------------------------------------------------------------------------------------


async def _program(name: str, *options: str, timeout_s: float = QUESTION_S) -> Program:
    path = shutil.which(name)
    return Program(name, path, await ask((path, *options), timeout_s) if path else None)


async def _compile(includes: Path, libraries: tuple[str, ...], target: Path, scratch: Path) -> Said | None:
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


async def _deepstream(parts: Mapping[str, Mapping[str, Any]], app: Program, scratch: Path) -> DeepStream:
    folder = DeepStreamRuntime().deepstream_dir
    header = folder / _HEADER
    link = None
    if header.is_file():
        toolkit = f"-I/usr/local/cuda-{newest_cuda(Path('/usr/local'))}/include"  # as 6d gives it to make
        libraries = (toolkit, "-Wl,--start-group", "-lnvinfer", "-Wl,--end-group")
        link = await _compile(header.parent, libraries, scratch / "deepstream.so", scratch)
    unlisted, script = folder / "bin/deepstream-app", folder / "user_additional_install.sh"
    trtexec = shutil.which("trtexec") or next((path for path in _TRTEXEC if os.access(path, os.X_OK)), None)
    return DeepStream(
        app=app,
        sdk=parts["deepstream"].get("version") or None,
        cuda=parts["cuda"].get("version") or None,
        tensorrt=parts["tensorrt"].get("version") or None,
        trtexec=trtexec,
        header=str(header) if header.is_file() else None,
        link=link,
        unlisted_app=str(unlisted) if unlisted.exists() else None,
        codec_script=str(script) if script.exists() else None,
        unknown=tuple((name, str(part["trouble"])) for name, part in parts.items() if part.get("trouble")),
    )


async def _video(wanted: Wanted) -> Video:
    from dsbench.model.video import SAMPLE_720P

    value = Given("--video", wanted.video, os.environ.get("DS_VIDEO") or None).resolve(text, None, SAMPLE_720P)
    origin = {COMMAND_LINE: "--video", ENVIRONMENT: "DS_VIDEO", SPECIFICATION: "DeepStream's sample"}[value.origin]
    path = os.path.abspath(wanted.cwd / os.path.expanduser(value.value.removeprefix("file://")))
    chosen = value.origin != SPECIFICATION
    try:
        there = os.path.isfile(path)
    except ValueError:  # a null byte
        there = False
    if not there:
        return Video(path, origin, chosen, trouble="there is no such file")
    facts = await _probe("video", path)
    if facts.get("trouble"):
        return Video(path, origin, chosen, trouble=str(facts["trouble"]))
    return Video(
        path, origin, chosen, str(facts["codec"]), int(facts["width"]), int(facts["height"]), float(facts["fps"])
    )
