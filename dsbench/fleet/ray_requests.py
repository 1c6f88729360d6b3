"""What a task asks the driver. A request may come twice: Ray may restart the actor in between before it replies."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

_RESTART_S = 60.0

Request = tuple[str, str, int, Any]
"""Kind, id of the job, attempt, what the kind needs."""
BEGIN = "begin"
"""(host, Ray's id of the node): the job as a line of a plan, or False if this attempt may not run any more."""
SAY = "say"
"""A text for the live table."""
FILE = "file"
"""(SHA-256, offset): a chunk of an input file, or a text that says why there is none."""
RESULTS = "results"
"""(number from 0, pieces of the result directory)."""
END = "end"
"""All pieces were sent."""


def ask(call: Callable[[], Any]) -> Any:
    """The reply of the actor to a call; the call is made again where Ray had to restart the actor.

    Raises RayActorError if the actor stays away.
    """
    import ray

    deadline = time.monotonic() + _RESTART_S
    while True:
        try:
            return ray.get(call())
        except ray.exceptions.RayActorError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.5)
