"""fell-behind: every stream keeps up on average, but one fell behind a camera for a while. Run 2 only."""

from __future__ import annotations

from collections.abc import Sequence

from dsbench.judge.run.elapsed import Elapsed
from dsbench.judge.run.judged_run import JudgedRun
from dsbench.judge.run.reason import OTHER_LOAD_LIKELY, Reason, ReasonCode, named

MIN_BEHIND_S = 1.0
"""Seconds of a camera's frames that wait: whoever looks at the picture sees it late, or frames are dropped."""
_MIN_FRAMES = 3
"""Fewer frames that wait may be the counting of whole frames."""


def find(run: JudgedRun) -> Reason | None:
    """Streams that keep up on average only."""
    behind = streams_behind(run.elapsed, run.start, run.target_fps)
    if not behind or any(one.low < run.target_fps for one in run.each):
        return None
    longest = f"{max(behind.values()):.1f} s behind a camera of {run.target_fps:g} FPS"
    text = f"{named(tuple(behind))} fell up to {longest} for a while: {OTHER_LOAD_LIKELY}"
    return Reason(ReasonCode.FELL_BEHIND, text)


def streams_behind(elapsed: Elapsed, start: int, target_fps: float) -> dict[int, float]:
    """Numbers of the streams that fell behind from window ``start`` on, and by how many seconds at most.

    A camera delivers ``target_fps`` all the time. What a stream has not taken waits and is made up for later.
    """
    found = {}
    for stream in range(len(elapsed.since_first_s)):
        frames = [row[stream] for row in elapsed.frames[start:]]
        waiting = _max_waiting(frames, elapsed.span_s[start:], target_fps)
        if waiting - 1 >= max(MIN_BEHIND_S * target_fps, _MIN_FRAMES):
            found[stream] = waiting / target_fps
    return found


def _max_waiting(frames: Sequence[float], spans: Sequence[float], target_fps: float) -> float:
    """Frames of a camera that waited at the end of any window."""
    waiting = largest = 0.0
    for passed, seconds in zip(frames, spans, strict=True):
        waiting = max(0.0, waiting + target_fps * seconds - passed)
        largest = max(largest, waiting)
    return largest
