from __future__ import annotations

import os
import socket
from pathlib import Path

import pytest

from dsbench.base.errors import DsbenchError
from dsbench.base.files import with_marker
from dsbench.fleet import model_files, walk
from dsbench.model.layout import ModelLayout
from dsbench.model.stand_in import STAND_IN_MARK
from tests.fleet.plans import model_dir

OWN = {"config/labels.txt", "model/net.onnx"}
GENERATED = with_marker("text\n", "#").encode()
STAND_IN = STAND_IN_MARK + b": runtime embedded\n"


def found(root: Path, runtime: str = "deepstream", *also: str) -> set[str]:
    return {file.path for file in model_files.of_model(ModelLayout.at(str(root), root), runtime, also).files}


def put(root: Path, path: str, content: bytes = b"x") -> None:
    (root / path).parent.mkdir(parents=True, exist_ok=True)
    (root / path).write_bytes(content)


@pytest.mark.parametrize(
    ("path", "content", "wanted"),
    [
        ("model/net.onnx.data", b"x", True),
        ("dsbench.toml", b"x", True),
        ("anything/else.bin", b"x", True),
        ("config/config_infer_primary_net.txt", GENERATED, False),
        ("config/config_infer_primary_net.txt", GENERATED + b"edited=1\n", True),
        ("parser/nvdsinfer_custombboxparser_net.cpp", GENERATED, False),
        ("parser/nvdsinfer_custombboxparser_net.cpp", b"int main;", True),
        ("parser/libnvdsinfer_net_parser.so", b"ELF", False),
        ("parser/build.log", b"g++", False),
        ("parser/libother.so", b"ELF", True),
        ("samples/kitti_output/00_000_000000.txt", b"", False),
        ("samples/net_output.webm", b"x", False),
        ("reports/benchmark_data.json", b"{}", False),
        ("reports/history/20261130T135551Z_f4811044.json", b"{}", False),
        ("reports/history/baseline.json", b"{}", True),
        ("benchmarks/engines/net_dynamic_b64.engine", b"engine", True),
        ("benchmarks/engines/net_dynamic_b64.engine.json", b"{}", True),
        ("benchmarks/engines/net_dynamic_b4.engine", STAND_IN, False),
        ("benchmarks/engines/previous/net_dynamic_b4.engine", b"engine", False),
        ("benchmarks/b64/trtexec_b64.log", b"Throughput: 1 qps", True),
        ("benchmarks/b4/trtexec_b4.log", STAND_IN, False),
        ("benchmarks/b64/previous/trtexec_b64.log", b"Throughput: 1 qps", False),
        ("benchmarks/ds/ds_s4_run1.log", b"x", False),
        ("benchmarks/ds/previous/config_infer_ds_net.txt", b"x", False),
        ("benchmarks/ds/config_infer_ds_net.txt", b"x", True),
        ("benchmarks/ds/config_infer_ds_net.txt", GENERATED, False),
        (".git/HEAD", b"x", False),
        ("parser/__pycache__/x.pyc", b"x", False),
        ("config/.labels.txt.swp", b"x", False),
        ("config/labels.txt~", b"x", False),
        ("model/.DS_Store", b"x", False),
        ("model/sp ace\nü.bin", b"x", True),
    ],
)
def test_inputs_are_what_no_run_makes(tmp_path: Path, path: str, content: bytes, wanted: bool) -> None:
    root = model_dir(tmp_path)
    put(root, path, content)
    assert found(root) == OWN | ({path} if wanted else set())


def test_a_library_is_an_input_where_the_users_own_makefile_may_not_build_it(tmp_path: Path) -> None:
    root = model_dir(tmp_path)
    put(root, "parser/libnvdsinfer_net_parser.so")
    put(root, "parser/Makefile", b"all:\n")
    assert "parser/libnvdsinfer_net_parser.so" in found(root)
    put(root, "parser/Makefile", with_marker("all:\n", "#").encode())
    assert found(root) == OWN


def test_the_embedded_runtime_does_not_read_figures_of_tensorrt(tmp_path: Path) -> None:
    root = model_dir(tmp_path)
    put(root, "benchmarks/b64/trtexec_b64.log", b"Throughput: 1 qps")
    assert found(root, "embedded") == OWN


def test_a_named_file_is_an_input_wherever_it_lies(tmp_path: Path) -> None:
    root = model_dir(tmp_path)
    put(root, "samples/clip.mp4")
    put(root, "samples/truth/1.txt")
    assert found(root, "embedded", "samples/clip.mp4", "samples/truth") == OWN | {
        "samples/clip.mp4",
        "samples/truth/1.txt",
    }


def test_links_are_followed_and_what_is_no_file_is_named(tmp_path: Path) -> None:
    root = model_dir(tmp_path)
    put(tmp_path, "shared/weights.bin")
    (root / "shared").symlink_to(tmp_path / "shared")
    (root / "again").symlink_to(tmp_path / "shared")
    (root / "model" / "net.onnx.data").symlink_to(tmp_path / "shared" / "weights.bin")
    (root / "loop").symlink_to(root)
    (root / "self").symlink_to("self")
    (root / "gone").symlink_to("nothing")
    (root / "null").symlink_to("/dev/null")
    os.mkfifo(root / "fifo")
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(os.path.relpath(root / "socket"))
    result = model_files.of_model(ModelLayout.at(str(root), root), "embedded")
    paths = {file.path for file in result.files}
    assert paths == OWN | {"shared/weights.bin", "again/weights.bin", "model/net.onnx.data"}
    words = {os.path.basename(text.partition(": ")[0]): text.partition(": ")[2] for text in result.left_out}
    assert words == {
        "loop": "a link to a directory above it",
        "self": "a link to itself",
        "gone": "a link to nothing",
        "null": "a device",
        "fifo": "a FIFO",
        "socket": "a socket",
    }


def test_a_link_to_something_large_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(walk, "MAX_FILES", 3)
    root = model_dir(tmp_path)
    for number in range(4):
        put(root, f"data/{number}")
    with pytest.raises(DsbenchError, match="more than 3 files") as caught:
        found(root)
    assert str(root / "data") in caught.value.where.replace(": ", "/")


def test_deep_directories(tmp_path: Path) -> None:
    root = model_dir(tmp_path)
    folders = [f"{root}/{'d/' * depth}" for depth in range(1, 1201)]
    for folder in folders:
        os.mkdir(folder)
    put(Path(folders[-1]), "x")
    try:
        assert found(root) == OWN | {"d/" * 1200 + "x"}
    finally:
        os.unlink(f"{folders[-1]}x")  # pytest's own cleaning is recursive
        for folder in reversed(folders):
            os.rmdir(folder)
