"""The pass over a deepstream-app ini file; ``groups`` has the result's classes, ``config`` the form of errors."""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any, ClassVar, NoReturn

from dsbench.base import numbers
from dsbench.base.errors import Code, DsbenchError
from dsbench.formats import keyfile
from dsbench.formats.app import keys as tables
from dsbench.formats.app import uri_format
from dsbench.formats.app.groups import (
    AppConfig,
    Application,
    Osd,
    PrimaryGie,
    Sink,
    Source,
    StreamMux,
    Tests,
    TiledDisplay,
)
from dsbench.formats.app.keys import AppKey, GroupTable
from dsbench.formats.app.uri_format import UriFormatError
from dsbench.formats.keyfile import Group, KeyFile, ValueKind
from dsbench.formats.nvinfer.groups import Color
from dsbench.formats.nvinfer.keys import Support
from dsbench.formats.paths import join_to_config

MAX_SOURCES = 1024
_MULTI_URI, _URI = 3, 2
_COLOR = "Color params should be exactly 4 floats {r, g, b, a} between 0 and 1"
_COLOR_LINES = {"text-color": 1218, "text-bg-color": 1232, "clock-color": 1285}


class AppReader:
    """Reads one file; ``console`` receives DeepStream's stdout lines as they come."""

    function = "parse_config_file"
    needs_labels = True
    """A label file that [primary-gie] names must exist, as for deepstream-app."""
    lines: ClassVar[dict[str, int]] = {"sources": 817, "ids": 792, "secondary-ids": 802}

    def __init__(self, path: Path, console: Callable[[str], None] | None, seen_sources: set[int] | None) -> None:
        self.path = path
        self.console = console or (lambda _line: None)
        self.seen_sources = set() if seen_sources is None else seen_sources
        self.warnings: list[str] = []
        self.unsupported: list[str] = []
        self.file = KeyFile(())
        self.sources: list[Source] = []
        self.sinks: list[Sink] = []
        self.secondary_ids: list[int] = []
        self.config = AppConfig(path.resolve() if path.exists() else path)

    # --- messages ---------------------------------------------------------------------------------------------------

    def warn(self, function: str, line: int, text: str) -> None:
        message = f"** WARN: <{function}:{line}>: {text}"
        self.warnings.append(message)
        self.console(message)

    def say_error(self, function: str, line: int, text: str) -> None:
        self.console(f"** ERROR: <{function}:{line}>: {text}")

    def refuse(self, function: str, line: int, text: str, group: str, key: str = "", fix: str = "") -> NoReturn:
        """Print an error and stop."""
        self.say_error(function, line, text)
        raise self.error(function, text, group, key, fix)

    def error(self, function: str, what: str, group: str, key: str = "", fix: str = "") -> DsbenchError:
        found = self.file.group(group)
        entry = found.entry(key) if found else None
        place = f"{self.path}:{entry.line}" if entry else str(self.path)
        where = f"{function}: {place} [{group}] {key}".rstrip()
        return DsbenchError(Code.CONFIG_VALUE_INVALID, what, where=where, fix=fix)

    # --- one group --------------------------------------------------------------------------------------------------

    def read(self, group: Group, table: GroupTable) -> dict[str, Any]:
        """The values of a group by field name; a failure prints ``<function> failed``."""
        try:
            values: dict[str, Any] = {}
            for name in group.listed or group.keys():
                key = table.key(name)
                if key is not None:
                    self._store(values, group, key, table)
                elif table is tables.GIE and name.startswith(tables.GIE_COLOR_PREFIXES):
                    self._gie_color(values, group, name)
                else:
                    self.warn(table.function, table.unknown_line, f"Unknown key '{name}' for group [{group.name}]")
            self._after(group, table, values)
        except DsbenchError:
            self.say_error(table.function, table.failed_line, f"{table.function} failed")
            raise
        return values

    def _store(self, values: dict[str, Any], group: Group, key: AppKey, table: GroupTable) -> None:
        if key.name == "smart-rec-video-cache":
            old, new = "smart-rec-video-cache", "smart-rec-cache"
            text = f"Deprecated config '{old}' used in group [{group.name}]. Use '{new}' instead"
            self.warn(table.function, 726, text)
        value = self.value(group, key.name, key.kind, table.function)
        if key.kind is ValueKind.PATH:
            value = Path(join_to_config(self.path, value))
        if key.kind is ValueKind.DOUBLE_LIST and len(value) != 4:
            fix = "write four numbers, for example 1;1;1;1"
            self.refuse(table.function, _COLOR_LINES.get(key.name, 1218), _COLOR, group.name, key.name, fix)
        self.keep(values, group.name, key, value)

    def keep(self, values: dict[str, Any], group: str, key: AppKey, value: Any) -> None:
        """Store a value, and note the key if the embedded runtime does not support it."""
        if key.field:
            values[key.field] = value
        if key.support is Support.UNSUPPORTED and value:
            self.note_unsupported(f"[{group}] {key.name}")

    def note_unsupported(self, what: str) -> None:
        if what not in self.unsupported:
            self.unsupported.append(what)

    def value(self, group: Group, key: str, kind: ValueKind, function: str) -> Any:
        try:
            return keyfile.read(group, key, kind, where=str(self.path))
        except DsbenchError as error:
            raise DsbenchError(error.code, error.what, where=f"{function}: {error.where}", fix=error.fix) from None

    def _gie_color(self, values: dict[str, Any], group: Group, name: str) -> None:
        prefix = next(start for start in tables.GIE_COLOR_PREFIXES if name.startswith(start))
        suffix = name.removeprefix(prefix)
        border = prefix == tables.BORDER_COLOR
        number = re.match(r"\s*([+-]?\d+)", suffix, re.ASCII)
        if suffix and number is None:
            kind = "BBOX colors" if border else "BBOX background colors"
            self.warn("parse_gie", 1603 if border else 1651, f"{kind} should be specified with key '{prefix}%d'")
            return
        color = self.value(group, name, ValueKind.DOUBLE_LIST, "parse_gie")
        if len(color) != 4:
            text = "Number of Color params should be exactly 4 floats {r, g, b, a} between 0 and 1"
            self.refuse("parse_gie", 1615 if border else 1663, text, group.name, name)
        self.keep_color(values, group.name, name, numbers.whole(number.group(1)) if number else -1, color)

    def keep_color(self, values: dict[str, Any], group: str, name: str, class_id: int, color: Color) -> None:
        """A ``bbox-...-color<id>`` of a model's group; backgrounds are not drawn here."""
        if name.startswith(tables.BORDER_COLOR):
            before = (pair for pair in values.get("border_colors", ()) if pair[0] != class_id)
            values["border_colors"] = (*before, (class_id, color))
        else:
            self.note_unsupported(f"[{group}] {name}")

    def _after(self, group: Group, table: GroupTable, values: dict[str, Any]) -> None:
        """Checks that a parse function makes after its keys."""
        if table is tables.SOURCE and (uri := values.get("uri", "")).startswith("file://"):
            values["uri"] = f"file://{join_to_config(self.path, uri[len('file://') :])}"
        if table is tables.SOURCE_LIST:
            self._check_source_list(group, values)
        if table is not tables.GIE:
            return
        labels = values.get("labelfile_path")
        if self.needs_labels and labels is not None and not os.access(labels, os.R_OK):
            reason = "Permission denied" if labels.exists() else "No such file or directory"
            self.say_error("parse_labels_file", 368, f"Failed to open label file '{labels}':{reason}")
            text = f"Failed while parsing label file '{labels}'"
            fix = "remove the key: labels come from labelfile-path of the nvinfer config"
            self.refuse("parse_gie", 1703, text, group.name, "labelfile-path", fix)
        if "config_file" not in values:
            text = f"Config file not provided for group '{group.name}'"
            self.refuse("parse_gie", 1708, text, group.name, fix="add config-file=<nvinfer config>")

    def _check_source_list(self, group: Group, values: dict[str, Any]) -> None:
        uris = values.get("uris")
        if uris is None:
            return
        total = values.setdefault("num_source_bins", len(uris))
        if group.get("num-source-bins") is None:
            return
        for line, key, count, what in (
            (190, "list", len(uris), "URIs"),
            (194, "sensor-id-list", len(values.get("sensor_ids", ())), "Sensor IDs"),
            (198, "sensor-name-list", len(values.get("sensor_names", ())), "Sensor Names"),
        ):
            if count != total:
                text = f"Mismatch in {what} provided and num-source-bins."
                self.refuse("parse_source_list", line, text, group.name, key, f"{total} sources need {total} entries")

    # --- the file ---------------------------------------------------------------------------------------------------

    def load(self) -> AppConfig:
        """Read everything; any failure ends with ``parse_config_file failed``."""
        try:
            self.read_all()
        except DsbenchError as error:
            if error.code is not Code.CONFIG_ABORTED:
                self.closing()
            raise
        return replace(
            self.config,
            sources=tuple(source for source in self.sources if source.enable),
            sinks=tuple(self.sinks),
            warnings=tuple(self.warnings),
            unsupported=tuple(self.unsupported),
            source=self.file,
        )

    def read_all(self) -> None:
        """The file from its first group to what is checked behind the last one."""
        try:
            self.file = keyfile.load(self.path)
        except DsbenchError as error:
            where = f"parse_config_file: {error.where}"
            raise DsbenchError(error.code, error.what, where=where, fix=error.fix) from None
        self._read_first()
        for group in self.file.groups:
            self._dispatch(group)
        self.check_ids()
        self.expand()

    def closing(self) -> None:
        """What the failing function prints last."""
        self.say_error(self.function, 851, f"{self.function} failed")

    def _read_first(self) -> None:
        """[application], then [source-list] with [source-attr-all]: DeepStream reads these before the rest."""
        if (group := self.file.group("application")) is not None:
            self.config = replace(self.config, application=Application(**self.read(group, tables.APPLICATION)))
        source_list = self.file.group("source-list")
        values = self.read(source_list, tables.SOURCE_LIST) if source_list is not None else {}
        attr_all = self.file.group("source-attr-all")
        if attr_all is None:
            if source_list is not None:
                self.refuse("parse_config_file", 437, "[source-attr-all] group not present.", "source-list")
            return
        common = Source(0, attr_all.name, **{"enable": 0, **self.read(attr_all, tables.SOURCE)})
        uris: tuple[str, ...] = values.get("uris", ())
        for index in range(values.get("num_source_bins", 0)):
            self.sources.append(self._listed_source(common, index, uris))

    def _listed_source(self, common: Source, index: int, uris: tuple[str, ...]) -> Source:
        source = replace(common, index=index, camera_id=index)
        if not uris:
            return source
        uri = uris[index]
        if uri.startswith("file://"):
            return replace(source, type=_URI, uri=f"file://{join_to_config(self.path, uri[len('file://') :])}")
        if uri.startswith("rtsp://"):
            return replace(source, type=4, uri=uri)
        if not uri[4:].isdecimal():
            form = "FORMAT: <usb/csi>:<dev_node/sensor_id>"
            text = f"Incorrect URI for camera source {uri}. {form}"
            self.refuse("set_source_all_configs", 250, text, "source-list", "list")
        if not uri.startswith(("csi:", "usb:")):
            text = f"URI {index} ({uri}) not in proper format."
            self.refuse("set_source_all_configs", 262, text, "source-list", "list")
        return replace(source, type=5 if uri.startswith("csi:") else 1)

    def _dispatch(self, group: Group) -> None:
        name = group.name
        if name in ("application", "source-list", "source-attr-all"):
            return
        if name.startswith("source"):
            self._read_source(group)
        elif name == "streammux":
            self.config = replace(self.config, streammux=StreamMux(**self.read(group, tables.STREAMMUX)))
        elif name == "osd":
            self.config = replace(self.config, osd=Osd(**self.read(group, tables.OSD)))
        elif name == "tiled-display":
            self.config = replace(self.config, tiled_display=TiledDisplay(**self.read(group, tables.TILED_DISPLAY)))
        elif name == "tests":
            self.config = replace(self.config, tests=Tests(**self.read(group, tables.TESTS)))
        elif name == "primary-gie" and _enabled(group):
            self.config = replace(self.config, primary_gie=PrimaryGie(**self.read(group, tables.GIE)))
        elif name.startswith("secondary-gie") and _enabled(group):
            self.secondary_ids.append(self.read(group, tables.GIE).get("gie_unique_id", 0))
            self.note_unsupported(f"[{name}]")
        elif name.startswith("sink") and _enabled(group):
            values = self.read(group, tables.SINK)
            self.sinks.append(Sink(len(self.sinks), name, **values))
        elif (name in tables.FOREIGN_GROUPS or name.startswith(tables.FOREIGN_PREFIXES)) and _enabled(group):
            self.note_unsupported(f"[{name}]")
        elif _taken_for_dewarper(name):
            self._read_dewarper(group)

    def _read_source(self, group: Group) -> None:
        number = re.fullmatch(r"source\s*([+-]?\d+)", group.name, re.ASCII)
        if number is None:
            text = f'Source group "[{group.name}]" is not in the form "[source<%d>]"'
            self.refuse("parse_config_file", 481, text, group.name, fix="name it [source0], [source1], ...")
        index = numbers.whole(number.group(1))
        listed = self.file.group("source-list") is not None
        if listed and index >= len(self.sources):
            text = f"Invalid source group index {index}, index cannot exceed {len(self.sources)}"
            self.refuse("parse_config_file", 490, text, group.name)
        if listed:
            self.console(
                f"** INFO: <parse_config_file:497>: Some parameters to be overwritten for group [{group.name}]"
            )
        if not _enabled(group):
            return
        if index in self.seen_sources:
            taken = f"Another source group with source-id {index} already exists"
            text = f'Did not parse source group "[{group.name}]". {taken}'
            self.refuse("parse_source", 502, text, group.name, fix="give each source group its own number")
        self.seen_sources.add(index)
        values = self.read(group, tables.SOURCE)
        if listed:
            self._overwrite_listed(group, index, values)
            return
        if len(self.sources) == MAX_SOURCES:
            self.refuse("parse_config_file", 471, f"App supports max {MAX_SOURCES} sources", group.name)
        self.sources.append(Source(len(self.sources), group.name, **{"camera_id": index, **values}))

    def _overwrite_listed(self, group: Group, index: int, values: dict[str, Any]) -> None:
        source = replace(self.sources[index], **values)
        if source.type == _MULTI_URI:
            text = "MultiURI support not available if [source-list] is provided"
            self.refuse("parse_config_file", 513, text, group.name, "type")
        self.sources[index] = source

    def _read_dewarper(self, group: Group) -> None:
        if not group.name[len("dewarper") :].isdecimal():
            text = f'dewarper group "[{group.name}]" is not in the form "[dewarper<%d>]"'
            fix = "rename the group: DeepStream takes this name for a dewarper's"
            self.refuse("parse_config_file", 747, text, group.name, fix=fix)
        if _enabled(group):
            self.note_unsupported(f"[{group.name}]")

    # --- after the last group ---------------------------------------------------------------------------------------

    def check_ids(self) -> None:
        """What holds between groups: batch sizes of listed sources, ids of the models."""
        if self.file.group("source-list") is not None:
            count = len(self.sources)
            gie = self.config.primary_gie
            if gie is not None and gie.batch_size is not None:
                gie = replace(gie, batch_size=count)
            streammux = replace(self.config.streammux, batch_size=count)
            self.config = replace(self.config, streammux=streammux, primary_gie=gie)
        primary = self.config.primary_gie
        first = (primary.gie_unique_id or 0) if primary is not None else 0
        if first in self.secondary_ids:
            self.refuse(self.function, self.lines["ids"], "Non unique gie ids found", "primary-gie", "gie-unique-id")
        for number in self.secondary_ids:
            if self.secondary_ids.count(number) > 1:
                text = f"Non unique gie id {number} found"
                self.refuse(self.function, self.lines["secondary-ids"], text, "secondary-gie", "gie-unique-id")

    def expand(self) -> None:
        """num-sources: the group becomes source i, its copies follow all other sources; the URI is a printf format."""
        for position, source in enumerate(list(self.sources)):
            if source.type != _MULTI_URI:
                continue
            for copy in range(1, max(1, source.num_sources)):
                if len(self.sources) == MAX_SOURCES:
                    text = f"App supports max {MAX_SOURCES} sources"
                    self.refuse(self.function, self.lines["sources"], text, source.group)
                uri = self._formatted(source, copy)
                self.sources.append(replace(source, index=len(self.sources), type=_URI, uri=uri))
            self.sources[position] = replace(source, type=_URI, uri=self._formatted(source, 0))

    def _formatted(self, source: Source, copy: int) -> str | None:
        if source.uri is None or "%" not in source.uri:
            return source.uri
        try:
            return uri_format.formatted(source.uri, copy)
        except UriFormatError as error:
            raise self.error("parse_config_file", error.what, source.group, "uri", error.fix) from None


def _enabled(group: Group) -> bool:
    """Whether ``enable`` is a whole number other than 0. If not, DeepStream ignores the rest of the group."""
    value = group.get("enable")
    try:
        return value is not None and keyfile.as_int(value) != 0
    except DsbenchError:
        return False


def _taken_for_dewarper(name: str) -> bool:
    """DeepStream compares all but the last character of a group's name with the beginning of "dewarper"."""
    return len(name) <= len("dewarper") + 1 and "dewarper".startswith(name[:-1])
