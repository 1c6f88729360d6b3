"""What each error code means, its usual cause and its usual fix; ``python -m`` prints docs/errors.md from it."""

from __future__ import annotations

from dataclasses import dataclass

from dsbench.base.errors import Code


@dataclass(frozen=True)
class CodeEntry:
    """One code, each text one line of Markdown. An error of this code says more precisely what happened."""

    code: Code
    meaning: str
    cause: str
    fix: str


@dataclass(frozen=True)
class Topic:
    """Codes that belong together on the page."""

    title: str
    entries: tuple[CodeEntry, ...]


CATALOGUE: tuple[Topic, ...] = (
    Topic(
        "Usage and installation",
        (
            CodeEntry(
                Code.USAGE,
                "An option has a value that cannot be used.",
                "A typing error, or a number outside the option's bounds.",
                "Give a value that the option takes: `pytest --help`, `dsbench prepare --help`.",
            ),
            CodeEntry(
                Code.SETTINGS_INVALID,
                "`dsbench.toml` cannot be used.",
                "A typing error, an unknown key, or a value of the wrong type.",
                "Correct the line that the error names; [settings.md](settings.md) lists all keys.",
            ),
            CodeEntry(
                Code.INSTALLATION_BROKEN,
                "A file of dsbench itself is missing.",
                "The installation is incomplete.",
                "Install again: `pip install --force-reinstall dsbench`.",
            ),
            CodeEntry(
                Code.BUILD_TOOL_MISSING,
                "A tool that builds something is not installed: `make`, `g++` or `trtexec`.",
                "A slim container, or TensorRT without its samples.",
                "`apt-get install make g++`; for `trtexec` use NVIDIA's container or install `libnvinfer-bin`.",
            ),
            CodeEntry(
                Code.RUNTIME_UNAVAILABLE,
                "The chosen runtime, or a program that it needs, cannot be started.",
                "DeepStream or GStreamer's tools are not installed, or a plugin does not load.",
                "`dsbench doctor` shows what is missing; `--runtime embedded` needs no DeepStream.",
            ),
            CodeEntry(
                Code.HOST_BUILD_FAILED,
                "The C++ library of the embedded runtime cannot be built or loaded.",
                "`g++` is too old or its standard library is missing, or the cached build is damaged.",
                "Install a `g++` with C++17; remove the cached build that the error names.",
            ),
        ),
    ),
    Topic(
        "Model directory",
        (
            CodeEntry(
                Code.PREFLIGHT,
                "Several things are missing or wrong; each is listed with a code of its own.",
                "Steps 1-5 are not finished.",
                "Follow the fixes from the top.",
            ),
            CodeEntry(
                Code.MODEL_DIR_MISSING,
                "The model directory does not exist, is empty, or cannot be read.",
                "A typing error in `--model-dir`, or a path relative to another directory.",
                "Correct the path.",
            ),
            CodeEntry(
                Code.DIRECTORY_BUSY,
                "Another dsbench session works on this directory.",
                "A run that has not ended yet.",
                "Wait for it to end, or run on a copy of the directory.",
            ),
            CodeEntry(
                Code.NOT_WRITABLE,
                "A file or directory cannot be created, replaced, moved or removed.",
                "The disk is full, the files belong to another user, or the directory is read-only or a link.",
                "Make the path that the error names writable, and check the free space (`df -h`).",
            ),
            CodeEntry(
                Code.OTHER_RUNTIME_RESULTS,
                "The directory holds results of the other runtime.",
                "The same directory was used with DeepStream and with the embedded runtime.",
                "Use the same runtime, a copy of the directory, or `--replace-results`.",
            ),
            CodeEntry(
                Code.LABELS_MISSING,
                "There is no `labels.txt`.",
                "Steps 1-3 did not write it, or it lies elsewhere.",
                "Write one class name per line, in the order of the network's classes.",
            ),
            CodeEntry(
                Code.LABELS_INVALID,
                "The label file cannot be read, or holds no label.",
                "The file is empty, or its path in the config is wrong.",
                "Write one class name per line; check `labelfile-path`.",
            ),
        ),
    ),
    Topic(
        "ONNX file and network",
        (
            CodeEntry(
                Code.ONNX_MISSING,
                "There is no ONNX file where one is expected.",
                "The model was not exported into `model/`, or `onnx` in `dsbench.toml` names another file.",
                "Put the exported detector at `model/<name>.onnx`.",
            ),
            CodeEntry(
                Code.ONNX_INVALID,
                "The file is not a readable ONNX model.",
                "A broken download, a Git LFS pointer, or a checkpoint of another format.",
                "Download or export the model again.",
            ),
            CodeEntry(
                Code.ONNX_EXTERNAL_DATA,
                "The weights that lie outside the ONNX file are missing, too short, or outside the directory.",
                "Only the `.onnx` file was copied.",
                "Copy the data file next to the ONNX file.",
            ),
            CodeEntry(
                Code.ONNX_OPSET,
                "The opset of the model is not supported.",
                "A very old or very new exporter.",
                "Export with `opset_version=17`.",
            ),
            CodeEntry(
                Code.ONNX_GRAPH,
                "The graph is not valid: a cycle, a tensor written twice, or no output.",
                "The graph was edited after the export.",
                "Export the model again.",
            ),
            CodeEntry(
                Code.ONNX_INPUT,
                "The input is not one that nvinfer can feed: one float32 image, `[N, C, H, W]` or `[N, H, W, C]`.",
                "Several inputs, a uint8 or float16 input, or another shape.",
                "Export with one float32 image input.",
            ),
            CodeEntry(
                Code.ONNX_DYNAMIC_DIMS,
                "Height or width is dynamic and no size was given.",
                "The model was exported with dynamic height and width.",
                "Set `input-size = [H, W]` in `dsbench.toml`.",
            ),
            CodeEntry(
                Code.ONNX_TENSORRT,
                "TensorRT has no importer for a part of the graph ([tensorrt.md](tensorrt.md)).",
                "A file quantised with ConvInteger or DynamicQuantizeLinear, or operators of ONNX Runtime.",
                "Use the float model, or a QDQ one, and build the engine from it.",
            ),
            CodeEntry(
                Code.ONNX_RUN_FAILED,
                "The model cannot be run on ONNX Runtime.",
                "An operator that ONNX Runtime does not have, wrong shapes in the graph, or too little memory.",
                "Run `onnx.checker` on the file and export it again.",
            ),
            CodeEntry(
                Code.MODEL_OUTPUT_INVALID,
                "An output holds NaN or Inf.",
                "A damaged checkpoint, or an FP16 export that overflows.",
                "Check the weights and export again, in FP32 first.",
            ),
            CodeEntry(
                Code.FAMILY_UNKNOWN,
                "No detector family, or more than one, fits the outputs.",
                "A head that dsbench does not know.",
                "Set `family` in `dsbench.toml`, or put your own parser into `parser/` "
                "([families.md](families.md) lists the heads).",
            ),
            CodeEntry(
                Code.NOT_A_DETECTOR,
                "The network is not a detector.",
                "A classifier, a segmentation network, or an export that ends in NMS.",
                "Export the detection head, before NMS.",
            ),
        ),
    ),
    Topic(
        "Engine",
        (
            CodeEntry(
                Code.ENGINE_MISSING,
                "There is no TensorRT engine.",
                "Steps 4-5 have not been run.",
                "`dsbench prepare MODEL_DIR` ([prepare.md](prepare.md)).",
            ),
            CodeEntry(
                Code.ENGINE_MISMATCH,
                "The engine does not fit the ONNX file, this machine, or the settings.",
                "The model was exported again, or the engine was built elsewhere.",
                "`dsbench prepare MODEL_DIR --rebuild`.",
            ),
            CodeEntry(
                Code.ENGINE_PREPARATION,
                "The engine could not be built or measured.",
                "See the cause in the error: the GPU's memory, an unsupported operator, the driver.",
                "Follow the fix in the error; [prepare.md](prepare.md) explains them.",
            ),
            CodeEntry(
                Code.TRTEXEC_LOG_MISSING,
                "The trtexec log of the engine is missing.",
                "The engine was built without keeping trtexec's output.",
                "`dsbench prepare MODEL_DIR`, or run trtexec on the engine and keep its output.",
            ),
            CodeEntry(
                Code.TRTEXEC_LOG_INVALID,
                "The trtexec log has no throughput, or one measured at another batch or size.",
                "The run failed or was cut short, or the log belongs to another engine.",
                "Measure again: `dsbench prepare MODEL_DIR`.",
            ),
        ),
    ),
    Topic(
        "Video",
        (
            CodeEntry(
                Code.VIDEO_MISSING,
                "The video file does not exist.",
                "DeepStream's samples are not installed, or the path is wrong.",
                "Give a clip with `--video` or `DS_VIDEO`.",
            ),
            CodeEntry(
                Code.VIDEO_UNREADABLE,
                "The video cannot be decoded.",
                "The file is damaged, cut short, or not a video.",
                "Check it with `ffprobe`; give another one with `--video`.",
            ),
            CodeEntry(
                Code.SOURCE_EMPTY,
                "The video file is empty (0 bytes).",
                "An interrupted copy or download.",
                "Copy it again, or give another one with `--video`.",
            ),
            CodeEntry(
                Code.SOURCE_UNSUPPORTED,
                "The source is of a kind that the pipeline cannot play.",
                "Not a file, a container without a demuxer, or a codec that the decoder does not take.",
                "Give an H.264 or H.265 clip in MP4 with `--video`.",
            ),
            CodeEntry(
                Code.SOURCE_COLOR,
                "The clip's colour space cannot be converted, as in DeepStream.",
                "A BT.2020 (HDR) clip.",
                "Convert the clip to BT.709.",
            ),
            CodeEntry(
                Code.FRAME_UNSUPPORTED,
                "A frame's size cannot be scaled to the network's input.",
                "A very small or very long frame, or a size that changes within the clip.",
                "Use a clip of one ordinary size.",
            ),
        ),
    ),
    Topic(
        "Parser",
        (
            CodeEntry(
                Code.PARSER_SOURCE,
                "The parser's source file or its name cannot be used.",
                "Several `.cpp` files in `parser/`, or a name with special characters.",
                "Keep one source file, named with ASCII letters, digits, `_`, `.` and `-`.",
            ),
            CodeEntry(
                Code.PARSER_COMPILE,
                "`make` did not build the parser library.",
                "A compile error, a missing header, or another `TARGET_LIB` in the Makefile.",
                "Correct the line that the error names; the whole output is in the build log.",
            ),
            CodeEntry(
                Code.PARSER_LIB_INVALID,
                "The parser library cannot be loaded on this machine.",
                "It was built for another machine, or a library that it needs is missing.",
                "Build it here: `make -B -C parser`; `ldd` shows what is missing.",
            ),
            CodeEntry(
                Code.PARSER_SYMBOL,
                "The parser library does not export the function.",
                '`extern "C"` is missing, or `parse-bbox-func-name` has another name.',
                "Compare the name with `nm -D` on the library.",
            ),
            CodeEntry(
                Code.PARSER_OBJECT_SIZE,
                "The parser was compiled with another layout of `NvDsInferObjectDetectionInfo`.",
                "Headers of another DeepStream release.",
                "Take the headers from `DEEPSTREAM_DIR`; check `object-size` under `[parser]` in `dsbench.toml`.",
            ),
            CodeEntry(
                Code.PARSER_CRASHED,
                "The parser crashed or did not return.",
                "It reads or writes outside the output tensors, or loops.",
                "`dsbench parser-check MODEL_DIR` names the line ([parser-check.md](parser-check.md)).",
            ),
            CodeEntry(
                Code.PARSER_RAISED,
                "The parser threw a C++ exception.",
                "It assumes other output shapes.",
                "Catch the exception in the parser; check the shapes that it expects.",
            ),
            CodeEntry(
                Code.PARSER_BOXES,
                "The parser's boxes are not in the network's pixels.",
                "Boxes left in grid cells or between 0 and 1.",
                "Scale the boxes to the network's input size in the parser.",
            ),
            CodeEntry(
                Code.PARSER_CHECK,
                "The parser breaks a rule under AddressSanitizer or UBSan.",
                "Reads past a tensor, undefined behaviour, or trust in a broken tensor.",
                "Correct the line that the error names ([parser-check.md](parser-check.md)).",
            ),
            CodeEntry(
                Code.TENSOR_UNSUPPORTED,
                "An output tensor cannot be given to the parser.",
                "A data type that TensorRT does not have, or shapes that the built-in parser does not take.",
                "Export float32 outputs, or set `custom-lib-path` and `parse-bbox-func-name`.",
            ),
        ),
    ),
    Topic(
        "Configuration files",
        (
            CodeEntry(
                Code.CONFIG_LINT,
                "A config would make DeepStream fail or mislead.",
                "An unknown, outdated or contradictory key, or a wrong path.",
                "Correct the key that the error names, or delete the file: dsbench writes it again.",
            ),
            CodeEntry(
                Code.KEYFILE_INVALID,
                "A config file cannot be read as groups and keys.",
                "A wrong path, YAML in a `.txt` file, or a byte order mark.",
                "Write `[group]` and `key=value` lines.",
            ),
            CodeEntry(
                Code.CONFIG_VALUE_INVALID,
                "A config value has the wrong type or is out of range.",
                "A typing error.",
                "Correct the key that the error names.",
            ),
            CodeEntry(
                Code.CONFIG_ABORTED,
                "deepstream-app would abort on this config.",
                "YAML that yaml-cpp does not accept, or a value that the app does not check.",
                "Correct the line that the error names.",
            ),
            CodeEntry(
                Code.APP_CONFIG_FOREIGN,
                "An app config that dsbench must write was written or changed by another program or user.",
                "The generated file was edited.",
                "Rename your file; dsbench writes its own.",
            ),
        ),
    ),
    Topic(
        "Runs of the app",
        (
            CodeEntry(
                Code.APP_FAILED,
                "The app or the pipeline ended with an error, or too early.",
                "See the cause in the error; the log has the app's own words.",
                "Follow the fix in the error, or run the command by hand.",
            ),
            CodeEntry(
                Code.APP_CRASHED,
                "The app was killed by a signal.",
                "A parser that crashes, or too little memory (`dmesg`).",
                "`dsbench parser-check MODEL_DIR`; run the command by hand.",
            ),
            CodeEntry(
                Code.APP_TIMEOUT,
                "The app made no progress and was stopped.",
                "A hanging decoder or parser, or another program that holds the GPU.",
                "Run the command by hand to see where it hangs.",
            ),
            CodeEntry(
                Code.VISUAL_OUTPUT,
                "The visual check left no complete video or no pictures.",
                "Frames that could not be decoded or encoded.",
                "Read the log; play the clip alone ([visual-check.md](visual-check.md)).",
            ),
            CodeEntry(
                Code.KITTI_GATE,
                "Too few frames have detections.",
                "Wrong preprocessing, labels, threshold or parser, or a video without the objects.",
                "Follow the hints in the error, from the top.",
            ),
            CodeEntry(
                Code.KITTI_INVALID,
                "A KITTI file cannot be read.",
                "The dump was cut short.",
                "Run the dump again.",
            ),
            CodeEntry(
                Code.STREAM_PARITY,
                "In a batch, a stream does not get its own boxes.",
                "An export that computes only the first item of a batch, or mixes the items.",
                "Export again with a dynamic batch ([limits.md](limits.md)).",
            ),
        ),
    ),
    Topic(
        "Benchmark",
        (
            CodeEntry(
                Code.FPS_PARSE,
                "The app's log has no usable `**PERF:` row.",
                "The app did not start, decode or infer.",
                "Read the log that the error names.",
            ),
            CodeEntry(
                Code.PERF_LOG_INVALID,
                "The app's log cannot be read.",
                "The file was removed, or belongs to another user.",
                "Run again.",
            ),
            CodeEntry(
                Code.LATENCY_PARSE,
                "The app's log has no usable latency lines.",
                "The app ended before its first batch, or the log was removed.",
                "Read the log; run again.",
            ),
            CodeEntry(
                Code.MEASUREMENT_INVALID,
                "A run's figures mean nothing.",
                "Other load on the machine, stalled streams, or a run that is too short.",
                "Remove the cause and run again; [measuring.md](measuring.md) explains each reason.",
            ),
            CodeEntry(
                Code.TOO_FEW_STREAMS,
                "Fewer real-time streams than `--min-streams` were confirmed.",
                "The model is too slow on this machine, or the measurement was not conclusive.",
                "Read what limits the throughput in the report ([limits.md](limits.md)).",
            ),
        ),
    ),
    Topic(
        "Record and report",
        (
            CodeEntry(
                Code.RECORD_INVALID,
                "`reports/benchmark_data.json` cannot be read.",
                "It was edited, cut short, or written by another version.",
                "Move the file away and run again.",
            ),
            CodeEntry(
                Code.REPORT_INCOMPLETE,
                "A file of the report is missing or incomplete.",
                "The disk is full, or `reports/` cannot be written.",
                "Free space, make `reports/` writable, and run again.",
            ),
        ),
    ),
)

_HEAD = """# Error codes

Every error of dsbench begins with a code in brackets. A code never changes its meaning: scripts and CI may match on it.
The error itself says what happened, where, and how to fix it; this page lists the usual causes.

Made from `dsbench/base/error_catalogue.py`: `python -m dsbench.base.error_catalogue > docs/errors.md`.
"""


def page() -> str:
    """docs/errors.md: a table for each topic."""
    return "\n".join((_HEAD, *(_table(topic) for topic in CATALOGUE)))


def _table(topic: Topic) -> str:
    rows = (f"| `{entry.code}` | {entry.meaning} | {entry.cause} | {entry.fix} |" for entry in topic.entries)
    head = (f"## {topic.title}", "", "| code | meaning | usual cause | usual fix |", "|---|---|---|---|")
    return "\n".join((*head, *rows, ""))


if __name__ == "__main__":
    print(page(), end="")
