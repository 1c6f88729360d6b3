"""The contract of a runtime: an app that takes deepstream-app's config files and writes deepstream-app's files."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from dsbench.machine.versions import Version


class Runtime(Protocol):
    """The runtimes differ in the executable, the headers and libraries for parsers, and their names."""

    @property
    def name(self) -> str:
        """``deepstream`` or ``embedded``."""

    @property
    def label(self) -> str:
        """Its name in reports; it distinguishes embedded figures from DeepStream's."""

    @property
    def deepstream_dir(self) -> Path:
        """DEEPSTREAM_DIR of a parser's Makefile."""

    @property
    def parser_libs(self) -> str | None:
        """LIBS of a parser's Makefile; None: the Makefile's own."""

    def unavailable(self) -> str | None:
        """Why this machine cannot run it; None if it can."""

    def app_command(self, config: Path) -> tuple[str, ...]:
        """The command that runs an app config."""

    def versions(self, gpu_id: int = 0) -> tuple[Version, ...]:
        """Versions of its components and of the machine, each component once; a missing one has the reason instead."""


@dataclass(frozen=True)
class WithEnvironment:
    """A runtime whose app gets additional environment variables."""

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
        """The command, with the variables set through env(1) so that it can be copied from the report."""
        return ("env", *(f"{name}={value}" for name, value in self.variables), *self.runtime.app_command(config))

    def versions(self, gpu_id: int = 0) -> tuple[Version, ...]:
        return self.runtime.versions(gpu_id)
