"""Job and result files of the parser harness, ``sdk/harness/runner.cpp``.

Change both files together. NumPy is imported only where arrays are written or read.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

from dsbench.base import reading
from dsbench.base.reading import FileKind

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_MAGIC = 0x31425344
_RECORD = struct.Struct("<iIQQ")
_LONGEST_LOG = 256 << 10

FLOAT, HALF, INT8, INT32, INT64, UINT8 = range(6)
"""NvDsInferDataType."""
ITEM_SIZES = {FLOAT: 4, HALF: 2, INT8: 1, INT32: 4, INT64: 8, UINT8: 1}
DATA_TYPES = {"float32": FLOAT, "float16": HALF, "int8": INT8, "int32": INT32, "int64": INT64, "uint8": UINT8}
DATA_TYPES["bool"] = UINT8

OK, FALSE, RAISED, TOO_MANY = range(4)
"""Status of one call of the parser."""

MAX_OBJECTS = 1_000_000
"""Objects of one frame, as DSB_MAX_OBJECTS in sdk/host/dsbench_host.h. A head of three scales has 102 000 cells at
1920x1920: more objects are a loop without end."""


@dataclass(frozen=True, slots=True, eq=False)
class HarnessLayer:
    """One output layer as the parser gets it."""

    name: str
    data: NDArray[Any]
    """At least as many bytes as ``dims`` and ``data_type`` give."""
    dims: tuple[int, ...]
    """Without the batch dimension."""
    data_type: int
    binding_index: int

    @property
    def bytes(self) -> int:
        """Size of the buffer that the parser may read."""
        count = 1
        for side in self.dims:
            count *= side
        return count * ITEM_SIZES[self.data_type]


Call = tuple[HarnessLayer, ...]


@dataclass(frozen=True, slots=True, eq=False)
class HarnessCase:
    """Calls of the parser in one process, with the same network and classes."""

    width: int
    height: int
    channels: int
    thresholds: tuple[float, ...]
    """One for each class."""
    calls: tuple[Call, ...]
    leaks: bool = False
    """Check for leaks at the end."""


@dataclass(frozen=True, slots=True)
class HarnessLimits:
    """Limits of one case, and of the objects of one call."""

    cpu_seconds: int = 4
    wall_seconds: int = 20
    memory_mb: int = 1536
    """Resident memory."""
    max_bytes: int = 28 * MAX_OBJECTS
    """Objects of one call."""


@dataclass(frozen=True, slots=True)
class HarnessJob:
    """A built parser and the cases to call it with."""

    library: Path
    function: str
    cases: tuple[HarnessCase, ...]
    fill: int = 0xAA
    """Byte that fresh memory is filled with."""
    limits: HarnessLimits = HarnessLimits()


@dataclass(frozen=True, slots=True, eq=False)
class CallResult:
    """One call of the parser."""

    status: int
    """OK, FALSE, RAISED or TOO_MANY."""
    object_size: int
    """Bytes of one object; 0: neither 28 nor 24."""
    count: int
    """Number of objects."""
    heap: int
    """Allocated bytes after the call."""
    words: NDArray[np.uint32]
    """(n, object_size / 4): the objects' members as they are in memory."""


@dataclass(frozen=True, slots=True, eq=False)
class CaseResult:
    """One case."""

    ended: str
    """How its process ended: ``exit``, ``signal``, ``time`` or ``memory``."""
    number: int
    """Exit status or signal."""
    seconds: float
    calls: tuple[CallResult, ...]
    log: str


def write(job: HarnessJob, folder: Path) -> tuple[Path, Path]:
    """Write the job file and the tensors; an array that several layers use is stored once. Returns both paths."""
    tensors, request = folder / "tensors.bin", folder / "job.bin"
    with tensors.open("wb") as blob:
        places: dict[int, int] = {}
        body = b"".join(_case(case, blob, places) for case in job.cases)
    limits = job.limits
    head = struct.pack("<I", _MAGIC) + _text(str(job.library)) + _text(job.function)
    numbers = (job.fill, limits.cpu_seconds, limits.wall_seconds, limits.memory_mb, limits.max_bytes, len(job.cases))
    request.write_bytes(head + struct.pack("<IIIIQI", *numbers) + body)
    return request, tensors


def read(folder: Path) -> tuple[CaseResult, ...]:
    """Results of the cases in order; fewer than requested if the runner stopped early."""
    status = folder / "status.txt"
    lines = reading.read_text(status, FileKind.MESSAGE).splitlines() if status.is_file() else []
    return tuple(_result(folder, *line.split()) for line in lines)


def _case(case: HarnessCase, blob: BinaryIO, places: dict[int, int]) -> bytes:
    count = len(case.thresholds)
    head = struct.pack("<IIIII", case.width, case.height, case.channels, count, count)
    parts = [head, struct.pack(f"<{count}f", *case.thresholds), struct.pack("<II", case.leaks, len(case.calls))]
    for call in case.calls:
        parts.append(struct.pack("<I", len(call)))
        parts.extend(_layer(layer, blob, places) for layer in call)
    return b"".join(parts)


def _layer(layer: HarnessLayer, blob: BinaryIO, places: dict[int, int]) -> bytes:
    if id(layer.data) not in places:
        assert layer.bytes <= layer.data.nbytes
        places[id(layer.data)] = blob.tell()
        blob.write(layer.data.tobytes())
    dims = struct.pack(f"<I{len(layer.dims)}I", len(layer.dims), *layer.dims)
    place = struct.pack("<QQ", places[id(layer.data)], layer.bytes)
    return _text(layer.name) + struct.pack("<ii", layer.data_type, layer.binding_index) + dims + place


def _text(value: str) -> bytes:
    encoded = value.encode("utf-8", "surrogateescape")
    return struct.pack("<I", len(encoded)) + encoded


def _result(folder: Path, case: str, ended: str, number: str, seconds: str) -> CaseResult:
    log = folder / f"{case}.log"
    text = ""
    if log.is_file():
        with reading.open_regular(log) as file:
            text = file.read(_LONGEST_LOG).decode("utf-8", "replace")
            size = log.stat().st_size
            if size > 2 * _LONGEST_LOG:
                file.seek(size - _LONGEST_LOG)
                text += "\n[...]\n"
            text += file.read(_LONGEST_LOG).decode("utf-8", "replace")
    return CaseResult(ended, int(number), float(seconds), _calls(folder / f"{case}.bin"), text)


def _calls(path: Path) -> tuple[CallResult, ...]:
    """The calls whose records were written before the process ended."""
    import numpy as np

    data = reading.read_bytes(path, FileKind.MESSAGE) if path.is_file() else b""
    calls, at = [], 0
    while at + _RECORD.size <= len(data):
        status, size, length, heap = _RECORD.unpack_from(data, at)
        at += _RECORD.size
        stored = length if status == OK else 0
        if at + stored > len(data):
            break
        words = np.zeros((0, 7), np.uint32)
        if stored and size:
            words = np.frombuffer(data, np.uint32, stored // 4, at).reshape(-1, size // 4)
        calls.append(CallResult(status, size, length // (size or 28), heap, words))
        at += stored
    return tuple(calls)
