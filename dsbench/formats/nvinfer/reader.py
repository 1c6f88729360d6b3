"""The pass over an nvinfer ini file; ``groups`` has the result's classes, ``__init__`` the form of errors."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from dsbench.base import numbers
from dsbench.base.errors import Code, DsbenchError
from dsbench.formats import keyfile
from dsbench.formats.float32 import float32
from dsbench.formats.keyfile import Group, KeyFile, ValueKind
from dsbench.formats.nvinfer.groups import CLASS_PREFIX, PROPERTY, ClassAttrs, NvinferConfig
from dsbench.formats.nvinfer.keys import UFF_DIMS_KEYS, ClassKey, PropertyKey, Support, class_key, property_key
from dsbench.formats.paths import resolve_from_config

FAILED = "** ERROR: <gst_nvinfer_parse_config_file:1447>: failed"
Console = Callable[[str], None]
DETECTORS = (0, 3)


class Reader:
    """One pass over one ini file, collecting values, warnings and console lines."""

    failed = FAILED

    def __init__(self, path: Path, console: Console | None) -> None:
        self.path = path
        self.console = console or (lambda _line: None)
        self.warnings: list[str] = []
        self.unsupported: list[str] = []
        self.values: dict[str, Any] = {}
        self.file = KeyFile(())

    # --- console and errors

    def warn(self, line: str) -> None:
        self.warnings.append(line)
        self.console(line)

    def fail(self, what: str, group: str, key: str = "", fix: str = "") -> DsbenchError:
        found = self.file.group(group)
        entry = found.entry(key) if found else None
        place = f"{self.path}:{entry.line}" if entry else str(self.path)
        where = f"{place} [{group}] {key}".rstrip()
        return DsbenchError(Code.CONFIG_VALUE_INVALID, what, where=where, fix=fix)

    def value(self, group: Group, key: str, kind: ValueKind) -> Any:
        try:
            return keyfile.read(group, key, kind, where=str(self.path))
        except DsbenchError as error:
            what = f"Error while parsing config file: {error.what}"
            raise DsbenchError(error.code, what, where=error.where, fix=error.fix) from None

    # --- the file

    def load(self) -> NvinferConfig:
        """The whole file; a failure ends with nvinfer's own closing line."""
        try:
            attrs_all, attrs = self.read_groups()
        except DsbenchError as error:
            if error.code is not Code.CONFIG_ABORTED:
                if not isinstance(error.__cause__, _Printed):
                    self.console(error.what)
                self.console(self.failed)
            raise
        group = self.file.group(PROPERTY)
        return NvinferConfig(
            path=Path(self.path).resolve(),
            source=self.file,
            class_attrs_all=attrs_all,
            class_attrs=attrs,
            present=frozenset(group.keys() if group is not None else ()),
            warnings=tuple(self.warnings),
            unsupported=tuple(self.unsupported),
            **self.values,
        )

    def read_groups(self) -> tuple[ClassAttrs, tuple[tuple[int, ClassAttrs], ...]]:
        """Fills ``values`` from [property] and returns the class attributes: of all classes, then by id."""
        self.file = self._load_file()
        group = self.file.group(PROPERTY)
        if group is None:
            raise self.no_property()
        self.guarded(lambda: self._read_property(group), f"Failed to parse group {PROPERTY}")
        return self._read_class_groups()

    def no_property(self) -> DsbenchError:
        """The mandatory group is missing."""
        return self.fail(f"Could not find group {PROPERTY}", PROPERTY, fix="an nvinfer config begins with [property]")

    def _load_file(self) -> KeyFile:
        try:
            return keyfile.load(self.path)
        except DsbenchError as error:
            what = f"Failed to load config file: {error.what}"
            raise DsbenchError(error.code, what, where=error.where, fix=error.fix) from None

    def guarded(self, read: Callable[[], Any], closing: str) -> Any:
        """Run one step; on failure print its reason and then the closing line, as nvinfer's nested functions
        do.
        """
        try:
            return read()
        except DsbenchError as error:
            if error.code is Code.CONFIG_ABORTED:
                raise
            self.console(error.what)
            self.console(closing)
            raise error from _Printed()

    # --- [property]

    def _read_property(self, group: Group) -> None:
        legacy = group.get("is-classifier") is not None and group.get("network-type") is None
        if legacy:
            self._store("network-type", int(self.value(group, "is-classifier", ValueKind.BOOL)))
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
        self.accept(key, self.value(group, key.name, key.kind))

    def accept(self, key: PropertyKey, value: Any) -> None:
        """Checks and keeps a typed value of ``[property]``."""
        if key.kind is ValueKind.DOUBLE:
            value = float32(value)
        elif key.kind is ValueKind.DOUBLE_LIST:
            value = tuple(float32(item) for item in value)
        elif key.kind is ValueKind.PATH:
            value = self._path(key, value)
        problem = key.rule(key.name, value) if key.rule else ""
        if problem:
            fix = f"{key.name} takes {key.expected}" if key.expected else ""
            raise self.fail(self.worded(key.name, value, problem), PROPERTY, key.name, fix)
        self._store(key.name, value)

    def worded(self, name: str, value: Any, problem: str) -> str:
        """DeepStream's words for a value that is not allowed."""
        return problem

    def _path(self, key: PropertyKey, text: str) -> Path:
        resolved = resolve_from_config(self.path, text)
        if resolved is None:
            fix = "part of the path is not a directory, not readable, or a loop of links"
            raise self.fail(f"Error: Could not parse {key.path_of} path", PROPERTY, key.name, fix)
        return Path(resolved)

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
        elif self.value(group, "enable-dbscan", ValueKind.BOOL):
            self._store("cluster-mode", 1)

    def _read_uff_dims(self, group: Group, name: str) -> None:
        if group.get("infer-dims") is not None:
            self.warn(f"Warning: Ignoring '{name}' parameter since 'infer-dims' has been set.")
            return
        self.warn("Warning: 'input-dims' parameter has been deprecated. Use 'infer-dims' instead.")
        dims = self.value(group, name, ValueKind.INT_LIST)
        fix = "write infer-dims=c;h;w instead"
        if len(dims) != 4:
            what = f"Error. '{name}' array length is {len(dims)}. Should be 4[a;b;c;ORDER]."
            raise self.fail(what, PROPERTY, name, fix)
        if dims[3] not in (0, 1, 2):
            raise self.fail(f"Error. Invalid value for '{name}', UFF input order :'{dims[3]}'", PROPERTY, name, fix)
        self._store("infer-dims", dims[:3])

    # --- [class-attrs-*]

    def _read_class_groups(self) -> tuple[ClassAttrs, tuple[tuple[int, ClassAttrs], ...]]:
        base = ClassAttrs()
        if self.values.get("network_type", 0) not in DETECTORS:
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
        number = numbers.whole(match.group(1))
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

        result: ClassAttrs = self.guarded(read, f"Error while parsing group {group.name}")
        return result

    def _class_value(self, group: Group, key: ClassKey) -> Any:
        return self.accept_class_value(group.name, key, self.value(group, key.name, key.kind))

    def accept_class_value(self, group: str, key: ClassKey, value: Any) -> Any:
        """Checks a typed value of a class group; floats become float32."""
        if key.kind is ValueKind.DOUBLE_LIST:
            wrong = len(value) != 4
        else:
            value = float32(value) if key.kind is ValueKind.DOUBLE else value
            wrong = value < 0 or value > key.high
        if wrong:
            what = key.wrong % {"value": value, "group": group}
            raise self.fail(what, group, key.name, f"{key.name} takes {key.expected}")
        return value


class _Printed(Exception):
    """Marks an error whose lines already went to the console."""
