"""Autotuning: measures the thread configurations on the network itself, before a run that only counts frames.

Every candidate gets an ONNX Runtime session of its own. The candidates take turns in short slices, so that other load
on the machine affects all of them.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from dsbench.base.errors import DsbenchError
from dsbench.embedded.bench import thread_config
from dsbench.embedded.bench.thread_config import Rate, ThreadConfig
from dsbench.embedded.nvinfer.infer import Call, FloatTensor, OnnxModel

if TYPE_CHECKING:
    from dsbench.embedded.nvinfer.detector import Detector, DetectorLog
    from dsbench.embedded.protocol import PadJob, WorkerJob

Clock = Callable[[], float]
_SAMPLE_FRAMES = 8
_SAMPLE_S = 0.1


@dataclass(frozen=True, slots=True)
class Limits:
    """Seconds. ``slices_s`` is the time for all slices: ``rounds`` of each candidate, fewer if a call outlasts a slice.

    ``cap_s`` is the time for the whole trial, loading included. If it does not suffice for one slice of each candidate,
    nothing is measured.
    """

    slices_s: float = 0.3
    cap_s: float = 1.5
    rounds: int = 3


@dataclass(frozen=True, slots=True)
class ConfigCandidate:
    """A thread configuration and the network in a session for it."""

    config: ThreadConfig
    model: OnnxModel


@dataclass(frozen=True, slots=True)
class ConfigTrial:
    """``rates`` in the order of ``candidates``, the default first; both are empty if only the default is possible."""

    candidates: tuple[ConfigCandidate, ...] = ()
    rates: tuple[Rate, ...] = ()


@dataclass(frozen=True, slots=True)
class Sample:
    """``feed``: a frame as network input; ``other_work_s``: seconds of decoding and scaling per call of the network."""

    feed: FloatTensor
    other_work_s: float


def prepare(job: WorkerJob, detector: Detector, log: DetectorLog) -> tuple[WorkerJob, ConfigTrial]:
    """Apply what ``DSBENCH_LANES`` selects; otherwise run a trial, from which the app chooses.

    Raises DsbenchError if the network cannot be loaded again for the selected configuration.
    """
    unknown = thread_config.unknown_value()
    if unknown:
        log.own(unknown)
    asked, default = thread_config.asked(), default_config(job)
    if asked == thread_config.PARALLEL or default.lanes == 1:
        return job, ConfigTrial()
    if detector.engine is not detector.model:
        if asked == thread_config.INTRA:
            why = "it is ONNX Runtime's threads, the fast engine has its own"
            log.own(f"{thread_config.VARIABLE}={asked} is ignored: {why}")
        return job, ConfigTrial()
    if asked == thread_config.INTRA:
        config = thread_config.intra(default)
        log.own(f"the network runs in {config}, as {thread_config.VARIABLE}={asked} asks for")
        return apply(
            job, detector, ConfigCandidate(config, OnnxModel(detector.model.path, config.threads))
        ), ConfigTrial()
    if detector.frames_per_call != 1:
        return job, ConfigTrial()
    return job, _tried(job, detector, default)


def settle(job: WorkerJob, detector: Detector, trial: ConfigTrial, config: ThreadConfig | None) -> WorkerJob:
    """``job`` with the configuration that the app has chosen; None is the default."""
    for candidate in trial.candidates[1:]:
        if candidate.config == config:
            return apply(job, detector, candidate)
    return job


def apply(job: WorkerJob, detector: Detector, candidate: ConfigCandidate) -> WorkerJob:
    """Give the candidate's session to ``detector``; returns ``job`` with the candidate's number of lanes."""
    detector.take(candidate.model)
    return replace(job, lanes=candidate.config.lanes)


def default_config(job: WorkerJob) -> ThreadConfig:
    """The configuration that ``job`` starts with."""
    return ThreadConfig(job.lanes, job.detector.threads if job.detector is not None else 1)


def _tried(job: WorkerJob, detector: Detector, default: ThreadConfig) -> ConfigTrial:
    """The trial; empty if anything fails, since the run meets the same failure and reports it."""
    begun = time.perf_counter()
    try:
        sample = _sample(job.pads[0], detector)
        if sample is None:
            return ConfigTrial()
        spent = time.perf_counter() - begun
        limits = Limits(cap_s=Limits().cap_s - spent)
        return measure(ConfigCandidate(default, detector.model), sample, limits)
    except DsbenchError:
        return ConfigTrial()


def _sample(pad: PadJob, detector: Detector) -> Sample | None:
    """A real frame, and the cost of decoding and scaling on one thread; None for a video without frames."""
    from dsbench.embedded.video.decode import Dropping, open_source

    source = open_source(pad.uri, file_loop=True, dropping=Dropping(intra_decode=pad.intra_decode))
    try:
        frame = next(source, None)  # the first frame includes the cost of starting
        if frame is None:
            return None
        begun, count, took = time.perf_counter(), 0, 0.0
        while count < _SAMPLE_FRAMES and took < _SAMPLE_S:
            frame = next(source, frame)
            count += 1
            took = time.perf_counter() - begun
        decode_s = took / count
    finally:
        source.close()
    feed = np.zeros((1, *detector.input_shape), np.float32)
    detector.place(frame, feed[0])  # the first call builds tables and buffers
    begun = time.perf_counter()
    detector.place(frame, feed[0])
    scale_s = time.perf_counter() - begun
    return Sample(feed, detector.frames_per_inferred * max(1, pad.drop_frame_interval) * decode_s + scale_s)


class _CandidateCalls:
    """The calls of a candidate's lanes, each with its own input and outputs. The constructor runs each call once."""

    def __init__(self, candidate: ConfigCandidate, feed: FloatTensor, pool: ThreadPoolExecutor, clock: Clock) -> None:
        self.config = candidate.config
        self._pool = pool
        self._clock = clock
        begun = clock()
        copies = [feed.copy() for _ in range(self.config.lanes)]
        self._calls: list[Call] = list(pool.map(candidate.model.bind, copies))
        self.call_s = clock() - begun
        """Seconds of one concurrent call in every lane, the first of its session."""

    def calls_per_second(self, seconds: float) -> float:
        """Calls per second of all lanes together, measured for ``seconds`` and for at least one call per lane."""

        together = threading.Barrier(len(self._calls))

        def work(call: Call) -> float:
            together.wait()
            begun, count = self._clock(), 0
            while True:
                call.run()
                count += 1
                took = self._clock() - begun
                if took >= seconds:
                    return count / took

        return sum(self._pool.map(work, self._calls))


def measure(
    default: ConfigCandidate,
    sample: Sample,
    limits: Limits = Limits(),
    load: Callable[[Path, int], OnnxModel] = OnnxModel,
    clock: Clock = time.perf_counter,
) -> ConfigTrial:
    """Frames per second of every candidate. ``load(path, threads)`` makes a session of the network.

    The result is empty if ``limits`` do not suffice; at least one call is needed to find that out. Raises the
    DsbenchErrors of loading and running the network.
    """
    begun = clock()
    tried = [default]
    configs = thread_config.candidates(default.config)
    with ThreadPoolExecutor(default.config.lanes) as pool:
        calls = [_CandidateCalls(default, sample.feed, pool, clock)]
        for number, config in enumerate(configs[1:], start=1):
            if clock() - begun + _minimum_s(default, calls, len(configs) - number) > limits.cap_s:
                return ConfigTrial()
            tried.append(ConfigCandidate(config, load(default.model.path, config.threads)))
            calls.append(_CandidateCalls(tried[-1], sample.feed, pool, clock))
        if clock() - begun + _minimum_s(default, calls, 0) > limits.cap_s:
            return ConfigTrial()
        rounds = _rounds(calls, limits, begun + limits.cap_s, clock)
    rates = (
        Rate(config, tuple(thread_config.frames_per_second(config, each, sample.other_work_s) for each in found))
        for config, found in zip(configs, rounds, strict=True)
    )
    return ConfigTrial(tuple(tried), tuple(rates))


def _minimum_s(default: ConfigCandidate, calls: Sequence[_CandidateCalls], missing: int) -> float:
    """Minimum seconds for the rest: load ``missing`` sessions, call each once, then one call of each candidate."""
    return missing * (default.model.load_s + 2 * calls[-1].call_s) + sum(each.call_s for each in calls)


def _rounds(calls: Sequence[_CandidateCalls], limits: Limits, deadline: float, clock: Clock) -> list[list[float]]:
    """Calls per second of each candidate in each round. Every second round runs in reverse order."""
    seconds = limits.slices_s / (limits.rounds * len(calls))
    found: list[list[float]] = [[] for _ in calls]
    begun = now = clock()
    took = 0.0
    for number in range(limits.rounds):
        if number and (now - begun >= limits.slices_s or now + took > deadline):
            break
        for at in range(len(calls)) if number % 2 == 0 else reversed(range(len(calls))):
            found[at].append(calls[at].calls_per_second(seconds))
        took, now = clock() - now, clock()
    return found
