"""What ``dsbench doctor`` checks for NVIDIA's DeepStream: GPU, driver, app, headers, GStreamer, NVDEC and NVENC."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from dsbench.base.ask import Said
from dsbench.doctor.check import BROKEN, DEEPSTREAM, MISSING, OK, OPTIONAL, UNKNOWN, Check, error_line, failure
from dsbench.doctor.fixes import Advice, Fix
from dsbench.doctor.inventory import (
    ELEMENTS_FRAMES,
    ELEMENTS_NVENC,
    ELEMENTS_OTHER_CLIPS,
    ELEMENTS_PIPELINE,
    ELEMENTS_THEORA,
    GStreamer,
    Inventory,
    Trial,
)
from dsbench.formats import versions

_DRIVER_OF = {"9.1": 595, "9.0": 590}
"""Driver branch that NVIDIA's documentation asks for, by DeepStream release (dGPU)."""
_DECODE, _ENCODE, _CUDA = "libnvcuvid.so.1", "libnvidia-encode.so.1", "libcuda.so.1"
_NVENC_ABSENT = re.compile(r"v4l2-nvenc.*failed during initialization|Could not open device.*v4l2-nvenc")


def checks(inventory: Inventory, advice: Advice) -> Iterator[Check]:
    """Everything DeepStream needs. Where there is nothing of it at all, its container is the one fix."""
    absent = not_installed(inventory)
    yield gpu(inventory, advice)
    if (libraries := driver_libraries(inventory, advice)) is not None:
        yield libraries
    yield app(inventory, advice)
    yield parser_build(inventory, advice, absent)
    yield from programs(inventory, advice, absent)
    yield from elements(inventory, advice, absent)
    yield nvdec(inventory, advice, absent)
    yield nvenc(inventory)
    yield trtexec(inventory, advice, absent)
    trouble = dict(inventory.deepstream.unknown)
    if "cuda" in trouble:
        yield Check(OPTIONAL, "CUDA toolkit", UNKNOWN, trouble["cuda"])
    elif inventory.deepstream.cuda is None:
        yield Check(OPTIONAL, "CUDA toolkit", MISSING, "no nvcc, no /usr/local/cuda*/version.json")
    else:
        yield Check(OPTIONAL, "CUDA toolkit", OK, inventory.deepstream.cuda)


def not_installed(inventory: Inventory) -> bool:
    """Nothing of DeepStream is on this machine."""
    found = inventory.deepstream
    return not (found.app.path or found.sdk or found.header or found.unlisted_app)


def gpu(inventory: Inventory, advice: Advice) -> Check:
    """A GPU that answers, else the reason that can be seen."""
    found, system = inventory.nvidia, inventory.system
    if found.gpu is not None:
        parts = [found.gpu.name, f"{found.gpu.memory_mib} MiB" if found.gpu.memory_mib else ""]
        parts += [f"driver {found.gpu.driver}", f"CUDA {found.gpu.cuda}" if found.gpu.cuda else "", found.note]
        return Check(DEEPSTREAM, "GPU", OK, ", ".join(filter(None, (*parts, driver_age(inventory)))))
    if "--gpu-id" in found.why_not:
        return Check(DEEPSTREAM, "GPU", MISSING, found.why_not)
    if system.container and not found.device_node:
        seen = "the host has a GPU, but this container was started without it"
        here = seen if found.pci or found.driver_loaded else "this container sees no NVIDIA GPU"
        detail = f"{here} ({found.why_not})"
        return Check(DEEPSTREAM, "GPU", MISSING, detail, (advice.container(),))
    if found.pci or found.device_node or found.driver_loaded or system.jetson or system.wsl:
        detail = f"the driver does not answer: {found.why_not}"
        return Check(DEEPSTREAM, "GPU", BROKEN, detail, (advice.driver(),))
    return Check(DEEPSTREAM, "GPU", MISSING, f"no NVIDIA GPU on the PCI bus ({found.why_not})")


def driver_age(inventory: Inventory) -> str:
    """A word where the driver is older than DeepStream's documentation asks for; it is no failure in itself."""
    found = inventory.nvidia.gpu
    release = ".".join((inventory.deepstream.sdk or "").split(".")[:2])
    branch = re.match(r"\d+", found.driver) if found else None
    wanted = _DRIVER_OF.get(release)
    if wanted is None or branch is None or inventory.system.jetson or int(branch[0]) >= wanted:
        return ""
    return f"older than the {wanted} that DeepStream {release}'s documentation asks for"


def driver_libraries(inventory: Inventory, advice: Advice) -> Check | None:
    """NVDEC's and NVENC's libraries: a container gets them only with the driver capability ``video``."""
    found = inventory.nvidia
    if found.gpu is None or inventory.system.jetson:
        return None
    missing = [name for name in (_CUDA, _DECODE, _ENCODE) if name not in found.libraries]
    if not missing:
        return Check(DEEPSTREAM, "driver libraries", OK, f"{_CUDA}, {_DECODE}, {_ENCODE}")
    detail = f"{', '.join(missing)} not found"
    if inventory.system.container:
        granted = found.capabilities if found.capabilities is not None else "not set"
        detail += f": NVIDIA_DRIVER_CAPABILITIES is {granted}, video needs `video` or `all`"
        return Check(DEEPSTREAM, "driver libraries", MISSING, detail, (advice.container(),))
    return Check(DEEPSTREAM, "driver libraries", MISSING, detail, (advice.driver(),))


def app(inventory: Inventory, advice: Advice) -> Check:
    """deepstream-app starts and says its version."""
    name, found, other = "deepstream-app", inventory.deepstream.app, inventory.deepstream.unlisted_app
    if found.path is None:
        if other:
            fix = advice.path(other.rpartition("/")[0])
            return Check(DEEPSTREAM, name, MISSING, f"not on PATH, though {other} is there", (fix,))
        return Check(DEEPSTREAM, name, MISSING, "not on PATH", (advice.container(),))
    said = found.said
    if said is None or not said.ok:
        return Check(DEEPSTREAM, name, BROKEN, f"{found.path}: {failure(said)}", app_fixes(said, advice))
    parts = versions.deepstream_version_all(said.text)
    if not parts:
        first = said.lines[0][:160] if said.lines else "it printed nothing"
        detail = f"{found.path} does not say DeepStream's version: {first}"
        return Check(DEEPSTREAM, name, UNKNOWN, detail, (advice.container(),))
    return Check(DEEPSTREAM, name, OK, f"{', '.join(f'{part} {version}' for part, version in parts)} ({found.path})")


def app_fixes(said: Said | None, advice: Advice) -> tuple[Fix, ...]:
    """By the library that the loader misses."""
    text = said.text if said else ""
    if re.search(r"libcuda\.so|libnvcuvid|libnvidia-", text):
        return (advice.container(),)
    if re.search(r"libnvinfer|libnvonnxparser", text):
        return (advice.tensorrt(),)
    if re.search(r"libgst|libglib", text):
        return (advice.install("gstreamer1.0-tools", "gstreamer1.0-plugins-base"),)
    if re.search(r"libnvbufsurf|libnvds", text):
        return (advice.setting("export LD_LIBRARY_PATH=/opt/nvidia/deepstream/deepstream/lib:$LD_LIBRARY_PATH"),)
    return (advice.container(),)


def parser_build(inventory: Inventory, advice: Advice, absent: bool) -> Check:
    """The specification's Makefile line, run on a parser of one line: headers, CUDA, -lnvinfer."""
    name, found = "parser build", inventory.deepstream
    if found.header is None:
        detail = "no sources/includes/nvdsinfer_custom_impl.h in /opt/nvidia/deepstream/deepstream"
        if absent:
            return Check(DEEPSTREAM, name, MISSING, detail)
        return Check(DEEPSTREAM, name, MISSING, detail, (advice.container(),))
    said = found.link
    if said is None:
        return Check(DEEPSTREAM, name, UNKNOWN, "not tried: no compiler, or no temporary folder")
    if said.ok:
        with_ = f"TensorRT {found.tensorrt}" if found.tensorrt else "-lnvinfer"
        return Check(DEEPSTREAM, name, OK, f"g++ compiles against {found.header} and links {with_}")
    return Check(DEEPSTREAM, name, BROKEN, error_line(said.lines), (advice.tensorrt(),))


def programs(inventory: Inventory, advice: Advice, absent: bool) -> Iterator[Check]:
    """gst-launch-1.0 draws the visual check, gst-inspect-1.0 tells what there is."""
    gstreamer = inventory.gstreamer
    fixes = () if absent else (advice.install("gstreamer1.0-tools"),)
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


def elements(inventory: Inventory, advice: Advice, absent: bool) -> Iterator[Check]:
    """The visual check's elements; without those it falls back to, frames and other containers it goes on."""
    gstreamer = inventory.gstreamer
    if gstreamer.elements is None:
        said = gstreamer.listing
        why = "gst-inspect-1.0 is missing" if said is None else f"gst-inspect-1.0: {said.trouble or 'printed no list'}"
        fixes = () if said is None or absent else (advice.cache(),)
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
        yield Check(group, name, MISSING, detail, element_fixes(missing, inventory, advice, absent))


def refused(missing: Iterable[str], gstreamer: GStreamer) -> str:
    """The plugins that GStreamer refuses to load, where NVIDIA's elements are among the missing."""
    if not gstreamer.blacklisted or not any(name.startswith("nv") for name in missing):
        return ""
    shown = [f"{file} ({libraries} not found)" if libraries else file for file, libraries in gstreamer.blacklisted[:4]]
    more = f" and {len(gstreamer.blacklisted) - 4} more" if len(gstreamer.blacklisted) > 4 else ""
    return f"; GStreamer refuses to load {', '.join(shown)}{more}"


def element_fixes(missing: list[str], inventory: Inventory, advice: Advice, absent: bool) -> tuple[Fix, ...]:
    """Stock elements come from packages, NVIDIA's with DeepStream; a stale cache hides either."""
    if absent:
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


def nvdec(inventory: Inventory, advice: Advice, absent: bool) -> Check:
    """Frames really decoded; where that was not possible, nothing is claimed and nothing stands in the way."""
    trial = inventory.nvdec
    if trial.said is None:
        return Check(OPTIONAL, "NVDEC", UNKNOWN, f"not tried: {trial.not_tried}")
    if trial.said.ok:
        return Check(DEEPSTREAM, "NVDEC", OK, f"decoded the first frames of {inventory.video.path}")
    fixes = () if absent or _DECODE in inventory.nvidia.libraries else (advice.container(),)
    return Check(DEEPSTREAM, "NVDEC", BROKEN, f"{trial.said.trouble}: {error_line(trial.said.lines)}", fixes)


def nvenc(inventory: Inventory) -> Check:
    """Frames really encoded: neither the element nor NVML tells whether this GPU has an encoder."""
    trial: Trial = inventory.nvenc
    if trial.said is None:
        return Check(OPTIONAL, "NVENC", UNKNOWN, f"not tried: {trial.not_tried}")
    if trial.said.ok:
        return Check(OPTIONAL, "NVENC", OK, "encoded ten frames")
    if _NVENC_ABSENT.search(trial.said.text):
        detail = "this GPU or container has no encoder (tried it); 6f falls back to theora"
        return Check(OPTIONAL, "NVENC", MISSING, detail)
    return Check(OPTIONAL, "NVENC", BROKEN, f"{trial.said.trouble}: {error_line(trial.said.lines)}")


def trtexec(inventory: Inventory, advice: Advice, absent: bool) -> Check:
    """Builds and measures the engine (Steps 4-5); an engine from elsewhere needs none."""
    trouble = dict(inventory.deepstream.unknown).get("tensorrt")
    if inventory.deepstream.trtexec and trouble:
        return Check(OPTIONAL, "trtexec", UNKNOWN, f"{inventory.deepstream.trtexec}: {trouble}")
    if inventory.deepstream.trtexec:
        return Check(OPTIONAL, "trtexec", OK, inventory.deepstream.trtexec)
    detail = "not on PATH, not in /usr/src/tensorrt/bin: `dsbench prepare` cannot build an engine"
    return Check(OPTIONAL, "trtexec", MISSING, detail, () if absent else (advice.tensorrt(),))
