"""Samples of one GPU from NVML, and which of the processes on it are not the app's."""

from __future__ import annotations

import math
import os
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from dsbench.formats.telemetry import GPU_COLUMNS, OtherProcess
from dsbench.machine import numa, nvml
from dsbench.machine.app_processes import AppProcesses, name_of
from dsbench.machine.cuda_choice import NoDevice
from dsbench.machine.nvml import Device

_PROCESSES_EVERY = 4
_FATAL = frozenset({1, 9, 15, 16, 28})
"""NVML_ERROR_UNINITIALIZED, DRIVER_NOT_LOADED, GPU_IS_LOST, RESET_REQUIRED, GPU_NOT_FOUND."""
_NOT_SUPPORTED = 3
_INITIAL_PID_NAMESPACE = 0xEFFFFFFC
"""Inode of /proc/self/ns/pid outside containers (PROC_PID_INIT_INO)."""


class SourceGone(Exception):
    """A source can deliver no more samples; the text is the reason."""


@dataclass
class _Seen:
    """A process on the GPU as NVML lists it; ``before``: it was there before the run."""

    name: str
    mib: float | None
    before: bool
    visible: bool


class GpuSource:
    """Columns of the GPU, in the order of ``GPU_COLUMNS``."""

    columns = tuple(column.name for column in GPU_COLUMNS)

    def __init__(self, gpu_id: int, app: AppProcesses, library: Any = None) -> None:
        self._gpu_id = gpu_id
        self._app = app
        self._library = library
        self._opened: Device | None = None
        self._unsupported: set[int] = set()
        self._count = 0
        self._seen: dict[int, _Seen] = {}
        self._name = ""
        self.notes: list[str] = []

    @property
    def device(self) -> str:
        return self._name

    def open(self) -> None:
        """Start NVML. Raises SourceGone with the reason if there is no GPU."""
        opened = nvml.open_device(self._gpu_id, self._library)
        if isinstance(opened, NoDevice):
            raise SourceGone(f"no GPU telemetry: {opened.reason}")
        self._opened = opened
        self.notes += filter(None, (opened.note, numa.far_note(opened.pci)))
        try:
            name = opened.name
        except opened.nvml.NVMLError as error:
            raise SourceGone(f"no GPU telemetry: NVML: {error}") from None
        known = ", ".join(filter(None, (opened.uuid, opened.pci and f"PCI {opened.pci}")))
        by_number = f"NVML's GPU {opened.index}"
        self._name = f"{name} ({known or by_number})"

    def close(self) -> None:
        """Shut NVML down."""
        if self._opened is not None:
            self._opened.close()

    def read(self, *, before_run: bool) -> tuple[float | None, ...]:
        """One sample. Raises SourceGone when the GPU is lost or NVML no longer answers."""
        assert self._opened is not None, "open comes first"
        library, handle = self._opened.nvml, self._opened.handle
        values: list[float | None] = []
        last_error: Exception | None = None
        for number, ask in enumerate(_QUESTIONS):
            found: tuple[float | None, ...] = (None,) * ask.columns
            if number not in self._unsupported:
                try:
                    found = ask.of(library, handle)
                except library.NVMLError as error:
                    last_error = error
                    self._failed(number, error)
                except (
                    AttributeError,
                    TypeError,
                    ValueError,
                    OverflowError,
                    OSError,
                ):  # a driver or package without that function
                    self._unsupported.add(number)
            values += [value if value is None or math.isfinite(value) else None for value in found]
        if last_error is not None and all(value is None for value in values):
            raise SourceGone(f"NVML no longer answers: {last_error}")
        if self._count % _PROCESSES_EVERY == 0:
            self._look_at_processes(library, handle, before=before_run)
        self._count += 1
        return tuple(values)

    def _failed(self, number: int, error: Any) -> None:
        value = getattr(error, "value", None)
        if value in _FATAL:
            raise SourceGone(f"NVML lost the GPU: {error}")
        if value == _NOT_SUPPORTED:
            self._unsupported.add(number)

    def _look_at_processes(self, library: Any, handle: Any, *, before: bool) -> None:
        for ask in (library.nvmlDeviceGetComputeRunningProcesses, library.nvmlDeviceGetGraphicsRunningProcesses):
            try:
                processes = ask(handle)
            except (library.NVMLError, OSError, AttributeError, TypeError):
                continue
            for process in processes:
                self._take(library, process, before)

    def _take(self, library: Any, process: Any, before: bool) -> None:
        pid, used = int(process.pid), process.usedGpuMemory
        mib = used / 2**20 if used is not None else None
        known = self._seen.get(pid)
        if known is None:
            name = name_of(pid)
            self._seen[pid] = _Seen(name or _name_by_nvml(library, pid), mib, before, name is not None)
        elif mib is not None:
            known.mib = max(mib, known.mib or 0.0)

    def others(self) -> tuple[OtherProcess, ...]:
        """Processes that are not the app's. One that cannot be distinguished from the app becomes a note."""
        same_pids = _pids_are_ours_to_read() or bool(self._app.ever & set(self._seen))
        found, unclear = [], []
        for pid, seen in self._seen.items():
            if pid in self._app.ever or pid == os.getpid():
                continue
            if not seen.before and not (same_pids and seen.visible):
                unclear.append(pid)
                continue
            # the name belongs to NVML's pid only where its pids and ours are the same numbers
            found.append(OtherProcess(pid, seen.name if same_pids else "", seen.mib, seen.before))
        if unclear:
            self.notes.append(
                f"NVML shows {len(unclear)} process{'es' if len(unclear) > 1 else ''} that came after the app's start "
                f"under a number not known here (a container has its own): taken for the app"
            )
        return tuple(found)


def _name_by_nvml(library: Any, pid: int) -> str:
    try:
        return os.path.basename(nvml.text_of(library.nvmlSystemGetProcessName(pid)).split("\0")[0])
    except (library.NVMLError, OSError, AttributeError, TypeError):
        return ""


def _pids_are_ours_to_read() -> bool:
    """Whether this process runs outside containers, where NVML's pids are those of /proc."""
    try:
        return os.stat("/proc/self/ns/pid").st_ino == _INITIAL_PID_NAMESPACE
    except OSError:
        return False


@dataclass(frozen=True)
class _Question:
    """One call of NVML and how many columns its answer fills."""

    of: Callable[[Any, Any], tuple[float | None, ...]]
    columns: int = 1


def _utilisation(library: Any, handle: Any) -> tuple[float | None, ...]:
    rates = library.nvmlDeviceGetUtilizationRates(handle)
    return float(rates.gpu), float(rates.memory)


def _throttle(library: Any, handle: Any) -> tuple[float | None, ...]:
    ask = getattr(library, "nvmlDeviceGetCurrentClocksThrottleReasons", None)
    return (float((ask or library.nvmlDeviceGetCurrentClocksEventReasons)(handle)),)


def _memory(library: Any, handle: Any) -> tuple[float | None, ...]:
    """Without the driver's reserve, as nvidia-smi shows it, if the driver reports it separately."""
    try:
        used = library.nvmlDeviceGetMemoryInfo(handle, version=library.nvmlMemory_v2).used
    except (library.NVMLError, AttributeError, TypeError):
        used = library.nvmlDeviceGetMemoryInfo(handle).used
    return (used / 2**20,)


def _clock(name: str) -> _Question:
    return _Question(lambda library, handle: (float(library.nvmlDeviceGetClockInfo(handle, getattr(library, name))),))


_QUESTIONS = (
    _Question(_utilisation, 2),
    _Question(lambda library, handle: (float(library.nvmlDeviceGetDecoderUtilization(handle)[0]),)),
    _Question(lambda library, handle: (float(library.nvmlDeviceGetEncoderUtilization(handle)[0]),)),
    _clock("NVML_CLOCK_SM"),
    _clock("NVML_CLOCK_MEM"),
    _clock("NVML_CLOCK_VIDEO"),
    _Question(lambda library, handle: (library.nvmlDeviceGetPowerUsage(handle) / 1000,)),
    _Question(lambda library, handle: (float(library.nvmlDeviceGetTemperature(handle, library.NVML_TEMPERATURE_GPU)),)),
    _Question(_throttle),
    _Question(_memory),
)
