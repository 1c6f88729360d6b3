"""The run record: Step 8's figures, and how they were obtained. A missing number is None."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from dsbench.base.steps import STEPS
from dsbench.formats.telemetry import Series
from dsbench.judge.run.measurement import Measurement
from dsbench.record.evidence import Evidence
from dsbench.record.handover import Handover
from dsbench.record.raw import FactRecord, FileRecord, MachineRecord, RawData

SCHEMA_VERSION = 3
"""Version 1 had no facts, files, machine, timing, raw data and digests, version 2 no totals; both are read, and what
they lack is absent."""
FIRST_WITH_RAW_DATA = 2
OLDEST_READ = 1
INCONCLUSIVE = "inconclusive"
"""Outcome of a step that ran to its end and could not decide what it asks; verdict of a run with such a step."""


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
    """Step 8's figures."""

    engine: str | None = None
    max_bs: int | None = None
    bs1: TrtexecFigures = TrtexecFigures()
    bsmax: TrtexecFigures = TrtexecFigures()
    peak_gpu_streams: int | None = None
    run1: StreamFigures = StreamFigures()
    run2: StreamFigures = StreamFigures()
    """Run 2, or its retry if there was one."""
    run2_first: StreamFigures | None = None
    """The first attempt of run 2 if there was a retry."""
    target_fps: float | None = None
    real_time: bool | None = None
    """Whether stream 0 of ``run2`` kept up, as specified."""
    confirmed_streams: int | None = None
    """Real-time streams by stream 0, as specified; 0: none."""
    every_stream: str | None = None
    """Whether every stream of ``run2`` kept up: YES, NO or UNSURE."""

    @property
    def measured(self) -> bool:
        """True if run 1 has a figure."""
        return self.run1.total_fps is not None


def outcome_of(evidence: Evidence, reported: str) -> str:
    """The outcome of a step by its evidence and by pytest: a failure stays one, whatever is undecided."""
    return INCONCLUSIVE if evidence.undecided and reported != "failed" else reported


@dataclass(frozen=True)
class StepRecord:
    """One step: its evidence (pictures and texts by title only), its outcome, seconds."""

    evidence: Evidence
    outcome: str
    """passed, failed, skipped or inconclusive."""
    seconds: float


@dataclass(frozen=True)
class OptionRecord:
    """The effective value of an option and the level that it comes from."""

    name: str
    value: str | int | float | bool | None
    origin: str


@dataclass(frozen=True)
class VideoRecord:
    """The video of the run."""

    path: str
    origin: str
    width: int
    height: int
    fps: float
    frames: int | None
    codec: str


@dataclass(frozen=True)
class RunTelemetry:
    """Telemetry sampled during one run of the app."""

    name: str
    streams: int
    window: tuple[float, float] | None
    """Begin and end of what the run's figures cover, in the series' seconds; None if it has no figures."""
    series: Series


@dataclass(frozen=True)
class RunMeasurement:
    """The measurement over all streams of one run of the app."""

    name: str
    measurement: Measurement


@dataclass(frozen=True)
class Record:
    """One run on one model directory. Times are ISO 8601 in UTC."""

    model_name: str
    model_dir: str
    runtime: str
    runtime_label: str
    dsbench_version: str
    session: str
    """Identifies the run."""
    started: str
    updated: str
    ended: str | None = None
    """None while the run goes on, and if it was killed."""
    interrupted_in: str = ""
    """The step that Ctrl-C ended."""
    figures: Figures = Figures()
    video: VideoRecord | None = None
    options: tuple[OptionRecord, ...] = ()
    environment: tuple[tuple[str, str], ...] = ()
    steps: tuple[StepRecord, ...] = field(default=())
    telemetry: tuple[RunTelemetry, ...] = ()
    """Absent in records of older versions."""
    beyond: Mapping[str, Any] = field(default_factory=dict)
    """One entry for each of ``RECORD_KEYS``: a step's dataclass in JSON's types (``jsonable.encode``), None if the step
    did not run or has no result."""
    measurements: tuple[RunMeasurement, ...] = ()
    """Absent in records of older versions."""
    handover: Handover = field(default_factory=Handover)
    """What Step 8 reports besides the figures. Absent in records of older versions."""
    facts: tuple[FactRecord, ...] = ()
    files: tuple[FileRecord, ...] = ()
    machine: MachineRecord | None = None
    raw: RawData = field(default_factory=RawData)
    schema_version: int = SCHEMA_VERSION
    """Of the file that was read; what is written is always ``SCHEMA_VERSION``."""

    def file(self, role: str) -> FileRecord | None:
        """The first file of a role."""
        return next((file for file in self.files if file.role == role), None)

    def fact(self, name: str) -> FactRecord | None:
        """The fact of that name."""
        return next((fact for fact in self.facts if fact.name == name), None)

    def entry(self, key: str) -> Mapping[str, Any] | None:
        """A step's entry of ``beyond``; None if the step did not run or has no result."""
        found = self.beyond.get(key)
        return found if isinstance(found, Mapping) else None

    @property
    def outcomes(self) -> Mapping[str, str]:
        """Outcome by step; a step that did not run is absent."""
        return {step.evidence.step: step.outcome for step in self.steps}

    @property
    def only_preflight(self) -> bool:
        """True if pre-flight stopped the run: the record says nothing of the model."""
        ran = {step.evidence.step: step.outcome for step in self.steps if step.outcome != "skipped"}
        return ran.get("preflight") == "failed" and ran.keys() <= {"preflight", "report"}

    @property
    def verdict(self) -> str:
        """``failed`` if a step failed, ``passed`` if every step passed, ``inconclusive`` if some did not and are
        that, else ``incomplete``.

        A run is incomplete if steps were left out, while it goes on, and if it was interrupted or killed. The step
        ``report`` reads the record and does not count.
        """
        outcomes = self.outcomes
        if "failed" in outcomes.values():
            return "failed"
        mine = [outcomes.get(step.name) for step in STEPS if step.name != "report"]
        if self.interrupted_in or not all(outcome in ("passed", INCONCLUSIVE) for outcome in mine):
            return "incomplete"
        return INCONCLUSIVE if INCONCLUSIVE in mine else "passed"


@dataclass(frozen=True)
class ModelVerdict:
    """The verdict of one model. Colours: passed (green), failed (red), amber (in doubt or not known)."""

    color: str
    import_answer: str
    import_color: str
    streams_answer: str
    streams_color: str
    runtime: str
    streams: int | None = None
    """Real-time streams that the answer confirms; 0: none; None: not known or not measured."""


@dataclass(frozen=True)
class RecordState:
    """What the report and the exit status need of a record."""

    figures: Figures
    trouble: str
    """Why it could not be written; empty if it was."""
    path: str
    """Empty if this run writes no record."""
    verdict: ModelVerdict | None = None
    """Absent in states of older versions."""
    kept: str = ""
    """Path of the earlier run's record, which this run's has replaced; empty without one."""
