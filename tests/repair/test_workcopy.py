"""The copy in which a change is tried."""

from __future__ import annotations

from pathlib import Path

from dsbench.model.layout import ModelLayout
from dsbench.repair import workcopy


def test_a_copy_resolves_what_the_original_names(tmp_path: Path) -> None:
    root = tmp_path / "models" / "net"
    for file in ("model/net.onnx", "config/c.txt", "samples/old.txt", "clip.mp4", "benchmarks/engines/n_b2.engine"):
        (root / file).parent.mkdir(parents=True, exist_ok=True)
        (root / file).write_text(file)
    (tmp_path / "models" / "labels.txt").write_text("car\n")
    (root / "config" / "labels.txt").symlink_to("../../labels.txt")
    copy = workcopy.make(ModelLayout.at("net", tmp_path / "models"), tmp_path / "t", {"config/c.txt": b"changed"})
    here = copy.root
    assert here.name == "net"
    assert (here / "config" / "c.txt").read_text() == "changed"
    assert (root / "config" / "c.txt").read_text() == "config/c.txt"
    assert not (here / "config" / "labels.txt").is_symlink()
    assert (here / "config" / "../../labels.txt").read_text() == "car\n"
    for file in ("model/net.onnx", "clip.mp4", "benchmarks/engines/n_b2.engine"):
        assert (here / file).read_text() == file
    assert not (here / "samples").exists()
