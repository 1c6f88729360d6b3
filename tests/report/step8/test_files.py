"""Step 8's files: charts as PNG, one HTML file, the PDF, and what becomes of older ones."""

from __future__ import annotations

import re
import struct
import sys
import warnings
from pathlib import Path

import pytest

from dsbench.base.errors import Code, DsbenchError
from dsbench.report.step8 import charts, drawing, files, page, sections
from tests import finished_records as records

DRAWN = tuple((name, f"PNG of {name}".encode()) for name in charts.FILES)
NAMES = (
    *("net", "../../x", "a b", "模型", "x" * 255, "-rf", "<img src=x onerror=alert(1)>"),
    *("nul\x00", "bad\udcff", "$x$"),
)


@pytest.fixture
def no_pdf(monkeypatch: pytest.MonkeyPatch) -> None:
    """WeasyPrint is not installed."""
    monkeypatch.setitem(sys.modules, "weasyprint", None)


def test_the_five_charts_are_ten_by_six_inches_at_150_dpi(monkeypatch: pytest.MonkeyPatch) -> None:
    record = records.deepstream(name="$x_1$ 模型 " + "long" * 30)
    monkeypatch.setattr(drawing, "DPI", 50)  # a ninth of the pixels: the layout is the same
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        drawn = drawing.pngs(record)
    assert [name for name, _ in drawn] == list(charts.FILES)
    for _, png in drawn:
        assert png.startswith(b"\x89PNG")
        assert struct.unpack(">II", png[16:24]) == (500, 300)
    assert (drawing.WIDTH_IN, drawing.HEIGHT_IN) == (10, 6)


def test_a_chart_of_figures_that_are_not_known() -> None:
    plan = charts.plans(records.blank(records.embedded()))[1]
    assert [bar.value for bar in plan.panels[0].bars] == [None, None]
    assert plan.panels[0].line is None
    assert drawing.draw(plan).startswith(b"\x89PNG")


def test_without_matplotlib_a_line_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    with pytest.raises(DsbenchError) as error:
        drawing.pngs(records.deepstream())
    assert error.value.code is Code.REPORT_TOOL_MISSING
    assert "pip install matplotlib" in error.value.fix


@pytest.mark.usefixtures("no_pdf")
def test_files_of_a_report(tmp_path: Path) -> None:
    written = files.write(records.deepstream(), tmp_path, DRAWN)
    assert sorted(str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*") if path.is_file()) == [
        "benchmark_report.html",
        "benchmark_report.md",
        *sorted(f"charts/{name}" for name in charts.FILES),
    ]
    assert written.pdf is None
    assert written.pdf_missing is not None
    assert written.pdf_missing.code is Code.REPORT_TOOL_MISSING
    html = written.html.read_text()
    assert len(re.findall(r'src="data:image/png;base64,', html)) == 5
    assert html.count("<h2>") == 12
    assert not re.search(r"<script|(?:src|href)=\"(?!data:)|url\(", html)


@pytest.mark.usefixtures("no_pdf")
@pytest.mark.parametrize("name", NAMES)
def test_names_of_models_are_text_and_safe_file_names(tmp_path: Path, name: str) -> None:
    reports = tmp_path / "reports"
    files.write(records.deepstream(name=name), reports, DRAWN)
    html = (reports / files.HTML).read_text()
    assert "<img src=x" not in html
    assert {path.name for path in tmp_path.iterdir()} == {"reports"}
    pdf = files.pdf_name(name)
    assert re.fullmatch(r"benchmark_report_[A-Za-z0-9._-]+\.pdf", pdf)
    assert len(pdf) < 130
    assert name != "net" or pdf == "benchmark_report_net.pdf"


@pytest.mark.usefixtures("no_pdf")
def test_a_report_of_another_program_moves_to_previous(tmp_path: Path) -> None:
    (tmp_path / "charts").mkdir()
    for name in ("benchmark_report.md", "benchmark_report_net.pdf", "charts/chart_efficiency.png", "mine.md"):
        (tmp_path / name).write_text("theirs")
    files.write(records.deepstream(), tmp_path, DRAWN)
    previous = tmp_path / "previous"
    assert (previous / "benchmark_report.md").read_text() == "theirs"
    assert (previous / "charts" / "chart_efficiency.png").read_text() == "theirs"
    assert (tmp_path / "mine.md").read_text() == "theirs"
    assert not (tmp_path / "benchmark_report_net.pdf").exists()
    files.write(records.embedded(), tmp_path, DRAWN)  # dsbench's own is replaced
    assert (previous / "benchmark_report.md").read_text() == "theirs"
    assert "embedded" in (tmp_path / "benchmark_report.md").read_text()


@pytest.mark.usefixtures("no_pdf")
def test_an_older_report_is_set_aside(tmp_path: Path) -> None:
    files.write(records.deepstream(), tmp_path, DRAWN)
    moved = files.set_aside(tmp_path, "net")
    assert len(moved) == 7
    assert [path.name for path in tmp_path.glob("*.*")] == []


def test_the_pdf_is_a4_with_every_section_and_chart() -> None:
    weasyprint = pytest.importorskip("weasyprint", exc_type=(ImportError, OSError))
    record = records.embedded()
    plan = charts.plans(record)[0]
    png = drawing.draw(plan)
    html = page.html(sections.document(record), dict.fromkeys(charts.FILES, png))
    pages = weasyprint.HTML(string=html).render().pages
    assert {(round(one.width * 25.4 / 96), round(one.height * 25.4 / 96)) for one in pages} == {(210, 297)}
    found = [title for one in pages for _, title, *_ in one.bookmarks]
    assert [title for title in found if title[0].isdigit()] == [
        f"{number}. {section.title}" for number, section in enumerate(sections.document(record).sections, 1)
    ]


def test_the_pdf_reads_no_file(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    pytest.importorskip("weasyprint", exc_type=(ImportError, OSError))
    secret = tmp_path / "picture.png"
    secret.write_bytes(drawing.draw(charts.plans(records.deepstream())[4]))
    content = page.pdf(f'<p>text</p><img src="file://{secret}">')
    assert content.startswith(b"%PDF-")
    assert b"/Image" not in content
