"""A ModelRun as the plugin creates it."""

from __future__ import annotations

from pathlib import Path

from dsbench.base import option_levels
from dsbench.model.layout import ModelLayout
from dsbench.runtimes.contract import Runtime
from dsbench.runtimes.select import Selected
from dsbench.steps.model_run import ModelRun
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
    texts = {name.replace("_", "-"): text for name, text in given.items()}
    texts |= {"video": str(clip), "prepare": prepare}
    flags = {"replace-results": replace_results or None}
    chosen = StandInRuntime((), name=runtime) if isinstance(runtime, str) else runtime
    return ModelRun(layout, option_levels.read({**texts, **flags}), Selected(chosen, "test"), scratch, scratch)
