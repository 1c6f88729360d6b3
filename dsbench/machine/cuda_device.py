"""Asks CUDA which GPU it calls N: ``python -m dsbench.machine.cuda_device N`` prints its PCI bus id and UUID.

A separate program: a driver that hangs or crashes ends only this one, and the measuring process never starts CUDA.
It makes no context, so it uses no memory on the GPU.
"""

from __future__ import annotations

import ctypes
import sys
import uuid
from collections.abc import Callable


def main(arguments: list[str]) -> int:
    """Print both, status 0; or why there is no such GPU, on stderr, status 1."""
    try:
        cuda = ctypes.CDLL("libcuda.so.1")
    except OSError as error:
        print(f"CUDA's driver library: {error}", file=sys.stderr)
        return 1
    device, bus = ctypes.c_int(), ctypes.create_string_buffer(64)
    number = int(arguments[0])
    calls: tuple[tuple[str, Callable[[], int]], ...] = (
        ("cuInit", lambda: int(cuda.cuInit(0))),
        ("cuDeviceGet", lambda: int(cuda.cuDeviceGet(ctypes.byref(device), number))),
        ("cuDeviceGetPCIBusId", lambda: int(cuda.cuDeviceGetPCIBusId(bus, len(bus), device))),
    )
    for name, call in calls:
        status = call()
        if status != 0:
            print(f"{name} of GPU {number}: {_name(cuda, status)}", file=sys.stderr)
            return 1
    print(bus.value.decode(), _uuid(cuda, device))
    return 0


def _uuid(cuda: ctypes.CDLL, device: ctypes.c_int) -> str:
    """The UUID of the MIG slice in use, else the GPU's; empty with drivers before CUDA 11.4."""
    octets = (ctypes.c_ubyte * 16)()
    try:
        known = cuda.cuDeviceGetUuid_v2(octets, device) == 0
    except AttributeError:
        return ""
    return str(uuid.UUID(bytes=bytes(octets))) if known else ""


def _name(cuda: ctypes.CDLL, status: int) -> str:
    text = ctypes.c_char_p()
    cuda.cuGetErrorName(status, ctypes.byref(text))
    return text.value.decode() if text.value else f"error {status}"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
