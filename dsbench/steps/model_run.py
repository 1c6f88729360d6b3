"""One model's run: what was asked, where it lies, which runtime carries it, what its steps found so far."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from dsbench.base import jsonable
from dsbench.base.options import DEFAULT, Given, Value, above_zero, percent, share, text, whole
from dsbench.base.steps import RECORD_KEYS
from dsbench.machine import hardware
from dsbench.model.layout import ModelLayout
from dsbench.model.preflight import REAL_TIME_FPS, Request
from dsbench.model.settings import Settings
from dsbench.record import store
from dsbench.record.recorder import Recorder
from dsbench.runtimes.contract import Runtime
from dsbench.runtimes.select import Selected

T = TypeVar("T")

NO_MODEL_DIR = "No model directory provided. Usage: pytest --model-dir models/<model_name>"
KITTI_FRAMES = 100
MIN_DETECTION_RATE = 0.9
PERF_SECONDS = 60
PERF_INTERVAL = 2
PERF_PRECISION = 2.0


@dataclass(frozen=True)
class BenchmarkOptions:
    """Step 7's values. ``perf_seconds`` is the time of a whole run of the app, its start included; it may end earlier
    once its figures are known to ``perf_precision`` percent, never if that is 0."""

    perf_seconds: Value[int]
    perf_interval: Value[int]
    target_fps: Value[float]
    min_streams: Value[int | None]
    perf_precision: Value[float]


@dataclass(frozen=True)
class RunOptions:
    """The options of a session. Those that dsbench.toml may decide stay ``Given`` until a model is known."""

    model_dirs: tuple[str, ...]
    model_dirs_origin: str
    start: Path
    runtime: Value[str]
    video: Given
    kitti_frames: Given
    min_detection_rate: Given
    gpu_id: Value[int]
    prepare: Value[str]
    replace_results: Value[bool]
    perf_seconds: Given
    perf_interval: Given
    target_fps: Given
    min_streams: Given
    limits: Value[str]
    sweep: Value[bool]
    latency: Value[bool]
    perf_precision: Given

    def check(self) -> None:
        """Raise the USAGE error of any value that cannot be read, before a model directory is touched."""
        self.video.check(text)
        self.kitti_frames.check(whole(0))
        self.min_detection_rate.check(share)
        self.target_fps.check(above_zero)
        self.perf_precision.check(percent)
        for given in (self.perf_seconds, self.perf_interval, self.min_streams):
            given.check(whole(1))

    def benchmark(self, settings: Settings) -> BenchmarkOptions:
        """Step 7's values once dsbench.toml of a model is read."""
        no_minimum: int | None = None
        return BenchmarkOptions(
            perf_seconds=self.perf_seconds.resolve(whole(1), settings.perf_seconds, PERF_SECONDS),
            perf_interval=self.perf_interval.resolve(whole(1), settings.perf_interval, PERF_INTERVAL),
            target_fps=self.target_fps.resolve(above_zero, settings.target_fps, REAL_TIME_FPS),
            min_streams=self.min_streams.resolve(whole(1), settings.min_streams, no_minimum),
            perf_precision=self.perf_precision.resolve(percent, settings.perf_precision, PERF_PRECISION, DEFAULT),
        )

    def header(self, settings: Sequence[Settings] = ()) -> tuple[str, ...]:
        """The effective values and their origin, for pytest's header. ``settings``: dsbench.toml of each model, where
        it can be read; where models differ, all their values are shown."""
        every = list(settings) or [Settings()]
        kitti_frames = _all(self.kitti_frames.resolve(whole(0), one.kitti_frames, KITTI_FRAMES) for one in every)
        rate = _all(self.min_detection_rate.resolve(share, one.min_detection_rate, MIN_DETECTION_RATE) for one in every)
        video = _all(self.video.resolve(str, one.video, "DeepStream's sample_720p.mp4") for one in every)
        benchmarks = [self.benchmark(one) for one in every]
        return (
            f"dsbench: model-dir {', '.join(self.model_dirs)} ({self.model_dirs_origin})",
            f"dsbench: video {video}; kitti-frames {kitti_frames}; min-detection-rate {rate}; gpu-id {self.gpu_id}; "
            f"prepare {self.prepare}; replace-results {self.replace_results}",
            f"dsbench: perf-seconds {_all(one.perf_seconds for one in benchmarks)}; "
            f"perf-interval {_all(one.perf_interval for one in benchmarks)}; "
            f"perf-precision {_all(_plain(one.perf_precision) for one in benchmarks)}; "
            f"target-fps {_all(_plain(one.target_fps) for one in benchmarks)}; "
            f"min-streams {_all(Value(one.min_streams.value or 'none', one.min_streams.origin) for one in benchmarks)}",
            f"dsbench: limits {self.limits}; sweep {self.sweep}; latency {self.latency}",
        )


def _plain(value: Value[float]) -> Value[str]:
    """30 instead of 30.0."""
    return Value(f"{value.value:g}", value.origin)


def _all(values: Iterable[Value[T]]) -> str:
    """Each value once, in the order of the models."""
    return " | ".join(dict.fromkeys(map(str, values)))


@dataclass
class ModelRun:
    """Handed from step to step of one model; each step keeps its typed result here for those that need it."""

    layout: ModelLayout
    options: RunOptions
    selected: Selected
    scratch: Path
    """A temporary directory of this session."""
    announce: Callable[[str], None] = print
    """Tells the user what is going on while a step takes its time."""
    at_end: ExitStack = field(default_factory=ExitStack)
    """What is to be undone when this model's steps are over."""
    recorder: Recorder | None = None
    """Its record in this session."""
    entries: Mapping[str, Any] = field(default_factory=lambda: dict.fromkeys(RECORD_KEYS))
    """What the steps beyond the specification have for the record so far, in JSON's types."""
    _results: dict[type, object] = field(default_factory=dict)

    @property
    def runtime(self) -> Runtime:
        return self.selected.runtime

    def preflight_request(self) -> Request:
        """What this session decides about pre-flight."""
        return Request(
            runtime=self.runtime.name,
            video=self.options.video,
            start=self.options.start,
            replace_results=self.options.replace_results.value,
            target_fps=self.options.target_fps,
            recorded_runtime=store.recorded_runtime(self.layout.record),
            machine=hardware.engine_machine(self.runtime.name, self.options.gpu_id.value),
        )

    def keep(self, result: T) -> T:
        """Keep a step's result, one of each type."""
        self._results[type(result)] = result
        return result

    def record(self, key: str, entry: object) -> None:
        """Put a step's entry, a dataclass, into the record; None where the step has nothing to say."""
        assert key in RECORD_KEYS, f"{key} is not in RECORD_KEYS"
        self.entries = {**self.entries, key: jsonable.encode(entry)}

    def find(self, kind: type[T]) -> T | None:
        """The result of that type; None if no step has left one."""
        result = self._results.get(kind)
        return result if isinstance(result, kind) else None

    def get(self, kind: type[T]) -> T:
        """The result of that type; a step that has not run is a mistake in the steps' order."""
        result = self._results.get(kind)
        assert isinstance(result, kind), f"no step has left a {kind.__name__}"
        return result
