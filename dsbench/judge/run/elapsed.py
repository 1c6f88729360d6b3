"""The real length of each window and its frames, from the averages in parentheses or from the times of the rows.

A row's FPS are frames divided by the configured interval. Its average is all frames so far, divided by the time since
the stream's first frame by the app's own clock (deepstream_perf.c). So the frames so far, divided by the average, are
that time. The difference between two rows is the real length of the window, to the millisecond in recordings, whenever
the row was read. It also covers rows in between that other output cut, and their frames.

Averages may be of another kind (another program's, or over nominal windows): a timer never fires early, nor does each
stream begin just when a window does, which gives them away. Then windows are as long as their rows were seen apart.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate, pairwise
from statistics import median

from dsbench.formats.perf.windows import Windows

_ROUNDING = 0.005
"""Error of a printed average, frames per second."""
_PRECISE_S = 0.1
_EARLY, _NOMINAL = 0.02, 0.002
"""Fractions of the interval: earlier than a timer fires, nearer than a first frame comes to a window's begin."""
_CHANGES = 0.02
"""Fraction of an average."""
_SEEN_WITHIN_S = 0.15
_MIN_SPANS = 4


@dataclass(frozen=True)
class Elapsed:
    """``span_s`` (windows,): seconds since the row before, rows that were cut included; ``frames`` (windows, streams)
    that passed in it; ``since_first_s`` (streams,): of each stream's first window with frames, the seconds since its
    first one, 0 where not known; ``by_averages``: else by when rows were seen, where frames of cut rows are not known
    and their time is left out."""

    span_s: tuple[float, ...]
    frames: tuple[tuple[float, ...], ...]
    since_first_s: tuple[float, ...]
    by_averages: bool


def of_run(windows: Windows) -> Elapsed:
    """By the averages if they say, else as rows were seen."""
    return of_averages(windows) or as_seen(windows)


def as_seen(windows: Windows) -> Elapsed:
    """By when rows were seen, those that are late for good; the interval where they came several at a time."""
    interval_s = float(windows.interval_s)
    spans = [interval_s] * len(windows.fps)
    gaps = [after - before for before, after in pairwise(windows.at_s)]
    if not in_bursts(gaps, windows.interval_s):
        numbers = windows.number or range(len(windows.fps))
        late = late_for_good([at_s - at * interval_s for at_s, at in zip(windows.at_s, numbers, strict=True)])
        spans[1:] = [interval_s + after - before for before, after in pairwise(late)]
    frames = tuple(tuple(value * interval_s for value in row) for row in windows.fps)
    return Elapsed(tuple(spans), frames, (0.0,) * windows.streams, by_averages=False)


def in_bursts(gaps: Sequence[float], interval_s: float) -> bool:
    """Whether rows were not seen as they came, but several at once: a console that is not flushed. ``gaps``: seconds
    between them."""
    if not gaps:
        return False
    usual = median(gaps)
    return usual < interval_s / 2 or sum(gap < usual / 4 for gap in gaps) > len(gaps) / 10


@dataclass
class _Stream:
    """What is known of one at the row before: frames so far, and ``at_s`` seconds since its first, None without one."""

    counted: float = 0.0
    at_s: float | None = None
    since_first_s: float = 0.0
    error_s: float = 0.0
    """Of ``since_first_s``, by the rounding of the average."""

    def pass_cut(self, average: float, seconds: float) -> float:
        """Frames in ``seconds`` whose rows were cut."""
        assert self.at_s is not None, "it has begun"
        self.at_s += seconds
        before, self.counted = self.counted, average * self.at_s
        return max(0.0, self.counted - before)

    def begin_in_cut(self, average: float, seconds: float, following: tuple[float, float, float] | None) -> float:
        """The same of a stream that began in them. ``following``: how long the next window was, its frames and the
        average then.

        Of the time t since the first frame it is known that t * average + frames = (t + window) * average then. Where
        the average hardly changes, the stream ran as fast before, and t matters little.
        """
        self.at_s = seconds
        if following is not None and abs(following[2] - average) > _CHANGES * average:
            window_s, frames, then = following
            self.at_s = self.since_first_s = min(seconds, max(0.0, (frames - then * window_s) / (then - average)))
        self.counted = average * self.at_s
        return self.counted

    def pass_window(self, frames: float, average: float) -> tuple[float, float] | None:
        """Length of the window and its possible error, in seconds; None if the average does not show it."""
        self.counted += frames
        if not self.counted or not average:
            return None
        before, self.at_s = self.at_s, self.counted / average
        if before is None:
            self.since_first_s, self.error_s = self.at_s, self.at_s * _ROUNDING / average
            return None
        return self.at_s - before, self.at_s * _ROUNDING / average


def of_averages(windows: Windows) -> Elapsed | None:
    """None where the averages do not say."""
    if not windows.avg or not windows.number or windows.earlier:
        return None
    streams = [_Stream() for _ in range(windows.streams)]
    cuts = _cuts_s(windows)
    spans, frames, known_s = [], [], []
    for row, (fps, cut) in enumerate(zip(windows.fps, cuts, strict=True)):
        span = cut or float(windows.interval_s)
        if cut:
            whole = row + 1 < len(cuts) and not cuts[row + 1]
            passed = [_in_cut(one, windows, row, number, cut, whole) for number, one in enumerate(streams)]
        else:
            passed = [value * windows.interval_s for value in fps]
            each = zip(streams, passed, windows.avg[row], strict=True)
            known = [long for one, count, average in each if (long := one.pass_window(count, average)) is not None]
            if known and (error_s := min(error_s for _, error_s in known)) < _PRECISE_S:
                span = median(long for long, off_s in known if off_s <= 2 * error_s)
                known_s.append(span)
        spans.append(span)
        frames.append(tuple(passed))
    if not _of_a_timer(known_s, windows.interval_s):
        return None
    firsts = tuple(0.0 if _nominal(one, windows.interval_s) else one.since_first_s for one in streams)
    if not any(firsts) and not _as_seen_too(spans, cuts, windows):
        return None
    return Elapsed(tuple(spans), tuple(frames), firsts, by_averages=True)


def _of_a_timer(spans: Sequence[float], interval_s: float) -> bool:
    """It does not fire early; some times are not known so well."""
    if len(spans) < _MIN_SPANS or min(spans) < interval_s / 2:
        return False
    return sum(span < (1 - _EARLY) * interval_s for span in spans) <= len(spans) / 10


def _nominal(stream: _Stream, interval_s: float) -> bool:
    """Whether a stream had its first frame just when a window began: so it looks where averages are over the windows'
    nominal time."""
    past_s = abs(stream.since_first_s - round(stream.since_first_s / interval_s) * interval_s)
    return past_s <= _NOMINAL * interval_s + stream.error_s


def _as_seen_too(spans: Sequence[float], cuts: Sequence[float], windows: Windows) -> bool:
    """Whether whole rows were seen as far apart, and as they came."""
    if _seen_in_bursts(windows):
        return False
    rows = zip(spans, as_seen(windows).span_s, cuts, strict=True)
    near = [abs(one - other) <= _SEEN_WITHIN_S for one, other, cut in rows if not cut]
    return sum(near) >= 0.9 * len(near)


def _seen_in_bursts(windows: Windows) -> bool:
    gaps = [after - before for before, after in pairwise(windows.begun_s or windows.at_s)]
    return in_bursts(gaps, windows.interval_s)


def _in_cut(stream: _Stream, windows: Windows, row: int, number: int, seconds: float, next_whole: bool) -> float:
    average = windows.avg[row][number]
    if not average:
        return 0.0
    if stream.at_s is not None:
        return stream.pass_cut(average, seconds)
    following = None
    if next_whole:
        interval_s = float(windows.interval_s)
        following = interval_s, windows.fps[row + 1][number] * interval_s, windows.avg[row + 1][number]
    return stream.begin_in_cut(average, seconds, following)


def _cuts_s(windows: Windows) -> list[float]:
    """For each row seconds since the one before, where others between them were cut, by when they were seen if they
    were seen as they came; else 0."""
    as_they_came = not _seen_in_bursts(windows)
    found, before, seen_s = [], 0, 0.0
    for number, at_s in zip(windows.number, windows.at_s, strict=True):
        due = float((number - before) * windows.interval_s)
        seen = at_s - seen_s if before and as_they_came else 0.0
        found.append(0.0 if number == before + 1 else seen if seen >= due / 2 else due)
        before, seen_s = number, at_s
    return found


def missing_s(times: Sequence[float], interval_s: float) -> float:
    """The longest time by which rows seen at ``times`` came later than one after the other, in seconds.

    Rows that are seen late and then together are not missing: how late a row is counts only as far as all after it are
    late too. Rows in bursts were not seen as they came: 0.
    """
    gaps = [after - before for before, after in pairwise(times)]
    if not gaps or (usual := median(gaps)) < interval_s / 2:
        return 0.0
    late = late_for_good([at_s - times[0] - number * usual for number, at_s in enumerate(times)])
    return max(after - before for before, after in pairwise(late))


def late_for_good(late: Sequence[float]) -> list[float]:
    """How late each row is, only as far as all after it are late too: what is more was seen late, not printed late."""
    return list(accumulate(reversed(late), min))[::-1]
