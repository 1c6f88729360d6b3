"""What the figures and verdicts of a record follow from: counts, windows and scores as they were measured.

``dsbench verify`` computes the rest of the record from these blocks again.
"""

from __future__ import annotations

import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from dsbench.formats.perf.windows import Windows
from dsbench.judge.accuracy.average_precision import Precision
from dsbench.judge.accuracy.errors_of_run import RunErrors
from dsbench.judge.bottleneck import BottleneckEvidence
from dsbench.judge.imports.match_tally import MatchTally
from dsbench.judge.regression import ComparableRun
from dsbench.judge.stream_parity import Parity


@dataclass(frozen=True)
class FileRecord:
    """A file that the run used or made."""

    role: str
    """``onnx``, ``engine``, ``labels``, ``parser_library``, ``video`` and so on; several files may have one role."""
    path: str
    """Relative to the model directory, absolute outside it."""
    bytes: int
    sha256: str


@dataclass(frozen=True)
class FactRecord:
    """A fact about the model or its config, and where it comes from."""

    name: str
    value: str | int | float | bool | None
    origin: str


@dataclass(frozen=True)
class MachineRecord:
    """The machine of the run. Absent parts are empty or None."""

    machine_class: str
    """Runs of the same class can be compared: GPU and memory on DeepStream, processor and usable cores on a CPU."""
    cpu: str
    cores: int
    """Those that the run may use."""
    cores_of_machine: int
    memory_mib: int | None
    cgroup_cpus: float | None
    """Processors that the control group allows; None without a limit."""
    cgroup_memory_mib: int | None
    gpu: str
    gpu_memory_mib: int | None
    driver: str
    cuda: str
    tensorrt: str
    deepstream: str
    gpu_uuid: str = ""
    """That of the MIG slice if the run used one."""
    gpu_pci: str = ""


TOO_MANY = ", too many streams"


@dataclass(frozen=True)
class AppRun:
    """One benchmark run of the app. Times are seconds since the app's start unless another meaning is given."""

    name: str
    """``Run 1``, ``Run 2``, ``Retry``, ``Decision``, ``Decode only``, ``Sweep``, ``Sweep, repeat``, ``Latency``; with
    ``TOO_MANY`` behind it a run that did not come up and was made again with half of the streams."""
    streams: int
    command: tuple[str, ...]
    log: str
    """Path of the console's log, relative to the model directory."""
    took_s: float
    """Wall time of the run, the app's start and end included."""
    lasted_s: float
    """How long PERF rows were due."""
    ended_early_s: float | None
    """When the run was ended because its figures were known well enough; None if it took its whole time."""
    stopped: bool
    """dsbench ended the app. False: it ended by itself, and the run is no measurement."""
    confirms: bool
    """The run was to say whether its streams keep up."""
    cores: int
    """Processors of the machine."""
    most_streams: int
    """MAX_BS."""
    builds: tuple[tuple[float, float], ...]
    """Begin and end of each engine build."""
    stream0: tuple[float, ...]
    """FPS of stream 0 in each window, as the specification's grep reads the log."""
    windows: Windows
    log_bytes: int | None = None
    """Bytes of the log when dsbench stopped the app: rows after them do not count. None: the whole log."""


@dataclass(frozen=True)
class GateData:
    """6g: what the KITTI dump holds."""

    frames_asked: int
    """0: the whole video."""
    frames_expected: int
    min_rate: float
    """Fraction of frames that must have objects."""
    with_objects: int
    zero_area: int
    invalid_lines: int
    classes: Mapping[str, int]
    """Objects by label."""
    per_frame: tuple[int, ...]
    """Objects of each frame."""
    scores: tuple[float, ...]
    """Of each object, in the order of the frames; empty for a dump of more than ``MAX_SCORES`` objects."""
    median_score: float | None
    dump_sha256: str
    """Of names and contents of the files in ``samples/kitti_output``."""


MAX_SCORES = 20_000


def median_score(scores: Sequence[float]) -> float | None:
    """The median, the mean of the middle two for an even number; None without a score. NaN is left out."""
    values = [score for score in scores if score == score]
    return round(statistics.median(values), 6) if values else None


@dataclass(frozen=True)
class KeyCostData:
    """A key of the config that is not the usual one, and what it alone does to the reference's boxes."""

    text: str
    f1: float
    lost: float
    added: float
    median_iou: float
    score_drift: float
    matters: bool


@dataclass(frozen=True)
class ImportParityData:
    """The KITTI dump against the reference, under the usual rules and under those of the config."""

    usual: MatchTally
    configured: MatchTally | None
    """None if the config has the usual rules."""
    costs: tuple[KeyCostData, ...]
    approximate: bool


@dataclass(frozen=True)
class AccuracyData:
    """Ground truth against the detections: AP of each class, and pairs at the run's own thresholds."""

    precision: Precision
    errors: RunErrors
    gate: float | None


@dataclass(frozen=True)
class LatencyData:
    """Milliseconds of each frame in the order of time."""

    streams: int
    by_stream: Mapping[str, tuple[float, ...]]
    """Empty where there are more than ``MAX_LATENCIES`` frames."""
    frames: int


MAX_LATENCIES = 50_000


@dataclass(frozen=True)
class BaselineData:
    """The run that this one was compared with."""

    path: str
    origin: str
    """``--baseline``, ``--bless`` or ``last good run``."""
    session: str
    started: str
    tolerance: float
    """Percent by which a relative measure may be worse."""
    spreads: Mapping[str, float]
    """Relative spread of a measure between earlier runs, where four or more are known."""
    run: ComparableRun


@dataclass(frozen=True)
class RawData:
    """One block for each step that measured something; None if it did not run or measured nothing."""

    runs: tuple[AppRun, ...] = ()
    """All benchmark runs in the order in which they were made, as in ``telemetry``."""
    gate: GateData | None = None
    import_parity: ImportParityData | None = None
    accuracy: AccuracyData | None = None
    stream_parity: Parity | None = None
    limit: BottleneckEvidence | None = None
    sweep_failures: tuple[str, ...] | None = None
    """Of each trial of the sweep: the app's message if it died, else empty."""
    latency: LatencyData | None = None
    baseline: BaselineData | None = None
