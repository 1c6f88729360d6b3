"""The one exception of dsbench, and the catalogue of its stable codes.

A code never changes its meaning once released: scripts and CI match on it.
"""

from __future__ import annotations

from enum import StrEnum


class Code(StrEnum):
    """Stable identifiers of everything that can go wrong, grouped by the room that raises them."""

    # usage and settings
    USAGE = "usage"
    MODEL_DIR_MISSING = "model-dir-missing"
    SETTINGS_INVALID = "settings-invalid"

    # pre-flight
    PREFLIGHT = "preflight"
    ONNX_MISSING = "onnx-missing"
    ENGINE_MISSING = "engine-missing"
    ENGINE_MISMATCH = "engine-mismatch"
    TRTEXEC_LOG_MISSING = "trtexec-log-missing"
    LABELS_MISSING = "labels-missing"
    VIDEO_MISSING = "video-missing"
    VIDEO_UNREADABLE = "video-unreadable"
    OTHER_RUNTIME_RESULTS = "other-runtime-results"
    DIRECTORY_BUSY = "directory-busy"
    NOT_WRITABLE = "not-writable"

    # runtimes
    RUNTIME_UNAVAILABLE = "runtime-unavailable"
    APP_FAILED = "app-failed"
    APP_CRASHED = "app-crashed"
    APP_TIMEOUT = "app-timeout"

    APP_CONFIG_FOREIGN = "app-config-foreign"

    # benchmark
    FPS_PARSE = "fps-parse"
    TOO_FEW_STREAMS = "too-few-streams"
    LATENCY_PARSE = "latency-parse"
    MEASUREMENT_INVALID = "measurement-invalid"
    ENGINE_PREPARATION = "engine-preparation"

    # visual check, record, report
    VISUAL_OUTPUT = "visual-output"
    RECORD_INVALID = "record-invalid"
    REPORT_INCOMPLETE = "report-incomplete"

    # embedded runtime: native host and parser libraries
    COMPILER_MISSING = "compiler-missing"
    HOST_BUILD_FAILED = "host-build-failed"
    PARSER_LIB_UNLOADABLE = "parser-lib-unloadable"
    PARSER_SYMBOL_MISSING = "parser-symbol-missing"
    PARSER_RAISED = "parser-raised"
    PARSER_OBJECT_SIZE = "parser-object-size"
    TENSOR_UNSUPPORTED = "tensor-unsupported"
    FRAME_UNSUPPORTED = "frame-unsupported"

    # formats
    KEYFILE_INVALID = "keyfile-invalid"
    CONFIG_VALUE_INVALID = "config-value-invalid"
    CONFIG_ABORTED = "config-aborted"
    KITTI_INVALID = "kitti-invalid"
    LABELS_INVALID = "labels-invalid"
    TRTEXEC_LOG_INVALID = "trtexec-log-invalid"
    PERF_LOG_INVALID = "perf-log-invalid"

    # model, families, build, judge
    ONNX_INVALID = "onnx-invalid"
    ONNX_EXTERNAL_DATA = "onnx-external-data"
    ONNX_OPSET = "onnx-opset"
    ONNX_GRAPH = "onnx-graph"
    ONNX_INPUT = "onnx-input"
    ONNX_DYNAMIC_DIMS = "onnx-dynamic-dims"
    ONNX_RUN_FAILED = "onnx-run-failed"
    MODEL_OUTPUT_INVALID = "model-output-invalid"
    FAMILY_UNKNOWN = "family-unknown"
    NOT_A_DETECTOR = "not-a-detector"
    FILE_UNWRITABLE = "file-unwritable"
    PARSER_SOURCE = "parser-source"
    PARSER_COMPILE = "parser-compile"
    BUILD_TOOL_MISSING = "build-tool-missing"
    PARSER_LIB_INVALID = "parser-lib-invalid"
    PARSER_SYMBOL = "parser-symbol"
    PARSER_CRASHED = "parser-crashed"
    PARSER_BOXES = "parser-boxes"
    PARSER_CHECK = "parser-check"
    KITTI_GATE = "kitti-gate"
    STREAM_PARITY = "stream-parity"
    CONFIG_LINT = "config-lint"
    INSTALLATION_BROKEN = "installation-broken"

    # embedded app
    SOURCE_MISSING = "source-missing"
    SOURCE_EMPTY = "source-empty"
    SOURCE_UNSUPPORTED = "source-unsupported"
    SOURCE_COLOR = "source-color"
    INFERENCE_FAILED = "inference-failed"
    OUTPUT_UNWRITABLE = "output-unwritable"


class DsbenchError(Exception):
    """A fault with a stable code: what happened, where, and how to fix it.

    ``what`` is one sentence without a code; ``where`` a file, key or command (may be empty);
    ``fix`` what the user can do (may be empty only where nothing can be done).
    """

    def __init__(self, code: Code, what: str, *, where: str = "", fix: str = "") -> None:
        self.code = code
        self.what = what
        self.where = where
        self.fix = fix
        super().__init__(self.render())

    def render(self) -> str:
        """The error as shown to a user: one line of cause, then where and fix on lines of their own."""
        lines = [f"[{self.code}] {self.what}"]
        if self.where:
            lines.append(f"  where: {self.where}")
        if self.fix:
            lines.append(f"  fix: {self.fix}")
        return "\n".join(lines)

    def __reduce__(self) -> tuple[object, ...]:
        # keyword-only arguments are lost by Exception's default pickling (worker processes send errors home)
        return (_rebuild, (self.code, self.what, self.where, self.fix))


def _rebuild(code: Code, what: str, where: str, fix: str) -> DsbenchError:
    return DsbenchError(code, what, where=where, fix=fix)
