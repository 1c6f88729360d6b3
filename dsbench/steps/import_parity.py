"""Beyond the specification: the boxes of the KITTI dump are those that the model gives on the same frames."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from dsbench.base.errors import Code, DsbenchError
from dsbench.base.options import ABLATION
from dsbench.judge import label_names
from dsbench.judge.imports import parity
from dsbench.judge.imports.config_choices import PARSER
from dsbench.judge.imports.diagnosis.verdict import ParserDiagnosis
from dsbench.judge.imports.dump_boxes import ClassNames
from dsbench.judge.imports.match_tally import MatchTally
from dsbench.judge.imports.matching import Match
from dsbench.judge.imports.parity import DumpParity, ParityOutcome
from dsbench.model.facts import PreflightFacts
from dsbench.record.evidence import EvidenceLog, Undecided
from dsbench.record.raw import ImportParityData
from dsbench.steps import ablation, config_place, parity_pictures
from dsbench.steps.dump_comparison import DumpComparison
from dsbench.steps.findings import add_doubt
from dsbench.steps.model_run import ModelRun
from dsbench.steps.parser_build import ParserBuildResult

_MANY = 20
"""Boxes of the reference that make the comparison worth something."""
_LOCATED = 0.5
"""Fraction of the dump's boxes that must lie on a box of the reference: labels of boxes elsewhere say nothing."""
_SHOWN = 12
"""Rows of a table."""


@dataclass(frozen=True)
class ImportParityRecord:
    """The record's entry ``import_parity``."""

    outcome: str
    frames: int
    """Frames that were compared."""
    frames_with_reference: int
    reference: int
    """Boxes of the reference."""
    found: int
    """Boxes of the dump."""
    recall: float
    precision: float
    f1: float
    f1_iou_90: float
    median_iou: float
    score_drift: float
    duplicates: int
    choices: tuple[str, ...]
    """Keys of the config that are not the usual ones, and what each costs."""


def run(model: ModelRun, log: EvidenceLog) -> DumpComparison:
    """Compare dump and reference. Raises IMPORT_PARITY if the dump has other boxes than the model gives."""
    result = model.find(DumpComparison) or DumpComparison(None, ClassNames(()), not_run="6g left no dump")
    model.record("import_parity", record_entry(result.parity) if result.parity else None)
    costs = result.parity.costs if result.parity else ()
    place = config_place.of_choice(model, costs[0].choice) if costs else ""
    add_evidence(log, result, model.get(PreflightFacts).settings.accept, place)
    log.frames(*parity_pictures.frames(result, model.get(PreflightFacts)))
    if model.option(ABLATION).value and result.parity is not None:
        ablation.add(model, log)
    built = model.find(ParserBuildResult)
    require(result, model.layout.given_path(model.layout.kitti_dir), built.diagnosis if built else None)
    return result


def require(result: DumpComparison, where: str, parser: ParserDiagnosis | None = None) -> None:
    """Raise IMPORT_PARITY if the dump has other boxes than the model gives. ``parser``: 6d's diagnosis."""
    judged = result.parity
    if judged is None or judged.outcome is not ParityOutcome.DIFFERENT:
        return
    suspect = parser if parser is not None and not result.causes and not parser.harmless else None
    lines = [*_named(result), _headline(judged), *signs(result), *_unnamed(result, judged)]
    fixes = [cause.fix for cause in result.causes]
    if suspect is not None:
        lines.insert(0, f"the parser, in step 6d: {suspect.what}")
        fixes.append(suspect.fix)
    elif parser is not None and parser.complete and not result.causes:
        lines.append(_SOUND_PARSER)
    fix = "\n".join(dict.fromkeys(filter(None, fixes))) or _FIX
    raise DsbenchError(Code.IMPORT_PARITY, "\n".join(lines), where=where, fix=fix)


def _named(result: DumpComparison) -> tuple[str, ...]:
    """The mistake that explains the dump, if one does."""
    texts = tuple(dict.fromkeys(cause.text for cause in result.causes))
    if not texts:
        return ()
    named = texts[0] if len(texts) == 1 else "either " + ", or ".join(texts)
    if result.causes[0].counted:
        return (named,)
    return (f"{named}: the dump has such boxes (F1 {result.causes[0].f1:.2f} at IoU 0.9)",)


def _unnamed(result: DumpComparison, judged: DumpParity) -> tuple[str, ...]:
    """Where to look if no mistake explains the dump."""
    if result.causes or not judged.match.found:
        return ()
    frames = ", ".join(str(frame.frame) for frame in judged.match.worst(3))
    return (f"no known mistake explains this; frames {frames} tell most",)


_SOUND_PARSER = (
    "the parser's boxes are right (step 6d): look at the nvinfer config that the app read, the labels, and the engine"
)
_FIX = (
    "look at the drawn frames of this step in the report: compare the parser with the family's decode, the labels with"
    " the model's classes, and the keys of the nvinfer config with those of step 6e"
)


def _headline(judged: DumpParity) -> str:
    match = judged.match
    return (
        f"the dump does not have the boxes that the model gives: {match.paired} of {match.reference} boxes of the"
        f" reference are found, {match.extra} boxes are not the reference's (F1 {match.f1:.2f} at IoU 0.5,"
        f" {len(match.frames)} frames)"
    )


def signs(result: DumpComparison) -> tuple[str, ...]:
    """What is conspicuous about the difference, one sentence each."""
    judged = result.parity
    if judged is None:
        return ()
    match, name = judged.match, result.names.name
    found = []
    confused = match.confusions()
    located = match.paired + sum(count for *_, count in confused)
    for wanted, shown, count in confused[:3] if located >= _LOCATED * match.found else ():
        if count >= max(3, 0.02 * match.reference):
            found.append(f"{count} boxes of {name(wanted)} are labelled {name(shown)}")
    if match.duplicates > max(3, 0.05 * match.found):
        found.append(
            f"{match.duplicates} of {match.found} boxes lie on a better one of their class: they are not clustered"
        )
    if match.reference and not match.found:
        found.append("the dump has no box at all")
    found += [cost.text for cost in judged.costs if cost.matters]
    return tuple(found)


def add_evidence(
    log: EvidenceLog, result: DumpComparison, accepted: Sequence[str] | None = None, place: str = ""
) -> None:
    """The figures, what the config costs, classes and confusions; INCONCLUSIVE unless the boxes are the model's.

    ``accepted``: codes that the user accepts. ``place``: file and line of the key that costs most.
    """
    judged = result.parity
    if judged is None:
        log.left_out = result.not_run
        log.fact("Compared with the reference", "nothing", result.not_run)
        log.warn(f"the boxes were not compared with a reference: {result.not_run}. Look at the drawn frames")
        return
    match = judged.match
    log.print(line(match, result.frames, judged.outcome))
    log.fact("F1 against the reference", f1_text(match), _answer(judged))
    if match.reference < _MANY:
        log.note(f"the reference has {match.reference} boxes only: a clip with more objects proves more")
    seconds = f"ONNX Runtime FP32, {result.seconds:.1f} s"
    log.fact("Frames compared", f"{len(match.frames)} of {result.frames}", seconds)
    log.fact("Frames in which the reference finds objects", judged.frames_with_reference)
    add_figures(log, match)
    _add_tables(log, result, judged)
    for doubt in _doubts(result, place):
        add_doubt(log, doubt, accepted)


def f1_text(match: Match | MatchTally) -> str:
    """F1 of the boxes; unknown where neither side has any."""
    return f"{match.f1:.3f}" if match.reference or match.found else "unknown"


def line(match: Match | MatchTally, frames: int, outcome: ParityOutcome) -> str:
    """The comparison in one line. ``frames``: those of the dump."""
    of_all = f" of {frames}" if len(match.frames) < frames else ""
    if not match.reference and not match.found:
        return f"Import parity: no object in {len(match.frames)}{of_all} frames: {outcome}"
    return (
        f"Import parity: F1 {match.f1:.3f}, {match.paired} of {match.reference} reference boxes found,"
        f" {len(match.frames)}{of_all} frames: {outcome}"
    )


def _answer(judged: DumpParity) -> str:
    if judged.outcome is not ParityOutcome.CHOSEN or judged.approximate:
        return str(judged.outcome)
    return f"{judged.outcome}; {judged.configured.f1:.3f} against what it asks for"


def add_figures(log: EvidenceLog, match: Match | MatchTally) -> None:
    """Counts and medians of the comparison."""
    log.fact("Boxes", f"{match.found} in the dump, {match.reference} in the reference", f"{match.paired} pairs")
    log.fact("Recall, precision", f"{match.recall:.3f}, {match.precision:.3f}", "at IoU 0.5, of the same class")
    log.fact("F1 at IoU 0.9", f"{match.f1_close:.3f}", f"median IoU of the pairs {match.median_iou:.3f}")
    log.fact("Score drift", f"{match.score_drift:+.4f}", "median over the pairs, dump minus reference")
    log.fact("Duplicates", match.duplicates, "boxes that overlap a better one of their class by IoU 0.7 or more")


def _add_tables(log: EvidenceLog, result: DumpComparison, judged: DumpParity) -> None:
    match, name = judged.match, result.names.name
    if judged.costs:
        rows = (
            (cost.choice.text, cost.choice.usual, f"{cost.lost:.0%}", f"{cost.added:.0%}", f"{cost.f1:.3f}")
            for cost in judged.costs[:_SHOWN]
        )
        columns = ("key of the config", "usual", "boxes lost", "boxes added", "F1 with this key alone")
        log.table("Choices of the config and what each does to the reference's boxes", columns, rows)
    classes = match.classes()
    if classes:
        shown = ((name(number), *counts) for number, *counts in classes[:_SHOWN])
        log.table("Classes", ("class", "reference", "dump", "pairs"), shown)
    confusions = match.confusions()
    if confusions:
        mixed = ((name(wanted), name(found), count) for wanted, found, count in confusions[:_SHOWN])
        log.table("Boxes with another label", ("reference", "dump", "boxes"), mixed)


def _doubts(result: DumpComparison, place: str = "") -> tuple[Undecided, ...]:
    """What keeps the import from being proven; empty for boxes that are the model's."""
    judged = result.parity
    assert judged is not None
    match = judged.match
    found = []
    if judged.outcome is ParityOutcome.CHOSEN:
        costs = [cost for cost in judged.costs if cost.matters] or list(judged.costs)
        texts = [cost.text for cost in costs]
        if judged.approximate:
            texts.append("cluster-mode 1 and 3 use DBSCAN, which is not published: their boxes cannot be compared")
        keys = "; ".join(cost.choice.undone for cost in costs if cost.choice.group != PARSER)
        fix = f"{keys} ({place})" if keys and place else keys or "leave thresholds and NMS to nvinfer"
        found.append(Undecided("config-choices", f"{judged.outcome}: {'; '.join(texts)}", fix))
    elif judged.outcome is ParityOutcome.MOVED:
        match = judged.agreeing
        what = (
            f"{judged.outcome}: median IoU {match.median_iou:.2f}, score drift {match.score_drift:+.3f} against the"
            " reference"
        )
        what = "; ".join((*_named(result), what))
        fix = "; ".join(dict.fromkeys(cause.fix for cause in result.causes))
        found.append(Undecided("boxes-differ", what, fix or "check the parser's arithmetic of boxes and scores"))
    elif judged.outcome is ParityOutcome.NOTHING:
        what = f"neither the dump nor the reference has an object in {len(match.frames)} frames: nothing is proven"
        found.append(Undecided("nothing-to-compare", what, "choose a clip with what the model detects, with --video"))
    flood = parity.flood(judged.usual)
    if flood:
        found.append(Undecided("scores-do-not-separate", flood, _FLOOD_FIX))
    found += _background(result.names, match)
    if result.spoilt:
        what = f"labels of the dump hold invisible characters: {', '.join(map(ascii, result.spoilt[:3]))}"
        fix = "save labels.txt without BOM and with Unix line ends: programs that compare labels do not find them"
        found.append(Undecided("labels-spoilt", what, fix))
    return tuple(found)


_FLOOD_FIX = (
    "check the ONNX file: damaged weights, or an activation in the graph that the head does not expect; then the"
    " threshold"
)


def _background(names: ClassNames, match: Match) -> list[Undecided]:
    """Objects that are labelled as the background: labels.txt has it at another place than the head."""
    found = [number for frame in match.frames for number in frame.found.class_id.tolist()]
    wrong = [number for number in found if label_names.is_background(names.name(number))]
    if not wrong:
        return []
    number = wrong[0]
    line = number + 1
    what = (
        f"{len(wrong)} of {len(found)} boxes of the dump are labelled {names.name(number)!r}, line {line} of"
        f" labels.txt: the model uses class {number} for objects"
    )
    fix = (
        f"write the name of class {number} into line {line} of labels.txt. If every name is one line too low, remove"
        f" line {line} and add the name that is missing at the end"
        if number == 0
        else f"write the name of class {number} into line {line} of labels.txt. If the head has its background first,"
        f" move line {line} to the top"
    )
    return [Undecided(label_names.ORDER, what, fix)]


def record_entry(judged: DumpParity | ImportParityData) -> ImportParityRecord:
    """The entry; the record's raw data give the same one again."""
    usual, configured = _tally(judged.usual), _tally(judged.configured or judged.usual)
    matter = tuple(cost.matters for cost in judged.costs)
    outcome = parity.outcome(usual, configured, matter, approximate=judged.approximate)
    match = parity.shown(usual, configured, outcome)
    return ImportParityRecord(
        outcome=outcome.name.lower(),
        frames=len(match.frames),
        frames_with_reference=usual.frames_with_reference,
        reference=match.reference,
        found=match.found,
        recall=round(match.recall, 4),
        precision=round(match.precision, 4),
        f1=round(match.f1, 4),
        f1_iou_90=round(match.f1_close, 4),
        median_iou=round(match.median_iou, 4),
        score_drift=round(match.score_drift, 4),
        duplicates=match.duplicates,
        choices=tuple(cost.text for cost in judged.costs),
    )


def _tally(match: Match | MatchTally) -> MatchTally:
    return match.tally if isinstance(match, Match) else match
