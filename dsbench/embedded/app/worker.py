"""A worker process of dsbench-app: decodes and infers some of the sources.

Started as ``python -m dsbench.embedded.worker FD PID``; FD is its end of a socket pair to the app, PID the app. If a
parser crashes, only this process ends. It never outlives the app.
"""

from __future__ import annotations

import os
import signal
import sys
from multiprocessing.connection import Connection
from typing import TYPE_CHECKING

from dsbench.base import process
from dsbench.base.errors import Code, DsbenchError
from dsbench.embedded import messages
from dsbench.embedded.app import bus
from dsbench.embedded.app.play import decoding_threads, play
from dsbench.embedded.app.shared_state import SharedState
from dsbench.embedded.protocol import (
    Go,
    Loaded,
    PadJob,
    Playing,
    Report,
    RunFailed,
    RunFinished,
    StartFailed,
    WorkerJob,
)

if TYPE_CHECKING:
    from dsbench.embedded.nvinfer.start import StartedNvinfer
    from dsbench.embedded.nvinfer.start_errors import Log
    from dsbench.embedded.video.decode import VideoSource

_SOURCE_CODES = (Code.VIDEO_MISSING, Code.VIDEO_UNREADABLE, Code.SOURCE_UNSUPPORTED, Code.SOURCE_COLOR)


class _SourceError(Exception):
    """A source that cannot be opened, and its pad."""

    def __init__(self, error: DsbenchError, pad: int) -> None:
        super().__init__(error, pad)
        self.error = error
        self.pad = pad


def main() -> int:
    """Serve one job. The reports carry the result; the exit status does not."""
    descriptor, parent = int(sys.argv[1]), int(sys.argv[2])
    _die_with(parent)
    # Ctrl-C reaches every process of the terminal's group: the app handles it
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
    """Get SIGKILL as soon as the app ends, for whatever reason."""
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
    from dsbench.embedded.nvinfer.start_errors import NvinferStartError

    try:
        return nvinfer_start.start(job.detector, quiet=job.quiet)
    except NvinferStartError as error:
        failure = bus.context_not_created(job.detector.config.path, error.status)
        if not job.quiet:
            messages.element_error(1100, failure)
        return StartFailed((failure,))


def _missing_sources(job: WorkerJob) -> StartFailed | None:
    """The failure of a pipeline whose URI has no scheme or no file; None if all sources are there."""
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
    """Choose the optional engine if the user requests it. A video that cannot be read is reported by the run."""
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
    """Report Loaded and wait for Go. Returns the job with the chosen number of lanes; other sessions are freed."""
    if not job.counted_only or started is None:
        connection.send(Loaded())
        connection.recv()
        return job
    from dsbench.embedded.bench import autotune

    job, trial = autotune.prepare(job, started.detector, _log(job))
    connection.send(Loaded(trial.rates))
    go = connection.recv()
    assert isinstance(go, Go)
    return autotune.settle(job, started.detector, trial, go.thread_config)


def _log(job: WorkerJob) -> Log:
    from dsbench.embedded.nvinfer.start_errors import Log

    uid = job.detector.config.gie_unique_id if job.detector is not None else None
    return Log(uid or 0, job.quiet)


def _run(job: WorkerJob, started: StartedNvinfer | None, connection: Connection[Report, WorkerJob | Go]) -> Report:
    state = SharedState(job.state_descriptor, job.state_pads)
    frames_per_call = started.detector.frames_per_call if started is not None else 1
    sources = [(pad, _open(pad, job, frames_per_call)) for pad in job.pads]
    connection.send(Playing())
    try:
        play(job, started, state, sources)
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
        return RunFinished(
            f"the parser returned false on {started.detector.refused} frames: deepstream-app crashes on this"
        )
    return RunFinished()


def _open(pad: PadJob, job: WorkerJob, frames_per_call: int) -> VideoSource:
    from dsbench.embedded.video.decode import Dropping, open_source

    threads = decoding_threads(job, frames_per_call)
    warn = messages.own if not job.quiet else None
    try:
        dropping = Dropping(pad.drop_frame_interval, pad.intra_decode)
        return open_source(pad.uri, file_loop=job.file_loop, threads=threads, warn=warn, dropping=dropping)
    except DsbenchError as error:
        raise _SourceError(error, pad.pad) from error
