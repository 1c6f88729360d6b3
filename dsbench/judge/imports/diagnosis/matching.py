"""Pairs found boxes with predicted ones: same class, score and corners within tolerances, in any order."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Flag, auto
from typing import TYPE_CHECKING

from dsbench.families.base import Network
from dsbench.judge.imports.diagnosis.row_parts import clipped
from dsbench.judge.imports.diagnosis.scored import Scored

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]

PIXELS, RELATIVE, SCORE = 0.3, 0.0015, 0.004
"""Tolerances: what a parser that computes in half precision is off by. That of scores is relative."""
_LEAST_SCORE = 1e-5
_SPREAD = 0.01
"""The tolerance in pixels is at most this fraction of the boxes' own size, for boxes in other units."""
_MOST_PAIRS = 4_000_000


class Compare(Flag):
    """What has to agree."""

    BOX = auto()
    CLASS = auto()
    SCORE = auto()
    ALL = BOX | CLASS | SCORE


@dataclass(frozen=True, slots=True, eq=False)
class ParsedBoxes:
    """m boxes of one image: class ids, corners (m, 4) left, top, right, bottom, scores."""

    ids: Ints
    corners: Floats
    score: Floats

    def __len__(self) -> int:
        return len(self.ids)

    def take(self, index: Ints | NDArray[np.bool_]) -> ParsedBoxes:
        return ParsedBoxes(self.ids[index], self.corners[index], self.score[index])


def found_boxes(table: NDArray[np.float32]) -> ParsedBoxes:
    """Boxes of an (m, 6) table: class id, left, top, width, height, score; rows that are not finite are left out."""
    import numpy as np

    rows = np.asarray(table, np.float64)
    rows = rows[np.isfinite(rows).all(axis=1)]
    corners = np.stack((rows[:, 1], rows[:, 2], rows[:, 1] + rows[:, 3], rows[:, 2] + rows[:, 4]), axis=1)
    return ParsedBoxes(rows[:, 0].astype(np.int64), corners, rows[:, 5])


def inside(corners: Floats, network: Network) -> NDArray[np.bool_]:
    """Boxes with an area inside the network."""
    import numpy as np

    cut = clipped(corners, network.width, network.height)
    return np.asarray((cut[:, 2] > cut[:, 0]) & (cut[:, 3] > cut[:, 1]), np.bool_)


def slack(corners: Floats) -> float:
    """Tolerance of a coordinate in the boxes' unit."""
    import numpy as np

    some = corners[:: max(len(corners) // 400, 1)]
    finite = some[np.isfinite(some).all(axis=1)]
    if not len(finite):
        return PIXELS
    size = float(np.median(np.abs(finite[:, 2:] - finite[:, :2])))
    spread = max(size, float(finite.std(axis=0).mean()) if len(finite) > 1 else 0.0)
    return min(PIXELS, _SPREAD * spread) if spread > 0 else PIXELS


def score_slack(score: Floats) -> Floats:
    """Tolerances of scores."""
    import numpy as np

    return _LEAST_SCORE + SCORE * np.abs(score)


def pair(
    found: ParsedBoxes, scored: Scored, corners: Floats, network: Network, compare: Compare, *, clip: bool
) -> Ints:
    """For each found box the index of the predicted box (of ``scored``; ``corners`` (k, 4)) that equals it, or -1.

    ``clip``: both are clipped to the network first, so that a parser without clipping equals one with it.
    """
    import numpy as np

    none = np.full(len(found), -1, np.int64)
    if not len(found) or not len(scored.row):
        return none
    tolerance = slack(corners)
    mine, theirs = found.corners, corners
    if clip:
        mine, theirs = (clipped(part, network.width, network.height) for part in (mine, theirs))
    windows = []
    if Compare.SCORE in compare:
        windows.append(_Window(scored.score, found.score, score_slack(found.score)))
    if Compare.BOX in compare:
        reach = (tolerance + RELATIVE * np.abs(mine[:, 0])) / (1 - RELATIVE)
        windows.append(_Window(theirs[:, 0], mine[:, 0], reach))
    window = min(windows, key=lambda one: one.pairs)
    if window.pairs > _MOST_PAIRS:
        return none
    owner, other = window.indices()
    good, distance = np.ones(len(owner), np.bool_), np.zeros(len(owner))
    if Compare.CLASS in compare:
        good &= found.ids[owner] == scored.ids[other]
    if Compare.SCORE in compare:
        apart = np.abs(found.score[owner] - scored.score[other]) / score_slack(found.score[owner])
        good, distance = good & (apart <= 1), distance + apart
    if Compare.BOX in compare:
        moved = np.abs(mine[owner] - theirs[other])
        good &= (moved <= tolerance + RELATIVE * np.abs(theirs[other])).all(axis=1)
        distance += moved.sum(axis=1) / tolerance
    owner, other, distance = owner[good], other[good], distance[good]
    nearest = np.lexsort((distance, owner))
    first = np.unique(owner[nearest], return_index=True)[1]
    none[owner[nearest][first]] = other[nearest][first]
    return none


class _Window:
    """Candidates for pairs: predictions whose key is within ``reach`` of a found box's."""

    def __init__(self, keys: Floats, wanted: Floats, reach: Floats) -> None:
        import numpy as np

        self.order = np.argsort(keys, kind="stable")
        ranked = keys[self.order]
        self.low = np.searchsorted(ranked, wanted - reach, "left")
        self.count = np.maximum(np.searchsorted(ranked, wanted + reach, "right") - self.low, 0)
        self.pairs = int(self.count.sum())

    def indices(self) -> tuple[Ints, Ints]:
        """Found box and prediction of each candidate."""
        import numpy as np

        owner = np.repeat(np.arange(len(self.count)), self.count)
        within = np.arange(self.pairs) - np.repeat(np.cumsum(self.count) - self.count, self.count)
        return owner, self.order[within + np.repeat(self.low, self.count)]
