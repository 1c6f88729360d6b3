"""``dsbench index``: what it finds, what it shows, and the page in a browser."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from dsbench.base.text import visible
from dsbench.cli import main
from dsbench.comparison import index_page, rows
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
  const place = () => document.getElementById('place').textContent;
  const sorts = () => [...document.querySelectorAll('th[aria-sort]')].map(each => each.getAttribute('aria-sort'));
  const button = text => [...document.querySelectorAll('button')].find(each => each.textContent.includes(text));
  const found = { all: shown().length, first: shown().slice(0, 2), place: place() };
  button('FPS, run 1').click();
  found.fastest = [shown()[0], location.hash, ...sorts()];
  button('FPS, run 1').click();
  found.slowest = [shown()[0], location.hash, ...sorts()];
  button('verdict').click();
  found.worst = shown().slice(0, 3);
  button('model').click();
  found.named = shown()[0];
  document.getElementById('next').click();
  found.second = [shown().length, shown()[0], location.hash];
  button('1 failed').click();
  found.failed = [shown(), place()];
  button('1 INVALID').click();
  found.bad = [shown(), location.hash, button('1 failed').getAttribute('aria-pressed')];
  button('1 failed').click();
  button('1 INVALID').click();
  document.getElementById('find').value = 'NET12 embedded';
  document.getElementById('find').oninput();
  found.find = [shown().slice(0, 2), location.hash];
  location.hash = '#find=net&show=passed,nonsense&sort=fps&page=99';
  await new Promise(done => { setTimeout(done, 50); });
  found.link = [shown().at(-1), place(), document.getElementById('find').value, ...sorts()];
  location.hash = '#show=%3Cimg%3E&sort=constructor&page=-1';
  await new Promise(done => { setTimeout(done, 50); });
  found.odd = place();
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


def made_page(folder: Path, names: list[str], unread: tuple[str, ...] = ()) -> str:
    """The page of as many runs as names: the one of place 7 failed, that of place 8 could not be run."""
    store.write(folder / "a.json", finished_records.embedded())
    one = rows.read(folder / "a.json")
    assert isinstance(one, IndexRow)
    row = index_page.of_record(one, "a.json", "node-1")
    made = [
        replace(row, name=name, color={7: "failed", 8: "invalid"}.get(number, "passed"), total_fps=100.0 + number)
        for number, name in enumerate(names)
    ]
    html.write_index(index_page.page(made, unread, "dsbench index"), folder / "page.html")
    return (folder / "page.html").read_text(encoding="utf-8")


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
    assert [failure.code for failure in read[1].failures if failure] == ["kitti-gate"]
    good.with_name("benchmark_report.html").write_text("x")
    shown = page(iter([good, bad]), [], tmp_path).rows
    assert [row.name for row in shown] == ["wrong", "good"]
    assert [row.link for row in shown] == [
        "wrong/reports/benchmark_data.json",
        "good/reports/benchmark_report.html",
    ]


def test_why_a_run_has_no_end(tmp_path: Path) -> None:
    path = written(tmp_path, "net")
    cut = []
    for parts in ({}, {"ended": None}, {"ended": None, "interrupted_in": "run1_calibration"}):
        store.write(path, replace(finished_records.embedded(), **{"ended": "2026-01-01T00:00:00+00:00", **parts}))
        one = rows.read(path)
        assert isinstance(one, IndexRow)
        cut.append(one.cut)
    assert cut == ["", "the run did not end", "the run was interrupted in run1_calibration"]


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


def test_the_rows_of_the_page_as_data_are_safe_and_complete(tmp_path: Path) -> None:
    text = made_page(tmp_path, [*HOSTILE, *(f"net{number}" for number in range(250))])
    data = text.partition('<script type="application/json" id="rows">')[2].partition("</script>")[0]
    assert not set("<>&") & set(data)
    read = json.loads(data)
    assert {row[2] for row in read} >= {visible(name) for name in HOSTILE if name != ""}
    assert len(read) == len(HOSTILE) + 250
    assert text.count("<tr class=") == 200
    assert "the first 200 of 282 runs are below" in text


@pytest.mark.long
def test_in_a_browser(tmp_path: Path) -> None:
    found = browser.opened(made_page(tmp_path, [f"net{number:03d}" for number in range(450)]), tmp_path, USE, 400)
    assert "log" in found, found
    assert (found["log"], found["requests"], found["intruders"], found["wide"]) == ([], [], 0, 0)
    assert (found["all"], found["first"], found["place"]) == (200, ["net007", "net008"], "1 to 200 of 450 runs")
    assert found["fastest"] == ["net449", "#sort=fps&down=1", "descending"]
    assert found["slowest"] == ["net000", "#sort=fps", "ascending"]
    assert (found["worst"], found["named"]) == (["net007", "net008", "net000"], "net000")
    assert found["second"] == [200, "net200", "#sort=model&page=2"]
    assert found["failed"] == [["net007"], "1 to 1 of 1 run, of 450 in all"]
    assert found["bad"] == [["net007", "net008"], "#show=failed%2Cinvalid&sort=model", "true"]
    assert found["find"] == [["net120", "net121"], "#find=NET12+embedded&sort=model"]
    assert found["link"] == ["net449", "401 to 448 of 448 runs, of 450 in all", "net", "ascending"]
    assert found["odd"] == "1 to 200 of 450 runs"


@pytest.mark.long
def test_hostile_names_and_axe(tmp_path: Path) -> None:
    text = made_page(tmp_path, list(HOSTILE), (f"{HOSTILE[0]}: {HOSTILE[1]}",))
    axe = browser.find_axe()
    probe = AXE if axe else "return { violations: [] };"
    for dark in (False, True):
        found = browser.opened(text, tmp_path / str(dark), probe, script=axe, dark=dark)
        assert (found["violations"], found["log"], found["requests"]) == ([], [], [])
        assert found["title"] == f"dsbench: {len(HOSTILE)} runs of {len(HOSTILE)} models"
