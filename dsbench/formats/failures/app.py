"""Failure texts of deepstream-app, nvinfer, TensorRT and GStreamer: what each means and what helps.

Texts are those of DeepStream's sources and of recorded and reported runs. Only the wording is matched: line numbers,
file names in front and colours change between releases. ``layers num: 0`` is harmless and no failure text.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from dsbench.base.text import without_escapes

_LONGEST = 4096
_CONFIG = "correct that line of the nvinfer config (dsbench's lint of step 6e names the key)"
_PARSER_LIBRARY = "build it again (step 6d); `ldd` shows what it lacks"


@dataclass(frozen=True)
class Known:
    """A recognised failure: what happened (with the log's own names in it), what to do, the line that said so."""

    cause: str
    fix: str
    line: str


@dataclass(frozen=True)
class _Text:
    pattern: re.Pattern[str]
    cause: str
    fix: str


def _text(pattern: str, cause: str, fix: str) -> _Text:
    return _Text(re.compile(pattern), cause, fix)


_KNOWN: tuple[_Text, ...] = (
    # first the causes, last the texts that only say that something failed; {1} is what the log names
    _text(
        r"error while loading shared libraries: (\S+):",
        "the program cannot start: the shared library {1} is missing",
        "install the package that has {1} (dsbench doctor), or run inside DeepStream's container",
    ),
    _text(
        r"cuInit failed : (\d+)|CUDA driver version is insufficient|cudaErrorInsufficientDriver|"
        r"forward compatibility was attempted",
        "CUDA cannot start: the driver does not fit this CUDA version",
        "install the driver that the DeepStream release asks for; `nvidia-smi` shows the one that runs",
    ),
    _text(
        r"(?:no CUDA-capable device|cudaErrorNoDevice|Could not get cuda device count|cuInit failed)",
        "no GPU is visible",
        "start the container with --gpus all; `nvidia-smi` must list the GPU",
    ),
    _text(
        r"(?:invalid device ordinal|cudaErrorInvalidDevice|Unable to set device)",
        "the GPU that gpu-id names does not exist",
        "give the number of a GPU that `nvidia-smi -L` lists (--gpu-id)",
    ),
    _text(
        r"(?:out of memory|cudaErrorMemoryAllocation|OutOfMemory|Could not allocate.*memory)",
        "the GPU's memory is used up",
        "end other programs on the GPU (nvidia-smi), or use fewer streams or a smaller batch",
    ),
    _text(
        r"(?:no kernel image is available|cudaErrorNoKernelImageForDevice)",
        "the libraries have no code for this GPU",
        "use a DeepStream release that supports this GPU",
    ),
    _text(
        r"(?:Could not open lib: |[Uu]nable to open lib: )(.*?), error string: (.*)",
        "the parser library cannot be loaded: {2}",
        _PARSER_LIBRARY,
    ),
    _text(r"Could not open custom lib: (.*)", "the parser library cannot be loaded ({1})", _PARSER_LIBRARY),
    _text(
        r"dlsym failed to get func (.*?) pointer",
        "the parser library does not export {1}",
        'parse-bbox-func-name and the parser\'s extern "C" function must have the same name (nm -D shows it)',
    ),
    _text(
        r"Cannot access ONNX file '(.*?)'",
        "the ONNX file is not there: {1}",
        "correct onnx-file: it is relative to the config's own directory",
    ),
    _text(
        r"Failed to parse onnx file",
        "TensorRT cannot read the ONNX file",
        "the lines above it in the log name the node; `trtexec --onnx=` shows the same; export again or simplify",
    ),
    _text(
        r"since there is no model file matched",
        "there is neither a usable engine nor a model file to build one from",
        "correct model-engine-file and onnx-file: both are relative to the config's own directory",
    ),
    _text(
        r"Version tag does not match.*|was not built with the (?:same|current).*|Magic[ _]?[Tt]ag.*|"
        r"incompatible (?:device|version).*plan.*",
        "the engine was built by another TensorRT version or for another GPU ({0})",
        "build it on this machine: dsbench prepare --rebuild",
    ),
    _text(
        r"request dims:(\S+) is out of range, (\[.*?\])",
        "the engine does not take the input {1}: its range is {2}",
        "infer-dims and batch-size must lie in the engine's profile: correct infer-dims, or build the engine again",
    ),
    _text(
        r"Backend has maxBatchSize (\d+) whereas (\d+) has been requested",
        "the engine carries batches of {1}, {2} were asked for",
        "build an engine with a larger batch (dsbench prepare), or run fewer streams",
    ),
    _text(
        r"size\((\d+)\) exceeds max batch size\((\d+)\)",
        "the muxer sent {1} frames, the engine takes {2}",
        "streammux batch-size must not be larger than nvinfer's",
    ),
    _text(
        r"Could not open labels file:(.*)", "the label file is not there: {1}", "correct labelfile-path in the config"
    ),
    _text(
        r"Failed to parse bboxes using custom parse function",
        "the parser returned false",
        "the parser found outputs that it did not expect: compare it with the shapes of step 6a",
    ),
    _text(
        r"Could not find output coverage layer for parsing objects",
        "no parser was called: DeepStream's built-in one met outputs that are not its own",
        "set both custom-lib-path and parse-bbox-func-name",
    ),
    _text(
        r"Preprocessor set scale and offsets failed",
        "offsets does not have one value for each channel",
        "give three values, `;` between them",
    ),
    _text(r"Unique ID not set", "gie-unique-id is missing", "set gie-unique-id=1"),
    _text(
        r"Invalid value for '(.*?)':'(.*?)'", "nvinfer refuses {1}={2}", "give a value that nvinfer knows for that key"
    ),
    _text(
        r"Invalid (.*? threshold \(.*?\) specified for group \S+?)\.?(?:Enter|$)", "nvinfer refuses its {1}", _CONFIG
    ),
    _text(
        r"Error while parsing config file: (.*)|Failed to load config file: (.*)",
        "nvinfer cannot read its config: {1}{2}",
        _CONFIG,
    ),
    _text(r"Config file not provided for group '(.*?)'", "[{1}] names no config-file", "set config-file in that group"),
    _text(
        r"Failed to parse config file '(.*?)'",
        "deepstream-app cannot read {1}",
        "GST_DEBUG=NVDS_CFG_PARSER:5 makes it say why",
    ),
    _text(
        r"Batch size not set",
        "the app config was not read at all: its name must end in .txt, .yml or .yaml",
        "rename it",
    ),
    _text(r'No such file "(.*?)"', "the video is not there: {1}", "correct the uri: --video, DS_VIDEO"),
    _text(r'Invalid URI "(.*?)"', "the uri is none: {1}", "write file:///path/to/video"),
    _text(
        r"Can't typefind empty stream|Stream contains no data",
        "the video is empty (0 bytes)",
        "give a video that plays (--video)",
    ),
    _text(
        r"Could not determine type of stream|could not be identified|This file contains no playable streams|"
        r"This file is invalid and cannot be played|moov atom",
        "the video is none that GStreamer can play",
        "give a video that plays (--video); `ffprobe` shows what a file holds",
    ),
    _text(
        r"(?:Failed to create|Could not create|Failed to load) (?:element )?'([\w-]+)'",
        "GStreamer has no element for {1}",
        "a plugin is missing or does not load: dsbench doctor; rm -rf ~/.cache/gstreamer-1.0 makes GStreamer look",
    ),
    _text(
        r"missing a plug-?in|No decoder available for type '(video/[^',]*)",
        "GStreamer has no decoder for the video {1}",
        "inside DeepStream's container run user_additional_install.sh; or give an H.264 or H.265 clip (--video)",
    ),
    _text(
        r"Could not open device '?(/dev/\S+?)'? |Opening channel (/dev/\S+) failed|"
        r"Device '(/dev/v4l2-nvdec)' failed during initialization|Could not get NVDEC Channel",
        "the hardware decoder cannot be opened {1}{2}{3}",
        "give the container the driver's video part: NVIDIA_DRIVER_CAPABILITIES=compute,utility,video",
    ),
    _text(
        r"NvBufSurfTransform failed with error (\S+)",
        "the frames cannot be converted (NvBufSurfTransform error {1})",
        "BT.2020 and 10 bit clips end this way: give an 8 bit BT.601 or BT.709 clip",
    ),
    _text(
        r"Failed to queue input batch for inferencing|Failed to infer|enqueueV\d failed|"
        r"illegal memory access|unspecified launch failure",
        "inference failed on the GPU",
        "run the engine alone with trtexec; a parser with CUDA kernels may have spoilt the GPU's memory",
    ),
    _text(r"ERROR: \[TRT\]: (.*)", "TensorRT: {1}", "trtexec on the same model shows more"),
    _text(
        r"not-negotiated", "two elements of the pipeline agree on no format (not-negotiated)", "run it with GST_DEBUG=3"
    ),
    _text(r"reason error \(-5\)", "the data stream broke off (reason error (-5))", "play the video alone"),
    _text(
        r"Failed to create NvDsInferContext instance",
        "nvinfer could not start",
        "its first ERROR line in the log names the cause",
    ),
)


def recognise(lines: Iterable[str]) -> Known | None:
    """The most telling known failure in a console; None if no text is known. Reads in constant memory."""
    best: tuple[int, Known] | None = None
    for raw in lines:
        line = without_escapes(raw[:_LONGEST])
        for rank, text in enumerate(_KNOWN[: best[0] if best else None]):
            if found := text.pattern.search(line):
                best = rank, Known(_filled(text.cause, found), _filled(text.fix, found), line.strip())
                break
    return best[1] if best else None


def _filled(template: str, found: re.Match[str]) -> str:
    groups = [(found[number] or "").strip() for number in range(len(found.groups()) + 1)]
    return re.sub(r"\{(\d)\}", lambda key: groups[int(key[1])], template).strip()
