"""A worker process of dsbench-app: owns a share of the sources and does all the work on them.

Started as ``python -m dsbench.embedded.worker FD``; FD is its end of a socket pair to the app. A parser that
crashes takes this process down and nothing else. It never outlives the app.
"""

from __future__ import annotations

import math
import os
import signal
import sys
from multiprocessing.connection import Connection
from typing import TYPE_CHECKING

from dsbench.base import process
from dsbench.base.errors import Code, DsbenchError
from dsbench.embedded import bus, messages
from dsbench.embedded.jobs import Finished, Go, Loaded, PadJob, Playing, Report, RunFailed, StartFailed, WorkerJob
from dsbench.embedded.shared_state import SharedState

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dsbench.embedded.app.latency import LatencyLines
    from dsbench.embedded.bench.lanes import Count
    from dsbench.embedded.nvinfer.start import Log, StartedNvinfer
    from dsbench.embedded.pipeline import Sink
    from dsbench.embedded.video.decode import VideoSource
    from dsbench.embedded.video.frame import YuvFrame

_LANES_FED = 3  # lanes that one decoding thread can feed
_SOURCE_CODES = (Code.VIDEO_MISSING, Code.SOURCE_EMPTY, Code.SOURCE_UNSUPPORTED, Code.SOURCE_COLOR)


class _SourceError(Exception):
    """A source that cannot be opened, with the pad it belongs to."""

    def __init__(self, error: DsbenchError, pad: int) -> None:
        super().__init__(error, pad)
        self.error = error
        self.pad = pad


def main() -> int:
    """Serves one job. The exit status says nothing; the reports do."""
    descriptor, parent = int(sys.argv[1]), int(sys.argv[2])
    _die_with(parent)
    # Ctrl-C reaches every process of the terminal's group: the app decides what it means
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    connection: Connection[Report, WorkerJob | Go] = Connection(descriptor)
    try:
        job = connection.recv()
        assert isinstance(job, WorkerJob)
        connection.send(_serve(job, connection))
    except (EOFError, BrokenPipeError, ConnectionResetError):
        return 1
    return 0


def _die_with(parent: int) -> None:
    """SIGKILL for this process the moment the app dies, however it dies."""
    process.end_with_parent()
    if os.getppid() != parent:
        os._exit(1)


def _serve(job: WorkerJob, connection: Connection[Report, WorkerJob | Go]) -> Report:
    try:
        started = _start_nvinfer(job)
        if isinstance(started, StartFailed):
            return started
        missing = _missing_sources(job)
        if missing is not None:
            return missing
        if job.counted_only and started is not None:
            _choose_engine(job, started)
        return _run(_wait_for_go(job, started, connection), started, connection)
    except _SourceError as failure:
        return RunFailed(bus.source_failed(failure.error, failure.pad))
    except DsbenchError as error:
        return _failure(error)
    except Exception as error:
        if os.environ.get("DSBENCH_DEBUG"):
            raise
        return RunFailed((), f"internal error: {type(error).__name__}: {error} (DSBENCH_DEBUG=1 shows where)")


def _failure(error: DsbenchError) -> RunFailed:
    if error.code in _SOURCE_CODES:
        return RunFailed(bus.source_failed(error, 0))
    if error.code is Code.ONNX_RUN_FAILED:
        return RunFailed((bus.inference_failed(),), error.render())
    return RunFailed((), error.render())


def _start_nvinfer(job: WorkerJob) -> StartedNvinfer | StartFailed | None:
    if job.detector is None:
        return None
    from dsbench.embedded.nvinfer import start as nvinfer_start

    try:
        return nvinfer_start.start(job.detector, quiet=job.quiet)
    except nvinfer_start.NvinferStartError as error:
        failure = bus.context_not_created(job.detector.config.path, error.status)
        if not job.quiet:
            messages.element_error(1100, failure)
        return StartFailed((failure,))


def _missing_sources(job: WorkerJob) -> StartFailed | None:
    """What stops a pipeline before it is ready: no scheme in a URI, no file behind it."""
    from dsbench.embedded.video.decode import uri_path

    for pad in job.pads:
        if "://" not in pad.uri:
            return StartFailed((bus.invalid_uri(pad.uri, pad.pad),))
        try:
            path = uri_path(pad.uri)
        except DsbenchError:
            continue
        if not path.is_file():
            error = DsbenchError(Code.VIDEO_MISSING, f'No such file "{path}"', where=str(path))
            return StartFailed(bus.source_failed(error, pad.pad))
    return None


def _choose_engine(job: WorkerJob, started: StartedNvinfer) -> None:
    """The optional engine, where the user asks for it; a video that cannot be read is reported by the run."""
    from dsbench.embedded.bench import fast

    if not fast.wanted() or job.detector is None:
        return
    from itertools import islice

    from dsbench.embedded.video.decode import open_source

    try:
        source = open_source(job.pads[0].uri)
        frames = list(islice(source, fast.SAMPLE_FRAMES))
        source.close()
    except DsbenchError:
        frames = []
    fast.choose(started.detector, frames, job.lanes, _log(job))


def _wait_for_go(
    job: WorkerJob, started: StartedNvinfer | None, connection: Connection[Report, WorkerJob | Go]
) -> WorkerJob:
    """Reports that all is loaded; the job with the lanes that were found best, other sessions of the network gone."""
    if not job.counted_only or started is None:
        connection.send(Loaded())
        connection.recv()
        return job
    from dsbench.embedded.bench import lane_trial

    job, trial = lane_trial.prepare(job, started.detector, _log(job))
    connection.send(Loaded(trial.rates))
    go = connection.recv()
    assert isinstance(go, Go)
    return lane_trial.settle(job, started.detector, trial, go.way)


def _log(job: WorkerJob) -> Log:
    from dsbench.embedded.nvinfer import start as nvinfer_start

    uid = job.detector.config.gie_unique_id if job.detector is not None else None
    return nvinfer_start.Log(uid or 0, job.quiet)


def _run(job: WorkerJob, started: StartedNvinfer | None, connection: Connection[Report, WorkerJob | Go]) -> Report:
    state = SharedState(job.state_descriptor, job.state_pads)
    sources = [(pad, _open(pad, job, _frames_per_call(started))) for pad in job.pads]
    connection.send(Playing())
    try:
        _play(job, started, state, sources)
    finally:
        for _, source in sources:
            source.close()
    empty = [pad for pad, source in sources if source.index == 0]
    if empty and not state.stopped():
        error = DsbenchError(
            Code.SOURCE_UNSUPPORTED, "This file holds no frame that can be decoded", where=empty[0].uri
        )
        return RunFailed(bus.source_failed(error, empty[0].pad))
    if started is not None and started.detector.refused:
        return Finished(
            f"the parser returned false on {started.detector.refused} frames: deepstream-app crashes on this"
        )
    return Finished()


def _frames_per_call(started: StartedNvinfer | None) -> int:
    return started.detector.frames_per_call if started is not None else 1


def _latency(job: WorkerJob) -> LatencyLines | None:
    from dsbench.embedded.app import latency

    if not latency.wanted():
        return None
    if latency.COMPONENTS in os.environ and not job.quiet:
        messages.own(latency.COMPONENTS_IGNORED)
    return latency.LatencyLines(messages.out)


def _play(
    job: WorkerJob, started: StartedNvinfer | None, state: SharedState, sources: list[tuple[PadJob, VideoSource]]
) -> None:
    """All frames of the worker's sources, by the loop that fits what is wanted of them."""
    from dsbench.embedded.bench.lanes import Lanes, decoders
    from dsbench.embedded.pipeline import PadSource, Pipeline, Schedule
    from dsbench.formats.app.console import DECODED_AT_ONCE

    config = job.detector.config if job.detector is not None else None
    interval, dropped = (config.interval, config.stabilize_buffer_count) if config is not None else (0, 0)
    schedule = Schedule(job.batch_size, interval, job.lanes, dropped)
    latency = _latency(job)
    at_once = side_by_side(job, _frames_per_call(started))
    pads = [
        PadSource(pad.pad, latency.timed(pad.pad, one) if latency else one, one.another if at_once else None)
        for pad, one in sources
    ]
    detector = started.detector if started is not None else None
    if job.counted_only and _frames_per_call(started) == 1:
        if at_once and not job.quiet and (most := decoders(job.lanes, len(pads))) > 1:
            why = "there are more processors than streams (a camera has one decoder)"
            messages.own(f"up to {most} {DECODED_AT_ONCE}: {why}")
        try:
            Lanes(pads, detector, _counting(job, state, latency), schedule, state.stopped).run()
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


def _open(pad: PadJob, job: WorkerJob, frames_per_call: int) -> VideoSource:
    from dsbench.embedded.video.decode import Dropping, open_source

    threads = decoding_threads(job, frames_per_call)
    warn = messages.own if not job.quiet else None
    try:
        dropping = Dropping(pad.drop_frame_interval, pad.intra_decode)
        return open_source(pad.uri, file_loop=job.file_loop, threads=threads, warn=warn, dropping=dropping)
    except DsbenchError as error:
        raise _SourceError(error, pad.pad) from error


def side_by_side(job: WorkerJob, frames_per_call: int) -> bool:
    """Whether rounds of a clip may be decoded at once: nobody looks at the order of frames, none waits for others to go
    into one call of the network, and the clip repeats."""
    from dsbench.embedded.app import latency

    return job.counted_only and frames_per_call == 1 and job.file_loop and not latency.wanted()


def decoding_threads(job: WorkerJob, frames_per_call: int) -> int:
    """For each source. One is what measures fastest; more where so many lanes share a source that one cannot feed them.

    A network takes at least two to three times as long as decoding its frame; with nothing to infer all lanes decode.
    """
    if side_by_side(job, frames_per_call):
        return 1
    if job.detector is None:
        return job.lanes if len(job.pads) == 1 else 1
    if not job.counted_only:
        return 1
    return math.ceil(job.lanes / (_LANES_FED * len(job.pads)))


def _sinks(
    job: WorkerJob, started: StartedNvinfer | None, state: SharedState, sources: Sequence[VideoSource]
) -> list[Sink]:
    from dsbench.embedded.app import sinks

    found: list[Sink] = []
    labels = started.labels if started is not None else ()
    if job.kitti_dir is not None and started is not None:
        from dsbench.embedded.app.kitti_sink import KittiSink

        found.append(sinks.KittiOutput(KittiSink(job.kitti_dir, job.instance, labels)))
    if job.tensor_dir is not None:
        found.append(sinks.TensorDump(job.tensor_dir, job.instance))
    found.append(sinks.Counters(state, {pad.pad: pad.counter for pad in job.pads}))
    if job.real_time:
        found.append(sinks.RealTime(job.pads[0].pad, sources[0]))
    if job.video is not None:
        from dsbench.embedded.app.osd import VideoFile

        config = job.detector.config if job.detector is not None else None
        drawn = [source for pad, source in zip(job.pads, sources, strict=True) if pad.pad == job.video.pad]
        period = drawn[0].frame_period if drawn else 1 / 30
        found.append(VideoFile(job.video, labels, config, period))
    return found
