"""`dsbench report` and `dsbench export` as users call them."""

from __future__ import annotations

import json
import sys
from dataclasses import replace
from pathlib import Path

import pytest
import yaml

from dsbench import cli
from dsbench.record import store
from dsbench.record.schema import Record
from dsbench.report.step8 import charts, drawing
from tests import finished_records as records
from tests.handover.test_coco import CAR, dump, record_of
from tests.material import write_clip


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """No charts and no PDF: they have tests of their own."""
    monkeypatch.setattr(drawing, "pngs", lambda record: tuple((name, b"PNG") for name in charts.FILES))
    monkeypatch.setitem(sys.modules, "weasyprint", None)


def model_dir(folder: Path, record: Record) -> Path:
    home = folder / "net"
    (home / "reports").mkdir(parents=True)
    store.write(home / "reports" / "benchmark_data.json", record)
    return home


def test_report_from_the_directory_and_from_the_record(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    home = model_dir(tmp_path, records.deepstream())
    assert cli.main(["report", str(home)]) == 0
    out = capsys.readouterr().out
    assert str(home / "reports" / "benchmark_report.md") in out
    assert "no PDF: WeasyPrint" in out
    assert "pip install 'dsbench[report]'" in out
    first = (home / "reports" / "benchmark_report.md").read_text()
    assert cli.main(["report", str(home / "reports" / "benchmark_data.json")]) == 0
    assert (home / "reports" / "benchmark_report.md").read_text() == first


def test_report_with_pdf_fails_without_its_tool(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["report", "--pdf", str(model_dir(tmp_path, records.deepstream()))]) == 1
    assert "[report-tool-missing]" in capsys.readouterr().err


def test_report_of_a_failed_run_names_the_step(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    home = model_dir(tmp_path, records.failed(records.deepstream(), "kitti_gate", "kitti-gate"))
    assert cli.main(["report", str(home)]) == 1
    error = capsys.readouterr().err
    assert "[benchmark-unfinished]" in error
    assert "kitti_gate failed [kitti-gate]" in error
    assert not (home / "reports" / "benchmark_report.md").exists()


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (["report", "nowhere"], "model-dir-missing"),
        (["report", "."], "record-invalid"),
        (["export", "."], "usage"),
        (["export", ".", "--frames", "x", "--model-card"], "usage"),
        (["export", ".", "--model-card"], "record-invalid"),
    ],
)
def test_wrong_calls(
    arguments: list[str], code: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert cli.main(arguments) == 1
    assert f"[{code}]" in capsys.readouterr().err


def test_export_of_coco_with_frames(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    clip = write_clip(tmp_path / "clip.mp4", frames=4)
    record = record_of(3, 1)
    assert record.video is not None
    home = model_dir(tmp_path, _with_video(record, clip))
    (home / "samples").mkdir()
    dump(home / "samples" / "kitti_output", (CAR,), (), ())
    monkeypatch.chdir(tmp_path)
    assert cli.main(["export", "net", "--coco", "out/det.json", "--frames", "out/frames"]) == 0
    assert len(json.loads((tmp_path / "out" / "det.json").read_text())) == 1
    dataset = json.loads((tmp_path / "out" / "det_images.json").read_text())
    names = sorted(path.name for path in (tmp_path / "out" / "frames").iterdir())
    assert names == [image["file_name"] for image in dataset["images"]]


def _with_video(record: Record, clip: Path) -> Record:
    assert record.video is not None
    return replace(record, video=replace(record.video, path=str(clip)))


@pytest.mark.parametrize("name", ["net", 'n"et: [x]\n---'])
def test_model_card(tmp_path: Path, name: str) -> None:
    home = model_dir(tmp_path, records.embedded(name=name))
    assert cli.main(["export", str(home), "--model-card"]) == 0
    text = (home / "reports" / "model_card.md").read_text()
    head = yaml.safe_load(text.split("\n---\n")[0].removeprefix("---\n"))
    assert head["pipeline_tag"] == "object-detection"
    assert head["model_name"].startswith(name[:4])
    assert "car, road sign" in text
    assert "| mAP@0.5:0.95 | 0.4321 on 77 annotated frames |" in text
    assert "not DeepStream" in text
    assert "charts/" not in text


def test_model_card_of_a_failed_run(tmp_path: Path) -> None:
    home = model_dir(tmp_path, records.failed(records.blank(records.deepstream()), "preflight", "preflight"))
    assert cli.main(["export", str(home), "--model-card", str(tmp_path / "card.md")]) == 0
    text = (tmp_path / "card.md").read_text()
    assert "| Verdict of the run | failed, DeepStream" in text
    assert "Throughput" not in text
