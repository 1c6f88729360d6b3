"""Root without its right to ignore permissions: what a run of root does in a test is what any user's run does."""

from __future__ import annotations

import ctypes
import os

_PR_CAPBSET_DROP = 24
_VERSION_3 = 0x20080522
_DAC_OVERRIDE, _DAC_READ_SEARCH = 1, 2


class _Header(ctypes.Structure):
    _fields_ = (("version", ctypes.c_uint32), ("pid", ctypes.c_int))


def obey_permissions() -> None:
    """Make this process and its children obey the permissions of files; any user but root does so anyway."""
    if os.geteuid() != 0:
        return
    libc = ctypes.CDLL(None, use_errno=True)
    for capability in (_DAC_OVERRIDE, _DAC_READ_SEARCH):
        if libc.prctl(_PR_CAPBSET_DROP, capability, 0, 0, 0):
            raise OSError(ctypes.get_errno(), "prctl(PR_CAPBSET_DROP)")
    nothing = (ctypes.c_uint32 * 6)()
    if libc.capset(ctypes.byref(_Header(_VERSION_3, 0)), ctypes.byref(nothing)):
        raise OSError(ctypes.get_errno(), "capset")
