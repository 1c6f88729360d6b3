"""dsbench's exception and its stable codes.

A released code keeps its meaning: scripts and CI match on it.
"""

from __future__ import annotations

from enum import StrEnum

from dsbench.base.text import console


class Code(StrEnum):
    """The codes, by topic. ``base/error_catalogue.py`` says what each means; docs/errors.md is made from it."""

    # usage, settings, installation
    USAGE = "usage"
    SETTINGS_INVALID = "settings-invalid"
    INSTALLATION_BROKEN = "installation-broken"
    BUILD_TOOL_MISSING = "build-tool-missing"
    RUNTIME_UNAVAILABLE = "runtime-unavailable"
    ISOLATION_UNAVAILABLE = "isolation-unavailable"
    GPU_MISSING = "gpu-missing"
    HOST_BUILD_FAILED = "host-build-failed"
    CLUSTER_UNAVAILABLE = "cluster-unavailable"

    # model directory
    PREFLIGHT = "preflight"
    MODEL_DIR_MISSING = "model-dir-missing"
    DIRECTORY_BUSY = "directory-busy"
    NOT_WRITABLE = "not-writable"
    FILE_ACCESS = "file-access"
    OTHER_RUNTIME_RESULTS = "other-runtime-results"
    LABELS_MISSING = "labels-missing"
    LABELS_INVALID = "labels-invalid"
    LABEL_ORDER = "label-order"

    # ONNX file and network
    ONNX_MISSING = "onnx-missing"
    ONNX_INVALID = "onnx-invalid"
    ONNX_EXTERNAL_DATA = "onnx-external-data"
    ONNX_OPSET = "onnx-opset"
    ONNX_GRAPH = "onnx-graph"
    ONNX_INPUT = "onnx-input"
    ONNX_DYNAMIC_DIMS = "onnx-dynamic-dims"
    ONNX_TENSORRT = "onnx-tensorrt"
    ONNX_RUN_FAILED = "onnx-run-failed"
    MODEL_OUTPUT_INVALID = "model-output-invalid"
    FAMILY_UNKNOWN = "family-unknown"
    NOT_A_DETECTOR = "not-a-detector"

    # engine
    ENGINE_MISSING = "engine-missing"
    ENGINE_MISMATCH = "engine-mismatch"
    ENGINE_PREPARATION = "engine-preparation"
    TRTEXEC_LOG_MISSING = "trtexec-log-missing"
    TRTEXEC_LOG_INVALID = "trtexec-log-invalid"

    # video
    VIDEO_MISSING = "video-missing"
    VIDEO_UNREADABLE = "video-unreadable"
    SOURCE_UNSUPPORTED = "source-unsupported"
    SOURCE_COLOR = "source-color"
    FRAME_UNSUPPORTED = "frame-unsupported"

    # parser
    PARSER_SOURCE = "parser-source"
    PARSER_COMPILE = "parser-compile"
    PARSER_LIB_INVALID = "parser-lib-invalid"
    PARSER_SYMBOL = "parser-symbol"
    PARSER_OBJECT_SIZE = "parser-object-size"
    PARSER_CRASHED = "parser-crashed"
    PARSER_RAISED = "parser-raised"
    PARSER_BOXES = "parser-boxes"
    PARSER_CHECK = "parser-check"
    TENSOR_UNSUPPORTED = "tensor-unsupported"

    # configs
    CONFIG_LINT = "config-lint"
    KEYFILE_INVALID = "keyfile-invalid"
    CONFIG_VALUE_INVALID = "config-value-invalid"
    CONFIG_ABORTED = "config-aborted"
    APP_CONFIG_FOREIGN = "app-config-foreign"

    # runs of the app, and what they write
    APP_FAILED = "app-failed"
    APP_CRASHED = "app-crashed"
    APP_TIMEOUT = "app-timeout"
    VISUAL_OUTPUT = "visual-output"
    KITTI_GATE = "kitti-gate"
    KITTI_INVALID = "kitti-invalid"
    KITTI_CONTENT = "kitti-content"
    IMPORT_PARITY = "import-parity"
    STREAM_PARITY = "stream-parity"

    # ground truth and accuracy
    GROUND_TRUTH_INVALID = "ground-truth-invalid"
    ACCURACY = "accuracy"

    # benchmark
    FPS_PARSE = "fps-parse"
    PERF_LOG_INVALID = "perf-log-invalid"
    LATENCY_PARSE = "latency-parse"
    MEASUREMENT_INVALID = "measurement-invalid"
    TOO_FEW_STREAMS = "too-few-streams"

    # record and report
    RECORD_INVALID = "record-invalid"
    RECORD_VERSION = "record-version"
    BASELINE_INVALID = "baseline-invalid"
    REGRESSION = "regression"
    REPORT_INCOMPLETE = "report-incomplete"
    BENCHMARK_UNFINISHED = "benchmark-unfinished"
    REPORT_TOOL_MISSING = "report-tool-missing"

    # fleet
    JOB_INPUT = "job-input"
    JOB_VERSION = "job-version"
    OBJECT_STORE = "object-store"


class DsbenchError(Exception):
    """An error for the user: a stable code, what happened, where, and how to fix it.

    ``what`` is one sentence without the code, ``where`` a file, key or command (may be empty), ``fix`` an instruction.
    """

    def __init__(self, code: Code, what: str, *, where: str = "", fix: str = "") -> None:
        self.code = code
        self.what = what
        self.where = where
        self.fix = fix
        super().__init__(self.render())

    def render(self) -> str:
        """The error as ``console`` text: one line of cause, then where and fix on lines of their own."""
        lines = [f"[{self.code}] {self.what}"]
        if self.where:
            lines.append(f"  where: {self.where}")
        if self.fix:
            lines.append(f"  fix: {self.fix}")
        return console("\n".join(lines))

    def __reduce__(self) -> tuple[object, ...]:
        # Exception's default pickling loses keyword-only arguments; worker processes send errors by pickling
        return (_rebuild, (self.code, self.what, self.where, self.fix))


def _rebuild(code: Code, what: str, where: str, fix: str) -> DsbenchError:
    return DsbenchError(code, what, where=where, fix=fix)
