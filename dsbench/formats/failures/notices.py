"""Texts that end no run and explain what users wonder about: no detections, no names, slow starts, FPS."""

from __future__ import annotations

from dsbench.formats.failures.matcher import Row

NOTICES: tuple[Row, ...] = (
    Row(
        "unknown-key",
        r"Unknown or legacy key specified '(.*?)' for group|Unknown key '?([\w-]+)'? for group|"
        r"Unknown param found in [\w-]+ ?: (\S+)",
        "the key {1}{2}{3} is ignored: it is unknown in that group",
        "correct its spelling or its group; dsbench lint FILE checks the config",
    ),
    Row(
        "class-mismatch",
        r"Num classes mismatch\. Configured: ?(\d+), detected by network: ?(\d+)",
        "num-detected-classes is {1}, the network has {2} classes",
        "set num-detected-classes={2} and give the label file {2} lines",
    ),
    Row(
        "default-clustering",
        r"Using NMS for clustering instead of cv::groupRectangles",
        "cluster-mode is 0 or missing: NMS at IoU 0.5 with the best 20 of each class, whatever is configured",
        "set cluster-mode=2 (NMS), or 4 where the model suppresses boxes itself",
    ),
    Row(
        "engine-not-found",
        r"Deserialize engine failed because file path: ?(.*?) open error",
        "the engine {1} does not exist: it is built again, which takes minutes",
        "name the file that nvinfer saves, <onnx>_b<batch-size>_gpu<id>_<mode>.engine, relative to the config",
    ),
    Row(
        "engine-rebuilt",
        r"try(?:ing)? rebuild",
        "the engine does not fit and is built again, which takes minutes",
        "read the line before it: another batch-size, infer-dims, TensorRT or GPU; then name the new engine in "
        "model-engine-file",
    ),
    Row(
        "int8-calibration",
        r"INT8 calibration file not (?:specified|found|accessible|provided)",
        "network-mode=1 (INT8) without a calibration table: another precision is used",
        "give int8-calib-file, or set network-mode=2 (FP16)",
    ),
    Row(
        "output-layer",
        r"Could not find output layer '(.*?)' in engine",
        "output-blob-names names {1}, which the engine does not have",
        "remove output-blob-names: nvinfer takes every output",
    ),
    Row(
        "no-sources",
        r"No Sources found at the input of muxer",
        "no source is connected: the app waits for ever",
        "enable a [sourceN]; an app config whose name does not end in .txt, .yml or .yaml is not read at all",
    ),
    Row(
        "too-slow",
        r"A lot of buffers are being dropped|this computer is too slow",
        "frames are dropped because they come too late",
        "set sync=0 and qos=0 in the sink, or use fewer streams",
    ),
    Row(
        "tiler",
        r"Num of Tiles less than number of sources",
        "[tiled-display] has fewer tiles than there are streams",
        "set rows and columns so that their product is at least the number of streams",
    ),
    Row(
        "interrupted",
        r"User Interrupted",
        "the run was ended by Ctrl-C or SIGINT",
        "let it end by itself where every frame is wanted",
    ),
)
