"""Frames for the gallery where 6d fails: boxes of the reference and of the parser, from the same tensors."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

from dsbench.families.base import Network
from dsbench.judge.imports import matching, tensors
from dsbench.judge.imports.candidate_boxes import CandidateBoxes
from dsbench.judge.parser import boxes as parser_boxes
from dsbench.model.facts import PreflightFacts
from dsbench.record.evidence import BoxedFrame
from dsbench.steps import boxed_frames
from dsbench.steps.model_outputs import ModelOutputsResult

if TYPE_CHECKING:
    from dsbench.steps.parser_diagnosis import Calls


def frames(facts: PreflightFacts, outputs: ModelOutputsResult, calls: Calls) -> tuple[BoxedFrame, ...]:
    """The worst first; empty for a head of no known family or without a clip. ``calls``: the parser's boxes on each
    probed frame, in network pixels."""
    head, probed = outputs.head, outputs.probed
    if head is None or not probed.result.frames or len(calls) != len(probed.result.frames):
        return ()
    found = CandidateBoxes(outputs.candidates, probed.result, probed.tensors, head, Network(facts.width, facts.height))
    mine = found.shown([parser_boxes.as_boxes(call) for call in calls], outputs.chosen)
    compared = matching.match(probed.result.frames, found.clustered(outputs.chosen), mine)
    seen = dict(zip(probed.result.frames, tensors.pictures_of(probed.tensors, probed.result), strict=False))
    return boxed_frames.worst_of(compared, seen, _namer(facts.labels.names), boxed_frames.FRAMES)


def expected(facts: PreflightFacts, outputs: ModelOutputsResult) -> tuple[BoxedFrame, ...]:
    """A few frames with the reference's boxes alone, for a parser that crashed or raised; empty where ``frames`` is."""
    found = frames(facts, outputs, (None,) * len(outputs.probed.result.frames))[: boxed_frames.AGREEING]
    failed = "the model's own boxes; the parser failed"
    return tuple(replace(frame, title=f"{frame.title.partition(':')[0]}: {failed}") for frame in found)


def _namer(names: tuple[str, ...]) -> Callable[[int], str]:
    """The label of a class id; ids that labels.txt does not have are shown as numbers."""
    return lambda label: names[label] if 0 <= label < len(names) else f"class {label}"
