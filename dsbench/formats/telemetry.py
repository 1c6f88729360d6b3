"""What was measured during a run: columns over time, throttle reasons, other processes on the GPU."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Column:
    """A measured quantity: its name in the record, for people, its unit, and digits worth keeping."""

    name: str
    label: str
    unit: str
    digits: int = 0


SECONDS = "seconds"
THROTTLE = "throttle_reasons"

GPU_COLUMNS = (
    Column("sm_pct", "SM utilisation", "%"),
    Column("gpu_memory_pct", "GPU memory utilisation (time it was read or written)", "%"),
    Column("nvdec_pct", "NVDEC utilisation", "%"),
    Column("nvenc_pct", "NVENC utilisation", "%"),
    Column("sm_mhz", "SM clock", "MHz"),
    Column("gpu_memory_mhz", "GPU memory clock", "MHz"),
    Column("video_mhz", "Video clock (NVDEC, NVENC)", "MHz"),
    Column("gpu_power_w", "GPU power", "W", 1),
    Column("gpu_temperature_c", "GPU temperature", "°C"),
    Column(THROTTLE, "Throttle reasons", ""),
    Column("gpu_memory_mib", "GPU memory in use, by whomever", "MiB"),
)
"""From NVML. ``throttle_reasons`` is NVML's bit mask."""

CPU_COLUMNS = (
    Column("cpu_pct", "CPU utilisation, all cores of the machine", "%", 1),
    Column("cpu_busiest_pct", "CPU utilisation, busiest core", "%", 1),
    Column("app_cpu_pct", "CPU time of the app", "% of one core", 1),
    Column("app_wait_pct", "Time that threads of the app waited for a core", "% of one thread", 1),
    Column("others_cpu_pct", "CPU time of other programs", "% of one core", 1),
    Column("steal_pct", "CPU time that the hypervisor gave to others", "%", 1),
    Column("load1", "Load average, 1 minute", "", 2),
    Column("app_rss_mib", "Memory of the app (RSS, summed over its processes)", "MiB", 1),
    Column("memory_available_mib", "Memory available", "MiB"),
    Column("cpu_throttled_pct", "CPU quota used up (share of the control group's periods)", "%", 1),
    Column("cpu_mhz", "CPU clock, mean of the cores", "MHz"),
    Column("cpu_temperature_c", "CPU temperature, highest sensor", "°C"),
)
"""From the operating system. The app includes all processes of its session. dsbench's own CPU time counts neither as
the app's nor as others'."""

COLUMNS = {column.name: column for column in (*GPU_COLUMNS, *CPU_COLUMNS)}

_REASONS = {
    0x1: "GpuIdle",
    0x2: "ApplicationsClocksSetting",
    0x4: "SwPowerCap",
    0x8: "HwSlowdown",
    0x10: "SyncBoost",
    0x20: "SwThermalSlowdown",
    0x40: "HwThermalSlowdown",
    0x80: "HwPowerBrakeSlowdown",
    0x100: "DisplayClockSetting",
    0x200: "BoardLimit",
    0x400: "Reliability",
}
"""NVML's nvmlClocksThrottleReason* bits."""
_NO_THROTTLING = frozenset({"GpuIdle", "ApplicationsClocksSetting", "DisplayClockSetting"})


@dataclass(frozen=True)
class OtherProcess:
    """A process on the GPU that is not the app's. ``before``: it was there before the app started.

    ``name`` is empty and ``gpu_mib`` None if NVML does not report them (often in containers).
    """

    pid: int
    name: str
    gpu_mib: float | None
    before: bool


@dataclass(frozen=True)
class Series:
    """One run's samples. ``rows`` (samples, columns); the first column is seconds since the run's start.

    The first row was taken before the app started: it shows the machine without the app. None: not measured then.
    ``sample_ms`` is what one sample cost on average; ``notes`` say what is missing and why.
    """

    devices: tuple[str, ...]
    columns: tuple[str, ...]
    rows: tuple[tuple[int | float | None, ...], ...]
    processes: tuple[OtherProcess, ...] = ()
    notes: tuple[str, ...] = ()
    sample_ms: float | None = None

    def of(self, column: str) -> tuple[float | None, ...]:
        """One column over time; empty where it was not sampled at all."""
        if column not in self.columns:
            return ()
        index = self.columns.index(column)
        return tuple(row[index] for row in self.rows)


def throttling(mask: float) -> tuple[str, ...]:
    """Names of the reasons in NVML's mask that slow the GPU down; idling and clocks set by the user do not.

    >>> throttling(0x1 | 0x4 | 0x48)
    ('SwPowerCap', 'HwSlowdown', 'HwThermalSlowdown')
    """
    bits = int(mask)
    known = [name for bit, name in _REASONS.items() if bits & bit and name not in _NO_THROTTLING]
    unknown = bits & ~sum(_REASONS)
    return (*known, *((f"unknown (0x{unknown:x})",) if unknown else ()))


def rounded(name: str, value: float | None) -> float | None:
    """The value with the digits its column is worth; whole numbers as int."""
    if value is None:
        return None
    digits = COLUMNS[name].digits if name in COLUMNS else 2
    return round(value, digits) if digits else round(value)
