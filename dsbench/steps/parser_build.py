"""6d: build the parser's library and run it on the model's outputs of real frames."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from dsbench.base.errors import Code, DsbenchError
from dsbench.build import compile as parser_compile
from dsbench.build import symbols
from dsbench.build.compile import BuildPlan, BuildResult
from dsbench.build.symbols import LibraryFacts
from dsbench.families.base import Network
from dsbench.jobs.probe import ParserJob
from dsbench.judge.imports import tensors
from dsbench.judge.imports.diagnosis.verdict import ParserDiagnosis
from dsbench.judge.lint import ERROR, Finding
from dsbench.judge.parser import boxes as parser_boxes
from dsbench.model.facts import PreflightFacts
from dsbench.model.layout import ModelLayout
from dsbench.record.evidence import EvidenceLog, Undecided
from dsbench.runtimes import probes
from dsbench.runtimes.contract import Runtime
from dsbench.steps import built_in_parser, model_outputs, parser_diagnosis, parser_pictures, preprocessing_rows
from dsbench.steps.built_in_parser import NOTHING_TO_DO
from dsbench.steps.findings import add_doubt, raise_errors
from dsbench.steps.model_outputs import ModelOutputsResult, pre_cluster_threshold
from dsbench.steps.model_run import ModelRun
from dsbench.steps.parser_source import parser_function

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Calls = tuple[NDArray[np.float32] | None, ...]

OLD_OBJECT_SIZE = 24
LAYOUT_MARK = "dsbench_object_size"
"""Symbol exported by a library that was built with dsbench's headers and 24-byte objects."""


@dataclass(frozen=True)
class ParserBuildResult:
    """The library, its exported functions, and its boxes on real frames."""

    build: BuildResult | None
    """None for DeepStream's own parser."""
    library: LibraryFacts
    function: str
    boxes: tuple[int, ...]
    """Number of boxes on each frame; -1 where the parser returned false."""
    findings: tuple[Finding, ...]
    diagnosis: ParserDiagnosis | None
    """Comparison with the family's decode; None for a head of no known family."""
    outputs: ModelOutputsResult
    """6a's result; for a head of no known family with the preprocessing that suits the user's parser best."""
    calls: Calls = ()
    """Boxes (n, 6) on each frame; None where the parser returned false."""


@dataclass(frozen=True)
class _Parser:
    """A built library and its function, and the directory that a run of it writes to."""

    library: Path
    function: str
    scratch: Path


def run(model: ModelRun, log: EvidenceLog) -> ParserBuildResult:
    """``build`` the parser and record its evidence. Raises PARSER_BOXES for wrong boxes."""
    facts = model.get(PreflightFacts)
    outputs = model.get(ModelOutputsResult)
    try:
        parser = model.keep(build(facts, outputs, model.runtime, model.scratch))
    except DsbenchError as error:
        if error.code in (Code.PARSER_CRASHED, Code.PARSER_RAISED):
            log.frames(*parser_pictures.expected(facts, outputs))
        raise
    add_evidence(log, model.layout, parser, facts.settings.accept)
    if any(finding.severity == ERROR for finding in parser.findings):
        log.frames(*parser_pictures.frames(facts, parser.outputs, parser.calls))
    raise_errors(Code.PARSER_BOXES, parser.findings)
    model.keep(parser.outputs)
    return parser


def build(facts: PreflightFacts, outputs: ModelOutputsResult, runtime: Runtime, scratch: Path) -> ParserBuildResult:
    """Build the library, check the exported function, run it on real frames, judge its boxes.

    Raises what the build and the symbol check raise, PARSER_OBJECT_SIZE, PARSER_CRASHED. Wrong boxes are findings.
    """
    layout = facts.layout
    built_in = built_in_parser.recognised(outputs)
    if built_in:
        library = built_in_parser.library(built_in, runtime)
        return _judged(facts, outputs, None, library, built_in.function, scratch)
    plan = BuildPlan(
        parser_dir=layout.parser_dir,
        library=layout.parser_library,
        deepstream_dir=runtime.deepstream_dir,
        cuda_ver=facts.cuda_ver,
        log=layout.build_log,
        libs=runtime.parser_libs,
        flags=layout_flags(facts),
    )
    result = parser_compile.build(plan)
    library = symbols.read_library(result.library)
    _require_layout(facts, library, runtime)
    function = parser_function(facts)
    symbols.check_symbol(library, function)
    if outputs.head is None and outputs.probed.result.frames:
        outputs = _refined(facts, outputs, _Parser(result.library, function, scratch))
    return _judged(facts, outputs, result, library, function, scratch)


def _judged(
    facts: PreflightFacts,
    outputs: ModelOutputsResult,
    built: BuildResult | None,
    library: LibraryFacts,
    function: str,
    scratch: Path,
) -> ParserBuildResult:
    """Run the library on real frames and judge its boxes. NVIDIA's own library is not run."""
    built_in = built_in_parser.recognised(outputs)
    if not outputs.probed.result.frames or (built_in and library.path == Path(built_in.library)):
        return ParserBuildResult(built, library, function, (), (), None, outputs)
    parser = _Parser(library.path, function, scratch)
    counts, calls = _run(facts, outputs, [outputs.chosen], parser)
    findings = parser_boxes.check(
        calls, Network(facts.width, facts.height), facts.labels.count, where=facts.layout.given_path(library.path)
    )

    def again(threshold: float) -> Calls:
        return _run(facts, outputs, [outputs.chosen], parser, threshold)[1]

    found = parser_diagnosis.diagnose(facts, outputs, calls, again)
    wrong = any(finding.severity == ERROR for finding in findings)
    named = parser_diagnosis.cause if wrong else parser_diagnosis.finding
    source = outputs.user_source.path if outputs.user_source else facts.layout.parser_source
    cause = named(found, facts.layout.given_path(source))
    if cause and found and found.explains_classes and outputs.head and outputs.head.classes == facts.labels.count:
        findings = tuple(one for one in findings if one.rule != parser_boxes.CLASS_ID)
    every = (*cause, *findings)
    return ParserBuildResult(built, library, function, counts, every, found, outputs, calls)


def layout_flags(facts: PreflightFacts) -> tuple[str, ...]:
    """Compiler flags for the object layout that dsbench.toml sets."""
    return (f"-DDSBENCH_OBJECT_SIZE={OLD_OBJECT_SIZE}",) if facts.settings.object_size == OLD_OBJECT_SIZE else ()


def _require_layout(facts: PreflightFacts, library: LibraryFacts, runtime: Runtime) -> None:
    """Raise PARSER_OBJECT_SIZE if dsbench.toml sets the old layout and the library has the new one."""
    if layout_flags(facts) and LAYOUT_MARK not in library.functions:
        raise DsbenchError(
            Code.PARSER_OBJECT_SIZE,
            "dsbench.toml asks for 24-byte objects, but the library was built with the layout of other headers",
            where=str(runtime.deepstream_dir),
            fix="remove object-size from [parser], or let parser/Makefile take its headers from DEEPSTREAM_DIR",
        )


def _run(
    facts: PreflightFacts,
    outputs: ModelOutputsResult,
    candidates: Sequence[int],
    parser: _Parser,
    threshold: float | None = None,
) -> tuple[tuple[int, ...], Calls]:
    """Number of boxes and boxes (n, 6) of every probed frame, candidate by candidate. ``threshold``: another than
    pre-cluster-threshold."""
    probed = outputs.probed
    job = ParserJob(
        library=str(parser.library),
        function=parser.function,
        tensors=str(probed.tensors),
        layers=probed.result.outputs,
        keys=tuple(key for candidate in candidates for key in tensors.parser_keys(probed.result, candidate)),
        width=facts.width,
        height=facts.height,
        channels=facts.onnx.channels,
        num_classes=facts.labels.count,
        pre_cluster_threshold=pre_cluster_threshold(facts.settings, outputs) if threshold is None else threshold,
    )
    result, boxes = probes.probe_parser(job, parser.scratch)
    return result.counts, parser_boxes.load_boxes(boxes, result.counts)


def _refined(facts: PreflightFacts, outputs: ModelOutputsResult, parser: _Parser) -> ModelOutputsResult:
    """6a's result with the preprocessing under which the user's parser finds the best boxes on real frames."""
    everything = range(len(outputs.candidates))
    _, calls = _run(facts, outputs, everything, parser)
    found = [parser_boxes.as_boxes(call) for call in calls]
    frames = len(outputs.probed.result.frames)
    return model_outputs.refine(facts, outputs, [found[i * frames : (i + 1) * frames] for i in everything])


def add_evidence(
    log: EvidenceLog, layout: ModelLayout, parser: ParserBuildResult, accepted: Sequence[str] | None = None
) -> None:
    """Command, exported function, boxes on real frames. ``accepted``: codes that the user accepts."""
    if parser.build:
        log.command(*parser.build.command)
        log.warn(*parser.build.warnings[:5])
    took = f"built in {parser.build.seconds:.1f} s" if parser.build else NOTHING_TO_DO
    log.fact("Library", layout.given_path(parser.library.path), took)
    if parser.function:
        log.fact("Exported", ", ".join(parser.library.parse_functions), "dynamic symbol table")
    log.fact("parse-bbox-func-name", parser.function or built_in_parser.OWN_DECODE)
    if LAYOUT_MARK in parser.library.functions:
        log.fact("Object size", "24 bytes: for DeepStream 6.2 and earlier, not for 9", "dsbench.toml: object-size")
    if parser.outputs.head is None:
        preprocessing_rows.add(log, parser.outputs.choice, accepted)
    if parser.boxes:
        log.fact("Raw boxes on real frames", ", ".join(map(str, parser.boxes)), "per frame, before clustering")
    built_in = built_in_parser.recognised(parser.outputs)
    for wrong in built_in.misreads if built_in else ():
        add_doubt(log, Undecided(built_in_parser.MISREADS, wrong.what, wrong.fix), accepted)
    parser_diagnosis.add_evidence(log, parser.diagnosis)
    log.warn(*(finding.what for finding in parser.findings if finding.severity != ERROR))
