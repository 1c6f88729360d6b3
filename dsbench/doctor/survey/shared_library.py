"""Whether a file is the driver's library that its name promises: an ELF shared library of this machine, whole."""

from __future__ import annotations

import mmap
import os
import platform
import re
import stat
import struct
from pathlib import Path

_MACHINES = {"x86_64": 62, "aarch64": 183}
"""e_machine of an ELF header by platform.machine()."""
_SHARED, _64_BIT = 3, 2
_HEADER = struct.Struct("<4sB11xHHI8xQ14xHH")
"""Of an ELF64 file: magic, class, e_type, e_machine, e_version, e_phoff, e_phentsize, e_phnum."""
_SEGMENT = struct.Struct("<8xQ16xQ")
"""Of a program header: p_offset, p_filesz."""
_EXPORTS = {
    "libcuda.so.1": b"cuInit",
    "libnvcuvid.so.1": b"cuvidCreateDecoder",
    "libnvidia-encode.so.1": b"NvEncodeAPICreateInstance",
}
"""A function that each library has."""
_MIN_BYTES = {"libnvcuvid.so.1": 256 << 10, "libnvidia-encode.so.1": 32 << 10}
"""Smaller ones are the stubs of an SDK, to link against: the driver's have megabytes and 100 KiB."""
_VERSIONED = ("libnvcuvid.so.1", "libnvidia-encode.so.1")
"""They work only with the driver of their own version. libcuda may come from a newer compatibility package."""


def trouble(path: Path) -> str:
    """Why the driver's library at ``path`` cannot be loaded or used, in words; empty if nothing is found."""
    name, real = path.name, os.path.realpath(path)
    try:
        facts = os.stat(real)
    except OSError as error:
        return f"is a link to {real}, which is not there" if path.is_symlink() else f"cannot be read: {error.strerror}"
    if not stat.S_ISREG(facts.st_mode):
        return "is not a file"
    if facts.st_size == 0:
        return "is empty (0 bytes)"
    if found := _not_loadable(real, facts.st_size):
        return found
    if "stubs" in Path(real).parts or facts.st_size < _MIN_BYTES.get(name, 0):
        return f"is a stub to link against ({real}), not the driver's"
    return "" if _holds(real, _EXPORTS.get(name, b"")) else f"does not have the function {_EXPORTS[name].decode()}"


def version(path: Path) -> str:
    """The driver's version in the library's real name, such as ``595.58.03``; empty for a library without one."""
    found = re.search(r"\.so\.(\d+\.\d+(?:\.\d+)*)$", os.path.realpath(path))
    return found[1] if found and path.name in _VERSIONED else ""


def _not_loadable(path: str, size: int) -> str:
    """Why the loader refuses the file of ``size`` bytes; empty if it does not."""
    try:
        with open(path, "rb") as file:
            magic, width, kind, machine, _, table, length, count = _HEADER.unpack(file.read(_HEADER.size))
            if (magic, width, kind) != (b"\x7fELF", _64_BIT, _SHARED):
                return "is not an ELF shared library"
            if machine != _MACHINES.get(platform.machine(), machine):
                return f"is built for another machine (e_machine {machine})"
            file.seek(table)
            segments = [_SEGMENT.unpack_from(file.read(length)) for _ in range(count)]
    except OSError as error:
        return f"cannot be read: {error.strerror}"
    except struct.error:
        return "is not an ELF shared library"
    end = max((offset + long for offset, long in segments), default=0)
    return f"is cut: it has {size} of at least {end} bytes" if size < end or not end else ""


def _holds(path: str, name: bytes) -> bool:
    with open(path, "rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
        return data.find(name) >= 0
