"""Evidence of a step, kept even if the step fails: facts, printed lines, tables, commands, pictures, notes.

All texts are plain text; each output (HTML, terminal, JSON) encodes them.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import Literal

from dsbench.base.errors import Code
from dsbench.base.text import console

_CODE_OF_LIST = re.compile(r"^\[([a-z0-9-]+)\]", re.MULTILINE)


@dataclass(frozen=True)
class Fact:
    """A named value."""

    name: str
    value: str
    origin: str = ""
    """Where the value comes from; may be empty."""


@dataclass(frozen=True)
class Table:
    """Rows under column headings."""

    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


@dataclass(frozen=True)
class TextFile:
    """A file or a log excerpt shown as it is."""

    title: str
    body: str


@dataclass(frozen=True)
class Picture:
    """An image, base64-encoded."""

    title: str
    mime_type: str
    base64: str


@dataclass(frozen=True)
class GridColumn:
    """Pictures of one possibility, one for each row of its grid, and the text to copy if it is the right one."""

    title: str
    detail: str
    text: str
    pictures: tuple[Picture, ...]


@dataclass(frozen=True)
class PictureGrid:
    """Possibilities side by side: a column for each, the same frame in every row."""

    title: str
    columns: tuple[GridColumn, ...]


@dataclass(frozen=True)
class MarkedBox:
    """A box of one side of a comparison, in pixels of its frame's picture."""

    side: Literal["reference", "dump"]
    paired: bool
    """False: the other side has no box of its class there."""
    label: str
    score: float
    left: float
    top: float
    width: float
    height: float


@dataclass(frozen=True)
class BoxedFrame:
    """A frame without anything drawn on it, base64-encoded, and the boxes of both sides."""

    title: str
    mime_type: str
    base64: str
    width: int
    height: int
    boxes: tuple[MarkedBox, ...]


@dataclass(frozen=True)
class AnnotatedVideo:
    """A video that a step made; the report shows it if it is small."""

    title: str
    mime_type: str
    path: str


@dataclass(frozen=True)
class StepFailure:
    """A DsbenchError as evidence."""

    code: str
    what: str
    where: str
    fix: str

    @property
    def codes(self) -> tuple[str, ...]:
        """The code; those of the list where pre-flight found several things."""
        listed = _CODE_OF_LIST.findall(self.what) if self.code == Code.PREFLIGHT else ()
        return tuple(dict.fromkeys(listed)) or (self.code,)


@dataclass(frozen=True)
class Undecided:
    """A question that a step cannot answer, and what the user has to do. ``code`` is stable, as those of errors are."""

    code: str
    what: str
    fix: str


@dataclass(frozen=True)
class Evidence:
    """The evidence of one step of one model."""

    step: str
    model: str
    model_key: str
    runtime: str
    facts: tuple[Fact, ...] = ()
    lines: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    tables: tuple[Table, ...] = ()
    commands: tuple[str, ...] = ()
    texts: tuple[TextFile, ...] = ()
    pictures: tuple[Picture, ...] = ()
    failure: StepFailure | None = None
    skipped_for: str = ""
    undecided: tuple[Undecided, ...] = ()
    """Not empty: the step is INCONCLUSIVE. Absent in records of older versions."""
    grids: tuple[PictureGrid, ...] = ()
    """Absent in records of older versions."""
    left_out: str = ""
    """Why the step had nothing to do (``not requested (--sweep)``); it passes, and proves nothing."""
    import_unknown: str = ""
    """Why the step's failure does not show that the import is wrong; empty if it does, and without a failure. Absent
    in records of older versions."""
    frames: tuple[BoxedFrame, ...] = ()
    """The worst first. Never in a record."""
    diffs: tuple[TextFile, ...] = ()
    """Changes that the findings of the run name, a unified diff for each file. Never in a record."""
    videos: tuple[AnnotatedVideo, ...] = ()
    """Absent in records of older versions."""


@dataclass
class EvidenceLog:
    """Collects a step's evidence while it runs, so that evidence from before a failure is kept."""

    step: str
    model: str
    model_key: str
    runtime: str
    failure: StepFailure | None = None
    skipped_for: str = ""
    left_out: str = ""
    import_unknown: str = ""
    _facts: list[Fact] = field(default_factory=list)
    _lines: list[str] = field(default_factory=list)
    _notes: list[str] = field(default_factory=list)
    _warnings: list[str] = field(default_factory=list)
    _tables: list[Table] = field(default_factory=list)
    _commands: list[str] = field(default_factory=list)
    _texts: list[TextFile] = field(default_factory=list)
    _pictures: list[Picture] = field(default_factory=list)
    _undecided: list[Undecided] = field(default_factory=list)
    _grids: list[PictureGrid] = field(default_factory=list)
    _frames: list[BoxedFrame] = field(default_factory=list)
    _videos: list[AnnotatedVideo] = field(default_factory=list)
    _diffs: list[TextFile] = field(default_factory=list)

    def fact(self, name: str, value: object, origin: str = "") -> None:
        self._facts.append(Fact(name, str(value), origin))

    def renamed(self, before: str, after: str) -> None:
        """Replace the path of a renamed file in the facts' values, and its file name in the titles of texts."""
        old, new = before.rpartition("/")[2], after.rpartition("/")[2]
        self._facts = [replace(fact, value=after) if fact.value == before else fact for fact in self._facts]
        self._texts = [replace(text, title=new) if text.title == old else text for text in self._texts]

    def print(self, *lines: str) -> None:
        """Add lines and print them, so that pytest shows them with a failure."""
        for line in lines:
            self._lines.append(line)
            print(console(line))  # with -s pytest captures nothing

    def note(self, *texts: str) -> None:
        """Add remarks; repeated ones are added once."""
        self._notes.extend(text for text in dict.fromkeys(texts) if text not in self._notes)

    def warn(self, *texts: str) -> None:
        """Add warnings; repeated ones are added once."""
        self._warnings.extend(text for text in dict.fromkeys(texts) if text not in self._warnings)

    def inconclusive(self, code: str, what: str, fix: str) -> None:
        """Make the step INCONCLUSIVE: it neither passed nor failed, and the steps after it run."""
        self._undecided.append(Undecided(code, what, fix))

    def table(self, title: str, columns: Iterable[str], rows: Iterable[Iterable[object]]) -> None:
        self._tables.append(Table(title, tuple(columns), tuple(tuple(str(cell) for cell in row) for row in rows)))

    def command(self, *words: str) -> None:
        import shlex

        self._commands.append(shlex.join(words))

    def shell(self, *lines: str) -> None:
        """Add shell lines to copy: commands and comments."""
        self._commands.extend(lines)

    def text(self, title: str, body: str) -> None:
        self._texts.append(TextFile(title, body))

    def picture(self, title: str, mime_type: str, base64: str) -> None:
        self._pictures.append(Picture(title, mime_type, base64))

    def grid(self, grid: PictureGrid) -> None:
        self._grids.append(grid)

    def frames(self, *frames: BoxedFrame) -> None:
        self._frames.extend(frames)

    def video(self, title: str, mime_type: str, path: str) -> None:
        self._videos.append(AnnotatedVideo(title, mime_type, path))

    def diff(self, title: str, body: str) -> None:
        self._diffs.append(TextFile(title, body))

    def snapshot(self) -> Evidence:
        """The evidence so far."""
        return Evidence(
            step=self.step,
            model=self.model,
            model_key=self.model_key,
            runtime=self.runtime,
            facts=tuple(self._facts),
            lines=tuple(self._lines),
            notes=tuple(self._notes),
            warnings=tuple(self._warnings),
            tables=tuple(self._tables),
            commands=tuple(self._commands),
            texts=tuple(self._texts),
            pictures=tuple(self._pictures),
            failure=self.failure,
            skipped_for=self.skipped_for,
            undecided=tuple(self._undecided),
            grids=tuple(self._grids),
            left_out=self.left_out,
            import_unknown=self.import_unknown,
            frames=tuple(self._frames),
            videos=tuple(self._videos),
            diffs=tuple(self._diffs),
        )
