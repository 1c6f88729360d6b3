"""A step's work that starts early and runs concurrently with the steps before it."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack
from typing import TypeVar

T = TypeVar("T")

Stopped = Callable[[], bool]
"""Polled by the work: True once the result is no longer needed."""


def never() -> bool:
    """A ``Stopped`` for work that is never cancelled."""
    return False


def begin(work: Callable[[Stopped], T], at_end: ExitStack) -> Future[T]:
    """Start ``work`` in a thread. Closing ``at_end`` stops the work and waits for it, so that its child programs do not
    outlive the session."""
    stop = threading.Event()
    pool = ThreadPoolExecutor(1, thread_name_prefix="dsbench-background")
    at_end.callback(pool.shutdown)
    at_end.callback(stop.set)  # registered last, so it is called first
    return pool.submit(work, stop.is_set)
