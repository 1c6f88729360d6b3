"""Operating system, folders and memory."""

from __future__ import annotations

import os
import re
import shutil
import tempfile
from pathlib import Path

from dsbench.base import isolation
from dsbench.doctor.ask import ask
from dsbench.doctor.inventory import Folder, Program, System
from dsbench.doctor.survey.ask import QUESTION_S, Asked, read
from dsbench.machine.hardware import Hardware


def system(asked: Asked[Hardware]) -> System:
    found = asked.answer
    values = os_release(read("/etc/os-release") or read("/usr/lib/os-release"))
    release = os.uname()
    return System(
        name=(found.os if found else "") or str(values.get("PRETTY_NAME") or release.sysname),
        distribution=values.get("ID", ""),
        like=tuple(values.get("ID_LIKE", "").split()),
        version=values.get("VERSION_ID", ""),
        machine=release.machine,
        kernel=release.release,
        cpu=found.cpu if found else "",
        cores=found.cores if found else 0,
        wsl="microsoft" in release.release.lower() or os.path.exists("/dev/dxg"),
        jetson=os.path.exists("/etc/nv_tegra_release") or "Jetson" in read("/proc/device-tree/model"),
        container=any(map(os.path.exists, ("/.dockerenv", "/run/.containerenv"))) or "container" in os.environ,
        root=os.geteuid() == 0,
    )


async def sandbox() -> Program:
    """bubblewrap, tried as ``--isolate`` uses it."""
    path = shutil.which(isolation.PROGRAM)
    command = isolation.sandboxed(("true",), isolation.Sandbox(()))
    return Program("bubblewrap", path, await ask(command, QUESTION_S) if path else None)


def os_release(content: str) -> dict[str, str]:
    """Keys of /etc/os-release, quotes removed."""
    return {key: value.strip("\"'") for key, value in re.findall(r"^(\w+)=(.*)$", content, re.MULTILINE)}


def folders(cwd: Path) -> tuple[Folder, ...]:
    temporary = next((name for name in map(os.environ.get, ("TMPDIR", "TEMP", "TMP")) if name), "/tmp")
    return (_folder("current folder", cwd), _folder("temporary files", Path(temporary)))


def _folder(purpose: str, path: Path) -> Folder:
    trouble = ""
    try:
        with tempfile.TemporaryFile(dir=path) as file:
            file.write(b"\0" * 4096)
            file.flush()
    except OSError as error:
        trouble = error.strerror or type(error).__name__
    return Folder(purpose, str(path), free_mib(str(path)), trouble)


def free_mib(path: str) -> int | None:
    try:
        disk = os.statvfs(path)
    except OSError:
        return None
    return disk.f_bavail * disk.f_frsize // 2**20
