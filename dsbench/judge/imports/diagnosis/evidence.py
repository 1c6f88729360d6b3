"""The boxes that a parser returned on real frames, and how many of them a mistake explains."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from dsbench.families.base import Head, Network, Outputs
from dsbench.judge.imports.diagnosis import decoded, geometry, scoring
from dsbench.judge.imports.diagnosis.geometry import BoxMistake
from dsbench.judge.imports.diagnosis.matching import SCORE, Compare, ParsedBoxes, found_boxes, inside, pair
from dsbench.judge.imports.diagnosis.readings import ReadMistake
from dsbench.judge.imports.diagnosis.row_parts import DecodedRows
from dsbench.judge.imports.diagnosis.scored import Scored
from dsbench.judge.imports.diagnosis.scoring import ScoreMistake

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

SAMPLE = 120
"""Boxes of an image that are compared with each mistake."""
_TINY = 0.001
"""With a lower threshold the boxes with the highest scores are compared."""
FEW, FEW_FRAMES = 40, 2
"""The same where many combinations are tried."""


@dataclass(frozen=True, slots=True, eq=False)
class ParserCalls:
    """What a parser was called with and returned."""

    tables: tuple[NDArray[np.float32], ...]
    """(n, 6) for each frame: class id, left, top, width, height, score; in network pixels."""
    frames: tuple[Outputs, ...]
    head: Head
    network: Network
    threshold: float
    """Of the calls."""
    wanted: float
    """pre-cluster-threshold: boxes below it need not be returned."""
    silent: bool = False
    """The parser returns nothing at ``wanted``: a mistake that explains it gives nothing there either."""


@dataclass(frozen=True, slots=True, eq=False)
class ParsedFrame:
    """One frame: ``found`` are all boxes that can be compared, ``sample`` those that are."""

    found: ParsedBoxes
    sample: ParsedBoxes
    rows: DecodedRows
    outputs: Outputs


@dataclass(frozen=True, slots=True, eq=False)
class BoxEvidence:
    """All frames. ``clip``: boxes are compared after clipping to the network."""

    frames: tuple[ParsedFrame, ...]
    head: Head
    network: Network
    threshold: float
    clip: bool

    @property
    def floor(self) -> float:
        """The lowest score of a prediction that can equal a box."""
        lowest = min((float(frame.sample.score.min()) for frame in self.frames if len(frame.sample)), default=0.0)
        return (1 - 2 * SCORE) * min(lowest, self.threshold)

    @property
    def total(self) -> int:
        """Number of compared boxes."""
        return sum(len(frame.sample) for frame in self.frames)

    def smaller(self) -> BoxEvidence:
        """Fewer boxes of fewer frames."""
        frames = [frame for frame in self.frames if len(frame.sample)][:FEW_FRAMES]
        return replace(self, frames=tuple(replace(frame, sample=_sampled(frame.sample, FEW)) for frame in frames))

    def explained(self, box: BoxMistake, score: ScoreMistake, compare: Compare = Compare.ALL) -> int:
        """Number of compared boxes that the two mistakes together give."""
        floor = self.floor if Compare.SCORE in compare else 0.0
        return sum(self._of_frame(frame, frame.rows, (box, score), floor, compare) for frame in self.frames)

    def read(self, mistake: ReadMistake) -> int:
        """Number of boxes that tensors read this way give, scaled from the first frames to all."""
        few = self.smaller()
        found = sum(few.read_frame(frame, mistake) for frame in few.frames)
        return round(found * self.total / few.total) if few.total else 0

    def read_frame(self, frame: ParsedFrame, mistake: ReadMistake) -> int:
        """The same of one frame."""
        best, right = 0, (geometry.RIGHT, scoring.RIGHT)
        for outputs in mistake.read(frame.outputs):
            try:
                rows = decoded.rows_of(outputs, self.head, self.network)
            except (ValueError, IndexError):
                continue  # such a reading has no rows
            if rows is not None:
                best = max(best, self._of_frame(frame, rows, right, self.floor, Compare.ALL))
        return best

    def coverage(self, box: BoxMistake, score: ScoreMistake) -> float:
        """Fraction of the boxes that the two mistakes give above the threshold which the parser has."""
        import numpy as np

        given = returned = 0
        for frame in self.frames:
            best = (0.0, 0, 0)
            high = frame.found.take(frame.found.score >= (1 - SCORE) * self.threshold)
            present = Scored(np.arange(len(high)), high.ids, high.score)
            for scored, corners in self.predictions(frame.rows, box, score, self.floor):
                passing = (scored.score >= (1 + SCORE) * self.threshold) & inside(corners, self.network)
                wanted = _sampled(ParsedBoxes(scored.ids, corners, scored.score).take(passing), SAMPLE)
                pairs = pair(wanted, present, high.corners, self.network, Compare.ALL, clip=self.clip)
                hit, count = int((pairs >= 0).sum()), len(wanted)
                best = max(best, (hit / max(count, 1), hit, count))
            returned, given = returned + best[1], given + best[2]
        return returned / given if given else 0.0

    def gives_none(self, box: BoxMistake, score: ScoreMistake, threshold: float) -> bool:
        """Whether the two mistakes together give no box inside the network that reaches the threshold, in one variant
        at least."""
        variants: dict[int, int] = {}
        for frame in self.frames:
            for number, (_, corners) in enumerate(self.predictions(frame.rows, box, score, threshold)):
                variants[number] = variants.get(number, 0) + int(inside(corners, self.network).sum())
        return not variants or min(variants.values()) == 0

    def predictions(
        self, rows: DecodedRows, box: BoxMistake, score: ScoreMistake, floor: float
    ) -> Iterator[tuple[Scored, Floats]]:
        """The boxes that the mistakes give, variant by variant: classes and scores, and corners (k, 4)."""
        import numpy as np

        with np.errstate(all="ignore"):
            places = box.predict(rows, self.network)
            for scored in score.predict(rows, floor) if places else ():
                for corners in places:
                    yield scored, corners[scored.row]

    def _of_frame(
        self,
        frame: ParsedFrame,
        rows: DecodedRows,
        mistakes: tuple[BoxMistake, ScoreMistake],
        floor: float,
        compare: Compare,
    ) -> int:
        best = 0
        if not len(frame.sample):
            return 0
        for scored, corners in self.predictions(rows, *mistakes, floor):
            pairs = pair(frame.sample, scored, corners, self.network, compare, clip=self.clip)
            best = max(best, int((pairs >= 0).sum()))
        return best


def gather(calls: ParserCalls) -> BoxEvidence:
    """The evidence of some calls."""
    found = [found_boxes(table) for table in calls.tables]
    within = [inside(item.corners, calls.network) for item in found]
    clip = sum(int(mask.sum()) for mask in within) * 2 >= sum(map(len, found))
    kept = []
    for item, mask, outputs in zip(found, within, calls.frames, strict=True):
        usable = item.take(mask) if clip else item
        high = usable.take(usable.score >= (1 - SCORE) * calls.threshold)  # nvinfer drops the others
        rows = decoded.read(outputs, calls.head, calls.network, calls.threshold)
        some = high if len(high) else usable
        sample = _best(some, SAMPLE) if calls.threshold < _TINY else _sampled(some, SAMPLE)
        kept.append(ParsedFrame(usable, sample, rows, outputs))
    return BoxEvidence(tuple(kept), calls.head, calls.network, calls.threshold, clip)


def paired(evidence: BoxEvidence, score: ScoreMistake) -> tuple[Floats, Floats] | None:
    """Corners (n, 4) of the rows and of the boxes that have the same class and a score that occurs once; None if there
    is none."""
    import numpy as np

    right, found = [], []
    for frame in evidence.frames:
        for scored in score.predict(frame.rows, evidence.floor)[:1]:
            corners = frame.rows.corners[scored.row]
            compare = Compare.CLASS | Compare.SCORE
            pairs = pair(frame.found, scored, corners, evidence.network, compare, clip=False)
            exact = np.abs(frame.found.score - scored.score[pairs]) < 1e-5 if len(scored.row) else pairs >= 0
            clear = _alone(frame.found.score) & exact & (pairs >= 0)
            if len(scored.row):
                clear &= _alone(scored.score)[pairs]
            right.append(corners[pairs[clear]])
            found.append(frame.found.corners[clear])
    return (np.concatenate(right), np.concatenate(found)) if right else None


def _alone(values: Floats) -> NDArray[np.bool_]:
    """Values that no other is equal to."""
    import numpy as np

    order = np.argsort(values)
    gap = np.diff(values[order], prepend=-np.inf, append=np.inf)
    single = np.empty(len(values), np.bool_)
    single[order] = (gap[:-1] > 1e-5) & (gap[1:] > 1e-5)
    return single


def _sampled(found: ParsedBoxes, most: int) -> ParsedBoxes:
    """At most so many boxes, evenly spaced."""
    import numpy as np

    if len(found) <= most:
        return found
    return found.take(np.unique(np.linspace(0, len(found) - 1, most).astype(int)))


def _best(found: ParsedBoxes, most: int) -> ParsedBoxes:
    """At most so many boxes, those with the highest scores: the others' are all zero."""
    import numpy as np

    return found.take(np.argsort(-found.score, kind="stable")[:most])


def tables(calls: Sequence[NDArray[np.float32] | None]) -> tuple[NDArray[np.float32], ...]:
    """Calls with an empty table where the parser returned false."""
    import numpy as np

    return tuple(np.zeros((0, 6), np.float32) if call is None else call for call in calls)
