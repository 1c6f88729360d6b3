"""``dsbench lint``: what is printed, JSON, exit status, files that are skipped."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from dsbench import cli
from dsbench.build.nvinfer_config import NvinferPlan, write_nvinfer
from dsbench.judge.lint import kind
from dsbench.judge.lint.kind import ConfigKind

GOOD = "[property]\nonnx-file=a.onnx\nnetwork-mode=2\ngie-unique-id=1\ncluster-mode=2\nnum-detected-classes=2\n"
GOOD += "model-engine-file=a.onnx_b1_gpu0_fp16.engine\n"
APP = "[application]\n[source0]\nenable=1\ntype=2\nuri=/x.mp4\n[sink0]\nenable=1\n[streammux]\nwidth=9\nheight=9\n"


def test_lines_for_editors(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("pgie.txt").write_text(GOOD + "foo=1\ninterval=2\n")
    assert cli.main(["lint", "pgie.txt"]) == 1
    assert capsys.readouterr().out.splitlines() == [
        "pgie.txt:8: warning: unknown-key: foo in [property] is a legacy or unknown key: nvinfer ignores it with a "
        "warning",
        "    fix: remove it, or correct its spelling",
        "pgie.txt:9: note: interval: interval=2: 2 of 3 batches are not inferred, their frames have no detections "
        "without a tracker",
        "    fix: set interval=0, or add a [tracker] to the app config",
        "1 file checked: 1 warning, 1 note",
    ]


def test_notes_do_not_fail(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "pgie.txt"
    path.write_text(GOOD + "interval=2\n")
    assert cli.main(["lint", str(path)]) == 0
    assert cli.main(["lint", "--no-notes", str(path)]) == 0
    assert capsys.readouterr().out.splitlines()[-1] == "1 file checked: nothing found"


def test_json(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "app.txt"
    path.write_text(APP)
    assert cli.main(["lint", "--json", str(path)]) == 1
    answer = json.loads(capsys.readouterr().out)
    (wrong,) = [row for row in answer["findings"] if row["severity"] == "warning"]
    assert (wrong["file"], wrong["line"], wrong["rule"]) == (str(path), 5, "uri-scheme")
    assert wrong["docs"] == "docs/lint.md#uri-scheme"


def test_other_files_are_skipped(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "labels.txt").write_text("car\nperson\n")
    (tmp_path / "good.txt").write_text(GOOD)
    assert cli.main(["lint", str(tmp_path / "labels.txt"), str(tmp_path / "good.txt")]) == 0
    assert "labels.txt: skipped" in capsys.readouterr().out
    assert cli.main(["lint", str(tmp_path / "absent.txt")]) == 1
    assert "absent.txt: error: unreadable: the file cannot be read: No such file" in capsys.readouterr().out


def test_a_refused_file_names_its_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "pgie.txt"
    path.write_text(GOOD.replace("cluster-mode=2", "cluster-mode=7"))
    assert cli.main(["lint", str(path)]) == 1
    first = capsys.readouterr().out.splitlines()[0]
    assert first == f"{path}:5: error: unreadable: Error. Invalid value for 'cluster-mode':'7'"


@pytest.mark.parametrize(
    ("name", "text", "expected"),
    [
        ("a.txt", GOOD, ConfigKind.NVINFER),
        ("a.txt", GOOD.replace("[property]", "[propery]"), ConfigKind.NVINFER),
        ("a.txt", "\ufeff" + GOOD, ConfigKind.NVINFER),
        ("a.txt", "property:\n  onnx-file: a\n  network-mode: 2\n", ConfigKind.NVINFER),
        ("a.yml", "property:\n  onnx-file: a\n", ConfigKind.NVINFER),
        ("a.yml", "property:\n\tonnx-file: a\n\tnetwork-mode: 2\n", ConfigKind.NVINFER),
        ("a.txt", APP, ConfigKind.APP),
        ("a.txt", APP.replace("[sink0]", "[sink0"), ConfigKind.APP),
        ("a.yml", "application:\n  a: 1\nsource:\n  csv-file-path: s.csv\n", ConfigKind.APP),
        ("a.yml", "application:\n  a: 1\nsource:\n  location: x.mp4\n", ConfigKind.OTHER),
        ("a.txt", "[property]\ntarget-unique-ids=1\nnetwork-input-shape=1;3;9;9\n", ConfigKind.OTHER),
        ("a.yml", "property:\n  gpu-id: 0\n  network-type: 4\n", ConfigKind.OTHER),
        ("a.txt", "[property]\nalgorithm-type=1\nbatch-size=4\n", ConfigKind.OTHER),
        ("a.txt", "[property]\nenable=1\n[line-crossing-stream-0]\nenable=1\n", ConfigKind.OTHER),
        ("a.txt", "person\ncar\n", ConfigKind.UNREADABLE),
        ("a.yml", "- a\n- b\n", ConfigKind.OTHER),
        ("a.txt", "", ConfigKind.OTHER),
    ],
)
def test_kinds(tmp_path: Path, name: str, text: str, expected: ConfigKind) -> None:
    path = tmp_path / name
    path.write_text(text)
    assert kind.recognise(path) is expected


def test_what_dsbench_writes_is_clean(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "config_infer_primary_x.txt"
    plan = NvinferPlan("../x.onnx", "../x_b1.engine", "labels.txt", "../p.so", "NvDsInferParseCustomX", 3, (3, 64, 64))
    write_nvinfer(path, plan)
    assert cli.main(["lint", str(path)]) == 0
    assert capsys.readouterr().out == "1 file checked: nothing found\n"
