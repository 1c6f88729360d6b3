"""Failure texts of CUDA, TensorRT, nvinfer and GStreamer that more than one program prints, each once.

The tables of app.py, gst.py and trtexec.py put them into their own order and give fixes that depend on the program.
"""

from __future__ import annotations

from dsbench.formats.failures.matcher import FailureKind, Row

# --- programs and CUDA

MISSING_LIBRARY = Row(
    "missing-library",
    r"error while loading shared libraries: (\S+?):",
    "the program cannot start: the shared library {1} is missing",
    "install the package that has {1} (dsbench doctor), or run inside DeepStream's container",
    FailureKind.MACHINE,
)
DRIVER = Row(
    "driver",
    r"cuInit failed : (?!100\b)\d+|CUDA driver version is insufficient|cudaErrorInsufficientDriver|"
    r"forward compatibility was attempted|Cuda failure: status=35\b|"
    r"[Cc][Uu][Dd][Aa] initialization failure with error:? 35\b",
    "the NVIDIA driver is too old for this CUDA version, or does not match it",
    "update the driver, or use a container made for it (`nvidia-smi` shows the CUDA version that it supports)",
    FailureKind.MACHINE,
)
NO_GPU = Row(
    "no-gpu",
    r"no CUDA-capable device|cudaErrorNoDevice|Could not get cuda device count|cuInit failed|"
    r"Cuda failure: status=100\b|[Cc][Uu][Dd][Aa] initialization failure with error:? 100\b",
    "CUDA finds no GPU",
    "start the container with --gpus all; `nvidia-smi` must list the GPU",
    FailureKind.MACHINE,
)
GPU_NUMBER = Row(
    "gpu-number",
    r"[Ii]nvalid device ordinal|cudaErrorInvalidDevice\b|Unable to set device|"
    r"Cannot find device ID \d+ in available devices",
    "there is no GPU with that number (gpu-id)",
    "give --gpu-id a number that `nvidia-smi -L` lists, counted within CUDA_VISIBLE_DEVICES if that is set",
)
MEMORY = Row(
    "memory",
    r"[Oo]ut of memory|OutOfMemory|cudaErrorMemoryAllocation|Could not allocate.*memory|not enough memory|"
    r"NvMapMemAlloc|Cuda failure: status=2\b",
    "the GPU has too little free memory",
    "stop other programs on the GPU (`nvidia-smi` lists them), or use fewer streams or a smaller batch",
    FailureKind.MEMORY,
)

OPEN_FILES = Row(
    "too-many-files",
    r"Too many open files|\bEMFILE\b",
    "the program may not open more files (ulimit -n)",
    "raise the limit (ulimit -n, docker run --ulimit nofile=65536), or use fewer streams",
    FailureKind.MACHINE,
)
THREADS = Row(
    "no-threads",
    r"[Ee]rror creating thread|pthread_create failed|[Cc]ould not create thread|Failed to create thread",
    "the program may not start more threads",
    "raise the limit (ulimit -u, docker run --pids-limit), or use fewer streams",
    FailureKind.MACHINE,
)
VIDEO_ENGINE = Row(
    "video-engine",
    r"Could not open device '?/dev/(?!v4l2-nvenc)\S+?'? |Opening channel /dev/\S+ failed|"
    r"Device '/dev/v4l2-nvdec' failed during initialization|Could not get NVDEC Channel|"
    r"(?:Couldn't|Could not) set nvv4l2decoder\d* to READY|"
    r"Error getting capabilities for device '/dev/nvidia\d+'|S_EXT_CTRLS for CUDA_GPU_ID failed",
    "NVDEC, the GPU's hardware decoder, cannot be used: the driver's video library (libnvcuvid) is missing, broken "
    "or of another driver",
    "start the container with -e NVIDIA_DRIVER_CAPABILITIES=all (it must include `video`), or install the driver's "
    "video libraries; dsbench doctor checks libnvcuvid.so.1",
    FailureKind.MACHINE,
)

# --- engines and ONNX files

OTHER_TENSORRT = Row(
    "other-tensorrt",
    r"Version tag does not match|engine plan file is not compatible with this version of TensorRT|"
    r"was not built with the (?:same|current)|incompatible version.*plan",
    "the engine was built by another version of TensorRT",
    "build it again with this one: dsbench prepare --rebuild",
)
DAMAGED_ENGINE = Row(
    "damaged-engine",
    r"Magic[ _]?[Tt]ag|magicTagRead == kMAGIC_TAG|Failed to read header from the stream|Error opening engine file",
    "the engine file is not an engine, or is damaged",
    "build it again: dsbench prepare --rebuild",
)
OTHER_GPU = Row(
    "other-gpu",
    r"plan file is generated on an incompatible device|incompatible device.*plan",
    "the engine was built on another kind of GPU",
    "build it again on this one: dsbench prepare --rebuild",
)
PLUGIN = Row(
    "plugin",
    r"Plugin not found|[Uu]nable to find plugin|getPluginCreator could not find plugin:? (\S+)|"
    r"No importer registered for op: (\S+?)[. ]",
    "the model uses an operator or plugin that this TensorRT does not have",
    "load the plugin's library (trtexec --staticPlugins=LIB; for nvinfer LD_PRELOAD=LIB), use a newer TensorRT, or "
    "export without it",
)
NO_KERNEL = Row(
    "no-kernel",
    r"Could not find any implementation for node (.{1,120})",
    "TensorRT found no kernel for a part of the network",
    "build the engine with trtexec and more workspace; try network-mode=0 (FP32); TensorRT and driver of the same "
    "release; simplify the graph (onnxsim, constant shapes) where attention masks are traced",
)
DATA_TYPE = Row(
    "data-type",
    r"[Uu]nsupported ONNX data type: (\S+)|does not (?:natively )?support (UINT8) inputs|"
    r"TensorRT does not support (\S+)",
    "the ONNX file uses a data type that TensorRT does not take",
    "export with float inputs and weights; leave conversions of the image to nvinfer's net-scale-factor",
)
DYNAMIC_SIZE = Row(
    "dynamic-size",
    r"[Dd]ynamic input .*missing dimensions|setDimensions.*negative|IMPLICIT_BATCH.*negative dimension|"
    r"no optimization profile has been defined",
    "the ONNX file leaves a side of the network's input open, and no size is given for it",
    "set infer-dims=channels;height;width in the nvinfer config, as the ONNX file says, and build the engine again",
)
ONNX_NOT_PARSED = Row(
    "onnx-not-parsed",
    r"Failed to parse onnx file",
    "TensorRT's ONNX parser does not take the file",
    "simplify the graph (python -m onnxsim in.onnx out.onnx), export with another opset (13 to 17), or use a newer "
    "TensorRT",
    consequence=True,
)
FROZEN_BATCH = Row(
    "frozen-batch",
    r"violate shape constraints: (?:I\w+Layer )?([^\s:]+).*would change volume|"
    r"(?:Layer )?(\S+?): reshaping failed for tensor|reshap\w+ would change volume",
    "the graph fixes the batch although its input declares it open (Reshape would change volume: {1}{2})",
    "export with a dynamic batch that every node keeps, or with a fixed batch of 1 (the engine is then built for 1)",
)
SHAPE_CONSTRAINTS = Row(
    "shape-constraints",
    r"values for profile \d+ violate shape constraints: (.{1,160})",
    "the graph does not take the shapes that its input declares: {1}",
    "export with a dynamic batch that every node keeps, and with fixed height and width",
)

# --- nvinfer

NVINFER_CONFIG = Row(
    "nvinfer-config",
    r"Error while parsing config file: (.*)|Failed to load config file: (.*)",
    "nvinfer cannot read its config: {1}{2}",
    "correct the nvinfer config of step 6e, or delete it: dsbench writes it again",
)
PARSER_LIBRARY = Row(
    "parser-library",
    r"(?:Could not open lib: |[Uu]nable to open lib: )(.*?), error string: (?:\1: )?(.*)",
    "nvinfer cannot load the parser library {1}: {2}",
    "build it again (step 6d); `ldd` shows which library it needs and does not find",
)
PARSER_SYMBOL = Row(
    "parser-symbol",
    r"dlsym failed to get func (.*?) pointer",
    "the parser library does not export the function {1}",
    'give parse-bbox-func-name and the parser\'s extern "C" function the same name (`nm -D` shows it)',
)
LABELS = Row(
    "labels",
    r"(?:parse label file:|Could not open labels file:)(.*?)(?: failed|$)",
    "nvinfer cannot read the labels file {1}",
    "correct labelfile-path in the config",
)
ONNX_FILE = Row(
    "onnx-file",
    r"Cannot access ONNX file '(.*?)'",
    "nvinfer cannot read the ONNX file {1}",
    "correct onnx-file: it is relative to the config's own directory",
)

# --- GStreamer

PLUGIN_FIX = (
    "first `rm -rf ~/.cache/gstreamer-1.0` and run again: GStreamer never retries a plugin that failed to load once; "
    "if it is still missing, dsbench doctor names what it lacks; then install DeepStream again"
)
NO_FILE = Row("no-file", r'No such file "([^"]*)"', "there is no file {1}", "correct the path")
NOT_PLAYABLE = Row(
    "not-playable",
    r"(Could not determine type of stream|could not be identified|This file contains no playable streams|"
    r"This file is (?:invalid|corrupt) and cannot be played|Could not demultiplex stream|moov atom)",
    "GStreamer cannot play the video: {1}",
    "give a video that plays (--video); `ffprobe` shows what a file holds",
)
NO_DECODER = Row(
    "no-decoder",
    r"missing a plug-?in|No decoder available for type '(video/[^',]*)",
    "GStreamer has no decoder for the video {1}",
    "run user_additional_install.sh inside DeepStream's container, or give an H.264 or H.265 clip (--video)",
)
NOT_NEGOTIATED = Row(
    "not-negotiated",
    r"not-negotiated",
    "two elements of the pipeline agree on no format (not-negotiated)",
    "give an 8-bit H.264 clip: NVDEC refuses some formats; GST_DEBUG=3 names the two elements",
)
