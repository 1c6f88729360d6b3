"""Hardware and system software as rows of the environment in record and report."""

from __future__ import annotations

from dataclasses import dataclass

from dsbench.machine import hardware


@dataclass(frozen=True)
class Version:
    """One component of a runtime and its version."""

    component: str
    version: str


def machine_versions() -> tuple[Version, ...]:
    """Operating system, processor and memory."""
    machine = hardware.hardware()
    cores = f"{machine.cores}"
    if machine.cores != machine.cores_of_machine:
        cores += f" of the machine's {machine.cores_of_machine} (affinity, control group)"
    memory = "/proc/meminfo does not say" if machine.memory_mib is None else f"{machine.memory_mib} MiB"
    return (
        Version("OS", machine.os),
        Version("Kernel", machine.kernel),
        Version("CPU", machine.cpu),
        Version("CPU cores", cores),
        Version("Memory", memory),
    )


def gpu_versions(gpu_id: int) -> tuple[Version, ...]:
    """The GPU that ``--gpu-id`` means, its driver, and the CUDA and TensorRT that are installed."""
    return (
        *_gpu(hardware.find_gpu(gpu_id)),
        Version("CUDA toolkit", hardware.cuda_toolkit().text),
        Version("TensorRT library", hardware.tensorrt().text),
    )


def _gpu(answer: hardware.Answer) -> tuple[Version, ...]:
    if answer.gpu is None:
        return (Version("GPU", f"not known: {answer.why_not}"),)
    gpu, unsaid = answer.gpu, f"{answer.source} does not say"
    note = f"; {answer.note}" if answer.note else ""
    return (
        Version("GPU", f"{gpu.name} ({answer.source}'s GPU {gpu.index}{note})"),
        Version("GPU UUID", gpu.uuid or unsaid),
        Version("GPU PCI bus", gpu.pci or unsaid),
        Version("GPU memory", f"{gpu.memory_mib} MiB" if gpu.memory_mib else unsaid),
        Version("GPU compute capability", gpu.compute_capability or unsaid),
        Version("NVIDIA driver", gpu.driver or unsaid),
        Version("CUDA of the driver", gpu.cuda or unsaid),
    )
