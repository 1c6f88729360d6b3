"""The runtime ``deepstream``: NVIDIA's ``deepstream-app`` on PATH."""

from __future__ import annotations

import os
import shutil
from dataclasses import dataclass, field
from pathlib import Path

import dsbench
from dsbench.base import spec
from dsbench.base.ask import ask
from dsbench.formats.versions import deepstream_version_all
from dsbench.machine import hardware
from dsbench.machine.versions import Version, gpu_versions, machine_versions

DEEPSTREAM_DIR = Path(spec.DEEPSTREAM_DIR)
_VERSION_TIMEOUT_S = 30.0
"""The first start after an installation scans GStreamer's plugins."""
_PARSER_HEADER = "sources/includes/nvdsinfer_custom_impl.h"


@dataclass(frozen=True)
class DeepStreamRuntime:
    """The first ``deepstream-app`` on PATH."""

    name: str = "deepstream"
    label: str = "DeepStream"
    _asked: dict[int, tuple[Version, ...]] = field(default_factory=dict, repr=False, compare=False)
    """Versions by GPU, cached: the query takes seconds and every model's record needs it."""

    @property
    def deepstream_dir(self) -> Path:
        return find_deepstream_dir()

    @property
    def parser_libs(self) -> str | None:
        return None

    def unavailable(self) -> str | None:
        if shutil.which("deepstream-app") is None:
            return "deepstream-app is not on PATH"
        return None

    def app_command(self, config: Path) -> tuple[str, ...]:
        return ("deepstream-app", "-c", str(config))

    def versions(self, gpu_id: int = 0) -> tuple[Version, ...]:
        if gpu_id not in self._asked:
            self._asked[gpu_id] = (
                Version("dsbench", dsbench.__version__),
                *_deepstream_versions(),
                *gpu_versions(gpu_id),
                *machine_versions(),
            )
        return self._asked[gpu_id]


def _deepstream_versions() -> tuple[Version, ...]:
    """Versions from ``deepstream-app --version-all``; if it fails, the reason and the version file's version."""
    reply = ask(["deepstream-app", "--version-all"], _VERSION_TIMEOUT_S)
    if said := deepstream_version_all(reply.stdout):
        return tuple(Version(component, version) for component, version in dict(said).items())
    why = f"--version-all {reply.failure}"
    if not reply.failure:
        first = next((line.strip() for line in reply.stdout.splitlines() if line.strip()), "nothing")
        why = f"--version-all names no version of DeepStream (status {reply.returncode}), it says: {first[:200]}"
    return Version("deepstream-app", why), Version("DeepStreamSDK", hardware.deepstream(find_deepstream_dir()).text)


def find_deepstream_dir() -> Path:
    """DEEPSTREAM_DIR: from the environment, else the standard path, else the folder of the real deepstream-app.

    The latter two must hold the parser headers; if neither does, the standard path.
    """
    given = os.environ.get("DEEPSTREAM_DIR")
    if given:
        return Path(os.path.abspath(given))
    program = shutil.which("deepstream-app")
    of_program = [Path(os.path.realpath(program)).parent.parent] if program else []
    for folder in (DEEPSTREAM_DIR, *of_program):
        if (folder / _PARSER_HEADER).is_file():
            return folder
    return DEEPSTREAM_DIR
