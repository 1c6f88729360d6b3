"""A reason against a run: its code, its text, and what it makes of the run."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum


class State(StrEnum):
    """VALID: the figures hold. INCONCLUSIVE: the figures do not decide. INVALID: the figures are of something else than
    what was to be measured."""

    VALID = "valid"
    INCONCLUSIVE = "inconclusive"
    INVALID = "invalid"


class ReasonCode(StrEnum):
    """Stable names of the reasons, as in the record and in docs/measuring.md."""

    TOO_FEW_WINDOWS = "too-few-windows"
    TWO_STATES = "two-states"
    DRIFT = "drift"
    NOISE = "noise"
    STALLED_STREAM = "stalled-stream"
    STOPPED_STREAM = "stopped-stream"
    PAUSED_STREAM = "paused-stream"
    FELL_BEHIND = "fell-behind"
    THROTTLED = "throttled"
    OTHER_LOAD = "other-load"
    ENGINE_BUILD = "engine-build"
    CLOCK = "clock"
    ROWS_LOST = "rows-lost"
    SILENT = "silent"
    QUANTISATION = "quantisation"
    NEAR_TARGET = "near-target"


DISTURBED = frozenset({ReasonCode.THROTTLED, ReasonCode.OTHER_LOAD, ReasonCode.ROWS_LOST})
"""Reasons outside the pipeline. They slow it down or hide its speed, so without them the streams may keep up."""
OTHER_LOAD_LIKELY = "other load on the machine is likely; close other programs and run again"
"""Advice if FPS vary without a known cause."""
_MAX_NAMED = 8


@dataclass(frozen=True)
class Reason:
    """Why a measurement is not valid. ``code`` is a stable ``ReasonCode``; ``text`` has the figures and what to do;
    ``state`` is what the reason makes of the measurement, which has the worst state of its reasons."""

    code: str
    text: str
    state: State = State.INCONCLUSIVE


def named(streams: Sequence[int]) -> str:
    """``stream 3``, ``streams 1, 2 and 9 more``."""
    shown = ", ".join(map(str, streams[:_MAX_NAMED]))
    rest = f" and {len(streams) - _MAX_NAMED} more" if len(streams) > _MAX_NAMED else ""
    return f"stream{'s' if len(streams) > 1 else ''} {shown}{rest}"
