"""Which windows of a run are of its steady state, and whether there is one: warm-up, two states, drift, standing still.

Pure functions over one run's windows. Every rule asks for a difference that noise and the counting of whole frames do
not make: ``quantum`` is what one frame more in a window is worth, in frames per second.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby, pairwise
from statistics import NormalDist, fmean, median, pvariance

from dsbench.formats.perf_windows import Windows

MATTERS = 0.1
"""A difference of less than this share of the mean is not worth a word, unless the target lies within it."""
FAR_APART = 0.15
"""Two levels so far apart, as a share of the mean, are told even where windows lie between them."""
STALLED_WINDOWS = 3
"""So many windows of 0.00: the stream stands still."""
PAUSED_FRAMES = 10
"""So many frames were due in windows without one, after which the stream went on: it stood still."""
NEVER_STARTED_WINDOWS = 5
"""So many windows without a frame of any stream: nothing runs."""
_STALLED_FRAMES = 5
"""So many frames must have been due in them: a slow model has windows without a frame."""
_WARM_UP_SHARE = 4
"""At most a quarter of what follows the start is warm-up; a run that takes longer is not steady."""
_FEWEST = 8
"""Windows below which nothing is said about states and drift."""
_FEWEST_GAPS = 4
"""Between rows, below which nothing is said about the clock."""
_BURST_ROWS = 1.5
"""Rows by which the number between two bursts may be wrong, with some to spare."""
_BATCH_FRAMES = 30
"""A stream whose frames come together has fewer of them at once."""
_MOST_POINTS = 256


@dataclass(frozen=True)
class Change:
    """Two levels in frames per second: of two states, or of the beginning and the end of a run."""

    first: float
    second: float

    @property
    def low(self) -> float:
        return min(self.first, self.second)

    @property
    def high(self) -> float:
        return max(self.first, self.second)

    @property
    def ratio(self) -> float:
        """The larger over the smaller, infinite where that is 0."""
        return self.high / self.low if self.low > 0 else math.inf


def totals(windows: Windows) -> list[float]:
    """All streams together, window by window."""
    return [math.fsum(row) for row in windows.fps]


def warm_up(windows: Windows) -> int:
    """How many windows to cut at the beginning.

    First all up to the one in which the last stream has its first frame: it is still partly start-up. Streams that
    never have one do not count. Then what MSER (White 1997) cuts: so many that the squared standard error of the rest
    is smallest (the fewest that come within half as much again), if what is cut differs from the rest by more than its
    noise.
    """
    if not any(map(any, windows.fps)):
        return len(windows.fps)
    start = all_begun(windows) + 1
    return start + _mser(totals(windows)[start:], windows.streams / windows.interval_s)


def _first(values: Sequence[float]) -> int | None:
    return next((number for number, value in enumerate(values) if value > 0), None)


def _mser(values: Sequence[float], quantum: float) -> int:
    count = len(values)
    if count < _FEWEST:
        return 0
    most = min(count // _WARM_UP_SHARE, _MOST_POINTS)
    errors = [pvariance(values[number:]) / (count - number) for number in range(most + 2)]
    cut = next(number for number, error in enumerate(errors) if error <= 1.5 * min(errors))
    if not 0 < cut <= most:
        return 0  # beyond: no warm-up that ends in time, but an unsteady run
    rest = values[cut:]
    noise = 3 * math.sqrt(pvariance(rest) / cut) + quantum / cut
    return cut if abs(fmean(values[:cut]) - fmean(rest)) > noise else 0


def two_states(values: Sequence[float], quantum: float) -> Change | None:
    """The two levels between which a run goes to and fro, or changes once; None where it has one.

    The values are parted at the threshold that leaves least variance within both parts (Fisher 1958, Otsu 1979). Two
    states they are if that explains more than noise of any usual shape does (in simulated series of one state, normal,
    uniform and correlated, in at most one of a hundred), or somewhat less (windows may have parts of both) but the
    levels are far apart or follow each other in long runs (Wald and Wolfowitz 1940). Each must have a fifth of the
    windows and at least three.
    """
    points = _thinned(values)
    if len(points) < _FEWEST:
        return None
    ordered = sorted(points)
    fewest = max(3, math.ceil(len(points) / 5))
    whole = pvariance(ordered) * len(ordered)
    if whole <= 0 or 2 * fewest > len(points):
        return None
    splits = range(fewest, len(points) - fewest + 1)
    split = min(splits, key=lambda place: _within(ordered[:place]) + _within(ordered[place:]))
    low, high = fmean(ordered[:split]), fmean(ordered[split:])
    explained = 1 - (_within(ordered[:split]) + _within(ordered[split:])) / whole
    if high - low <= 2 * quantum or explained < 0.75:
        return None
    above = [value > ordered[split - 1] for value in points]
    far = high - low >= FAR_APART * fmean(points)
    if explained < 0.84 + 0.9 / len(points) and not far and not _in_long_runs(above):
        return None
    return Change(low, high)


def _within(values: Sequence[float]) -> float:
    return pvariance(values) * len(values)


def _in_long_runs(above: Sequence[bool]) -> bool:
    """Whether there are fewer changes from one side to the other than chance makes in one of 500 series."""
    count, high = len(above), sum(above)
    low = count - high
    runs = 1 + sum(a != b for a, b in pairwise(above))
    mean = 1 + 2 * high * low / count
    variance = (mean - 1) * (mean - 2) / (count - 1)
    return variance > 0 and (runs + 0.5 - mean) / math.sqrt(variance) < NormalDist().inv_cdf(0.002)


def drift(values: Sequence[float], quantum: float) -> Change | None:
    """Level at the beginning and at the end of a run that becomes faster or slower all the time; None if it does not.

    A trend by Mann (1945) and Kendall (1975) at 1 %, its slope by Theil and Sen (1968).
    """
    points = _thinned(values)
    count = len(points)
    if count < _FEWEST:
        return None
    pairs = [(i, j) for i in range(count) for j in range(i + 1, count)]
    score = sum((points[j] > points[i]) - (points[j] < points[i]) for i, j in pairs)
    ties = [len(list(group)) for _, group in groupby(sorted(points))]
    variance = (_kendall(count) - sum(map(_kendall, ties))) / 18
    if variance <= 0 or (abs(score) - 1) / math.sqrt(variance) < NormalDist().inv_cdf(0.995):
        return None
    slope = median((points[j] - points[i]) / (j - i) for i, j in pairs)
    middle = median(points)
    change = Change(middle - slope * (count - 1) / 2, middle + slope * (count - 1) / 2)
    return change if change.high - change.low > quantum else None


def variation(values: Sequence[float], quantum: float) -> float:
    """The spread of windows as a share of their mean, without what the counting of frames makes of it."""
    mean = fmean(values)
    spread = math.sqrt(max(0.0, pvariance(values) - quantum * quantum))
    return spread / mean if mean > 0 else 0.0


def _kendall(count: int) -> int:
    return count * (count - 1) * (2 * count + 5)


def stalled(windows: Windows) -> tuple[int, ...]:
    """Numbers of the streams that stand still at the end, or never had a frame although it was due."""
    return tuple(stream for stream in range(windows.streams) if _ends_still(windows, stream))


def _ends_still(windows: Windows, stream: int) -> bool:
    values = windows.of_stream(stream)
    first = _first(values)
    if first is None:
        means = [fmean(row) for row in zip(*windows.fps, strict=True)]
        usual = median(means) if means else 0.0
        if not any(means):
            return len(values) >= NEVER_STARTED_WINDOWS
        return len(values) >= STALLED_WINDOWS and usual * len(values) * windows.interval_s >= _STALLED_FRAMES
    still = next((number for number, value in enumerate(reversed(values)) if value > 0), len(values))
    moving = values[first : len(values) - still]
    longest = max((len(list(group)) for moves, group in groupby(moving, key=bool) if not moves), default=0)
    due = fmean(moving) * still * windows.interval_s
    return still >= max(STALLED_WINDOWS, 3 * longest) and due >= _STALLED_FRAMES


def stopped(windows: Windows, start: int) -> tuple[int, ...]:
    """Numbers of the streams without a frame in the last window or two, too few to say that they stand still, where
    frames were due and no pause from window ``start`` on was as long."""
    gone = stalled(windows)
    found = []
    for stream in range(windows.streams):
        pauses, usual = _pauses(windows.of_stream(stream)[start:])
        if stream in gone or not pauses or not usual or windows.fps[-1][stream] > 0:
            continue
        due = usual * pauses[-1] * windows.interval_s
        if pauses[-1] > max(pauses[:-1], default=0) and due >= _STALLED_FRAMES:
            found.append(stream)
    return tuple(found)


def _pauses(values: Sequence[float]) -> tuple[list[int], float]:
    """Lengths of the runs of windows without a frame, in their order, and the mean of the other windows, 0 without."""
    lengths = [len(list(group)) for moves, group in groupby(values, key=bool) if not moves]
    return lengths, fmean([value for value in values if value > 0] or [0.0])


def paused(windows: Windows, start: int) -> tuple[int, ...]:
    """Numbers of the streams that stood still for a while from window ``start`` on and then went on.

    A slow model, or one whose frames come several at a time, has windows without a frame all the time: no pause is seen
    where more than a third of the windows are empty, nor where more than a tenth are pauses of a few frames.
    """
    found = []
    for stream in range(windows.streams):
        values = windows.of_stream(stream)[start:]
        pauses, usual = _pauses(values)
        ended = pauses[:-1] if values and not values[-1] else pauses
        due = usual * max(ended, default=0) * windows.interval_s
        often = len(pauses) > len(values) / 10 and due < _BATCH_FRAMES
        if due >= PAUSED_FRAMES and sum(pauses) <= len(values) / 3 and not often:
            found.append(stream)
    return tuple(found)


def all_begun(windows: Windows) -> int:
    """The first window in which all streams that ever begin have begun."""
    firsts = [first for stream in range(windows.streams) if (first := _first(windows.of_stream(stream))) is not None]
    return max(firsts, default=0)


def clock(windows: Windows, start: int) -> float | None:
    """How long a window really was, as a multiple of the interval that FPS are computed with; None if not known.

    DeepStream divides by the configured interval, however late its timer fires. Windows are as far apart as their rows
    were seen, those included that other output cut; a gap of a row that was not seen at all counts as two.
    """
    times = windows.at_s[max(start - 1, 0) :]
    if times and windows.begun_s:
        times = tuple(at_s for at_s in windows.begun_s if times[0] <= at_s <= times[-1])
    gaps = [after - before for before, after in pairwise(times)]
    if len(gaps) < _FEWEST_GAPS:
        return None
    usual = median(gaps)
    if usual < windows.interval_s / 2 or sum(gap < usual / 4 for gap in gaps) > len(gaps) / 10:
        return _clock_of_bursts(gaps, windows.interval_s)
    intervals = sum(round(gap / usual) for gap in gaps)  # a row seen late makes the next gap short
    return math.fsum(gaps) / intervals / windows.interval_s


def _clock_of_bursts(gaps: Sequence[float], interval_s: float) -> float | None:
    """The same where rows were not seen as they came, but several at once (a console that is not flushed).

    What is seen at once was printed since the burst before: from the first burst to the last one those of all but the
    first. A row more or less may belong to either: nothing is known where that explains the difference.
    """
    ends = [number for number, gap in enumerate(gaps) if gap > interval_s / 2]  # of bursts
    if not ends:
        return None
    rows = len(gaps) - ends[0]
    ratio = math.fsum(gaps[ends[0] : ends[-1] + 1]) / rows / interval_s
    return ratio if abs(ratio - 1) > _BURST_ROWS / rows else None


def _thinned(values: Sequence[float]) -> list[float]:
    """Means of equal groups of neighbours where there are too many to compare each with each."""
    together = -(-len(values) // _MOST_POINTS)
    if together <= 1:
        return list(values)
    return [fmean(values[place : place + together]) for place in range(0, len(values) - together + 1, together)]
