"""Beyond the specification: with different clips in one batch, each stream must get the boxes of its own clip.

The benchmark plays one clip in every stream, so it cannot detect a network that is wrong for all items of a batch but
the first.
"""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from dsbench.base.errors import Code, DsbenchError
from dsbench.base.options import GPU_ID
from dsbench.build import app_config
from dsbench.build.app_config import AppPlan
from dsbench.formats import kitti
from dsbench.formats.kitti import Scan
from dsbench.judge import stream_parity as judge
from dsbench.judge.stream_parity import Frame, Parity, Tolerance
from dsbench.model.facts import PreflightFacts
from dsbench.model.layout import ModelLayout
from dsbench.record.evidence import EvidenceLog
from dsbench.runtimes import kitti_dump
from dsbench.runtimes.kitti_dump import KittiDump
from dsbench.steps import stream_clips, working
from dsbench.steps.kitti_gate import KittiGateResult
from dsbench.steps.model_run import ModelRun
from dsbench.steps.nvinfer_config import NvinferConfigResult
from dsbench.steps.rows.file_rows import file_text
from dsbench.steps.stream_clips import ClipPlan

STREAMS = 4
FRAMES = 8
"""Frames of each clip. A fault shows in the first frame that has objects."""
SPREAD = 300
"""Frames of the video over which the clips are spread."""
_FP32 = 0
_FIX = (
    "export the model again with a dynamic batch dimension that every node keeps (Reshape with a fixed 1, "
    "Squeeze of dimension 0 and constants of batch 1 do not); until then run it with a batch of 1"
)


TABLE, CLIP = "Each stream in the batch and alone", "clip"
"""Title of the table, and its column with the frames of each stream's clip."""


@dataclass(frozen=True)
class StreamParityResult:
    """The comparison of each stream in the batch with its clip alone."""

    parity: Parity | None
    """None if nothing was compared."""
    clips: tuple[ClipPlan, ...] = ()
    logs: tuple[Path, ...] = ()
    """Logs of the single runs, then of the batch."""
    app_seconds: float = 0.0
    """Wall time of all runs."""
    not_run: str = ""
    """Why nothing was compared; empty if it was."""
    warnings: tuple[str, ...] = ()
    """Runs that ended abnormally although their dump is complete."""


@dataclass(frozen=True)
class ParityRecord:
    """The record's entry ``parity``."""

    streams: int
    objects: int
    """Objects of all clips run alone."""
    found_again: int
    """Those that the batch has too."""
    borderline: int
    differing: int
    telling: bool
    """The clips differ enough for a fault to be detected."""
    fault: str


def run(model: ModelRun, log: EvidenceLog) -> StreamParityResult:
    """Cut the clips, dump each alone and all in one batch, compare.

    Raises what cutting and a run of the app raise, STREAM_PARITY if a stream gets other boxes than its clip's.
    """
    result = model.keep(_compared(model))
    model.record("parity", record_entry(result.parity) if result.parity else None)
    add_evidence(log, model.layout, result)
    require(result)
    return result


def _compared(model: ModelRun) -> StreamParityResult:
    facts = model.get(PreflightFacts)
    streams = _streams(model, facts)
    if streams < 2:
        return StreamParityResult(None, not_run=f"a batch of {streams} holds one stream: there is nothing to compare")
    folder = model.layout.parity_dir
    plans = stream_clips.plan(streams, _frames_with_objects(model.get(KittiGateResult).scan), FRAMES)
    clips = stream_clips.write(facts.video.value.path, folder, plans)
    dumps = [_dump(model, f"single_{number}", (clip,)) for number, clip in enumerate(clips)]
    dumps.append(_dump(model, "batch", clips))
    own = [_frames(folder / f"kitti_single_{number}", 0) for number in range(streams)]
    _require_frames(own, plans, dumps)
    batched = [_frames(folder / "kitti_batch", number) for number in range(streams)]
    parity = judge.compare(own, batched, _tolerance(model), _thresholds(model))
    logs = tuple(dump.finished.log for dump in dumps)
    warnings = tuple(f"{one.finished.log.stem}: {one.end_warning}" for one in dumps if one.end_warning)
    return StreamParityResult(parity, plans, logs, sum(one.finished.seconds for one in dumps), warnings=warnings)


def require(result: StreamParityResult) -> None:
    """Raise STREAM_PARITY if a stream does not get the boxes of its own clip."""
    parity = result.parity
    if parity is not None and parity.verdict:
        raise DsbenchError(
            Code.STREAM_PARITY, parity.verdict, where=", ".join(str(log) for log in result.logs[-1:]), fix=_FIX
        )


def _streams(model: ModelRun, facts: PreflightFacts) -> int:
    """Streams of the batch: at most what the engine takes; on the embedded runtime 4 for any dynamic batch."""
    if model.runtime.name == "embedded" and facts.onnx.batch is None:
        return STREAMS
    return min(STREAMS, facts.max_bs)


def _frames_with_objects(scan: Scan) -> range:
    """Frames to cut clips from: ``SPREAD`` frames from the first one in which 6g found an object."""
    frames = scan.streams.get(0, 0)
    first = next((number for number, objects in enumerate(scan.per_frame[:frames]) if objects), 0)
    return range(first, max(first + 1, min(frames, first + SPREAD)))


def _dump(model: ModelRun, name: str, clips: tuple[Path, ...]) -> KittiDump:
    layout, links = model.layout, model.scratch
    folder = layout.parity_dir
    directory = folder / f"kitti_{name}"
    safe = tuple(app_config.safe_path(clip, links, uri=True) for clip in clips)
    plan = AppPlan(
        nvinfer_config=app_config.safe_path(layout.nvinfer_config, links),
        video=safe[0],
        streams=len(clips),
        gpu_id=model.option(GPU_ID).value,
        kitti_dir=app_config.safe_path(directory, links),
        clips=safe,
    )
    written = folder / f"deepstream_app_{name}.txt"
    app_config.write_app(written, plan)
    config = app_config.safe_path(written, links)
    what = f"the batch of {len(clips)} different clips" if len(clips) > 1 else f"clip {name.rpartition('_')[2]} alone"
    with working.frames(model, f"stream parity, {what}", directory):
        return kitti_dump.dump(model.runtime, config, directory, 0, folder / f"{name}.log", what=what)


def _frames(directory: Path, stream: int) -> tuple[Frame, ...]:
    """Objects of each frame of a stream, in order."""
    files = (file for file in kitti.list_frames(directory) if file.name.stream == stream)
    return tuple(kitti.parse_file(file.path) for file in files)


def _require_frames(own: list[tuple[Frame, ...]], plans: tuple[ClipPlan, ...], dumps: list[KittiDump]) -> None:
    """Raise APP_FAILED if a clip alone gave fewer frames than it has: the batch has no reference then."""
    for number, (frames, plan) in enumerate(zip(own, plans, strict=True)):
        if len(frames) < plan.frames:
            finished = dumps[number].finished
            raise DsbenchError(
                Code.APP_FAILED,
                f"clip {number} alone: the app wrote {len(frames)} of {plan.frames} frames and ended with status 0",
                where=shlex.join(finished.command),
                fix=f"read {finished.log}; play the clip to see whether it ends there",
            )


def _tolerance(model: ModelRun) -> Tolerance:
    """FP32 or reduced precision; the embedded runtime always computes in FP32."""
    exact = model.runtime.name == "embedded" or model.get(NvinferConfigResult).config.network_mode == _FP32
    return judge.FLOAT32 if exact else judge.REDUCED


def _thresholds(model: ModelRun) -> dict[str, float]:
    config, names = model.get(NvinferConfigResult).config, model.get(PreflightFacts).labels.names
    return {name: config.attrs_for(number).pre_cluster_threshold for number, name in enumerate(names)}


def add_evidence(log: EvidenceLog, layout: ModelLayout, result: StreamParityResult) -> None:
    """A row for each stream, and a warning if the clips are too alike to detect a fault."""
    parity = result.parity
    if parity is None:
        log.left_out = result.not_run
        log.fact("Streams compared", f"none: {result.not_run}")
        return
    add_figures(log, parity, tuple(map(str, result.clips)), f"the app ran for {result.app_seconds:.1f} s in total")
    log.warn(*result.warnings)
    log.note(f"clips, dumps and logs: {layout.given_path(layout.parity_dir)}")
    file_text(log, layout.parity_dir / "deepstream_app_batch.txt")


def add_figures(log: EvidenceLog, parity: Parity, clips: Sequence[str], ran: str) -> None:
    """What follows from the comparison. ``clips``: of each stream in words; ``ran``: how long the app did."""
    objects = sum(one.objects for one in parity.streams)
    matched = sum(one.matched for one in parity.streams)
    log.fact(
        "Streams compared", f"{len(parity.streams)} different clips in one batch, each compared with a run of its own"
    )
    log.fact("Matched objects", f"{matched} of {objects}", ran)
    tolerance = parity.tolerance
    log.fact("Objects match if", f"IoU >= {tolerance.iou:g}, scores within {tolerance.score:g}, same label")
    rows = (
        (one.stream, clip, one.objects, one.matched, one.borderline, one.differing, one.cause or "its own boxes")
        for one, clip in zip(parity.streams, clips, strict=True)
    )
    log.table(TABLE, ("stream", CLIP, "objects alone", "matched", "borderline", "differing", "shows"), rows)
    if objects == 0:
        log.warn("no clip has an object: the comparison proves nothing")
    elif not parity.telling:
        log.warn("the clips' boxes do not differ: a batch that repeats its first item would not be detected")


def record_entry(parity: Parity) -> ParityRecord:
    """The entry; the record's raw data give the same one again."""
    return ParityRecord(
        streams=len(parity.streams),
        objects=sum(one.objects for one in parity.streams),
        found_again=sum(one.matched for one in parity.streams),
        borderline=sum(one.borderline for one in parity.streams),
        differing=sum(one.differing for one in parity.streams),
        telling=parity.telling,
        fault=parity.verdict,
    )
