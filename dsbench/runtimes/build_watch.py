"""Detects in a log that nvinfer is building an engine: until it is built the lack of frames is not a hang."""

from __future__ import annotations

from pathlib import Path

from dsbench.base.follow import Follower
from dsbench.formats.app.console import Console, ConsoleReader

BUILD_S = 3600.0
"""Longest engine build: TensorRT needs minutes, for a large model many."""


class BuildWatch:
    """Follows the log of a running program."""

    def __init__(self, log: Path) -> None:
        self._reader = ConsoleReader()
        self._follower = Follower(log, self._reader.feed_block)

    def look(self) -> None:
        """Read new output."""
        self._follower.look()

    @property
    def building(self) -> bool:
        """An engine is being built, as of the last ``look``."""
        return self._reader.building

    @property
    def steps(self) -> int:
        """A number that grows when a build begins and when it ends."""
        return self._reader.build_began + (self._reader.build_began and not self._reader.building)

    def console(self) -> Console:
        """The parsed log up to now."""
        self.look()
        return self._reader.console
