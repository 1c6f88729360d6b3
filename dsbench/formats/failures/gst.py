"""What a console of gst-launch-1.0 says about why it failed; whether it was NVENC that could not be initialised."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from dsbench.base.text import without_escapes

_NVENC_INIT = re.compile(
    r"v4l2-nvenc.*failed during initialization|Could not open device.*v4l2-nvenc|nvv4l2h264enc.*not-negotiated"
)
_CRASH = re.compile(r"^Caught (SIG[A-Z]+)$")
_LONGEST_LINE = 4096

_CORE = "libgstreamer1.0-0"
_BASE = "gstreamer1.0-plugins-base"
_GOOD = "gstreamer1.0-plugins-good"
_BAD = "gstreamer1.0-plugins-bad"
_PACKAGES = {
    _CORE: ("filesrc", "filesink", "queue"),
    _BASE: ("theoraenc", "theoradec", "oggmux", "oggdemux", "videoconvert"),
    _GOOD: ("qtdemux", "mp4mux", "matroskademux", "avidemux", "flvdemux", "jpegenc", "multifilesink"),
    _BAD: (
        *("h264parse", "h265parse", "av1parse", "vp9parse", "jpegparse", "mpeg4videoparse", "mpegvideoparse"),
        *("tsdemux", "mpegpsdemux"),
    ),
}
_PACKAGE_OF = {element: package for package, elements in _PACKAGES.items() for element in elements}
_READ_CONFIG = "correct the nvinfer config of step 6e, or delete it: dsbench writes it again"
_READ_VIDEO = "play the video with another program; copy it again or choose another --video"


@dataclass(frozen=True)
class Cause:
    """A recognised reason and what to do about it."""

    what: str
    fix: str


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


def cause(console: Iterable[str]) -> Cause | None:
    """The reason named by the console, the most telling one where several lines match; None if none is known."""
    best: tuple[int, Cause] | None = None
    for line in console:
        text = _plain(line)
        for rank, (pattern, tell) in enumerate(_TABLE[: best[0] if best else None]):
            found = pattern.search(text)
            if found:
                best = (rank, tell(found))
                break
    return best[1] if best else None


def package_fix(element: str) -> str:
    """How to get an element that is not there."""
    if element.startswith("nv"):
        return (
            "it belongs to DeepStream: install deepstream (or run in its container); if it is installed, its plugin"
            " does not load: delete ~/.cache/gstreamer-1.0 and look at `gst-inspect-1.0 -b`"
        )
    package = _PACKAGE_OF.get(element)
    return f"apt-get install {package}" if package else f"find its package: `apt-file search` lists who has {element}"


def _plain(line: str) -> str:
    return without_escapes(line[:_LONGEST_LINE])


def _says(what: str, fix: str) -> Callable[[re.Match[str]], Cause]:
    """``\\1`` in ``what`` stands for the first group."""
    return lambda found: Cause(found.expand(what) if found.re.groups else what, fix)


def _missing_element(found: re.Match[str]) -> Cause:
    return Cause(f"GStreamer has no element {found[1]}", package_fix(found[1]))


def _missing_property(found: re.Match[str]) -> Cause:
    fix = "this GStreamer or DeepStream is older or newer than those supported: compare with `gst-inspect-1.0`"
    if found[2] == "nvstreammux":
        fix = "set USE_NEW_NVSTREAMMUX=yes in pytest's environment for the new muxer, unset it for the other one"
    return Cause(f"the element {found[2]} has no property {found[1]}", fix)


_TABLE: tuple[tuple[re.Pattern[str], Callable[[re.Match[str]], Cause]], ...] = tuple(
    (re.compile(pattern), tell)
    for pattern, tell in (
        (r'no element "([^"]+)"', _missing_element),
        (r'no property "([^"]+)" in element "([^"]+)"', _missing_property),
        (
            r"could not link (\S+) to (\S+)",
            _says(r"\1 and \2 do not fit together", "compare their caps with `gst-inspect-1.0`; report this pipeline"),
        ),
        (r"erroneous pipeline: (.*)", _says(r"gst-launch-1.0 cannot read the pipeline: \1", "report this pipeline")),
        (
            r"No space left on device|Not enough space|No space left on the resource",
            _says("the disk is full", "free space on the disk (df -h)"),
        ),
        (
            r'Could not open file "([^"]*)" for writing',
            _says(r"\1 cannot be written", "make samples/ a directory that you may write to"),
        ),
        (r'No such file "([^"]*)"', _says(r"there is no file \1", "correct the path")),
        (
            r'Could not open file "([^"]*)" for reading',
            _says(r"\1 cannot be read", "give yourself the right to read it"),
        ),
        (
            r"Cuda failure: status=2\b|out of memory|not enough memory|NvMapMemAlloc|cudaErrorMemoryAllocation",
            _says(
                "the memory did not suffice (GPU or host)",
                "free it (nvidia-smi shows who holds the GPU's), or take --gpu-id",
            ),
        ),
        (
            r"no CUDA-capable device|Cuda failure: status=(?:100|35)\b|CUDA driver version is insufficient",
            _says("no usable NVIDIA GPU", "look at nvidia-smi; start the container with --gpus all"),
        ),
        (r"Failed to load config file: (.*)", _says(r"nvinfer cannot read its config: \1", _READ_CONFIG)),
        (
            r"Could not open lib: (.+), error string: (.*)",
            _says(
                r"nvinfer cannot load the parser library \1: \2", "build it again (step 6d); ldd shows what it lacks"
            ),
        ),
        (
            r"dlsym failed to get func (\S+) pointer",
            _says(r"the parser library has no function \1", "correct parse-bbox-func-name, or build the parser again"),
        ),
        (
            r"(?:parse label file:|Could not open labels file:)(.*?)(?: failed|$)",
            _says(r"nvinfer cannot read the labels file \1", "correct labelfile-path"),
        ),
        (r"Cannot access ONNX file '(.*?)'", _says(r"nvinfer cannot read \1", "correct onnx-file")),
        (
            r"Failed to parse onnx file|failed to build network|Build engine failed",
            _says("TensorRT could not build an engine from the ONNX file", "build it with trtexec: it says why"),
        ),
        (r"Configuration file parsing failed", _says("nvinfer refuses its config", _READ_CONFIG)),
        (
            r"NvDsInfer Error: (NVDSINFER_\w+)",
            _says(r"nvinfer could not start: \1", "read the lines that begin with ERROR in the log"),
        ),
        (
            r"(This file contains no playable streams|This file is invalid and cannot be played"
            r"|Could not demultiplex stream|Could not determine type of stream"
            r"|This file is corrupt and cannot be played)",
            _says(r"the video cannot be taken apart: \1", _READ_VIDEO),
        ),
        (
            r"(Your GStreamer installation is missing a plug-in|No decoder available for type.*)",
            _says(r"GStreamer cannot decode the video: \1", "choose a video in H.264 or H.265"),
        ),
        (
            r"Device '([^']*)' failed during initialization",
            _says(r"the device \1 could not be initialised", "the container needs the driver capability video"),
        ),
        (
            r"(?:reason )?(not-negotiated)",
            _says(
                "two elements agree on no format (not-negotiated)", "the video's format may be one that NVDEC refuses"
            ),
        ),
        (
            r"ERROR: from element (\S+): (.*)",
            _says(r"\1 reported: \2", "read the log; run the command by hand"),
        ),
    )
)
