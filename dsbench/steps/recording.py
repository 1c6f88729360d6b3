"""Fills a model's record from the results of its steps: figures, options, video, environment."""

from __future__ import annotations

import importlib.metadata
import os
import platform
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from typing import Any

import dsbench
from dsbench.base.environment import COPY_OF, COPY_OF_ROW
from dsbench.base.errors import DsbenchError
from dsbench.base.option_levels import Options
from dsbench.base.options import GPU_ID, OPTIONS, REPLACE_RESULTS
from dsbench.base.os_errors import as_dsbench_error
from dsbench.base.steps import RECORD_KEYS
from dsbench.formats.trtexec import log as trtexec_log
from dsbench.judge.streams import RunFigures
from dsbench.model.facts import PreflightFacts
from dsbench.model.layout import ModelLayout
from dsbench.model.stand_in import is_stand_in
from dsbench.record.recorder import Recorder
from dsbench.record.schema import (
    Figures,
    OptionRecord,
    Record,
    StepRecord,
    StreamFigures,
    TrtexecFigures,
    VideoRecord,
)
from dsbench.runtimes.select import Selected
from dsbench.steps import handover_summary, record_facts, record_files, record_raw
from dsbench.steps.app_run import Telemetry
from dsbench.steps.benchmark_run import MeasuredRun, Measurements
from dsbench.steps.model_run import ModelRun
from dsbench.steps.preflight_engine import PreparedEngine
from dsbench.steps.run1_calibration import Run1CalibrationResult
from dsbench.steps.run2_validation import Run2ValidationResult

_PACKAGES = ("onnx", "onnxruntime", "pytest", "pytest-html", "pytest-dependency", "pytest-xdist")


def recorder(layout: ModelLayout, options: Options, selected: Selected) -> Recorder:
    """A recorder with what is known before the first step."""
    runtime = selected.runtime
    blank = Record(
        model_name=layout.name,
        model_dir=str(layout.root),
        runtime=runtime.name,
        runtime_label=runtime.label,
        dsbench_version=dsbench.__version__,
        session="",
        started="",
        updated="",
        options=option_records(options, {}),
        beyond=dict.fromkeys(RECORD_KEYS),
    )
    return Recorder.of(layout.record, blank, replace_results=options.resolve(REPLACE_RESULTS).value)


def after_step(recorder: Recorder, model: ModelRun | None, step: StepRecord) -> None:
    """Add one step to the record and write it; ``model`` is None if the step was skipped before it started.

    A file that the record describes may have become unreadable: the step is kept, and the record's trouble names it.
    """
    trouble = ""
    if model is not None:
        try:
            refresh(model, recorder)
        except (DsbenchError, OSError) as error:
            found = as_dsbench_error(error)
            trouble = f"the record lacks what came after this: {found.what} ({found.where})"
    recorder.step(step)
    recorder.trouble = recorder.trouble or trouble


def refresh(model: ModelRun, recorder: Recorder) -> None:
    """Update the record from the stored results of ``model``."""
    facts = model.find(PreflightFacts)
    environment = recorder.record.environment or environment_of(model.selected, model.option(GPU_ID).value)
    machine = recorder.record.machine or record_facts.machine(model.runtime, model.option(GPU_ID).value)
    telemetry, measured = model.find(Telemetry), model.find(Measurements)

    def change(record: Record) -> Record:
        record = replace(
            record,
            environment=environment,
            telemetry=telemetry.runs if telemetry else (),
            measurements=measured.runs if measured else (),
            machine=machine,
            raw=record_raw.raw_data(model, record.raw),
        )
        if facts is None:
            return record
        return replace(
            record,
            figures=figures(model),
            video=video(facts),
            options=option_records(model.options, facts.settings.options),
            beyond=model.entries,
            facts=record_facts.facts(model),
            files=record_files.files(model),
            handover=handover_summary.summary(model),
        )

    recorder.update(change)


def figures(model: ModelRun) -> Figures:
    """Step 8's figures, as far as they are known."""
    prepared, facts = model.find(PreparedEngine), model.find(PreflightFacts)
    if prepared is not None:
        facts = prepared.facts
    if facts is None:
        return Figures()
    layout = facts.layout
    known = Figures(
        engine=str(facts.engine.path.relative_to(layout.root)) if facts.engine else None,
        max_bs=facts.max_bs,
        target_fps=facts.target_fps.value,
    )
    if facts.throughput is not None:
        known = replace(
            known,
            bs1=_trtexec(layout, 1, facts.throughput.stand_in),
            bsmax=_trtexec(layout, facts.max_bs, facts.throughput.stand_in),
            peak_gpu_streams=facts.throughput.peak_gpu_streams,
        )
    calibration, validation = model.find(Run1CalibrationResult), model.find(Run2ValidationResult)
    if calibration is not None:
        known = replace(known, run1=_run(calibration.run))
    if validation is not None:
        final: RunFigures = validation.final.figures
        known = replace(
            known,
            run2=_run(validation.final),
            run2_first=_run(validation.run) if validation.retry else None,
            real_time=final.real_time,
            confirmed_streams=validation.benchmark.confirmed_streams,
            every_stream=validation.final.measurement.real_time,
        )
    return known


def video(facts: PreflightFacts) -> VideoRecord:
    """The video and where its path comes from."""
    clip = facts.video.value
    return VideoRecord(
        str(clip.path), facts.video.origin, clip.width, clip.height, clip.fps, clip.frames or None, clip.codec
    )


def option_records(options: Options, settings: Mapping[str, Any]) -> tuple[OptionRecord, ...]:
    """Every effective option with its origin. ``settings``: those of dsbench.toml once it is read."""
    values = ((option.name, options.resolve(option, settings)) for option in OPTIONS if option.recorded)
    return tuple(OptionRecord(name, value.value, value.origin) for name, value in values)


def environment_of(selected: Selected, gpu_id: int = 0) -> tuple[tuple[str, str], ...]:
    """Versions of the runtime's parts, the hardware it uses, the packages that ran the steps; for a run on a copy of a
    model directory, where that lies."""
    found = {version.component: version.version for version in selected.runtime.versions(gpu_id)}
    found.setdefault("Python", platform.python_version())
    for package in _PACKAGES:
        with suppress(importlib.metadata.PackageNotFoundError):
            found.setdefault(package, importlib.metadata.version(package))
    if original := os.environ.get(COPY_OF):
        found[COPY_OF_ROW] = original
    return tuple(found.items())


def _trtexec(layout: ModelLayout, batch: int, made_here: bool) -> TrtexecFigures:
    """The figures of one trtexec log; all None if it is missing, unreadable or the other runtime's."""
    log = layout.trtexec_log(batch)
    if not log.is_file() or is_stand_in(log) != made_here:
        return TrtexecFigures()
    try:
        parsed = trtexec_log.parse(log)
    except DsbenchError:
        return TrtexecFigures()
    images = round(parsed.throughput_qps * batch, 2)
    return TrtexecFigures(parsed.throughput_qps, parsed.gpu_mean_ms, parsed.gpu_p99_ms, images)


def _run(run: MeasuredRun) -> StreamFigures:
    figures = run.figures
    return StreamFigures(figures.streams, figures.total_fps, figures.fps, run.efficiency)
