"""What a runtime is: an executable that takes deepstream-app's config files and writes deepstream-app's files."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from dsbench.machine.versions import Version


class Runtime(Protocol):
    """The two runtimes differ in the executable, in where parsers find their headers, and in what they are called."""

    @property
    def name(self) -> str:
        """``deepstream`` or ``embedded``."""

    @property
    def label(self) -> str:
        """What reports call it; an embedded figure is never passed off as DeepStream's."""

    @property
    def deepstream_dir(self) -> Path:
        """DEEPSTREAM_DIR of a parser's Makefile."""

    @property
    def parser_libs(self) -> str | None:
        """LIBS of a parser's Makefile; None: what the Makefile says."""

    def unavailable(self) -> str | None:
        """Why this machine cannot run it; None if it can."""

    def app_command(self, config: Path) -> tuple[str, ...]:
        """The command that runs an app config."""

    def versions(self, gpu_id: int = 0) -> tuple[Version, ...]:
        """Versions of its parts and what it runs on, for record and report; each component once. One that is absent
        says why in the place of its version."""


@dataclass(frozen=True)
class WithEnvironment:
    """A runtime whose app gets some variables more."""

    runtime: Runtime
    variables: tuple[tuple[str, str], ...]

    @property
    def name(self) -> str:
        return self.runtime.name

    @property
    def label(self) -> str:
        return self.runtime.label

    @property
    def deepstream_dir(self) -> Path:
        return self.runtime.deepstream_dir

    @property
    def parser_libs(self) -> str | None:
        return self.runtime.parser_libs

    def unavailable(self) -> str | None:
        return self.runtime.unavailable()

    def app_command(self, config: Path) -> tuple[str, ...]:
        """Through env(1), so that the command can be copied from the report and gives the same."""
        return ("env", *(f"{name}={value}" for name, value in self.variables), *self.runtime.app_command(config))

    def versions(self, gpu_id: int = 0) -> tuple[Version, ...]:
        return self.runtime.versions(gpu_id)
