"""6d: the parser's boxes against the family's decode of the same outputs, and the mistake that explains them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING

from dsbench.base.errors import DsbenchError
from dsbench.families import registry
from dsbench.families.base import Head, Network, Outputs
from dsbench.judge.imports import tensors
from dsbench.judge.imports.diagnosis import parser as diagnosis
from dsbench.judge.imports.diagnosis.evidence import ParserCalls, tables
from dsbench.judge.imports.diagnosis.verdict import HARMLESS_F1, DiagnosisState, ParserDiagnosis
from dsbench.judge.lint import ERROR, Finding
from dsbench.model.facts import PreflightFacts
from dsbench.record.evidence import EvidenceLog
from dsbench.steps.model_outputs import ModelOutputsResult, pre_cluster_threshold

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Calls = Sequence[NDArray[np.float32] | None]

ENOUGH, SURE = 60, 10
"""Boxes; with fewer than the first the parser is called again with a lower threshold, unless the second are right."""
LOWER = (0.1, 0.03, 0.01, 0.003, 0.001)
"""Lower thresholds, tried in turn until the reference has enough boxes."""
LOWEST = (0.0001, 0.0)
"""The same until a parser returns enough that returns next to nothing otherwise: its scores are too low, or it drops
nearly all boxes."""
DIFFERS = "parser-differs"


def diagnose(
    facts: PreflightFacts, outputs: ModelOutputsResult, calls: Calls, again: Callable[[float], Calls]
) -> ParserDiagnosis | None:
    """Compare and explain; None for a head of no known family. ``again`` calls the parser with another threshold."""
    if outputs.head is None:
        return None
    frames = tensors.outputs_of(outputs.probed.tensors, outputs.probed.result, outputs.chosen)
    threshold = pre_cluster_threshold(facts.settings, outputs)
    head, network = outputs.head, Network(facts.width, facts.height)

    def judged(tables_of: Calls, at: float, *, explain: bool = True, silent: bool = False) -> ParserDiagnosis:
        made = ParserCalls(tables(tables_of), frames, head, network, at, threshold, silent)
        found = diagnosis.diagnose(made, facts.labels.names, explain=explain)
        # which boxes NVIDIA's function leaves out depends on the threshold: the lowest score, those after the 201st
        return replace(found, selections=()) if head.built_in else found

    first = judged(calls, threshold, explain=False)
    if first.state is DiagnosisState.SAME and first.compared >= SURE:
        return first
    if first.compared < ENOUGH:
        lower = lower_threshold(frames, head, network, threshold)
        silent = first.state is DiagnosisState.EMPTY
        with suppress(DsbenchError):  # a parser may fail on a threshold that nobody asks for
            for value in (lower, *LOWEST) if silent else (lower,):
                found = judged(again(value), value, silent=silent)
                named = found.state is DiagnosisState.NAMED and found.compared >= SURE
                if named if silent else found.compared > first.compared:
                    return found
    return judged(calls, threshold)


def lower_threshold(frames: Sequence[Outputs], head: Head, network: Network, threshold: float) -> float:
    """The highest threshold at which the reference has enough boxes."""
    family = registry.by_name(head.family)
    for lower in (value for value in LOWER if value < threshold):
        if sum(len(family.decode(frame, head, network, lower)) for frame in frames) >= 2 * ENOUGH:
            return lower
    return LOWER[-1]


def finding(found: ParserDiagnosis | None, where: str) -> tuple[Finding, ...]:
    """The mistake as an error, if it is certain and costs boxes."""
    if found is None or not found.harmful:
        return ()
    return (Finding("parser-mistake", ERROR, f"{found.what} ({found.counts})", where, found.fix),)


def cause(found: ParserDiagnosis | None, where: str) -> tuple[Finding, ...]:
    """The same where other errors show that the boxes are wrong."""
    if found is None or found.state is not DiagnosisState.NAMED or found.harmless:
        return ()
    return (Finding("parser-mistake", ERROR, f"{found.what} ({found.counts})", where, found.fix),)


def add_evidence(log: EvidenceLog, found: ParserDiagnosis | None) -> None:
    """The comparison; INCONCLUSIVE where the boxes differ and that is not an error."""
    if found is None:
        return
    log.fact("Reference decode", found.what, found.counts)
    log.note(*found.notes)
    named = (*found.causes, *found.runners_up)
    if found.causes or found.runners_up:
        rows = ((one.id, one.text, f"{one.explained} of {found.compared}", one.fix) for one in named)
        log.table("What explains the parser's boxes", ("id", "mistake", "boxes explained", "fix"), rows)
    if found.harmful or found.harmless:
        return
    if found.state in (DiagnosisState.UNKNOWN, DiagnosisState.EMPTY) and found.f1 >= HARMLESS_F1:
        return
    log.inconclusive(DIFFERS, f"{found.what} ({found.counts})", found.fix)
