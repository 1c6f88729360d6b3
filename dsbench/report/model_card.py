"""``model_card.md``: what a record says of a model, for a model hub or a team's shelf."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

from dsbench.base.text import printable
from dsbench.record import verdict
from dsbench.record.schema import Record
from dsbench.report.step8 import benchmark_sections, import_sections, words
from dsbench.report.step8.document import Block, ChartImage, Paragraph, ReportSection, sheet
from dsbench.report.step8.markdown import escaped, section_text

_NOT_STATED = (
    "A run does not know the licence, the training data, the intended use or the biases of a model: read what its "
    "author says of them."
)
_NAMES_SHOWN = 100


def render(record: Record) -> str:
    """The card, with the front matter that model hubs read. Also for a run that did not come to its benchmark."""
    head = "\n".join(
        (
            "---",
            f"model_name: {_quoted(record.model_name)}",
            "pipeline_tag: object-detection",
            "tags: [object-detection, onnx, deepstream, tensorrt]",
            "---",
        )
    )
    sections = "\n\n".join(section_text(section) for section in _sections(record))
    return f"{head}\n\n# {escaped(record.model_name)}\n\n{sections}\n"


def _quoted(name: str) -> str:
    """A YAML string without markup, also for a reader that takes the front matter for Markdown."""
    return re.sub("[<>&@`]", lambda found: f"\\u{ord(found[0]):04x}", json.dumps(printable(name)))


def _sections(record: Record) -> Iterator[ReportSection]:
    yield ReportSection("Result", (sheet(("Question", "Answer"), _answers(record)), Paragraph(_NOT_STATED)))
    yield import_sections.model_configuration(record)
    yield ReportSection("Classes", (Paragraph(_classes(record)),))
    yield import_sections.preprocessing(record)
    yield _without_charts(import_sections.single_stream(record), "Detections")
    if record.figures.measured:
        yield _without_charts(benchmark_sections.comparison(record), f"Throughput on {words.words_of(record).label}")
    yield import_sections.system_configuration(record)


def _answers(record: Record) -> Iterator[tuple[str, str]]:
    found = verdict.of_record(record)
    yield "Is the import right?", found.import_answer
    yield "How many real-time streams?", found.streams_answer
    yield "Verdict of the run", f"{record.verdict}, {record.runtime_label}, {record.started}"
    accuracy = record.entry("accuracy")
    if accuracy is not None:
        yield "mAP@0.5:0.95", f"{accuracy.get('map')} on {accuracy.get('frames')} annotated frames"
    if record.video is not None:
        yield "Measured on the clip", record.video.path.rpartition("/")[2]


def _classes(record: Record) -> str:
    names = record.handover.model.class_names if record.handover.model else ()
    more = f", and {len(names) - _NAMES_SHOWN} more" if len(names) > _NAMES_SHOWN else ""
    return ", ".join(names[:_NAMES_SHOWN]) + more if names else "not recorded"


def _without_charts(section: ReportSection, title: str) -> ReportSection:
    blocks: tuple[Block, ...] = tuple(block for block in section.blocks if not isinstance(block, ChartImage))
    return ReportSection(title, blocks)
