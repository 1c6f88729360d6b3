"""The page as HTML: every text is escaped, and everything can be read without scripts."""

from __future__ import annotations

import re
from pathlib import Path

from dsbench.record.evidence import EvidenceLog, StepFailure
from dsbench.report import html, html_file
from dsbench.report.collector import StepCollector, StepResult
from dsbench.report.page import build
from tests.report import pages

TAG = re.compile(r"<(script|img|iframe|image|details|math|title|style)\b[^>]*")


def test_no_text_becomes_markup() -> None:
    made = html.page_html(pages.page(pages.hostile(), interrupted_in=pages.HOSTILE[1]))
    for name, found in ((one[1], one[0]) for one in TAG.finditer(made)):
        assert name in ("img", "image", "details", "title"), found
        assert "document.title" not in re.sub(r'"[^"]*"', "", found), found
    assert made.count("&lt;script&gt;document.title=1&lt;/script&gt;") > 20
    assert "49" not in re.sub(r"[^ ]*7 \* 7[^ ]*", "", made).split(), "no template of a user's is run"


def test_without_scripts_the_verdict_is_there_and_nothing_is_hidden() -> None:
    made = html.page_html(pages.page(pages.everything()))
    verdict = made[made.index("<noscript>") : made.index("</noscript>")]
    for text in (
        "Is the import right? No: import_parity failed.",
        "How many real-time streams? ",
        "Scripts are off",
    ):
        assert text in verdict, text
    hidden = re.findall(r"<(\w+)[^>]* hidden>", made)
    assert set(hidden) == {"div"}, "only the controls, which need scripts"
    assert hidden == ["div"] * made.count('class="dsb-controls" hidden')


def test_the_proposed_change_is_a_diff_to_copy() -> None:
    made = html.page_html(pages.page(pages.everything()))
    part = made[made.index("Proposed change") : made.index("<b>Then</b>")]
    assert '<pre data-copy tabindex="0" aria-label="c.txt">' in part
    assert '<span class="minus">-topk=1\n</span><span class="plus">+topk=200\n</span>' in part


def test_the_first_part_answers_the_questions() -> None:
    made = html.page_html(pages.page(pages.everything()))
    top = made[: made.index('class="dsb-steps"')]
    for text in (
        *("Is the import right?", "No:", "import_parity failed", "boxes differ", "How many real-time streams?"),
        *("What failed?", "import_parity", "What to do?", "nms-iou-threshold=0.45"),
        *("What was not measured?", "accuracy: no ground truth", "95 % interval 32.0 to 34.0"),
    ):
        assert text in top, text
    assert top.index("What to fix") < top.index("Frames, the worst first") < top.index("Benchmark</h3>")
    assert "frame 4: 2 missed, 2 extra" in top


def test_what_failed_is_open_and_what_passed_is_closed() -> None:
    made = html.page_html(pages.page(pages.everything()))
    assert '<details id="m1-import_parity" open>' in made
    assert '<details id="m1-model_outputs" open>' in made
    assert '<details id="m1-preflight">' in made


def test_without_scripts_nothing_is_missing() -> None:
    made = html.page_html(pages.page(pages.everything()))
    assert "<script" not in made
    assert re.search(r"<noscript>.*No: import_parity failed", made, re.DOTALL)
    assert made.count("<image href=") == 2
    assert "<option" in made
    assert '<div class="dsb-controls" hidden>' in made, "controls appear with the script"


def test_charts_have_title_description_and_numbers() -> None:
    made = html.page_html(pages.page(pages.everything()))
    charts = re.findall(r'<figure class="dsb-chart"><svg.*?</figure>', made, re.DOTALL)
    assert len(charts) == 4
    for chart in charts:
        assert re.search(r"<title>[^<]+</title>", chart)
        assert "<table" in chart
        assert 'role="img"' in chart


def test_a_partial_run_is_never_called_right() -> None:
    done = pages.passed("preflight")
    made = html.page_html(pages.page([done, pages.skipped("kitti_gate", "x did not run")]))
    assert "did not run" in made
    assert 'class="dsb-verdict amber"' in made


def test_what_to_run_next_is_open() -> None:
    log = pages.log("report")
    log.shell("# then", "pytest")
    made = html.page_html(pages.page([pages.result(log.snapshot())]))
    assert "<details open><summary>What to run next" in made


def test_every_fact_is_on_the_page() -> None:
    made = html.page_html(pages.page([pages.passed("preflight", ("ONNX sha256", "757a", "of the file"))]))
    assert all(text in made for text in ("ONNX sha256", "757a", "of the file"))


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
    assert report.written
    assert report.path.read_text().startswith("name \N{REPLACEMENT CHARACTER}")


def test_an_interrupt_in_the_first_step_is_on_a_page_and_the_older_one_stays(tmp_path: Path) -> None:
    collector = StepCollector()
    collector.running = "preflight of models/m"
    report = html_file.ReportFile(tmp_path / "r.html", collector)
    report.path.write_text("older")
    report.write("new")
    assert report.written
    assert report.kept is not None
    assert report.kept.read_text() == "older"
    page = html.page_html(build.page_of((), build.Session(tmp_path, "today", collector.running)))
    assert "Interrupted in preflight of models/m" in page
    assert "No step had ended." in page


def test_a_report_that_cannot_be_written_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    passed = StepResult(EvidenceLog("preflight", "m", "k", "e").snapshot(), "passed", 1, "")
    report = html_file.ReportFile(tmp_path / "file" / "r.html", StepCollector([passed]))
    report.write("new")
    assert not report.written
    assert report.trouble.startswith("the report was not written: [not-writable] cannot write r.html")
    assert "\n" not in report.trouble
