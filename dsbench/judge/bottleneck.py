"""What limits throughput: the run compared with decoding alone and inference alone, and what was busy during the run.

On a GPU the stages run concurrently on engines of their own, so the pipeline is as fast as its slowest stage. A stage
limits it where the run reaches nearly what that stage reaches alone. On a CPU all stages share the cores, so the times
of a frame add up: 1/T = 1/D + 1/I + rest. There the stage with most of the time is the limit.

Every sentence has the figures that it follows from. The thresholds are judgements. Where the evidence does not decide,
the answer is ``unclear`` and says what is missing or contradicts itself.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from dsbench.formats.telemetry import COLUMNS
from dsbench.judge.run.telemetry import ColumnSummary, TelemetrySummary

DECODE_REACHED = 0.9
"""A run that reaches this fraction of the decode-only throughput is limited by decoding."""
INFER_REACHED = 0.85
"""The same for inference alone; trtexec leaves out pre- and post-processing and always has a full batch."""
CONTRADICTION = 1.2
"""A run cannot be faster than one of its stages alone; noise and another batch size explain some percent."""
NVDEC_MEAN, NVDEC_P95 = 80.0, 90.0
"""NVDEC is saturated from these percentages on, not at 100: on an H200, eight streams that could not run faster had a
mean of 83.5 % and a 95th percentile of 94 %."""
SM_BUSY = 85.0
CPU_BUSY = 85.0
ONE_CORE_BUSY = 97.0
IDLE = 70.0
"""Below this percentage a device is not busy. If all devices are below it, the pipeline waits for something else."""
THROTTLED_FRACTION = 0.2
QUOTA_USED_UP = 20.0
OTHERS = 20.0
"""If other programs use more than this percentage of the cores, a busy core is no evidence about the app."""
PLATEAU_STREAMS, PLATEAU_RISE = 1.5, 1.1
"""A plateau: with 1.5 times the streams, decoding gives less than 1.1 times the frames."""
LARGEST_PART = 0.5
"""On a CPU, a stage that takes at least this fraction of a frame's time is the limit."""
_FORCED = ("HwSlowdown", "SwThermalSlowdown", "HwThermalSlowdown", "HwPowerBrakeSlowdown")
"""Throttle reasons that slow down NVDEC as well: then no ceiling was measured at full speed."""


class Limit(StrEnum):
    """What the throughput is limited by."""

    DECODE = "decode"
    COMPUTE = "compute"
    CPU = "CPU"
    BATCH_WAIT = "batch wait"
    THROTTLED = "throttled"
    UNCLEAR = "unclear"


@dataclass(frozen=True)
class Ceiling:
    """What decoding alone reaches with ``streams`` streams, in frames per second of all of them, and the load then."""

    streams: int
    fps: float
    load: TelemetrySummary | None = None


@dataclass(frozen=True)
class InferCeiling:
    """What the network alone reaches, in frames per second; ``source`` says who measured it, and how."""

    fps: float
    batch: int
    source: str


@dataclass(frozen=True)
class BottleneckEvidence:
    """Everything the verdict follows from.

    ``fps``: all streams of the run together. ``decode``: by falling number of streams, the run's own first. ``load``:
    over the run's windows. ``interval``: nvinfer's, the batches that are not inferred between two that are.
    ``distrust``: why the run's own figure does not hold; "" where it does.
    """

    on_gpu: bool
    streams: int
    fps: float
    decode: tuple[Ceiling, ...]
    infer: InferCeiling | None
    load: TelemetrySummary | None
    cores: int = 0
    interval: int = 0
    distrust: str = ""
    notes: tuple[str, ...] = ()
    """What else a reader must know of the evidence."""

    @property
    def decode_fraction(self) -> float | None:
        """The run's throughput over the decode-only one at as many streams."""
        same = next((one.fps for one in self.decode if one.streams == self.streams), 0.0)
        return self.fps / same if same > 0 else None

    @property
    def infer_fraction(self) -> float | None:
        """The run's inferred frames over those of the network alone."""
        if self.infer is None or self.infer.fps <= 0:
            return None
        return self.fps / (self.interval + 1) / self.infer.fps


@dataclass(frozen=True)
class Bottleneck:
    """The verdict, and one sentence for each piece of evidence, the deciding one first. ``plateau``: decoding alone
    gives no more with more streams, and NVDEC is saturated."""

    limit: Limit
    sentences: tuple[str, ...]
    plateau: bool

    @property
    def name(self) -> str:
        return "decode (NVDEC)" if self.plateau and self.limit is Limit.DECODE else str(self.limit)


def judge(evidence: BottleneckEvidence) -> Bottleneck:
    """What limits the run. Never raises; with too little evidence the verdict is ``unclear``."""
    plateau = _plateau(evidence.decode) if evidence.on_gpu else None
    if doubt := _doubt(evidence):
        limit, why = Limit.UNCLEAR, doubt
    else:
        limit, why = _on_gpu(evidence) if evidence.on_gpu else _on_cpu(evidence)
    sentences = (why, *_ceilings(evidence), plateau or "", *_loads(evidence), *evidence.notes)
    return Bottleneck(limit, tuple(dict.fromkeys(text for text in sentences if text)), plateau is not None)


def nvdec_saturated(load: TelemetrySummary | None) -> bool:
    """Whether NVDEC had no more to give over a window: its mean and its 95th percentile are both high."""
    found = load.of("nvdec_pct") if load else None
    return found is not None and found.mean >= NVDEC_MEAN and found.p95 >= NVDEC_P95


def _doubt(evidence: BottleneckEvidence) -> str:
    """Why there can be no verdict; "" where there can."""
    if evidence.distrust:
        return f"the run's own figure does not hold: {evidence.distrust}"
    if not evidence.fps > 0:
        return "the run has no throughput"
    ratios = (("decoding", evidence.decode_fraction), ("inference", evidence.infer_fraction))
    for stage, ratio in ratios:
        if ratio is not None and ratio > CONTRADICTION:
            return (
                f"the run reaches {ratio:.0%} of what {stage} alone does, which cannot be: the machine was busier "
                "in one of the two, or the stage alone was measured on another machine"
            )
    if all(ratio is None for _, ratio in ratios):
        return "neither decoding alone nor inference alone has a figure"
    return ""


def _on_gpu(evidence: BottleneckEvidence) -> tuple[Limit, str]:
    decode, infer, load = evidence.decode_fraction, evidence.infer_fraction, evidence.load
    if forced := _throttling(load, _FORCED):
        return Limit.THROTTLED, f"the GPU slowed itself down in the run: {forced}"
    if decode is not None and decode >= DECODE_REACHED and decode >= (infer or 0.0):
        return _decode_path(evidence, decode)
    if nvdec_saturated(load):
        return Limit.DECODE, f"NVDEC is saturated in the run itself: {_load(load, 'nvdec_pct')}"
    sm = load.of("sm_pct") if load else None
    if (infer is not None and infer >= INFER_REACHED) or (sm is not None and sm.mean >= SM_BUSY):
        reached = f"the run reaches {infer:.0%} of what inference alone does" if infer is not None else ""
        why = ", ".join(part for part in (reached, _load(load, "sm_pct")) if part)
        if slowed := _throttling(load):
            return Limit.THROTTLED, f"inference limits, on a GPU that slowed itself down: {slowed}; {why}"
        return Limit.COMPUTE, why
    if (busy := _cpu_busy(evidence)) and not _others(evidence):
        return Limit.CPU, busy
    if load is not None and (core := load.of("cpu_busiest_pct")) is not None and core.mean >= ONE_CORE_BUSY:
        return Limit.CPU, f"one core is busy all the time: {_column(core)}; a single thread of the app is the limit"
    if slowed := _throttling(load):
        return Limit.THROTTLED, f"no ceiling is reached, and the GPU slowed itself down: {slowed}"
    return _nothing_busy(evidence, ("nvdec_pct", "sm_pct", "cpu_pct"))


def _decode_path(evidence: BottleneckEvidence, ratio: float) -> tuple[Limit, str]:
    """Decoding alone is no faster: NVDEC, the cores that feed it, or the pace of a single decoder is the limit."""
    alone = next(one for one in evidence.decode if one.streams == evidence.streams)
    reached = f"the run reaches {ratio:.0%} of what decoding alone does"
    if nvdec_saturated(alone.load) or nvdec_saturated(evidence.load):
        return Limit.DECODE, f"{reached}, and NVDEC is saturated: {_load(alone.load, 'nvdec_pct')} decoding alone"
    if busy := _cpu_busy(evidence):
        return Limit.CPU, f"{reached}, NVDEC is not saturated, but the cores that feed it are: {busy}"
    known = _load(alone.load, "nvdec_pct")
    if not known:
        return Limit.DECODE, f"{reached}; how busy NVDEC was is not known"
    return (
        Limit.DECODE,
        f"{reached}; NVDEC is not saturated ({known}): this number of decoders is no faster, more would be",
    )


def _on_cpu(evidence: BottleneckEvidence) -> tuple[Limit, str]:
    decode, infer = evidence.decode_fraction, evidence.infer_fraction
    if others := _others(evidence):
        return Limit.UNCLEAR, f"{others}; what limits an idle machine is not known"
    busy = _cpu_busy(evidence)
    if not busy:
        if infer is not None and infer >= INFER_REACHED:
            return Limit.COMPUTE, f"the run reaches {infer:.0%} of what inference alone does"
        if decode is not None and decode >= DECODE_REACHED:
            return Limit.DECODE, f"the run reaches {decode:.0%} of what decoding alone does"
        return _nothing_busy(evidence, ("cpu_pct",))
    parts = [("inference", infer), ("decoding", decode)]
    stages = ", ".join(f"{ratio:.0%} {stage}" for stage, ratio in parts if ratio is not None)
    if infer is not None and decode is not None:
        stages += _rest(infer + decode)
    split = f"{busy}; parts of a frame's time: {stages}"
    if infer is not None and infer >= max(LARGEST_PART, decode or 0.0):
        return Limit.COMPUTE, split
    if decode is not None and decode >= LARGEST_PART:
        return Limit.DECODE, split
    if infer is None or decode is None:
        return Limit.UNCLEAR, f"{split}; what {'inference' if infer is None else 'decoding'} takes of it is not known"
    return Limit.CPU, split


def _rest(stages: float) -> str:
    """What the stages leave of a frame's time; noise can make their sum larger than the whole."""
    if stages <= 1:
        return f", {1 - stages:.0%} everything else"
    return " (more than 100%: the machine was slower while a stage was measured alone than in the run)"


def _nothing_busy(evidence: BottleneckEvidence, columns: Sequence[str]) -> tuple[Limit, str]:
    """No ceiling is reached: frames wait for a batch, or what was busy is not known."""
    load = evidence.load
    found = [load.of(column) if load else None for column in columns]
    loads = ", ".join(_column(one) for one in found if one is not None)
    if any(one is None for one in found):
        missing = ", ".join(COLUMNS[name].label for name, one in zip(columns, found, strict=True) if one is None)
        return Limit.UNCLEAR, f"no ceiling is reached, and the load is not known: {missing}"
    if all(one is not None and one.mean < IDLE for one in found):
        return Limit.BATCH_WAIT, f"no ceiling is reached and nothing is busy: {loads}; frames wait for a batch to fill"
    return Limit.UNCLEAR, f"no ceiling is reached, and nothing is busy all the time: {loads}"


def _cpu_busy(evidence: BottleneckEvidence) -> str:
    """What shows that all cores are in use, or the quota used up; "" where they are not."""
    load = evidence.load
    if load is None:
        return ""
    quota = load.of("cpu_throttled_pct")
    if quota is not None and quota.mean >= QUOTA_USED_UP:
        return f"the container's CPU quota was used up: {_column(quota)}"
    every = load.of("cpu_pct")
    if every is not None and every.mean >= CPU_BUSY:
        return f"the cores are busy: {_column(every)}"
    app = load.of("app_cpu_pct")
    if app is not None and evidence.cores and app.mean >= CPU_BUSY * evidence.cores:
        return f"the app uses the {evidence.cores} cores it may use: {_column(app)}"
    return ""


def _throttling(load: TelemetrySummary | None, reasons: Sequence[str] = ()) -> str:
    """Throttle reasons active in enough of the samples; of ``reasons`` only, where given."""
    if load is None or load.throttled is None:
        return ""
    counted = (
        one for one in load.throttled if one.fraction >= THROTTLED_FRACTION and (not reasons or one.reason in reasons)
    )
    return ", ".join(f"{one.reason} in {one.fraction:.0%} of the samples" for one in counted)


def _plateau(decode: Sequence[Ceiling]) -> str | None:
    """What shows that more streams decode no more frames; None where they do, or one count was run only."""
    ordered = sorted(decode, key=lambda one: one.streams)
    if len(ordered) < 2:
        return None
    smallest, largest = ordered[0], ordered[-1]
    rises = largest.fps > PLATEAU_RISE * smallest.fps
    if largest.streams < PLATEAU_STREAMS * smallest.streams or rises or not nvdec_saturated(largest.load):
        return None
    return (
        f"NVDEC's plateau: decoding alone gives {smallest.fps:.0f} frames/s with {smallest.streams} streams and "
        f"{largest.fps:.0f} with {largest.streams}, so more streams give no more ({_load(largest.load, 'nvdec_pct')})"
    )


def _ceilings(evidence: BottleneckEvidence) -> list[str]:
    found = []
    decode, infer = evidence.decode_fraction, evidence.infer_fraction
    if decode is not None:
        alone = next(one.fps for one in evidence.decode if one.streams == evidence.streams)
        found.append(f"decoding alone: {alone:.1f} frames/s, the run {evidence.fps:.1f} ({decode:.0%} of it)")
    if infer is not None and evidence.infer is not None:
        inferred = f", {evidence.fps / (evidence.interval + 1):.1f} of them inferred" if evidence.interval else ""
        found.append(
            f"inference alone: {evidence.infer.fps:.1f} frames/s at batch {evidence.infer.batch} "
            f"({evidence.infer.source}), the run {evidence.fps:.1f}{inferred} ({infer:.0%} of it)"
        )
    return found


def _loads(evidence: BottleneckEvidence) -> list[str]:
    """What was busy, and what disturbs the figures."""
    load = evidence.load
    if load is None:
        return ["what was busy during the run is not known: no sample falls into its windows"]
    columns = ("nvdec_pct", "sm_pct", "cpu_pct") if evidence.on_gpu else ("cpu_pct", "app_cpu_pct")
    busy = ", ".join(_load(load, column) for column in columns if load.of(column))
    found = [f"during the run: {busy}"] if busy else []
    if evidence.on_gpu and (others := _others(evidence)):
        found.append(others)
    return found


def _others(evidence: BottleneckEvidence) -> str:
    """A sentence if other programs used much of a busy machine; empty if not, or if it is not known."""
    found = evidence.load.of("others_cpu_pct") if evidence.load else None
    every = evidence.load.of("cpu_pct") if evidence.load else None
    full = every is not None and every.mean >= IDLE
    if found is None or not full or not evidence.cores or found.mean < OTHERS * evidence.cores:
        return ""
    return f"other programs took part of the machine: {_column(found)}"


def _load(load: TelemetrySummary | None, column: str) -> str:
    found = load.of(column) if load else None
    return _column(found) if found else ""


def _column(found: ColumnSummary) -> str:
    known = COLUMNS[found.column]
    unit = f" {known.unit}" if known.unit else ""
    return f"{known.label} mean {found.mean:.0f}{unit}, 95th percentile {found.p95:.0f}{unit}"
