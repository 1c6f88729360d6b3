"""GStreamer for the visual check (6f): its programs, its elements, NVDEC and NVENC."""

from __future__ import annotations

import re
from collections.abc import Iterable

from dsbench.doctor.checks.check import BROKEN, DEEPSTREAM, MISSING, OK, OPTIONAL, UNKNOWN, Check, error_line, failure
from dsbench.doctor.checks.deepstream import DECODE, library_trouble
from dsbench.doctor.fixes import Advice, Fix
from dsbench.doctor.inventory import (
    ELEMENTS_FRAMES,
    ELEMENTS_NVENC,
    ELEMENTS_OTHER_CLIPS,
    ELEMENTS_PIPELINE,
    ELEMENTS_THEORA,
    CodecTrial,
    GStreamer,
    Inventory,
)
from dsbench.formats.failures import gst as gst_failures
from dsbench.formats.failures.shared import VIDEO_ENGINE

_NVENC_ABSENT = re.compile(r"v4l2-nvenc.*failed during initialization|Could not open device.*v4l2-nvenc")


def programs(inventory: Inventory, advice: Advice) -> Iterable[Check]:
    """gst-launch-1.0 renders the visual check, gst-inspect-1.0 lists the elements."""
    gstreamer = inventory.gstreamer
    fixes = () if inventory.deepstream.absent else (advice.install("gstreamer1.0-tools"),)
    launch, inspect = gstreamer.launch, gstreamer.inspect
    if launch.path is None:
        yield Check(DEEPSTREAM, launch.name, MISSING, "not on PATH", fixes)
    else:
        yield Check(DEEPSTREAM, launch.name, OK, launch.path)
    if inspect.path is None:
        yield Check(DEEPSTREAM, inspect.name, MISSING, "not on PATH", fixes)
    elif inspect.said is None or not inspect.said.ok:
        yield Check(DEEPSTREAM, inspect.name, BROKEN, f"{inspect.path}: {failure(inspect.said)}", fixes)
    else:
        version = next((line for line in inspect.said.lines if line.startswith("GStreamer ")), "prints no version")
        yield Check(DEEPSTREAM, inspect.name, OK, f"{version} ({inspect.path})")


def elements(inventory: Inventory, advice: Advice) -> Iterable[Check]:
    """The elements of the visual check. It cannot run without the first group; the others are optional."""
    gstreamer = inventory.gstreamer
    if gstreamer.elements is None:
        said = gstreamer.listing
        why = "gst-inspect-1.0 is missing" if said is None else f"gst-inspect-1.0: {said.trouble or 'printed no list'}"
        fixes = () if said is None or inventory.deepstream.absent else (advice.cache(),)
        yield Check(DEEPSTREAM, "elements", UNKNOWN, why, fixes)
        return
    groups = (
        (DEEPSTREAM, "elements", ELEMENTS_PIPELINE, ""),
        (OPTIONAL, "NVENC elements", ELEMENTS_NVENC, "6f falls back to theora"),
        (OPTIONAL, "theora elements", ELEMENTS_THEORA, "6f skips where NVENC is absent too"),
        (OPTIONAL, "frame elements", ELEMENTS_FRAMES, "no frames can be taken out of 6f's video"),
        (OPTIONAL, "mkv, HEVC elements", ELEMENTS_OTHER_CLIPS, "clips in MKV or H.265 cannot be played"),
    )
    for group, name, wanted, without in groups:
        missing = [element for element in wanted if element not in gstreamer.elements]
        if not missing:
            yield Check(group, name, OK, ", ".join(wanted))
            continue
        detail = f"{', '.join(missing)} missing" + (f": {without}" if without else "") + refused(missing, gstreamer)
        yield Check(group, name, MISSING, detail, element_fixes(missing, inventory, advice))


def refused(missing: Iterable[str], gstreamer: GStreamer) -> str:
    """The plugins that GStreamer refuses to load, where NVIDIA's elements are among the missing."""
    if not gstreamer.blacklisted or not any(name.startswith("nv") for name in missing):
        return ""
    shown = [f"{file} ({libraries} not found)" if libraries else file for file, libraries in gstreamer.blacklisted[:4]]
    more = f" and {len(gstreamer.blacklisted) - 4} more" if len(gstreamer.blacklisted) > 4 else ""
    return f"; GStreamer refuses to load {', '.join(shown)}{more}"


def element_fixes(missing: list[str], inventory: Inventory, advice: Advice) -> tuple[Fix, ...]:
    """Stock elements come from packages, NVIDIA's with DeepStream; a stale cache hides either."""
    if inventory.deepstream.absent:
        return ()
    fixes = list(advice.elements(missing))
    if any(name.startswith("nv") for name in missing):
        libraries = " ".join(libraries for _, libraries in inventory.gstreamer.blacklisted)
        if "libnvinfer" in libraries:
            fixes.append(advice.tensorrt())
        if re.search(r"libcuda\.so|libnvcuvid|libnvidia-", libraries):
            fixes.append(advice.container())
        fixes.append(advice.cache())
    return tuple(fixes)


def nvdec(inventory: Inventory, advice: Advice) -> Check:
    """The result of decoding frames. Not a failure where decoding could not be tried."""
    trial = inventory.nvdec
    if trial.said is None:
        return Check(OPTIONAL, "NVDEC", UNKNOWN, f"not tried: {trial.not_tried}")
    if trial.said.ok:
        return Check(DEEPSTREAM, "NVDEC", OK, f"decoded the first frames of {inventory.video.path}")
    works = inventory.nvidia.library(DECODE) is not None and not library_trouble(inventory, DECODE)
    fixes = () if inventory.deepstream.absent or works else (advice.container(),)
    known = gst_failures.find(trial.said.lines)
    why = known.cause if known and known.id == VIDEO_ENGINE.id else error_line(trial.said.lines)
    return Check(DEEPSTREAM, "NVDEC", BROKEN, f"{trial.said.trouble}: {why}", fixes)


def nvenc(inventory: Inventory, advice: Advice) -> Check:
    """The result of encoding frames: neither the element nor NVML shows whether this GPU has an encoder."""
    trial: CodecTrial = inventory.nvenc
    if trial.said is None:
        return Check(OPTIONAL, "NVENC", UNKNOWN, f"not tried: {trial.not_tried}")
    if trial.said.ok:
        return Check(OPTIONAL, "NVENC", OK, "encoded ten frames")
    if _NVENC_ABSENT.search(trial.said.text):
        detail = "this GPU or container has no encoder (tried it); 6f falls back to theora"
        return Check(OPTIONAL, "NVENC", MISSING, detail)
    return Check(OPTIONAL, "NVENC", BROKEN, f"{trial.said.trouble}: {error_line(trial.said.lines)}")
