"""Faults that dsbench does not find or does not name, and why. Selftest does not fail for them."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class KnownGap:
    """``families``: where the fault is silent or misnamed; empty: in all."""

    fault: str
    reason: str
    families: tuple[str, ...] = ()


GAPS: tuple[KnownGap, ...] = ()
"""None at present."""


def reason(fault: str, family: str) -> str:
    """Why the fault is not found in that family; empty if it shall be found."""
    known = (gap for gap in GAPS if gap.fault == fault and (not gap.families or family in gap.families))
    return next((gap.reason for gap in known), "")
