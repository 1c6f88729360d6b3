"""``junit.xml`` of a merge: a test suite a job, with the test cases of the job's own file as they are.

That file may come from anywhere. It is refused if it is no JUnit, has a document type (entities are declared there), is
nested deep, or is large; the job's state then makes a test case of its own.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO
from xml.parsers import expat
from xml.sax.saxutils import quoteattr

from dsbench.base import reading
from dsbench.base.reading import FileKind
from dsbench.base.text import printable
from dsbench.fleet.merged_job import MergedJob
from dsbench.fleet.result import JUNIT, JobState

_MAX_DEPTH = 16
_KINDS = {"failure": "failures", "error": "errors", "skipped": "skipped"}


@dataclass
class Suite:
    """Test cases of one file: their text and what they count."""

    cases: list[bytes] = field(default_factory=list)
    failures: int = 0
    errors: int = 0
    skipped: int = 0
    seconds: float = 0.0


class JunitRefused(Exception):
    """The file is no JUnit that can be taken over."""


def begin(stream: BinaryIO) -> None:
    """The head of the merged file."""
    stream.write(b'<?xml version="1.0" encoding="utf-8"?>\n<testsuites name="dsbench fleet">\n')


def end(stream: BinaryIO) -> None:
    """The end of the merged file."""
    stream.write(b"</testsuites>\n")


def add(stream: BinaryIO, job: MergedJob, file: Path | None) -> str:
    """Write the suite of a job; ``file``: its own junit.xml. Returns why that was refused, empty if it was not."""
    suite, refused = Suite(), ""
    if file is not None and job.state is not JobState.INVALID:
        try:
            suite = read(file)
            _require_same(suite, job.state)
        except JunitRefused as error:
            suite, refused = Suite(), f"{JUNIT} was refused: {error}"
    _complete(suite, job)
    counts = {"tests": len(suite.cases), "failures": suite.failures, "errors": suite.errors, "skipped": suite.skipped}
    attributes = {"name": job.title, **counts, "time": f"{suite.seconds:.3f}"}
    attributes |= {"timestamp": job.started} if job.started else {}
    attributes |= {"hostname": job.host} if job.host else {}
    stream.write(f"<testsuite{_attributes(**attributes)}>".encode())
    stream.writelines(suite.cases)
    stream.write(b"</testsuite>\n")
    return refused


def _require_same(suite: Suite, state: JobState) -> None:
    if state is JobState.PASSED and (suite.failures or suite.errors):
        raise JunitRefused("the job passed, but the file has failures")


def _complete(suite: Suite, job: MergedJob) -> None:
    """Add a case where none shows the job's state: an error if it could not be run, a failure that no case has."""
    if job.state is JobState.INVALID:
        suite.errors += 1
        suite.cases.append(_case(job, f"<error{_attributes(type='INVALID', message=job.reason)}/>"))
    elif job.state is JobState.FAILED and not suite.failures and not suite.errors:
        suite.failures += 1
        suite.cases.append(_case(job, f"<failure{_attributes(type='FAILED', message=job.reason)}/>"))
    elif not suite.cases:
        suite.cases.append(_case(job, ""))


def _case(job: MergedJob, inner: str) -> bytes:
    names = _attributes(classname=f"dsbench.{job.model.replace('.', '_')}", name=f"job[{job.title}]", time="0")
    return f"<testcase{names}>{inner}</testcase>".encode()


def _attributes(**values: object) -> str:
    return "".join(f" {name}={quoteattr(printable(str(value)))}" for name, value in values.items())


def read(path: Path) -> Suite:
    """The test cases of a file, each as the bytes that are there. Raises JunitRefused."""
    try:
        data = reading.read_bytes(path, FileKind.JUNIT)
    except OSError as error:
        raise JunitRefused(error.strerror or str(error)) from error
    if b"\0" in data:  # of UTF-16, whose mark is obeyed whatever the parser is told
        raise JunitRefused("not well-formed UTF-8")
    reader = _CaseReader(data)
    try:
        reader.parser.Parse(data, True)
    except expat.ExpatError as error:
        raise JunitRefused(f"not well-formed: {error}") from error
    return reader.suite


class _CaseReader:
    """Finds the test cases: offsets from expat, so that their text is taken over without being written again."""

    def __init__(self, data: bytes) -> None:
        self.suite = Suite()
        self._data, self._depth = data, 0
        self._start, self._case = 0, 0
        # UTF-8 whatever the file declares: its bytes go into such a file. With a separator a prefix must be declared.
        self.parser = expat.ParserCreate("utf-8", " ")
        self.parser.StartDoctypeDeclHandler = self._doctype
        self.parser.StartNamespaceDeclHandler = self._namespace
        self.parser.StartElementHandler = self._begin
        self.parser.EndElementHandler = self._end

    def _doctype(self, *_: object) -> None:
        raise JunitRefused("it declares a document type")

    def _namespace(self, *_: object) -> None:
        raise JunitRefused("it declares a namespace")

    def _begin(self, name: str, attributes: dict[str, str]) -> None:
        above = self._depth
        self._depth = above + 1
        if not above and name not in ("testsuites", "testsuite"):
            raise JunitRefused(f"it begins with <{printable(name[:40])}>")
        if above >= _MAX_DEPTH:
            raise JunitRefused(f"nested more than {_MAX_DEPTH} deep")
        if name == "testcase":
            if self._case:
                raise JunitRefused("a test case within a test case")
            self._start, self._case = self.parser.CurrentByteIndex, above + 1
            self.suite.seconds += _seconds(attributes.get("time", ""))
        elif above and above == self._case and name in _KINDS:
            kind = _KINDS[name]
            setattr(self.suite, kind, getattr(self.suite, kind) + 1)

    def _end(self, name: str) -> None:
        self._depth -= 1
        if name == "testcase":
            self._case = 0
            end = self.parser.CurrentByteIndex
            if self._data.startswith(b"</testcase", end):
                end = self._data.index(b">", end) + 1
            self.suite.cases.append(self._data[self._start : end])


def _seconds(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        return 0.0
    return value if 0 <= value < 1e9 else 0.0
