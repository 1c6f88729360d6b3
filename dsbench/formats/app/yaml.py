"""The pass over a deepstream-app YAML file (``deepstream_app_config_parser_yaml.cpp`` of DeepStream 9.1).

The groups and keys of the ini file, with DeepStream's own differences: ``source:`` names a CSV file that lists the
sources, every group is read unless ``enable`` says 0, paths are resolved with ``realpath``, and an unknown key of
``streammux`` ends the run. Lines go to ``console`` as in the ini reader, here without the macro's prefix.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any, ClassVar

from dsbench.base import reading
from dsbench.base.errors import Code, DsbenchError
from dsbench.base.reading import FileKind
from dsbench.formats import yamlfile
from dsbench.formats.app import keys as tables
from dsbench.formats.app.groups import Application, Osd, PrimaryGie, Sink, Source, StreamMux, Tests, TiledDisplay
from dsbench.formats.app.keys import AppKey, GroupTable
from dsbench.formats.app.reader import MAX_SOURCES, AppReader
from dsbench.formats.keyfile import ValueKind
from dsbench.formats.paths import join_to_config, resolve_from_config
from dsbench.formats.yamlfile import Node

_WHOLE_GROUPS: dict[str, tuple[GroupTable, str, Callable[..., Any]]] = {
    "streammux": (tables.STREAMMUX, "streammux", StreamMux),
    "osd": (tables.OSD, "osd", Osd),
    "tiled-display": (tables.TILED_DISPLAY, "tiled_display", TiledDisplay),
    "tests": (tables.TESTS, "tests", Tests),
}


class AppYamlReader(AppReader):
    """Reads one file; ``console`` receives DeepStream's stdout lines as they come."""

    function = "parse_config_file_yaml"
    lines: ClassVar[dict[str, int]] = {"sources": 434, "ids": 409, "secondary-ids": 419}

    def read_all(self) -> None:
        """The groups in the file's order, [application] before all others."""
        root = yamlfile.load(self.path)
        application = root.get("application")
        self.file = yamlfile.as_keyfile(root)
        if application is not None:
            values = self.read_map("application", application, tables.APPLICATION)
            self.config = replace(self.config, application=Application(**values))
        for name, _ in root.entries():
            group = root.get(name)
            if group is not None:
                self._group(name, group)
        self.check_ids()
        self.expand()

    def closing(self) -> None:
        """What the failing function prints last."""
        self.console(f"{self.function} failed")

    def _group(self, name: str, group: Node) -> None:
        if name == "source":
            self._sources(group)
        elif name in _WHOLE_GROUPS:
            table, field, build = _WHOLE_GROUPS[name]
            self.config = replace(self.config, **{field: build(**self._reporting(name, group, table))})
        elif name == "primary-gie" and not _switched_off(group):
            values = self._reporting(name, group, tables.GIE)
            gie = PrimaryGie(**{"enable": 0, **values})
            self.config = replace(self.config, primary_gie=gie if gie.enable else None)
        elif name.startswith("secondary-gie") and not _switched_off(group):
            values = self._reporting(name, group, tables.GIE)
            if values.get("enable"):
                self.secondary_ids.append(values.get("gie_unique_id", 0))
                self.note_unsupported(f"[{name}]")
        elif name.startswith("sink") and not _switched_off(group):
            values = self._reporting(name, group, tables.SINK)
            if values.get("enable"):
                self.sinks.append(Sink(len(self.sinks), name, **values))
        elif name in tables.FOREIGN_GROUPS or name.startswith((*tables.FOREIGN_PREFIXES, "dewarper")):
            enable = group.get("enable")
            if enable is not None and yamlfile.as_int(enable):
                self.note_unsupported(f"[{name}]")

    def _reporting(self, name: str, group: Node, table: GroupTable) -> dict[str, Any]:
        try:
            return self.read_map(name, group, table)
        except DsbenchError as error:
            if error.code is not Code.CONFIG_ABORTED:
                self.console("failed parsing")
            raise

    def read_map(self, name: str, group: Node, table: GroupTable) -> dict[str, Any]:
        """The values of a group by field name; a failure prints ``<function> failed``."""
        try:
            values: dict[str, Any] = {}
            for key_name, node in group.entries():
                key = table.yaml_key(key_name)
                if key is not None:
                    self.keep(values, name, key, self._value(name, table, key, node))
                elif table is tables.GIE and key_name.startswith(tables.GIE_COLOR_PREFIXES):
                    self._gie_color_text(values, name, key_name, node)
                else:
                    self._unknown(table, name, key_name)
            if table is tables.GIE:
                self._check_gie(name, values)
        except DsbenchError as error:
            if error.code is not Code.CONFIG_ABORTED:
                self.console(f"{table.yaml.function} failed")
            raise
        return values

    def _unknown(self, table: GroupTable, group: str, key: str) -> None:
        line = table.yaml.unknown.format(key=key)
        self.warnings.append(line)
        self.console(line)
        if table is tables.STREAMMUX:
            raise self.error("parse_streammux_yaml", line, group, key, "remove the key: DeepStream stops at it")

    def _value(self, group: str, table: GroupTable, key: AppKey, node: Node) -> Any:
        where = f"{node.file}:{node.line} [{group}] {key.name}"
        try:
            if key.kind is ValueKind.DOUBLE_LIST:
                # DeepStream reads the four numbers of a colour as whole ones
                return self._four(group, key.name, node, yamlfile.stoi)
            if key.kind is ValueKind.INT_LIST:
                return tuple(yamlfile.stoi(item, where) for item in yamlfile.as_string(node).split(";"))
            if key.kind in (ValueKind.STRING, ValueKind.PATH):
                text = yamlfile.as_string(node)
                return self._path(text, group, key.name) if key.kind is ValueKind.PATH else text
            if key.kind is ValueKind.UINT64:
                return yamlfile.as_uint64(node)
            unsigned = key.name in table.yaml.unsigned
            number = yamlfile.as_unsigned(node) if unsigned else yamlfile.as_int(node)
            return bool(number) if key.kind is ValueKind.BOOL else number
        except DsbenchError as error:
            raise DsbenchError(error.code, error.what, where=where, fix=error.fix) from None

    def _path(self, text: str, group: str, key: str) -> Path:
        resolved = resolve_from_config(self.path, text)
        if resolved is None and group not in ("application",):
            what = f"Error: Could not parse {key} in {group}."
            self.console(what)
            raise self.error("parse_gie_yaml", what, group, key, "part of the path cannot be read")
        return Path(resolved if resolved is not None else join_to_config(self.path, text))

    def _four(self, group: str, key: str, node: Node, convert: Callable[[str, str], float]) -> tuple[float, ...]:
        items = yamlfile.as_string(node).split(";")
        if len(items) != 4:
            color = "Color params should be exactly 4 floats {r, g, b, a} between 0 and 1"
            text = color if group == "osd" else f"Number of {color}"
            function = "parse_osd_yaml" if group == "osd" else "parse_gie_yaml"
            self.refuse(function, 61 if group == "osd" else 152, text, group, key, "write four numbers as 1;0;0;1")
        return tuple(float(convert(item, f"{node.file}:{node.line} {key}")) for item in items)

    def _gie_color_text(self, values: dict[str, Any], group: str, key: str, node: Node) -> None:
        red, green, blue, alpha = self._four(group, key, node, yamlfile.stod)
        prefix = next(start for start in tables.GIE_COLOR_PREFIXES if key.startswith(start))
        suffix = key.removeprefix(prefix)
        class_id = yamlfile.stoi(suffix, f"{node.file}:{node.line} {key}") if suffix else -1
        self.keep_color(values, group, key, class_id, (red, green, blue, alpha))

    def _check_gie(self, group: str, values: dict[str, Any]) -> None:
        labels = values.get("labelfile_path")
        enabled = self.needs_labels and values.get("enable")
        if enabled and labels is not None and not os.access(labels, os.R_OK):
            reason = "Permission denied" if labels.exists() else "No such file or directory"
            self.say_error("parse_labels_file", 368, f"Failed to open label file '{labels}':{reason}")
            what = f"Failed while parsing label file {labels}"
            self.console(what)
            raise self.error("parse_gie_yaml", what, group, "labelfile-path", "remove the key")
        if "config_file" not in values:
            what = f"Config file not provided for group {group}"
            self.console(what)
            raise self.error("parse_gie_yaml", what, group, fix="add config-file: <nvinfer config>")

    # --- sources

    def _sources(self, group: Node) -> None:
        named = group.get("csv-file-path")
        if named is None:
            self.refuse(
                self.function,
                227,
                "CSV file not specified\n",
                "source",
                fix="add csv-file-path: <file> whose first line is enable,type,uri,...",
            )
        text = yamlfile.as_string(named)
        path = resolve_from_config(self.path, text) or join_to_config(self.path, text)
        try:
            content = reading.read_bytes(path, FileKind.CONFIG).decode("utf-8", "surrogateescape")
        except OSError:
            self.console(f"Couldn't open CSV file {path}")
            return
        lines = iter(content.removesuffix("\n").split("\n") if content else ())
        header = next((line for line in lines if line.strip(" \t") and not line.lstrip(" \t").startswith("#")), "")
        for line in lines:
            if len(self.sources) == MAX_SOURCES:
                self.refuse(self.function, 210, f"App supports max {MAX_SOURCES} sources", "source")
            self._source(header.split(","), line.split(","), path)

    def _source(self, header: list[str], row: list[str], path: str) -> None:
        values: dict[str, Any] = {}
        if len(row) < len(header):
            what = f"a line of {path} has {len(row)} fields, its header has {len(header)}"
            raise self.error("parse_source_yaml", what, "source", fix="give every source all fields of the header")
        for name, text in zip(header, row, strict=False):
            key = tables.SOURCE.yaml_key(name)
            if key is None:
                self._unknown(tables.SOURCE, "source", name)
            elif key.kind is ValueKind.STRING:
                self.keep(values, "source", key, self._uri(text) if name == "uri" else text)
            else:
                convert = yamlfile.stoul if name in tables.SOURCE.yaml.unsigned else yamlfile.stoi
                self.keep(values, "source", key, convert(text, f"{path} {name}"))
        source = Source(len(self.sources), "source", **{"enable": 0, **values})
        if source.enable:
            self.sources.append(source)

    def _uri(self, text: str) -> str:
        if not text.startswith("file://"):
            return text
        name = text[len("file://") :]
        return f"file://{resolve_from_config(self.path, name) or join_to_config(self.path, name)}"


def _switched_off(group: Node) -> bool:
    """``enable`` is there and 0; a group without it is read, although nothing of it is used."""
    enable = group.get("enable")
    return enable is not None and yamlfile.as_int(enable) == 0
