"""Shared memory of the app and its workers: frame counters, and the stop and pause flags.

Each number is one aligned 64-bit word with a single writer, so a reader never sees half of it.
"""

from __future__ import annotations

import mmap
import os
import time

_STOP, _PAUSE, _HEADER = 0, 1, 2
_WORDS_PER_PAD = 2
_PAUSE_POLL_S = 0.04


class SharedState:
    """Counters of ``pads`` streams: the frames that passed inference, and the time of each stream's first frame.

    Times are time.monotonic() seconds, which all processes of a machine share.
    """

    def __init__(self, descriptor: int, pads: int) -> None:
        self.descriptor = descriptor
        self.pads = pads
        self._map = mmap.mmap(descriptor, 8 * (_HEADER + _WORDS_PER_PAD * pads))
        self._ints = memoryview(self._map).cast("q")
        self._floats = memoryview(self._map).cast("d")

    @classmethod
    def create(cls, pads: int) -> SharedState:
        """A new, zeroed block. It is freed when its last user ends."""
        descriptor = os.memfd_create("dsbench-app", 0)
        os.ftruncate(descriptor, 8 * (_HEADER + _WORDS_PER_PAD * pads))
        os.set_inheritable(descriptor, True)
        return cls(descriptor, pads)

    def count(self, pad: int) -> None:
        """One more frame of a stream has passed inference (called by the worker that owns the stream)."""
        word = _HEADER + _WORDS_PER_PAD * pad
        if self._ints[word] == 0:
            self._floats[word + 1] = time.monotonic()
        self._ints[word] += 1

    def frames(self, pad: int) -> int:
        """Number of frames of a stream so far, including the first one."""
        return self._ints[_HEADER + _WORDS_PER_PAD * pad]

    def first_time(self, pad: int) -> float:
        """Time of the stream's first frame; 0 before it."""
        return self._floats[_HEADER + _WORDS_PER_PAD * pad + 1]

    def request_stop(self) -> None:
        """Request the workers to finish the frames in flight and end."""
        self._ints[_STOP] = 1

    def set_paused(self, paused: bool) -> None:
        """Pause the workers before their next batch, or resume them."""
        self._ints[_PAUSE] = int(paused)

    def stopped(self) -> bool:
        """True if the worker should end. Blocks while the app is paused."""
        while self._ints[_PAUSE] and not self._ints[_STOP]:
            time.sleep(_PAUSE_POLL_S)
        return bool(self._ints[_STOP])
