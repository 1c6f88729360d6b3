"""Sees in a program's log whether nvinfer builds an engine: until it is built there is no frame, and no hang either."""

from __future__ import annotations

from pathlib import Path

from dsbench.base.follow import Follower
from dsbench.formats.app.console import Console, ConsoleReader

BUILD_S = 3600.0
"""An engine that is built before the first frame: TensorRT takes minutes, for a large model many."""


class BuildWatch:
    """Follows a log that may still be written."""

    def __init__(self, log: Path) -> None:
        self._reader = ConsoleReader()
        self._follower = Follower(log, lambda line: self._reader.feed(line.decode("utf-8", "replace")))

    def look(self) -> None:
        """Read what has come since the last look."""
        self._follower.look()

    @property
    def building(self) -> bool:
        """An engine is being built, as far as was looked."""
        return self._reader.building

    @property
    def steps(self) -> int:
        """Grows when a build begins and when it ends."""
        return self._reader.build_began + (self._reader.build_began and not self._reader.building)

    def console(self) -> Console:
        """What the log says, up to now."""
        self.look()
        return self._reader.console
