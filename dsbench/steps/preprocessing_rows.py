"""Rows of evidence about the preprocessing: each key with who states it, the candidates, the lines to paste."""

from __future__ import annotations

from collections.abc import Sequence

from dsbench.base.text import float32_text
from dsbench.families.base import Preprocessing
from dsbench.judge.imports import preprocessing
from dsbench.judge.imports.levels import HABIT, MEASURED, KeyChoice, StatedBy
from dsbench.judge.imports.preprocessing import Choice
from dsbench.record.evidence import EvidenceLog, Undecided
from dsbench.steps.findings import add_doubt

_CANDIDATES_SHOWN = 6


_FIX = "copy the lines of the right possibility into dsbench.toml: {how}"
_LOOK = "compare {sheet}, or read the model's documentation"
_READ = "read the model's documentation"
REFUTED = "preprocessing-refuted"
"""Code of preprocessing keys that the network itself speaks against."""
_REFUTED_FIX = (
    "apply each scale and offset once: correct net-scale-factor and offsets, or export the ONNX file again without its"
    " own"
)


def add_unknown(log: EvidenceLog, choice: Choice, sheet: str) -> None:
    """Make the step INCONCLUSIVE if nobody states how the network is fed; ``sheet``: path of the pictures, or ""."""
    if choice.unknown:
        how = _LOOK.format(sheet=sheet) if sheet else _READ
        what = choice.unknown.removeprefix(f"{preprocessing.UNKNOWN}: ")
        log.inconclusive(preprocessing.UNKNOWN, what, _FIX.format(how=how))


def add(log: EvidenceLog, choice: Choice, accepted: Sequence[str] | None = None) -> None:
    """nvinfer's preprocessing keys, who states each, what speaks against them, and what the candidates find.

    ``accepted``: codes that the user accepts."""
    values = values_of(choice.preprocessing)
    above = ""
    for item in choice.keys:
        others = f" ({'; '.join(item.others)})" if item.others else ""
        origin = f"{item.level}: {item.source}{others}"
        log.fact(item.key, values[item.key], "the same" if origin == above else origin)
        above = origin
    levels = (*(level for level in StatedBy if level not in (StatedBy.EITHER, StatedBy.UNKNOWN)), HABIT, MEASURED)
    log.table(
        "What each level says of the preprocessing; the first that says something counts, habit never does",
        ("key", *(str(level) for level in levels)),
        ((item.key, *(_said(item, level) for level in levels)) for item in choice.keys),
    )
    if choice.evidence.reason:
        log.fact("Range of pixels", str(choice.evidence.range), choice.evidence.reason)
    if choice.ranking:
        measured = ["mAP@0.5:0.95"] * any(score.map is not None for score in choice.ranking)
        log.table(
            "Preprocessing candidates on these frames, decoded; a wrong one can find more than the right one",
            ("preprocessing", *measured, "detections per frame", "strength per frame", "frames with detections"),
            (
                (
                    preprocessing.describe(score.preprocessing),
                    *(["not known" if score.map is None else f"{score.map:.3f}"] if measured else []),
                    f"{score.detections:.1f}",
                    f"{score.strength:.2f}",
                    f"{score.frames_with:.0%}",
                )
                for score in choice.ranking[:_CANDIDATES_SHOWN]
            ),
        )
    if choice.refuted:
        add_doubt(log, Undecided(REFUTED, choice.warning, _REFUTED_FIX), accepted)
    else:
        log.warn(*filter(None, (choice.warning,)))
    if choice.unknown:
        for number, value in enumerate(choice.alternatives, 1):
            title = f"dsbench.toml, possibility {number}: {preprocessing.describe(value)}"
            log.text(title, preprocessing.toml(value))


def _said(item: KeyChoice, level: str) -> str:
    return next((claim.value for claim in item.claims if claim.level == level), "-")


def values_of(feed: Preprocessing) -> dict[str, str]:
    """nvinfer's preprocessing keys and their values as text."""
    return {
        "net-scale-factor": float32_text(feed.net_scale_factor),
        "offsets": ";".join(f"{part:g}" for part in feed.offsets) or "none",
        "model-color-format": f"{feed.model_color_format} ({('RGB', 'BGR', 'GRAY')[feed.model_color_format]})",
        "maintain-aspect-ratio": str(feed.maintain_aspect_ratio),
        "symmetric-padding": str(feed.symmetric_padding),
    }
