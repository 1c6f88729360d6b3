"""A fault, and the copy of a healthy model directory that it is put into."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING

from dsbench.base.files import replace_file
from dsbench.model import stand_in
from dsbench.model.layout import ModelLayout

if TYPE_CHECKING:
    from onnx import ModelProto

DAMAGE = 0.05
"""Loss of F1 from which on a fault has to be found."""
PROPERTY, ALL = "property", "class-attrs-all"


class FaultGroup(StrEnum):
    """What of the model directory is wrong."""

    PREPROCESSING = "preprocessing"
    PARSER = "parser"
    CONFIG = "config"
    LABELS = "labels"
    MODEL = "model"
    DATA = "data"
    CONTROL = "control"
    """Nothing: no step may fail or be INCONCLUSIVE."""


@dataclass
class FaultyModel:
    """A copy of a healthy model directory, complete after a run, and the clip that it is run on."""

    layout: ModelLayout
    family: str
    video: Path
    clips: Path
    """A folder for clips, shared by the faults of one process."""

    def edit_config(self, change: Callable[[str], str]) -> None:
        """Change the text of the nvinfer config; it is the user's then."""
        _rewrite(self.layout.nvinfer_config, change)

    def set_key(self, key: str, value: str, group: str = PROPERTY) -> None:
        """Set a key of the nvinfer config."""
        self.edit_config(lambda text: with_key(text, group, key, value))

    def value(self, key: str) -> str:
        """The first value of a key of the nvinfer config; "" if it is not set."""
        found = re.search(rf"^{re.escape(key)}=(.*)$", self.layout.nvinfer_config.read_text(), re.MULTILINE)
        return found[1] if found else ""

    def edit_parser(self, *replacements: tuple[str, str]) -> None:
        """Replace texts of the parser's source, each wherever it occurs. AssertionError if one is not there."""

        def change(source: str) -> str:
            for old, new in replacements:
                assert old in source, f"{self.family}: the parser has no {old!r}"
                source = source.replace(old, new)
            return source

        _rewrite(self.layout.parser_source, change)

    def edit_labels(self, change: Callable[[bytes], bytes]) -> None:
        """Change the bytes of labels.txt."""
        replace_file(self.layout.labels, change(self.layout.labels.read_bytes()))

    def edit_onnx(self, change: Callable[[ModelProto], None]) -> None:
        """Change the ONNX file. The stand-in engine names it: it is not measured again unless its batch changes."""
        import onnx

        path = next(self.layout.onnx_dir.glob("*.onnx"))
        before = path.read_bytes()
        model = onnx.load_from_string(before)
        change(model)
        after = model.SerializeToString()
        replace_file(path, after)
        old, new = (hashlib.sha256(data).hexdigest().encode() for data in (before, after))
        for file in filter(stand_in.is_stand_in, self.layout.root.glob("benchmarks/**/*.*")):
            replace_file(file, file.read_bytes().replace(old, new, 1))


@dataclass(frozen=True)
class Fault:
    """One fault."""

    id: str
    group: FaultGroup
    what: str
    """What is put into the directory."""
    names: tuple[str, ...]
    """Ids of mistakes, error codes, keys or phrases; an alarm that holds one of them names the fault."""
    inject: Callable[[FaultyModel], None]
    damage: bool = True
    """Whether it is expected to cost boxes."""
    families: tuple[str, ...] = ()
    """Families that it can be put into; empty: all."""
    truth: tuple[str, ...] = ()
    """Families whose run has ground truth: without it nobody can know."""

    @property
    def after_model(self) -> bool:
        """Whether pre-flight and 6a find the same as in the healthy directory."""
        return self.group in (FaultGroup.PARSER, FaultGroup.CONFIG)

    def fits(self, family: str) -> bool:
        return not self.families or family in self.families


def with_key(text: str, group: str, key: str, value: str) -> str:
    """A config's text with ``key`` of ``group`` set."""
    lines = text.splitlines()
    header = f"[{group}]"
    if header not in lines:
        return "\n".join([*lines, "", header, f"{key}={value}", ""])
    start = lines.index(header) + 1
    end = next((place for place in range(start, len(lines)) if lines[place].startswith("[")), len(lines))
    kept = [line for line in lines[start:end] if line.partition("=")[0] != key]
    return "\n".join([*lines[:start], f"{key}={value}", *kept, *lines[end:], ""])


def _rewrite(path: Path, change: Callable[[str], str]) -> None:
    """Change a generated file; its marker goes, so that it counts as the user's."""
    lines = path.read_text().splitlines(keepends=True)
    if "dsbench-generated" in lines[0]:
        del lines[0]
    replace_file(path, change("".join(lines)).encode())
