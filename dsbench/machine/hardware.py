"""Hardware and system software of this machine: GPU, CUDA, TensorRT, DeepStream, operating system, processor, memory.

Each fact has a source, each absence a reason. Nothing here raises; every program has a short timeout.
"""

from __future__ import annotations

import glob
import os
import platform
import re
import shutil
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

from dsbench.base import spec
from dsbench.base.ask import ask
from dsbench.base.cpus import usable_cpus
from dsbench.base.errors import Code, DsbenchError
from dsbench.formats import versions
from dsbench.formats.versions import UNKNOWN_MACHINE, EngineMachine, Gpu
from dsbench.machine import cuda_choice, nvml
from dsbench.machine.cuda_choice import NoDevice
from dsbench.machine.cuda_visible import VISIBLE, ListedGpu
from dsbench.machine.nvml import Device

DEEPSTREAM_DIR = Path(spec.DEEPSTREAM_DIR)
_TIMEOUT_S = 20.0
_LIBRARY_DIRS = (
    "/usr/lib/x86_64-linux-gnu",
    "/usr/lib/aarch64-linux-gnu",
    "/usr/local/lib",
    "/usr/lib64",
    "/usr/lib",
    "/usr/local/tensorrt/lib",
    "/usr/local/cuda/lib64",
)
TRTEXEC_PLACES = ("/usr/src/tensorrt/bin/trtexec", "/usr/local/tensorrt/bin/trtexec")
"""Where TensorRT's packages and containers install it."""


@dataclass(frozen=True)
class Answer:
    """The GPU that ``--gpu-id`` names, or None and ``why_not``. ``note``: what is uncertain about it; ``absent``: there
    is no GPU of that number."""

    gpu: Gpu | None
    why_not: str = ""
    note: str = ""
    source: str = ""
    absent: bool = False


@dataclass(frozen=True)
class Component:
    """A piece of software. ``version`` is None if it is absent. ``detail``: the source, or why it is absent."""

    name: str
    version: str | None
    detail: str

    @property
    def text(self) -> str:
        """For a table: the version and its source, or that it was not found and why."""
        return f"not found ({self.detail})" if self.version is None else f"{self.version} ({self.detail})"


@dataclass(frozen=True)
class Hardware:
    """``cores``: those this process may use. ``memory_mib`` respects the control group's limit."""

    os: str
    kernel: str
    cpu: str
    cores: int
    cores_of_machine: int
    memory_mib: int | None


def gpu(gpu_id: int = 0) -> Gpu | None:
    """CUDA's GPU ``gpu_id``; None without one (``find_gpu`` gives the reason)."""
    return find_gpu(gpu_id).gpu


def find_gpu(gpu_id: int = 0) -> Answer:
    """Ask NVML, else nvidia-smi."""
    opened = nvml.open_device(gpu_id)
    if isinstance(opened, Device):
        try:
            return Answer(_of_nvml(opened), note=opened.note, source="NVML")
        except opened.nvml.NVMLError as error:
            why_not = f"NVML: {error}"
        finally:
            opened.close()
    elif opened.conclusive:
        return Answer(None, opened.reason, absent=opened.absent)
    else:
        why_not = opened.reason
    answer = _of_smi(gpu_id)
    return answer if answer.gpu else replace(answer, why_not=f"{why_not}; {answer.why_not}")


def require_gpu(gpu_id: int) -> None:
    """Raise GPU_MISSING if there is certainly no such GPU; a GPU that does not answer is left to the app."""
    found = find_gpu(gpu_id)
    if found.gpu is None and found.absent:
        raise DsbenchError(
            Code.GPU_MISSING,
            f"there is no such GPU: {found.why_not}",
            where=f"--gpu-id {gpu_id}",
            fix="give a number that `nvidia-smi -L` lists, counted from 0 within CUDA_VISIBLE_DEVICES if that is set",
        )


def _of_nvml(device: Device) -> Gpu:
    library, handle = device.nvml, device.handle
    memory = library.nvmlDeviceGetMemoryInfo(handle if device.slice is None else device.slice).total
    try:
        number = library.nvmlSystemGetCudaDriverVersion()
        cuda = f"{number // 1000}.{number % 1000 // 10}"
    except library.NVMLError:
        cuda = ""
    try:
        capability = "{}.{}".format(*library.nvmlDeviceGetCudaComputeCapability(handle))
    except library.NVMLError:
        capability = ""
    driver = nvml.text_of(library.nvmlSystemGetDriverVersion())
    return Gpu(device.index, device.name, memory // 2**20, driver, cuda, capability, device.uuid, device.pci)


def _of_smi(gpu_id: int) -> Answer:
    if shutil.which("nvidia-smi") is None:
        return Answer(None, "nvidia-smi is not on PATH")
    output = ""
    for fields in (versions.SMI_FIELDS, versions.SMI_FIELDS[:-1]):
        output = _output(("nvidia-smi", f"--query-gpu={','.join(fields)}", "--format=csv,noheader,nounits"))
        gpus = versions.smi_gpus(output)
        if gpus:
            break
    else:
        said = versions.smi_trouble(output) or "; ".join(output.split("\n")[:2]).strip("; ") or "it printed nothing"
        return Answer(None, f"nvidia-smi finds no GPU: {said}")
    choice = cuda_choice.find(gpu_id, [ListedGpu(found.uuid, pci=found.pci) for found in gpus], "nvidia-smi")
    if isinstance(choice, NoDevice):
        return Answer(None, choice.reason, absent=choice.absent and "MIG-" not in os.environ.get(VISIBLE, ""))
    cuda = versions.smi_cuda(_output(("nvidia-smi",))) or ""
    return Answer(replace(gpus[choice.gpu.index], cuda=cuda), note=choice.note, source="nvidia-smi")


def cuda_toolkit(prefix: Path = Path("/usr/local")) -> Component:
    """The CUDA toolkit: nvcc on PATH, else the newest ``cuda*/version.json`` or ``cuda*/bin/nvcc`` below ``prefix``."""
    name = "CUDA toolkit"
    tried = [shutil.which("nvcc"), *_newest(str(prefix / "cuda*" / "bin" / "nvcc"))]
    for nvcc in filter(None, tried[:1]):
        if version := versions.nvcc(_output((nvcc, "--version"))):
            return Component(name, version, nvcc)
    for path in (prefix / "cuda" / "version.json", *map(Path, _newest(str(prefix / "cuda-*" / "version.json")))):
        if version := versions.cuda_version_json(_read(path)):
            return Component(name, version, str(path))
    for nvcc in filter(None, tried[1:]):
        if version := versions.nvcc(_output((nvcc, "--version"))):
            return Component(name, version, nvcc)
    return Component(name, None, f"no nvcc on PATH, no {prefix}/cuda*/version.json")


def tensorrt(folders: Sequence[str] | None = None) -> Component:
    """TensorRT: the library's file name, else its Debian package, else trtexec's banner."""
    name = "TensorRT"
    searched = [*_library_path(), *_LIBRARY_DIRS] if folders is None else folders
    for folder in searched:
        for path in _newest(f"{glob.escape(folder)}/libnvinfer.so.*"):
            if version := versions.tensorrt_of_library(os.path.realpath(path)):
                return Component(name, version, os.path.realpath(path))
    if package := versions.tensorrt_of_dpkg(_output(("dpkg-query", "-W", "libnvinfer*"))):
        return Component(name, package[1], f"package {package[0]}")
    for trtexec in filter(None, (shutil.which("trtexec"), *filter(os.path.exists, TRTEXEC_PLACES))):
        if version := versions.tensorrt_of_trtexec(_output((trtexec, "--help"))):
            return Component(name, version, trtexec)
    return Component(name, None, "no libnvinfer.so.*, no libnvinfer package, no trtexec")


def trtexec_program() -> str | None:
    """trtexec on PATH, else where TensorRT's packages and containers install it."""
    return shutil.which("trtexec") or next((path for path in TRTEXEC_PLACES if os.access(path, os.X_OK)), None)


def deepstream(folder: Path = DEEPSTREAM_DIR) -> Component:
    """DeepStream's SDK by its ``version`` file, else by the name of the folder it is installed in."""
    name = "DeepStream SDK"
    if version := versions.deepstream_version_file(_read(folder / "version")):
        return Component(name, version, str(folder / "version"))
    if match := re.search(r"deepstream-(\d+(?:\.\d+)*)$", os.path.realpath(folder)):
        return Component(name, match[1], os.path.realpath(folder))
    return Component(name, None, f"no {folder}/version")


def hardware() -> Hardware:
    """Operating system, kernel, processor and memory."""
    system = versions.os_release(_read(Path("/etc/os-release")) or _read(Path("/usr/lib/os-release")))
    return Hardware(
        os=system or platform.system(),
        kernel=platform.release(),
        cpu=cpu_name(),
        cores=usable_cpus(),
        cores_of_machine=os.cpu_count() or 1,
        memory_mib=_memory_mib(),
    )


def cpu_name(cpuinfo: Path = Path("/proc/cpuinfo")) -> str:
    """The processor's name as /proc/cpuinfo has it, else its architecture."""
    for line in _read(cpuinfo).splitlines():
        if line.startswith(("model name", "Model\t")):
            return line.partition(":")[2].strip()
    return platform.machine()


def _memory_mib(meminfo: Path = Path("/proc/meminfo"), limit: Path = Path("/sys/fs/cgroup/memory.max")) -> int | None:
    match = re.search(r"^MemTotal:\s+(\d+) kB", _read(meminfo), re.MULTILINE)
    total = int(match[1]) // 1024 if match else None
    mib = memory_limit_mib(limit)
    if mib is not None:
        return mib if total is None else min(mib, total)
    return total


def memory_limit_mib(limit: Path = Path("/sys/fs/cgroup/memory.max")) -> int | None:
    """Memory that the control group allows; None without a limit."""
    allowed = _read(limit).strip()
    return int(allowed) // 2**20 if allowed.isdigit() else None


def _library_path() -> list[str]:
    return [folder for folder in os.environ.get("LD_LIBRARY_PATH", "").split(":") if folder]


def _newest(pattern: str) -> list[str]:
    """What matches, highest version first: 12.10 before 12.9."""
    return sorted(glob.glob(pattern), key=lambda path: [int(n) for n in re.findall(r"\d+", path)], reverse=True)


def _read(path: Path) -> str:
    try:
        return path.read_text("utf-8", "replace")
    except OSError:
        return ""


def _output(command: Sequence[str]) -> str:
    """What a short query prints, both outputs; nothing where it cannot be run or does not end."""
    reply = ask(command, _TIMEOUT_S)
    return reply.stdout + reply.stderr


def engine_machine(runtime: str, gpu_id: int) -> EngineMachine:
    """TensorRT and GPU of this machine, which pre-flight compares with an engine's provenance.

    Unknown on the embedded runtime, which uses no TensorRT engine.
    """
    return _deepstream_machine(gpu_id) if runtime == "deepstream" else UNKNOWN_MACHINE


@cache
def _deepstream_machine(gpu_id: int) -> EngineMachine:
    found = gpu(gpu_id)
    version = tensorrt().version or ""
    if found is None:
        return EngineMachine(tensorrt=version)
    return EngineMachine(version, found.name, found.compute_capability, found.driver, found.cuda)
