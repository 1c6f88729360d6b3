"""Step 6 broken piece by piece: the right step fails with its code and a fix, later steps name it, nothing is left."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from dsbench.base.steps import STEPS
from tests.material import write_clip, write_onnx
from tests.warm import run_pytest

pytestmark = pytest.mark.long

Change = Callable[[Path], object]

USER_PARSER = """
#include "nvdsinfer_custom_impl.h"
#include <cstdlib>
extern "C" bool NAME(std::vector<NvDsInferLayerInfo> const &layers, NvDsInferNetworkInfo const &network,
                     NvDsInferParseDetectionParams const &params, std::vector<NvDsInferObjectDetectionInfo> &objects)
{
    static int calls = 0;
    calls++;
    NvDsInferObjectDetectionInfo object{};
    object.left = 10; object.top = 10; object.width = 20; object.height = 20; object.detectionConfidence = 0.9f;
    BODY
    objects.push_back(object);
    return true;
}
"""


def parser(body: str, name: str = "NvDsInferParseCustomNet") -> str:
    return USER_PARSER.replace("NAME", name).replace("BODY", body)


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("template")
    write_onnx(folder / "models/net/model/net.onnx", height=64, width=128)
    (folder / "models/net/config").mkdir()
    (folder / "models/net/config/labels.txt").write_text("car\nperson\n")
    write_clip(folder / "clip.mp4", frames=30)
    return folder


@pytest.fixture
def workspace(template: Path, tmp_path: Path) -> Iterator[Path]:
    subprocess.run(["cp", "-r", f"{template}/.", str(tmp_path)], check=True)
    yield tmp_path
    assert not left_behind(tmp_path), "a process of the run is still there"


def left_behind(folder: Path) -> list[str]:
    """Command lines of living processes that mention the folder."""
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            text = path.read_bytes().replace(b"\0", b" ").decode(errors="replace")
        except OSError:
            continue
        if str(folder) in text:
            found.append(text)
    return found


def run(workspace: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    if not any(argument.startswith("--video") for argument in arguments):
        arguments = ("--video=clip.mp4", *arguments)
    model = ("--model-dir", "models/net", "--runtime", "embedded", "-rs", "--prepare=never", "-k", "kitti_gate")
    return run_pytest(workspace, *model, *arguments)


def write(name: str, text: str) -> Change:
    def change(root: Path) -> None:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)

    return change


def users_parser(body: str, name: str = "NvDsInferParseCustomNet") -> Change:
    return write("parser/nvdsinfer_custombboxparser_net.cpp", parser(body, name))


SOUND = """[property]
gpu-id=0
net-scale-factor=1.0
model-color-format=1
onnx-file=../model/net.onnx
model-engine-file=../benchmarks/engines/net_dynamic_b1.engine
labelfile-path=labels.txt
batch-size=1
network-mode=2
num-detected-classes=2
process-mode=1
interval=0
gie-unique-id=1
network-type=0
custom-lib-path=../parser/libnvdsinfer_net_parser.so
parse-bbox-func-name=NvDsInferParseCustomNet
cluster-mode=2
infer-dims=3;64;128
maintain-aspect-ratio=1
[class-attrs-all]
topk=200
nms-iou-threshold=0.45
pre-cluster-threshold=0.25
"""


def users_config(old: str, new: str) -> Change:
    assert old in SOUND
    return write("config/config_infer_primary_net.txt", SOUND.replace(old, new))


@pytest.mark.parametrize(
    ("change", "step", "code", "said"),
    [
        (lambda root: (root / "model/net.onnx").unlink(), "preflight", "onnx-missing", "No ONNX file found"),
        (write("model/net.onnx", ""), "preflight", "onnx-invalid", "empty"),
        (write("model/net.onnx", "<html>not found</html>"), "preflight", "onnx-invalid", "HTML"),
        (lambda root: (root / "config/labels.txt").unlink(), "preflight", "labels-missing", "labels.txt not found"),
        (write("config/labels.txt", "car\nperson\ndog\n"), "nvinfer_config", "config-lint",
         "warning (model_outputs): labels.txt has 3 classes, the model's head has 2: write one class"),
        (write("dsbench.toml", "[property]\nmodel-type = 0"), "preflight", "settings-invalid", "model-type"),
        (users_parser("syntax error here"), "parser_build", "parser-compile", "error:"),
        (users_parser("", "NvDsInferParseCustomOther"), "parser_build", "parser-symbol", "NvDsInferParseCustomOther"),
        (users_parser("*(volatile int *)8 = calls;"), "parser_build", "parser-crashed", "SIGSEGV"),
        (users_parser("std::abort();"), "parser_build", "parser-crashed", "SIGABRT"),
        (users_parser("if (calls > 12) *(volatile int *)8 = calls;"), "kitti_gate", "app-crashed", "SIGSEGV"),
        (users_parser("return false;"), "parser_build", "parser-boxes", "returned false"),
        (users_parser("object.left /= 10; object.top /= 10; object.width = object.height = 2;"),
         "parser_build", "parser-boxes", "grid"),
        (users_parser("return true;"), "parser_build", "parser-boxes", "the parser returns no box"),
        (users_config("network-type=0", "network-type=0\nmodel-type=1"), "nvinfer_config", "config-lint", "model-type"),
        (users_config("network-type=0", "network-type=100"), "nvinfer_config", "config-lint", "network-type"),
        (users_config("labelfile-path=labels.txt", "labelfile-path=config/labels.txt"),
         "nvinfer_config", "config-lint", "labelfile-path"),
        (users_config("infer-dims=3;64;128", "infer-dims=64;128;3"), "nvinfer_config", "config-lint", "infer-dims"),
        (users_config("num-detected-classes=2", "num-detected-classes=5"), "nvinfer_config", "config-lint", "5"),
        (users_config("CustomNet", "CustomNett"),
         "parser_build", "parser-symbol", "NvDsInferParseCustomNett"),
        (users_config("net-scale-factor=1.0", "net-scale-factor=1/255"), "nvinfer_config", "config-lint", "1/255"),
    ],
)  # fmt: skip
def test_the_right_step_fails(workspace: Path, change: Change, step: str, code: str, said: str) -> None:
    change(workspace / "models/net")
    done = run(workspace)
    assert done.returncode == 1, done.stdout
    summary = done.stdout.partition("= dsbench =")[2]
    assert f"net: {step} FAILED [{code}]" in summary, done.stdout
    assert said in summary, summary
    assert "Traceback" not in done.stdout
    if step != "kitti_gate":
        assert f"{step} failed [{code}]" in done.stdout, "later steps name the step that failed"
    report = (workspace / "reports/net.html").read_text(encoding="utf-8")
    assert code in report
    assert len(done.stdout.splitlines()) < 60, "the output is short"
    assert re.search(r"fix: .+", done.stdout)
    if step == "kitti_gate":
        assert (workspace / "models/net/samples/kitti.log").is_file()


@pytest.mark.parametrize(
    ("video", "content", "code"),
    [
        ("gone.mp4", None, "video-missing"),
        ("empty.mp4", b"", "video-unreadable"),
        ("text.mp4", b"x", "video-unreadable"),
    ],
)
def test_a_video_that_is_none(workspace: Path, video: str, content: bytes | None, code: str) -> None:
    if content is not None:
        (workspace / video).write_bytes(content)
    done = run(workspace, f"--video={video}")
    assert f"net: preflight FAILED [{code}]" in done.stdout
    assert done.returncode == 1


def test_a_sound_directory_and_the_second_run(workspace: Path) -> None:
    write_onnx(workspace / "models/net/model/second.onnx")
    for _ in range(2):
        done = run(workspace)
        assert done.returncode == 0, done.stdout
        assert "7 passed" in done.stdout
    names = {path.name for path in (workspace / "models/net/samples/kitti_output").iterdir()}
    assert len(names) == 30


def test_users_files_are_never_changed(workspace: Path) -> None:
    root = workspace / "models/net"
    users_parser("")(root)
    users_config("topk=200", "topk=100")(root)
    (root / "parser/Makefile").write_text(
        "all:\n\tg++ -shared -fPIC -I$(DEEPSTREAM_DIR)/sources/includes -o libnvdsinfer_net_parser.so "
        "nvdsinfer_custombboxparser_net.cpp\n"
    )
    kept = [root / "parser/Makefile", root / "config/config_infer_primary_net.txt", root / "config/labels.txt",
            root / "parser/nvdsinfer_custombboxparser_net.cpp"]  # fmt: skip
    before = [path.read_bytes() for path in kept]
    done = run(workspace)
    assert "6 passed" in done.stdout, done.stdout
    assert "parser_build INCONCLUSIVE [parser-differs]" in done.stdout, "its box is not the model's"
    assert [path.read_bytes() for path in kept] == before


def test_odd_names_go_through(workspace: Path) -> None:
    (workspace / "models/net").rename(workspace / "models/my $(net) 100% <b>")
    (workspace / "clip.mp4").rename(workspace / "a 50% #1.mp4")
    done = run(workspace, "--model-dir=models/my*", "--video=a 50% #1.mp4")
    assert f"my $(net) 100% <b>: 7 of {len(STEPS)} steps passed" in done.stdout, done.stdout
