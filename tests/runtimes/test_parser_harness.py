"""The parser harness from end to end: each planted fault is found under its rule, a sound parser has no finding."""

from __future__ import annotations

import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from dsbench.base.cpp import SDK
from dsbench.base.errors import Code, DsbenchError
from dsbench.build import compile as parser_compile
from dsbench.build.compile import BuildPlan
from dsbench.build.makefile import render_makefile
from dsbench.build.parser_source import render_source
from dsbench.families import registry
from dsbench.families.base import Head, NamedArray, Network, Outputs
from dsbench.families.ssd import SsdLayout
from dsbench.families.yolox import YoloxLayout
from dsbench.jobs.harness import HarnessJob, HarnessLimits
from dsbench.judge.imports.diagnosis import parser as diagnosis
from dsbench.judge.imports.diagnosis.evidence import ParserCalls
from dsbench.judge.imports.diagnosis.verdict import ParserDiagnosis
from dsbench.judge.lint import ERROR, WARNING, Finding
from dsbench.judge.parser import cases as parser_cases
from dsbench.judge.parser import findings as judge
from dsbench.judge.parser.cases import CaseKind, Setting
from dsbench.judge.parser.findings import Expected
from dsbench.runtimes import parser_harness
from dsbench.runtimes.parser_harness import SanitizersMissing

pytestmark = pytest.mark.long

ROWS, CLASSES = 40, 3
SETTING = Setting(64, 64, 3, CLASSES, 0.25)
LIMITS = HarnessLimits(cpu_seconds=1, wall_seconds=10, memory_mb=900)
LIBRARY = "libplanted_parser.so"
YOLOX = Head("yolox", 1.0, 3, YoloxLayout(84, 3, (8, 16, 32)), ())
COLUMNS = Head("ssd", 1.0, CLASSES, SsdLayout(False, background=-1, shift=0, normalised=False, class_column=5,
                                              score_column=4, box_column=0), ())  # fmt: skip
PAIR = Head("ssd", 1.0, 2, SsdLayout(True, background=0, shift=1, normalised=True), ())


@pytest.fixture(scope="module")
def runner() -> Path:
    program = parser_harness.runner()
    if isinstance(program, SanitizersMissing):
        pytest.skip(program.reason)
    return program


def built(folder: Path, source: str) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "planted.cpp").write_text(source)
    (folder / "Makefile").write_text(render_makefile("planted.cpp", LIBRARY))
    flags = parser_harness.compiler_flags()
    plan = BuildPlan(folder, folder / LIBRARY, SDK, "12.8", folder / "build.log", "", flags=flags)
    return parser_compile.build(plan).library


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Path:
    source = (Path(__file__).parent / "planted_parsers.cpp").read_text()
    return built(tmp_path_factory.mktemp("planted") / "parser", source)


def table(seed: int) -> np.ndarray:
    """(40, 6): corners in pixels, score, class."""
    random = np.random.default_rng(seed)
    corners = np.sort(random.uniform(0, 63, (ROWS, 2, 2)), axis=1).reshape(ROWS, 4)
    columns = (corners, random.uniform(0, 1, (ROWS, 1)), random.integers(0, CLASSES, (ROWS, 1)))
    return np.concatenate(columns, axis=1).astype(np.float32)


def diagnosed(head: Head, tables: Sequence[np.ndarray], frames: Sequence[Outputs]) -> ParserDiagnosis:
    return diagnosis.diagnose(ParserCalls(tuple(tables), tuple(frames), head, Network(64, 64), 0.25, 0.25))


FRAMES = [table(seed) for seed in range(3)]


def check(
    library: Path,
    runner: Path,
    function: str,
    *,
    setting: Setting = SETTING,
    kinds: tuple[CaseKind, ...] = tuple(CaseKind),
    limits: HarnessLimits = LIMITS,
) -> tuple[Finding, ...]:
    frames = [parser_cases.layers(["output"], [frame]) for frame in FRAMES]
    cases = [case for case in parser_cases.all_cases(frames, setting) if case.kind in kinds]
    job = HarnessJob(library, function, tuple(case.job for case in cases), 0xAA, limits)
    scratch = library.parent.parent / "scratch"
    results = parser_harness.run(runner, job, scratch)
    again = parser_harness.run(runner, replace(job, cases=job.cases[:1], fill=0x55), scratch)
    expected = Expected(
        network=Network(64, 64),
        classes=CLASSES,
        object_size=28,
        explain=lambda tables: diagnosed(COLUMNS, tables, [(NamedArray("output", frame),) for frame in FRAMES]),
        sources=str(library.parent),
        layers=("output",),
        where="lib.so",
    )
    return judge.judge(cases, results, again, expected)


def line_of(text: str) -> int:
    source = (Path(__file__).parent / "planted_parsers.cpp").read_text().splitlines()
    return next(number for number, line in enumerate(source, 1) if text in line)


def test_a_sound_parser_has_no_finding(library: Path, runner: Path) -> None:
    assert check(library, runner, "Clean") == ()


REAL = (CaseKind.REAL,)


@pytest.mark.parametrize(
    ("function", "rule", "severity", "says", "at"),
    [
        ("Overrun", "parser-out-of-bounds", ERROR, "reads 4 bytes 0 bytes past the end of output 'output'", "*past *"),
        ("Angle", "parser-uninitialised", WARNING, "rotation_angle left uninitialised: DeepStream 9 draws tilted", ""),
        ("HeapAngle", "parser-uninitialised", ERROR, "height left uninitialised", ""),
        ("State", "parser-state", ERROR, "other boxes for the same frame", ""),
        ("Forever", "parser-hang", ERROR, "did not return", "while (left"),
        ("Overflow", "parser-undefined", ERROR, "signed integer overflow", "stride *="),
        ("Leak", "parser-leak", ERROR, "bytes", ""),
        ("Maths", "parser-reference", ERROR, "left and top hold the lower right corner", ""),
        ("Refuses", "parser-false", ERROR, "returned false", ""),
        ("Flood", "parser-flood", ERROR, "10000000 boxes from 240 numbers", ""),
        ("Swallow", "parser-flood", ERROR, "", ""),
        ("Throws", "parser-raised", ERROR, "left the parser: row 1", ""),
        ("Freed", "parser-use-after-free", ERROR, "heap-use-after-free", "scores[1]"),
        ("Divides", "parser-undefined", ERROR, "division by zero", "layers.size() - 1"),
        ("NotThere", "parser-load", ERROR, "no such function", ""),
    ],
)
def test_a_fault_on_real_frames(
    library: Path, runner: Path, function: str, rule: str, severity: str, says: str, at: str
) -> None:
    # one second of processor time, enough to detect a loop, is too little for other faults on a busy machine
    limits = LIMITS if function == "Forever" else replace(LIMITS, cpu_seconds=30, wall_seconds=60)
    findings = check(library, runner, function, kinds=REAL, limits=limits)
    found = next((finding for finding in findings if finding.rule == rule), None)
    assert found is not None, findings
    assert found.severity == severity
    assert says in found.what
    if at:
        assert found.where == f"parser/planted.cpp:{line_of(at)}"
    assert found.fix
    if function not in (
        "Divides",
        "Swallow",
        "Maths",
    ):  # these faults have further consequences, which are reported too
        assert {finding.rule for finding in findings} == {rule}


@pytest.mark.parametrize(
    ("function", "kind", "rule", "case"),
    [
        ("FixedRows", CaseKind.SHAPES, "parser-out-of-bounds", "half the rows"),
        ("FixedRows", CaseKind.SHAPES, "parser-raised", "layer 0 missing"),
        ("ClassId", CaseKind.CLASSES, "parser-class-id", "one class"),
        ("NanToInt", CaseKind.VALUES, "parser-undefined", "NaN everywhere"),
        ("NotFinite", CaseKind.VALUES, "parser-not-finite", "NaN, Inf and huge values among real ones"),
    ],
)
def test_a_fault_on_changed_tensors(
    library: Path, runner: Path, function: str, kind: CaseKind, rule: str, case: str
) -> None:
    findings = check(library, runner, function, kinds=(kind,))
    found = next((finding for finding in findings if finding.rule == rule and case in finding.what), None)
    assert found is not None, findings
    assert {finding.severity for finding in findings} == {WARNING}
    assert check(library, runner, function, kinds=REAL) == ()


def test_corrupted_memory_is_an_error_where_the_model_itself_varies(library: Path, runner: Path) -> None:
    findings = check(library, runner, "FixedRows", setting=replace(SETTING, dynamic=True), kinds=(CaseKind.SHAPES,))
    errors = [finding for finding in findings if finding.severity == ERROR]
    assert [finding.rule for finding in errors] == ["parser-out-of-bounds"]
    assert "half the rows" in errors[0].what


OLD = '#define DSBENCH_OBJECT_SIZE 24\n#define dsbench_object_size no_mark\n#include "nvdsinfer_custom_impl.h"\n'


def test_objects_of_older_headers(tmp_path: Path, runner: Path) -> None:
    source = (Path(__file__).parent / "planted_parsers.cpp").read_text()
    clean = source[: source.index("PARSER(FixedRows)")]
    findings = check(built(tmp_path / "parser", OLD + clean), runner, "Clean")
    assert [(finding.rule, finding.severity) for finding in findings] == [("parser-object-size", ERROR)]
    assert "built against headers older than DeepStream 9: 24-byte objects" in findings[0].what


@pytest.mark.parametrize("head", [YOLOX, PAIR], ids=["yolox", "ssd"])
def test_generated_parsers_have_no_finding(tmp_path: Path, runner: Path, head: Head) -> None:
    random = np.random.default_rng(0)
    frames = []
    for _ in range(2):
        if head is YOLOX:
            raw = random.uniform(0, 1, (84, 8)).astype(np.float32)
            raw[:, :4] = random.normal(0, 1, (84, 4))
            frames.append([raw])
        else:
            corners = np.sort(random.uniform(0, 1, (40, 2, 2)), axis=1).reshape(40, 4)
            frames.append([random.dirichlet((1, 1, 1), 40).astype(np.float32), corners.astype(np.float32)])
    names = [f"output {index}" for index in range(len(frames[0]))]
    setting = replace(SETTING, classes=head.classes)
    cases = parser_cases.all_cases([parser_cases.layers(names, frame) for frame in frames], setting)
    function = "NvDsInferParseCustomPlanted"
    library = built(tmp_path / "parser", render_source(head, function))
    job = HarnessJob(library, function, tuple(case.job for case in cases), 0xAA, LIMITS)
    results = parser_harness.run(runner, job, tmp_path / "a")
    again = parser_harness.run(runner, replace(job, cases=job.cases[:1], fill=0x55), tmp_path / "b")
    outputs = [tuple(map(NamedArray, names, frame)) for frame in frames]
    assert len(registry.by_name(head.family).decode(outputs[0], head, Network(64, 64), 0.25)) > 5

    def explain(tables: Sequence[np.ndarray]) -> ParserDiagnosis:
        return diagnosed(head, tables, outputs)

    expected = Expected(Network(64, 64), head.classes, 28, explain, str(library.parent), tuple(names), "lib.so")
    assert len(results) == len(cases)
    assert judge.judge(cases, results, again, expected) == ()


def test_a_missing_sanitizer_runtime_names_its_package(monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(_: object) -> Path:
        raise DsbenchError(Code.HOST_BUILD_FAILED, "g++ could not build: /usr/bin/ld: cannot find -lasan")

    monkeypatch.setattr(parser_harness.cpp, "build", fails)
    missing = parser_harness.runner()
    assert isinstance(missing, SanitizersMissing)
    assert "libasan missing" in missing.reason
    assert "libasan" in missing.fix


def test_a_cancelled_check_of_a_looping_parser_ends(library: Path, runner: Path) -> None:
    frames = [parser_cases.layers(["output"], [frame]) for frame in FRAMES]
    cases = tuple(case.job for case in parser_cases.all_cases(frames, SETTING))
    job = HarnessJob(library, "Forever", cases, 0xAA, replace(LIMITS, cpu_seconds=120, wall_seconds=120))
    begun = time.monotonic()
    with suppress(DsbenchError):  # it has no result then
        parser_harness.run(runner, job, library.parent.parent / "stopped", lambda: time.monotonic() - begun > 1)
    assert time.monotonic() - begun < 60
