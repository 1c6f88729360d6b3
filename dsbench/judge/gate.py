"""6g: the KITTI gate: the specification's lines, the verdict, and the likely causes if it fails."""

from __future__ import annotations

from dataclasses import dataclass

from dsbench.base import spec
from dsbench.formats.kitti import Scan

HARD_STOP = (
    "ERROR: KITTI validation FAILED — zero detection files written.",
    "Fix net-scale-factor, parser output format, or config before retrying.",
    "Do NOT proceed to Step 7 benchmarks with broken detections.",
)
LOW_SCORE = 0.35
_NEAR = 0.8
"""Fraction of the reference's frames with objects from which on the dump has about as many."""

_TROUBLESHOOTING = {
    "scale": "Wrong net-scale-factor - check model family table in Step 6a",
    "positions": "Grid/stride decoding mismatch - verify model architecture docs",
    "content": "the video{beginning} may not show what the model detects: choose another with --video,{frames}"
    " or set min-detection-rate under [gate] in dsbench.toml",
}


_BLIND = (
    "if the clip does show it, the ONNX file or its preprocessing is wrong, not the parser: look for a scale that the"
    " graph applies as well, another net-scale-factor or colour order (step 6a), and damaged weights"
)


@dataclass(frozen=True, slots=True)
class ReferenceRate:
    """Frames with objects, of the frames that were compared with the reference."""

    frames: int
    reference: int
    """Frames in which the reference has objects."""
    dump: int
    """Frames in which the dump has objects."""
    required: float
    """The gate's fraction of frames."""
    causes: tuple[str, ...] = ()
    """Keys of the config that cost boxes, as sentences."""
    fixes: tuple[str, ...] = ()
    """The changes that undo them, one for each."""
    config_alone: bool = False
    """The dump has every box that the config leaves: nothing else loses any."""

    @property
    def as_few(self) -> bool:
        """The reference would fail the gate as well, and the dump lacks few of its frames."""
        return self.reference < self.required * self.frames and self.dump >= _NEAR * self.reference

    @property
    def loses(self) -> bool:
        """The dump lacks objects in many frames in which the reference has some."""
        return self.dump < _NEAR * self.reference

    @property
    def text(self) -> str:
        """Fraction of the frames in which the reference has objects."""
        if not self.reference:
            return f"none of {self.frames} frames"
        return f"{self.reference / self.frames:.0%} of {self.frames} frames"


@dataclass(frozen=True, slots=True)
class GateEvidence:
    """Findings of earlier steps that may explain a failure."""

    preprocessing_warning: str = ""
    """6a's evidence against the preprocessing."""
    preprocessing_unknown: str = ""
    """6a's sentence about preprocessing values that no source states."""
    parser_findings: tuple[str, ...] = ()
    """6d's, about the parser's boxes."""
    config_findings: tuple[str, ...] = ()
    """6e's."""
    threshold: float = spec.PRE_CLUSTER_THRESHOLD
    """pre-cluster-threshold of 6e's config."""
    usual_threshold: float = spec.PRE_CLUSTER_THRESHOLD
    """The family's."""
    below_frame: float = 0.0
    """Fraction of 6a's boxes that reach below the frame, with the chosen preprocessing."""

    clip: tuple[str, ...] = ()
    """What keeps the clip from proving anything: it is black, frozen, turned."""
    reference: ReferenceRate | None = None
    """What the reference finds in the same frames; None without one."""
    whole_clip: bool = False
    """The dump has every frame of the clip."""

    @property
    def clip_shows_little(self) -> bool:
        """The reference finds objects in hardly more frames than the dump, and nothing speaks against how it is fed."""
        doubted = self.preprocessing_warning or self.preprocessing_unknown or self.mostly_below
        return self.reference is not None and self.reference.as_few and not doubted

    @property
    def threshold_is_high(self) -> bool:
        """The threshold is nearer to 1 than to the usual one."""
        return self.threshold > (1 + self.usual_threshold) / 2

    @property
    def mostly_below(self) -> bool:
        """Most boxes of 6a reach below the frame."""
        return self.below_frame > 0.5


@dataclass(frozen=True, slots=True)
class GateVerdict:
    """The gate's outcome."""

    passed: bool
    lines: tuple[str, ...]
    """The specification's lines."""
    detections_per_frame: float
    median_score: float | None
    cause: str
    """Empty if it passed."""
    hints: tuple[str, ...]
    """Likely causes, likeliest first; empty if it passed."""
    named: str = ""
    """What alone loses the objects, where that is certain."""
    import_unknown: str = ""
    """Why the failure does not show that the import is wrong: what the clip shows of the model's objects."""


def evaluate(scan: Scan, min_rate: float, evidence: GateEvidence | None = None) -> GateVerdict:
    """Judge a scanned dump. It fails without files, if all files are empty, and below ``min_rate``."""
    rate = scan.detection_rate
    shown = round(rate * 100, 1)
    percent = f"{round(min_rate * 100, 10):g}%"
    lines = [f"KITTI frames written: {scan.files}", "Top detected classes:", *_top(scan)]
    cause = ""
    if scan.files == 0:
        cause = HARD_STOP[0]
        lines += HARD_STOP
    else:
        lines.append(f"Detection rate: {scan.with_objects} / {scan.files} frames = {shown}%")
        if scan.with_objects == 0 or rate < min_rate:
            cause = f"ERROR: Detection rate {shown}% < {percent} threshold. Fix parser before proceeding."
            if scan.with_objects == 0:
                cause = (
                    f"ERROR: Detection rate {shown}%: all {scan.files} detection files are empty."
                    " Fix parser before proceeding."
                    if min_rate <= 0
                    else cause
                )
            lines.append(cause)
            lines += HARD_STOP[1:] if scan.with_objects == 0 else ()
        else:
            lines.append(f"KITTI validation PASSED (>= {percent} frames with detections)")
    return GateVerdict(
        passed=not cause,
        lines=tuple(lines),
        detections_per_frame=scan.objects / scan.files if scan.files else 0.0,
        median_score=scan.median_confidence,
        cause=cause,
        hints=_hints(scan, evidence or GateEvidence()) if cause else (),
        named=_named(evidence) if cause and evidence else "",
        import_unknown=_import_unknown(evidence) if cause and scan.files and evidence else "",
    )


def _top(scan: Scan) -> list[str]:
    """The specification's ``sort | uniq -c | sort -rn | head -10``, but for whole labels; ties in descending order."""
    by_name = sorted(scan.classes.items(), key=lambda item: item[0].encode("utf-8", "surrogateescape"), reverse=True)
    ranked = sorted(by_name, key=lambda item: -item[1])
    return [f"{count:7d} {label}" for label, count in ranked[: spec.TOP_CLASSES]]


def _named(evidence: GateEvidence) -> str:
    """The keys of the config that lose the objects, if the config alone does; empty otherwise."""
    rate = evidence.reference
    certain = rate is not None and rate.loses and rate.config_alone and not evidence.clip_shows_little
    return "; ".join(rate.causes) if rate is not None and certain else ""


def _import_unknown(evidence: GateEvidence) -> str:
    rate = evidence.reference
    if rate is None or not evidence.clip_shows_little:
        return ""
    if not rate.reference:
        return f"the model detects nothing in this clip (the reference finds no object in {rate.frames} frames)"
    return f"the clip shows too little of what the model detects (the reference finds objects in {rate.text})"


def _hints(scan: Scan, evidence: GateEvidence) -> tuple[str, ...]:
    """Likely causes from the specification's troubleshooting table, those with evidence first."""
    if scan.files == 0:
        return ("the app wrote no file: gie-kitti-output-dir belongs to [application] of the app config",)
    rate = evidence.reference
    if rate is not None and evidence.clip_shows_little:
        clip = f"the reference finds objects in {rate.text}{' only' * bool(rate.reference)}: {_content(evidence)}"
        return (*evidence.clip, clip) if rate.reference else (*evidence.clip, *_preprocessing(evidence), clip, _BLIND)
    if rate is not None and _named(evidence):
        shown = f"the reference finds objects in {rate.text}: the clip shows them, and the config loses them"
        return tuple(dict.fromkeys((*rate.fixes, *_preprocessing(evidence), shown)))
    hints = [*evidence.clip, *_preprocessing(evidence)]
    hints += [f"parser: {text}" for text in evidence.parser_findings]
    lost = rate is not None and rate.loses
    hints += [f"config: {text}" for text in (*(rate.causes if rate and lost else ()), *evidence.config_findings)]
    if rate is not None and lost:
        hints.append(f"the reference finds objects in {rate.text}: the clip shows them, and parser or config lose them")
    hints += _from_figures(scan, evidence)
    explained = evidence.clip or evidence.parser_findings or evidence.threshold_is_high or evidence.mostly_below
    if not explained and not evidence.preprocessing_warning and not (rate is not None and rate.loses):
        hints.append(f"{scan.with_objects} of {scan.files} frames have objects: {_content(evidence)}")
    if evidence.preprocessing_unknown:
        hints.append(evidence.preprocessing_unknown)
    return tuple(dict.fromkeys(hints))


def _preprocessing(evidence: GateEvidence) -> list[str]:
    warning = evidence.preprocessing_warning
    return [f"{_TROUBLESHOOTING['scale']}: {warning}"] if warning else []


def _content(evidence: GateEvidence) -> str:
    """What to do about a clip that shows little; all frames are no advice if they were taken."""
    beginning, frames = ", or its beginning,", " take more frames with --kitti-frames (0: all),"
    if evidence.whole_clip:
        beginning = frames = ""
    return _TROUBLESHOOTING["content"].format(beginning=beginning, frames=frames)


def _from_figures(scan: Scan, evidence: GateEvidence) -> list[str]:
    """What thresholds, places and scores of the boxes say."""
    hints = []
    if evidence.threshold_is_high:
        hints.append(
            f"pre-cluster-threshold is {evidence.threshold:g}, and objects with a lower score are dropped: lower it"
            f" in dsbench.toml or in your nvinfer config (usual for this model: {evidence.usual_threshold:g})"
        )
    if evidence.mostly_below:
        hints.append(
            f"{evidence.below_frame:.0%} of 6a's boxes reach below the frame, and nvinfer drops such boxes: the model"
            " may expect the frame elsewhere in its input: check maintain-aspect-ratio and symmetric-padding"
        )
    if scan.objects and scan.zero_area * 2 > scan.objects:
        hints.append(f"{scan.zero_area} of {scan.objects} boxes have no area: {_TROUBLESHOOTING['positions']}")
    median = scan.median_confidence
    if median is not None and median < LOW_SCORE:
        hints.append(f"scores are low (median {median:.2f}): preprocessing may be off, or the threshold too low")
    return hints
