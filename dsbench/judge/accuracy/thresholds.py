"""What the run's thresholds cost: its F1 against the best that one score threshold gives on the same frames."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from dsbench.judge.accuracy import errors_of_run
from dsbench.judge.accuracy.average_precision import JudgedFrame
from dsbench.judge.accuracy.errors_of_run import ClassErrors

COST = 0.05
"""Least loss of F1 that is worth a warning."""


@dataclass(frozen=True, slots=True)
class BestThreshold:
    """The score threshold with the highest F1, and precision and recall there."""

    threshold: float
    f1: float
    precision: float
    recall: float


def best(frames: Sequence[JudgedFrame]) -> BestThreshold | None:
    """Over the detections of ``frames``, made with a low threshold; None without detections or objects.

    A box never takes an object from one with a higher score, so matching once serves every threshold.
    """
    import numpy as np

    objects = sum(int((~frame.crowd).sum()) for frame in frames)
    scores: list[float] = []
    right: list[bool] = []
    for frame in frames:
        matched = errors_of_run.match(frame)
        hits = {column for _, column in matched.same}
        counted = (*hits, *(column for _, column in matched.other), *matched.background)
        scores += [float(frame.found.confidence[column]) for column in counted]
        right += [column in hits for column in counted]
    if not scores or not objects:
        return None
    order = np.argsort(-np.asarray(scores), kind="stable")
    ranked, hit = np.asarray(scores)[order], np.cumsum(np.asarray(right)[order])
    count = np.arange(1, len(ranked) + 1)
    f1 = 2 * hit / (objects + count)
    at = int(f1.argmax())
    return BestThreshold(float(ranked[at]), float(f1[at]), float(hit[at] / count[at]), float(hit[at] / objects))


def warning(run: ClassErrors, found: BestThreshold | None) -> str:
    """One sentence if the run's thresholds, topk or filters cost COST of F1 or more; empty otherwise."""
    if found is None or run.f1 is None or found.f1 - run.f1 < COST:
        return ""
    return (
        f"the config's thresholds cost accuracy: F1 {run.f1:.2f} (precision {_text(run.precision)}, recall"
        f" {_text(run.recall)}); the same network and clustering give F1 {found.f1:.2f} (precision"
        f" {found.precision:.2f}, recall {found.recall:.2f}) with pre-cluster-threshold={found.threshold:.2g} for every"
        " class and no topk: compare pre-cluster-threshold, [class-attrs-N] and topk"
    )


def _text(value: float | None) -> str:
    return "none" if value is None else f"{value:.2f}"
