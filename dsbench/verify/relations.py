"""Parts of a record that state the same thing, against each other: machine, video, engine, durations, counts."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping

from dsbench.base import spec
from dsbench.base.steps import STEPS
from dsbench.judge.stream_parity import FLOAT32, REDUCED
from dsbench.record.raw import TOO_MANY
from dsbench.record.schema import Record
from dsbench.steps.preflight_engine import EARLIER
from dsbench.verify.mismatch import RawCheck, holds

_STEP_6 = tuple(step.name for step in STEPS if step.section.startswith("6"))
_STEP_OF_RUN: Mapping[str, str] = {
    "Run 1": "run1_calibration",
    **dict.fromkeys(("Run 2", "Retry", "Decision"), "run2_validation"),
    "Decode only": "throughput_limit",
    **dict.fromkeys(("Sweep", "Sweep, repeat"), "stream_sweep"),
    "Latency": "frame_latency",
}
_OTHER_LENGTH = ("Decode only", "Decision")
"""Runs that do not last --perf-seconds."""
_SLACK_S, _SLACK = 1.0, 1.1
"""Seconds and factor by which a step's time and what is measured in it may differ: their clocks start at other
moments."""
_LATE_S = 1e-3


def checks(record: Record) -> Iterator[RawCheck]:
    """What must be the same, or fit together."""
    yield from _machine(record)
    yield from _engine(record)
    yield from _dump(record)
    yield from _runs(record)
    yield from _durations(record)
    yield from _accuracy(record)
    if (found := record.raw.stream_parity) is not None:
        yield holds("raw.stream_parity.tolerance", found.tolerance in (FLOAT32, REDUCED), "of FP32 or of FP16 and INT8")
        yield RawCheck(
            "raw.stream_parity.streams",
            [one.stream for one in found.streams],
            list(range(len(found.streams))),
            "the streams of the batch",
        )
        for place, one in enumerate(found.streams):
            at = f"raw.stream_parity.streams[{place}]"
            if one.cause is None:
                yield RawCheck(f"{at}.frames_in_batch", one.frames_in_batch, one.frames, "the frames of its clip")


def _machine(record: Record) -> Iterator[RawCheck]:
    found, environment = record.machine, dict(record.environment)
    if found is None:
        return
    same: tuple[tuple[str, object, str], ...] = (
        ("cpu", found.cpu, "CPU"),
        ("cores", str(found.cores), "CPU cores"),
        ("memory_mib", f"{found.memory_mib} MiB", "Memory"),
    )
    for name, stated, key in same:
        wanted = environment.get(key)
        if wanted is not None and not (name == "memory_mib" and found.memory_mib is None):
            # "4 of the machine's 64 (affinity, control group)"
            wanted = wanted.partition(" of ")[0] if name == "cores" else wanted
            yield RawCheck(f"machine.{name}", stated, wanted, f"{key} of `environment`")
    gpu = f"{found.gpu}, {found.gpu_memory_mib} MiB" if found.gpu else f"{found.cpu}, {found.cores} cores"
    yield RawCheck("machine.machine_class", found.machine_class, gpu, "GPU and memory, else processor and cores")
    yield holds("machine.cores", found.cores <= found.cores_of_machine, "at most the cores of the machine")
    for place, run in enumerate(record.raw.runs):
        yield RawCheck(f"raw.runs[{place}].cores", run.cores, found.cores_of_machine, "`machine.cores_of_machine`")
    if record.raw.limit is not None:
        yield RawCheck("raw.limit.cores", record.raw.limit.cores, found.cores, "`machine.cores`")


def _engine(record: Record) -> Iterator[RawCheck]:
    engine, file = record.handover.engine, record.file("engine")
    if engine is not None and file is not None:
        yield RawCheck("handover.engine.bytes", engine.bytes, file.bytes, "the size in `files`")
        yield RawCheck("handover.engine.file", engine.file, file.path, "the path in `files`")
    for place, one in enumerate(engine.derivations if engine is not None else ()):
        named = one.source == f"benchmarks/b{one.batch}/trtexec_b{one.batch}.log"
        yield holds(f"handover.engine.derivations[{place}].batch", named, f"the batch of {one.source}")
    for place, run in enumerate(record.raw.runs):
        if record.figures.max_bs is not None:
            yield RawCheck(f"raw.runs[{place}].most_streams", run.most_streams, record.figures.max_bs, "MAX_BS")


def _dump(record: Record) -> Iterator[RawCheck]:
    """The KITTI dump against the video and the options."""
    data, video, shown = record.raw.gate, record.video, record.handover.detections
    if data is not None and video is not None:
        frames = video.frames or 0
        most = min(data.frames_asked, frames) if data.frames_asked and frames else data.frames_asked or frames
        if len(data.per_frame) >= most:
            yield RawCheck("raw.gate.frames_expected", data.frames_expected, most, "of --kitti-frames and the video")
        yield holds("raw.gate.frames_expected", data.frames_expected <= most, "at most those of the video")
    if shown is not None and video is not None:
        surfaces = ((spec.MUX_WIDTH, spec.MUX_HEIGHT), (video.width, video.height))
        why = "the surface of nvstreammux, or that of the video"
        yield holds("handover.detections.width", (shown.width, shown.height) in surfaces, why)


def _runs(record: Record) -> Iterator[RawCheck]:
    """The runs against the options, and against the time of their steps."""
    seconds = next((one.value for one in record.options if one.name == "perf-seconds"), None)
    spent: dict[str, float] = defaultdict(float)
    for place, run in enumerate(record.raw.runs):
        path = f"raw.runs[{place}]"
        spent[_STEP_OF_RUN.get(run.name.removesuffix(TOO_MANY), "")] += run.took_s
        if isinstance(seconds, int | float) and run.name not in _OTHER_LENGTH:
            due = seconds + sum(end - begin for begin, end in run.builds)
            yield holds(f"{path}.lasted_s", run.lasted_s <= due + _LATE_S, "at most --perf-seconds and engine builds")
        if run.ended_early_s is not None:
            yield holds(f"{path}.lasted_s", run.lasted_s <= run.ended_early_s + _LATE_S, "it was ended early")
    for place, step in enumerate(record.steps):
        took = spent[step.evidence.step]
        yield holds(f"steps[{place}].seconds", step.seconds + _SLACK_S >= took, f"its runs took {took:.1f} s")


def _durations(record: Record) -> Iterator[RawCheck]:
    """Durations of ``handover`` against those of the steps, and against what pre-flight says of them."""
    known, steps = record.handover.durations, {step.evidence.step: step for step in record.steps}
    if known.step_6 is not None:
        parts = sum(steps[name].seconds for name in _STEP_6 if name in steps)
        fits = known.step_6 * _SLACK + _SLACK_S >= parts
        yield holds("handover.durations.step_6", fits, f"6a to 6g took {parts:.1f} s")
    if known.step_8 is not None and "report" in steps:
        whole = steps["report"].seconds
        yield holds("handover.durations.step_8", known.step_8 <= whole + _SLACK_S, f"Step 8 took {whole:.1f} s")
    origins = {fact.name: fact.origin for fact in steps["preflight"].evidence.facts} if "preflight" in steps else {}
    pairs = (
        ("preparation", known.preparation, 1, origins.get("Engine preparation", "").removesuffix(EARLIER)),
        ("step_4", known.step_4, 0, origins.get("Engine built by")),
    )
    for name, value, digits, stated in pairs:
        if value is not None and stated:
            # the record has two digits, the fact was rounded from all of them
            near = {f"{value + change:.{digits}f} s" for change in (-0.005, 0.0, 0.005)}
            yield holds(f"handover.durations.{name}", stated in near, f"pre-flight says {stated}")


def _accuracy(record: Record) -> Iterator[RawCheck]:
    data = record.raw.accuracy
    if data is None:
        return
    for place, (one, other) in enumerate(zip(data.precision.classes, data.errors.classes, strict=False)):
        at = f"raw.accuracy.precision.classes[{place}]"
        yield RawCheck(f"{at}.name", one.name, other.name, "the class of `errors`")
        yield RawCheck(f"{at}.objects", one.objects, other.objects, "its objects in `errors`")
    numbers = [frame.number for frame in data.errors.frames]
    yield holds("raw.accuracy.errors.frames", len(set(numbers)) == len(numbers), "each frame once")
    yield holds("raw.accuracy.errors.frames", len(numbers) <= data.precision.frames, "at most the annotated frames")
    for place, frame in enumerate(data.errors.frames):
        at = f"raw.accuracy.errors.frames[{place}]"
        yield holds(at, frame.missed <= frame.objects, "no more missed objects than objects")
    precision = data.precision
    yield holds("raw.accuracy.precision.low", precision.low <= precision.high, "the interval's bounds are in order")
