"""Times the ways of ``calibration`` on the network itself, for a moment before a run that only counts frames.

Every way gets a session of its own. They take turns in short slices, so that whatever else the machine does hits
all of them.
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
from dsbench.embedded.bench import calibration
from dsbench.embedded.bench.calibration import Rate, Way
from dsbench.embedded.nvinfer.infer import Call, FloatTensor, OnnxModel

if TYPE_CHECKING:
    from dsbench.embedded.jobs import PadJob, WorkerJob
    from dsbench.embedded.nvinfer.detector import Detector, DetectorLog

Clock = Callable[[], float]
_SAMPLE_FRAMES = 8
_SAMPLE_S = 0.1


@dataclass(frozen=True, slots=True)
class Limits:
    """Seconds. ``slices_s``: for all slices together, ``rounds`` of each way, fewer where one call outlasts a slice.

    ``cap_s``: for everything, loading included; where one slice of each way would pass it, nothing is measured.
    """

    slices_s: float = 0.3
    cap_s: float = 1.5
    rounds: int = 3


@dataclass(frozen=True, slots=True)
class Contender:
    """A way and the network in a session for it."""

    way: Way
    model: OnnxModel


@dataclass(frozen=True, slots=True)
class Trial:
    """``rates`` in the order of ``contenders``, the plan first; both empty where the plan is all there is."""

    contenders: tuple[Contender, ...] = ()
    rates: tuple[Rate, ...] = ()


@dataclass(frozen=True, slots=True)
class Sample:
    """``feed``: a frame as the network gets it; ``beside_s``: seconds of other work for each of the network's calls."""

    feed: FloatTensor
    beside_s: float


def prepare(job: WorkerJob, detector: Detector, log: DetectorLog) -> tuple[WorkerJob, Trial]:
    """What ``DSBENCH_LANES`` asks for is done at once; otherwise a trial, for the app to choose by.

    Raises DsbenchError where the network cannot be loaded again for what is asked for.
    """
    unknown = calibration.unknown_value()
    if unknown:
        log.own(unknown)
    asked, plan = calibration.asked(), planned(job)
    if asked == calibration.PARALLEL or plan.lanes == 1:
        return job, Trial()
    if detector.engine is not detector.model:
        if asked == calibration.INTRA:
            log.own(
                f"{calibration.VARIABLE}={asked} is ignored: it is ONNX Runtime's threads, the fast engine has its own"
            )
        return job, Trial()
    if asked == calibration.INTRA:
        way = calibration.intra(plan)
        log.own(f"the network runs in {way}, as {calibration.VARIABLE}={asked} asks for")
        return take(job, detector, Contender(way, OnnxModel(detector.model.path, way.threads))), Trial()
    if detector.frames_per_call != 1:
        return job, Trial()
    return job, _tried(job, detector, plan)


def settle(job: WorkerJob, detector: Detector, trial: Trial, way: Way | None) -> WorkerJob:
    """``job`` with the way that the app has chosen; None is the plan."""
    for contender in trial.contenders[1:]:
        if contender.way == way:
            return take(job, detector, contender)
    return job


def take(job: WorkerJob, detector: Detector, contender: Contender) -> WorkerJob:
    """``detector`` runs the contender's session, ``job`` its lanes."""
    detector.take(contender.model)
    return replace(job, lanes=contender.way.lanes)


def planned(job: WorkerJob) -> Way:
    """The way that ``job`` comes with."""
    return Way(job.lanes, job.detector.threads if job.detector is not None else 1)


def _tried(job: WorkerJob, detector: Detector, plan: Way) -> Trial:
    """Empty where anything fails: the run meets the same failure and says it in its own place."""
    begun = time.perf_counter()
    try:
        sample = _sample(job.pads[0], detector)
        if sample is None:
            return Trial()
        spent = time.perf_counter() - begun
        limits = Limits(cap_s=Limits().cap_s - spent)
        return measure(Contender(plan, detector.model), sample, limits)
    except DsbenchError:
        return Trial()


def _sample(pad: PadJob, detector: Detector) -> Sample | None:
    """A real frame, and what decoding and scaling cost on one thread; None for a video without frames."""
    from dsbench.embedded.video.decode import Dropping, open_source

    source = open_source(pad.uri, file_loop=True, dropping=Dropping(intra_decode=pad.intra_decode))
    try:
        frame = next(source, None)  # with what starting costs
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
    detector.place(frame, feed[0])  # once for tables and buffers
    begun = time.perf_counter()
    detector.place(frame, feed[0])
    scale_s = time.perf_counter() - begun
    return Sample(feed, detector.frames_per_inferred * max(1, pad.drop_frame_interval) * decode_s + scale_s)


class _Lanes:
    """A contender's lanes, each with input and outputs of its own. Making them calls the network once in each."""

    def __init__(self, contender: Contender, feed: FloatTensor, pool: ThreadPoolExecutor, clock: Clock) -> None:
        self.way = contender.way
        self._pool = pool
        self._clock = clock
        begun = clock()
        copies = [feed.copy() for _ in range(self.way.lanes)]
        self._calls: list[Call] = list(pool.map(contender.model.bind, copies))
        self.call_s = clock() - begun
        """Seconds of one call in every lane at once, the first of its session."""

    def calls_per_second(self, seconds: float) -> float:
        """Of all lanes, which run for ``seconds`` and for one call at least."""

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
    plan: Contender,
    sample: Sample,
    limits: Limits = Limits(),
    load: Callable[[Path, int], OnnxModel] = OnnxModel,
    clock: Clock = time.perf_counter,
) -> Trial:
    """Frames a second of every way. ``load`` makes a session of the plan's network with so many threads.

    An empty Trial where ``limits`` do not suffice, which takes at least one call to find out. Raises DsbenchErrors
    of loading and running the network.
    """
    begun = clock()
    contenders = [plan]
    ways = calibration.ways(plan.way)
    with ThreadPoolExecutor(plan.way.lanes) as pool:
        lanes = [_Lanes(plan, sample.feed, pool, clock)]
        for number, way in enumerate(ways[1:], start=1):
            if clock() - begun + _least(plan, lanes, len(ways) - number) > limits.cap_s:
                return Trial()
            contenders.append(Contender(way, load(plan.model.path, way.threads)))
            lanes.append(_Lanes(contenders[-1], sample.feed, pool, clock))
        if clock() - begun + _least(plan, lanes, 0) > limits.cap_s:
            return Trial()
        rounds = _rounds(lanes, limits, begun + limits.cap_s, clock)
    rates = (
        Rate(way, tuple(calibration.frames_per_second(way, each, sample.beside_s) for each in calls))
        for way, calls in zip(ways, rounds, strict=True)
    )
    return Trial(tuple(contenders), tuple(rates))


def _least(plan: Contender, lanes: Sequence[_Lanes], missing: int) -> float:
    """Seconds that are still needed: to load ``missing`` sessions and call each once, and a call of every way."""
    return missing * (plan.model.load_s + 2 * lanes[-1].call_s) + sum(each.call_s for each in lanes)


def _rounds(lanes: Sequence[_Lanes], limits: Limits, deadline: float, clock: Clock) -> list[list[float]]:
    """Calls a second of each in every round; every second round goes backwards."""
    seconds = limits.slices_s / (limits.rounds * len(lanes))
    found: list[list[float]] = [[] for _ in lanes]
    begun = now = clock()
    took = 0.0
    for number in range(limits.rounds):
        if number and (now - begun >= limits.slices_s or now + took > deadline):
            break
        for at in range(len(lanes)) if number % 2 == 0 else reversed(range(len(lanes))):
            found[at].append(lanes[at].calls_per_second(seconds))
        took, now = clock() - now, clock()
    return found
