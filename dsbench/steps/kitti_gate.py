"""6g: the KITTI dump by the runtime's app, and the gate on its detection rate."""

from __future__ import annotations

import contextlib
import shlex
import time
from dataclasses import dataclass, replace

from dsbench.base import spec
from dsbench.base.errors import Code, DsbenchError
from dsbench.base.option import Value
from dsbench.base.options import GPU_ID, KITTI_FRAMES, MIN_DETECTION_RATE
from dsbench.build import app_config
from dsbench.build.app_config import AppPlan
from dsbench.families.base import Network
from dsbench.formats import kitti
from dsbench.formats import labels as label_file
from dsbench.formats.kitti import Scan
from dsbench.formats.odd_objects import Ordinary
from dsbench.judge import gate, kitti_content, streams
from dsbench.judge.gate import GateEvidence, GateVerdict, ReferenceRate
from dsbench.judge.imports.candidate_boxes import CandidateBoxes
from dsbench.judge.imports.config_choices import PARSER
from dsbench.judge.imports.parity import DumpParity, ParityOutcome
from dsbench.judge.lint import NOTE
from dsbench.model.facts import PreflightFacts
from dsbench.model.layout import ModelLayout
from dsbench.record.evidence import EvidenceLog
from dsbench.runtimes import frame_count, kitti_dump
from dsbench.runtimes.kitti_dump import KittiDump
from dsbench.steps import clip_check, config_place, dump_comparison, reference, working
from dsbench.steps.clip_check import ClipReport
from dsbench.steps.model_outputs import ModelOutputsResult, Step6Start, family_threshold
from dsbench.steps.model_run import ModelRun
from dsbench.steps.nvinfer_config import NvinferConfigResult
from dsbench.steps.parser_build import ParserBuildResult
from dsbench.steps.rows import engine_rows
from dsbench.steps.rows.file_rows import file_text, log_text

MIN_FRAME_FRACTION = 0.9
"""Fraction of the expected frames that a dump must have; with fewer the app ended early."""


@dataclass(frozen=True)
class KittiGateResult:
    """The dump, its parsed files, and the gate's verdict."""

    dump: KittiDump
    scan: Scan
    verdict: GateVerdict
    frames: Value[int]
    min_rate: Value[float]
    expected: int
    """Frames that the dump should have."""
    config: str = ""
    """Place of the key of the user's config that costs most; empty without one."""

    @property
    def lost(self) -> int:
        """Frames of the clip without a file."""
        return max(0, self.expected - self.scan.files)


@dataclass(frozen=True)
class Step6Duration:
    """STEP6_DURATION, from the beginning of 6a to the end of 6g."""

    seconds: float

    @property
    def line(self) -> str:
        return f"[Step 6] completed in {streams.seconds_text(self.seconds)}s"


def run(model: ModelRun, log: EvidenceLog) -> KittiGateResult:
    """Dump and judge. Raises what a run of the app raises, KITTI_GATE, APP_FAILED for a dump that ended early."""
    result = model.keep(_judged(model))
    add_evidence(log, model.layout, result)
    known = model.get(PreflightFacts).video.value.frames
    log.warn(*clip_check.dump_warnings(model.layout.kitti_dir, result.frames.value, known))
    require_detections(result, _config_warnings(model))
    took = model.keep(Step6Duration(time.monotonic() - model.get(Step6Start).at))
    log.print(took.line)
    return result


def _config_warnings(model: ModelRun) -> tuple[str, ...]:
    """What 6e says against the config, with the fix: it may be why the app fails or ends early."""
    found = model.find(NvinferConfigResult)
    warned = (one for one in found.findings if one.severity != NOTE) if found else ()
    return tuple(f"{one.what}: {one.fix}" for one in warned)


def _judged(model: ModelRun) -> KittiGateResult:
    facts, outputs = model.get(PreflightFacts), model.get(ModelOutputsResult)
    frames, rate = model.option(KITTI_FRAMES), model.option(MIN_DETECTION_RATE)
    reference.begin(model)
    try:
        dumped = _dump(model, facts, frames.value)
    except DsbenchError as error:
        warned = _config_warnings(model)
        if not warned or error.code not in (Code.APP_FAILED, Code.APP_CRASHED, Code.APP_TIMEOUT):
            raise
        fix = "\n".join((*(f"step 6e: {text}" for text in warned), error.fix))
        raise DsbenchError(error.code, error.what, where=error.where, fix=fix) from error
    scan = kitti.scan(model.layout.kitti_dir, _ordinary(model, facts))
    expected = _expected(facts, frames.value, scan.files)
    compared = dump_comparison.compare(model, model.layout.kitti_dir)
    evidence = replace(
        _gate_evidence(model, outputs),
        reference=_reference_rate(compared.parity, rate.value),
        whole_clip=bool(facts.video.value.frames) and scan.files >= facts.video.value.frames,
    )
    verdict = gate.evaluate(scan, rate.value, evidence)
    costs = compared.parity.costs if compared.parity else ()
    place = config_place.of_choice(model, costs[0].choice) if costs else ""
    return KittiGateResult(dumped, scan, verdict, frames, rate, expected, place)


def _ordinary(model: ModelRun, facts: PreflightFacts) -> Ordinary:
    """What objects of this dump must have. The new nvstreammux keeps the clip's size, the old one scales to its own."""
    clip, path = facts.video.value, model.get(NvinferConfigResult).config.labelfile_path
    names = None
    if path is not None:
        with contextlib.suppress(DsbenchError):  # 6e reports it
            names = frozenset(kitti.cut_label(name) for name in label_file.read(path).names) or None
    return Ordinary(max(spec.MUX_WIDTH, clip.width), max(spec.MUX_HEIGHT, clip.height), names)


def _reference_rate(compared: DumpParity | None, required: float) -> ReferenceRate | None:
    """Frames with objects in dump and reference, and the keys of the config that cost boxes."""
    if compared is None:
        return None
    frames = compared.usual.frames
    costs = [cost for cost in compared.costs if cost.matters]
    return ReferenceRate(
        frames=len(frames),
        reference=compared.frames_with_reference,
        dump=sum(len(frame.found) > 0 for frame in frames),
        required=required,
        causes=tuple(cost.text for cost in costs),
        fixes=tuple(cost.choice.undone for cost in costs),
        config_alone=compared.outcome is ParityOutcome.CHOSEN
        and not compared.approximate
        and all(cost.choice.group != PARSER for cost in costs),
    )


def _gate_evidence(model: ModelRun, outputs: ModelOutputsResult) -> GateEvidence:
    """What 6a, 6d and 6e found."""
    nvinfer_config = model.get(NvinferConfigResult)
    return GateEvidence(
        outputs.choice.warning,
        outputs.choice.unknown,
        _parser_findings(model.get(ParserBuildResult)),
        tuple(finding.what for finding in nvinfer_config.findings if finding.severity != NOTE),
        nvinfer_config.config.class_attrs_all.pre_cluster_threshold,
        family_threshold(outputs.head),
        _below_frame(model.get(PreflightFacts), outputs),
        tuple(f"{doubt.what}: {doubt.fix}" for doubt in (model.find(ClipReport) or ClipReport()).doubts),
    )


def _parser_findings(parser: ParserBuildResult) -> tuple[str, ...]:
    """What 6d found against the parser; the cause of wrong boxes first."""
    found = parser.diagnosis
    doubted = found is not None and not found.harmless and (found.causes or found.selections or found.part)
    named = (found.what,) if found is not None and doubted else ()
    rest = tuple(finding.what for finding in parser.findings)
    return tuple(dict.fromkeys((*named, *(text for text in rest if not any(one in text for one in named)))))


def _below_frame(facts: PreflightFacts, outputs: ModelOutputsResult) -> float:
    """Fraction of 6a's boxes that reach below the frame; 0 if no family decodes the head."""
    if outputs.head is None:
        return 0.0
    network, probed = Network(facts.width, facts.height), outputs.probed
    found = CandidateBoxes(outputs.candidates, probed.result, probed.tensors, outputs.head, network)
    return found.below_frame(outputs.chosen)


def _expected(facts: PreflightFacts, wanted: int, written: int) -> int:
    """Frames that the dump should have: those requested, at most the clip's.

    If some are missing the clip is decoded to count them: a container may hold more frames than can be decoded.
    """
    clip = facts.video.value
    expected = min(wanted, clip.frames) if wanted and clip.frames else wanted or clip.frames
    if written < expected:
        with contextlib.suppress(DsbenchError):  # if it cannot be counted, keep the container's number
            expected = min(expected, frame_count.count(clip.path, decode=True))
    return expected


def _dump(model: ModelRun, facts: PreflightFacts, frames: int) -> KittiDump:
    """Write the app config and run it. Paths that an ini file cannot hold are replaced by links in scratch."""
    layout, links = model.layout, model.scratch
    plan = AppPlan(
        nvinfer_config=app_config.safe_path(layout.nvinfer_config, links),
        video=app_config.safe_path(facts.video.value.path, links, uri=True),
        gpu_id=model.option(GPU_ID).value,
        kitti_dir=app_config.safe_path(layout.kitti_dir, links),
    )
    app_config.write_app(layout.kitti_app_config, plan)
    config = app_config.safe_path(layout.kitti_app_config, links)
    with working.frames(model, "KITTI dump (6g)", layout.kitti_dir, frames):
        return kitti_dump.dump(model.runtime, config, layout.kitti_dir, frames, layout.kitti_log)


def require_detections(result: KittiGateResult, config_warnings: tuple[str, ...] = ()) -> None:
    """Raise KITTI_GATE, with the specification's ERROR line and the likely causes, unless the gate passed.

    Raises KITTI_CONTENT if it passed on objects that cannot be detections, APP_FAILED if it passed on a dump that ended
    early. ``config_warnings``: 6e's, which may explain that.
    """
    verdict = result.verdict
    if not verdict.passed:
        why = verdict.named or verdict.import_unknown
        stop = () if why else (line for line in verdict.lines if line in gate.HARD_STOP[1:])
        raise DsbenchError(
            Code.KITTI_GATE,
            "\n".join(filter(None, (why, verdict.cause, *stop))),
            where=(result.config if verdict.named else "") or str(result.dump.directory),
            fix="\n".join(verdict.hints),
        )
    if odd := kitti_content.mostly_odd(result.scan):
        fix = "\n".join(kitti_content.fixes(result.scan))
        raise DsbenchError(Code.KITTI_CONTENT, odd, where=str(result.dump.directory), fix=fix)
    if result.scan.files < MIN_FRAME_FRACTION * result.expected:
        finished = result.dump.finished
        last = "\n".join(f"    {line}" for line in finished.tail())
        warned = f"; step 6e warned: {config_warnings[0]}" if config_warnings else ""
        raise DsbenchError(
            Code.APP_FAILED,
            f"the KITTI dump: the app wrote {result.scan.files} of {result.expected} frames and ended with status 0"
            f"{warned}"
            f"\n  last lines of {finished.log}:\n{last}",
            where=shlex.join(finished.command),
            fix="\n".join((*(f"step 6e: {text}" for text in config_warnings), _PLAY_ALONE)),
        )


_PLAY_ALONE = "read the log; play the video alone to see whether it ends there"


def add_evidence(log: EvidenceLog, layout: ModelLayout, result: KittiGateResult) -> None:
    """Figures with their thresholds, detected classes, the app's command and files."""
    scan, finished = result.scan, result.dump.finished
    log.print(*result.verdict.lines)
    log.import_unknown = result.verdict.import_unknown
    log.command(*finished.command)
    log.fact("Frames requested", result.frames.value or "the whole video", result.frames.origin)
    log.fact("Frames written", scan.files, f"the app ran for {finished.seconds:.1f} s")
    engine_rows.engine(log, "KITTI dump", result.dump.console)
    if result.lost:
        log.warn(f"the dump has {scan.files} of {result.expected} frames: {result.lost} are missing")
    if finished.stopped and finished.timed_out:
        log.warn("the app did not end on SIGINT after the last frame and was killed")
    if result.dump.end_warning:
        log.warn(result.dump.end_warning)
    add_figures(log, scan, result.verdict, result.min_rate)
    if scan.invalid_count:
        log.warn(f"{scan.invalid_count} lines are not in KITTI format; the first is in {scan.invalid[0].file}")
    for finding in kitti_content.findings(scan):
        log.warn(finding)
    if scan.foreign:
        log.note(f"other files in {layout.given_path(layout.kitti_dir)}, not counted: {', '.join(scan.foreign[:5])}")
    file_text(log, layout.kitti_app_config)
    log_text(log, finished.log)


def add_figures(log: EvidenceLog, scan: Scan, verdict: GateVerdict, min_rate: Value[float]) -> None:
    """What follows from the dump alone: rate, objects, scores, classes."""
    rate = f"{scan.detection_rate:.1%} of frames; at least {min_rate.value:.1%} required"
    log.fact("Detection rate", rate, min_rate.origin)
    log.fact("Detections per frame", f"{verdict.detections_per_frame:.2f}" if scan.files else "no frame")
    median = verdict.median_score
    log.fact("Median score", "no detection" if median is None else f"{median:.3f}")
    log.fact("Zero-area boxes", scan.zero_area)
    if scan.classes:
        log.table("Detected classes", ("class", "objects"), scan.classes.most_common(20))
