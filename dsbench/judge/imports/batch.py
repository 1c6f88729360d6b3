"""6a: is the batch that the input declares open also open inside the graph?"""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum

from dsbench.jobs.probe import BatchTrial

SAME = 0.15
"""Distance of an item from its outputs alone, relative to the distance between two frames, up to which they are the
same: another batch size may be computed by other kernels. An item of another frame has 1."""

_FIX = (
    "export with a dynamic batch that every node keeps (a Reshape with a fixed 1, Squeeze of dimension 0 and constants"
    " of batch 1 do not); until then use a batch of 1"
)


class BatchState(StrEnum):
    """What the trials show."""

    OPEN = "each of 2 or 4 different frames in one batch has the outputs that it has alone"
    FROZEN = "the batch is frozen at 1 inside the graph, although its input declares it open"
    REPEATED = "the batch is frozen at 1 inside the graph: every frame of a batch gets the outputs of the first"
    MIXED = "the frames of a batch are mixed inside the graph: a frame has other outputs in a batch than alone"
    UNKNOWN = "not known: no batch of different frames was compared"

    @property
    def wrong(self) -> bool:
        return self in (BatchState.FROZEN, BatchState.REPEATED, BatchState.MIXED)


def state(trials: Sequence[BatchTrial]) -> BatchState:
    """The worst that a trial shows. A trial that failed for another reason than a node of the graph shows nothing."""
    for trial in trials:
        if trial.single or (trial.failed and trial.node):
            return BatchState.FROZEN
        if trial.compared and trial.from_own > SAME:
            return BatchState.REPEATED if trial.from_first <= SAME else BatchState.MIXED
    return BatchState.OPEN if any(trial.compared for trial in trials) else BatchState.UNKNOWN


def warning(trials: Sequence[BatchTrial]) -> str:
    """What is wrong and what to do; "" if nothing is known to be wrong."""
    found = state(trials)
    if not found.wrong:
        return ""
    node = next((f" ({trial.node} fails with a batch of {trial.batch})" for trial in trials if trial.node), "")
    return f"{found}{node}: {_FIX}"
