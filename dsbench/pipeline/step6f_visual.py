"""6f: the single-stream visual check. Embedded: VP9 in webm, drawn by the app; DeepStream's is not made yet."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from dsbench.build import app_config
from dsbench.build.app_config import AppPlan
from dsbench.model.preflight import PreflightFacts
from dsbench.options import whole
from dsbench.runtimes import kitti_dump, visual
from dsbench.runtimes.process import Finished
from dsbench.runtimes.visual import Sample
from dsbench.session import KITTI_FRAMES, ModelRun

MODE = "embedded-vp9"
SKIPPED = "skipped"
NOT_ON_DEEPSTREAM = "6f through GStreamer (nvv4l2h264enc, theoraenc) is not part of this release of dsbench"


@dataclass(frozen=True)
class VisualResult:
    """What 6f came to. ``reason`` says why it was skipped; ``counts`` are the objects drawn on each frame."""

    mode: str
    reason: str = ""
    output: Path | None = None
    shown_output: str = ""
    finished: Finished | None = None
    counts: tuple[int, ...] = ()
    samples: tuple[Sample, ...] = ()

    @property
    def lines(self) -> tuple[str, ...]:
        """What the specification's helper prints."""
        mode = f"DS_SINGLE_STREAM_MODE={self.mode}"
        return (mode, f"DS_SINGLE_STREAM_OUTPUT={self.shown_output}") if self.output else (mode,)


def run(model: ModelRun) -> VisualResult:
    """Draw, encode, pick the frames to look at; skipped (and passed) where no approved encoder is there.

    Raises what the app's end calls for (APP_CRASHED, APP_FAILED, APP_TIMEOUT), VISUAL_OUTPUT, NOT_WRITABLE.
    """
    if model.runtime.name != "embedded":
        return VisualResult(SKIPPED, NOT_ON_DEEPSTREAM)
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
    return VisualResult(MODE, "", layout.visual_output, shown, dumped.finished, counts, samples)


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
