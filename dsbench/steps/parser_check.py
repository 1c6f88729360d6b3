"""Beyond the specification: the parser under AddressSanitizer and UBSan, on real frames and on changed tensors.

The parser's sources are copied to a scratch directory, built there with sanitizers, and called from a separate program.
The model directory is only read. The check starts once the parser is built and runs concurrently with 6e to 6g; the
step waits for its result.
"""

from __future__ import annotations

import os
import shutil
import tempfile
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from dsbench.base import option_levels, options
from dsbench.base.errors import Code, DsbenchError
from dsbench.build import compile as parser_compile
from dsbench.build import makefile, parser_source, symbols
from dsbench.build.compile import BuildPlan
from dsbench.families.base import Network
from dsbench.jobs.harness import Call, HarnessJob
from dsbench.judge.imports import tensors
from dsbench.judge.imports.diagnosis import parser as diagnosis
from dsbench.judge.imports.diagnosis.evidence import ParserCalls
from dsbench.judge.imports.diagnosis.verdict import ParserDiagnosis
from dsbench.judge.lint import ERROR, Finding
from dsbench.judge.parser import cases as parser_cases
from dsbench.judge.parser import findings as judge
from dsbench.judge.parser.cases import Setting
from dsbench.judge.parser.findings import Expected
from dsbench.model import preflight
from dsbench.model.facts import PreflightFacts
from dsbench.model.layout import ModelLayout
from dsbench.model.preflight import Request
from dsbench.record.evidence import EvidenceLog
from dsbench.runtimes import parser_harness
from dsbench.runtimes.contract import Runtime
from dsbench.runtimes.embedded import EmbeddedRuntime
from dsbench.runtimes.parser_harness import SanitizersMissing
from dsbench.steps import background, built_in_parser, model_outputs, parser_build, working
from dsbench.steps.background import Stopped
from dsbench.steps.findings import raise_errors
from dsbench.steps.model_outputs import ModelOutputsResult, source_plan
from dsbench.steps.model_run import ModelRun
from dsbench.steps.parser_source import generated_function, parser_function

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Tables = Sequence[NDArray[np.float32]]

FRAMES = 4
_FILL, _OTHER_FILL = 0xAA, 0x55
_LARGEST_FILE = 32 << 20


@dataclass(frozen=True)
class ParserCheckResult:
    """Findings of the check and how much it tried."""

    findings: tuple[Finding, ...] = ()
    cases: int = 0
    """Cases that were run."""
    frames: int = 0
    """Real frames among them."""
    build_seconds: float = 0.0
    run_seconds: float = 0.0
    not_run: str = ""
    """Why nothing was checked; empty if it was."""
    fix: str = ""
    """What to do about ``not_run``."""
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class BackgroundCheck:
    """A check that runs concurrently with other steps."""

    future: Future[ParserCheckResult]

    def result(self) -> ParserCheckResult:
        """Wait for the check; returns and raises what ``check`` does."""
        return self.future.result()


def begin(model: ModelRun) -> None:
    """Start ``check`` in the background; it is stopped when this model's steps are over."""
    facts, outputs = model.get(PreflightFacts), model.get(ModelOutputsResult)
    runtime, scratch = model.runtime, model.scratch
    begun = background.begin(lambda stopped: check(facts, outputs, runtime, scratch, stopped), model.at_end)
    model.keep(BackgroundCheck(begun))


def run(model: ModelRun, log: EvidenceLog) -> ParserCheckResult:
    """Wait for the background check. Raises what ``check`` raises, PARSER_CHECK if any finding is an error."""
    with working.seconds(model, "parser under the sanitizers", announced=False):
        result = model.keep(model.get(BackgroundCheck).result())
    add_evidence(log, result)
    require(result)
    return result


def check(
    facts: PreflightFacts,
    outputs: ModelOutputsResult,
    runtime: Runtime,
    scratch: Path,
    stopped: Stopped = background.never,
) -> ParserCheckResult:
    """Build the parser with sanitizers, call it on every case, judge. Faults of the parser are findings.

    Raises PARSER_COMPILE for a parser that does not build without sanitizers either. The result is not valid once
    ``stopped`` returns True.
    """
    if built_in_parser.recognised(outputs):
        return ParserCheckResult(not_run=built_in_parser.NOTHING_TO_DO)
    if not outputs.probed.result.frames:
        return ParserCheckResult(not_run="the network cannot be run here, so there are no outputs to parse")
    started = time.monotonic()
    folder = Path(os.path.realpath(scratch)) / "parser-check"
    shutil.rmtree(folder, ignore_errors=True)
    try:
        _copy_sources(facts, outputs, folder / "parser")
        with ThreadPoolExecutor(1) as pool:
            program = pool.submit(parser_harness.runner)
            library = _build(facts, runtime, folder / "parser", stopped)
            runner = program.result()
    except DsbenchError as error:
        if error.code == Code.PARSER_COMPILE:
            _require_build(facts, runtime, folder / "parser", stopped)
        return ParserCheckResult(not_run=f"the parser was not built with sanitizers: {error.what}", fix=error.fix)
    if isinstance(runner, SanitizersMissing):
        return ParserCheckResult(not_run=runner.reason, fix=runner.fix)
    built = time.monotonic()
    result = _check(facts, outputs, runner, library, folder, stopped)
    return replace(result, build_seconds=built - started, run_seconds=time.monotonic() - built)


def require(check: ParserCheckResult) -> None:
    """Raise PARSER_CHECK if any finding is an error."""
    raise_errors(Code.PARSER_CHECK, [replace(found, what=f"{found.rule}: {found.what}") for found in check.findings])


def _copy_sources(facts: PreflightFacts, outputs: ModelOutputsResult, target: Path) -> None:
    """Copy the parser's folder without build products; generate the source and the Makefile if they are missing."""
    layout = facts.layout
    target.mkdir(parents=True)
    if layout.parser_dir.is_dir():
        shutil.copytree(layout.parser_dir, target, dirs_exist_ok=True, ignore=_ignored)
    if not any(target.glob("*.cpp")):
        if outputs.head is None:
            raise outputs.no_family or DsbenchError(
                Code.PARSER_SOURCE, "there is no parser source", fix="put your parser .cpp into parser/"
            )
        expected = target / layout.parser_source.name
        plan = replace(source_plan(layout), expected=expected, alternatives=(), function=generated_function(facts))
        parser_source.write_source(outputs.head, plan)
    if not (target / "Makefile").is_file():
        source = min(path.name for path in target.glob("*.cpp"))
        makefile.write_makefile(target / "Makefile", source, layout.parser_library.name)


def _ignored(folder: str, names: list[str]) -> list[str]:
    """Names that are not copied: build products, version control, files too large to be sources."""
    return [
        name
        for name in names
        if name.endswith((".so", ".o", ".a", ".log", ".engine", ".onnx"))
        or name == ".git"
        or not _is_source(Path(folder, name))
    ]


def _is_source(path: Path) -> bool:
    return path.is_dir() or (path.is_file() and path.stat().st_size <= _LARGEST_FILE)


def _require_build(facts: PreflightFacts, runtime: Runtime, folder: Path, stopped: Stopped) -> None:
    """Raise PARSER_COMPILE unless the parser builds without sanitizers, as step 6d builds it."""
    try:
        _build(facts, runtime, folder, stopped, sanitized=False)
    except DsbenchError as error:
        fix = "correct it; run make DEEPSTREAM_DIR=$(dsbench sdk) LIBS= in its folder to see the whole log"
        where = facts.layout.given_path(facts.layout.parser_dir)
        raise DsbenchError(error.code, error.what, where=where, fix=fix) from None


def _build(facts: PreflightFacts, runtime: Runtime, folder: Path, stopped: Stopped, *, sanitized: bool = True) -> Path:
    """Build against dsbench's headers, which need no CUDA; if that fails, against the runtime's own."""
    flags = (*(parser_harness.compiler_flags() if sanitized else ()), *parser_build.layout_flags(facts))
    library = folder / facts.layout.parser_library.name

    def plan(headers: Runtime) -> BuildPlan:
        log = folder / "build.log"
        return BuildPlan(folder, library, headers.deepstream_dir, facts.cuda_ver, log, headers.parser_libs, flags=flags)

    embedded = EmbeddedRuntime()
    try:
        return parser_compile.build(plan(embedded), stopped).library
    except DsbenchError:
        if runtime.deepstream_dir == embedded.deepstream_dir:
            raise
        return parser_compile.build(plan(runtime), stopped).library


def _check(
    facts: PreflightFacts, outputs: ModelOutputsResult, runner: Path, library: Path, folder: Path, stopped: Stopped
) -> ParserCheckResult:
    function = parser_function(facts)
    exported = symbols.read_library(library)
    symbols.check_symbol(exported, function)
    frames = _frames(outputs)
    setting = _setting(facts, _threshold(facts, outputs))
    cases = parser_cases.all_cases(frames, setting)
    job = HarnessJob(library, function, tuple(case.job for case in cases), _FILL)
    results = parser_harness.run(runner, job, folder / "cases", stopped)
    once_more = replace(job, cases=job.cases[:1], fill=_OTHER_FILL)
    again = parser_harness.run(runner, once_more, folder / "again", stopped)
    expected = Expected(
        network=Network(facts.width, facts.height),
        classes=facts.labels.count,
        object_size=facts.settings.object_size or 28,
        explain=_explain(facts, outputs, len(frames)),
        sources=str(folder / "parser"),
        layers=outputs.probed.result.outputs,
        where=facts.layout.given_path(facts.layout.parser_library),
    )
    findings = judge.judge(cases, results, again, expected)
    notes = []
    if not any("asan" in name for name in exported.needed):
        notes.append(
            "the Makefile does not take its compiler from PATH: built without sanitizers, only crashes are detected"
        )
    if len(results) < len(cases):
        notes.append(f"stopped after {len(results)} of {len(cases)} cases")
    return ParserCheckResult(findings, len(results), len(frames), notes=tuple(notes))


def _threshold(facts: PreflightFacts, outputs: ModelOutputsResult) -> float:
    return model_outputs.pre_cluster_threshold(facts.settings, outputs)


def _setting(facts: PreflightFacts, threshold: float) -> Setting:
    varying = any(not isinstance(side, int) for output in facts.onnx.outputs for side in (output.shape or ())[1:])
    return Setting(
        width=facts.width,
        height=facts.height,
        channels=facts.onnx.channels,
        classes=facts.labels.count,
        threshold=threshold,
        dynamic=varying,
    )


def _frames(outputs: ModelOutputsResult) -> Sequence[Call]:
    """The model's outputs on the first real frames, under the chosen preprocessing."""
    import numpy as np

    probed = outputs.probed
    keys = tensors.parser_keys(probed.result, outputs.chosen)[:FRAMES]
    with np.load(probed.tensors, allow_pickle=False) as archive:
        return [parser_cases.layers(probed.result.outputs, [archive[key] for key in frame]) for frame in keys]


def _explain(
    facts: PreflightFacts, outputs: ModelOutputsResult, count: int
) -> Callable[[Tables], ParserDiagnosis] | None:
    """Compares boxes of the first ``count`` frames with the family's decode; None for a head of no known family."""
    head = outputs.head
    if head is None:
        return None
    frames = tensors.outputs_of(outputs.probed.tensors, outputs.probed.result, outputs.chosen)[:count]
    threshold, network = _threshold(facts, outputs), Network(facts.width, facts.height)

    def explain(tables: Tables) -> ParserDiagnosis:
        calls = ParserCalls(tuple(tables), frames, head, network, threshold, threshold)
        return diagnosis.diagnose(calls, facts.labels.names)

    return explain


def add_evidence(log: EvidenceLog, check: ParserCheckResult) -> None:
    """Cases and times, or why nothing was run; findings as a table, warnings among them as warnings."""
    if check.not_run:
        log.left_out = check.not_run
        log.fact("Sanitizers", f"not run: {check.not_run}")
        log.note(*(text for text in (f"not run: {check.not_run}", check.fix) if text))
        return
    log.fact("Sanitizers", "AddressSanitizer, UndefinedBehaviorSanitizer", f"built in {check.build_seconds:.1f} s")
    log.fact("Cases", check.cases, f"{check.frames} real frames, and changed tensors; {check.run_seconds:.1f} s")
    log.fact("Findings", len(check.findings) or "none")
    log.note(*check.notes)
    if check.findings:
        log.table("Findings", ("rule", "severity", "what", "where", "fix"), map(_row, check.findings))
    # errors fail the step, whose failure names them
    log.warn(*(f"{found.rule}: {found.what} ({found.where})" for found in check.findings if found.severity != ERROR))


def _row(found: Finding) -> tuple[str, str, str, str, str]:
    """A finding as a row of the table."""
    return found.rule, found.severity, found.what, found.where, found.fix


def _lines(check: ParserCheckResult) -> tuple[str, ...]:
    """The result as lines for the terminal."""
    if check.not_run:
        return (f"not run: {check.not_run}", *([f"  fix: {check.fix}"] if check.fix else []))
    shown = [f"{check.cases} cases, {len(check.findings)} findings", *check.notes]
    for found in check.findings:
        shown.append(f"{found.severity}: {found.rule}: {found.what}")
        shown.append(f"  where: {found.where}")
        if found.fix:
            shown.append(f"  fix: {found.fix}")
    return tuple(shown)


def command(model_dir: str, video: str | None) -> int:
    """``dsbench parser-check``: check one model directory without the rest of the pipeline; returns the exit status.

    0: no error was found, or the sanitizers are not installed; 1: an error was found. Nothing is written to the model
    directory.
    """
    start = Path.cwd()
    layout = ModelLayout.at(model_dir, start)
    given = option_levels.read({options.VIDEO.name: video})
    facts = preflight.run(layout, Request("embedded", given, start, replace_results=True))
    with tempfile.TemporaryDirectory(prefix="dsbench-") as scratch:
        outputs = model_outputs.probe(facts, Path(scratch))
        found = check(facts, outputs, EmbeddedRuntime(), Path(scratch))
    print("\n".join(_lines(found)))
    return int(any(one.severity == ERROR for one in found.findings))
