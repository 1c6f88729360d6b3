"""Step 8: its report, the charts of the page, the record read back, the pictures of 6f."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from dsbench.base import places
from dsbench.base.errors import Code, DsbenchError
from dsbench.base.files import replace_file
from dsbench.model.facts import PreflightFacts
from dsbench.model.layout import ModelLayout
from dsbench.record import store
from dsbench.record.evidence import EvidenceLog
from dsbench.record.schema import Record
from dsbench.report import charts, figures
from dsbench.report.figures import ChartSeries
from dsbench.steps import next_commands, proposed_change, step8_report
from dsbench.steps.benchmark_run import MeasuredRun
from dsbench.steps.model_run import ModelRun
from dsbench.steps.run1_calibration import Run1CalibrationResult
from dsbench.steps.run2_validation import Run2ValidationResult
from dsbench.steps.step8_report import Step8Result
from dsbench.steps.visual_result import VisualValidationResult

_CHARTS = ("fps_run1.svg", "fps_run2.svg", "capacity.svg")
_FIX = "free the disk (df -h), make the model directory writable, run again"


@dataclass(frozen=True)
class ReportResult:
    """The files that Step 8 reads."""

    record: Record | None
    """None if this run must not replace the record in the directory."""
    charts: tuple[Path, ...]
    pictures: tuple[Path, ...]
    step8: Step8Result | None = None
    """None if this run must not replace the record in the directory."""


def run(model: ModelRun, log: EvidenceLog) -> ReportResult:
    """Draw the charts, read the record back, write Step 8's report, show the next commands.

    Raises REPORT_INCOMPLETE, RECORD_INVALID, NOT_WRITABLE.
    """
    log.shell(*next_commands.shell_lines(model))
    proposed_change.add_evidence(log, model)
    result = _checked(model)
    add_evidence(log, model.layout, result)
    return result


def _checked(model: ModelRun) -> ReportResult:
    recorder = model.recorder
    assert recorder is not None, "the plugin gives every model a recorder"
    if recorder.state.path == "" or not model.layout.root.is_dir():
        return ReportResult(None, (), ())
    if recorder.trouble:
        raise DsbenchError(Code.REPORT_INCOMPLETE, recorder.trouble, fix=_FIX)
    drawn = _draw(model)
    record = store.load(model.layout.record)
    missing = []
    if record.session != recorder.record.session:
        missing.append(f"{model.layout.record.name} is from an older run")
    elif len(record.steps) != len(recorder.record.steps):
        missing.append(f"{model.layout.record.name} lacks the last steps")
    if model.find(Run2ValidationResult) is not None and record.figures.run2.total_fps is None:
        missing.append("the record has no figures of run 2")
    pictures = _pictures(model)
    missing += [f"{path.name} is missing or empty" for path in (*drawn, *pictures) if not _holds_something(path)]
    if missing:
        raise DsbenchError(
            Code.REPORT_INCOMPLETE,
            "; ".join(missing),
            where=str(model.layout.reports),
            fix=_FIX,
        )
    return ReportResult(record, drawn, pictures, step8_report.make(model))


def _draw(model: ModelRun) -> tuple[Path, ...]:
    """Draw the charts of this session's runs; returns their paths."""
    calibration, validation = model.find(Run1CalibrationResult), model.find(Run2ValidationResult)
    runs: list[tuple[str, MeasuredRun]] = []
    if calibration is not None:
        runs.append(("run1", calibration.run))
    if validation is not None:
        runs.append(("run2", validation.final))
    drawn = []
    for name, run in runs:
        windows = run.perf.windows
        title = f"FPS of each stream, {name} at {windows.streams} streams on {model.runtime.name}"
        svg = figures.fps_over_time(ChartSeries(title, windows.at_s, windows.fps), run.figures.target_fps)
        drawn.append(_write(model.layout.charts / f"fps_{name}.svg", svg))
    recorder = model.recorder
    capacity = charts.capacity_svg(recorder.record.figures) if recorder is not None else None
    if capacity is not None:
        drawn.append(_write(model.layout.charts / "capacity.svg", capacity))
    if model.find(PreflightFacts) is not None:  # else the charts belong to the record of the earlier run, which is kept
        _remove_others(model.layout.charts, drawn)
    return tuple(drawn)


def _remove_others(folder: Path, drawn: Sequence[Path]) -> None:
    """Remove charts of an older run that this run has not drawn: they do not belong to its record."""
    for path in (folder / name for name in _CHARTS):
        if path not in drawn:
            with suppress(OSError):
                places.remove(path)


def _write(path: Path, svg: str) -> Path:
    replace_file(path, svg.encode())
    return path


def _pictures(model: ModelRun) -> tuple[Path, ...]:
    visual = model.find(VisualValidationResult)
    if visual is None:
        return ()
    frames = tuple(model.layout.sample_frame(sample.frame) for sample in visual.samples)
    return (visual.output, *frames) if visual.output else frames


def _holds_something(path: Path) -> bool:
    try:
        return path.stat().st_size > 0
    except OSError:
        return False


def add_evidence(log: EvidenceLog, layout: ModelLayout, result: ReportResult) -> None:
    """Paths of the record, the charts and the pictures."""
    if result.record is None:
        log.note("this run wrote no record: the directory holds results that it must not replace")
        return
    log.fact("Record", layout.given_path(layout.record), f"{len(result.record.steps)} steps, {result.record.verdict}")
    for kind, paths in (("Charts", result.charts), ("Video and frames", result.pictures)):
        log.fact(kind, ", ".join(layout.given_path(path) for path in paths) or "none")
    if result.step8 is not None:
        step8_report.add_evidence(log, layout, result.step8)
