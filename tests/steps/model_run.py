"""A model's run as the plugin would hand it to the steps."""

from __future__ import annotations

from pathlib import Path

from dsbench.base.options import Given, Value
from dsbench.model.layout import ModelLayout
from dsbench.runtimes.contract import Runtime
from dsbench.runtimes.select import Selected
from dsbench.steps.model_run import ModelRun, RunOptions
from tests.stand_in_app import StandInRuntime


def model_run(
    layout: ModelLayout,
    clip: Path,
    scratch: Path,
    *,
    runtime: str | Runtime = "embedded",
    prepare: str = "auto",
    replace_results: bool = False,
    **given: str,
) -> ModelRun:
    """``given``: options with their text on the command line (``perf_seconds="1"``)."""
    options = RunOptions(
        model_dirs=(layout.given,),
        model_dirs_origin="command line",
        start=scratch,
        runtime=Value("auto", "test"),
        video=Given("--video", str(clip)),
        kitti_frames=Given("--kitti-frames"),
        min_detection_rate=Given("--min-detection-rate"),
        gpu_id=Value(0, "test"),
        prepare=Value(prepare, "test"),
        replace_results=Value(replace_results, "test"),
        perf_seconds=Given("--perf-seconds", given.get("perf_seconds")),
        perf_interval=Given("--perf-interval", given.get("perf_interval")),
        target_fps=Given("--target-fps", given.get("target_fps")),
        min_streams=Given("--min-streams", given.get("min_streams")),
        limits=Value(given.get("limits", "auto"), "test"),
        sweep=Value("sweep" in given, "test"),
        latency=Value("latency" in given, "test"),
        perf_precision=Given("--perf-precision", given.get("perf_precision")),
    )
    chosen = StandInRuntime((), name=runtime) if isinstance(runtime, str) else runtime
    return ModelRun(layout, options, Selected(chosen, "test"), scratch, announce=lambda text: None)
