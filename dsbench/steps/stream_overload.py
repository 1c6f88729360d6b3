"""Very many streams: the machine's limits before a run, and a run that did not come up with them."""

from __future__ import annotations

import os
import shlex
from dataclasses import replace
from pathlib import Path

from dsbench.base import logs, machine_limits, places
from dsbench.base.errors import Code, DsbenchError
from dsbench.base.options import GPU_ID
from dsbench.formats.failures import app as app_failures
from dsbench.judge.run import stream_limits
from dsbench.judge.run.reasons import stalled_stream
from dsbench.judge.run.stream_limits import MachineLimits
from dsbench.machine import hardware
from dsbench.model.facts import PreflightFacts
from dsbench.record.raw import TOO_MANY
from dsbench.runtimes.perf_run import PerfRun
from dsbench.steps.app_run import AppRuns, Telemetry
from dsbench.steps.model_run import ModelRun


def exceeded(model: ModelRun, streams: int) -> tuple[str, ...]:
    """The limits of this machine that deepstream-app is likely to exceed; none on the embedded runtime."""
    if model.runtime.name != "deepstream" or streams < stream_limits.MANY:
        return ()
    clip, gpu = model.get(PreflightFacts).video.value, hardware.gpu(model.option(GPU_ID).value)
    found = MachineLimits(
        machine_limits.open_files(),
        machine_limits.threads(),
        machine_limits.memory_maps(),
        machine_limits.available_mib(),
        (gpu.memory_mib or None) if gpu else None,
        clip.width * clip.height * 3 // 2,
    )
    return stream_limits.exceeded(streams, found)


def likely(error: DsbenchError, perf: PerfRun) -> bool:
    """Whether a run failed because it had too many streams; not while nvinfer built an engine."""
    known = app_failures.find(logs.lines_to_search(perf.plan.log))
    frames = any(any(row) for row in perf.windows.fps)
    if perf.console.build_began and not frames:
        return False
    return stream_limits.likely(error.code, perf.plan.streams, frames=frames, failure=known.id if known else "")


def require_started(perf: PerfRun, name: str) -> None:
    """Raise APP_TIMEOUT if many of very many streams never started or stalled."""
    count, stalled = perf.plan.streams, stalled_stream.stalled(perf.windows)
    if count >= stream_limits.MANY and len(stalled) >= stream_limits.MUCH * count:
        raise DsbenchError(
            Code.APP_TIMEOUT,
            f"DS {name}: {len(stalled)} of {count} streams never started or stalled to the end of the run",
            where=shlex.join(perf.finished.command),
            fix="use fewer streams; read the log to see what they wait for",
        )


def rename_last(model: ModelRun, name: str) -> str:
    """Name the model's last run in the record as one with too many streams; returns that name."""
    named = f"{name}{TOO_MANY}"
    runs, telemetry = model.get(AppRuns).runs, model.get(Telemetry).runs
    log = _set_aside(Path(model.layout.root, runs[-1].log))
    last = replace(runs[-1], name=named, log=os.path.relpath(log, model.layout.root))
    model.keep(AppRuns((*runs[:-1], last)))
    model.keep(Telemetry((*telemetry[:-1], replace(telemetry[-1], name=named))))
    return named


def _set_aside(log: Path) -> Path:
    """``ds_s<N>_run1.log`` becomes ``ds_s<N>_run1_too_many.log``: Step 8 reads the first ``*_run1.log``."""
    kept = log.with_name(f"{log.stem}_too_many.log")
    places.move(log, kept)
    return kept


def explained(error: DsbenchError, known: tuple[str, ...]) -> DsbenchError:
    """The error with the limits that it is likely to be about."""
    fix = "\n".join((*known, error.fix))
    return DsbenchError(error.code, error.what, where=error.where, fix=fix)
