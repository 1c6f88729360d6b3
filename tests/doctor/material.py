"""A healthy DeepStream machine and a laptop, as inventories that tests break one fact at a time."""

from __future__ import annotations

from dataclasses import replace

from dsbench.doctor.ask import ProgramOutput
from dsbench.doctor.inventory import (
    ELEMENTS,
    CodecTrial,
    DeepStream,
    DriverLibrary,
    Folder,
    GStreamer,
    Inventory,
    Nvidia,
    Package,
    Program,
    Python,
    System,
    Video,
)
from dsbench.formats.versions import Gpu

APP_SAYS = """deepstream-app version 9.1.0
DeepStreamSDK 9.1.0
CUDA Driver Version: 13.0
TensorRT Version: 10.16
"""
LIBRARIES = tuple(map(DriverLibrary, ("libcuda.so.1", "libnvcuvid.so.1", "libnvidia-encode.so.1")))
L4 = Gpu(0, "NVIDIA L4", 23034, "595.58.03", "13.2", "8.9")


def said(text: str = "", trouble: str = "", hung: bool = False) -> ProgramOutput:
    return ProgramOutput(("program",), text, trouble, hung)


MACHINE = Inventory(
    system=System("Ubuntu 24.04.3 LTS", "ubuntu", ("debian",), "24.04", "x86_64", "6.8.0", "CPU", 16, root=True),
    python=Python("3.12.3", "/work/.venv/bin/python", virtual=True, managed=False),
    packages=(Package("numpy>=1.26", "2.1.0"), Package("onnxruntime>=1.18", "1.20.1")),
    encoder_missing="",
    gxx=Program("g++", "/usr/bin/g++", said("g++ (Ubuntu) 13.3.0\n")),
    make=Program("make", "/usr/bin/make", said("GNU Make 4.3\n")),
    compiled=said(),
    folders=(Folder("current folder", "/work", 50000), Folder("temporary files", "/tmp", 50000)),
    memory_mib=60000,
    shared_memory_mib=8000,
    video=Video("/clips/a.mp4", "--video", True, "h264", 1280, 720, 30.0),
    nvidia=Nvidia(
        L4,
        "",
        "",
        1,
        True,
        True,
        LIBRARIES,
        "all",
    ),
    deepstream=DeepStream(
        app=Program("deepstream-app", "/usr/bin/deepstream-app", said(APP_SAYS)),
        sdk="9.1",
        cuda="13.2",
        tensorrt="10.16.0",
        trtexec="/usr/src/tensorrt/bin/trtexec",
        header="/opt/nvidia/deepstream/deepstream/sources/includes/nvdsinfer_custom_impl.h",
        link=said(),
        unlisted_app="/opt/nvidia/deepstream/deepstream/bin/deepstream-app",
        codec_script="/opt/nvidia/deepstream/deepstream/user_additional_install.sh",
    ),
    gstreamer=GStreamer(
        Program("gst-launch-1.0", "/usr/bin/gst-launch-1.0"),
        Program(
            "gst-inspect-1.0", "/usr/bin/gst-inspect-1.0", said("gst-inspect-1.0 version 1.24.2\nGStreamer 1.24.2\n")
        ),
        said("list"),
        frozenset(ELEMENTS),
        (),
        "/root/.cache/gstreamer-1.0",
    ),
    nvenc=CodecTrial(said()),
    nvdec=CodecTrial(said()),
    sandbox=Program("bubblewrap", "/usr/bin/bwrap", said()),
    pynvml="13.0",
)
"""Everything is there."""

LAPTOP = replace(
    MACHINE,
    system=replace(MACHINE.system, root=False),
    nvidia=Nvidia(None, "nvidia-smi is not on PATH"),
    deepstream=DeepStream(Program("deepstream-app", None), None, None, None, None, None),
    gstreamer=GStreamer(Program("gst-launch-1.0", None), Program("gst-inspect-1.0", None)),
    video=Video("/opt/x/sample_720p.mp4", "DeepStream's sample", False, trouble="there is no such file"),
    nvenc=CodecTrial(None, "gst-launch-1.0 is missing"),
    nvdec=CodecTrial(None, "no clip to decode: name one with --video"),
    pynvml=None,
)
"""Nothing of NVIDIA's."""


def without(inventory: Inventory, *elements: str, blacklisted: tuple[tuple[str, str], ...] = ()) -> Inventory:
    """The inventory with these elements missing."""
    left = (inventory.gstreamer.elements or frozenset()) - frozenset(elements)
    return replace(inventory, gstreamer=replace(inventory.gstreamer, elements=left, blacklisted=blacklisted))
