"""Failure texts of gst-launch-1.0, in the order of ``matcher.py``; and whether NVENC could not be initialised."""

from __future__ import annotations

import re
from collections.abc import Iterable

from dsbench.base.text import without_escapes
from dsbench.formats.failures import matcher, shared
from dsbench.formats.failures.matcher import Failure, FailureKind, Row

_NVENC_INIT = re.compile(
    r"v4l2-nvenc.*failed during initialization|Could not open device.*v4l2-nvenc|nvv4l2h264enc.*not-negotiated"
)
_CRASH = re.compile(r"^Caught (SIG[A-Z]+)$")
_LONGEST_LINE = 4096

_PACKAGES = {
    "libgstreamer1.0-0": "filesrc filesink queue identity",
    "gstreamer1.0-plugins-base": "theoraenc theoradec oggmux oggdemux videoconvert",
    "gstreamer1.0-plugins-good": "qtdemux mp4mux matroskademux avidemux flvdemux jpegenc multifilesink",
    "gstreamer1.0-plugins-bad": (
        "h264parse h265parse av1parse vp9parse jpegparse mpeg4videoparse mpegvideoparse tsdemux mpegpsdemux"
    ),
}
"""The elements of 6f's pipelines by the Debian package that has them."""


def _no_element(id: str, elements: str, fix: str) -> Row:
    return Row(id, rf'no element "({elements})"', "GStreamer has no element {1}", fix)


ROWS: tuple[Row, ...] = (
    _no_element(
        "no-deepstream",
        r"nv[^\"]*",
        f"{shared.PLUGIN_FIX}, or run in its container",
    ),
    *(
        _no_element(f"no-{package}", elements.replace(" ", "|"), f"apt-get install {package}")
        for package, elements in _PACKAGES.items()
    ),
    _no_element("no-element", r"[^\"]+", "find its package: `apt-file search` lists the packages that have {1}"),
    Row(
        "mux-property",
        r'no property "([^"]+)" in element "(nvstreammux)"',
        "the element {2} has no property {1}",
        "set USE_NEW_NVSTREAMMUX=yes in pytest's environment for the new muxer, unset it for the other one",
    ),
    Row(
        "property",
        r'no property "([^"]+)" in element "([^"]+)"',
        "the element {2} has no property {1}",
        "compare with `gst-inspect-1.0`: this GStreamer or DeepStream is older or newer than those supported",
    ),
    Row(
        "link",
        r"could not link (\S+) to (\S+)",
        "{1} and {2} do not fit together",
        "compare their caps with `gst-inspect-1.0`; report this pipeline",
    ),
    Row(
        "syntax",
        r"erroneous pipeline: (.*)",
        "gst-launch-1.0 cannot read the pipeline: {1}",
        "report this pipeline",
    ),
    Row(
        "disk",
        r"No space left on device|Not enough space|No space left on the resource",
        "the disk is full",
        "free space on the disk (df -h)",
        FailureKind.DISK,
    ),
    Row(
        "not-writable",
        r'Could not open file "([^"]*)" for writing',
        "{1} cannot be written",
        "make samples/ a directory that you may write to",
    ),
    shared.NO_FILE,
    Row(
        "not-readable",
        r'Could not open file "([^"]*)" for reading',
        "{1} cannot be read",
        "make the file readable for your user",
    ),
    shared.MEMORY.with_fix("stop other programs on the GPU (`nvidia-smi` lists them), or use another one (--gpu-id)"),
    shared.DRIVER,
    shared.NO_GPU,
    shared.VIDEO_ENGINE,
    shared.NVINFER_CONFIG,
    shared.PARSER_LIBRARY,
    shared.PARSER_SYMBOL,
    shared.LABELS,
    shared.ONNX_FILE,
    shared.ONNX_NOT_PARSED,
    Row(
        "engine-build",
        r"failed to build network|Build engine failed",
        "TensorRT could not build an engine from the ONNX file",
        "build it with trtexec, which shows the reason",
        consequence=True,
    ),
    Row(
        "nvinfer-refuses",
        r"Configuration file parsing failed",
        "nvinfer refuses its config",
        shared.NVINFER_CONFIG.fix,
        consequence=True,
    ),
    Row(
        "nvinfer",
        r"NvDsInfer Error: (NVDSINFER_\w+)",
        "nvinfer could not start: {1}",
        "read the lines that begin with ERROR in the log",
        consequence=True,
    ),
    shared.NOT_PLAYABLE,
    shared.NO_DECODER,
    Row(
        "device",
        r"Device '([^']*)' failed during initialization",
        "the device {1} could not be initialised",
        "give the container the driver's video part: NVIDIA_DRIVER_CAPABILITIES=compute,utility,video",
    ),
    shared.NOT_NEGOTIATED,
    Row(
        "element",
        r"ERROR: from element (\S+): (.*)",
        "{1} reported: {2}",
        "read the log; run the command by hand",
        consequence=True,
    ),
)


def find(console: Iterable[str]) -> Failure | None:
    """Why gst-launch-1.0 failed, from its console; None if no text is known."""
    return matcher.find(ROWS, console)


def nvenc_init_failed(console: Iterable[str]) -> bool:
    """Whether a line says that NVENC could not be initialised: the only reason to fall back to Theora.

    ``console``: the lines of the whole log. The patterns are those of the specification's helper.
    """
    return any(_NVENC_INIT.search(_plain(line)) for line in console)


def crash(console: Iterable[str]) -> str | None:
    """The signal that gst-launch-1.0 caught and now spins on, waiting for a debugger; None if there was none."""
    for line in console:
        found = _CRASH.match(_plain(line).rstrip())
        if found:
            return found[1]
    return None


def _plain(line: str) -> str:
    return without_escapes(line[:_LONGEST_LINE])
