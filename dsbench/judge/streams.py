"""Step 7's formulas, exactly as the specification's shell computes them: each value is rounded before the next.

Source: pipeline-run.md 7c and "Timing and Output Summary". Figures of all streams are in
judge/run; they never replace these.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from dsbench.base import spec
from dsbench.base.errors import Code, DsbenchError


@dataclass(frozen=True)
class RunFigures:
    """What one run of the app measured. ``fps`` is stream 0's, ``total_fps`` that times the number of streams."""

    streams: int
    fps: float
    total_fps: float
    seconds: float
    target_fps: float

    @property
    def real_time(self) -> bool:
        """RT_CONFIRMED: stream 0 keeps up with the target."""
        return self.fps >= self.target_fps

    @property
    def confirmed(self) -> str:
        return "YES" if self.real_time else "NO"


def figures(
    stream0: Sequence[float], streams: int, seconds: float, *, run: str, log: str, target_fps: float
) -> RunFigures:
    """FPS of stream 0 as the mean of its last ten windows, rounded to two decimals, and the total.

    Raises FPS_PARSE with the specification's text when there is no window or their mean is 0.
    """
    last = stream0[-spec.LAST_WINDOWS :]
    fps = round(sum(last) / len(last), 2) if last else 0.0
    if not fps > 0 or not math.isfinite(fps):
        windows = f"{len(stream0)} PERF windows of stream 0" if stream0 else "the log has no PERF line with a number"
        raise DsbenchError(
            Code.FPS_PARSE,
            f"ERROR: FPS parsing failed for {run} — check {log} ({windows})",
            where=log,
            fix="read the log: check that the app started, decoded and inferred",
        )
    return RunFigures(streams, fps, round(fps * streams, 2), seconds, target_fps)


def run1_streams(peak_gpu_streams: int, max_bs: int) -> int:
    """Streams of run 1: min(PEAK_GPU_STREAMS, MAX_BS), at least 1 (PEAK_GPU_STREAMS may be 0 on a CPU)."""
    return max(1, min(peak_gpu_streams, max_bs))


def rt_streams(run1: RunFigures, max_bs: int) -> int:
    """RT_STREAMS: floor(total / target), at most MAX_BS. May be 0: recorded as computed, run as one stream."""
    return min(math.floor(run1.total_fps / run1.target_fps), max_bs)


def made_for(rt_streams: int, run2_streams: int) -> int:
    """RT_STREAMS as the closing block has it: half or less of it if run 2 did not come up with as many."""
    return rt_streams if run2_streams == max(1, rt_streams) else run2_streams


def halved(streams: int) -> int:
    """RT_STREAMS of the one retry."""
    return max(1, streams // spec.RETRY_DIVISOR)


def efficiency(run: RunFigures, trtexec_imgs: float) -> float:
    """DS_EFF: total FPS as a percentage of trtexec's images per second, one decimal."""
    return round(run.total_fps / trtexec_imgs * 100, 1) if trtexec_imgs else 0.0


@dataclass(frozen=True)
class Benchmark:
    """All of Step 7. ``rt_streams`` is what run 2 (or its retry) was made for; ``retry`` is None if run 2 kept up."""

    max_bs: int
    peak_gpu_streams: int
    trtexec_imgs: float
    run1: RunFigures
    rt_streams: int
    run2: RunFigures
    retry: RunFigures | None

    @property
    def final(self) -> RunFigures:
        """The run that counts: the retry if there was one."""
        return self.retry or self.run2

    @property
    def final_rt_streams(self) -> int:
        return halved(self.rt_streams) if self.retry else self.rt_streams

    @property
    def confirmed_streams(self) -> int:
        """Real-time streams that a run confirmed; 0 if the last run did not keep up either."""
        return self.final.streams if self.final.real_time else 0


def run1_lines(run: RunFigures, rt: int) -> tuple[str, ...]:
    """What run 1 prints."""
    return (
        f"DS Run 1: {run.streams} streams | FPS/stream={run.fps} | total={run.total_fps} img/s | RT_STREAMS={rt}",
        f"[Step 7 Run 1] completed in {seconds_text(run.seconds)}s",
    )


def run2_lines(run: RunFigures) -> tuple[str, ...]:
    """What run 2 prints."""
    return (
        f"DS Run 2: {run.streams} streams | FPS/stream={run.fps} | total={run.total_fps} img/s "
        f"| Real-time: {run.confirmed}",
        f"[Step 7 Run 2] completed in {seconds_text(run.seconds)}s",
    )


def retry_announcement(streams: int) -> str:
    """Printed before the retry."""
    return f"Run 2 not real-time — retrying at {streams} streams"


def retry_line(run: RunFigures) -> str:
    """Printed after the retry."""
    return f"Retry: {run.streams} streams | FPS/stream={run.fps} | Real-time: {run.confirmed}"


def seconds_text(seconds: float) -> str:
    """A duration as printed: two decimals."""
    return f"{seconds:.2f}"


def closing_block(model_name: str, engine: str, given_dir: str, result: Benchmark, step6_s: float) -> tuple[str, ...]:
    """The block of the specification's Output Summary, word for word.

    ``engine`` and ``given_dir`` are paths as the user wrote them.
    """
    eff1, eff2 = efficiency(result.run1, result.trtexec_imgs), efficiency(result.final, result.trtexec_imgs)
    total = round(step6_s, 2) + round(result.run1.seconds, 2) + round(result.run2.seconds, 2)
    return (
        "=== DeepStream Integration Complete ===",
        f"Model: {model_name} | Engine: {engine}",
        f"trtexec: {result.trtexec_imgs} img/s @ BS={result.max_bs}",
        f"DS Run 1 (PEAK): {result.peak_gpu_streams} streams | {result.run1.fps} fps/s | eff {eff1}%",
        f"DS Run 2 (RT):   {result.final_rt_streams} streams | {result.final.fps} fps/s "
        f"| RT: {result.final.confirmed} | eff {eff2}%",
        f"Timing: Step6={seconds_text(step6_s)}s Run1={seconds_text(result.run1.seconds)}s "
        f"Run2={seconds_text(result.run2.seconds)}s Total={seconds_text(total)}s",
        f"Ready for: Step 8 — read references/report-generation.md {given_dir}/",
    )
