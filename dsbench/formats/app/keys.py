"""The tables of deepstream-app's groups: keys, types, where they are stored and what the embedded runtime does with
them.

Source: ``deepstream_app_config_parser.c`` and ``deepstream_config_file_parser.c`` of DeepStream 9.1. The line numbers
are those that its messages print (``** WARN: <parse_source:781>: ...``).
"""

from __future__ import annotations

from dataclasses import dataclass

from dsbench.formats.keyfile import ValueKind
from dsbench.formats.nvinfer.keys import Support

_NO, _ANY = Support.UNSUPPORTED, Support.NEUTRAL


@dataclass(frozen=True, slots=True)
class AppKey:
    """A key of a group; ``field`` is the attribute that holds it ("" when it is only checked)."""

    name: str
    kind: ValueKind
    field: str = ""
    support: Support = _ANY


@dataclass(frozen=True, slots=True)
class YamlTable:
    """Where the YAML reader differs: its function, its words for an unknown key, keys it lacks or has alone, and those
    that it reads as unsigned numbers.
    """

    function: str
    unknown: str
    absent: frozenset[str] = frozenset()
    extra: tuple[AppKey, ...] = ()
    unsigned: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class GroupTable:
    """A group: the C function that reads it, the lines of its "Unknown key" and "failed" messages, its keys."""

    function: str
    unknown_line: int
    failed_line: int
    keys: tuple[AppKey, ...] = ()
    yaml: YamlTable = YamlTable("", "Unknown key {key}")

    def key(self, name: str) -> AppKey | None:
        """The row of a key, None when DeepStream does not know it."""
        return next((key for key in self.keys if key.name == name), None)

    def yaml_key(self, name: str) -> AppKey | None:
        """The row of a key of a YAML file."""
        if name in self.yaml.absent:
            return None
        return next((key for key in (*self.keys, *self.yaml.extra) if key.name == name), None)


def _yaml(
    function: str, unknown: str, absent: str = "", unsigned: str = "", extra: tuple[AppKey, ...] = ()
) -> YamlTable:
    return YamlTable(function, unknown, frozenset(absent.split()), extra, frozenset(unsigned.split()))


def _kept(kind: ValueKind, *names: str, support: Support = Support.HONOURED) -> tuple[AppKey, ...]:
    """Keys stored under their own name, with underscores."""
    return tuple(AppKey(name, kind, name.replace("-", "_"), support) for name in names)


def _checked(kind: ValueKind, *names: str, support: Support = _ANY) -> tuple[AppKey, ...]:
    """Keys of which only the type is checked."""
    return tuple(AppKey(name, kind, "", support) for name in names)


INT, BOOL, STRING, PATH = ValueKind.INT, ValueKind.BOOL, ValueKind.STRING, ValueKind.PATH
COLORS = ValueKind.DOUBLE_LIST  # exactly four numbers, checked by the reader

APPLICATION = GroupTable(
    "parse_app",
    370,
    384,
    (
        *_kept(INT, "enable-perf-measurement", "perf-measurement-interval-sec", "global-gpu-id"),
        *_kept(PATH, "gie-kitti-output-dir"),
        *_checked(
            PATH,
            "kitti-track-output-dir",
            "reid-track-output-dir",
            "terminated-track-output-dir",
            "shadow-track-output-dir",
            support=_NO,
        ),
    ),
    _yaml(
        "parse_app_yaml", "Unknown key {key} for group application", "", "perf-measurement-interval-sec global-gpu-id"
    ),
)

TESTS = GroupTable(
    "parse_tests",
    295,
    309,
    (*_kept(INT, "file-loop"), *_kept(INT, "pipeline-recreate-sec", support=_NO)),
    _yaml("parse_tests_yaml", "Unknown key {key} for group tests", "pipeline-recreate-sec"),
)

SOURCE_LIST = GroupTable(
    "parse_source_list",
    180,
    215,
    (
        *_kept(INT, "num-source-bins"),
        AppKey("list", ValueKind.STRING_LIST, "uris", Support.HONOURED),
        AppKey("sensor-id-list", ValueKind.STRING_LIST, "sensor_ids"),
        AppKey("sensor-name-list", ValueKind.STRING_LIST, "sensor_names"),
        *_checked(BOOL, "use-nvmultiurisrcbin", support=_NO),
        *_checked(BOOL, "dummy-payload", "custom-ts-to-rfc", "stream-name-display", "enable-error-propagation"),
        *_checked(STRING, "batched-sensor-name", "http-ip", "http-port", "sei-uuid", "proto-lib", "conn-str", "topic"),
        *_checked(INT, "max-batch-size", "sgie-batch-size", "extract-sei-type5-data", "low-latency-mode"),
    ),
)

SOURCE = GroupTable(
    "parse_source",
    781,
    794,
    (
        *_kept(INT, "type", "enable", "num-sources", "gpu-id", "camera-id", "source-id"),
        AppKey("uri", STRING, "uri", Support.HONOURED),
        *_kept(INT, "drop-frame-interval", "intra-decode-enable"),
        *_checked(INT, "smart-record", support=_NO),
        *_checked(INT, "camera-width", "camera-height", "camera-fps-n", "camera-fps-d", "camera-csi-sensor-id"),
        *_checked(INT, "camera-v4l2-dev-node", "udp-buffer-size", "latency", "num-decode-surfaces"),
        *_checked(INT, "num-extra-surfaces", "drop-on-latency", "rtsp-reconnect-interval-sec"),
        *_checked(INT, "init-rtsp-reconnect-interval-sec", "rtsp-reconnect-attempts", "simulate-fps-interval-ms"),
        *_checked(INT, "low-latency-decode", "cudadec-memtype", "nvbuf-memory-type", "select-rtp-protocol"),
        *_checked(INT, "set-rtp-protocol", "leaky", "max-size-buffers", "buffer-mode", "smart-rec-video-cache"),
        *_checked(INT, "smart-rec-cache", "smart-rec-container", "smart-rec-start-time", "smart-rec-duration"),
        *_checked(INT, "smart-rec-default-duration", "smart-rec-interval", "extract-sei-type5-data"),
        *_checked(STRING, "alsa-device", "video-format", "smart-rec-dir-path", "smart-rec-file-prefix"),
        *_checked(BOOL, "sensorID-padID-mapping"),
    ),
    _yaml(
        "parse_source_yaml",
        "[WARNING] Unknown param found in source : {key}",
        "drop-on-latency init-rtsp-reconnect-interval-sec simulate-fps-interval-ms low-latency-decode set-rtp-protocol "
        "leaky max-size-buffers buffer-mode extract-sei-type5-data sensorID-padID-mapping",
        "enable num-sources gpu-id num-decode-surfaces num-extra-surfaces drop-frame-interval camera-id "
        "rtsp-reconnect-attempts intra-decode-enable cudadec-memtype nvbuf-memory-type select-rtp-protocol source-id "
        "smart-record smart-rec-video-cache smart-rec-cache smart-rec-container smart-rec-start-time "
        "smart-rec-default-duration smart-rec-duration smart-rec-interval",
    ),
)

STREAMMUX = GroupTable(
    "parse_streammux",
    968,
    984,
    (
        *_kept(INT, "width", "height", "batch-size", "batched-push-timeout", "live-source", "enable-padding"),
        *_kept(INT, "gpu-id", "buffer-pool-size", support=_ANY),
        *_checked(INT, "num-surfaces-per-frame", "sync-inputs", "sync-inputs-ntp", support=_NO),
        *_checked(INT, "compute-hw", "cache-buffer-timeout", "attach-sys-ts-as-ntp", "nvbuf-memory-type"),
        *_checked(INT, "extract-sei-type5-data", "extract-sei-sim-time", "align-first-buffer"),
        *_checked(INT, "failsafe-flush-count", "drop-backward-sei"),
        *_checked(BOOL, "sort-batch", "cache-buffer", "frame-num-reset-on-stream-reset"),
        *_checked(BOOL, "frame-num-reset-on-eos", "async-process"),
        *_checked(BOOL, "drop-pipeline-eos", support=_NO),
        *_checked(ValueKind.UINT64, "frame-duration", "max-latency"),
        *_checked(PATH, "config-file-path", support=_NO),
    ),
    _yaml(
        "parse_streammux_yaml",
        "[WARNING] Unknown param found in streammux: {key}",
        "sync-inputs-ntp cache-buffer-timeout attach-sys-ts-as-ntp extract-sei-type5-data extract-sei-sim-time "
        "align-first-buffer drop-backward-sei sort-batch cache-buffer",
        "gpu-id nvbuf-memory-type failsafe-flush-count",
        _checked(INT, "attach-sys-ts", "interpolation-method"),
    ),
)

OSD = GroupTable(
    "parse_osd",
    1314,
    1328,
    (
        *_kept(INT, "enable", "process-mode", "border-width", "text-size"),
        *_kept(COLORS, "text-color", "text-bg-color"),
        *_kept(BOOL, "display-text", "display-bbox"),
        *_checked(BOOL, "display-mask"),
        *_kept(STRING, "font"),
        *_kept(INT, "show-clock", support=_NO),
        *_checked(INT, "clock-x-offset", "clock-y-offset", "clock-text-size", "nvbuf-memory-type", "gpu-id"),
        *_checked(COLORS, "clock-color"),
        *_checked(STRING, "hw-blend-color-attr"),
    ),
    _yaml("parse_osd_yaml", "[WARNING] Unknown param found in osd: {key}", "", "nvbuf-memory-type gpu-id"),
)

TILED_DISPLAY = GroupTable(
    "parse_tiled_display",
    2454,
    2468,
    (
        *_kept(INT, "enable", "rows", "columns", "width", "height"),
        *_checked(INT, "gpu-id", "nvbuf-memory-type", "compute-hw", "buffer-pool-size"),
        *_checked(BOOL, "square-seq-grid", support=_NO),
    ),
    _yaml(
        "parse_tiled_display_yaml",
        "[WARNING] Unknown param found in tiled-display: {key}",
        "",
        "rows columns width height gpu-id nvbuf-memory-type compute-hw buffer-pool-size",
    ),
)

GIE = GroupTable(
    "parse_gie",
    1699,
    1721,
    (
        *_kept(INT, "enable", "batch-size", "interval", "gie-unique-id", "gpu-id"),
        *_kept(PATH, "config-file", "model-engine-file"),
        *_kept(PATH, "labelfile-path", support=_ANY),
        *_kept(INT, "plugin-type"),
        *_kept(BOOL, "input-tensor-meta"),
        *_checked(PATH, "infer-raw-output-dir", support=_NO),
        *_checked(INT, "operate-on-gie-id", "nvbuf-memory-type", "audio-framesize", "audio-hopsize"),
        *_checked(INT, "audio-input-rate", "min-crop-size", "verbose"),
        *_checked(ValueKind.INT_LIST, "operate-on-class-ids"),
        *_checked(STRING, "audio-transform", "model-variant", "device", "backend", "triton-url", "triton-model"),
    ),
    _yaml(
        "parse_gie_yaml",
        "[WARNING] Unknown param found in gie: {key}",
        "min-crop-size verbose model-variant device backend triton-url triton-model",
        "batch-size plugin-type audio-framesize audio-hopsize audio-input-rate interval gie-unique-id gpu-id "
        "nvbuf-memory-type",
    ),
)
BORDER_COLOR = "bbox-border-color"
GIE_COLOR_PREFIXES = (BORDER_COLOR, "bbox-bg-color")

SINK = GroupTable(
    "parse_sink",
    2373,
    2386,
    (
        *_kept(INT, "enable", "type", "sync", "source-id", "width", "height", "container", "codec", "enc-type"),
        *_kept(INT, "bitrate", "profile", "iframeinterval", "gpu-id"),
        *_kept(STRING, "output-file"),
        *_kept(BOOL, "qos", support=_ANY),
        *_kept(INT, "link-to-demux", support=_NO),
        *_checked(BOOL, "nvdslogger", "show-fps", "show-latency", support=_NO),
        *_checked(BOOL, "new-api", "msg-conv-msg2p-new-api"),
        *_checked(INT, "nvbuf-memory-type", "copy-meta", "output-io-mode", "sw-preset", "rtsp-port", "udp-port"),
        *_checked(INT, "color-range", "conn-id", "plane-id", "set-mode", "compute-hw", "msg-broker-comp-id"),
        *_checked(INT, "disable-msgconv", "sleep-time", "msg-conv-payload-type", "msg-conv-comp-id"),
        *_checked(INT, "multiple-payloads", "msg-conv-frame-interval", "msg-conv-dummy-payload"),
        *_checked(ValueKind.UINT64, "udp-buffer-size"),
        *_checked(STRING, "msg-broker-proto-lib", "msg-broker-conn-str", "topic", "msg-conv-embedding-filter"),
        *_checked(PATH, "msg-broker-config", "msg-conv-config", "msg-conv-msg2p-lib", "debug-payload-dir"),
    ),
    _yaml(
        "parse_sink_yaml",
        "[WARNING] Unknown param found in sink: {key}",
        "copy-meta output-io-mode sw-preset msg-conv-embedding-filter sleep-time",
        "nvbuf-memory-type profile iframeinterval source-id rtsp-port udp-port color-range conn-id plane-id gpu-id "
        "msg-broker-comp-id",
    ),
)

# groups that the embedded runtime does not run: named when enabled, their keys not looked at
FOREIGN_GROUPS = (
    "tracker",
    "pre-process",
    "nvds-analytics",
    "message-converter",
    "ds-example",
    "img-save",
    "segvisual",
    "visionencoder",
    "text-embedder",
    "replay",
)
FOREIGN_PREFIXES = ("secondary-pre-process", "message-consumer")
