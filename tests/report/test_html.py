"""Rows and summary of the HTML report: every text is escaped."""

from __future__ import annotations

from pathlib import Path

from dsbench.record.evidence import EvidenceLog, GridColumn, Picture, PictureGrid, StepFailure
from dsbench.report import html, html_file
from dsbench.report.collector import StepCollector, StepResult

HOSTILE = "<script>alert('x')</script>\"&"


def hostile_log() -> EvidenceLog:
    log = EvidenceLog("kitti_gate", HOSTILE, "key", HOSTILE)
    log.fact(HOSTILE, HOSTILE, HOSTILE)
    log.note(HOSTILE)
    log.warn(HOSTILE)
    log.table(HOSTILE, (HOSTILE,), [(HOSTILE,)])
    log.command(HOSTILE)
    log.text(HOSTILE, HOSTILE)
    log.inconclusive(HOSTILE, HOSTILE, HOSTILE)
    picture = Picture(HOSTILE, "image/jpeg", "AAAA")
    log.grid(PictureGrid(HOSTILE, (GridColumn(HOSTILE, HOSTILE, HOSTILE, (picture,)),)))
    log.failure = StepFailure(HOSTILE, HOSTILE, HOSTILE, HOSTILE)
    log.skipped_for = HOSTILE
    return log


def test_a_row_escapes_everything() -> None:
    page = html.step_html(hostile_log().snapshot())
    assert "<script>" not in page
    assert page.count("&lt;script&gt;") >= 22


def test_the_summary_escapes_everything() -> None:
    page = html.summary_html([StepResult(hostile_log().snapshot(), "failed", 1.0, HOSTILE)], HOSTILE)
    assert "<script>" not in page
    assert "No: kitti_gate failed" in page


def test_the_summary_never_calls_a_partial_run_right() -> None:
    done = EvidenceLog("preflight", "m", "k", "embedded").snapshot()
    skipped = EvidenceLog("kitti_gate", "m", "k", "embedded", skipped_for="x did not run").snapshot()
    page = html.summary_html([StepResult(done, "passed", 1, ""), StepResult(skipped, "skipped", 0, "")], "")
    assert "did not run" in page
    assert 'class="dsb-verdict amber"' in page
    assert "Yes, as far" not in page


def test_charts_are_pictures_and_their_numbers_stay_readable() -> None:
    log = EvidenceLog("run1_calibration", "m", "k", "embedded")
    log.table("FPS of each stream over time, Run 1 at 2 streams", ("seconds", "stream 0", "stream 1"), [(1, 30, 29)])
    page = html.step_html(log.snapshot(), 30.0)
    assert page.count("data:image/svg+xml;base64,") == 1
    assert "<td>29</td>" in page
    assert "<svg" not in page


def test_commands_and_long_tables_are_folded() -> None:
    log = EvidenceLog("kitti_gate", "m", "k", "embedded")
    log.command("app", "-c", "x y.txt")
    log.table("long", ("n",), [(n,) for n in range(30)])
    log.table("short", ("n",), [(1,)])
    page = html.step_html(log.snapshot())
    assert page.count("<details>") == 2
    assert "app -c &#39;x y.txt&#39;" in page


def test_what_to_run_next_is_open() -> None:
    log = EvidenceLog("report", "m", "k", "embedded")
    log.shell("# then", "pytest")
    assert "<details open><summary>What to run next" in html.step_html(log.snapshot())


def test_a_report_is_written_whole_or_not_at_all(tmp_path: Path) -> None:
    collector = StepCollector()
    report = html_file.ReportFile(tmp_path / "r.html", collector)
    report.path.write_text("older")
    report.write("new")
    assert report.path.read_text() == "older", "no step was executed"
    log = EvidenceLog("preflight", "m", "k", "embedded")
    log.failure = StepFailure("directory-busy", "", "", "")
    collector.results.append(StepResult(log.snapshot(), "failed", 1, ""))
    report.write("new")
    assert (report.path.read_text(), report.written) == ("older", False)
    collector.results.append(StepResult(EvidenceLog("preflight", "m", "other", "e").snapshot(), "passed", 1, ""))
    report.write("name \udcff")
    assert (report.path.read_text(), report.written) == ("name ?", True)


def test_a_report_that_cannot_be_written_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    passed = StepResult(EvidenceLog("preflight", "m", "k", "e").snapshot(), "passed", 1, "")
    report = html_file.ReportFile(tmp_path / "file" / "r.html", StepCollector([passed]))
    report.write("new")
    assert not report.written
    assert report.trouble.startswith("the report was not written: cannot write r.html")
    assert "\n" not in report.trouble
