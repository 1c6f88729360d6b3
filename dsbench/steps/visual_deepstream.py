"""6f on DeepStream: NVENC, or Theora if NVENC cannot be initialised; no other encoder."""

from __future__ import annotations

import contextlib
from dataclasses import replace
from pathlib import Path

from dsbench.base import environment, places
from dsbench.base.errors import Code, DsbenchError
from dsbench.base.options import GPU_ID, VISUAL_FRAMES
from dsbench.base.process import Finished
from dsbench.build import gst_pipeline
from dsbench.build.gst_pipeline import GstPlan, argument_path
from dsbench.model.facts import PreflightFacts
from dsbench.model.layout import ModelLayout
from dsbench.model.video import VideoFacts
from dsbench.runtimes import frame_count, gst, visual
from dsbench.steps import working
from dsbench.steps.model_run import ModelRun
from dsbench.steps.visual_result import NVENC, SKIPPED, THEORA, FrameCounts, VisualValidationResult

WHAT = "the visual check"
_FALLBACK = ("theoraenc", "oggmux")
_SHOWN = "drawing boxes on the video (6f)"
_NVENC_ABSENT = "NVENC could not be initialised (samples/visual_nvenc.log)"


def make(model: ModelRun) -> VisualValidationResult:
    """Make the video and its pictures. Skipped if NVENC cannot be initialised and Theora is not installed.

    Raises RUNTIME_UNAVAILABLE, SOURCE_UNSUPPORTED, NOT_WRITABLE, what gst-launch-1.0's end calls for (APP_FAILED,
    APP_CRASHED, APP_TIMEOUT) and VISUAL_OUTPUT: no video, fewer frames than the clip has, no pictures.
    """
    layout, clip = model.layout, model.get(PreflightFacts).video.value
    gst.require_programs()
    reader = gst_pipeline.reader_of(clip.container, clip.codec)
    logs = (layout.visual_nvenc_log, layout.visual_frames_log)
    visual.clear(layout.samples, layout.visual_output_mp4, layout.visual_output_ogv, *logs)
    plan = _plan(model, clip, reader)
    with working.seconds(model, _SHOWN, announced=False):
        first = gst.run(gst_pipeline.nvenc(plan), layout.visual_log, lambda: gst.size_of(layout.visual_output_mp4))
    if not gst.nvenc_init_failed(first):
        return _finish(model, clip, NVENC, first, ())
    first = _set_aside(layout, first)
    absent = gst.missing(*_FALLBACK)
    if absent:
        reason = f"{_NVENC_ABSENT}, and GStreamer has no {' and no '.join(absent)}"
        return VisualValidationResult(SKIPPED, reason, attempts=(first,))
    fallback = replace(plan, output=argument_path(layout.visual_output_ogv, model.scratch))
    with working.seconds(model, _SHOWN, announced=False):
        second = gst.run(
            gst_pipeline.theora(fallback), layout.visual_log, lambda: gst.size_of(layout.visual_output_ogv)
        )
    return _finish(model, clip, THEORA, second, (first,))


def _plan(model: ModelRun, clip: VideoFacts, reader: gst_pipeline.ClipReader) -> GstPlan:
    layout, links = model.layout, model.scratch
    return GstPlan(
        video=argument_path(clip.path, links),
        reader=reader,
        nvinfer_config=argument_path(layout.nvinfer_config, links),
        output=argument_path(layout.visual_output_mp4, links),
        gpu_id=model.option(GPU_ID).value,
        new_streammux=environment.new_streammux(),
        frames=model.option(VISUAL_FRAMES).value,
    )


def _set_aside(layout: ModelLayout, first: Finished) -> Finished:
    """Rename the log of the NVENC attempt and remove its empty video."""
    try:
        places.move(first.log, layout.visual_nvenc_log)
        places.remove(layout.visual_output_mp4)
    except OSError as error:
        raise DsbenchError(
            Code.NOT_WRITABLE,
            f"what the NVENC attempt left cannot be moved: {error.strerror}",
            where=str(layout.samples),
            fix="make samples/ a directory that you may write to",
        ) from error
    return replace(first, log=layout.visual_nvenc_log)


def _finish(
    model: ModelRun, clip: VideoFacts, mode: str, finished: Finished, before: tuple[Finished, ...]
) -> VisualValidationResult:
    """Check the video, count its frames, extract the pictures."""
    layout = model.layout
    output = layout.visual_output_mp4 if mode == NVENC else layout.visual_output_ogv
    doubt = gst_pipeline.decoder_doubt(clip.codec, clip.pixel_format)
    try:
        gst.require_success(finished, WHAT)
        gst.require_output(finished, output, WHAT)
        frames = _count(clip.path, output, model.option(VISUAL_FRAMES).value)
    except DsbenchError as error:
        raise _with_doubt(error, doubt) from None
    extracted = _extract(model, mode, output)
    samples = visual.read_samples(layout.samples)
    if not samples:
        raise DsbenchError(
            Code.VISUAL_OUTPUT,
            f"{output.name} is complete ({frames.output} frames), but no picture came out of it",
            where=str(layout.visual_frames_log),
            fix="read the log; run the command by hand",
        )
    return VisualValidationResult(
        mode=mode,
        output=output,
        shown_output=layout.given_path(output),
        finished=finished,
        samples=samples,
        attempts=(*before, finished, extracted),
        frames=frames,
        notes=(f"{_NVENC_ABSENT}: encoded with Theora instead",) if mode == THEORA else (),
        asked=model.option(VISUAL_FRAMES),
        clip_frames=clip.frames,
    )


def _count(source: Path, output: Path, asked: int) -> FrameCounts:
    """Frames of the clip, at most those ``asked`` for (0: all), and of the video. Raises VISUAL_OUTPUT if some are
    missing.

    The exit status does not show it: the pipeline ends with status 0 even on corrupt H.264.
    """
    made = frame_count.count(output)
    expected = _at_most(asked, frame_count.count(source))
    if made < expected:
        # leading pictures of an open GOP and frames of a truncated stream cannot be decoded. If FFmpeg cannot decode
        # the stream at all, keep the container's number
        with contextlib.suppress(DsbenchError):
            expected = min(expected, _at_most(asked, frame_count.count(source, decode=True)))
    if made < expected:
        raise DsbenchError(
            Code.VISUAL_OUTPUT,
            f"{output.name} has {made} frames, the clip has {expected}: {expected - made} were lost",
            where=str(source),
            fix="check the clip for errors: DeepStream leaves out frames that it cannot decode, with exit status 0",
        )
    return FrameCounts(expected, made)


def _at_most(asked: int, frames: int) -> int:
    return min(asked, frames) if asked else frames


def _extract(model: ModelRun, mode: str, output: Path) -> Finished:
    """The specification's frame extraction: the last three frames as JPEG files."""
    layout, links = model.layout, model.scratch
    video = argument_path(output, links)
    pictures = argument_path(layout.samples, links, pattern=True) / "frame_%04d.jpg"
    if mode == NVENC:
        command = gst_pipeline.mp4_frames(video, pictures, model.option(GPU_ID).value)
    else:
        command = gst_pipeline.ogv_frames(video, pictures)
    finished = gst.run(command, layout.visual_frames_log, lambda: visual.last_frame(layout.samples) + 1)
    gst.require_success(finished, f"frame extraction from {output.name} (the video itself is complete)")
    return finished


def _with_doubt(error: DsbenchError, doubt: str | None) -> DsbenchError:
    return (
        error if doubt is None else DsbenchError(error.code, error.what, where=error.where, fix=f"{doubt}; {error.fix}")
    )
