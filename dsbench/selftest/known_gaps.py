"""Faults that dsbench does not find or does not name, and why. Selftest does not fail for them."""

from __future__ import annotations

from dataclasses import dataclass

from dsbench.selftest.healthy import YOLOV10


@dataclass(frozen=True)
class KnownGap:
    """``families``: where the fault is silent or misnamed; empty: in all."""

    fault: str
    reason: str
    families: tuple[str, ...] = ()


_TURNED = "the demo clip is synthetic: its objects turned are objects again for this model, as many as before"
GAPS: tuple[KnownGap, ...] = (
    KnownGap(
        "model-input-unfolded",
        "needs ground truth: the graph finds a few boxes under every scale, and the file states the usual one",
        (YOLOV10,),
    ),
    KnownGap("clip-upside-down", _TURNED),
    KnownGap("clip-turned", _TURNED),
)


def reason(fault: str, family: str) -> str:
    """Why the fault is not found in that family; empty if it shall be found."""
    known = (gap for gap in GAPS if gap.fault == fault and (not gap.families or family in gap.families))
    return next((gap.reason for gap in known), "")
