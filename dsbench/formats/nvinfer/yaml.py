"""nvinfer's configuration as YAML: the keys and checks of the ini file, read through yaml-cpp.

The groups are maps, lists are text with semicolons. What differs from the ini reader is DeepStream's own doing
(``gstnvinfer_yaml_parser.cpp`` of 9.1): switches are integers (``true`` aborts the process), ``threshold``,
``enable-dbscan``, ``is-classifier`` and ``input-dims`` are unknown, unknown keys of class groups are reported under the
group's real name, and most texts lack the quotes around the key.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from dsbench.base.errors import DsbenchError
from dsbench.formats import yamlfile
from dsbench.formats.keyfile import ValueKind
from dsbench.formats.nvinfer.groups import CLASS_PREFIX, PROPERTY, ClassAttrs
from dsbench.formats.nvinfer.keys import SPECIAL_KEYS, ClassKey, PropertyKey, class_key, property_key
from dsbench.formats.nvinfer.reader import DETECTORS, Reader
from dsbench.formats.yamlfile import Node, NodeKind


def _names(text: str) -> frozenset[str]:
    return frozenset(text.split())


_UNSIGNED = _names(
    "gie-unique-id gpu-id tensor-meta-pool-size batch-size workspace-size network-mode network-type model-color-format "
    "num-detected-classes cluster-mode disable-output-host-copy stabilize-buffer-count"
)
# keys of nvinfer's element rather than of its library: read as text first, then by std::stoi
_BY_TEXT = _names(
    "process-mode classifier-async-mode interval output-tensor-meta output-instance-mask secondary-reinfer-interval "
    "maintain-aspect-ratio symmetric-padding input-object-min-width input-object-min-height input-object-max-width "
    "input-object-max-height operate-on-gie-id scaling-compute-hw scaling-filter crop-objects-to-roi-boundary"
)
_WORDINGS = {
    # the element's own value is printed, which is still the default
    "batch-size": "Error: batch-size(1) should be in the range [1,1024]",
    "network-type": "Error. Invalid value for network-type':'{value}'",
    "network-input-order": "Error. Invalid value for network-input-order, network input order :{value}",
    "uff-input-order": "Error. Invalid value for uff-input-order, UFF input order:{value}",
    **{
        f"input-object-{end}": f"Error: Negative value specified for input-object-{end} ({{value}})"
        for end in ("min-width", "min-height", "max-width", "max-height")
    },
}


class YamlReader(Reader):
    """One pass over one YAML file."""

    failed = "** ERROR: <gst_nvinfer_parse_config_file_yaml:1056>: failed"

    def read_groups(self) -> tuple[ClassAttrs, tuple[tuple[int, ClassAttrs], ...]]:
        """As in the ini reader; a file without content is announced first."""
        root = yamlfile.load(self.path)
        if root.kind is NodeKind.NULL:
            self.console(f"Can't open config file ({self.path})")
        group = root.get(PROPERTY)
        self.file = yamlfile.as_keyfile(root)
        if group is None:
            raise self.no_property()
        self.guarded(lambda: self._read_map(group), f"Failed to parse group {PROPERTY}")
        return self._class_maps(root)

    def _read_map(self, group: Node) -> None:
        for name, node in group.entries():
            key = property_key(name)
            if key is None or name in SPECIAL_KEYS:
                yamlfile.as_string(node)
                self.warn(f"Unknown or legacy key specified '{name}' for group {PROPERTY}")
            else:
                self.accept(key, _value(key, node))

    def worded(self, name: str, value: Any, problem: str) -> str:
        """The YAML reader's own spelling."""
        if name in _WORDINGS:
            return _WORDINGS[name].format(value=value)
        return problem.replace(f"'{name}'", name)

    def _class_maps(self, root: Node) -> tuple[ClassAttrs, tuple[tuple[int, ClassAttrs], ...]]:
        base = ClassAttrs()
        if self.values.get("network_type", 0) not in DETECTORS:
            return base, ()
        name_of_all = f"{CLASS_PREFIX}all"
        if (group := root.get(name_of_all)) is not None:
            base = self._class_map(name_of_all, group, base)
        found: dict[int, ClassAttrs] = {}
        for name, _ in root.entries():
            group = root.get(name)
            if group is not None and name.startswith(CLASS_PREFIX) and name != name_of_all:
                number = self._class_number(name, group)
                found[number] = self._class_map(name, group, found.get(number, base))
        return base, tuple(sorted(found.items()))

    def _class_number(self, name: str, group: Node) -> int:
        number = yamlfile.stoi(name.removeprefix(CLASS_PREFIX), f"{group.file}:{group.line} {name}")
        classes = self.values.get("num_detected_classes", 0)
        fix = f"the ids are 0 to {classes - 1}" if classes else f"set num-detected-classes in {PROPERTY}"
        if number < 0:
            raise self.fail(f"Invalid group [{name}]. class-id should be >= 0", name, fix=fix)
        if number >= classes:
            configured = f"while element has been configured with num-detected-classes={classes}"
            raise self.fail(f"Attributes specified for class {number} {configured}", name, fix=fix)
        return number

    def _class_map(self, name: str, group: Node, base: ClassAttrs) -> ClassAttrs:
        def read() -> ClassAttrs:
            changes: dict[str, Any] = {}
            for key_name, node in group.entries():
                key = class_key(key_name)
                if key is None or key_name == "threshold":
                    self.warn(f"Unknown key '{key_name}' for group [{name}]")
                else:
                    changes[key.field] = self.accept_class_value(name, key, _class_value(key, node))
            return replace(base, **changes)

        result: ClassAttrs = self.guarded(read, f"Error while parsing group {name}")
        return result


def _value(key: PropertyKey, node: Node) -> Any:
    """A value of ``[property]`` by the conversion that DeepStream uses for it."""
    where = f"{node.file}:{node.line} [{PROPERTY}] {key.name}"
    if key.name in _BY_TEXT:
        number = yamlfile.stoi(yamlfile.as_string(node), where)
        return bool(number) if key.kind is ValueKind.BOOL else number
    readers: dict[ValueKind, Callable[[], Any]] = {
        ValueKind.INT: lambda: yamlfile.as_unsigned(node) if key.name in _UNSIGNED else yamlfile.as_int(node),
        ValueKind.UINT64: lambda: yamlfile.as_uint64(node),
        ValueKind.BOOL: lambda: bool(yamlfile.as_int(node)),
        ValueKind.DOUBLE: lambda: yamlfile.as_double(node),
        ValueKind.STRING: lambda: yamlfile.as_string(node),
        ValueKind.PATH: lambda: yamlfile.as_string(node),
        ValueKind.STRING_LIST: lambda: tuple(_split(node)),
        ValueKind.INT_LIST: lambda: _numbers(key, node, yamlfile.stoi, where),
        ValueKind.DOUBLE_LIST: lambda: _numbers(key, node, yamlfile.stod, where),
    }
    try:
        return readers[key.kind]()
    except DsbenchError as error:
        raise DsbenchError(error.code, error.what, where=where, fix=error.fix) from None


def _class_value(key: ClassKey, node: Node) -> Any:
    where = f"{node.file}:{node.line} {key.name}"
    if key.kind is ValueKind.INT:
        return yamlfile.as_int(node)
    if key.kind is ValueKind.DOUBLE:
        return yamlfile.as_double(node)
    items = _split(node)
    return tuple(yamlfile.stod(item, where) for item in items) if len(items) == 4 else (0.0,) * len(items)


def _numbers(key: PropertyKey, node: Node, convert: Callable[[str, str], float], where: str) -> tuple[float, ...]:
    """The items are counted before they are converted: zeros stand in for those of a list of the wrong length."""
    items = _split(node)
    stand_in = (0,) * len(items)
    if key.rule is not None and key.rule(key.name, stand_in):
        return stand_in
    return tuple(convert(item, where) for item in items)


def _split(node: Node) -> list[str]:
    """``a;b;c``; an empty text is one empty item, and so is what follows a last semicolon."""
    return yamlfile.as_string(node).split(";")
