"""GStreamer: its elements, the plugins that it refuses to load, and whether NVENC and NVDEC work."""

from __future__ import annotations

import glob
import os
import re
import shutil
from pathlib import Path

from dsbench.doctor.ask import ProgramOutput, ask
from dsbench.doctor.inventory import ELEMENTS, CodecTrial, GStreamer, Program, Video

LISTING_S, QUESTION_S, TRIAL_S = 40.0, 10.0, 20.0
"""The first listing after an installation loads every plugin; DeepStream's take a while."""
_PLUGIN_DIRS = ("/usr/lib/*/gstreamer-1.0", "/usr/lib/*/gstreamer-1.0/deepstream", "/usr/lib64/gstreamer-1.0")
_DEMUXERS = {".mp4": "qtdemux", ".mov": "qtdemux", ".m4v": "qtdemux", ".mkv": "matroskademux"}
_PARSERS = {"h264": "h264parse", "hevc": "h265parse"}
_NVENC = ("nvvideoconvert", "nvv4l2h264enc")


async def look() -> GStreamer:
    """The programs, the elements, and for missing ones the plugins that GStreamer refuses to load."""
    launch = Program("gst-launch-1.0", shutil.which("gst-launch-1.0"))
    path = shutil.which("gst-inspect-1.0")
    if path is None:
        return GStreamer(launch, Program("gst-inspect-1.0", None), cache=registry())
    version = await ask((path, "--version"), QUESTION_S)
    inspect = Program("gst-inspect-1.0", path, version)
    if version.hung:
        return GStreamer(launch, inspect, version, cache=registry())
    listing = await ask((path,), LISTING_S)
    elements = listed(listing.text) if listing.ok else frozenset[str]()
    if not elements:  # it crashed, hung, or what it printed is no list of elements
        return GStreamer(launch, inspect, listing, cache=registry())
    refused: tuple[tuple[str, str], ...] = ()
    if not elements.issuperset(ELEMENTS):
        refused = await _refused(path)
    return GStreamer(launch, inspect, listing, elements & frozenset(ELEMENTS), refused, registry())


def listed(text: str) -> frozenset[str]:
    """Names of all elements in gst-inspect-1.0's list, whose lines are ``plugin:  element: Long name``."""
    return frozenset(re.findall(r"^[^\s:]+:  ([^\s:]+): ", text, re.MULTILINE))


def blacklisted(text: str) -> tuple[str, ...]:
    """File names of ``gst-inspect-1.0 -b``: the indented lines."""
    return tuple(re.findall(r"^ +(\S+\.so)$", text, re.MULTILINE))


def missing_libraries(text: str) -> tuple[str, ...]:
    """Libraries that ``ldd`` does not find."""
    return tuple(dict.fromkeys(re.findall(r"^\s*(\S+) => not found", text, re.MULTILINE)))


def registry() -> str:
    """Where GStreamer keeps what it knows of its plugins."""
    if named := os.environ.get("GST_REGISTRY") or os.environ.get("GST_REGISTRY_1_0"):
        return named
    base = os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache")
    return os.path.join(base, "gstreamer-1.0")


async def _refused(inspect: str) -> tuple[tuple[str, str], ...]:
    """Each blacklisted plugin file and what its libraries miss (empty: ldd finds them all)."""
    names = blacklisted((await ask((inspect, "-b"), QUESTION_S)).text)
    found = []
    for name in names[:20]:
        file = next((path for folder in _plugin_dirs() if os.path.isfile(path := os.path.join(folder, name))), None)
        ldd = shutil.which("ldd")
        said = await ask((ldd, file), QUESTION_S) if file and ldd else None
        found.append((name, ", ".join(missing_libraries(said.text)) if said else ""))
    return tuple(found)


def _plugin_dirs() -> list[str]:
    named = ":".join(os.environ.get(name, "") for name in ("GST_PLUGIN_PATH", "GST_PLUGIN_PATH_1_0"))
    return [*filter(None, named.split(":")), *(path for pattern in _PLUGIN_DIRS for path in glob.glob(pattern))]


async def try_nvenc(gstreamer: GStreamer, gpu_id: int) -> CodecTrial:
    """Encode ten frames. Nothing else shows that it works: not the element, not NVML, not a device node."""
    if reason := _not_possible(gstreamer, _NVENC):
        return CodecTrial(None, reason)
    card = (f"gpu-id={gpu_id}",) if gpu_id else ()
    source = ("videotestsrc", "num-buffers=10", "!", "nvvideoconvert", *card, "!")
    memory = ("video/x-raw(memory:NVMM),format=NV12", "!")
    return CodecTrial(await _launch(gstreamer, (*source, *memory, "nvv4l2h264enc", *card, "!", "fakesink")))


async def try_nvdec(gstreamer: GStreamer, video: Video, gpu_id: int, scratch: Path) -> CodecTrial:
    """Decode the clip's first frames. ``scratch`` holds a link to it: gst-launch may not accept the clip's own name."""
    demuxer, parser = _DEMUXERS.get(Path(video.path).suffix.lower()), _PARSERS.get(video.codec)
    if video.trouble:
        return CodecTrial(None, "no clip to decode: name one with --video")
    if demuxer is None or parser is None:
        return CodecTrial(None, "the clip is not H.264 or H.265 in MP4, MOV or MKV")
    if reason := _not_possible(gstreamer, (demuxer, parser, "nvv4l2decoder")):
        return CodecTrial(None, reason)
    link = scratch / f"clip{Path(video.path).suffix.lower()}"
    try:
        link.symlink_to(video.path)
    except OSError as error:
        return CodecTrial(None, f"no link could be made in {scratch}: {error.strerror}")
    card = (f"gpu-id={gpu_id}",) if gpu_id else ()
    chain = ("filesrc", f"location={link}", "!", demuxer, "!", parser, "!", "nvv4l2decoder", *card, "!")
    return CodecTrial(await _launch(gstreamer, (*chain, "fakesink", "num-buffers=10")))


async def _launch(gstreamer: GStreamer, pipeline: tuple[str, ...]) -> ProgramOutput:
    return await ask((str(gstreamer.launch.path), *pipeline), TRIAL_S)


def _not_possible(gstreamer: GStreamer, needed: tuple[str, ...]) -> str:
    if gstreamer.launch.path is None:
        return "gst-launch-1.0 is missing"
    if gstreamer.elements is None:
        return "which elements there are is not known"
    missing = [name for name in needed if name not in gstreamer.elements]
    return f"{', '.join(missing)} missing" if missing else ""
