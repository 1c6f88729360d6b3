"""``dsbench fix --apply`` on a small model whose config drops every box, from the command line to the written file."""

from __future__ import annotations

from pathlib import Path

import onnx
import pytest

from dsbench import cli
from tests.material import write_clip, write_onnx

CONFIG = """# mine
[property]
net-scale-factor=1.0
model-color-format=1
onnx-file=../model/net.onnx
labelfile-path=labels.txt
custom-lib-path=../parser/libnvdsinfer_net_parser.so
parse-bbox-func-name=NvDsInferParseCustomNet
num-detected-classes=2
infer-dims=3;64;128
cluster-mode=2
maintain-aspect-ratio=1
gie-unique-id=1

[class-attrs-all]
pre-cluster-threshold=0.95
nms-iou-threshold=0.45
topk=200
"""


def write_names(path: Path, names: tuple[str, ...]) -> None:
    """Class names as Ultralytics' exporter writes them."""
    model = onnx.load(path)
    model.metadata_props.add(key="names", value=str(dict(enumerate(names))))
    onnx.save(model, path)


def test_a_directory_that_is_not_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert cli.main(["fix", "none"]) == 1
    assert "[model-dir-missing]" in capsys.readouterr().err


@pytest.mark.long
def test_a_threshold_that_drops_every_box(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    root = tmp_path / "net"
    write_onnx(root / "model" / "net.onnx", height=64, width=128)
    write_clip(tmp_path / "clip.mp4", frames=8)
    (root / "config").mkdir()
    (root / "config" / "labels.txt").write_text("car\nperson\n")
    (root / "dsbench.toml").write_text('video = "../clip.mp4"\n[gate]\nkitti-frames = 4\n')
    path = root / "config" / "config_infer_primary_net.txt"
    path.write_bytes(CONFIG.replace("\n", "\r\n").encode())
    (root / "config" / "labels.txt").unlink()
    write_names(root / "model" / "net.onnx", ("car", "person"))
    cli.main(["fix", "--apply", "net"])
    shown = capsys.readouterr().out
    assert "6a" not in shown.partition("Fix, confirmed")[0], shown
    assert "labels.txt gets the names that the exporter states" in shown
    assert (root / "config" / "labels.txt").read_text() == "car\nperson\n"
    fixed = CONFIG.replace("threshold=0.95", "threshold=0.25")
    assert path.read_bytes() == fixed.replace("\n", "\r\n").encode(), shown
    assert path.with_name(f"{path.name}.orig-1").read_bytes() == CONFIG.replace("\n", "\r\n").encode()
    assert "-pre-cluster-threshold=0.95^M\n+pre-cluster-threshold=0.25^M" in shown
    assert "frames with detections not reached -> 1.00" in shown
    assert "After the change, run again:" in shown
    assert sorted(item.name for item in root.iterdir()) == ["config", "dsbench.toml", "model"]
