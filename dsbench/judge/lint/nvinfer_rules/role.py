"""Rules about what an nvinfer config is for: detector or not, primary or secondary, and who reads its results."""

from __future__ import annotations

from collections.abc import Iterator

from dsbench.judge.lint.context import (
    CLASSIFIER,
    DETECTOR,
    INSTANCE_SEGMENTATION,
    SEGMENTATION,
    NvinferSubject,
)
from dsbench.judge.lint.finding import ERROR, NOTE, WARNING
from dsbench.judge.lint.rule import Hit, LintRule, hit

_OF_SECONDARY = (
    "operate-on-gie-id",
    "operate-on-class-ids",
    "input-object-min-width",
    "input-object-min-height",
    "input-object-max-width",
    "input-object-max-height",
    "secondary-reinfer-interval",
)
_OF_CLASSIFIER = (
    "classifier-threshold",
    "classifier-async-mode",
    "classifier-type",
    "parse-classifier-func-name",
)
_OF_SEGMENTATION = ("segmentation-threshold", "segmentation-output-order", "parse-segmentation-func-name")
_FULL_FRAME, _OBJECTS = 1, 2


def _network_type(subject: NvinferSubject) -> Iterator[Hit]:
    config = subject.config
    has_function = bool(config.parse_bbox_func_name) and config.network_type != INSTANCE_SEGMENTATION
    if config.network_type != DETECTOR and (has_function or not subject.context.alone):
        yield hit(config.network_type, key="network-type")


def _unique_id(subject: NvinferSubject) -> Iterator[Hit]:
    if "gie-unique-id" not in subject.config.present:
        yield hit()


def _process_mode(subject: NvinferSubject) -> Iterator[Hit]:
    if subject.config.process_mode == _OBJECTS and not subject.secondary:
        yield hit(key="process-mode")


def _secondary_key(subject: NvinferSubject) -> Iterator[Hit]:
    whole_frames = subject.config.process_mode == _FULL_FRAME and not subject.secondary
    for key in _OF_SECONDARY if whole_frames else ():
        value = subject.file.raw(key, "property")
        if value is not None and value.strip() not in ("", "0", "-1"):
            chooses_objects = key.startswith("operate-on") or not subject.context.alone
            yield hit(key, key=key, severity=WARNING if chooses_objects else NOTE)


def _foreign_key(subject: NvinferSubject) -> Iterator[Hit]:
    for kind, name, keys in (
        (CLASSIFIER, "a classifier (network-type=1)", _OF_CLASSIFIER),
        (SEGMENTATION, "a segmentation network (network-type=2)", _OF_SEGMENTATION),
    ):
        for key in keys if subject.config.network_type == DETECTOR != kind else ():
            if subject.given(key):
                yield hit(key, name, key=key)


def _tensor_meta(subject: NvinferSubject) -> Iterator[Hit]:
    if subject.config.output_tensor_meta and subject.config.network_type == DETECTOR:
        yield hit(key="output-tensor-meta")


def _input_tensor(subject: NvinferSubject) -> Iterator[Hit]:
    if subject.config.input_tensor_from_meta:
        yield hit(key="input-tensor-from-meta")


def _host_copy(subject: NvinferSubject) -> Iterator[Hit]:
    value = subject.file.raw("disable-output-host-copy", "property")
    on_gpu = "cuda" in subject.config.parse_bbox_func_name.lower()
    if value is not None and value.strip() not in ("", "0") and subject.detector and not on_gpu:
        yield hit(key="disable-output-host-copy")


def _interval(subject: NvinferSubject) -> Iterator[Hit]:
    interval = subject.config.interval
    if interval > 0:
        yield hit(interval, interval + 1, key="interval")


def _stabilize(subject: NvinferSubject) -> Iterator[Hit]:
    if subject.config.stabilize_buffer_count > 0:
        yield hit(subject.config.stabilize_buffer_count, key="stabilize-buffer-count")


ROWS = (
    LintRule(
        "network-type",
        ERROR,
        "network-type",
        _network_type,
        "network-type={0}: parse-bbox-func-name is only called for network-type=0",
        "set network-type=0",
    ),
    LintRule(
        "gie-unique-id",
        WARNING,
        "gie-unique-id",
        _unique_id,
        "gie-unique-id is missing: nvinfer refuses to start unless the app sets it",
        "add gie-unique-id=1",
        alone=NOTE,
    ),
    LintRule(
        "process-mode",
        WARNING,
        "process-mode",
        _process_mode,
        "process-mode=2 on a primary detector: it then runs on objects of another model, of which there are none "
        "(deepstream-app sets 1 itself, other pipelines do not)",
        "set process-mode=1",
    ),
    LintRule(
        "secondary-key",
        WARNING,
        "operate-on-gie-id, operate-on-class-ids, input-object-*, secondary-reinfer-interval",
        _secondary_key,
        "{0} has no effect with process-mode=1: it is a key of secondary models",
        "remove it, or set process-mode=2 if this model runs on the objects of another one",
    ),
    LintRule(
        "foreign-key",
        WARNING,
        "classifier-*, segmentation-*, parse-classifier-func-name, parse-segmentation-func-name",
        _foreign_key,
        "{0} has no effect on a detector: it is a key of {1}",
        "remove it, or correct network-type",
    ),
    LintRule(
        "output-tensor-meta",
        WARNING,
        "output-tensor-meta",
        _tensor_meta,
        "output-tensor-meta=1: every raw output is attached to every batch, and deepstream-app does not read it",
        "set output-tensor-meta=0 unless a probe of your own reads NvDsInferTensorMeta",
        alone=NOTE,
    ),
    LintRule(
        "input-tensor-from-meta",
        ERROR,
        "input-tensor-from-meta",
        _input_tensor,
        "input-tensor-from-meta=1: nvinfer scales and normalises nothing and waits for the tensors of nvdspreprocess",
        "set it to 0 unless a [pre-process] group prepares the tensors",
        alone=NOTE,
    ),
    LintRule(
        "output-host-copy",
        WARNING,
        "disable-output-host-copy",
        _host_copy,
        "disable-output-host-copy=1: the parser gets pointers of GPU memory, which it cannot read on the CPU",
        "set disable-output-host-copy=0",
    ),
    LintRule(
        "interval",
        WARNING,
        "interval",
        _interval,
        "interval={0}: {0} of {1} batches are not inferred, their frames have no detections without a tracker",
        "set interval=0, or add a [tracker] to the app config",
        alone=NOTE,
    ),
    LintRule(
        "stabilize-buffer-count",
        WARNING,
        "stabilize-buffer-count",
        _stabilize,
        "stabilize-buffer-count={0}: the first {0} batches are dropped",
        "set stabilize-buffer-count=0",
        alone=NOTE,
    ),
)
