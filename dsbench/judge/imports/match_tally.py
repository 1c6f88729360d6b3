"""The figures of a comparison of boxes, from counts of each frame and the IoU and score difference of each pair."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

DIGITS = 5
"""Digits of an IoU and of a score difference."""


class MatchCounts(NamedTuple):
    """One frame: its number, boxes of either side, pairs of one class, those of IoU 0.9 or more, unpaired boxes of
    either side that are not borderline, found boxes that overlap a better one of their class."""

    frame: int
    reference: int
    found: int
    paired: int
    close: int
    missed: int
    extra: int
    duplicates: int


@dataclass(frozen=True)
class MatchTally:
    """All frames. ``ious`` and ``drifts``, one for each pair of one class: IoU, found score minus reference score."""

    frames: tuple[MatchCounts, ...]
    ious: tuple[float, ...]
    drifts: tuple[float, ...]

    @property
    def reference(self) -> int:
        """Boxes of the reference."""
        return sum(frame.reference for frame in self.frames)

    @property
    def found(self) -> int:
        """Boxes that were found."""
        return sum(frame.found for frame in self.frames)

    @property
    def paired(self) -> int:
        """Pairs of one class."""
        return sum(frame.paired for frame in self.frames)

    @property
    def missed(self) -> int:
        return sum(frame.missed for frame in self.frames)

    @property
    def extra(self) -> int:
        return sum(frame.extra for frame in self.frames)

    @property
    def duplicates(self) -> int:
        return sum(frame.duplicates for frame in self.frames)

    @property
    def frames_with_reference(self) -> int:
        """Frames in which the reference has boxes."""
        return sum(frame.reference > 0 for frame in self.frames)

    @property
    def recall(self) -> float:
        """Fraction of the reference's boxes that were found; 1 without any."""
        return self.paired / (self.paired + self.missed) if self.paired + self.missed else 1.0

    @property
    def precision(self) -> float:
        """Fraction of the found boxes that the reference has; 1 without any."""
        return self.paired / (self.paired + self.extra) if self.paired + self.extra else 1.0

    @property
    def f1(self) -> float:
        """Harmonic mean of recall and precision, 0 to 1; 1 if both sides are empty."""
        return f1(self.paired, self.missed, self.extra)

    @property
    def f1_close(self) -> float:
        """F1 with pairs of IoU 0.9 or more only."""
        close = sum(frame.close for frame in self.frames)
        apart = self.paired - close
        return f1(close, self.missed + apart, self.extra + apart)

    @property
    def median_iou(self) -> float:
        """Of the pairs of one class; 1 without any."""
        return _median(self.ious, 1.0)

    @property
    def score_drift(self) -> float:
        """Median of found score minus reference score over the pairs; 0 without any."""
        return _median(self.drifts, 0.0)


def f1(paired: int, missed: int, extra: int) -> float:
    """2 paired / (2 paired + missed + extra), 1 if nothing is there."""
    total = 2 * paired + missed + extra
    return 2 * paired / total if total else 1.0


def _median(values: tuple[float, ...], default: float) -> float:
    import statistics

    return statistics.median(values) if values else default
