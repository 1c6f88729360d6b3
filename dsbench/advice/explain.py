"""What a console log of DeepStream, GStreamer or trtexec says about a failure: causes, consequences, notices."""

from __future__ import annotations

import io
import re
from collections import Counter, deque
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from dsbench.base.logs import LogPart
from dsbench.formats.failures import app, gst, logfile, notices, surroundings, trtexec
from dsbench.formats.failures.matcher import FailureCollector, Found

_LAST_ERRORS = 5
_MAX_SEEN = 200_000
"""Different lines that are remembered, so that a line that repeats is matched once."""
_SHOWN = 240


class LogProgram(StrEnum):
    """Whose console a log is."""

    APP = "deepstream-app"
    GST = "gst-launch-1.0"
    TRTEXEC = "trtexec"
    UNKNOWN = "unknown program"


_SIGNS = {
    LogProgram.TRTEXEC: re.compile(
        r"&&&& (?:RUNNING|PASSED|FAILED) TensorRT|\d\] \[[IEWV]\] |\[[IEWV]\] (?:=== |\[TRT\])|trtexec --"
    ),
    LogProgram.GST: re.compile(r"Setting pipeline to (?:PAUSED|PLAYING|NULL)|gst-launch-1\.0|erroneous pipeline"),
    LogProgram.APP: re.compile(r"\*\*PERF|\*\* (?:ERROR|WARN|INFO): <|App run |gst_nvinfer|deepstream-app|NvDsInfer"),
}
_ENDED_WELL = re.compile(r"App run successful|&&&& PASSED TensorRT|Got EOS from element")
_ENDED_BADLY = re.compile(r"App run failed|&&&& FAILED TensorRT|terminate called|Segmentation fault|Aborted")
_ERROR = re.compile(r"error|fail|fatal|critical|exception|abort|cannot|could not|denied|not found", re.IGNORECASE)
_COLUMNS = re.compile(
    r"^\S+ +\d+ +0x[0-9a-f]+ +(?:WARN|ERROR|INFO)\w* +nvinfer \S+?:<\w+> (?:NvDsInferContext\[UID \d+\]: )?"
)
_PERF = re.compile(r"PERF.*?:\s+((?:[\d.]+ \([\d.]+\)\s*)+)$")


@dataclass(frozen=True)
class LogCause:
    """One known text of the log."""

    id: str
    cause: str
    fix: str
    line: int
    """Number in the log, from 1."""
    text: str
    docs: str


@dataclass(frozen=True)
class LogLine:
    """A line of the log and its number, from 1."""

    line: int
    text: str


@dataclass(frozen=True)
class Explanation:
    """What the log says. ``causes`` are in order, the root first; ``last_errors`` are given where no cause is known."""

    program: LogProgram
    lines: int
    causes: tuple[LogCause, ...] = ()
    consequences: tuple[LogCause, ...] = ()
    notices: tuple[LogCause, ...] = ()
    ended: LogLine | None = None
    """The program's own last word: that it ended well or failed."""
    ended_well: bool | None = None
    last_errors: tuple[LogLine, ...] = ()
    unread_bytes: int = 0
    """Bytes in the middle of a very long log that were not read."""


def explain(source: io.BufferedReader) -> Explanation:
    """Read a log once, in constant memory."""
    reading = _Reading()
    for part in logfile.parts(source):
        reading.begin(part)
        for number, line in logfile.lines(part):
            reading.feed(number, line)
    return reading.result()


class _Reading:
    """Matches each line with the tables of every program; the signs in the log decide whose table counts."""

    def __init__(self) -> None:
        self._tables: dict[LogProgram, FailureCollector | trtexec.TrtexecSearch] = {
            LogProgram.APP: FailureCollector(app.ROWS),
            LogProgram.GST: FailureCollector(gst.ROWS),
            LogProgram.TRTEXEC: trtexec.TrtexecSearch(),
        }
        self._around, self._notices = FailureCollector(surroundings.CAUSES), FailureCollector(notices.NOTICES)
        self._signs: Counter[LogProgram] = Counter()
        self._seen: set[int] = set()
        self._errors: deque[LogLine] = deque(maxlen=_LAST_ERRORS)
        self._ended: tuple[LogLine, bool] | None = None
        self._perf = _FpsRows()
        self._lines = self._skipped = 0

    def begin(self, part: LogPart) -> None:
        """The next part of the log."""
        self._skipped += part.skipped
        self._lines = part.first - 1 + part.data.count(b"\n") + (not part.data.endswith(b"\n") and bool(part.data))

    def feed(self, number: int, raw: bytes) -> None:
        """One line. A line that differs from an earlier one in its digits only says nothing new, unless it has FPS."""
        if not (self._perf.wanted and b"PERF" in raw) and self._repeated(raw):
            return
        for line in logfile.texts(raw):
            if line.strip() and not self._perf.feed(number, line):
                self._match(number, line)

    def _match(self, number: int, line: str) -> None:
        for program, pattern in _SIGNS.items():
            self._signs[program] += bool(pattern.search(line))
        well, badly = _ENDED_WELL.search(line), _ENDED_BADLY.search(line)
        if well or badly:
            self._ended = LogLine(number, _cut(line)), bool(well)
        for table in (*self._tables.values(), self._around, self._notices):
            table.feed(number, line)
        if _ERROR.search(line):
            self._errors.append(LogLine(number, _cut(line)))

    def _repeated(self, raw: bytes) -> bool:
        key = hash(raw.translate(None, b"0123456789"))
        if key in self._seen:
            return True
        if len(self._seen) >= _MAX_SEEN:
            self._seen.clear()
        self._seen.add(key)
        return False

    def result(self) -> Explanation:
        program = self._program()
        known = list(self._known(program))
        causes = [found for found in known if not found.row.consequence]
        consequences = [found for found in known if found.row.consequence]
        if not causes:
            causes, consequences = consequences[:1], consequences[1:]
        told = tuple(_cause(found) for found in self._notices.found()) + self._perf.notices()
        ended, well = self._ended or (None, None)
        last = () if causes else tuple(self._errors)
        return Explanation(
            program,
            self._lines,
            tuple(map(_cause, causes)),
            tuple(map(_cause, consequences)),
            told,
            ended,
            well,
            last,
            self._skipped,
        )

    def _program(self) -> LogProgram:
        """The program with most signs; of a fragment without any, the one whose table knows a cause in it."""
        self._signs[LogProgram.APP] += self._perf.seen
        best = self._signs.most_common(1)
        if best and best[0][1]:
            return best[0][0]
        return LogProgram.UNKNOWN

    def _known(self, program: LogProgram) -> Iterator[Found]:
        """Every found row, causes in the order of their table; of a fragment the rows of every program's table."""
        order = [program] if program in self._tables else list(self._tables)
        of_programs: list[Found] = []
        for name in order:
            taken = {found.number for found in of_programs}
            of_programs += [found for found in self._tables[name].found() if found.number not in taken]
        if program is not LogProgram.TRTEXEC:
            of_programs = [found for found in of_programs if found.row.id != trtexec.UNKNOWN]
        lines = {found.number for found in of_programs if not found.row.consequence}
        # a container, a build or a shell fails before the program has anything to say
        around = [found for found in self._around.found() if found.number not in lines]
        seen: set[str] = set()
        for found in (*around, *of_programs):
            if found.row.id not in seen:
                seen.add(found.row.id)
                yield found


class _FpsRows:
    """Whether any stream ever had frames."""

    def __init__(self) -> None:
        self._rows = 0
        self._moving = False
        self._first: LogLine | None = None

    @property
    def wanted(self) -> bool:
        """No stream has had frames yet."""
        return not self._moving

    @property
    def seen(self) -> bool:
        """The log has rows of FPS."""
        return self._first is not None

    def feed(self, number: int, line: str) -> bool:
        """Whether the line is a row of FPS."""
        match = _PERF.search(line) if "PERF" in line else None
        if match is None:
            return False
        self._rows += 1
        self._first = self._first or LogLine(number, _cut(line))
        self._moving = self._moving or any(digit in "123456789" for digit in match[1])
        return True

    def notices(self) -> tuple[LogCause, ...]:
        if self._moving or self._first is None:
            return ()
        cause = f"no stream delivers frames: FPS is 0.00 in all {self._rows} rows"
        fix = "play the video alone; give a video and not a picture; check the uri of every [sourceN]"
        return (LogCause("perf-zero", cause, fix, self._first.line, self._first.text, _docs("perf-zero")),)


def _cause(found: Found) -> LogCause:
    failure = found.failure
    return LogCause(found.row.id, failure.cause, failure.fix, found.number, _cut(failure.line), _docs(found.row.id))


def _docs(id: str) -> str:
    return f"docs/explain.md#{id}"


def _cut(line: str) -> str:
    """A line as it is shown: without nvinfer's columns in front of its text, and not too long."""
    return _COLUMNS.sub("", line).strip()[:_SHOWN]
