"""A worker's run: which loop its frames go through, with how many decoders, and into which sinks."""

from __future__ import annotations

import math
import os
from typing import TYPE_CHECKING

from dsbench.embedded import messages
from dsbench.embedded.app.shared_state import SharedState
from dsbench.embedded.protocol import PadJob, WorkerJob

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dsbench.embedded.app.latency import LatencyLines
    from dsbench.embedded.bench.counting_loop import Count
    from dsbench.embedded.nvinfer.start import StartedNvinfer
    from dsbench.embedded.pipeline import FrameSink
    from dsbench.embedded.video.decode import VideoSource
    from dsbench.embedded.video.frame import YuvFrame

_LANES_FED = 3  # lanes that one decoder thread can feed


def _latency(job: WorkerJob) -> LatencyLines | None:
    from dsbench.embedded.app import latency

    if not latency.wanted():
        return None
    if latency.COMPONENTS in os.environ and not job.quiet:
        messages.own(latency.COMPONENTS_IGNORED)
    return latency.LatencyLines(messages.out)


def play(
    job: WorkerJob, started: StartedNvinfer | None, state: SharedState, sources: list[tuple[PadJob, VideoSource]]
) -> None:
    """Run all frames of the worker's sources through the loop that fits: counting only, or with results."""
    from dsbench.embedded.bench.counting_loop import CountingLoop, max_decoders
    from dsbench.embedded.pipeline import PadSource, Pipeline, Schedule
    from dsbench.formats.app.console import DECODED_AT_ONCE

    config = job.detector.config if job.detector is not None else None
    interval, dropped = (config.interval, config.stabilize_buffer_count) if config is not None else (0, 0)
    schedule = Schedule(job.batch_size, interval, job.lanes, dropped)
    latency = _latency(job)
    frames_per_call = started.detector.frames_per_call if started is not None else 1
    at_once = decodes_rounds_at_once(job, frames_per_call)
    pads = [
        PadSource(pad.pad, latency.timed(pad.pad, one) if latency else one, one.another if at_once else None)
        for pad, one in sources
    ]
    detector = started.detector if started is not None else None
    if job.counted_only and frames_per_call == 1:
        if at_once and not job.quiet and (decoders := max_decoders(job.lanes, len(pads))) > 1:
            why = "there are more processors than streams (a camera has one decoder)"
            messages.own(f"up to {decoders} {DECODED_AT_ONCE}: {why}")
        try:
            CountingLoop(pads, detector, _counting(job, state, latency), schedule, state.stopped).run()
        finally:
            if latency is not None:
                latency.close()
        return
    sinks = _sinks(job, started, state, [source for _, source in sources])
    if latency is not None:
        sinks.insert(0, latency)
    try:
        Pipeline(pads, detector, sinks, schedule, state.stopped).run()
    finally:
        for sink in sinks:
            sink.close()


def _counting(job: WorkerJob, state: SharedState, latency: LatencyLines | None) -> Count:
    counters = {pad.pad: pad.counter for pad in job.pads}

    def count(pad: int, frame: YuvFrame) -> None:
        state.count(counters[pad])
        if latency is not None:
            latency.passed(pad, frame.index)

    return count


def decodes_rounds_at_once(job: WorkerJob, frames_per_call: int) -> bool:
    """Whether rounds of a clip may be decoded concurrently.

    The order of frames does not matter, a call of the network takes one frame, and the clip repeats.
    """
    from dsbench.embedded.app import latency

    return job.counted_only and frames_per_call == 1 and job.file_loop and not latency.wanted()


def decoding_threads(job: WorkerJob, frames_per_call: int) -> int:
    """Decoder threads of each source. One is the fastest, unless it cannot feed all lanes that share the source.

    Inference takes at least two to three times as long as decoding. Without inference all lanes decode.
    """
    if decodes_rounds_at_once(job, frames_per_call):
        return 1
    if job.detector is None:
        return job.lanes if len(job.pads) == 1 else 1
    if not job.counted_only:
        return 1
    return math.ceil(job.lanes / (_LANES_FED * len(job.pads)))


def _sinks(
    job: WorkerJob, started: StartedNvinfer | None, state: SharedState, sources: Sequence[VideoSource]
) -> list[FrameSink]:
    from dsbench.embedded.app import sinks

    found: list[FrameSink] = []
    labels = started.labels if started is not None else ()
    if job.kitti_dir is not None and started is not None:
        from dsbench.embedded.app.kitti_sink import KittiSink

        found.append(sinks.KittiOutput(KittiSink(job.kitti_dir, job.instance, labels)))
    if job.tensor_dir is not None:
        found.append(sinks.TensorDump(job.tensor_dir, job.instance))
    found.append(sinks.Counters(state, {pad.pad: pad.counter for pad in job.pads}))
    if job.real_time:
        found.append(sinks.RealTimePacer(job.pads[0].pad, sources[0]))
    if job.video is not None:
        from dsbench.embedded.app.osd import VideoFile

        config = job.detector.config if job.detector is not None else None
        drawn = [source for pad, source in zip(job.pads, sources, strict=True) if pad.pad == job.video.pad]
        period = drawn[0].frame_period if drawn else 1 / 30
        found.append(VideoFile(job.video, labels, config, period))
    return found
