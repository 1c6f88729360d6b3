"""Limits the memory of a program that runs what others wrote: a model whose tensors grow without bound, a parser that
allocates for ever.

The limit is on private writable memory (RLIMIT_DATA), beyond what the process has: a limit on the address space would
count what threads and libraries only reserve, which grows with the number of processors.
"""

from __future__ import annotations

import contextlib
import os
import resource
from collections.abc import Iterator
from pathlib import Path

PARSER_BYTES = 3 << 29
"""For a parser: 1.5 GiB. Its objects and temporaries of one frame take some MiB."""
MODEL_BYTES = 16 << 30
"""For all of a model's concurrent runs."""
_FIRST_RUN_BYTES = 1 << 30
_PER_WEIGHT, _PER_INPUT = 4, 256
"""ONNX Runtime holds a weight up to three times while it loads a model. Fifteen detectors of up to 20 MB took 21 to 104
MiB in all; attention over every position of a picture takes more."""


def limit(extra: int) -> None:
    """Let this process have ``extra`` bytes beyond what it has now; what it needs beyond that is a MemoryError."""
    _set_soft(_private_bytes() + extra)


@contextlib.contextmanager
def limited(extra: int) -> Iterator[None]:
    """``limit`` for a while; the limit of before holds again at the end."""
    before = resource.getrlimit(resource.RLIMIT_DATA)[0]
    wanted = _private_bytes() + extra
    _set_soft(wanted if before == resource.RLIM_INFINITY else min(wanted, before))
    try:
        yield
    finally:
        _set_soft(before)


def first_run(onnx: Path, input_bytes: int) -> int:
    """Bytes for loading a model and its first run: far more than a real detector needs, whatever the machine has."""
    return _FIRST_RUN_BYTES + _PER_WEIGHT * _stored_bytes(onnx.parent) + _PER_INPUT * input_bytes


def resident_bytes() -> int:
    """Memory of this process that is in use now."""
    return _statm(1)


def _set_soft(wanted: int) -> None:
    hard = resource.getrlimit(resource.RLIMIT_DATA)[1]
    if hard != resource.RLIM_INFINITY:
        wanted = hard if wanted == resource.RLIM_INFINITY else min(wanted, hard)
    with contextlib.suppress(ValueError, OSError):  # not allowed here
        resource.setrlimit(resource.RLIMIT_DATA, (wanted, hard))


def _private_bytes() -> int:
    return _statm(5)


def _statm(field: int) -> int:
    with open("/proc/self/statm", "rb") as file:
        return int(file.read().split()[field]) * os.sysconf("SC_PAGESIZE")


def _stored_bytes(folder: Path) -> int:
    """Bytes on disk of the files of ``folder``: the model and its external data. A hole in a file has none. 0 for a
    folder that cannot be read, as whoever loads the model says."""
    with contextlib.suppress(OSError), os.scandir(folder) as entries:
        return sum(entry.stat().st_blocks * 512 for entry in entries if entry.is_file())
    return 0
