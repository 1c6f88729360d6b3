"""6f: the single-stream visual check. DeepStream: gst-launch-1.0. Embedded: VP9 in webm, drawn by the app itself."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from dsbench.base.option import DEFAULT, Value
from dsbench.base.options import GPU_ID, KITTI_FRAMES, VISUAL_FRAMES
from dsbench.build import app_config
from dsbench.build.app_config import AppPlan
from dsbench.model.facts import PreflightFacts
from dsbench.model.layout import ModelLayout
from dsbench.record.evidence import EvidenceLog
from dsbench.runtimes import gst, kitti_dump, visual
from dsbench.steps import visual_deepstream, working
from dsbench.steps.model_run import ModelRun
from dsbench.steps.rows import engine_rows
from dsbench.steps.rows.file_rows import file_text, log_text
from dsbench.steps.visual_result import CAPTURE_MODES, EMBEDDED, SKIPPED, VIDEO_TYPES, VisualValidationResult


def run(model: ModelRun, log: EvidenceLog) -> VisualValidationResult:
    """Make the video and its pictures on either runtime and record the evidence."""
    result = model.keep(_embedded(model) if model.runtime.name == "embedded" else visual_deepstream.make(model))
    add_evidence(log, model.layout, result)
    return result


def _embedded(model: ModelRun) -> VisualValidationResult:
    """Make the video and its pictures with the app; skipped (and passed) if there is no approved encoder.

    Raises APP_CRASHED, APP_FAILED, APP_TIMEOUT, VISUAL_OUTPUT, NOT_WRITABLE.
    """
    missing = visual.encoder_missing()
    if missing:
        return VisualValidationResult(SKIPPED, missing)
    layout, facts = model.layout, model.get(PreflightFacts)
    frames = model.option(VISUAL_FRAMES)
    if frames.origin == DEFAULT:  # boxes are drawn on the CPU
        frames = model.option(KITTI_FRAMES)
    visual.clear(layout.samples, layout.visual_output)
    counted = model.scratch / "visual_kitti"
    config = _write_config(model, facts, counted)
    # a KITTI dump of the same run gives the objects of each frame and ends the run after enough frames
    log = layout.visual_log
    with working.frames(model, "drawing boxes on the video (6f)", counted, frames.value):
        dumped = kitti_dump.dump(model.runtime, config, counted, frames.value, log, what="the visual check")
    visual.require_output(layout.visual_output)
    counts = visual.objects_per_frame(counted)
    samples = visual.save_samples(layout.visual_output, counts, layout.sample_frame)
    shown = layout.given_path(layout.visual_output)
    result = VisualValidationResult(EMBEDDED, "", layout.visual_output, shown, dumped.finished, counts, samples)
    return replace(result, asked=frames, clip_frames=facts.video.value.frames)


def _write_config(model: ModelRun, facts: PreflightFacts, counted: Path) -> Path:
    """Write the app config. Paths that an ini file cannot hold are replaced by links in scratch."""
    layout, links = model.layout, model.scratch
    plan = AppPlan(
        nvinfer_config=app_config.safe_path(layout.nvinfer_config, links),
        video=app_config.safe_path(facts.video.value.path, links, uri=True),
        gpu_id=model.option(GPU_ID).value,
        kitti_dir=app_config.safe_path(counted, links),
        output_file=app_config.safe_path(layout.visual_output, links),
    )
    app_config.write_app(layout.visual_app_config, plan)
    return app_config.safe_path(layout.visual_app_config, links)


CAPTURE_MODE = "Visual Capture Mode"


def add_evidence(log: EvidenceLog, layout: ModelLayout, result: VisualValidationResult) -> None:
    """The printed lines, the video, the pictures, and how they were made."""
    log.print(*result.lines)
    if result.mode == SKIPPED:
        log.left_out = f"no video was made: {result.reason}"
    for attempt in result.attempts:
        log.command(*attempt.command)
    if result.mode == EMBEDDED:
        _embedded_rows(log, layout, result)
    else:
        log.fact(CAPTURE_MODE, CAPTURE_MODES[result.mode], result.reason)
        _gstreamer_rows(log, result)
    if result.asked is not None:
        _frames_asked(log, result, result.asked)
    if result.output is not None and (kind := VIDEO_TYPES.get(result.output.suffix)):
        log.video(result.shown_output, kind, str(result.output))
    for sample in result.samples:
        shown = layout.given_path(layout.sample_frame(sample.frame))
        title = f"frame {sample.frame}" + ("" if sample.objects is None else f": {_objects(sample.objects)}")
        log.fact(f"Frame {sample.frame}", shown, "" if sample.objects is None else f"{_objects(sample.objects)} drawn")
        log.picture(title, "image/jpeg", sample.jpeg_base64)


def _embedded_rows(log: EvidenceLog, layout: ModelLayout, result: VisualValidationResult) -> None:
    finished = result.finished
    assert finished is not None
    log.command(*finished.command)
    log.fact(
        "Video",
        result.shown_output,
        f"VP9 in webm, {len(result.counts)} frames, the app ran for {finished.seconds:.1f} s",
    )
    if not any(result.counts):
        log.warn("no object was drawn on any frame: the most common cause is a wrong net-scale-factor")
    file_text(log, layout.visual_app_config)
    log_text(log, finished.log)


def _gstreamer_rows(log: EvidenceLog, result: VisualValidationResult) -> None:
    if result.frames is not None and result.finished is not None:
        counts = f"{result.frames.output} frames" + ("" if result.cut else f" of {result.frames.source}")
        log.fact("Video", result.shown_output, f"{counts}, gst-launch-1.0 ran for {result.finished.seconds:.1f} s")
    for attempt in result.attempts:
        engine_rows.engine(log, "the visual check", gst.console(attempt.log))
    log.note(*result.notes)
    for attempt in result.attempts:
        log_text(log, attempt.log)


def _frames_asked(log: EvidenceLog, result: VisualValidationResult, asked: Value[int]) -> None:
    log.fact("Frames asked for", asked.value or "the whole clip", asked.origin)
    if result.cut:
        whole = f"the clip has {result.clip_frames}; --visual-frames 0 draws them all"
        log.note(f"the video shows the first {asked.value} frames, {whole}")


def _objects(count: int) -> str:
    return f"{count} object" if count == 1 else f"{count} objects"
