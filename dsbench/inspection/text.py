"""`dsbench inspect`'s answer as text of at most 100 columns, without colours, and as JSON."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterator

from dsbench.base import jsonable
from dsbench.base.text import printable
from dsbench.inspection.findings import PICTURE, InspectFinding
from dsbench.inspection.inspection import FeedingKey, HeadReport, Inspection
from dsbench.model.onnx.tensor import TensorFacts

_WIDTH = 100
_INDENT = 18
_NAMES_SHOWN = 12
_OPEN = "unknown"
_PARSED = re.compile(r"(input_name|height|width):")
"""The specification's pre-flight searches the text for these: each must occur once."""
_PICTURE_NOTE = (
    "The network ran on random input and on a synthetic picture. Only frames show whether it detects anything; they may"
    " also decide what is unknown here: --video FILE"
)


def to_json(inspection: Inspection) -> str:
    """The inspection as JSON."""
    return jsonable.dumps(inspection, indent=2)


def render(inspection: Inspection) -> str:
    """The whole text: the graph, pre-flight's three lines, the head, its feeding, the findings."""
    parts = [_graph(inspection), _variables(inspection)]
    if inspection.network:
        parts += [_head(inspection, inspection.network), _feeding(inspection.network)]
    parts.append(findings(inspection.findings))
    if inspection.network and inspection.network.seen == PICTURE:
        parts.append(_paragraph("", _PICTURE_NOTE, indent=0))
    return "\n\n".join("\n".join(part) for part in map(list, parts) if part)


def _graph(inspection: Inspection) -> Iterator[str]:
    graph = inspection.graph
    yield _once(f"{_name(graph.path.name)}: {_bytes(graph.size)}, opset {graph.opset}, IR version {graph.ir_version}")
    yield from _paragraph("Producer", graph.producer or "not given")
    yield from _tensors("Input", graph.inputs)
    yield from _tensors("Output", graph.outputs)
    total = sum(count for _, count in graph.operators)
    each = ", ".join(f"{_name(name)} {count}" for name, count in graph.operators)
    yield from _paragraph("Operators", f"{total} nodes: {each}" if total else "none")


def _tensors(title: str, tensors: tuple[TensorFacts, ...]) -> Iterator[str]:
    for item in tensors:
        shape = "shape not given" if item.shape is None else f"[{', '.join(_name(str(side)) for side in item.shape)}]"
        yield from _paragraph(title, f"{_name(item.name)}  {item.dtype} {shape}")
    if not tensors:
        yield from _paragraph(title, "none")


def _variables(inspection: Inspection) -> Iterator[str]:
    """The lines that the specification's pre-flight reads with grep."""
    yield f"input_name: {_name(inspection.input_name) if inspection.input_name else ''}".rstrip()
    yield f"height: {inspection.height or _OPEN}"
    yield f"width: {inspection.width or _OPEN}"


def _head(inspection: Inspection, network: HeadReport) -> Iterator[str]:
    family = f"{network.family} (confidence {network.confidence:g})" if network.family else "not recognised"
    yield from _paragraph("Family", family)
    for fact in network.head:
        yield from _paragraph(f"  {fact.name}", f"{fact.value} ({fact.reason})")
    count = f"{network.classes} by the head" if network.classes is not None else "unknown"
    yield from _paragraph("Classes", count)
    if inspection.names:
        shown = ", ".join(_name(name) for name in inspection.names[:_NAMES_SHOWN])
        more = ", ..." if len(inspection.names) > _NAMES_SHOWN else ""
        yield from _paragraph("  names", f"{len(inspection.names)} ({inspection.names_source}): {shown}{more}")
    else:
        yield from _paragraph("  names", "nobody states them")


def _feeding(network: HeadReport) -> Iterator[str]:
    above = ""
    for key in network.feeding:
        origin = _origin(key)
        yield from _paragraph(f"{key.name} = {key.value}", "the same" if origin == above else origin, indent=40)
        above = origin
    for number, item in enumerate(network.possibilities, 1):
        yield ""
        yield f"Possibility {number}, for dsbench.toml:"
        yield from (f"  {line}" for line in item.toml.splitlines())


def _origin(key: FeedingKey) -> str:
    others = f" ({'; '.join(key.others)})" if key.others else ""
    return f"{key.level}: {key.source}{others}"


def findings(found: tuple[InspectFinding, ...]) -> Iterator[str]:
    """Each finding with its code, place and fix."""
    if not found:
        yield "No findings."
    for item in found:
        code = f"[{item.code}] " if item.code else ""
        yield from _paragraph(item.severity, code + item.what, indent=10)
        prose, script = _without_script(item.fix)
        for title, lines in (("where", item.where.splitlines()), ("fix", prose)):
            lead = f"{'':10}{title}:"
            for line in lines:
                yield from _paragraph(lead, line, indent=len(lead) + 1)
                lead = " " * len(lead)
        yield from (_once(printable(line)) for line in script)


def _without_script(fix: str) -> tuple[list[str], list[str]]:
    """The lines of a fix, and those of the shell script at its end: they stay as they are, to be copied."""
    lines = fix.splitlines()
    start = next((number for number, line in enumerate(lines) if "<<'EOF'" in line), len(lines))
    return lines[:start], lines[start:]


def _paragraph(title: str, text: str, *, indent: int = _INDENT) -> Iterator[str]:
    """A title and its text, wrapped behind it; words are not broken."""
    lead = f"{title:<{indent - 1}} " if indent else ""
    for line in textwrap.wrap(
        printable(text.replace("\n", " ")),
        _WIDTH,
        initial_indent=lead,
        subsequent_indent=" " * indent,
        break_long_words=False,
        break_on_hyphens=False,
    ) or [lead.rstrip()]:
        yield _once(line)


def _once(line: str) -> str:
    """The line without a text that pre-flight would take for one of its three."""
    return _PARSED.sub(r"\1\\x3a", line)


def _name(name: str) -> str:
    """A name of the file: as it is if it is one printable word, else quoted and escaped."""
    return name if name.isprintable() and name and " " not in name else repr(name)


def _bytes(size: int) -> str:
    return f"{size / 2**20:.1f} MiB" if size >= 2**20 else f"{size / 2**10:.1f} KiB"
