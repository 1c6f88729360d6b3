"""The detections that accuracy is computed from: KITTI dumps by the runtime's app, of the video or of pictures.

Two dumps: one with the run's own config (6g's, if the video is annotated), one with low thresholds for the mAP.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from dsbench.base.files import replace_file
from dsbench.base.options import GPU_ID, KITTI_FRAMES
from dsbench.build import accuracy_config, app_config
from dsbench.build.app_config import AppPlan
from dsbench.formats import kitti
from dsbench.formats.ground_truth.truth import GroundTruth, TruthFrame, invalid
from dsbench.judge.accuracy.judged_frames import DumpedFrame
from dsbench.model.facts import PreflightFacts
from dsbench.runtimes import kitti_dump
from dsbench.runtimes.kitti_dump import KittiDump
from dsbench.steps import ground_truth, picture_clip, working
from dsbench.steps.model_run import ModelRun
from dsbench.steps.nvinfer_config import NvinferConfigResult

_LARGEST_BLOCK_S = 0.5
"""Frames of a video that are nearer than this count as one in the bootstrap."""


@dataclass(frozen=True)
class AccuracyDumps:
    """Annotated frames with the detections of the run's own config, and of the one with low thresholds."""

    own: tuple[DumpedFrame, ...]
    low: tuple[DumpedFrame, ...]
    annotated: int
    """Frames that the ground truth has in all."""
    clip: Path
    """The clip whose frames they are."""
    what: str
    """The frames in words."""
    block: int
    """Consecutive frames that show much the same objects."""
    seconds: float
    notes: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()


def make(model: ModelRun, truth: GroundTruth) -> AccuracyDumps:
    """Run the app on the annotated frames. Raises GROUND_TRUTH_INVALID and what a run of the app raises."""
    return _of_pictures(model, truth) if truth.pictures else _of_video(model, truth)


def _of_video(model: ModelRun, truth: GroundTruth) -> AccuracyDumps:
    facts, limit = model.get(PreflightFacts), model.option(KITTI_FRAMES).value
    placed = ground_truth.on_clip(truth, facts)
    chosen = placed.first(limit)
    if not chosen.frames:
        raise invalid(
            f"none of the {len(placed.frames)} annotated frames is among the first {limit} frames, which are played;"
            f" the first is frame {placed.frames[0][0]}",
            truth.path,
            f"raise --kitti-frames to {placed.frames[-1][0] + 1}",
        )
    dumped = _dump(model, facts.video.value.path, "low", chosen.frames[-1][0] + 1, low=True)
    low = _frames(model.layout.accuracy_dir / "kitti_low", chosen.frames)
    own = _frames(model.layout.kitti_dir, chosen.frames)
    lost = len(chosen.frames) - len(low)
    warnings = (f"{lost} annotated frames are not in the dump and are not judged",) if lost else ()
    return AccuracyDumps(
        own,
        low,
        len(placed.frames),
        facts.video.value.path,
        f"{len(low)} annotated frames of {facts.video.value.path.name}, which has {facts.video.value.frames}",
        _block(chosen.frames, facts.video.value.fps),
        dumped.finished.seconds,
        chosen.notes,
        (*chosen.warnings, *warnings, *_end_warnings(dumped)),
    )


def _block(frames: Sequence[tuple[int, TruthFrame]], fps: float) -> int:
    """Annotated frames within _LARGEST_BLOCK_S of each other."""
    span = max(1, frames[-1][0] - frames[0][0])
    return max(1, round((fps or 30) * _LARGEST_BLOCK_S * (len(frames) - 1) / span))


def _of_pictures(model: ModelRun, truth: GroundTruth) -> AccuracyDumps:
    limit = model.option(KITTI_FRAMES).value
    frames = truth.frames
    if limit:
        frames = ground_truth.spread(frames, limit)
    folder = model.layout.accuracy_dir
    pictures = [frame.image for frame in frames if frame.image is not None]
    clip = picture_clip.write(pictures, folder / "pictures.mkv")
    placed = [
        (number, ground_truth.in_picture(truth, frame, clip.sizes[number])) for number, frame in enumerate(frames)
    ]
    dumps = [_dump(model, clip.path, name, 0, low=name == "low") for name in ("own", "low")]
    notes = [f"the pictures are played as one clip of {clip.width}x{clip.height}: {clip.path.name}", *truth.notes]
    if clip.stretched:
        why = "the pictures differ in size, or their size is odd"
        notes.append(f"{why}: each was stretched to the clip's, as nvstreammux does")
    return AccuracyDumps(
        _frames(folder / "kitti_own", placed),
        _frames(folder / "kitti_low", placed),
        len(truth.frames),
        clip.path,
        f"{len(placed)} of {len(truth.frames)} annotated pictures of {pictures[0].parent}",
        1,
        sum(one.finished.seconds for one in dumps),
        tuple(notes),
        _end_warnings(*dumps),
    )


def _dump(model: ModelRun, video: Path, name: str, frames: int, *, low: bool) -> KittiDump:
    """Dump ``kitti_<name>``. ``frames`` 0: the whole clip."""
    layout, links = model.layout, model.scratch
    folder = layout.accuracy_dir
    config = model.get(NvinferConfigResult).config
    infer = layout.nvinfer_config
    if low:
        infer = folder / "config_infer_low.txt"
        replace_file(infer, accuracy_config.render(config, folder).encode("utf-8", "surrogateescape"))
    directory = folder / f"kitti_{name}"
    plan = AppPlan(
        nvinfer_config=app_config.safe_path(infer, links),
        video=app_config.safe_path(video, links, uri=True),
        gpu_id=model.option(GPU_ID).value,
        kitti_dir=app_config.safe_path(directory, links),
    )
    written = folder / f"deepstream_app_{name}.txt"
    app_config.write_app(written, plan)
    log = folder / f"{name}.log"
    ini = app_config.safe_path(written, links)
    with working.frames(model, "dump for the accuracy", directory, frames):
        return kitti_dump.dump(model.runtime, ini, directory, frames, log, what="the dump for the accuracy")


def _end_warnings(*dumps: KittiDump) -> tuple[str, ...]:
    return tuple(f"the dump for the accuracy: {one.end_warning}" for one in dumps if one.end_warning)


def _frames(directory: Path, frames: Sequence[tuple[int, TruthFrame]]) -> tuple[DumpedFrame, ...]:
    """The dump's objects on the annotated frames; frames without a file are left out."""
    files = {file.name.frame: file.path for file in kitti.list_frames(directory) if file.name.stream == 0}
    return tuple(
        DumpedFrame(number, frame, kitti.parse_file(files[number])) for number, frame in frames if number in files
    )
