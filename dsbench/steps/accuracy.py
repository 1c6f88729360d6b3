"""Beyond the specification: mAP, errors by class and the hardest frames, where ground truth is given."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from dsbench.base.errors import Code, DsbenchError
from dsbench.base.option import Value
from dsbench.base.options import MIN_MAP
from dsbench.formats.ground_truth.truth import GroundTruth, invalid
from dsbench.judge import label_names
from dsbench.judge.accuracy import average_precision, class_names, errors_of_run, judged_frames, thresholds, verdict
from dsbench.judge.accuracy.average_precision import Precision
from dsbench.judge.accuracy.class_names import SharedClasses
from dsbench.judge.accuracy.errors_of_run import ClassErrors, RunErrors
from dsbench.judge.accuracy.thresholds import BestThreshold
from dsbench.judge.accuracy.verdict import AccuracyVerdict, GateState
from dsbench.judge.imports import preprocessing, truth_ranking
from dsbench.judge.imports.parity import DumpParity, ParityOutcome
from dsbench.model.facts import PreflightFacts
from dsbench.record.evidence import EvidenceLog
from dsbench.steps import accuracy_dump, accuracy_pictures, ground_truth
from dsbench.steps.accuracy_dump import AccuracyDumps
from dsbench.steps.dump_comparison import DumpComparison
from dsbench.steps.ground_truth import FoundTruth
from dsbench.steps.model_outputs import ModelOutputsResult
from dsbench.steps.model_run import ModelRun
from dsbench.steps.rows.file_rows import file_text

_ROWS = 20
TOO_FEW, CLASS_NAMES, NO_TRUTH = "accuracy-too-few-frames", "accuracy-class-names", "accuracy-no-ground-truth"
"""Codes of an INCONCLUSIVE step."""
_COSTS = 0.01
"""Loss of F1 by a key of the config from which on it is named."""
_MORE_FRAMES = "annotate more frames, raise --kitti-frames, or move the gate"


@dataclass(frozen=True)
class MeasuredAccuracy:
    """Everything that the ground truth shows."""

    names: SharedClasses
    precision: Precision
    errors: RunErrors
    best: BestThreshold | None
    verdict: AccuracyVerdict
    dumps: AccuracyDumps


@dataclass(frozen=True)
class AccuracyResult:
    """The measurement; None without ground truth."""

    found: FoundTruth
    gate: Value[float | None]
    measured: MeasuredAccuracy | None = None
    boxes_differ: bool = False
    """The KITTI dump does not have the model's boxes: what the accuracy shows has that cause first."""


@dataclass(frozen=True)
class AccuracyRecord:
    """The record's entry ``accuracy``. Precision and recall at the run's own thresholds, all classes together."""

    map50: float
    map: float
    map_low: float
    map_high: float
    precision: float | None
    recall: float | None
    frames: int
    objects: int
    state: str
    gate: float | None


def run(model: ModelRun, log: EvidenceLog) -> AccuracyResult:
    """Dump, compare, judge. Raises GROUND_TRUTH_INVALID, ACCURACY below the gate, what a run of the app raises."""
    result = model.keep(_measured(model))
    compared = model.find(DumpComparison)
    judged = compared.parity if compared else None
    result = replace(result, boxes_differ=judged is not None and judged.outcome is ParityOutcome.DIFFERENT)
    measured = result.measured
    gate = result.gate.value
    model.record("accuracy", record_entry(measured.precision, measured.errors, gate) if measured else None)
    add_evidence(log, model, result)
    require(result, _better_fed(model), _of_files(model, judged))
    return result


def _of_files(model: ModelRun, judged: DumpParity | None) -> tuple[str, ...]:
    """What labels and config have that can cost accuracy: names that stand twice, keys that drop or move boxes."""
    names = label_names.repeated(model.get(PreflightFacts).labels.names)
    found = [f"labels.txt has {name!r} in {len(lines)} lines" for name, lines in names]
    costs = judged.costs if judged is not None and judged.outcome is not ParityOutcome.DIFFERENT else ()
    keys = [f"{cost.choice.text} (usual: {cost.choice.usual_text})" for cost in costs if 1 - cost.f1 >= _COSTS]
    return (*found, f"the config is not the usual one: {', '.join(keys)}") if keys else tuple(found)


def _measured(model: ModelRun) -> AccuracyResult:
    gate, found = model.option(MIN_MAP), ground_truth.find(model)
    if found.truth is None:
        return AccuracyResult(found, gate)
    names = _names(model, found.truth)
    dumps = accuracy_dump.make(model, found.truth)
    own, low = judged_frames.judged(dumps.own, names), judged_frames.judged(dumps.low, names)
    shared = judged_frames.of_shared_classes(low, names.shared)
    if not any((~frame.crowd).any() for frame in shared):
        raise invalid(
            f"no object of the model's classes in the {len(shared)} frames that were played",
            found.truth.path,
            "raise --kitti-frames, or annotate more frames",
        )
    precision = average_precision.evaluate(shared, names.names, dumps.block)
    errors = errors_of_run.evaluate(own, names.every, names.shared)
    judged = verdict.judge(precision, gate.value)
    return AccuracyResult(
        found, gate, MeasuredAccuracy(names, precision, errors, thresholds.best(shared), judged, dumps)
    )


def _names(model: ModelRun, truth: GroundTruth) -> SharedClasses:
    """The classes by name. Raises GROUND_TRUTH_INVALID if labels.txt and the ground truth share none."""
    facts = model.get(PreflightFacts)
    names = class_names.match(facts.labels.names, truth.names)
    if not names.shared:
        raise invalid(
            f"no class of the ground truth is in labels.txt: {_list(names.only_truth)} against"
            f" {_list(names.only_labels)}",
            truth.path,
            "correct labels.txt, or give ground truth that names the model's classes as labels.txt does",
        )
    return names


def _list(names: tuple[str, ...], shown: int = 6) -> str:
    return ", ".join(names[:shown]) + (f" and {len(names) - shown} more" if len(names) > shown else "")


def _better_fed(model: ModelRun) -> str:
    """What 6a's candidates say, if another has a clearly higher mAP on its frames; empty otherwise."""
    choice = model.get(ModelOutputsResult).choice
    known = {score.preprocessing: score.map for score in choice.ranking if score.map is not None}
    mine = known.get(choice.preprocessing)
    best = max(known, key=lambda value: known[value], default=None)
    if best is None or mine is None or known[best] - mine < truth_ranking.MARGIN:
        return ""
    better, used = preprocessing.differing(best, choice.preprocessing)
    measured = f"{known[best]:.3f} with it, {mine:.3f} with this run's {used}"
    return f"set {better}: on the frames of step 6a the mAP is {measured}"


def require(result: AccuracyResult, better_fed: str = "", of_files: Sequence[str] = ()) -> None:
    """Raise ACCURACY if the gate is not met. ``better_fed``, ``of_files``: hints on preprocessing and files."""
    measured = result.measured
    if measured is None or measured.verdict.state is not GateState.FAIL:
        return
    worst = sorted((one for one in measured.precision.classes if one.ap is not None), key=lambda one: one.ap or 0.0)
    weak = ", ".join(f"{one.name} {one.ap:.3f}" for one in worst[:4])
    renamed = verdict.renamed(measured.errors)
    hints = tuple(filter(None, (verdict.relabelling(measured.errors), better_fed, *_warnings(result, measured))))
    raise DsbenchError(
        Code.ACCURACY,
        "\n".join(filter(None, (renamed, f"{measured.verdict.text}; lowest AP: {weak}", *of_files))),
        where=str(result.found.truth.path if result.found.truth else ""),
        fix="\n".join(hints) or "compare the classes, the confusion and the hardest frames in the tables of this step",
    )


def _warnings(result: AccuracyResult, measured: MeasuredAccuracy) -> tuple[str, ...]:
    if result.boxes_differ:
        return ("the dump does not have the model's boxes (step import_parity): correct that first",)
    cost = thresholds.warning(measured.errors.total, measured.best)
    return (*verdict.warnings(measured.precision, measured.errors), *filter(None, (cost,)))


def add_evidence(log: EvidenceLog, model: ModelRun, result: AccuracyResult) -> None:
    """mAP with its interval, classes, confusion, hardest frames; what does not match or is in doubt."""
    measured, truth = result.measured, result.found.truth
    if measured is None or truth is None:
        log.left_out = result.found.none
        log.fact("Accuracy", f"not measured: {result.found.none}")
        if result.gate.value is not None and result.found.origin:
            log.warn(f"--min-map {result.gate.value:g} was not checked: {result.found.none}")
        elif result.gate.value is not None:
            what = f"--min-map {result.gate.value:g} was not checked: {result.found.none}"
            log.inconclusive(NO_TRUTH, what, "give ground truth, or take the gate away")
        return
    add_figures(log, measured.precision, measured.errors, result.gate)
    log.fact("Ground truth", str(truth.path), f"{truth.format}, {result.found.origin}")
    log.fact("Frames compared", measured.dumps.what, f"the app ran for {measured.dumps.seconds:.1f} s more")
    log.note(*measured.dumps.notes, *_unmatched(measured))
    log.warn(*measured.dumps.warnings, *_warnings(result, measured))
    if measured.verdict.state is GateState.INCONCLUSIVE:
        log.inconclusive(TOO_FEW, measured.verdict.text, _MORE_FRAMES)
    elif measured.verdict.state is not GateState.FAIL and (renamed := verdict.renamed(measured.errors)):
        log.inconclusive(CLASS_NAMES, renamed, verdict.relabelling(measured.errors))
    file_text(log, model.layout.accuracy_dir / "config_infer_low.txt")
    log.frames(*accuracy_pictures.hardest(measured.dumps.own, measured.names, measured.dumps.clip))


def add_figures(log: EvidenceLog, precision: Precision, errors: RunErrors, gate: Value[float | None]) -> None:
    """What follows from the matches: mAP and its gate, precision and recall, and the tables."""
    judged, total = verdict.judge(precision, gate.value), errors.total
    log.print(f"Accuracy: mAP@0.5 {precision.map50:.3f}, {judged.text}")
    interval = f"95 % interval {precision.low:.3f} to {precision.high:.3f}"
    both = f"mAP@0.5:0.95 {precision.map:.3f}, mAP@0.5 {precision.map50:.3f}"
    log.fact("Accuracy", both, f"{interval} of the former; {judged.state}")
    log.fact("Required mAP@0.5:0.95", "none" if gate.value is None else gate.value, gate.origin)
    log.fact("Precision and recall", f"{_text(total.precision)} and {_text(total.recall)}", "at the run's thresholds")
    _tables(log, precision, errors)


def _tables(log: EvidenceLog, precision: Precision, errors: RunErrors) -> None:
    by_name = {one.name: one for one in errors.classes}
    log.table(
        "Classes: AP from a low threshold, precision and recall at the run's own",
        ("class", "objects", "AP@0.5:0.95", "AP@0.5", "precision", "recall"),
        (
            (one.name, one.objects, _text(one.ap), _text(one.ap50), *_at_thresholds(by_name[one.name]))
            for one in precision.classes
            if one.objects or by_name[one.name].detections
        ),
    )
    wrong = [one for one in errors.confusion if one.truth != one.found]
    if wrong:
        log.table(
            "Confusion at the run's thresholds, IoU 0.5: errors, most frequent first",
            ("true class", "detected as", "objects"),
            ((one.truth, one.found, one.count) for one in wrong[:_ROWS]),
        )
    frames = errors.frames
    if frames:
        log.table(
            f"Hardest frames: {len(frames)} of {precision.frames} have errors",
            ("frame", "label file", "objects", "missed", "background", "wrong class"),
            ((one.number, one.name, one.objects, one.missed, one.background, one.confused) for one in frames[:_ROWS]),
        )


def _at_thresholds(one: ClassErrors) -> tuple[str, str]:
    return _text(one.precision), _text(one.recall)


def _text(value: float | None) -> str:
    return "none" if value is None else f"{value:.3f}"


def _unmatched(measured: MeasuredAccuracy) -> list[str]:
    """Classes that only one side has, and names that are spelled differently."""
    names, notes = measured.names, []
    if names.only_truth:
        notes.append(f"classes of the ground truth that labels.txt does not have, left out: {_list(names.only_truth)}")
    if names.only_labels:
        notes.append(f"classes of labels.txt that the ground truth does not have, left out: {_list(names.only_labels)}")
    if names.respelled:
        pairs = tuple(f"{mine} = {theirs}" for mine, theirs in names.respelled)
        notes.append(f"names that are spelled differently: {_list(pairs)}")
    return notes


def record_entry(precision: Precision, errors: RunErrors, gate: float | None) -> AccuracyRecord:
    """The entry; the record's raw data give the same one again."""
    total = errors.total
    return AccuracyRecord(
        round(precision.map50, 4),
        round(precision.map, 4),
        round(precision.low, 4),
        round(precision.high, 4),
        total.precision,
        total.recall,
        precision.frames,
        total.objects,
        str(verdict.judge(precision, gate).state),
        gate,
    )
