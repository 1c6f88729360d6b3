"""Starts nvinfer: its checks in its order, with its messages (semantics c5, i)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from dsbench.base.errors import Code, DsbenchError
from dsbench.embedded import messages
from dsbench.embedded.nvinfer import builtin_parser, mean_image
from dsbench.embedded.nvinfer.builtin_parser import BuiltinParser
from dsbench.embedded.nvinfer.detector import Detector, NetworkInput
from dsbench.embedded.nvinfer.infer import FloatTensor, OnnxModel
from dsbench.embedded.nvinfer.parser_host import ParserHost
from dsbench.embedded.nvinfer.postprocess import BoxParser
from dsbench.embedded.nvinfer.start_errors import (
    CONFIG_FAILED,
    CUSTOM_LIB_FAILED,
    RESOURCE_ERROR,
    Log,
    NvinferStartError,
    backend_failed,
    build_failed,
    postprocessing_failed,
    preprocessing_failed,
)
from dsbench.embedded.protocol import DetectorSetup
from dsbench.formats import labels as label_format

if TYPE_CHECKING:
    from dsbench.formats.nvinfer import NvinferConfig


_PRECISION = {1: "INT8", 2: "FP16", 3: "the fastest precision"}
_GRAY = 2
_DETECTOR, _INSTANCE_SEGMENTATION = 0, 3
_UNCLUSTERED = 4
OPENCV_WARNING = (
    "Warning, OpenCV has been deprecated. Using NMS for clustering instead of cv::groupRectangles "
    "with topK = 20 and NMS Threshold = 0.5"
)


@dataclass(frozen=True, slots=True)
class StartedNvinfer:
    """A running detector and the class names of its objects."""

    detector: Detector
    labels: tuple[str, ...]


def start(setup: DetectorSetup, *, quiet: bool = False) -> StartedNvinfer:
    """Check library, network, preprocessing, labels and parser in nvinfer's order; raises NvinferStartError."""
    config = setup.config
    log = Log(config.gie_unique_id or 0, quiet)
    if not config.gie_unique_id:
        log.context("ERROR", "initialize", "Unique ID not set")
        raise NvinferStartError(CONFIG_FAILED)
    detects = config.network_type == _DETECTOR
    if detects and config.cluster_mode == 0:
        log.context("WARN", "initialize", OPENCV_WARNING)
    parser = _open_library(config, log)
    model = _load_model(config, setup.threads, log)
    network = _network(config, model, log)
    _check_preprocessing(config, network, log)
    mean = _read_mean(config, network, log)
    labels = _read_labels(config, log)
    decode: BoxParser | ParserHost | None = None
    if detects:
        if isinstance(parser, DsbenchError):
            raise _missing_function(config, log)
        decode = parser or _builtin_parser(model, log)
        _check_classes(config, log)
    else:
        if config.network_type == _INSTANCE_SEGMENTATION:
            _check_instance_segmentation(config, log)
        log.own(f"network-type={config.network_type} is inferred, but only detectors (0) make objects here")
    detector = Detector(setup, model, network, decode, log, mean)
    _say_what_runs(config, model, log)
    return StartedNvinfer(detector, labels)


def _open_library(config: NvinferConfig, log: Log) -> ParserHost | DsbenchError | None:
    """The parser; None without library or name; an error to raise later if only the function is missing.

    nvinfer looks up the function after the engine is built.
    """
    if config.custom_lib_path is None:
        return None
    try:
        parser = ParserHost(config.custom_lib_path, config.parse_bbox_func_name)
    except DsbenchError as error:
        if error.code is Code.PARSER_SYMBOL:
            # without a function name, nvinfer still loads the library
            return error if config.parse_bbox_func_name else None
        if error.code is not Code.PARSER_LIB_INVALID:
            log.own(error.render())
            raise NvinferStartError(CUSTOM_LIB_FAILED) from error
        log.library("ERROR", f"Could not open lib: {config.custom_lib_path}, error string: {error.what}")
        log.context("ERROR", "initialize", "Could not open custom lib: (null)")
        log.own(f"fix: {error.fix}")
        raise NvinferStartError(CUSTOM_LIB_FAILED) from error
    if parser.stand_in:
        log.own(f"{config.custom_lib_path} is not installed: {parser.func} is dsbench's own version of NVIDIA's")
    return parser


def _load_model(config: NvinferConfig, threads: int, log: Log) -> OnnxModel:
    engine = config.model_engine_file
    if engine is not None and not engine.is_file():
        log.library("WARNING", f"Deserialize engine failed because file path: {engine} open error")
    if config.onnx_file is None:
        log.context("INFO", "buildModel", "Trying to create engine from model files")
        log.library("ERROR", "failed to build network since there is no model file matched.")
        if engine is not None and engine.is_file():
            log.own(f"a TensorRT engine runs on NVIDIA GPUs only: give onnx-file beside {engine.name}")
        raise build_failed(log)
    try:
        return OnnxModel(config.onnx_file, threads)
    except DsbenchError as error:
        log.context("INFO", "buildModel", "Trying to create engine from model files")
        if error.code is Code.ONNX_MISSING:
            log.library("ERROR", error.what)
        elif error.code is Code.ONNX_INVALID:
            log.library("ERROR", "Failed to parse onnx file")
            log.own(error.render())
        else:
            log.context("ERROR", "initResource", error.what)
            log.own(error.render())
        log.library("ERROR", "failed to build network since parsing model errors.")
        raise build_failed(log) from error


def _network(config: NvinferConfig, model: OnnxModel, log: Log) -> NetworkInput:
    """The image size: infer-dims if given (they must fit the graph), else the graph's."""
    channels_last = config.network_input_order == 1
    declared = model.frame_dims
    if channels_last:
        declared = declared[2], declared[0], declared[1]
    dims = config.infer_dims or declared
    if any(own is not None and own != asked for own, asked in zip(declared, dims, strict=True)):
        asked_text = "x".join(str(size) for size in dims)
        own_text = "x".join(str(size or "?") for size in declared)
        log.library(
            "WARNING",
            f"Backend context bufferIdx(0) request dims:1x{asked_text} is out of range, "
            f"[min: 1x{own_text}, max: {config.batch_size}x{own_text}]",
        )
        log.context("WARN", "checkBackendParams", f"backend can not support dims:{asked_text}")
        raise backend_failed(log)
    channels, height, width = dims
    if channels is None or height is None or width is None:
        log.library("ERROR", f"Dynamic input {model.input_name} is missing dimensions: give infer-dims=C;H;W")
        raise build_failed(log)
    return NetworkInput(channels, height, width, channels_last)


def _check_preprocessing(config: NvinferConfig, network: NetworkInput, log: Log) -> None:
    wanted = 1 if config.model_color_format == _GRAY else 3
    if network.channels != wanted:
        # only one of the two messages ends with a full stop
        kind, stop = ("GRAY", ".") if wanted == 1 else ("RGB/BGR", "")
        problem = f"{kind} input format specified but network input channels is not {wanted}{stop}"
        raise preprocessing_failed(problem, log)
    if config.net_scale_factor > 0 and config.offsets and len(config.offsets) != network.channels:
        raise preprocessing_failed("Preprocessor set scale and offsets failed.", log)


def _read_mean(config: NvinferConfig, network: NetworkInput, log: Log) -> FloatTensor | None:
    path = config.mean_file
    if path is None:
        return None
    if not path.exists():
        raise preprocessing_failed(f"Cannot access mean image file '{path}'", log)
    try:
        return mean_image.read(path, network.channels, network.height, network.width)
    except DsbenchError as error:
        for text in (error.what, "Failed to read mean image file"):
            log.context("ERROR", "allocateResource", text)
        log.own(f"{error.where}: {error.fix}")
        raise preprocessing_failed("preprocessor allocate resource failed", log) from error


def _read_labels(config: NvinferConfig, log: Log) -> tuple[str, ...]:
    path = config.labelfile_path
    if path is None:
        return ()
    if not path.is_file():
        log.context("ERROR", "parseLabelsFile", f"Could not open labels file:{path}")
        log.library("ERROR", f"parse label file:{path} failed, nvinfer error:{CONFIG_FAILED}")
        log.library("ERROR", f"init post processing resource failed, nvinfer error:{CONFIG_FAILED}")
        raise postprocessing_failed(log, CONFIG_FAILED)
    return label_format.read(path).names


def _missing_function(config: NvinferConfig, log: Log) -> NvinferStartError:
    log.context(
        "ERROR",
        "initResource",
        "Detect-postprocessor failed to init resource because dlsym failed to get func "
        f"{config.parse_bbox_func_name} pointer",
    )
    return postprocessing_failed(log, CUSTOM_LIB_FAILED)


def _builtin_parser(model: OnnxModel, log: Log) -> BuiltinParser:
    """nvinfer's built-in decode. Without its layers deepstream-app ends in a segmentation fault; this is an error."""
    missing = builtin_parser.missing_layer(model.output_names)
    if missing:
        log.context("ERROR", "parseBoundingBox", missing)
        log.context("ERROR", "fillDetectionOutput", builtin_parser.REFUSED)
        log.own(
            "no parser: give custom-lib-path and parse-bbox-func-name (deepstream-app would look for layers "
            f"named *cov* and *bbox*, which are not among {', '.join(model.output_names)}, and crash)"
        )
        raise NvinferStartError(CUSTOM_LIB_FAILED)
    log.own(
        "no parse-bbox-func-name with custom-lib-path: outputs are read by nvinfer's built-in decode (cov and bbox)"
    )
    return BuiltinParser()


def _check_classes(config: NvinferConfig, log: Log) -> None:
    """Raise an error where deepstream-app ends in a segmentation fault or needs memory without end."""
    if config.num_detected_classes > label_format.MAX_CLASSES:
        log.own(
            f"num-detected-classes={config.num_detected_classes}: more than {label_format.MAX_CLASSES}; "
            "give the number of classes of the network"
        )
        raise NvinferStartError(CONFIG_FAILED)
    if config.num_detected_classes <= 0:
        log.own(
            f"num-detected-classes={config.num_detected_classes}: deepstream-app crashes on this; "
            "give the number of classes of the network"
        )
        raise NvinferStartError(CONFIG_FAILED)


def _check_instance_segmentation(config: NvinferConfig, log: Log) -> None:
    """nvinfer's requirements for instance segmentation."""
    if config.cluster_mode != _UNCLUSTERED:
        text = f" cluster mode {config.cluster_mode} not supported with instance segmentation"
        log.context("ERROR", "initResource", text)
        raise postprocessing_failed(log, CONFIG_FAILED)
    if config.custom_lib_path is None or "parse-bbox-instance-mask-func-name" not in config.present:
        log.context("ERROR", "initResource", "Custom parse function not found for InstanceSegment-postprocessor")
        raise postprocessing_failed(log, RESOURCE_ERROR)


def _say_what_runs(config: NvinferConfig, model: OnnxModel, log: Log) -> None:
    text = f"{model.path} is run by ONNX Runtime on the CPU"
    if config.model_engine_file is not None:
        text += f" in place of {config.model_engine_file.name}; no engine is read or written"
    log.own(text)
    if config.network_mode in _PRECISION:
        log.own(f"network-mode={config.network_mode} ({_PRECISION[config.network_mode]}): computed in FP32")
    if model.batch is not None and model.batch < config.batch_size:
        log.own(
            f"the network's batch is frozen at {model.batch}: batches of {config.batch_size} are run "
            f"{model.batch} at a time"
        )
    if model.dtype.name != "float32":
        log.own(f"input {model.input_name} is {model.dtype.name}: the float32 tensor is converted")
    if not log.quiet:
        messages.gst_line(
            "INFO",
            "gstnvinfer_impl.cpp:348:notifyLoadModelStatus",
            f"[UID {config.gie_unique_id}]: Load new model:{config.path} sucessfully",
        )
