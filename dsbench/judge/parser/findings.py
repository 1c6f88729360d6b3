"""Results of the parser harness as findings; docs/parser-check.md explains each rule.

A fault on real frames is an error, and so is memory corruption by shapes that the same model can return. A fault that
needs another model, other settings or invalid values is a warning.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import TYPE_CHECKING

from dsbench.families.base import Network
from dsbench.formats import sanitizer_log
from dsbench.formats.sanitizer_log import Report, Trouble
from dsbench.jobs.harness import FALSE, OK, RAISED, TOO_MANY, CallResult, CaseResult
from dsbench.judge.imports.diagnosis.verdict import HARMLESS_F1, DiagnosisState, ParserDiagnosis
from dsbench.judge.lint import ERROR, WARNING, Finding
from dsbench.judge.parser import boxes as parser_boxes
from dsbench.judge.parser.cases import Case, CaseKind

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Table = NDArray[np.float32]

FIELDS = ("classId", "left", "top", "width", "height", "detectionConfidence", "rotation_angle")
STACK_PATTERN = 0xFEFEFEFE
WRONG_F1 = 0.5
"""F1 against the reference below which boxes are wrong although no known mistake explains them."""
_MIN_GROWTH = 16
_CASES_SHOWN = 4

_RULES = {
    Trouble.BOUNDS: "parser-out-of-bounds",
    Trouble.LIFETIME: "parser-use-after-free",
    Trouble.UNDEFINED: "parser-undefined",
    Trouble.MEMORY: "parser-flood",
    Trouble.LEAK: "parser-leak",
    Trouble.CRASH: "parser-crash",
    Trouble.EXCEPTION: "parser-raised",
    Trouble.TIME: "parser-hang",
}
_CORRUPTING = ("parser-out-of-bounds", "parser-use-after-free")
FIXES = {
    "parser-out-of-bounds": "take counts from inferDims and the vectors' sizes; return false where they do not fit",
    "parser-class-id": "skip class ids >= detectionParams.perClassPreclusterThreshold.size()",
    "parser-use-after-free": "keep no reference to the arguments after the call; do not use freed memory",
    "parser-undefined": "check the value before the conversion or the arithmetic (std::isfinite, ranges)",
    "parser-uninitialised": "NvDsInferObjectDetectionInfo object{}; sets every member, those of later releases too",
    "parser-leak": "use std::vector instead of new[], or call delete[] on every return path",
    "parser-flood": "bound the loop by inferDims; push a box only where its score reaches the threshold",
    "parser-hang": "bound every loop by inferDims",
    "parser-crash": "check what the code assumes, and return false where it does not hold",
    "parser-raised": "catch the exception in the parser: DeepStream would abort here",
    "parser-false": "read what the parser prints: it expects other layers or dims than those of step 6a",
    "parser-state": "do not change static or global variables: all streams use one parser",
    "parser-not-finite": "check the score and the box with std::isfinite and skip the box otherwise",
    "parser-reference": "compare the decoding with the family's: grid offsets, strides, box format, activation",
    "parser-object-size": "build it against DeepStream 9's headers (or dsbench's: dsbench sdk)",
    "parser-load": "check constructors of global objects, link the libraries that it needs, and build it again",
}


@dataclass(frozen=True, slots=True)
class Expected:
    """What the results are compared with."""

    network: Network
    classes: int
    object_size: int
    """28 or 24 bytes."""
    explain: Callable[[Sequence[Table]], ParserDiagnosis] | None
    """Compares the boxes of all real frames, (n, 6) each, with the family's decode; None without a family."""
    sources: str
    """Folder of the compiled sources."""
    layers: tuple[str, ...]
    """Names of the outputs."""
    where: str
    """Place of findings without a source line."""


@dataclass(frozen=True, slots=True)
class _Observation:
    """One observation, before those of the same place are merged."""

    rule: str
    severity: str
    what: str
    place: str = ""
    case: str = ""
    fix: str = ""


@dataclass(slots=True)
class _FindingGroup:
    first: _Observation
    severity: str
    cases: list[str] = field(default_factory=list)


def judge(
    cases: Sequence[Case], results: Sequence[CaseResult], again: Sequence[CaseResult], expected: Expected
) -> tuple[Finding, ...]:
    """Findings, errors first. ``again``: results on the real frames when fresh memory is filled with another value."""
    seen = [item for case, result in zip(cases, results, strict=False) for item in _case(case, result, expected)]
    sizes = {call.object_size for call in results[0].calls if call.count} if results else set()
    if cases and cases[0].kind is CaseKind.REAL and sizes <= {expected.object_size}:
        seen.extend(_real(cases[0], results[0], again[0] if again else None, expected) if results else ())
    return _grouped(seen, expected.where)


def _case(case: Case, result: CaseResult, expected: Expected) -> Iterator[_Observation]:
    """Observations in any case: sanitizer reports, the end of the process, results of the calls."""
    if result.ended == "exit" and result.number in (3, 4):
        text = next((line for line in result.log.splitlines() if line.startswith("dsbench: ")), "")
        yield _Observation(
            "parser-load", ERROR, f"cannot be loaded: {text.removeprefix('dsbench: ') or 'no such function'}"
        )
        return
    reports = sanitizer_log.parse(result.log, expected.sources, expected.layers)
    for report in reports:
        yield _of_report(case, report)
    ended = _ended(result, bool(reports))
    if ended:
        rule, what = ended
        yield _Observation(rule, _severity(case, rule), what, case=case.name)
    for call in result.calls:
        yield from _of_call(case, call, expected)
    if case.kind is CaseKind.REAL and case.job.leaks and not any(r.trouble is Trouble.LEAK for r in reports):
        yield from _growth(result)


def _severity(case: Case, rule: str) -> str:
    if case.kind is CaseKind.REAL:
        return ERROR
    return ERROR if case.possible and rule in _CORRUPTING else WARNING


def _of_report(case: Case, report: Report) -> _Observation:
    rule = _RULES[report.trouble]
    if case.kind is CaseKind.CLASSES and rule == "parser-out-of-bounds":
        rule = "parser-class-id"
    place = f"{report.file}:{report.line}" if report.file else ""
    return _Observation(rule, _severity(case, rule), report.text, place, case.name)


def _ended(result: CaseResult, explained: bool) -> tuple[str, str] | None:
    """Rule and text for an abnormal end of the process that no sanitizer report explains; None otherwise."""
    if result.ended == "memory":
        return "parser-flood", "exceeded the memory limit"
    if explained or (result.ended == "exit" and result.number == 0):
        return None
    if result.ended == "time":
        return "parser-hang", "did not return"
    if result.ended == "signal":
        return "parser-crash", f"killed by signal {result.number}"
    if sanitizer_log.leaks_unavailable(result.log):
        return None
    return "parser-crash", f"ended the process with status {result.number}"


def _of_call(case: Case, call: CallResult, expected: Expected) -> Iterator[_Observation]:
    if call.status == FALSE and case.kind is CaseKind.REAL:
        yield _Observation("parser-false", ERROR, "returned false: DeepStream crashes then", case=case.name)
    if call.status == RAISED:
        return  # the log has its text
    floats = sum(layer.data.size for layer in case.job.calls[0])
    if call.status == TOO_MANY or call.count > max(floats, 1):
        what = f"{call.count} boxes from {floats} numbers"
        yield _Observation("parser-flood", _severity(case, "parser-flood"), what, case=case.name)
    if call.status == OK and call.count and call.object_size != expected.object_size:
        yield _Observation("parser-object-size", ERROR, _layout_text(call.object_size), case="")
        return
    if call.status == OK and len(call.words):
        yield from _of_boxes(case, call)


def _layout_text(size: int) -> str:
    if size == 24:
        return "built against headers older than DeepStream 9: 24-byte objects"
    return f"objects of {size or 'neither 24 nor 28'} bytes where another layout was asked for"


def _of_boxes(case: Case, call: CallResult) -> Iterator[_Observation]:
    """Boxes that are not finite, and class ids beyond the number of classes."""
    import numpy as np

    if case.kind is CaseKind.VALUES:
        wrong = int((~np.isfinite(_table(call)).all(axis=1)).sum())
        if wrong:
            yield _Observation("parser-not-finite", WARNING, "boxes that hold NaN or Inf", case=case.name)
    classes = len(case.job.thresholds)
    if case.kind is CaseKind.CLASSES and (call.words[:, 0] >= classes).any():
        yield _Observation("parser-class-id", WARNING, "class ids beyond num-detected-classes", case=case.name)


def _real(case: Case, result: CaseResult, again: CaseResult | None, expected: Expected) -> Iterator[_Observation]:
    """Checks on real frames: memory, then the boxes, then the reference decode; an error skips later checks."""
    seen = list(_memory(result, again))
    if not any(item.severity == ERROR for item in seen):
        seen.extend(_sense(result, expected))
    yield from seen
    frames = result.calls[:-1]
    well = all(call.status == OK for call in frames) and not any(item.severity == ERROR for item in seen)
    if well and expected.explain is not None and len(result.calls) == len(case.job.calls):
        yield from _against(expected.explain([_table(call) for call in frames]))


def _memory(result: CaseResult, again: CaseResult | None) -> Iterator[_Observation]:
    """Uninitialised members, and state that one call leaves for the next."""
    import numpy as np

    uninitialised = list(_uninitialised(result, again))
    yield from uninitialised
    if any(item.severity == ERROR for item in uninitialised):
        return  # uninitialised values differ from call to call anyway
    first, last = result.calls[:1], result.calls[1:][-1:]
    if first and last and not np.array_equal(_known(first[0]), _known(last[0])):
        yield _Observation("parser-state", ERROR, "returns other boxes for the same frame after other frames")


def _sense(result: CaseResult, expected: Expected) -> Iterator[_Observation]:
    """6b's checks of the boxes in network pixels."""
    tables = [_table(call) for call in result.calls[:-1] if call.status == OK]
    for found in parser_boxes.check(tables, expected.network, expected.classes):
        yield _Observation(f"parser-{found.rule.removeprefix('parser-')}", found.severity, found.what)


def _known(call: CallResult) -> NDArray[np.uint32]:
    """The objects' members up to the confidence; ``_uninitialised`` judges the later ones."""
    return call.words[:, :6]


def _table(call: CallResult) -> Table:
    """(n, 6) float32: class id, left, top, width, height, confidence."""
    import numpy as np

    table = np.empty((len(call.words), 6), np.float32)
    table[:, 0] = call.words[:, 0]
    table[:, 1:] = np.ascontiguousarray(call.words[:, 1:6]).view(np.float32)
    return table


def _uninitialised(result: CaseResult, again: CaseResult | None) -> Iterator[_Observation]:
    """Members that were not set: they hold a fill pattern, or differ between the two runs."""
    import numpy as np

    fields: set[int] = set()
    other = again.calls if again else ()
    for index, call in enumerate(result.calls):
        words = call.words
        fields.update(np.flatnonzero((words == 0xAAAAAAAA).any(axis=0) | (words == STACK_PATTERN).any(axis=0)))
        if index < len(other) and call.status == other[index].status == OK:
            if words.shape != other[index].words.shape:
                what = "the number of boxes depends on memory that was not initialised"
                yield _Observation("parser-uninitialised", ERROR, what)
                return
            fields.update(np.flatnonzero((words != other[index].words).any(axis=0)))
    if fields:
        names = [FIELDS[number] for number in sorted(fields)]
        # the angle does not affect KITTI files and metrics; DeepStream 9 draws tilted boxes
        severity = WARNING if names == ["rotation_angle"] else ERROR
        effect = ": DeepStream 9 draws tilted boxes" if "rotation_angle" in names else ""
        yield _Observation("parser-uninitialised", severity, f"{', '.join(names)} left uninitialised{effect}")


def _growth(result: CaseResult) -> Iterator[_Observation]:
    """A heap that grows with every call on the same frame."""
    heap = [call.heap for call in result.calls]
    steps = [after - before for before, after in pairwise(heap[2:])]
    if len(steps) > 2 and min(steps) >= _MIN_GROWTH:
        yield _Observation(
            "parser-leak", ERROR, f"allocates {min(steps)} more bytes with every call", case="real frames"
        )


def _against(found: ParserDiagnosis) -> Iterator[_Observation]:
    """The mistake that explains other boxes than the reference decode's; nothing where they are right."""
    unexplained = found.state in (DiagnosisState.UNKNOWN, DiagnosisState.EMPTY)
    if found.harmless or (unexplained and found.f1 >= HARMLESS_F1):
        return
    wrong = found.harmful or (unexplained and found.f1 < WRONG_F1)
    what = f"{found.what} ({found.counts})"
    yield _Observation("parser-reference", ERROR if wrong else WARNING, what, fix=found.fix)


def _grouped(seen: Sequence[_Observation], where: str) -> tuple[Finding, ...]:
    """One finding for each rule and place (without a place: rule and text), with the cases that showed it."""
    groups: dict[tuple[str, str], _FindingGroup] = {}
    for item in seen:
        group = groups.setdefault((item.rule, item.place or item.what), _FindingGroup(item, item.severity))
        if item.severity == ERROR and group.severity != ERROR:
            group.first, group.severity = item, ERROR
        if item.case and item.case not in group.cases:
            group.cases.append(item.case)
    findings = []
    for group in groups.values():
        more = f" and {len(group.cases) - _CASES_SHOWN} more" if len(group.cases) > _CASES_SHOWN else ""
        shown = f" (with {', '.join(group.cases[:_CASES_SHOWN])}{more})" if group.cases else ""
        first = group.first
        place = f"parser/{first.place}" if first.place else where
        fix = first.fix or FIXES.get(first.rule, "")
        findings.append(Finding(first.rule, group.severity, f"{first.what}{shown}", place, fix))
    return tuple(sorted(findings, key=lambda finding: finding.severity != ERROR))
