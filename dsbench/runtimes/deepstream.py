"""NVIDIA's DeepStream, seen from outside: ``deepstream-app`` on PATH."""

from __future__ import annotations

import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

import dsbench
from dsbench.runtimes.contract import Version

DEEPSTREAM_DIR = Path("/opt/nvidia/deepstream/deepstream")


@dataclass(frozen=True)
class DeepStreamRuntime:
    """Runs whichever ``deepstream-app`` PATH finds first."""

    name: str = "deepstream"
    label: str = "DeepStream"

    @property
    def deepstream_dir(self) -> Path:
        return DEEPSTREAM_DIR

    @property
    def parser_libs(self) -> str | None:
        return None

    def unavailable(self) -> str | None:
        if shutil.which("deepstream-app") is None:
            return "deepstream-app is not on PATH"
        return None

    def app_command(self, config: Path) -> tuple[str, ...]:
        return ("deepstream-app", "-c", str(config))

    def versions(self) -> tuple[Version, ...]:
        found = [Version("dsbench", dsbench.__version__)]
        try:
            output = subprocess.run(
                ["deepstream-app", "--version-all"], capture_output=True, text=True, timeout=30, check=False
            ).stdout
        except (OSError, subprocess.TimeoutExpired):
            return (*found, Version("deepstream-app", "did not say"))
        for line in output.splitlines():
            match = re.match(
                r"(?P<component>[A-Za-z][\w .-]*?)(?: Version)?[: ]+v?(?P<version>\d[\w.-]*)$", line.strip()
            )
            if match:
                found.append(Version(match["component"].strip(), match["version"]))
        return tuple(found)
