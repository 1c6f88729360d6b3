"""Files beside a model directory that its own files name by relative paths: dsbench.toml, nvinfer configs, the parser.

A file gets the place that the same relative path leads to in a job's directory. What lies beside the model directory
(``../shared/labels.txt`` of dsbench.toml) has one; what lies further away, or is named by an absolute path, has none.
"""

from __future__ import annotations

import os
import posixpath
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from dsbench.base import reading
from dsbench.base.errors import Code, DsbenchError
from dsbench.base.reading import FileKind
from dsbench.fleet import walk
from dsbench.fleet.job import MODELS
from dsbench.fleet.option_inputs import Input
from dsbench.fleet.walk import FoundFile
from dsbench.formats.nvinfer.keys import PROPERTY_KEYS
from dsbench.model.layout import ModelLayout

_CONFIG = re.compile(r"(config|benchmarks/ds)/[^/]+\.(txt|yml|yaml)")
_DS_CONFIG = re.compile(r"benchmarks/ds/[^/]+\.txt")
_SOURCE = re.compile(r"parser/([^/]+\.(mk|c|cc|cpp|cu|h|hpp|cuh)|Makefile)")
_KEYS = "|".join(["config-file", *(key.name for key in PROPERTY_KEYS if key.path_of)])
_NAMED_FILE = re.compile(rf"^[ \t-]*(?P<key>{_KEYS})[ \t]*[=:][ \t]*(?P<path>\S.*)$", re.MULTILINE)
_YAML_COMMENT = re.compile(r"\s#.*")
_NAMED_ABOVE = re.compile(r"(?:\.\./)+[\w.+-][\w./+-]*")
_OF_THE_SYSTEM = ("/opt/nvidia/", "/usr/", "/lib/", "/lib64/", "/etc/")
"""Every machine that can run the job has these of its own."""


@dataclass(frozen=True, slots=True)
class NamedPath:
    """A path that a file of the model directory names. ``place``: in the job's directory; empty if it has none there,
    ``source``: what it leads to here, which need not exist."""

    place: str
    source: str

    @classmethod
    def of(cls, layout: ModelLayout, folder: str, text: str) -> NamedPath:
        """``text`` as a file in ``folder`` names it, which is relative to the model directory.

        DeepStream and compilers start at the real directory of that file, dsbench.toml (``folder`` is empty) does not.
        """
        place = posixpath.normpath(posixpath.join(MODELS, layout.name, folder, text))
        base = os.path.realpath(layout.root / folder) if folder else layout.root
        return cls(place if place.startswith(f"{MODELS}/") else "", os.path.abspath(os.path.join(base, text)))

    def inside(self, layout: ModelLayout) -> str | None:
        """The path relative to the model directory, empty for itself; None if the place is not in it."""
        own = f"{MODELS}/{layout.name}/"
        return self.place[len(own) :] if f"{self.place}/".startswith(own) else None

    @property
    def inputs(self) -> list[Input]:
        """The file, or the files of the folder. Raises OSError, USAGE for too many."""
        if not os.path.isdir(self.source):
            return [Input(self.place, walk.one(self.source))]
        return [Input(f"{self.place}/{file.path}", file) for file in walk.below(self.source).files]


def of_configs(layout: ModelLayout, own: Iterable[FoundFile]) -> list[Input]:
    """Files beside the model directory that the configs of a run name; ``own``: the inputs in the directory, of which
    generated configs are none. Raises USAGE for a file without a place."""
    by_path = {file.path: file for file in own}
    used = (layout.nvinfer_config, layout.kitti_app_config, layout.visual_app_config)
    pending = [path.relative_to(layout.root).as_posix() for path in used]
    pending += [path for path in by_path if _DS_CONFIG.fullmatch(path)]
    found: list[Input] = []
    seen: set[str] = set()
    while pending:
        path = pending.pop()
        if path in by_path and path not in seen:
            seen.add(path)
            named = list(_named_files(layout, by_path[path]))
            pending += [inside for one in named if (inside := one.inside(layout))]  # a config may name another one
            found += [one for name in named if name.inside(layout) is None for one in name.inputs]
    return found


def _named_files(layout: ModelLayout, config: FoundFile) -> Iterator[NamedPath]:
    if not _CONFIG.fullmatch(config.path):
        return
    for match in _NAMED_FILE.finditer(_text(config)):
        value = match["path"].strip()
        if not config.path.endswith(".txt"):
            value = _YAML_COMMENT.sub("", value).strip().strip("\"'")
        named = NamedPath.of(layout, posixpath.dirname(config.path), value)
        if not os.path.isfile(named.source) or value.startswith(_OF_THE_SYSTEM):
            continue  # an engine that is still to be built, or a file that the run misses
        if not named.place:
            raise cannot_travel(Path(config.source), f"{match['key']} names {value}", named.source)
        yield named


def of_parser(layout: ModelLayout, own: Iterable[FoundFile]) -> list[Input]:
    """Files and folders beside the model directory that the user's Makefile and sources name."""
    found = []
    for file in own:
        for match in _NAMED_ABOVE.finditer(_text(file)) if _SOURCE.fullmatch(file.path) else ():
            named = NamedPath.of(layout, "parser", match[0])
            if named.place and named.inside(layout) is None and os.path.exists(named.source):
                found += named.inputs
    return found


def cannot_travel(file: Path, what: str, source: str) -> DsbenchError:
    """The error for a file that a job on another machine would not have."""
    return DsbenchError(
        Code.USAGE,
        f"{file.name}: {what}, which a job on another machine does not have",
        where=f"{file}: {source}",
        fix="put it into the model directory or beside it, and name it by a relative path",
    )


def _text(file: FoundFile) -> str:
    """The text of a file; empty if it is too large for a text, or cannot be read: hashing reports that."""
    try:
        return reading.read_text(file.source, FileKind.SOURCE, errors="replace")
    except OSError:
        return ""
