"""6f: the single-stream visual check. DeepStream: gst-launch-1.0. Embedded: VP9 in webm, drawn by the app itself."""

from __future__ import annotations

from pathlib import Path

from dsbench.base.options import whole
from dsbench.build import app_config
from dsbench.build.app_config import AppPlan
from dsbench.model.facts import PreflightFacts
from dsbench.runtimes import kitti_dump, visual
from dsbench.steps import visual_gst
from dsbench.steps.model_run import KITTI_FRAMES, ModelRun
from dsbench.steps.visual_result import EMBEDDED, SKIPPED, VisualResult


def run(model: ModelRun) -> VisualResult:
    """Draw, encode, pick the frames to look at; skipped (and passed) where no approved encoder is there.

    Raises what the app's end calls for (APP_CRASHED, APP_FAILED, APP_TIMEOUT), VISUAL_OUTPUT, NOT_WRITABLE.
    """
    if model.runtime.name != "embedded":
        return visual_gst.run(model)
    missing = visual.encoder_missing()
    if missing:
        return VisualResult(SKIPPED, missing)
    layout, facts = model.layout, model.get(PreflightFacts)
    frames = model.options.kitti_frames.resolve(whole(0), facts.settings.kitti_frames, KITTI_FRAMES)
    visual.clear(layout.samples, layout.visual_output)
    counted = model.scratch / "visual_kitti"
    config = _write_config(model, facts, counted)
    # the dump of the same run says which frames are worth looking at, and when there are enough of them
    dumped = kitti_dump.dump(model.runtime, config, counted, frames.value, layout.visual_log, what="the visual check")
    visual.require_output(layout.visual_output)
    counts = visual.objects_per_frame(counted)
    samples = visual.save_samples(layout.visual_output, counts, layout.sample_frame)
    shown = layout.given_path(layout.visual_output)
    return VisualResult(EMBEDDED, "", layout.visual_output, shown, dumped.finished, counts, samples)


def _write_config(model: ModelRun, facts: PreflightFacts, counted: Path) -> Path:
    """The kept app config; paths that an ini cannot carry go through links in scratch."""
    layout, links = model.layout, model.scratch
    plan = AppPlan(
        nvinfer_config=app_config.safe_path(layout.nvinfer_config, links),
        video=app_config.safe_path(facts.video.value.path, links, uri=True),
        gpu_id=model.options.gpu_id.value,
        kitti_dir=app_config.safe_path(counted, links),
        output_file=app_config.safe_path(layout.visual_output, links),
    )
    app_config.write_app(layout.visual_app_config, plan)
    return app_config.safe_path(layout.visual_app_config, links)
