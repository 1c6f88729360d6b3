"""``dsbench inspect``: what it reads, what it prints, and that names of a model stay text."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import onnx
import pytest

from dsbench import cli
from dsbench.inspection import inspection, text
from dsbench.inspection.findings import InspectFinding
from tests import onnx_zoo as zoo
from tests.inspection.material import with_metadata, yolox


def grep(output: str, name: str) -> list[str]:
    """What the specification's ``grep -oP '<name>:\\s*\\K\\S+'`` prints."""
    return re.findall(rf"{name}:[^\S\n]*(\S+)", output)


def test_the_command_prints_graph_variables_family_and_feeding(tmp_path: Path) -> None:
    model = yolox(tmp_path / "a b.onnx")
    done = subprocess.run(
        [sys.executable, "-m", "dsbench.cli", "inspect", model.name],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert "\n\ninput_name: images\nheight: 64\nwidth: 64\n\n" in done.stdout
    assert re.search(r"^Input +images  float32 \[batch, 3, 64, 64\]$", done.stdout, re.MULTILINE)
    assert re.search(r"^Operators +5 nodes: Add 1, Cast 1, Mul 1, ReduceMean 1, Reshape 1$", done.stdout, re.MULTILINE)
    assert re.search(r"^Family +yolox \(confidence", done.stdout, re.MULTILINE)
    assert re.search(r"^net-scale-factor = 1.0 +convention: YOLOX", done.stdout, re.MULTILINE)
    assert re.search(r"^cluster-mode = 2 \(NMS\) +the same$", done.stdout, re.MULTILINE)
    assert "synthetic picture" in done.stdout


def test_json_holds_the_same(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["inspect", str(yolox(tmp_path / "x.onnx")), "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert (found["input_name"], found["height"], found["width"]) == ("images", 64, 64)
    assert found["network"]["family"] == "yolox"
    assert [key["name"] for key in found["network"]["feeding"]][-1] == "cluster-mode"
    assert found["graph"]["operators"][0] == ["Add", 1]


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("height: 99", "'height\\x3a 99'"),
        ("\x1b[2J\ninput_name: evil", "'\\x1b[2J\\ninput_name\\x3a evil'"),  # escape, line end
        ("a\u202eb", "'a\\u202eb'"),  # direction mark
    ],
)
def test_names_of_a_model_are_printed_inert(tmp_path: Path, name: str, shown: str) -> None:
    def rename(model: onnx.ModelProto) -> None:
        model.graph.output[0].name = model.graph.node[-1].output[0] = name
        model.producer_name = name

    found = inspection.inspect(zoo.edit(yolox(tmp_path / "x.onnx"), rename)).inspection
    output = text.render(found)
    assert shown in output
    assert all(line.isprintable() for line in output.splitlines())
    assert (grep(output, "input_name"), grep(output, "height"), grep(output, "width")) == (["images"], ["64"], ["64"])


OPEN = ("batch", 3, "h", "w")


@pytest.mark.parametrize(
    ("shape", "size", "height", "known"),
    [
        (OPEN, "", "unknown", False),
        (OPEN, "[64, 64]", "64", True),
        (OPEN, "[64, -64, 'x'", "unknown", False),
        (("batch", 3, "h", 64), "[64, 64]", "64", True),
        (("batch", 64, 64, 3), "", "64", True),  # channels last
    ],
)
def test_open_sides_take_the_size_that_the_exporter_states(
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    shape: tuple[int | str, ...],
    size: str,
    height: str,
    known: bool,
) -> None:
    model = with_metadata(yolox(tmp_path / "x.onnx", shape=shape), author="Ultralytics", imgsz=size)
    cli.main(["inspect", str(model)])
    output = capsys.readouterr().out
    assert grep(output, "height") == [height]
    assert ("[onnx-dynamic-dims]" in output) != known
    assert ("set input-size = [64, 64] in dsbench.toml" in output) == bool(known and size)


def test_a_graph_that_nvinfer_cannot_feed_is_still_shown(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    half = yolox(tmp_path / "x.onnx", dtype=onnx.TensorProto.FLOAT16)
    assert cli.main(["inspect", str(half)]) == 1
    output = capsys.readouterr().out
    assert "images  float16 [batch, 3, 64, 64]" in output
    assert "error     [onnx-input]" in output
    assert grep(output, "input_name") == ["images"]


def test_no_onnx_file_is_an_error_in_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "x.onnx").write_bytes(b"<!DOCTYPE html>")
    assert cli.main(["inspect", str(tmp_path / "x.onnx")]) == 1
    assert cli.main(["inspect", str(tmp_path / "nothing.onnx")]) == 1
    assert cli.main(["inspect", str(tmp_path / "x.onnx"), "--video", str(tmp_path / "no.mp4")]) == 1
    found = capsys.readouterr()
    assert found.out == ""
    assert re.findall(r"^\[([\w-]+)\]", found.err, re.MULTILINE) == ["onnx-invalid", "onnx-invalid", "video-missing"]


def test_a_model_directory_gives_its_settings_and_labels(tmp_path: Path) -> None:
    model = yolox(tmp_path / "m" / "model" / "x.onnx")
    (tmp_path / "m" / "dsbench.toml").write_text("[property]\nnet-scale-factor = 0.5\ncluster-mode = 4\n")
    (tmp_path / "m" / "config").mkdir()
    (tmp_path / "m" / "config" / "labels.txt").write_text("a\nb\n")
    found = inspection.inspect(model).inspection
    assert found.network is not None
    feeding = {key.name: (key.value, key.level) for key in found.network.feeding}
    assert feeding["net-scale-factor"] == ("0.5", "user")
    assert feeding["cluster-mode"] == ("4 (none)", "user")
    assert (found.names, found.names_source) == (("a", "b"), "config/labels.txt")
    assert any("3 classes" in finding.what and "2 names" in finding.what for finding in found.findings)


def test_names_of_the_metadata(tmp_path: Path) -> None:
    model = with_metadata(yolox(tmp_path / "x.onnx"), names="{0: 'a', 1: 'b c', 2: 'd'}")
    found = inspection.inspect(model).inspection
    assert (found.names, found.names_source) == (("a", "b c", "d"), "ONNX metadata: names")
    assert re.search(r"^  names +3 \(ONNX metadata: names\): a, 'b c', d$", text.render(found), re.MULTILINE)


def test_a_fix_is_wrapped_and_its_script_stays_as_it_is() -> None:
    long = "  model.graph.node.append(" + "x, " * 40 + ")"
    fix = f"{'give every output a batch ' * 6}:\npython3 - <<'EOF'\n{long}\nEOF"
    first, *prose, start, code, end = text.findings((InspectFinding("error", "what", "code", "net.onnx", fix),))
    assert first == "error     [code] what"
    assert prose[0] == "          where: net.onnx"
    assert prose[1].startswith("          fix: give every output")
    assert all(line.startswith(" " * 15) and len(line) <= 100 for line in prose[2:])
    assert (start, code, end) == ("python3 - <<'EOF'", long, "EOF")
