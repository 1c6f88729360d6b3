"""How far a stream fell behind a camera for a while, although it keeps up on average."""

from __future__ import annotations

from collections.abc import Sequence

from dsbench.judge.run.elapsed import Elapsed

BEHIND_S = 1.0
"""Seconds of a camera's frames that wait: whoever looks at the picture sees it late, or frames are dropped."""
_FEWEST_FRAMES = 3
"""Fewer that wait may be the counting of whole frames."""


def streams_behind(elapsed: Elapsed, start: int, target_fps: float) -> dict[int, float]:
    """Numbers of the streams that fell behind from window ``start`` on, and by how many seconds at most.

    A camera delivers ``target_fps`` all the time. What a stream has not taken waits and is made up for later.
    """
    found = {}
    for stream in range(len(elapsed.since_first_s)):
        frames = [row[stream] for row in elapsed.frames[start:]]
        waiting = _most_waiting(frames, elapsed.span_s[start:], target_fps)
        if waiting - 1 >= max(BEHIND_S * target_fps, _FEWEST_FRAMES):
            found[stream] = waiting / target_fps
    return found


def _most_waiting(frames: Sequence[float], spans: Sequence[float], target_fps: float) -> float:
    """Frames of a camera that waited at the end of any window."""
    waiting = most = 0.0
    for passed, seconds in zip(frames, spans, strict=True):
        waiting = max(0.0, waiting + target_fps * seconds - passed)
        most = max(most, waiting)
    return most
