"""``dsbench index``: what it finds, what it shows, and the page in a browser."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from dsbench.cli import main
from dsbench.comparison import rows
from dsbench.comparison.index_command import page
from dsbench.comparison.rows import IndexRow
from dsbench.record import store
from dsbench.report import html
from tests import finished_records
from tests.report import browser
from tests.report.pages import HOSTILE
from tests.report.test_browser import AXE

USE = """
  const shown = () => [...document.querySelectorAll('.dsb-index tbody th')].map(each => each.textContent.trim());
  const head = text => [...document.querySelectorAll('thead button')].find(each => each.textContent === text).click();
  const found = { all: shown().length, first: shown()[0], place: document.getElementById('place').textContent };
  head('FPS, run 1');
  found.fastest = shown()[0];
  head('FPS, run 1');
  found.slowest = shown()[0];
  head('model');
  found.named = shown()[0];
  document.getElementById('next').click();
  found.second = [shown().length, shown()[0]];
  const select = document.getElementById('show');
  select.value = 'failed';
  select.onchange();
  found.failed = shown();
  select.value = '';
  document.getElementById('find').value = 'NET12 embedded';
  document.getElementById('find').oninput();
  found.find = shown().slice(0, 2);
  found.intruders = document.querySelectorAll('img[onerror], iframe, main script').length;
  found.wide = document.documentElement.scrollWidth - document.documentElement.clientWidth;
  return found;
"""


def written(folder: Path, name: str, **parts: object) -> Path:
    """A model directory with a record."""
    path = folder / name / "reports" / "benchmark_data.json"
    made = finished_records.embedded(folder / name, name)
    store.write(path, replace(made, **parts))  # type: ignore[arg-type]
    return path


def made_rows(folder: Path, names: list[str]) -> Iterator[IndexRow]:
    store.write(folder / "a.json", finished_records.embedded())
    one = rows.read(folder / "a.json")
    assert isinstance(one, IndexRow)
    for number, name in enumerate(names):
        color = "failed" if number == 7 else "passed"
        yield replace(one, model=name, answers=replace(one.answers, color=color), total_fps=100.0 + number)


def test_what_is_found_and_left_out(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    models = tmp_path / "models"
    for name in ("b", "a"):
        written(models, name)
    written(models / "deeper" / "still", "c")
    (models / "notes.json").write_text("[1]")
    (models / "loop.json").symlink_to("loop.json")
    found = [path.relative_to(tmp_path) for path in rows.find([models, models / "a", models / "b"])]
    assert [str(path).replace("/reports/benchmark_data.json", "") for path in found] == [
        "models/loop.json", "models/notes.json", "models/a", "models/b", "models/deeper/still/c",
    ]  # fmt: skip
    assert main(["index", str(models), "-o", str(tmp_path / "out.html")]) == 0
    output = capsys.readouterr().out
    assert "out.html: 3 records" in output
    assert "left out: " in output
    assert "3 runs of 3 models" in (tmp_path / "out.html").read_text()
    assert main(["index", str(models / "notes.json"), "-o", str(tmp_path / "no.html")]) == 1


def test_the_values_of_a_row_and_a_failed_run_first(tmp_path: Path) -> None:
    good, bad = written(tmp_path, "good"), written(tmp_path, "wrong")
    store.write(bad, finished_records.failed(store.load(bad), "kitti_gate", "kitti-gate"))
    read = [one for one in map(rows.read, (good, bad)) if isinstance(one, IndexRow)]
    assert (read[0].total_fps, read[0].efficiency, read[0].f1, read[0].map) == (2881.44, 99.2, 0.988, 0.4321)
    assert read[1].failed == "kitti_gate [kitti-gate]"
    shown = page(read, [], tmp_path)
    assert [row.name for row in shown.rows] == ["wrong", "good"]
    assert shown.rows[0].link == "wrong/reports/benchmark_data.json"
    good.with_name("benchmark_report.html").write_text("x")
    assert page(read, [], tmp_path).rows[1].link == "good/reports/benchmark_report.html"


def test_records_of_version_1_and_damaged_ones(tmp_path: Path) -> None:
    path = written(tmp_path, "net")
    data = json.loads(path.read_text())
    del data["answers"], data["machine"], data["raw"]
    path.write_text(json.dumps({**data, "schema_version": 1}))
    old = rows.read(path)
    assert isinstance(old, IndexRow)
    assert old.answers.import_answer
    for damage in ({"steps": 3}, {"steps": [1]}, {"deepstream": None, "model_name": None, "answers": {"color": 1}}):
        path.write_text(json.dumps({**data, **damage}))
        assert isinstance(rows.read(path), rows.Unread) or damage.get("deepstream", 0) is None
    path.write_text("{")
    assert isinstance(rows.read(path), rows.Unread)


@pytest.mark.long
def test_in_a_browser(tmp_path: Path) -> None:
    text = html.index_html(
        page(made_rows(tmp_path, [f"net{number:03d}" for number in range(450)]), [], tmp_path)
    ).decode()
    found = browser.opened(text, tmp_path, USE, 400)
    assert (found["log"], found["requests"], found["intruders"], found["wide"]) == ([], [], 0, 0)
    assert (found["all"], found["first"], found["place"]) == (200, "net007", "1 to 200 of 450 runs")
    assert (found["fastest"], found["slowest"], found["named"]) == ("net449", "net000", "net000")
    assert (found["second"], found["failed"]) == ([200, "net200"], ["net007"])
    assert found["find"] == ["net120", "net121"]


@pytest.mark.long
def test_hostile_names_and_axe(tmp_path: Path) -> None:
    shown = page(made_rows(tmp_path, list(HOSTILE)), [rows.Unread(Path(HOSTILE[0]), HOSTILE[1])], tmp_path)
    axe = browser.find_axe()
    probe = AXE if axe else "return { violations: [] };"
    for dark in (False, True):
        found = browser.opened(html.index_html(shown).decode(), tmp_path / str(dark), probe, script=axe, dark=dark)
        assert (found["violations"], found["log"], found["requests"]) == ([], [], [])
        assert found["title"] == f"dsbench: {len(HOSTILE)} runs of {len(HOSTILE)} models"
