"""nvinfer's configuration file, read as DeepStream 9.1 reads it: same defaults, same order, same words.

``load(path, console=...)`` hands every line that nvinfer itself would print on **stderr** to ``console``, in
order and without the newline: warnings, then for a bad file the reason, ``Failed to parse group property``
(or ``Error while parsing group G``) and ``** ERROR: <gst_nvinfer_parse_config_file:1447>: failed``. A program
that imitates nvinfer needs nothing else; print them with ``errors="replace"``, which turns GLib's curly
quotes into ``?`` outside UTF-8 exactly as GLib does. The error that follows has in ``what`` DeepStream's
first line (``Error. Invalid value for 'cluster-mode':'7'``), in ``where`` file, line, group and key, and a
fix.

deepstream-app sets ``config-file-path`` before everything else, so a wrong value in the file is fatal even
for a key that ``[primary-gie]`` overrides (batch-size, interval, gie-unique-id, gpu-id, model-engine-file).
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from dsbench.errors import Code, DsbenchError
from dsbench.formats import keyfile
from dsbench.formats.float32 import float32
from dsbench.formats.keyfile import Group, KeyFile, Kind
from dsbench.formats.nvinfer_keys import (
    UFF_DIMS_KEYS,
    ClassKey,
    PropertyKey,
    Support,
    class_key,
    property_key,
)
from dsbench.formats.paths import resolve_from_config

PROPERTY = "property"
CLASS_PREFIX = "class-attrs-"
FAILED = "** ERROR: <gst_nvinfer_parse_config_file:1447>: failed"
_DETECTORS = (0, 3)
Color = tuple[float, float, float, float]
Console = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class ClassAttrs:
    """Thresholds and filters of one class, with DeepStream's defaults. Floats are float32 values, sizes frame
    pixels; topk -1: all.
    """

    pre_cluster_threshold: float = float32(0.2)
    post_cluster_threshold: float = 0.0
    nms_iou_threshold: float = float32(0.3)
    topk: int = -1
    eps: float = 0.0
    group_threshold: int = 0
    min_boxes: int = 0
    dbscan_min_score: float = 0.0
    roi_top_offset: int = 0
    roi_bottom_offset: int = 0
    detected_min_w: int = 0
    detected_min_h: int = 0
    detected_max_w: int = 0
    detected_max_h: int = 0
    border_color: Color = (1.0, 0.0, 0.0, 1.0)
    bg_color: Color | None = None


@dataclass(frozen=True, slots=True)
class NvinferConfig:
    """A whole nvinfer config; every default is DeepStream's. Float values are float32, as stored in
    ``NvDsInferContextInitParams``.

    ``path``: real path of the file; paths are resolved as nvinfer does (a missing one may be shortened, see
    ``paths``). ``present``: keys of ``[property]``; ``warnings``: DeepStream's own texts; ``unsupported``:
    known keys with an effect that the embedded runtime does not reproduce; ``source``: the raw text, for line
    numbers and for what the user wrote.
    """

    path: Path
    source: KeyFile
    gie_unique_id: int | None = None
    gpu_id: int = 0
    process_mode: int = 1
    batch_size: int = 1
    interval: int = 0
    network_mode: int = 0
    network_type: int = 0
    onnx_file: Path | None = None
    model_engine_file: Path | None = None
    labelfile_path: Path | None = None
    custom_lib_path: Path | None = None
    mean_file: Path | None = None
    tlt_encoded_model: Path | None = None
    parse_bbox_func_name: str = ""
    engine_create_func_name: str = ""
    custom_network_config: str = ""
    num_detected_classes: int = 0
    cluster_mode: int = 0
    net_scale_factor: float = 1.0
    offsets: tuple[float, ...] = ()
    model_color_format: int = 0
    network_input_order: int = 0
    infer_dims: tuple[int, int, int] | None = None
    output_blob_names: tuple[str, ...] = ()
    maintain_aspect_ratio: bool = False
    symmetric_padding: bool = False
    crop_objects_to_roi_boundary: bool = False
    scaling_filter: int = 6
    scaling_compute_hw: int = 0
    filter_out_class_ids: tuple[int, ...] = ()
    output_tensor_meta: bool = False
    output_instance_mask: bool = False
    input_tensor_from_meta: bool = False
    stabilize_buffer_count: int = 0
    class_attrs_all: ClassAttrs = field(default_factory=ClassAttrs)
    class_attrs: tuple[tuple[int, ClassAttrs], ...] = ()
    present: frozenset[str] = frozenset()
    warnings: tuple[str, ...] = ()
    unsupported: tuple[str, ...] = ()

    def attrs_for(self, class_id: int) -> ClassAttrs:
        """The attributes of a class: ``[class-attrs-all]`` with the keys of ``[class-attrs-<id>]`` over it."""
        return next((attrs for number, attrs in self.class_attrs if number == class_id), self.class_attrs_all)


def load(path: Path | str, *, console: Console | None = None) -> NvinferConfig:
    """Read an nvinfer config. Raises DsbenchError(KEYFILE_INVALID | CONFIG_VALUE_INVALID) with DeepStream's
    text in ``what``.
    """
    path = Path(path)
    if path.suffix in (".yml", ".yaml"):
        raise DsbenchError(
            Code.CONFIG_VALUE_INVALID,
            "YAML configs are not read yet",
            where=str(path),
            fix="write the same keys as an ini file: [property], then key=value",
        )
    return _Reader(path, console).load()


class _Reader:
    """One pass over one file, collecting values, warnings and console lines."""

    def __init__(self, path: Path, console: Console | None) -> None:
        self.path = path
        self.console = console or (lambda _line: None)
        self.warnings: list[str] = []
        self.unsupported: list[str] = []
        self.values: dict[str, Any] = {}
        self.file = KeyFile(())

    # --- console and errors
    # -----------------------------------------------------------------------------------------

    def warn(self, line: str) -> None:
        self.warnings.append(line)
        self.console(line)

    def fail(self, what: str, group: str, key: str = "", fix: str = "") -> DsbenchError:
        found = self.file.group(group)
        entry = found.entry(key) if found else None
        place = f"{self.path}:{entry.line}" if entry else str(self.path)
        where = f"{place} [{group}] {key}".rstrip()
        return DsbenchError(Code.CONFIG_VALUE_INVALID, what, where=where, fix=fix)

    def value(self, group: Group, key: str, kind: Kind) -> Any:
        try:
            return keyfile.read(group, key, kind, where=str(self.path))
        except DsbenchError as error:
            what = f"Error while parsing config file: {error.what}"
            raise DsbenchError(error.code, what, where=error.where, fix=error.fix) from None

    # --- the file
    # ---------------------------------------------------------------------------------------------------

    def load(self) -> NvinferConfig:
        try:
            self.file = self._load_file()
            group = self.file.group(PROPERTY)
            if group is None:
                raise self.fail(
                    f"Could not find group {PROPERTY}", PROPERTY, fix="an nvinfer config begins with [property]"
                )
            self._guarded(lambda: self._read_property(group), f"Failed to parse group {PROPERTY}")
            attrs_all, attrs = self._read_class_groups()
        except DsbenchError as error:
            if not isinstance(error.__cause__, _Printed):
                self.console(error.what)
            self.console(FAILED)
            raise
        return NvinferConfig(
            path=Path(self.path).resolve(),
            source=self.file,
            class_attrs_all=attrs_all,
            class_attrs=attrs,
            present=frozenset(group.keys()),
            warnings=tuple(self.warnings),
            unsupported=tuple(self.unsupported),
            **self.values,
        )

    def _load_file(self) -> KeyFile:
        try:
            return keyfile.load(self.path)
        except DsbenchError as error:
            what = f"Failed to load config file: {error.what}"
            raise DsbenchError(error.code, what, where=error.where, fix=error.fix) from None

    def _guarded(self, read: Callable[[], Any], closing: str) -> Any:
        """Run one step; on failure print its reason and then the closing line, as nvinfer's nested functions
        do.
        """
        try:
            return read()
        except DsbenchError as error:
            self.console(error.what)
            self.console(closing)
            raise error from _Printed()

    # --- [property]
    # -------------------------------------------------------------------------------------------------

    def _read_property(self, group: Group) -> None:
        legacy = group.get("is-classifier") is not None and group.get("network-type") is None
        if legacy:
            self._store("network-type", int(self.value(group, "is-classifier", Kind.BOOL)))
        for name in group.listed or group.keys():
            if legacy and name == "is-classifier":
                continue
            if name in UFF_DIMS_KEYS:
                self._read_uff_dims(group, name)
            elif name == "enable-dbscan":
                self._read_enable_dbscan(group)
            elif (key := property_key(name)) is None:
                self.warn(f"Unknown or legacy key specified '{name}' for group [{PROPERTY}]")
            else:
                self._read_key(group, key)

    def _read_key(self, group: Group, key: PropertyKey) -> None:
        value = self.value(group, key.name, key.kind)
        if key.kind is Kind.DOUBLE:
            value = float32(value)
        elif key.kind is Kind.DOUBLE_LIST:
            value = tuple(float32(item) for item in value)
        elif key.kind is Kind.PATH:
            resolved = resolve_from_config(self.path, value)
            if resolved is None:
                raise self.fail(
                    f"Error: Could not parse {key.path_of} path",
                    PROPERTY,
                    key.name,
                    "part of the path is not a directory, not readable, or a loop of links",
                )
            value = Path(resolved)
        problem = key.rule(key.name, value) if key.rule else ""
        if problem:
            raise self.fail(problem, PROPERTY, key.name, f"{key.name} takes {key.expected}" if key.expected else "")
        self._store(key.name, value)

    def _store(self, name: str, value: Any) -> None:
        key = property_key(name)
        if key is None:
            return
        if key.field:
            self.values[key.field] = value
        if key.support is Support.UNSUPPORTED and value and name not in self.unsupported:
            self.unsupported.append(name)

    def _read_enable_dbscan(self, group: Group) -> None:
        self.warn("Warn: 'enable-dbscan' parameter has been deprecated. Use 'cluster-mode' instead.")
        if group.get("cluster-mode") is not None:
            self.warn("Warn: Ignoring 'enable-dbscan' parameter since 'cluster-mode' has been set.")
        elif self.value(group, "enable-dbscan", Kind.BOOL):
            self._store("cluster-mode", 1)

    def _read_uff_dims(self, group: Group, name: str) -> None:
        if group.get("infer-dims") is not None:
            self.warn(f"Warning: Ignoring '{name}' parameter since 'infer-dims' has been set.")
            return
        self.warn("Warning: 'input-dims' parameter has been deprecated. Use 'infer-dims' instead.")
        dims = self.value(group, name, Kind.INT_LIST)
        fix = "write infer-dims=c;h;w instead"
        if len(dims) != 4:
            what = f"Error. '{name}' array length is {len(dims)}. Should be 4[a;b;c;ORDER]."
            raise self.fail(what, PROPERTY, name, fix)
        if dims[3] not in (0, 1, 2):
            raise self.fail(f"Error. Invalid value for '{name}', UFF input order :'{dims[3]}'", PROPERTY, name, fix)
        self._store("infer-dims", dims[:3])

    # --- [class-attrs-*]
    # --------------------------------------------------------------------------------------------

    def _read_class_groups(self) -> tuple[ClassAttrs, tuple[tuple[int, ClassAttrs], ...]]:
        base = ClassAttrs()
        if self.values.get("network_type", 0) not in _DETECTORS:
            return base, ()
        name_of_all = CLASS_PREFIX + "all"
        if (group := self.file.group(name_of_all)) is not None:
            base = self._read_class_group(group, base)
        found: dict[int, ClassAttrs] = {}
        for group in self.file.groups:
            if group.name.startswith(CLASS_PREFIX) and group.name != name_of_all:
                number = self._class_id(group.name)
                found[number] = self._read_class_group(group, found.get(number, base))
        return base, tuple(sorted(found.items()))

    def _class_id(self, name: str) -> int:
        match = re.match(r"\s*([+-]?\d+)", name[len(CLASS_PREFIX) :], re.ASCII)
        classes = self.values.get("num_detected_classes", 0)
        fix = f"the ids are 0 to {classes - 1}" if classes else "set num-detected-classes in [property]"
        if match is None:
            usage = f"Class attributes should be specified using group name '{CLASS_PREFIX}<class-id>'"
            what = f"Invalid group [{name}]. {usage}"
            raise self.fail(what, name, fix=fix)
        number = int(match.group(1))
        if number < 0:
            raise self.fail(f"Invalid group [{name}]. class-id should be >= 0", name, fix=fix)
        if number >= classes:
            configured = f"while element has been configured with num-detected-classes={classes}"
            what = f"Attributes specified for class {number} {configured}"
            raise self.fail(what, name, fix=fix)
        return number

    def _read_class_group(self, group: Group, base: ClassAttrs) -> ClassAttrs:
        def read() -> ClassAttrs:
            changes: dict[str, Any] = {}
            for name in group.listed or group.keys():
                key = class_key(name)
                if key is None:
                    # the text says [property] for every class group: DeepStream's own slip
                    self.warn(f"Unknown key '{name}' for group [{PROPERTY}]")
                    continue
                if name == "threshold":
                    self.warn("Warn: 'threshold' parameter has been deprecated. Use 'pre-cluster-threshold' instead.")
                changes[key.field] = self._class_value(group, key)
            return replace(base, **changes)

        result: ClassAttrs = self._guarded(read, f"Error while parsing group {group.name}")
        return result

    def _class_value(self, group: Group, key: ClassKey) -> Any:
        value = self.value(group, key.name, key.kind)
        if key.kind is Kind.DOUBLE_LIST:
            wrong = len(value) != 4
        else:
            value = float32(value) if key.kind is Kind.DOUBLE else value
            wrong = value < 0 or value > key.high
        if wrong:
            what = key.wrong % {"value": value, "group": group.name}
            raise self.fail(what, group.name, key.name, f"{key.name} takes {key.expected}")
        return value


class _Printed(Exception):
    """Marks an error whose lines already went to the console."""
