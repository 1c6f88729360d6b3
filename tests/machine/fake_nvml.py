"""A stand-in for the module pynvml: the same functions over numbers that a test sets."""

from __future__ import annotations

from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any


class NVMLError(Exception):
    """As pynvml's: ``value`` is NVML's number."""

    def __init__(self, value: int) -> None:
        super().__init__(value)
        self.value = value

    def __str__(self) -> str:
        return {3: "Not Supported", 6: "Not Found", 15: "GPU is lost"}.get(self.value, f"error {self.value}")


@dataclass
class FakeNvml:
    """``sm`` ... are what NVML answers; an exception in the place of a number is raised. ``opened`` counts users."""

    sm: Any = 20
    memory_use: Any = 10
    decoder: Any = 98
    encoder: Any = 0
    sm_mhz: Any = 1980
    power_mw: Any = 150_000
    temperature: Any = 48
    throttle: Any = 0
    used_mib: int = 500
    processes: list[tuple[int, int | None]] = field(default_factory=list)
    names: tuple[str, ...] = ("NVIDIA H100 80GB HBM3",)
    opened: int = 0
    lost_after: int | None = None
    """So many utilisation queries go well, then the GPU is gone."""
    starts: bool = True
    slices: dict[int, tuple[str, ...]] = field(default_factory=dict)
    """UUIDs of the MIG slices of a GPU."""

    NVMLError = NVMLError
    NVML_ERROR_GPU_IS_LOST = 15
    NVML_ERROR_NOT_SUPPORTED = 3
    NVML_CLOCK_SM, NVML_CLOCK_MEM, NVML_CLOCK_VIDEO = 1, 2, 3
    NVML_TEMPERATURE_GPU = 0

    def nvmlInit(self) -> None:
        if not self.starts:
            raise NVMLError(12)
        self.opened += 1

    def nvmlShutdown(self) -> None:
        self.opened -= 1

    def nvmlDeviceGetCount(self) -> int:
        return len(self.names)

    def nvmlDeviceGetHandleByIndex(self, index: int) -> int:
        return index

    def nvmlDeviceGetHandleByPciBusId(self, bus: bytes) -> int:
        return int(bus.decode().split(":")[1], 16) - 1

    def nvmlDeviceGetIndex(self, handle: int) -> int:
        return handle

    def nvmlDeviceGetName(self, handle: int | str) -> bytes:
        return (f"{self.names[0]} MIG 1g.10gb" if isinstance(handle, str) else self.names[handle]).encode()

    def nvmlDeviceGetUUID(self, handle: int | str) -> str:
        return handle if isinstance(handle, str) else f"GPU-{handle}a2b3c4d-0000-0000-0000-00000000000{handle}"

    def nvmlDeviceGetPciInfo(self, handle: int) -> SimpleNamespace:
        return SimpleNamespace(busId=f"00000000:{handle + 1:02X}:00.0".encode())

    def nvmlDeviceGetMaxMigDeviceCount(self, handle: int) -> int:
        return 7 if handle in self.slices else 0

    def nvmlDeviceGetMigDeviceHandleByIndex(self, handle: int, number: int) -> str:
        if number >= len(self.slices[handle]):
            raise NVMLError(6)
        return self.slices[handle][number]

    def nvmlDeviceGetHandleByUUID(self, uuid: bytes) -> str:
        return uuid.decode()

    def nvmlSystemGetDriverVersion(self) -> str:
        return "580.159.04"

    def nvmlSystemGetCudaDriverVersion(self) -> int:
        return 13000

    def nvmlDeviceGetCudaComputeCapability(self, handle: int) -> tuple[int, int]:
        return 9, 0

    def nvmlDeviceGetMemoryInfo(self, handle: int | str) -> SimpleNamespace:
        return SimpleNamespace(total=81559 * 2**20, used=self.used_mib * 2**20)

    def nvmlDeviceGetUtilizationRates(self, handle: int) -> SimpleNamespace:
        if self.lost_after is not None:
            self.lost_after -= 1
            if self.lost_after < 0:
                raise NVMLError(15)
        return SimpleNamespace(gpu=_answer(self.sm), memory=_answer(self.memory_use))

    def nvmlDeviceGetDecoderUtilization(self, handle: int) -> list[int]:
        return [_answer(self.decoder), 100_000]

    def nvmlDeviceGetEncoderUtilization(self, handle: int) -> list[int]:
        return [_answer(self.encoder), 100_000]

    def nvmlDeviceGetClockInfo(self, handle: int, clock: int) -> int:
        return int({1: _answer(self.sm_mhz), 2: 2619, 3: 1545}[clock])

    def nvmlDeviceGetPowerUsage(self, handle: int) -> int:
        return _answer(self.power_mw)

    def nvmlDeviceGetTemperature(self, handle: int, sensor: int) -> int:
        return _answer(self.temperature)

    def nvmlDeviceGetCurrentClocksThrottleReasons(self, handle: int) -> int:
        return _answer(self.throttle)

    def nvmlDeviceGetComputeRunningProcesses(self, handle: int) -> list[SimpleNamespace]:
        return [
            SimpleNamespace(pid=pid, usedGpuMemory=None if mib is None else mib * 2**20) for pid, mib in self.processes
        ]

    def nvmlDeviceGetGraphicsRunningProcesses(self, handle: int) -> list[SimpleNamespace]:
        raise NVMLError(3)

    def nvmlSystemGetProcessName(self, pid: int) -> str:
        raise NVMLError(6)


def _answer(value: Any) -> int:
    if isinstance(value, Exception):
        raise value
    return int(value)
