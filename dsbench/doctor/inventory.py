"""What ``dsbench doctor`` looks at: plain facts about this machine, without a verdict on any of them."""

from __future__ import annotations

from dataclasses import dataclass

from dsbench.doctor.ask import ProgramOutput
from dsbench.formats.versions import Gpu

ELEMENTS_PIPELINE = (
    "qtdemux",
    "h264parse",
    "nvv4l2decoder",
    "nvstreammux",
    "nvinfer",
    "nvvideoconvert",
    "nvdsosd",
)
"""The visual check (6f) cannot run without these."""
ELEMENTS_OTHER_CLIPS = ("matroskademux", "h265parse")
ELEMENTS_NVENC = ("nvv4l2h264enc", "mp4mux")
ELEMENTS_THEORA = ("videoconvert", "theoraenc", "oggmux")
ELEMENTS_FRAMES = ("jpegenc", "multifilesink", "oggdemux", "theoradec")
ELEMENTS = (
    *ELEMENTS_PIPELINE,
    *ELEMENTS_OTHER_CLIPS,
    *ELEMENTS_NVENC,
    *ELEMENTS_THEORA,
    *ELEMENTS_FRAMES,
)


@dataclass(frozen=True)
class Program:
    """A program on PATH. ``path`` is None where there is none; ``said``: what it answered about its version."""

    name: str
    path: str | None
    said: ProgramOutput | None = None


@dataclass(frozen=True)
class Package:
    """A Python package: its requirement as dsbench states it, what is installed, why it cannot be used."""

    requirement: str
    version: str | None
    trouble: str = ""

    @property
    def name(self) -> str:
        """The distribution's name."""
        return self.requirement.partition(">=")[0].strip()


@dataclass(frozen=True)
class System:
    """Operating system and surroundings. ``distribution`` and ``like`` are os-release's ID and ID_LIKE."""

    name: str
    distribution: str
    like: tuple[str, ...]
    version: str
    machine: str
    kernel: str
    cpu: str = ""
    cores: int = 0
    wsl: bool = False
    jetson: bool = False
    container: bool = False
    root: bool = False


@dataclass(frozen=True)
class Python:
    """The Python that runs dsbench. ``managed``: pip may not install into it (PEP 668)."""

    version: str
    executable: str
    virtual: bool
    managed: bool


@dataclass(frozen=True)
class Folder:
    """A folder dsbench writes to: MiB free (None: not known) and why it cannot be written to."""

    purpose: str
    path: str
    free_mib: int | None
    trouble: str = ""


@dataclass(frozen=True)
class DriverLibrary:
    """A library of the driver's that the loader finds. ``trouble``: why it cannot be used, empty if nothing is found;
    ``version``: the driver's in its real name, empty without one."""

    name: str
    path: str = ""
    trouble: str = ""
    version: str = ""


@dataclass(frozen=True)
class Nvidia:
    """GPU and driver. ``pci``: NVIDIA GPUs on the PCI bus; ``libraries``: of the driver's, those the loader finds."""

    gpu: Gpu | None
    why_not: str
    note: str = ""
    pci: int = 0
    device_node: bool = False
    driver_loaded: bool = False
    libraries: tuple[DriverLibrary, ...] = ()
    capabilities: str | None = None

    def library(self, name: str) -> DriverLibrary | None:
        """One of the driver's libraries; None if the loader does not find it."""
        return next((one for one in self.libraries if one.name == name), None)


@dataclass(frozen=True)
class DeepStream:
    """NVIDIA's software. Versions are None where it is not there; ``link`` compiles a parser as its Makefile does.

    ``unknown``: of ``cuda``, ``tensorrt`` and ``deepstream`` those that gave no answer, and why."""

    app: Program
    sdk: str | None
    cuda: str | None
    tensorrt: str | None
    trtexec: str | None
    header: str | None
    link: ProgramOutput | None = None
    unlisted_app: str | None = None
    codec_script: str | None = None
    unknown: tuple[tuple[str, str], ...] = ()

    @property
    def absent(self) -> bool:
        """Nothing of DeepStream is on this machine."""
        return not (self.app.path or self.sdk or self.header or self.unlisted_app)


@dataclass(frozen=True)
class GStreamer:
    """``elements``: those of ELEMENTS that gst-inspect-1.0 lists; None where it did not answer.

    ``blacklisted``: plugin files that failed to load once, with what their libraries miss.
    """

    launch: Program
    inspect: Program
    listing: ProgramOutput | None = None
    elements: frozenset[str] | None = None
    blacklisted: tuple[tuple[str, str], ...] = ()
    cache: str = ""


@dataclass(frozen=True)
class Video:
    """The clip: where its name comes from, what one decoded frame says, or ``trouble``."""

    path: str
    origin: str
    chosen: bool
    codec: str = ""
    width: int = 0
    height: int = 0
    fps: float = 0.0
    trouble: str = ""


@dataclass(frozen=True)
class CodecTrial:
    """A codec engine that was really run, or why it was not tried."""

    said: ProgramOutput | None
    not_tried: str = ""


@dataclass(frozen=True)
class Inventory:
    """Everything that was looked at. ``sandbox``: bubblewrap, and how a trial of it ended."""

    system: System
    python: Python
    packages: tuple[Package, ...]
    encoder_missing: str
    gxx: Program
    make: Program
    compiled: ProgramOutput | None
    folders: tuple[Folder, ...]
    memory_mib: int | None
    shared_memory_mib: int | None
    video: Video
    nvidia: Nvidia
    deepstream: DeepStream
    gstreamer: GStreamer
    nvenc: CodecTrial
    nvdec: CodecTrial
    sandbox: Program
    gpu_id: int = 0
    pynvml: str | None = None
