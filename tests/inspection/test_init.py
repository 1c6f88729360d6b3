"""``dsbench init``: the directory it lays out, where each file is from, and that it is all or nothing."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import onnx
import pytest

from dsbench import cli
from dsbench.formats import labels as label_file
from dsbench.inspection import new_settings
from dsbench.model import settings as settings_file
from dsbench.model.coco import COCO80, COCO91
from tests import onnx_zoo as zoo
from tests.inspection.material import with_metadata, yolox
from tests.material import write_clip

NAMES = "{0: 'car', 1: 'traffic light', 2: 'dog'}"


def init(target: Path | str, model: Path, *more: str) -> int:
    return cli.main(["init", str(target), "--onnx", str(model), *more])


def files_in(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


def test_the_command_lays_a_directory_out_that_the_suite_takes(tmp_path: Path) -> None:
    model, clip = with_metadata(yolox(tmp_path / "x y.onnx"), names=NAMES), write_clip(tmp_path / "c.mp4")
    target = "models/a 模型"
    command = [sys.executable, "-m", "dsbench.cli", "init", target, "--onnx", model.name, "--video", clip.name]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False, timeout=120)
    assert (done.returncode, done.stderr) == (0, "")
    made = tmp_path / target
    assert files_in(made) == ["config/labels.txt", "dsbench.toml", "model/x y.onnx"]
    assert (made / "config" / "labels.txt").read_text() == "car\ntraffic light\ndog\n"
    assert settings_file.load(made / "dsbench.toml").options["video"] == str(clip)
    assert "3 names from ONNX metadata: names" in done.stdout
    assert f"copied from {model}" in done.stdout
    assert done.stdout.splitlines()[-1] == "next: pytest '--model-dir=models/a 模型'"
    assert made.stat().st_mode & 0o777 == (made / "model").stat().st_mode & 0o777
    run = [sys.executable, "-m", "pytest", f"--model-dir={target}", "-q", "--prepare=never", "-k", "preflight"]
    suite = Path(__file__).resolve().parents[2] / "tests_pipeline"
    checked = subprocess.run([*run, str(suite)], cwd=tmp_path, capture_output=True, text=True, check=False, timeout=120)
    assert checked.returncode == 0, checked.stdout


@pytest.mark.parametrize(
    ("asked", "lines"),
    [(None, None), ("coco80", COCO80), ("coco91", COCO91), ("names.txt", ("a", "b c", "d"))],
)
def test_labels_are_what_was_asked_for_and_never_a_default_list(
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    asked: str | None,
    lines: tuple[str, ...] | None,
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("names.txt").write_bytes(b"\xef\xbb\xbfa\r\nb c\r\nd")
    assert init("m", yolox(tmp_path / "x.onnx"), *(("--labels", asked) if asked else ())) == 0
    output, labels = capsys.readouterr().out, Path("m", "config", "labels.txt")
    if lines is None:
        assert not labels.exists()
        assert "config/labels.txt        not written" in output
        assert "first: write one class name per line" in output
        return
    read = label_file.read(labels)
    assert read.lines == lines
    assert asked in output
    assert ("the head has 3 classes" in output) == (len(lines) != 3)
    assert ("a byte order mark (BOM) was left out" in output) == (asked == "names.txt")
    if asked == "names.txt":
        assert read.warnings == ()


@pytest.mark.parametrize(
    ("data", "says"), [(b"\n\n", "holds no class name"), ("\ufeffa\nb\n".encode("utf-16"), "UTF-16")]
)
def test_a_label_file_without_names_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], data: bytes, says: str
) -> None:
    (tmp_path / "names.txt").write_bytes(data)
    assert init(tmp_path / "m", yolox(tmp_path / "x.onnx"), "--labels", str(tmp_path / "names.txt")) == 1
    assert says in capsys.readouterr().err
    assert not (tmp_path / "m").exists()


def test_labels_in_another_order_than_the_models_are_an_error_finding(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "sorted.txt").write_text("car\ndog\ntraffic light\n")
    model = with_metadata(yolox(tmp_path / "x.onnx"), names=NAMES)
    assert init(tmp_path / "m", model, "--labels", str(tmp_path / "sorted.txt")) == 0
    assert "error     [label-order]" in capsys.readouterr().out
    assert (tmp_path / "m" / "config" / "labels.txt").read_text() == "car\ndog\ntraffic light\n"  # as it was asked


def test_a_finding_does_not_keep_the_directory_from_being_made(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    model = zoo.detector(tmp_path / "x.onnx", head=np.ones((1, 1, 1000), np.float32))
    assert init(tmp_path / "m", model) == 0
    assert "error     [" in capsys.readouterr().out
    assert (tmp_path / "m" / "model" / "x.onnx").is_file()


def test_names_that_no_label_file_can_hold_become_names_that_it_can(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    model = with_metadata(yolox(tmp_path / "x.onnx"), names=r"{0: 'a\nb', 1: '', 2: 'c;d'}")
    assert init(tmp_path / "m", model) == 0
    assert (tmp_path / "m" / "config" / "labels.txt").read_text() == "a\N{REPLACEMENT CHARACTER}b\nclass_1\nc,d\n"
    assert "3 names cannot stand in a label file as they are" in capsys.readouterr().out


def test_id2label_and_the_files_that_state_something_come_along(tmp_path: Path) -> None:
    source = tmp_path / "download"
    model = yolox(source / "x.onnx")
    (source / "config.json").write_text(json.dumps({"id2label": {"0": "a", "1": "b", "2": "c"}}))
    (source / "LICENSE").write_text("none")
    assert init(tmp_path / "m", model) == 0
    assert files_in(tmp_path / "m") == ["config/labels.txt", "dsbench.toml", "model/config.json", "model/x.onnx"]
    assert (tmp_path / "m" / "config" / "labels.txt").read_text() == "a\nb\nc\n"


def test_external_data_comes_along_under_the_name_that_the_model_uses(tmp_path: Path) -> None:
    model = yolox(tmp_path / "x.onnx")
    (tmp_path / "weights").mkdir()
    onnx.save(onnx.load(model), model, save_as_external_data=True, location="weights/x.data", size_threshold=0)
    (tmp_path / "weights" / "x.data").rename(tmp_path / "weights" / "real.data")
    (tmp_path / "weights" / "x.data").symlink_to("real.data")
    assert init(tmp_path / "m", model) == 0
    assert files_in(tmp_path / "m") == ["dsbench.toml", "model/weights/x.data", "model/x.onnx"]
    onnx.load(tmp_path / "m" / "model" / "x.onnx")  # with its data


@pytest.mark.parametrize("taken", ["folder", "file", "dangling link", "link to an empty folder"])
def test_what_is_there_stays_as_it_is(tmp_path: Path, capsys: pytest.CaptureFixture[str], taken: str) -> None:
    model, target = yolox(tmp_path / "x.onnx"), tmp_path / "m"
    if taken == "folder":
        target.mkdir()
        (target / "mine").write_text("mine")
    elif taken == "file":
        target.write_text("mine")
    else:
        target.symlink_to(tmp_path / "elsewhere")
        if taken == "link to an empty folder":
            (tmp_path / "elsewhere").mkdir()
    before = sorted(os.listdir(tmp_path))
    assert init(target, model) == 1
    assert "[usage]" in capsys.readouterr().err
    assert sorted(os.listdir(tmp_path)) == before


def test_an_empty_directory_is_filled(tmp_path: Path) -> None:
    (tmp_path / "m").mkdir()
    assert init(tmp_path / "m", yolox(tmp_path / "x.onnx")) == 0
    assert (tmp_path / "m" / "model" / "x.onnx").is_file()


@pytest.mark.parametrize(
    ("model", "more", "code"),
    [
        ("half", (), "onnx-input"),
        ("nothing", (), "onnx-invalid"),
        ("whole", ("--labels", "none.txt"), "labels-missing"),
        ("whole", ("--video", "none.mp4"), "video-missing"),
    ],
)
def test_after_an_error_nothing_is_left(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], model: str, more: tuple[str, ...], code: str
) -> None:
    yolox(tmp_path / "whole.onnx")
    yolox(tmp_path / "half.onnx", dtype=onnx.TensorProto.FLOAT16)
    before = sorted(os.listdir(tmp_path))
    assert init(tmp_path / "m", tmp_path / f"{model}.onnx", *more) == 1
    assert f"[{code}]" in capsys.readouterr().err
    assert sorted(os.listdir(tmp_path)) == before


def test_a_copy_that_fails_leaves_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(source: object, target: object) -> None:
        raise OSError(28, "No space left on device", str(target))

    model = yolox(tmp_path / "x.onnx")
    monkeypatch.setattr("dsbench.inspection.new_directory.shutil.copyfile", full)
    assert init(tmp_path / "m", model) == 1
    assert "[not-writable]" in capsys.readouterr().err
    assert os.listdir(tmp_path) == ["x.onnx"]


def test_what_must_be_decided_stands_in_the_settings(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    model = zoo.detector(tmp_path / "x_dynamic.onnx", shape=("n", 3, "h", "w"))
    assert init(tmp_path / "m", model) == 0
    written = (tmp_path / "m" / "dsbench.toml").read_text()
    assert "# input-size = [640, 640]" in written
    assert settings_file.load(tmp_path / "m" / "dsbench.toml").onnx == "x_dynamic.onnx"
    assert "[onnx-dynamic-dims]" in capsys.readouterr().out


def test_a_size_that_the_files_own_model_directory_sets_is_written(tmp_path: Path) -> None:
    model = yolox(tmp_path / "model" / "x.onnx", shape=("n", 3, "h", "w"))
    (tmp_path / "dsbench.toml").write_text("input-size = [64, 64]\n")
    assert init(tmp_path / "m", model) == 0
    assert settings_file.load(tmp_path / "m" / "dsbench.toml").input_size == (64, 64)


def test_a_size_that_the_exporter_states_is_written(tmp_path: Path) -> None:
    model = yolox(tmp_path / "x.onnx", shape=("n", 3, "h", "w"))
    with_metadata(model, author="Ultralytics", imgsz="[64, 64]", task="detect", names=NAMES)
    assert init(tmp_path / "m", model) == 0
    written = tmp_path / "m" / "dsbench.toml"
    assert settings_file.load(written).input_size == (64, 64)
    assert "# ONNX metadata: imgsz" in written.read_text()


def test_each_possibility_is_a_table_to_uncomment(tmp_path: Path) -> None:
    assert init(tmp_path / "m", zoo.detector(tmp_path / "x.onnx")) == 0  # a head of no known family
    text = (tmp_path / "m" / "dsbench.toml").read_text()
    assert '# family = "..."' in text
    first = text.partition("# Possibility 1:\n")[2].partition("\n\n")[0]
    chosen = tmp_path / "chosen.toml"
    chosen.write_text("\n".join(line.removeprefix("# ") for line in first.splitlines()))
    assert settings_file.load(chosen).net_scale_factor is not None


@pytest.mark.parametrize("text", ['a"b\\c', "it's", "模型 \N{CRAB}"])
def test_quoted_text_is_read_back(tmp_path: Path, text: str) -> None:
    written = tmp_path / "dsbench.toml"
    written.write_text(f"video = {new_settings.quoted(text)}", encoding="utf-8")
    assert settings_file.load(written).options["video"] == text
