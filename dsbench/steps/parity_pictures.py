"""Frames of the dump against the reference, for the report's gallery."""

from __future__ import annotations

from dsbench.model.facts import PreflightFacts
from dsbench.record.evidence import BoxedFrame
from dsbench.steps import boxed_frames
from dsbench.steps.dump_comparison import DumpComparison


def frames(result: DumpComparison, facts: PreflightFacts) -> tuple[BoxedFrame, ...]:
    """Dump and reference: the frames that differ most, the worst first; empty if nothing was compared."""
    match = result.parity.match if result.parity else None
    if match is None:
        return ()
    return boxed_frames.worst(match, facts.video.value.path, result.names.name, boxed_frames.FRAMES)
