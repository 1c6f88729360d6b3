"""What a running job does, from the lines that dsbench writes to pytest's log for long parts of a step."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

from dsbench.base.follow import Follower

_EVERY_S = 1.0


class Phases:
    """Announces each ``dsbench: <model>: Run 1, 8 streams for at most 60 s`` once, without its beginning."""

    def __init__(self, model: str, log: Path, announce: Callable[[str], object]) -> None:
        self._beginning = f"dsbench: {model}: "
        self._announce = announce
        self._follower = Follower(log, self._take)
        self._next = 0.0

    def look(self) -> None:
        """Read what is new, at most once in a second."""
        now = time.monotonic()
        if now >= self._next:
            self._next = now + _EVERY_S
            self._follower.look()

    def _take(self, lines: bytes) -> None:
        for line in lines.decode("utf-8", "replace").splitlines():
            if line.startswith(self._beginning):
                self._announce(line.removeprefix(self._beginning))
