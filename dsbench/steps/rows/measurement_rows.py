"""The measurement over all streams of a run, as one line, as facts, and as a warning for each reason."""

from __future__ import annotations

import math

from dsbench.judge.run.measurement import Interval, Measurement, State
from dsbench.record.evidence import EvidenceLog

_LEVEL = "95 % confidence interval"


def line(name: str, found: Measurement, *, asked: bool) -> str:
    """The measurement in one line. ``asked``: the run decides whether its streams keep up."""
    parts = []
    if found.state is not State.VALID:
        parts.append(f"{found.state.upper()} ({', '.join(dict.fromkeys(reason.code for reason in found.reasons))})")
    if asked:
        parts.append(f"every stream real-time: {found.real_time}")
    if found.total is not None and found.slowest is not None:
        slow = found.per_stream[found.slowest]
        parts.append(f"slowest stream {found.slowest}: {slow.mean:.2f} FPS ({bounds(slow)})")
        parts.append(f"all: {found.total.mean:.2f} FPS ({bounds(found.total)})")
        parts.append(f"{found.windows} windows after {found.warm_up_s:.1f} s")
    if found.ended_early_s is not None:
        parts.append(f"ended early, at {found.ended_early_s:.0f} s")
    return f"{name}, all streams: {' | '.join(parts)}"


def facts(log: EvidenceLog, name: str, found: Measurement, *, asked: bool) -> None:
    """Record the measurement as facts, and a warning for each reason."""
    log.fact(f"{name}: measurement", found.state.upper(), ", ".join(reason.code for reason in found.reasons))
    if asked:
        origin = f"lower bound of every stream's {_LEVEL} against {found.target_fps:g} FPS"
        log.fact(f"{name}: every stream in real time", found.real_time, origin)
    if found.total is not None and found.slowest is not None:
        slow = found.per_stream[found.slowest]
        which = f"stream {found.slowest}, {_LEVEL}"
        log.fact(f"{name}: slowest stream, steady", f"{slow.mean:.2f} FPS, {bounds(slow)}", which)
        log.fact(f"{name}: all streams, steady", f"{found.total.mean:.2f} FPS, {bounds(found.total)}", _LEVEL)
        log.fact(
            f"{name}: steady windows",
            found.windows,
            f"after {found.warm_up_s:.1f} s of start and warm-up, which are left out",
        )
    if found.lowest:
        log.fact(f"{name}: lowest steady window", f"{min(found.lowest):.2f} FPS", "of any stream")
    if found.ended_early_s is not None:
        why = "the confidence interval met --perf-precision and the verdict was clear"
        log.fact(f"{name}: ended early", f"at {found.ended_early_s:.1f} s", why)
    log.warn(*(f"{name}: {reason.state.upper()}, {reason.code}: {reason.text}" for reason in found.reasons))
    if found.remarks:
        why = "every window of every stream reaches the target" if asked else "every window gives the same RT_STREAMS"
        seen = "; ".join(f"{one.code}: {one.text}" for one in found.remarks)
        log.note(f"{name}: this does not change the answer, since {why}: {seen}")


def bounds(one: Interval) -> str:
    """The interval's bounds in FPS."""
    return f"{one.low:.2f} to {one.high:.2f}" if math.isfinite(one.high) else "one window: no confidence interval"
