"""6a: run the model on random input and on real frames; which family its head is, and how it wants to be fed."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from dsbench.base import spec
from dsbench.base.boxes import Boxes
from dsbench.base.errors import Code, DsbenchError
from dsbench.build import parser_source
from dsbench.build.parser_source import SourcePlan, UserSource
from dsbench.families import registry
from dsbench.families.base import Convention, Head, HeadFact, HeadRefused, Network, Preprocessing
from dsbench.jobs.probe import ProbeResult
from dsbench.judge import label_names
from dsbench.judge.imports import batch, exporter_keys, fp16, frame_evidence, output_ranges, preprocessing, tensors
from dsbench.judge.imports.batch import BatchState
from dsbench.judge.imports.candidate_boxes import CandidateBoxes
from dsbench.judge.imports.levels import Stated
from dsbench.judge.imports.preprocessing import Choice
from dsbench.model.exporter import evidence as exporter_evidence
from dsbench.model.exporter.evidence import ExporterEvidence
from dsbench.model.facts import ModelFacts, PreflightFacts
from dsbench.model.layout import ModelLayout
from dsbench.model.onnx import weights
from dsbench.model.onnx.tensor import TensorFacts
from dsbench.model.settings import Settings
from dsbench.record.evidence import EvidenceLog, Undecided
from dsbench.runtimes import probes
from dsbench.runtimes.contract import Runtime
from dsbench.runtimes.probes import Probed
from dsbench.steps import (
    candidate_pictures,
    clip_check,
    preprocessing_choice,
    preprocessing_rows,
    stated_values,
    tensorrt_import,
    truth_candidates,
)
from dsbench.steps.candidate_pictures import SeenFrames, SideBySide
from dsbench.steps.clip_check import ClipReport
from dsbench.steps.findings import add_doubt
from dsbench.steps.preprocessing_choice import ProbedCandidates, probe_job
from dsbench.steps.truth_candidates import VideoTruth

if TYPE_CHECKING:
    from dsbench.steps.model_run import ModelRun

NOT_RUN = (
    "the graph holds a TensorRT plugin and was not run here: head by its declared outputs, preprocessing by habit;"
    " look at the drawn frames"
)
"""Said of a graph with a TensorRT plugin: ONNX Runtime cannot run it."""


@dataclass(frozen=True)
class ModelOutputsResult:
    """What 6a found."""

    probed: Probed
    candidates: tuple[Preprocessing, ...]
    chosen: int
    """Position of the chosen preprocessing in ``candidates``."""
    choice: Choice
    head: Head | None
    """None if no family recognises the head. The user's own parser may still read it."""
    no_family: DsbenchError | None
    """Why no family recognises the head."""
    user_source: UserSource | None
    exporter: ExporterEvidence
    warnings: tuple[str, ...]

    @property
    def preprocessing(self) -> Preprocessing:
        return self.choice.preprocessing

    def hugging_face_facts(self) -> tuple[HeadFact, ...]:
        """What Hugging Face's files say, and in which file."""
        found, processor = self.exporter.hugging_face, self.exporter.hugging_face.processor
        facts = []
        if found.config and found.model_type:
            facts.append(HeadFact("model_type", found.model_type, str(found.config.name)))
        if found.config and found.id2label:
            facts.append(HeadFact("id2label", f"{len(found.id2label)} classes", str(found.config.name)))
        if processor:
            keys = f"do_rescale={processor.do_rescale} do_normalize={processor.do_normalize} do_pad={processor.do_pad}"
            facts.append(HeadFact("Image processor", f"{processor.kind} {keys}".strip(), processor.path.name))
        return tuple(facts)

    def lines(self) -> tuple[str, ...]:
        """6a's lines: on random input, then on the first real frame under the chosen preprocessing."""
        result = self.probed.result
        random = [line for line in result.lines if line.startswith(("Input", "Output:", "Random"))]
        ranges = [
            f"Output[{index}] range: [{item.low:.4f}, {item.high:.4f}]" for index, item in enumerate(result.random)
        ]
        if not result.frames:
            return (*random, *ranges)
        real = [f"Real frame {result.frames[0]} ({preprocessing.describe(self.preprocessing)}):"]
        for index, output in enumerate(tensors.outputs_of(self.probed.tensors, result, self.chosen)[0]):
            real.append(f"Output[{index}] range: [{output.data.min():.4f}, {output.data.max():.4f}]")
        return (*random, *ranges, *real)


@dataclass(frozen=True)
class Step6Start:
    """time.monotonic() at the beginning of 6a: STEP6_START."""

    at: float


def run(model: ModelRun, log: EvidenceLog) -> ModelOutputsResult:
    """``probe`` the model of this run."""
    model.keep(Step6Start(time.monotonic()))
    tensorrt_import.run(model, log)
    facts = model.get(PreflightFacts)
    try:
        outputs = model.keep(probe(facts, model.scratch, model.runtime, truth_candidates.find(model)))
    except HeadRefused as error:
        _add_reasons(log, error)
        raise
    if batch.state(outputs.probed.result.batches) is BatchState.FROZEN:
        model.keep(replace(facts, onnx=replace(facts.onnx, batch=1)))
    add_evidence(log, outputs, facts.settings.accept)
    origin = exporter_keys.size_origin(
        outputs.exporter.stated.input_size, facts.height, facts.width, facts.onnx.size_origin
    )
    log.fact("Input size (height x width)", f"{facts.height}x{facts.width}", origin)
    _show_unknown(model, log, outputs)
    log.warn(*wrong_labels(facts, outputs))
    _add_clip(log, model.keep(_about_clip(facts, outputs, model.scratch)), facts)
    return outputs


def _add_clip(log: EvidenceLog, clip: ClipReport, facts: PreflightFacts) -> None:
    log.warn(*clip.warnings)
    for doubt in clip.doubts:
        add_doubt(log, Undecided(doubt.code, doubt.what, doubt.fix), facts.settings.accept)


def _about_clip(facts: PreflightFacts, outputs: ModelOutputsResult, scratch: Path) -> ClipReport:
    """What is wrong with the clip. Boxes are only asked where the preprocessing is known."""
    probed, head, found = outputs.probed, outputs.head, None
    if head is not None and not outputs.choice.unknown:
        network = Network(facts.width, facts.height)
        found = CandidateBoxes(outputs.candidates, probed.result, probed.tensors, head, network)
    return clip_check.look(facts, probed, found, outputs.chosen, probe_job(facts, ()), scratch)


def _show_unknown(model: ModelRun, log: EvidenceLog, outputs: ModelOutputsResult) -> None:
    """Make 6a INCONCLUSIVE if nobody states the preprocessing, with the possibilities as pictures."""
    facts, layout = model.get(PreflightFacts), model.layout
    side = side_by_side(facts, outputs, model.scratch)
    trouble = candidate_pictures.write(layout, side)
    log.note(*filter(None, (trouble,)))
    if side:
        log.grid(candidate_pictures.grid(side))
    if outputs.head or outputs.user_source:  # else 6b fails, and nothing else matters yet
        sheet = layout.given_path(layout.candidates_picture) if side and not trouble else ""
        preprocessing_rows.add_unknown(log, outputs.choice, sheet)


def side_by_side(facts: ModelFacts, outputs: ModelOutputsResult, scratch: Path) -> SideBySide | None:
    """The possible preprocessings as pictures; None if it is known, and without a family or a video.

    Frames that were run under all of them are used; where those are too few, they are run once more.
    """
    head, possible = outputs.head, outputs.choice.alternatives[: candidate_pictures.CANDIDATES]
    if not outputs.choice.unknown or head is None or not facts.video or not outputs.probed.result.frames:
        return None
    probed, candidates = outputs.probed, outputs.candidates
    if len(probed.result.frames) < candidate_pictures.FRAMES or not set(possible) <= set(candidates):
        folder = scratch / "side_by_side"
        folder.mkdir(exist_ok=True)
        job = replace(probe_job(facts, possible), frames=candidate_pictures.FRAMES, fp16=False, time_budget_s=6.0)
        probed, candidates = probes.probe_model(job, folder), possible
    network = Network(facts.width, facts.height)
    found = CandidateBoxes(candidates, probed.result, probed.tensors, head, network)
    boxes = [found.clustered(candidates.index(value)) for value in possible]
    seen = SeenFrames(tensors.pictures_of(probed.tensors, probed.result), probed.result.frames)
    return candidate_pictures.draw(possible, boxes, seen, facts.labels.names)


def wrong_labels(facts: ModelFacts, outputs: ModelOutputsResult) -> tuple[str, ...]:
    """What 6e will refuse in labels.txt, as warnings: until then the parser is run with the wrong number of classes."""
    stated, head = outputs.exporter.names_but_of(facts.layout.labels), outputs.head
    found = label_names.mismatches(facts.labels.names, facts.labels.count, stated, head.classes if head else None)
    return tuple(f"{wrong.what}: {wrong.fix}" for wrong in found if wrong.error)


def probe(
    facts: ModelFacts, scratch: Path, runtime: Runtime | None = None, truth: VideoTruth | None = None
) -> ModelOutputsResult:
    """Probe, recognise, choose. Raises what probing raises, MODEL_OUTPUT_INVALID, NOT_A_DETECTOR.

    A graph with TensorRT plugins is recognised by its declared outputs, where ``runtime`` can run it at all. ``truth``:
    annotated frames of the video; they decide what neither the user nor the exporter states.
    """
    layout = facts.layout
    user_source = parser_source.find_user_source(source_plan(layout))
    exporter = exporter_evidence.read(layout, facts.onnx)
    stated = stated_values.preprocessing(facts, exporter)
    conventions = [
        convention.preprocessing
        for convention in (family.convention() for family in registry.FAMILIES)
        if _may_be_fed(convention, facts.onnx.outputs)
    ]
    candidates = preprocessing.candidates(conventions, stated, facts.onnx.channels)
    probed = _declared(facts, runtime, scratch) or probes.probe_model(probe_job(facts, candidates), scratch)
    warnings = (
        *(_check_ranges(facts, probed, candidates[0], stated) if not facts.onnx.plugins else (NOT_RUN,)),
        *filter(None, (batch.warning(probed.result.batches),)),
        *exporter.problems,
    )
    try:
        head = registry.recognise(
            tensors.with_true_shapes(facts.onnx, probed.result),
            tensors.first_frames(probed.tensors, probed.result, len(candidates)),
            hints=replace(stated_values.hints(facts.settings), exporter=exporter),
            labels=facts.labels.names,
        )
    except DsbenchError as error:
        hopeless = error.code == Code.MODEL_OUTPUT_INVALID  # whatever parser reads them
        if hopeless or (error.code != Code.FAMILY_UNKNOWN and user_source is None):
            raise
        choice = preprocessing.decide(
            (), stated, frame_evidence.of_gain(probed.result.input_gain, facts.onnx.beginning)
        )
        outputs = ModelOutputsResult(probed, candidates, 0, choice, None, error, user_source, exporter, warnings)
    else:
        exporter, contradicted = exporter_keys.without_contradicted(exporter, head)
        warnings = (*warnings, *filter(None, (contradicted,)))
        choice = preprocessing_choice.choose(ProbedCandidates(facts, candidates, probed, scratch), head, stated, truth)
        if choice.preprocessing not in candidates:  # ground truth can decide for a combination that is not usual
            candidates = (choice.preprocessing, *candidates)
            probed = probes.probe_model(probe_job(facts, candidates), scratch)
        outputs = ModelOutputsResult(probed, candidates, 0, choice, head, None, user_source, exporter, warnings)
    return _settle(outputs, choice)


def _check_ranges(facts: ModelFacts, probed: Probed, fed: Preprocessing, stated: Stated) -> tuple[str, ...]:
    """Warnings about the outputs. Raises MODEL_OUTPUT_INVALID for NaN and Inf, naming a spoilt weight or a wrong scale.

    ``fed``: the preprocessing that the outputs' ranges belong to, a guess unless ``stated``.
    """
    evidence = frame_evidence.of_gain(probed.result.input_gain, facts.onnx.beginning)
    scales = (stated.fixed.net_scale_factor, stated.exporter.net_scale_factor)
    known = any(scale is not None for scale in scales)
    against = preprocessing.against(fed, evidence) if known and probed.result.real else evidence.anomaly
    holds_nan = any(item.nan for item in probed.result.real or probed.result.random)
    spoilt = weights.with_nan(facts.onnx.path) if holds_nan else ()
    return output_ranges.check(probed.result, facts.onnx.path, against, spoilt[0].text if spoilt else "")


def _may_be_fed(convention: Convention, outputs: Sequence[TensorFacts]) -> bool:
    """Whether a model with these outputs can be one of the convention's family."""
    ranks = {len(output.shape) for output in outputs if output.shape is not None}
    fits = not convention.rank or not ranks or convention.rank in ranks
    return fits and len(outputs) >= convention.fewest_outputs


def _declared(facts: ModelFacts, runtime: Runtime | None, scratch: Path) -> Probed | None:
    """What is known of a graph with TensorRT plugins without running it; None for any other graph.

    Raises ONNX_RUN_FAILED on a runtime that cannot run it.
    """
    plugins = facts.onnx.plugins
    if not plugins:
        return None
    if runtime is None or runtime.name == "embedded":
        raise DsbenchError(
            Code.ONNX_RUN_FAILED,
            f"the graph uses TensorRT's plugin {', '.join(plugins)}, which ONNX Runtime cannot run: the embedded"
            " runtime cannot test this file",
            where=str(facts.onnx.path),
            fix="export the head without the plugin (DeepStream suppresses with cluster-mode=2), or use"
            " --runtime deepstream, where the head is recognised by its declared outputs",
        )
    lines = [f"Input: {facts.onnx.input_name} shape={list(facts.onnx.shape)}"]
    lines += [f"Output: {output.name} shape={list(output.shape or ())}" for output in facts.onnx.outputs]
    names = tuple(output.name for output in facts.onnx.outputs)
    return Probed(ProbeResult(outputs=names, lines=tuple(lines)), scratch / "not-run.npz")


def refine(
    facts: PreflightFacts, outputs: ModelOutputsResult, decoded: Sequence[Sequence[Boxes]]
) -> ModelOutputsResult:
    """Choose the preprocessing by the boxes of the user's parser, if no family can decode the head.

    ``decoded``: its boxes on every probed frame, for each candidate.
    """
    scores = preprocessing.score(outputs.candidates, decoded)
    evidence = frame_evidence.of_gain(outputs.probed.result.input_gain, facts.onnx.beginning)
    return _settle(
        outputs, preprocessing.decide(scores, stated_values.preprocessing(facts, outputs.exporter), evidence)
    )


def _settle(outputs: ModelOutputsResult, choice: Choice) -> ModelOutputsResult:
    """The outputs with a choice and its position among the candidates."""
    chosen = outputs.candidates.index(choice.preprocessing)
    loss = exporter_keys.approximation(choice.preprocessing, outputs.exporter.stated)
    warnings = tuple(dict.fromkeys((*outputs.warnings, *filter(None, (loss,)))))
    return replace(outputs, choice=choice, chosen=chosen, warnings=warnings)


def pre_cluster_threshold(settings: Settings, outputs: ModelOutputsResult) -> float:
    """dsbench.toml's, else the exporter's config's, else the family's, else 6e's."""
    if settings.pre_cluster_threshold is not None:
        return settings.pre_cluster_threshold
    stated = outputs.exporter.stated.pre_cluster_threshold
    return stated.value if stated else family_threshold(outputs.head)


def family_threshold(head: Head | None) -> float:
    """The pre-cluster-threshold of the head's family, else 6e's."""
    chosen = registry.convention(head).pre_cluster_threshold if head else None
    return spec.PRE_CLUSTER_THRESHOLD if chosen is None else chosen


def source_plan(layout: ModelLayout) -> SourcePlan:
    """Where 6b's source is looked for and written."""
    return SourcePlan(layout.parser_source, layout.parser_source_alternatives, layout.parser_function)


def add_evidence(log: EvidenceLog, outputs: ModelOutputsResult, accepted: Sequence[str] | None = None) -> None:
    """Shapes and ranges, the family and why, the preprocessing and how the candidates fared.

    ``accepted``: codes that the user accepts.
    """
    result, choice = outputs.probed.result, outputs.choice
    log.print(*outputs.lines())
    if outputs.head:
        log.fact("Family", outputs.head.family, f"confidence {outputs.head.confidence:.2f}")
        log.fact("Classes of the head", outputs.head.classes)
        for fact in outputs.head.facts:
            log.fact(fact.name, fact.value, fact.reason)
        log.warn(*outputs.head.warnings)
    elif outputs.no_family:
        log.fact("Family", "none recognised", "the user's own parser reads the outputs")
        log.note(outputs.no_family.what)
        _add_reasons(log, outputs.no_family)
    for fact in outputs.hugging_face_facts():
        log.fact(fact.name, fact.value, fact.reason)
    rows = outputs.exporter.rows()
    if rows:
        log.table("What the exporter states", ("key", "value", "source", "less trusted sources"), rows)
    preprocessing_rows.add(log, choice, accepted)
    if outputs.exporter.graph.project:
        log.fact("Made by", outputs.exporter.graph.project, "names in the graph")
    log.fact("Real frames", ", ".join(map(str, result.frames)), "frame numbers in the video")
    if result.batches:
        sizes = " and ".join(str(trial.batch) for trial in result.batches)
        log.fact("Batch", batch.state(result.batches), f"{sizes} different frames in one batch on ONNX Runtime")
    _add_fp16(log, outputs)
    log.fact("ONNX Runtime, one image", f"{result.ms_per_run:.1f} ms")
    log.warn(*outputs.warnings)


def _add_reasons(log: EvidenceLog, error: DsbenchError) -> None:
    """What each family says about outputs that none reads."""
    if isinstance(error, HeadRefused) and error.rejected:
        rows = ((answer.family, answer.reason) for answer in error.rejected)
        log.table("Why no family reads these outputs", ("family", "reason"), rows)


def _add_fp16(log: EvidenceLog, outputs: ModelOutputsResult) -> None:
    """The layers beyond FP16, if they were measured with the chosen preprocessing."""
    layers = fp16.beyond(outputs.probed.result, outputs.candidates, outputs.chosen)
    if layers is not None:
        log.fact("Layers beyond FP16", len(layers), "largest value of each layer on a real frame, 6e-08 to 65504")
        log.warn(*filter(None, (fp16.warning(layers),)))
