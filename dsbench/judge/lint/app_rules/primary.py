"""Rules about [primary-gie], its nvinfer config, trackers and secondary models."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from dsbench.judge.lint.app_rules.batching import LARGEST_BATCH
from dsbench.judge.lint.app_subject import APPLICATION, PRIMARY, AppSubject, whole
from dsbench.judge.lint.finding import NOTE, WARNING
from dsbench.judge.lint.rule import Hit, LintRule, hit

_SECONDARY = "secondary-gie"
_NVINFER = 0


def _interval(subject: AppSubject) -> Iterator[Hit]:
    interval, gie = subject.interval, subject.config.primary_gie
    if gie is not None and interval > 0 and not subject.has("tracker"):
        if gie.interval is not None:
            yield hit(interval, interval + 1, key="interval", group=PRIMARY)
        else:
            yield Hit((interval, interval + 1), "interval", file=subject.nvinfer_file)


def _other_id(subject: AppSubject) -> Iterator[Hit]:
    gie, nvinfer = subject.config.primary_gie, subject.nvinfer
    if gie is None or nvinfer is None or gie.gie_unique_id is None or nvinfer.gie_unique_id is None:
        return
    if gie.gie_unique_id != nvinfer.gie_unique_id:
        yield hit(gie.gie_unique_id, nvinfer.gie_unique_id, key="gie-unique-id", group=PRIMARY)


def _no_id(subject: AppSubject) -> Iterator[Hit]:
    gie, nvinfer = subject.config.primary_gie, subject.nvinfer
    if gie and nvinfer and not gie.gie_unique_id and not nvinfer.gie_unique_id:
        yield hit(key="config-file", group=PRIMARY)


def _overridden(subject: AppSubject) -> Iterator[Hit]:
    gie, nvinfer = subject.config.primary_gie, subject.nvinfer
    if gie is None or nvinfer is None:
        return
    for key, value, other in (
        ("batch-size", gie.batch_size, nvinfer.batch_size),
        ("interval", gie.interval, nvinfer.interval),
    ):
        taken = key != "batch-size" or 1 <= (value or 0) <= LARGEST_BATCH
        if value is not None and value != other and key in nvinfer.present and taken:
            yield hit(f"{key}={value}", other, key=key, group=PRIMARY)
    mine, theirs = gie.model_engine_file, nvinfer.model_engine_file
    if mine and theirs and mine.name != theirs.name:
        yield hit(f"model-engine-file={mine.name}", theirs.name, key="model-engine-file", group=PRIMARY)


def _labels(subject: AppSubject) -> Iterator[Hit]:
    gie, nvinfer = subject.config.primary_gie, subject.nvinfer
    if gie and nvinfer and gie.labelfile_path and nvinfer.labelfile_path is None:
        yield hit(key="labelfile-path", group=PRIMARY)


def _process_mode(subject: AppSubject) -> Iterator[Hit]:
    nvinfer = subject.nvinfer
    if nvinfer and nvinfer.process_mode == 2:
        yield Hit((), "process-mode", file=subject.nvinfer_file)


def _tensor_meta(subject: AppSubject) -> Iterator[Hit]:
    nvinfer, gie = subject.nvinfer, subject.config.primary_gie
    raw = gie is not None and subject.given("infer-raw-output-dir", PRIMARY)
    if nvinfer and nvinfer.output_tensor_meta and nvinfer.network_type == 0 and not raw:
        yield Hit((), "output-tensor-meta", file=subject.nvinfer_file)


def _tensors(subject: AppSubject) -> Iterator[Hit]:
    gie, prepared = subject.config.primary_gie, subject.has("pre-process")
    if gie is None or prepared:
        return
    if gie.input_tensor_meta:
        yield hit("input-tensor-meta=1", key="input-tensor-meta", group=PRIMARY)
    elif subject.nvinfer and subject.nvinfer.input_tensor_from_meta:
        yield Hit(("input-tensor-from-meta=1",), "input-tensor-from-meta", file=subject.nvinfer_file)


def _secondary_id(subject: AppSubject) -> Iterator[Hit]:
    gie = subject.config.primary_gie
    primary = (gie.gie_unique_id if gie else None) or (subject.nvinfer.gie_unique_id if subject.nvinfer else None)
    if primary is None:
        return
    groups = list(subject.enabled(_SECONDARY))
    ids = {primary, *(whole(group.get("gie-unique-id")) for group in groups)}
    for group in groups:
        wanted = whole(group.get("operate-on-gie-id"))
        if wanted > 0 and wanted not in ids:
            known = ", ".join(map(str, sorted(ids)))
            yield hit(group.name, wanted, known, key="operate-on-gie-id", group=group.name)


def _config_file(subject: AppSubject) -> Iterator[Hit]:
    gie = subject.config.primary_gie
    if gie is None or gie.config_file.is_file() or gie.plugin_type != _NVINFER:
        return
    text = (subject.file.raw("config-file", PRIMARY) or "").strip()
    places = [Path.cwd() / text, subject.config.path.parent / Path(text).name]
    found = next((path for path in places if text and path.is_file()), None)
    if found is not None:
        yield hit(text, found.resolve(), key="config-file", group=PRIMARY)


def _kitti(subject: AppSubject) -> Iterator[Hit]:
    folder = subject.config.application.gie_kitti_output_dir
    if folder is not None and not folder.is_dir():
        yield hit(folder, key="gie-kitti-output-dir", group=APPLICATION)


def _perf(subject: AppSubject) -> Iterator[Hit]:
    application = subject.config.application
    if application.enable_perf_measurement and application.perf_measurement_interval_sec < 1:
        yield hit(key="enable-perf-measurement", group=APPLICATION)


ROWS = (
    LintRule(
        "app-interval",
        WARNING,
        "[primary-gie] interval, [tracker]",
        _interval,
        "interval={0} without a tracker: {0} of {1} batches are not inferred, their frames have no detections",
        "set interval=0, or enable a [tracker]",
    ),
    LintRule(
        "app-unique-id",
        WARNING,
        "gie-unique-id of both files",
        _other_id,
        "[primary-gie] gie-unique-id={0}, the nvinfer config has {1}: the app's value counts; what looks for {1} finds "
        "no objects (operate-on-gie-id, probes)",
        "give both the same number",
    ),
    LintRule(
        "app-unique-id",
        WARNING,
        "gie-unique-id of both files",
        _no_id,
        "neither [primary-gie] nor its nvinfer config sets gie-unique-id: nvinfer does not start (Unique ID not set)",
        "add gie-unique-id=1",
    ),
    LintRule(
        "app-override",
        NOTE,
        "[primary-gie] batch-size, interval, model-engine-file",
        _overridden,
        "{0} in [primary-gie] counts; the nvinfer config has {1}",
        "keep one of them, or make them equal",
    ),
    LintRule(
        "app-labels",
        WARNING,
        "[primary-gie] labelfile-path",
        _labels,
        "labelfile-path of [primary-gie] does not name detections: the nvinfer config has none, so they have no label",
        "set labelfile-path in the nvinfer config",
    ),
    LintRule(
        "app-process-mode",
        WARNING,
        "process-mode of the primary detector",
        _process_mode,
        "process-mode=2 in the config of [primary-gie]: deepstream-app sets 1 itself, other pipelines find nothing",
        "set process-mode=1",
    ),
    LintRule(
        "app-tensor-meta",
        WARNING,
        "output-tensor-meta of the primary detector",
        _tensor_meta,
        "output-tensor-meta=1: every raw output is attached to every batch, and deepstream-app does not read it",
        "set output-tensor-meta=0",
        alone=NOTE,
    ),
    LintRule(
        "app-input-tensor",
        WARNING,
        "[primary-gie] input-tensor-meta, input-tensor-from-meta, [pre-process]",
        _tensors,
        "{0} without an enabled [pre-process] group: nvinfer waits for tensors that nobody makes",
        "set it to 0, or enable [pre-process]",
    ),
    LintRule(
        "secondary-id",
        WARNING,
        "[secondary-gieN] operate-on-gie-id",
        _secondary_id,
        "[{0}] operate-on-gie-id={1}, but no model has that gie-unique-id (there are {2}): it never runs",
        "set operate-on-gie-id to the gie-unique-id of the model whose objects it classifies",
    ),
    LintRule(
        "app-config-file",
        WARNING,
        "[primary-gie] config-file",
        _config_file,
        "config-file does not exist: {0}",
        "paths are relative to the app config's own directory: the file is {1}",
    ),
    LintRule(
        "kitti-directory",
        WARNING,
        "[application] gie-kitti-output-dir",
        _kitti,
        "gie-kitti-output-dir does not exist: {0}; deepstream-app then writes no file and says nothing",
        "create the directory",
        alone=NOTE,
    ),
    LintRule(
        "perf-interval",
        WARNING,
        "[application] perf-measurement-interval-sec",
        _perf,
        "enable-perf-measurement=1 without perf-measurement-interval-sec: FPS is printed without pause, as inf or 0",
        "set perf-measurement-interval-sec=5",
    ),
)
