"""Failure texts of deepstream-app, in the order of ``matcher.py``; those of other programs too are in ``shared.py``.

Texts are those of DeepStream's sources and of recorded and reported runs. ``layers num: 0`` is harmless.
"""

from __future__ import annotations

from collections.abc import Iterable

from dsbench.formats.failures import matcher, shared
from dsbench.formats.failures.matcher import Failure, Row

ROWS: tuple[Row, ...] = (
    # first the causes, last the texts that only say that something failed
    shared.MISSING_LIBRARY,
    shared.DRIVER,
    shared.NO_GPU,
    shared.GPU_NUMBER,
    shared.MEMORY,
    shared.OPEN_FILES,
    shared.THREADS,
    shared.VIDEO_ENGINE,
    Row(
        "gpu-too-new",
        r"no kernel image is available|cudaErrorNoKernelImageForDevice",
        "the libraries have no code for this GPU",
        "use a DeepStream release that supports this GPU",
    ),
    shared.PARSER_LIBRARY,
    Row(
        "custom-library",
        r"Could not open custom lib: (.*)",
        "nvinfer cannot load the parser library ({1})",
        shared.PARSER_LIBRARY.fix,
        consequence=True,
    ),
    shared.PARSER_SYMBOL,
    shared.ONNX_FILE,
    shared.PLUGIN,
    shared.NO_KERNEL,
    shared.DATA_TYPE,
    shared.DYNAMIC_SIZE,
    shared.ONNX_NOT_PARSED,
    Row(
        "no-model",
        r"since there is no model file matched",
        "there is neither a usable engine nor a model file to build one from",
        "correct model-engine-file and onnx-file: both are relative to the config's own directory",
    ),
    shared.FROZEN_BATCH,
    shared.SHAPE_CONSTRAINTS,
    shared.OTHER_TENSORRT,
    shared.DAMAGED_ENGINE,
    shared.OTHER_GPU,
    Row(
        "input-size",
        r"request dims:(\S+) is out of range, (\[.*?\])",
        "the engine does not take the input {1}: its range is {2}",
        "correct infer-dims and batch-size, or build the engine again: both must lie in the engine's profile",
    ),
    Row(
        "engine-batch",
        r"Backend has maxBatchSize (\d+) whereas (\d+) has been requested",
        "the engine takes batches of up to {1}, {2} were requested",
        "build an engine with a larger batch (dsbench prepare), or run fewer streams",
    ),
    Row(
        "mux-batch",
        r"size\((\d+)\) exceeds max batch size\((\d+)\)",
        "the muxer sent {1} frames, the engine takes {2}",
        "set streammux batch-size to at most nvinfer's batch-size",
    ),
    shared.LABELS,
    Row(
        "parser-false",
        r"Failed to parse bboxes using custom parse function",
        "the parser returned false",
        "compare the outputs that the parser expects with the shapes of step 6a",
    ),
    Row(
        "no-parser",
        r"Could not find output coverage layer for parsing objects",
        "no parser was called: DeepStream's built-in one does not know these outputs",
        "set both custom-lib-path and parse-bbox-func-name",
    ),
    Row(
        "offsets",
        r"Preprocessor set scale and offsets failed",
        "offsets does not have one value for each channel",
        "give three values, separated by `;`",
    ),
    Row("unique-id", r"Unique ID not set", "gie-unique-id is missing", "set gie-unique-id=1"),
    Row(
        "value",
        r"Invalid value for '(.*?)':'(.*?)'",
        "nvinfer refuses {1}={2}",
        "give a value that nvinfer knows for that key",
    ),
    Row(
        "threshold",
        r"Invalid (.*? threshold \(.*?\) specified for group \S+?)\.?(?:Enter|$)",
        "nvinfer refuses its {1}",
        shared.NVINFER_CONFIG.fix,
    ),
    shared.NVINFER_CONFIG,
    Row(
        "no-config-file",
        r"Config file not provided for group '(.*?)'",
        "[{1}] names no config-file",
        "set config-file in that group",
    ),
    Row(
        "app-config",
        r"Failed to parse config file '(.*?)'",
        "deepstream-app cannot read {1}",
        "run it with GST_DEBUG=NVDS_CFG_PARSER:5, which shows the reason",
        consequence=True,
    ),
    Row(
        "config-suffix",
        r"Batch size not set",
        "the app config was not read at all: its name must end in .txt, .yml or .yaml",
        "rename it",
    ),
    shared.NO_FILE.with_fix("give a video that exists (--video, DS_VIDEO)"),
    Row("uri", r'Invalid URI "(.*?)"', "the uri {1} is not valid", "write file:///path/to/video"),
    Row(
        "empty-video",
        r"Can't typefind empty stream|Stream contains no data",
        "the video is empty (0 bytes)",
        "give a video that plays (--video)",
    ),
    shared.NOT_PLAYABLE,
    Row(
        "sink-jetson",
        r"nvdrmvideosink is only supported for Jetson",
        "a [sink] group has type=5 (DRM), which exists on Jetson only",
        "set type=1 (fakesink) or type=3 (a file) in that group",
    ),
    Row(
        "sink-element",
        r"Failed to create '(sink_sub_bin_[a-z_]+?)\d+'",
        "a [sink] group needs an element that GStreamer does not have ({1})",
        "set type=1 (fakesink), or install that sink's plugins: type=2 needs nveglglessink, type=3 with enc-type=1"
        " needs a software encoder (gstreamer1.0-plugins-ugly or -bad)",
    ),
    Row(
        "no-element",
        r"(?:Failed to create|Could not create|Failed to load) (?:element )?'([\w-]+)'",
        "GStreamer has no element for {1}: its plugin is not found, or failed to load once",
        shared.PLUGIN_FIX,
    ),
    shared.NO_DECODER,
    Row(
        "colour-space",
        r"NvBufSurfTransform failed with error (\S+)",
        "the frames cannot be converted (NvBufSurfTransform error {1})",
        "give an 8-bit BT.601 or BT.709 clip: BT.2020 and 10-bit clips fail in this way",
    ),
    Row(
        "onnxruntime-batch",
        r"ONNX Runtime failed on an input of shape \[(?!1,)(\d+),.*while running (\w+) node\. Name:'([^']*)'",
        "the graph cannot run a batch of {1} ({2} {3}): it fixes the batch although its input declares it open",
        shared.FROZEN_BATCH.fix,
    ),
    Row(
        "onnxruntime-output",
        r"output (\S+) has shape (\[.*?\]) for a batch of (\d+)",
        "output {1} has shape {2} for a batch of {3}: the graph does not keep the batch",
        shared.FROZEN_BATCH.fix,
    ),
    Row(
        "onnxruntime",
        r"ONNX Runtime failed on an input of shape (\[.*?\]): (.*)",
        "ONNX Runtime cannot run the network on an input of shape {1}: {2}",
        "run the file in ONNX Runtime by hand; export it again",
    ),
    Row(
        "inference",
        r"Failed to queue input batch for inferencing|Failed to infer|enqueueV\d failed|"
        r"illegal memory access|unspecified launch failure",
        "inference failed",
        "run the engine alone with trtexec; check CUDA kernels of the parser, if it has any",
        consequence=True,
    ),
    Row(
        "tensorrt",
        r"ERROR: \[TRT\]: (.*)",
        "TensorRT: {1}",
        "run trtexec on the same model: it shows more",
        consequence=True,
    ),
    shared.NOT_NEGOTIATED,
    Row(
        "stream-error",
        r"reason error \(-5\)",
        "the data stream ended with an error (reason error (-5))",
        "play the video alone",
        consequence=True,
    ),
    Row(
        "sink-file",
        r"create_encode_file_bin failed",
        "the file of a [sink] group with type=3 cannot be created",
        "set codec=1 (H.264), 2 (H.265) or 3 (MPEG-4), and container=1 (mp4) or 2 (mkv)",
        consequence=True,
    ),
    Row(
        "sink",
        r"create_(?:demux_)?sink_bin failed",
        "a [sink] group has a type that deepstream-app does not have",
        "set type=1 (fakesink) or type=3 (a file) in that group",
        consequence=True,
    ),
    Row(
        "nvinfer",
        r"Failed to create NvDsInferContext instance",
        "nvinfer could not start",
        "read its first ERROR line in the log",
        consequence=True,
    ),
)


def find(lines: Iterable[str]) -> Failure | None:
    """Why deepstream-app failed, from its console; None if no text is known."""
    return matcher.find(ROWS, lines)
