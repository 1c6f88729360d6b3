"""Work of a step that begins early and goes on beside the steps before it."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack
from typing import TypeVar

T = TypeVar("T")

Stopped = Callable[[], bool]
"""Asked now and then by the work: whether nobody waits for its result any more."""


def never() -> bool:
    """For work that somebody always waits for."""
    return False


def begin(work: Callable[[Stopped], T], at_end: ExitStack) -> Future[T]:
    """Start ``work`` in a thread of its own. When ``at_end`` closes it is stopped, and has ended once that is closed:
    its child programs do not outlive the session."""
    stop = threading.Event()
    pool = ThreadPoolExecutor(1, thread_name_prefix="dsbench-beside")
    at_end.callback(pool.shutdown)
    at_end.callback(stop.set)  # comes first: the last one in is the first one out
    return pool.submit(work, stop.is_set)
