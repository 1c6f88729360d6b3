"""The step ``report``: no files of an older run next to the record."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from dsbench.model.layout import ModelLayout
from dsbench.record.evidence import EvidenceLog
from dsbench.record.schema import StepRecord
from dsbench.steps import recording, report
from tests.steps.model_run import model_run


def test_a_run_without_figures_sets_the_older_report_aside(tmp_path: Path) -> None:
    layout = ModelLayout.at("net", tmp_path)
    layout.reports.mkdir(parents=True)
    (layout.reports / "benchmark_report.md").write_text("older")
    model = model_run(layout, tmp_path / "clip.mp4", tmp_path)
    recorder = recording.recorder(layout, model.options, model.selected)
    recorder.step(StepRecord(EvidenceLog("model_outputs", "net", "k", "embedded").snapshot(), "failed", 1.0))
    log = EvidenceLog("report", "net", "k", "embedded")
    result = report.run(replace(model, recorder=recorder), log)
    assert result.record is not None
    assert result.charts == ()
    assert not (layout.reports / "benchmark_report.md").exists()
    assert (layout.reports / "previous" / "benchmark_report.md").read_text() == "older"
    assert "model_outputs failed" in log.snapshot().notes[0]


def test_charts_of_an_older_run_are_removed(tmp_path: Path) -> None:
    for name in ("fps_run1.svg", "fps_run2.svg", "capacity.svg", "mine.svg"):
        (tmp_path / name).write_text("older")
    report._remove_others(tmp_path, [tmp_path / "fps_run1.svg"])
    assert sorted(path.name for path in tmp_path.iterdir()) == ["fps_run1.svg", "mine.svg"]
