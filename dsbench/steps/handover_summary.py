"""Fills the record's ``handover`` from the results of the steps: what Step 8 reports besides the figures."""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from dsbench.base import environment, reading, spec
from dsbench.base.errors import DsbenchError
from dsbench.build import trtexec_commands
from dsbench.formats import kitti
from dsbench.formats.trtexec import log as trtexec_log
from dsbench.judge.imports.preprocessing import Choice
from dsbench.model import stand_in
from dsbench.model.facts import PreflightFacts
from dsbench.model.layout import ModelLayout
from dsbench.model.stand_in import is_stand_in
from dsbench.record.handover import (
    CaptureSummary,
    ClassCount,
    CommandSummary,
    ConfigSummary,
    DerivationSummary,
    DetectionSummary,
    DurationSummary,
    EngineSummary,
    Handover,
    ImportSummary,
    TensorSummary,
)
from dsbench.steps.benchmark_run import MeasuredRun
from dsbench.steps.built_in_parser import OWN_DECODE
from dsbench.steps.kitti_gate import KittiGateResult, Step6Duration
from dsbench.steps.model_outputs import ModelOutputsResult
from dsbench.steps.model_run import ModelRun
from dsbench.steps.nvinfer_config import NvinferConfigResult
from dsbench.steps.parser_build import ParserBuildResult
from dsbench.steps.preflight_engine import PreparedEngine
from dsbench.steps.run1_calibration import Run1CalibrationResult
from dsbench.steps.run2_validation import Run2ValidationResult
from dsbench.steps.visual_result import CAPTURE_MODES, EMBEDDED, SKIPPED, VisualValidationResult

_TOP_CLASSES = 10
_OPTIMIZATION = "--builderOptimizationLevel="
_NO_APPROVED_ENCODER = "the embedded runtime has no approved encoder and wrote VP9 in WebM"


@dataclass(frozen=True)
class Step8Duration:
    """Seconds for the charts, the longest part of Step 8."""

    seconds: float


def summary(model: ModelRun) -> Handover:
    """What is known so far."""
    prepared, facts = model.find(PreparedEngine), model.find(PreflightFacts)
    if facts is None:
        return Handover()
    after = prepared.facts if prepared is not None else facts
    return Handover(
        model=_model(facts, model.find(ModelOutputsResult), model.find(ParserBuildResult)),
        config=_config(facts, model.find(ModelOutputsResult), model.find(NvinferConfigResult)),
        engine=_engine(after),
        detections=_detections(model, facts),
        capture=_capture(facts.layout, model.find(VisualValidationResult)),
        durations=_durations(model, after),
        commands=tuple(_commands(model, after)),
    )


def _model(
    facts: PreflightFacts, outputs: ModelOutputsResult | None, parser: ParserBuildResult | None
) -> ImportSummary:
    onnx = facts.onnx
    return ImportSummary(
        onnx=_inside(facts.layout, onnx.path),
        producer=onnx.producer,
        opset=onnx.opset,
        family=outputs.head.family if outputs is not None and outputs.head else "",
        inputs=(TensorSummary(onnx.input_name, onnx.dtype, onnx.shape),),
        outputs=tuple(TensorSummary(one.name, one.dtype, one.shape or ()) for one in onnx.outputs),
        classes=facts.labels.count,
        class_names=tuple(map(kitti.cut_label, facts.labels.names)),
        batch=onnx.batch,
        parser_library=_inside(facts.layout, parser.library.path) if parser else "",
        parser_function=(parser.function or OWN_DECODE) if parser else "",
    )


def _config(
    facts: PreflightFacts, outputs: ModelOutputsResult | None, result: NvinferConfigResult | None
) -> ConfigSummary | None:
    if result is None:
        return None
    config, attrs = result.config, result.config.class_attrs_all
    return ConfigSummary(
        file=_inside(facts.layout, result.written.path),
        height=facts.height,
        width=facts.width,
        channels=facts.onnx.channels,
        layout=facts.onnx.layout,
        net_scale_factor=config.net_scale_factor,
        offsets=config.offsets,
        model_color_format=config.model_color_format,
        maintain_aspect_ratio=config.maintain_aspect_ratio,
        symmetric_padding=config.symmetric_padding,
        cluster_mode=config.cluster_mode,
        network_mode=config.network_mode,
        pre_cluster_threshold=attrs.pre_cluster_threshold,
        nms_iou_threshold=attrs.nms_iou_threshold,
        topk=attrs.topk,
        origin="the user's own config" if result.users else _stated_by(outputs.choice if outputs else None),
    )


def _stated_by(choice: Choice | None) -> str:
    """Who states the preprocessing, each source once."""
    if choice is None:
        return ""
    return "; ".join(dict.fromkeys(f"{key.level}: {key.source}" for key in choice.keys))


def _engine(facts: PreflightFacts) -> EngineSummary | None:
    engine, layout = facts.engine, facts.layout
    if engine is None:
        return None
    known = facts.origin.provenance if facts.origin else None
    cache = _target(facts).timing_cache
    return EngineSummary(
        file=_inside(layout, engine.path),
        bytes=_size(engine.path),
        stand_in=engine.stand_in,
        precision=known.precision.upper() if known else "",
        optimization_level=_optimization_level(known.command if known else ()),
        timing_cache=_inside(layout, cache) if cache.is_file() and not engine.stand_in else "",
        derivations=tuple(_derivations(facts)),
    )


def _optimization_level(command: Iterable[str]) -> int | None:
    given = [word.removeprefix(_OPTIMIZATION) for word in command if word.startswith(_OPTIMIZATION)]
    return int(given[-1]) if given and given[-1].isdigit() else None


def _derivations(facts: PreflightFacts) -> Iterator[DerivationSummary]:
    """PEAK_GPU_STREAMS from the trtexec log of each engine, smallest batch first."""
    engine, layout = facts.engine, facts.layout
    if engine is None or facts.throughput is None:
        return
    made_here = facts.throughput.stand_in
    batches = {engine.max_bs, *(int(path.stem.rpartition("_b")[2]) for path in engine.others if _numbered(path))}
    for batch in sorted(batches):
        log = layout.trtexec_log(batch)
        if not log.is_file() or is_stand_in(log) != made_here:
            continue
        try:
            qps = trtexec_log.parse(log).throughput_qps
        except DsbenchError:
            continue
        images = qps * batch
        yield DerivationSummary(batch, round(images, 2), int(images // facts.target_fps.value), _inside(layout, log))


def _numbered(engine: Path) -> bool:
    return engine.stem.rpartition("_b")[2].isdigit()


def _detections(model: ModelRun, facts: PreflightFacts) -> DetectionSummary | None:
    result = model.find(KittiGateResult)
    if result is None:
        return None
    scan, clip = result.scan, facts.video.value
    # the new nvstreammux does not scale: its boxes are in pixels of the clip
    source = model.runtime.name == "deepstream" and environment.new_streammux()
    width, height = (clip.width, clip.height) if source else (spec.MUX_WIDTH, spec.MUX_HEIGHT)
    return DetectionSummary(
        folder=_inside(facts.layout, facts.layout.kitti_dir),
        width=width,
        height=height,
        frames=scan.files,
        frames_with_detections=scan.with_objects,
        objects=scan.objects,
        required_rate=result.min_rate.value,
        passed=result.verdict.passed,
        classes=tuple(ClassCount(name, count) for name, count in scan.classes.most_common(_TOP_CLASSES)),
    )


def _capture(layout: ModelLayout, result: VisualValidationResult | None) -> CaptureSummary | None:
    if result is None:
        return None
    artefact = _inside(layout, result.output) if result.output else ""
    if result.mode == EMBEDDED:
        return CaptureSummary(CAPTURE_MODES[SKIPPED], artefact, _NO_APPROVED_ENCODER)
    return CaptureSummary(CAPTURE_MODES[result.mode], artefact, result.reason)


def _durations(model: ModelRun, facts: PreflightFacts) -> DurationSummary:
    prepared, step6 = model.find(PreparedEngine), model.find(Step6Duration)
    first, second = model.find(Run1CalibrationResult), model.find(Run2ValidationResult)
    known = facts.origin.provenance if facts.origin else None
    retry, step8 = second.retry if second else None, model.find(Step8Duration)
    return DurationSummary(
        step_4=known.build_seconds if known else None,
        step_5=_step_5(facts),
        preparation=round(prepared.seconds, 2) if prepared and prepared.seconds else None,
        step_6=round(step6.seconds, 2) if step6 else None,
        run1=_seconds(first.run) if first else None,
        run2=_seconds(second.run) if second else None,
        retry=_seconds(retry) if retry else None,
        step_8=step8.seconds if step8 else None,
    )


def _step_5(facts: PreflightFacts) -> float | None:
    """Seconds of trtexec at both batches; None unless ``dsbench prepare`` made the logs that are there."""
    known, engine = facts.origin.provenance if facts.origin else None, facts.engine
    if known is None or engine is None or not known.measured:
        return None
    made = {one.batch: one for one in known.measured}
    batches = stand_in.required_batches(engine.max_bs, facts.onnx.batch)
    logs = {batch: facts.layout.trtexec_log(batch) for batch in batches}
    if any(batch not in made or not log.is_file() for batch, log in logs.items()):
        return None
    if any(reading.sha256(log) != made[batch].log_sha256 for batch, log in logs.items()):
        return None
    return round(sum(made[batch].seconds for batch in batches), 2)


def _seconds(run: MeasuredRun) -> float:
    return round(run.figures.seconds, 2)


def _commands(model: ModelRun, facts: PreflightFacts) -> Iterator[CommandSummary]:
    """The commands of Steps 4 to 7. Those of Steps 4 and 5 are the specification's: another run carried them out."""
    target = _target(facts)
    max_bs = facts.max_bs if facts.engine and not facts.engine.stand_in else facts.onnx.batch or spec.FIRST_MAX_BS
    yield CommandSummary("Step 4", _line("trtexec", trtexec_commands.build(target, max_bs)), False)
    for batch in trtexec_commands.batches(target, max_bs):
        words = trtexec_commands.measure(target, batch, max_bs)
        yield CommandSummary(f"Step 5, batch {batch}", _line("trtexec", words), False)
    for step, words in _carried_out(model):
        yield CommandSummary(step, _line(words[0], words[1:]), True)


def _carried_out(model: ModelRun) -> Iterator[tuple[str, tuple[str, ...]]]:
    """(step, command) of this run."""
    parser, visual = model.find(ParserBuildResult), model.find(VisualValidationResult)
    kitti, first, second = (
        model.find(KittiGateResult),
        model.find(Run1CalibrationResult),
        model.find(Run2ValidationResult),
    )
    if parser is not None and parser.build is not None:
        yield "Step 6d", parser.build.command
    if visual is not None:
        made = visual.attempts or ((visual.finished,) if visual.finished else ())
        yield from (("Step 6f", one.command) for one in made)
    if kitti is not None:
        yield "Step 6g", kitti.dump.finished.command
    if first is not None:
        yield "Step 7, run 1", first.run.perf.finished.command
    if second is not None:
        yield "Step 7, run 2", second.run.perf.finished.command
        if second.retry is not None:
            yield "Step 7, run 2 again", second.retry.perf.finished.command


def _target(facts: PreflightFacts) -> trtexec_commands.Target:
    """Step 4's target, with absolute paths."""
    layout = facts.layout
    precision = trtexec_commands.FP32 if facts.settings.network_mode == 0 else trtexec_commands.FP16
    absolute = ModelLayout(str(layout.root), layout.root)
    return trtexec_commands.Target(absolute, facts.onnx, (facts.height, facts.width), precision)


def _line(program: str, words: Iterable[str]) -> str:
    return shlex.join((program, *words))


def _inside(layout: ModelLayout, path: Path) -> str:
    """``path`` relative to the model directory if it lies in it."""
    return str(path.relative_to(layout.root)) if path.is_relative_to(layout.root) else str(path)


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return 0
