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

_TROUBLESHOOTING = {
    "scale": "Wrong net-scale-factor - check model family table in Step 6a",
    "positions": "Grid/stride decoding mismatch - verify model architecture docs",
    "content": "the video, or its beginning, may not show what the model detects: choose another with --video,"
    " take more frames with --kitti-frames (0: all), or set min-detection-rate under [gate] in dsbench.toml",
}


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
    )


def _top(scan: Scan) -> list[str]:
    """The specification's ``sort | uniq -c | sort -rn | head -10``, but for whole labels; ties in descending order."""
    by_name = sorted(scan.classes.items(), key=lambda item: item[0].encode("utf-8", "surrogateescape"), reverse=True)
    ranked = sorted(by_name, key=lambda item: -item[1])
    return [f"{count:7d} {label}" for label, count in ranked[: spec.TOP_CLASSES]]


def _hints(scan: Scan, evidence: GateEvidence) -> tuple[str, ...]:
    """Likely causes from the specification's troubleshooting table, those with evidence first."""
    hints: list[str] = []
    if evidence.preprocessing_warning:
        hints.append(f"{_TROUBLESHOOTING['scale']}: {evidence.preprocessing_warning}")
    hints += [f"parser: {text}" for text in evidence.parser_findings]
    hints += [f"config: {text}" for text in evidence.config_findings]
    if scan.files and evidence.threshold_is_high:
        hints.append(
            f"pre-cluster-threshold is {evidence.threshold:g}, and objects with a lower score are dropped: lower it"
            f" in dsbench.toml or in your nvinfer config (usual for this model: {evidence.usual_threshold:g})"
        )
    if scan.files and evidence.mostly_below:
        hints.append(
            f"{evidence.below_frame:.0%} of 6a's boxes reach below the frame, and nvinfer drops such boxes: the model"
            " may expect the frame elsewhere in its input: check maintain-aspect-ratio and symmetric-padding"
        )
    if scan.files == 0:
        hints.append("the app wrote no file: gie-kitti-output-dir belongs to [application] of the app config")
    if scan.objects and scan.zero_area * 2 > scan.objects:
        hints.append(f"{scan.zero_area} of {scan.objects} boxes have no area: {_TROUBLESHOOTING['positions']}")
    median = scan.median_confidence
    if median is not None and median < LOW_SCORE:
        hints.append(f"scores are low (median {median:.2f}): preprocessing may be off, or the threshold too low")
    explained = (
        evidence.preprocessing_warning
        or evidence.parser_findings
        or evidence.threshold_is_high
        or evidence.mostly_below
    )
    if scan.files and not explained:
        few = f"{scan.with_objects} of {scan.files} frames have objects"
        hints.append(f"{few}: {_TROUBLESHOOTING['content']}")
    if evidence.preprocessing_unknown:
        hints.append(evidence.preprocessing_unknown)
    return tuple(hints)
