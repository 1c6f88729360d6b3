"""6b, 6c, 6d: the parser's source, its Makefile, its library; and what the library makes of real frames."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from dsbench.base.errors import Code, DsbenchError
from dsbench.base.files import Written, is_generated
from dsbench.build import compile as parser_compile
from dsbench.build import makefile, parser_source, symbols
from dsbench.build.compile import BuildPlan, BuildResult
from dsbench.build.symbols import LibraryFacts
from dsbench.families import registry
from dsbench.families.base import Network
from dsbench.formats import nvinfer
from dsbench.jobs.probe import ParserJob
from dsbench.judge.imports import tensors
from dsbench.judge.lint import ERROR, Finding
from dsbench.judge.parser import boxes as parser_boxes
from dsbench.judge.parser.boxes import Agreement
from dsbench.model.facts import PreflightFacts
from dsbench.runtimes import probes
from dsbench.runtimes.contract import Runtime
from dsbench.steps import built_in_parser, model_outputs
from dsbench.steps.model_outputs import ModelOutputs, pre_cluster_threshold, source_plan

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Calls = tuple[NDArray[np.float32] | None, ...]

OLD_OBJECT_SIZE = 24
LAYOUT_MARK = "dsbench_object_size"
"""Exported by a library that was built on our headers for old objects."""


@dataclass(frozen=True)
class ParserSource:
    """The .cpp that will be built, and whose it is. ``built_in``: ``path`` is DeepStream's own library instead."""

    path: Path
    users: bool
    reason: str
    built_in: bool = False


@dataclass(frozen=True)
class BuiltParser:
    """The library, its exported functions, and what it found on real frames.

    ``boxes`` counts per frame (-1: the parser returned false); ``agreement`` with the family's reference decode is None
    for a head that no family decodes; ``outputs`` is 6a's result, its preprocessing chosen anew by such a parser.
    ``build`` is None for DeepStream's own parser.
    """

    build: BuildResult | None
    library: LibraryFacts
    function: str
    boxes: tuple[int, ...]
    findings: tuple[Finding, ...]
    agreement: Agreement | None
    outputs: ModelOutputs


def write_source(facts: PreflightFacts, outputs: ModelOutputs) -> ParserSource:
    """The user's own source untouched, else the family's. Raises FAMILY_UNKNOWN if there is neither."""
    if outputs.user_source is not None:
        return ParserSource(outputs.user_source.path, True, outputs.user_source.reason)
    if outputs.head is None:
        assert outputs.no_family is not None
        raise outputs.no_family
    built_in = built_in_parser.of(outputs)
    if built_in:
        return ParserSource(Path(built_in.library), False, built_in_parser.NOTHING_TO_DO, built_in=True)
    plan = replace(source_plan(facts.layout), function=generated_function(facts))
    written = parser_source.write_source(outputs.head, plan)
    return ParserSource(written.path, False, f"{written.status}, from the {outputs.head.family} family's template")


def write_makefile(facts: PreflightFacts, source: ParserSource) -> Written | None:
    """The specification's Makefile for this source; a user's own Makefile stays. None: there is nothing to compile."""
    if source.built_in:
        return None
    return makefile.write_makefile(facts.layout.makefile, source.path.name, facts.layout.parser_library.name)


def build(facts: PreflightFacts, outputs: ModelOutputs, runtime: Runtime, scratch: Path) -> BuiltParser:
    """Build, check the exported function, run it on real frames, judge its boxes.

    Raises what building and the symbol check raise, PARSER_CRASHED, and what the boxes break.
    """
    layout = facts.layout
    built_in = built_in_parser.of(outputs)
    if built_in:
        library = built_in_parser.library(built_in, runtime)
        return _judged(facts, outputs, None, library, built_in.function, scratch)
    plan = BuildPlan(
        parser_dir=layout.parser_dir,
        library=layout.parser_library,
        deepstream_dir=runtime.deepstream_dir,
        cuda_ver=facts.cuda_ver,
        log=layout.parser_dir / "build.log",
        libs=runtime.parser_libs,
        flags=layout_flags(facts),
    )
    result = parser_compile.build(plan)
    library = symbols.read_library(result.library)
    _require_layout(facts, library, runtime)
    function = parser_function(facts)
    symbols.check_symbol(library, function)
    if outputs.head is None and outputs.probed.result.frames:
        outputs = _refined(facts, outputs, result.library, function, scratch)
    return _judged(facts, outputs, result, library, function, scratch)


def _judged(
    facts: PreflightFacts,
    outputs: ModelOutputs,
    built: BuildResult | None,
    library: LibraryFacts,
    function: str,
    scratch: Path,
) -> BuiltParser:
    """The library on real frames; raises what its boxes break. NVIDIA's own library is not judged."""
    built_in = built_in_parser.of(outputs)
    if not outputs.probed.result.frames or (built_in and library.path == Path(built_in.library)):
        return BuiltParser(built, library, function, (), (), None, outputs)
    counts, calls = _run(facts, outputs, [outputs.chosen], library.path, function, scratch)
    findings = parser_boxes.check(
        calls, Network(facts.width, facts.height), facts.labels.count, where=facts.layout.given_path(library.path)
    )
    raise_errors(Code.PARSER_BOXES, findings)
    agreement = _compare(facts, outputs, calls)
    return BuiltParser(built, library, function, counts, findings, agreement, outputs)


def layout_flags(facts: PreflightFacts) -> tuple[str, ...]:
    """Compiler flags that choose the object layout which dsbench.toml asks for."""
    return (f"-DDSBENCH_OBJECT_SIZE={OLD_OBJECT_SIZE}",) if facts.settings.object_size == OLD_OBJECT_SIZE else ()


def _require_layout(facts: PreflightFacts, library: LibraryFacts, runtime: Runtime) -> None:
    """Raise PARSER_OBJECT_SIZE when dsbench.toml chose the old layout and the library did not take it."""
    if layout_flags(facts) and LAYOUT_MARK not in library.functions:
        raise DsbenchError(
            Code.PARSER_OBJECT_SIZE,
            "dsbench.toml asks for 24-byte objects, but the library was built with the layout of other headers",
            where=str(runtime.deepstream_dir),
            fix="remove object-size from [parser], or let parser/Makefile take its headers from DEEPSTREAM_DIR",
        )


def raise_errors(code: Code, findings: Sequence[Finding]) -> None:
    """One DsbenchError for all findings that are errors; nothing for warnings alone."""
    errors = [finding for finding in findings if finding.severity == ERROR]
    if errors:
        what = errors[0].what if len(errors) == 1 else "\n".join(f"- {error.what}" for error in errors)
        fix = "\n".join(dict.fromkeys(error.fix for error in errors if error.fix))
        raise DsbenchError(code, what, where=errors[0].where, fix=fix)


def generated_function(facts: PreflightFacts) -> str:
    """The function that a generated source defines: dsbench.toml's ``parse-bbox-func-name``, else the specification's.

    Not that of a user's nvinfer config: a name misspelt there has to show.
    """
    return facts.settings.parse_bbox_func_name or facts.layout.parser_function


def parser_function(facts: PreflightFacts) -> str:
    """``parse-bbox-func-name``: of the user's nvinfer config, of dsbench.toml, else the specification's name."""
    config = facts.layout.nvinfer_config
    if config.is_file() and not is_generated(config):
        with suppress(DsbenchError):  # 6e says what is wrong with the config
            name = nvinfer.load(config).parse_bbox_func_name
            if name:
                return name
    return generated_function(facts)


def _run(
    facts: PreflightFacts, outputs: ModelOutputs, candidates: Sequence[int], library: Path, function: str, scratch: Path
) -> tuple[tuple[int, ...], Calls]:
    """The parser on every probed frame under each of these candidates, in turn."""
    probed = outputs.probed
    job = ParserJob(
        library=str(library),
        function=function,
        tensors=str(probed.tensors),
        layers=probed.result.outputs,
        keys=tuple(key for candidate in candidates for key in tensors.parser_keys(probed.result, candidate)),
        width=facts.width,
        height=facts.height,
        channels=facts.onnx.channels,
        num_classes=facts.labels.count,
        pre_cluster_threshold=pre_cluster_threshold(facts.settings, outputs.head),
    )
    result, boxes = probes.probe_parser(job, scratch)
    return result.counts, parser_boxes.load_boxes(boxes, result.counts)


def _refined(facts: PreflightFacts, outputs: ModelOutputs, library: Path, function: str, scratch: Path) -> ModelOutputs:
    """6a's choice made by what the user's parser finds on real frames under each candidate."""
    everything = range(len(outputs.candidates))
    _, calls = _run(facts, outputs, everything, library, function, scratch)
    found = [parser_boxes.as_boxes(call) for call in calls]
    frames = len(outputs.probed.result.frames)
    return model_outputs.refine(facts, outputs, [found[i * frames : (i + 1) * frames] for i in everything])


def _compare(facts: PreflightFacts, outputs: ModelOutputs, calls: Calls) -> Agreement | None:
    """The parser against the family's NumPy decode of the same tensors."""
    if outputs.head is None:
        return None
    family, network = registry.by_name(outputs.head.family), Network(facts.width, facts.height)
    frames = tensors.outputs_of(outputs.probed.tensors, outputs.probed.result, outputs.chosen)
    threshold = pre_cluster_threshold(facts.settings, outputs.head)
    reference = [family.decode(frame, outputs.head, network, threshold) for frame in frames]
    return parser_boxes.compare(calls, reference)
