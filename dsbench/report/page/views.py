"""What the page shows, as plain dataclasses: the templates only place it. All texts are plain text; SVG is markup."""

from __future__ import annotations

import re
from dataclasses import dataclass

from dsbench.record.evidence import BoxedFrame, Evidence, Picture, Table, TextFile
from dsbench.report.collector import OtherTest

_FIRST_WORDS = re.compile(r"[:;,](?= )")
_TO_COPY = re.compile(r"\[|[\w.-]+ ?=|[+-] |pytest -|dsbench [a-z-]+ [-./\w]*[/-]")
SCRIPT = re.compile(r"<<'?EOF'?$")
"""The first line of a shell command that takes the lines after it."""


@dataclass(frozen=True)
class Headline:
    """A question, its answer in one plain sentence, and the reason."""

    question: str
    answer: str
    color: str
    """passed (green), amber or failed (red)."""
    reason: str = ""

    @property
    def parts(self) -> tuple[str, str]:
        """The answer in a few words, and the rest of the sentence."""
        end = _FIRST_WORDS.search(self.answer)
        return (self.answer[: end.end()], self.answer[end.end() :]) if end else (self.answer, "")


@dataclass(frozen=True)
class Line:
    """A line of the list below the headlines."""

    name: str
    text: str
    color: str = ""
    link: str = ""
    """Address relative to the page; empty for plain text."""


@dataclass(frozen=True)
class ListedError:
    """One of several errors of a step."""

    what: str
    where: str = ""
    fix: str = ""


@dataclass(frozen=True)
class StepProblem:
    """A failure, or a question that a step could not decide."""

    anchor: str
    """Of the step."""
    section: str
    step: str
    state: str
    """failed or inconclusive."""
    code: str
    cause: str
    """The first line says what is wrong."""
    details: str = ""
    """The lines after the first."""
    where: str = ""
    fix: str = ""
    traceback: str = ""
    """Of an unexpected exception."""
    more: tuple[ListedError, ...] = ()
    """Further errors of the same failure."""
    same: tuple[tuple[str, str, str], ...] = ()
    """Anchor, step and code of each open question that has the same cause."""

    @property
    def fix_parts(self) -> tuple[str, str]:
        """The fix in words, and what follows to copy: keys of a config, commands, a script. Either may be empty."""
        lines = self.fix.splitlines()
        for start, line in enumerate(lines):
            if SCRIPT.search(line) or all(map(_TO_COPY.match, lines[start:])):
                return "\n".join(lines[:start]), "\n".join(lines[start:])
        return self.fix, ""


@dataclass(frozen=True)
class Warned:
    """The warnings of one step."""

    anchor: str
    step: str
    texts: tuple[str, ...]


@dataclass(frozen=True)
class Gallery:
    """Frames with the boxes of both sides, the worst first."""

    reference: str
    """What one side is: a name, a colon, an explanation."""
    found: str
    """What the other side is, likewise."""
    frames: tuple[BoxedFrame, ...]
    labels: tuple[str, ...]
    """Of all boxes, the most frequent first."""
    missed: int
    extra: int
    """In these frames."""
    more: int = 0
    """Frames left out to keep the page small."""


@dataclass(frozen=True)
class VideoView:
    """The annotated video: within the page, or a link to the file."""

    title: str
    mime_type: str
    base64: str = ""
    """Empty: only the link is shown."""
    link: str = ""
    """Address relative to the page; empty if the file is gone."""
    note: str = ""


@dataclass(frozen=True)
class ChartView:
    """A picture, a sentence below it, and its numbers."""

    title: str
    svg: str
    note: str
    tables: tuple[Table, ...]


@dataclass(frozen=True)
class TableView:
    """A table of a step; ``svg``: its chart, or an empty text. Long ones, and those of a chart, are folded."""

    table: Table
    svg: str
    folded: bool


@dataclass(frozen=True)
class StepView:
    """One step, folded."""

    anchor: str
    section: str
    title: str
    """What the step proves."""
    outcome: str
    seconds: float
    evidence: Evidence
    tables: tuple[TableView, ...]
    opened: bool
    traceback: str = ""
    amber: bool = False
    """It passed with warnings."""


@dataclass(frozen=True)
class ModelView:
    """One model."""

    anchor: str
    name: str
    runtime: str
    color: str
    headlines: tuple[Headline, ...]
    lines: tuple[Line, ...]
    counts: str
    problems: tuple[StepProblem, ...]
    warned: tuple[Warned, ...]
    galleries: tuple[Gallery, ...]
    pictures: tuple[Picture, ...]
    videos: tuple[VideoView, ...]
    charts: tuple[ChartView, ...]
    steps: tuple[StepView, ...]
    trouble: str = ""
    """Why the record could not be written."""
    then: tuple[str, ...] = ()
    """Shell lines: what to run next."""
    diffs: tuple[TextFile, ...] = ()
    """The proposed change, a unified diff for each file."""


@dataclass(frozen=True)
class PageView:
    """The whole page."""

    title: str
    made: str
    """Date and time."""
    interrupted_in: str
    models: tuple[ModelView, ...]
    environment: tuple[tuple[str, str], ...]
    others: tuple[OtherTest, ...] = ()
    """Failures first."""
