"""The commands that fix what ``dsbench doctor`` found, for this system: each once, in the order to run them."""

from __future__ import annotations

import shlex
from collections.abc import Iterable
from dataclasses import dataclass

from dsbench.base.deepstream_releases import PULLED, RELEASES, release_of
from dsbench.doctor.inventory import Inventory, Package

GUIDE = "docs/deepstream.md"

_DRIVER, _RESTART, _SCRIPT, _PACKAGES, _PATH, _CACHE, _PYTHON, _SETTINGS, _ELSEWHERE = range(9)

_BASE, _GOOD, _BAD = (f"gstreamer1.0-plugins-{name}" for name in ("base", "good", "bad"))
_ELEMENT_PACKAGES = {
    "h264parse": _BAD,
    "h265parse": _BAD,
    "videoconvert": _BASE,
    "theoraenc": _BASE,
    "theoradec": _BASE,
    "oggmux": _BASE,
    "oggdemux": _BASE,
}
"""Debian's package of an element that is not in ``good``."""
_DNF = {
    "g++": "gcc-c++",
    "gstreamer1.0-tools": "gstreamer1",
    _BASE: "gstreamer1-plugins-base",
    _GOOD: "gstreamer1-plugins-good",
    _BAD: "gstreamer1-plugins-bad-free",
}


@dataclass(frozen=True)
class Fix:
    """A command to run. ``packages``, by Debian's names, are gathered into one command of this system."""

    rank: int
    command: str = ""
    note: str = ""
    packages: tuple[str, ...] = ()


class Advice:
    """Fixes that fit this machine."""

    def __init__(self, inventory: Inventory) -> None:
        self._machine = inventory
        self._system = inventory.system
        self._sudo = "" if inventory.system.root else "sudo "

    @property
    def _family(self) -> str:
        names = {self._system.distribution, *self._system.like}
        if names & {"debian", "ubuntu"}:
            return "apt"
        return "dnf" if names & {"fedora", "rhel", "centos", "amzn"} else ""

    def install(self, *packages: str) -> Fix:
        """Packages by Debian's names."""
        return Fix(_PACKAGES, packages=packages)

    def elements(self, missing: Iterable[str]) -> tuple[Fix, ...]:
        """Install GStreamer's own elements and delete its plugin cache, which keeps plugins that failed to load."""
        packages = sorted({_ELEMENT_PACKAGES.get(name, _GOOD) for name in missing if not name.startswith("nv")})
        if not packages:
            return ()
        script = (self.codecs(),) if self._machine.deepstream.codec_script and self._system.container else ()
        return (*script, self.install(*packages), self.cache())

    def codecs(self) -> Fix:
        """DeepStream's containers come without codec libraries."""
        script = shlex.quote(self._machine.deepstream.codec_script or "user_additional_install.sh")
        return Fix(_SCRIPT, f"{self._sudo}{script}", "DeepStream's images lack codec libraries until this ran")

    def cache(self) -> Fix:
        """GStreamer never retries an element that failed to load."""
        folder = self._machine.gstreamer.cache
        home = f"rm -rf {shlex.quote(folder)}"
        return Fix(_CACHE, home, "GStreamer remembers plugins that failed to load; this makes it try again")

    def container(self) -> Fix:
        """NVIDIA's container with all of DeepStream, the GPU and the driver's video part."""
        where = "run this on the host: " if self._system.container else ""
        release = release_of(self._machine.deepstream.sdk or "") or PULLED
        image, newest = (release if ":" in release.image else PULLED).image, RELEASES[0]
        other = f"; DeepStream {newest.name}: {newest.image}" if image != newest.image else ""
        return Fix(
            _RESTART if self._machine.deepstream.sdk else _ELSEWHERE,  # what is installed before is lost by a restart
            'docker run --rm -it --gpus all -e NVIDIA_DRIVER_CAPABILITIES=all \\\n  -v "$PWD":/work -w /work '
            f"--entrypoint bash \\\n  {image}",
            f"{where}DeepStream's container, with the GPU and the driver's video part ({GUIDE}){other}",
        )

    def driver(self) -> Fix:
        """The GPU's driver, where there is a GPU without one."""
        if self._system.wsl:
            return Fix(_DRIVER, "", f"install NVIDIA's driver in Windows, none inside WSL ({GUIDE})")
        if self._system.jetson:
            return Fix(_DRIVER, f"{self._sudo}apt-get install -y nvidia-jetpack", "JetPack brings driver and CUDA")
        if self._system.distribution == "ubuntu":
            return Fix(_DRIVER, f"{self._sudo}ubuntu-drivers install", "the GPU's driver; reboot afterwards")
        return Fix(_DRIVER, "", f"install NVIDIA's driver for {self._system.name}, then reboot ({GUIDE})")

    def tensorrt(self) -> Fix:
        """Headers and linker name of libnvinfer, and trtexec."""
        if self._family == "apt":
            return self.install("libnvinfer-dev", "libnvinfer-headers-dev", "libnvinfer-bin")
        return self.container()

    def path(self, folder: str) -> Fix:
        """Programs that are there and not on PATH."""
        return Fix(_PATH, f'export PATH={shlex.quote(folder)}:"$PATH"')

    def python(self, packages: Iterable[Package]) -> Fix:
        """Into the Python that runs dsbench; where pip may not, into a virtual environment."""
        packages = tuple(packages)
        if self._machine.python.managed:
            note = "this Python belongs to the system (PEP 668): install dsbench in one of its own, from its checkout"
            return Fix(_PYTHON, "python3 -m venv .venv && .venv/bin/pip install '.[gpu]'", note)
        again = "--force-reinstall " if any(package.trouble for package in packages) else ""
        names = " ".join(shlex.quote(package.requirement) for package in packages)
        return Fix(_PYTHON, f"{shlex.quote(self._machine.python.executable)} -m pip install {again}{names}")

    def setting(self, command: str, note: str = "") -> Fix:
        """A variable to set, a folder to choose."""
        return Fix(_SETTINGS, command, note)

    def commands(self, fixes: Iterable[Fix]) -> tuple[Fix, ...]:
        """Each fix once, in order; all packages in one command."""
        kept: dict[tuple[str, str], Fix] = {}
        packages: dict[str, None] = {}
        for fix in sorted(fixes, key=lambda each: each.rank):
            if fix.packages:
                packages.update(dict.fromkeys(fix.packages))
            else:
                kept.setdefault((fix.command, "" if fix.command else fix.note), fix)
        found = [*kept.values(), *([self._install(tuple(packages))] if packages else [])]
        return tuple(sorted(found, key=lambda each: each.rank))

    def _install(self, packages: tuple[str, ...]) -> Fix:
        if self._family == "dnf":
            names = " ".join(_DNF.get(name, name) for name in packages)
            return Fix(_PACKAGES, f"{self._sudo}dnf install -y {names}")
        names = " ".join(packages)
        note = "libnvinfer comes from NVIDIA's CUDA repository" if "libnvinfer" in names else ""
        if self._family == "apt":
            return Fix(_PACKAGES, f"{self._sudo}apt-get update && {self._sudo}apt-get install -y {names}", note)
        return Fix(_PACKAGES, "", f"install what your distribution calls: {names}")
