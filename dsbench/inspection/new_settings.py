"""The text of a new dsbench.toml: what is known to be needed as keys, what is to be decided as comments."""

from __future__ import annotations

import json
import textwrap
from collections.abc import Iterator

from dsbench.base.text import printable
from dsbench.inspection.inspection import HeadReport, Inspection
from dsbench.inspection.model_file import ModelFile
from dsbench.judge.imports.levels import StatedBy

_HEAD = (
    "What you decide for this model. docs/settings.md lists every key. For a key that is not set here dsbench takes"
    " what the exporter left, else what ground truth or the graph shows, else the convention of the family. Where"
    " nobody states a key, step 6a says so."
)
DECIDE = "To decide"
_DYNAMIC = "_dynamic"
"""Pre-flight passes over ONNX files with this in their names."""


def render(inspection: Inspection, file: ModelFile | None, onnx_name: str, video: str | None) -> str:
    """The file's text. ``file`` is None if the network's size is not known."""
    return "\n".join((*_comment(_HEAD), *_top(inspection, file, onnx_name, video), *_network(inspection.network), ""))


def _top(inspection: Inspection, file: ModelFile | None, onnx_name: str, video: str | None) -> Iterator[str]:
    """Keys above all tables."""
    if _DYNAMIC in onnx_name:
        yield f"onnx = {quoted(onnx_name)}"
    if video is not None:
        yield f"video = {quoted(video)}"
    if file is None:
        yield from _comment(f"{DECIDE}: height and width are open in the ONNX file.")
        yield "# input-size = [640, 640]"
    elif file.size_source != "ONNX":
        yield f"input-size = [{file.height}, {file.width}]  # {file.size_source}"
    if file is not None and not (inspection.network and inspection.network.family):
        yield from _comment(f"{DECIDE}: the family was not recognised. docs/families.md lists them.")
        yield '# family = "..."'


def _network(network: HeadReport | None) -> Iterator[str]:
    if network is None or not network.possibilities:
        return
    keys = ", ".join(key.name for key in network.feeding if key.level == StatedBy.UNKNOWN)
    yield ""
    yield from _comment(
        f"{DECIDE}: nobody states {keys}, and models of this kind differ. Read how the model was trained, then"
        " uncomment one of these. Until then dsbench takes the first and calls it preprocessing-unknown."
    )
    for number, item in enumerate(network.possibilities, 1):
        yield ""
        yield f"# Possibility {number}:"
        yield from (f"# {line}" for line in item.toml.splitlines())


def _comment(text: str) -> list[str]:
    return textwrap.wrap(printable(text), 100, initial_indent="# ", subsequent_indent="# ")


def quoted(text: str) -> str:
    """Printable text as a TOML string: JSON's is one."""
    return json.dumps(text, ensure_ascii=False)
