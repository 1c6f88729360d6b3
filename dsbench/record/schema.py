"""The run record: Step 8's figures, and everything that says how they came about. A missing number is None."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from dsbench.base.steps import STEPS
from dsbench.formats.telemetry import Series
from dsbench.judge.run.measurement import Measurement
from dsbench.record.evidence import Evidence

SCHEMA = 1


@dataclass(frozen=True)
class TrtexecFigures:
    """One trtexec log. Times in milliseconds; ``imgs_per_sec`` is qps x batch, rounded to two decimals."""

    qps: float | None = None
    gpu_mean_ms: float | None = None
    p99_ms: float | None = None
    imgs_per_sec: float | None = None


@dataclass(frozen=True)
class StreamFigures:
    """One run of the app."""

    streams: int | None = None
    total_fps: float | None = None
    fps_per_stream: float | None = None
    efficiency: float | None = None
    """Percent of trtexec's images per second."""


@dataclass(frozen=True)
class Figures:
    """Step 8's numbers. ``run2`` is the retry where there was one; ``run2_first`` is then the first attempt.

    ``real_time`` says whether ``run2`` kept up, ``confirmed_streams`` how many streams that confirms (0: none): both by
    stream 0, as specified. ``every_stream`` is what all its streams say: YES, NO or UNSURE.
    """

    engine: str | None = None
    max_bs: int | None = None
    bs1: TrtexecFigures = TrtexecFigures()
    bsmax: TrtexecFigures = TrtexecFigures()
    peak_gpu_streams: int | None = None
    run1: StreamFigures = StreamFigures()
    run2: StreamFigures = StreamFigures()
    run2_first: StreamFigures | None = None
    target_fps: float | None = None
    real_time: bool | None = None
    confirmed_streams: int | None = None
    every_stream: str | None = None

    @property
    def measured(self) -> bool:
        """Whether a run of the app has given a number."""
        return self.run1.total_fps is not None


@dataclass(frozen=True)
class StepRecord:
    """One step: its evidence (pictures and texts by title only), pytest's outcome, seconds."""

    evidence: Evidence
    outcome: str
    seconds: float


@dataclass(frozen=True)
class OptionRecord:
    """An effective option and the level that decided it."""

    name: str
    value: str | int | float | bool | None
    origin: str


@dataclass(frozen=True)
class VideoRecord:
    """What the run looked at."""

    path: str
    origin: str
    width: int
    height: int
    fps: float
    frames: int | None
    codec: str


@dataclass(frozen=True)
class RunTelemetry:
    """What was sampled beside one run of the app. ``window``: from and to, in the series' seconds, what its figures are
    of; None where the run gave none."""

    name: str
    streams: int
    window: tuple[float, float] | None
    series: Series


@dataclass(frozen=True)
class RunMeasurement:
    """What one run of the app says of all its streams, and whether it can be trusted."""

    name: str
    measurement: Measurement


@dataclass(frozen=True)
class Record:
    """One run on one model directory. Times are ISO 8601 in UTC; ``ended`` is None while the run goes on, and stays so
    if it is killed. ``session`` tells runs apart; ``interrupted_in`` names the step that Ctrl-C ended."""

    model_name: str
    model_dir: str
    runtime: str
    runtime_label: str
    dsbench_version: str
    session: str
    started: str
    updated: str
    ended: str | None = None
    interrupted_in: str = ""
    figures: Figures = Figures()
    video: VideoRecord | None = None
    options: tuple[OptionRecord, ...] = ()
    environment: tuple[tuple[str, str], ...] = ()
    steps: tuple[StepRecord, ...] = field(default=())
    telemetry: tuple[RunTelemetry, ...] = ()
    """Absent from records of before it was sampled."""
    beyond: Mapping[str, Any] = field(default_factory=dict)
    """One entry for each step beyond the specification, under the step's own key: the step's dataclass in JSON's types
    (``jsonable.encode``), None where the step did not run or has nothing to say."""
    measurements: tuple[RunMeasurement, ...] = ()
    """Absent from records of before there were any."""

    @property
    def verdict(self) -> str:
        """``failed`` if a step failed, ``passed`` if every step did, else ``incomplete``: a part of the steps, a run
        that goes on, was interrupted or killed. Step 8's own step comes after what it reads and is not waited for."""
        outcomes = {step.evidence.step: step.outcome for step in self.steps}
        if "failed" in outcomes.values():
            return "failed"
        whole = all(outcomes.get(step.name) == "passed" for step in STEPS if step.name != "report")
        return "passed" if whole and not self.interrupted_in else "incomplete"


@dataclass(frozen=True)
class RecordState:
    """What a report needs of a record: its figures so far, why it is not on disk (or ""), where it is ("": nowhere)."""

    figures: Figures
    trouble: str
    path: str
