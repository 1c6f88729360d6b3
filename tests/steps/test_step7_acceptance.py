"""Step 7 as users run it, on the embedded runtime: the files it leaves, and its lines recalculated from them."""

from __future__ import annotations

import json
import os
import re
import subprocess
from pathlib import Path

import pytest

from dsbench.base import places
from dsbench.base.errors import DsbenchError
from dsbench.fleet import model_files
from dsbench.model import preflight
from dsbench.model.layout import ModelLayout
from dsbench.model.stand_in import STAND_IN_MARK
from dsbench.record import store
from dsbench.report.step8 import markdown, sections
from dsbench.verify import verification
from tests.material import write_clip, write_onnx
from tests.verify import material
from tests.warm import run_pytest

pytestmark = pytest.mark.long


def run(cwd: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return run_pytest(cwd, "--model-dir", "models/net", "--video", "clip.mp4", *arguments)


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("work space")
    root = folder / "models" / "net"
    write_onnx(root / "model" / "net.onnx", batch=1)
    (root / "config").mkdir()
    (root / "config" / "labels.txt").write_text("car\nperson\n")
    write_clip(folder / "clip.mp4", frames=30)
    return folder


@pytest.fixture(scope="module")
def done(workspace: Path) -> subprocess.CompletedProcess[str]:
    return run(
        workspace,
        "--runtime=embedded",
        "--perf-seconds=4",
        "--perf-interval=1",
        "--kitti-frames=20",
        "--sweep",
        "--latency",
        "-v",
    )


def fps(log: Path) -> float:
    """``grep -oP '\\*\\*PERF:\\s*\\K[0-9.]+' | tail -10`` and its mean, as the specification has it."""
    values = [float(text) for text in re.findall(r"\*\*PERF:\s*([0-9.]+)", log.read_text())][-10:]
    return round(sum(values) / len(values), 2)


def test_every_step_passes_and_every_line_follows_from_the_files(
    done: subprocess.CompletedProcess[str], workspace: Path
) -> None:
    assert done.returncode == 0, done.stdout + done.stderr
    ds = workspace / "models/net/benchmarks/ds"
    first, second = fps(ds / "ds_s1_run1.log"), fps(ds / "ds_s1_run2.log")
    trtexec = (workspace / "models/net/benchmarks/b1/trtexec_b1.log").read_text()
    images = round(float(re.findall(r"Throughput:\s*([0-9.]+)", trtexec)[-1]), 2)
    real_time = "YES" if second >= 30 else "NO"
    for line in (
        f"DS Run 1: 1 streams | FPS/stream={first} | total={round(first, 2)} img/s | RT_STREAMS=1",
        f"DS Run 2: 1 streams | FPS/stream={second} | total={round(second, 2)} img/s | Real-time: {real_time}",
        "Runtime: embedded runtime (CPU, ONNX Runtime), not DeepStream",
        "=== DeepStream Integration Complete ===",
        "Model: net | Engine: models/net/benchmarks/engines/net_dynamic_b1.engine",
        f"trtexec: {images} img/s @ BS=1",
        f"DS Run 1 (PEAK): {int(images // 30)} streams | {first} fps/s | eff {round(first / images * 100, 1)}%",
        f"DS Run 2 (RT):   1 streams | {second} fps/s | RT: {real_time} | eff {round(second / images * 100, 1)}%",
        "Ready for: Step 8 — read references/report-generation.md models/net/",
    ):
        assert f"  {line}\n" in done.stdout, line
    assert re.search(r"\[Step 7 Run 1\] completed in 4\.\d\ds", done.stdout)
    times = re.search(r"Timing: Step6=([\d.]+)s Run1=([\d.]+)s Run2=([\d.]+)s Total=([\d.]+)s", done.stdout)
    assert times is not None
    step6, run1, run2, total = map(float, times.groups())
    assert total == pytest.approx(step6 + run1 + run2, abs=0.001)
    assert "[Step 6] completed in" in (workspace / "reports/net.html").read_text()


def test_a_run_leaves_no_input_of_a_fleets_job(done: subprocess.CompletedProcess[str], workspace: Path) -> None:
    found = model_files.of_model(ModelLayout.at("models/net", workspace), "embedded")
    assert [file.path for file in found.files] == ["config/labels.txt", "model/net.onnx"]


def test_step_8_follows_from_the_record_alone(done: subprocess.CompletedProcess[str], workspace: Path) -> None:
    reports = workspace / "models/net/reports"
    again = markdown.render(sections.document(store.load(reports / "benchmark_data.json")))
    assert (reports / "benchmark_report.md").read_text().startswith(again)
    assert "benchmark_report.md" in (workspace / "reports/net.html").read_text()


def test_the_limit_is_measured_in_the_same_run(done: subprocess.CompletedProcess[str], workspace: Path) -> None:
    ds = workspace / "models/net/benchmarks/ds"
    decoded = re.search(r"decoding alone: ([\d.]+) frames/s, the run ([\d.]+) \((\d+)% of it\)", done.stdout)
    assert decoded is not None, done.stdout
    alone, reached, percent = map(float, decoded.groups())
    assert percent == pytest.approx(100 * reached / alone, abs=0.6)
    rows = [float(text) for text in re.findall(r"\*\*PERF:\s*([0-9.]+)", (ds / "ds_s1_decode.log").read_text())]
    assert min(rows[1:]) <= alone <= max(rows), "it is of the log of that run"
    assert "inference alone: " in done.stdout
    assert re.search(r"Limit of run 1 \(1 streams, [\d.]+ frames/s\): \w+", done.stdout)


def test_the_sweep_and_the_latency_follow_from_their_logs(
    done: subprocess.CompletedProcess[str], workspace: Path
) -> None:
    ds = workspace / "models/net/benchmarks/ds"
    record = json.loads((workspace / "models/net/reports/benchmark_data.json").read_text())["beyond"]
    swept = record["sweep"]
    assert swept["max_bs"] == 1
    verdicts = [trial["real_time"] for trial in swept["trials"]]
    assert len(verdicts) >= 2, "run 2 is run 1's repeat at one stream"
    # the machine's speed is not known: compare the answer with the runs
    needed = {1: "YES", 0: "NO", None: "UNSURE"}[swept["largest"]]
    assert needed in verdicts
    assert not (swept["largest"] is None and set(verdicts) == {"YES"})
    assert "  Sweep: " in done.stdout
    log = (ds / "ds_s1_latency.log").read_text()
    lines = re.findall(r"Source id = 0 Frame_num = (\d+) Frame latency = ([\d.]+) \(ms\)", log)
    # two threads may finish neighbouring frames in either order, and the run ends in the middle of some
    numbers = sorted(int(number) for number, _ in lines)
    assert len(set(numbers)) == len(numbers)
    assert numbers[-1] < len(numbers) + 8
    latency = record["latency"]
    assert 0 < latency["frames"] <= len(lines)
    assert latency["longest_ms"] == max(float(value) for _, value in lines[-latency["frames"] :])
    assert f"Latency at 1 stream: {latency['frames']} frames of 1 stream: median " in done.stdout


def test_the_stand_ins_state_their_provenance(done: subprocess.CompletedProcess[str], workspace: Path) -> None:
    benchmarks = workspace / "models/net/benchmarks"
    for path in (benchmarks / "engines/net_dynamic_b1.engine", benchmarks / "b1/trtexec_b1.log"):
        assert path.read_bytes().startswith(STAND_IN_MARK)
    assert "batch frozen at 1: re-export with a dynamic batch" in (workspace / "reports/net.html").read_text()


def test_7b_has_the_specifications_keys(done: subprocess.CompletedProcess[str], workspace: Path) -> None:
    path = workspace / "models/net/benchmarks/ds/config_infer_ds_net.txt"
    lines = [line for line in path.read_text().splitlines() if not line.startswith("#")]
    scale, color = lines[2], lines[3]
    assert scale.startswith("net-scale-factor=")
    assert color.startswith("model-color-format=")
    assert lines == [
        "[property]",
        "gpu-id=0",
        scale,
        color,
        "onnx-file=../../model/net.onnx",
        "model-engine-file=../engines/net_dynamic_b1.engine",
        "labelfile-path=../../config/labels.txt",
        "batch-size=1",
        "network-mode=2",
        "num-detected-classes=2",
        "process-mode=1",
        "interval=0",
        "gie-unique-id=1",
        "network-type=0",
        "custom-lib-path=../../parser/libnvdsinfer_net_parser.so",
        "parse-bbox-func-name=NvDsInferParseCustomNet",
        "cluster-mode=2",
        "infer-dims=3;32;64",
        "maintain-aspect-ratio=1",
        "",
        "[class-attrs-all]",
        "topk=200",
        "nms-iou-threshold=0.45",
        "pre-cluster-threshold=0.25",
    ]
    six_e = (workspace / "models/net/config/config_infer_primary_net.txt").read_text().splitlines()
    assert (scale, color) == (six_e[3], six_e[4]), "6e's values"


def test_a_users_own_6e_config_is_the_base_of_7b(done: subprocess.CompletedProcess[str], workspace: Path) -> None:
    own = workspace / "models/net/config/config_infer_primary_net.txt"
    own.write_text(own.read_text().replace("topk=200", "topk=150"))
    again = run(workspace, "--runtime=embedded", "--kitti-frames=5", "-k", "benchmark_config")
    assert again.returncode == 0, again.stdout
    text = (workspace / "models/net/benchmarks/ds/config_infer_ds_net.txt").read_text()
    assert "topk=150" in text
    assert "custom-lib-path=../../parser/libnvdsinfer_net_parser.so" in text
    assert "measuring the model" not in again.stderr, "the preparation still holds"


def test_the_record_follows_from_its_raw_data(done: subprocess.CompletedProcess[str], workspace: Path) -> None:
    """With sweep and latency; an edit of any number shows."""
    text = (workspace / "models" / "net" / "reports" / "benchmark_data.json").read_text()
    assert verification.verify(text).mismatches == ()
    for place, data in material.random_edits(json.loads(text), 20):
        assert not verification.verify(json.dumps(data)).holds, place


def test_the_same_run_through_links_in_the_place_of_every_file_it_wrote(
    done: subprocess.CompletedProcess[str], workspace: Path, tmp_path: Path
) -> None:
    """Each file that the run wrote is now a link to a file elsewhere, to none, or a second name of one.

    The list is that of the run, so a new file is tried as soon as a step writes it.
    """
    given = {"clip.mp4", "models/net/model/net.onnx", "models/net/config/labels.txt"}
    files = {path.relative_to(workspace).as_posix() for path in workspace.rglob("*") if path.is_file()}
    written = {name: (workspace / name).read_bytes() for name in sorted(files - given) if "_cache" not in name}
    assert len(written) > 40
    here, outside = tmp_path / "here", tmp_path / "outside"
    outside.mkdir()
    for name in given:
        (here / name).parent.mkdir(parents=True, exist_ok=True)
        (here / name).write_bytes((workspace / name).read_bytes())
    for number, (name, content) in enumerate(written.items()):
        (here / name).parent.mkdir(parents=True, exist_ok=True)
        (outside / str(number)).write_bytes(content)
        if b"dsbench-generated" in content[:60] or number % 3 == 2:  # a link there is the user's own
            (here / name).hardlink_to(outside / str(number))
        else:
            (here / name).symlink_to(outside / (str(number) if number % 3 else f"new {number}"))
    again = run(
        here,
        "--runtime=embedded",
        *("--perf-seconds=2", "--perf-interval=1", "--kitti-frames=20"),
        "--junitxml=reports/junit.xml",
    )
    assert "passed" in again.stdout
    assert "not-writable" not in again.stdout
    assert sorted(os.listdir(outside)) == sorted(str(number) for number in range(len(written)))
    changed = [name for number, name in enumerate(written) if (outside / str(number)).read_bytes() != written[name]]
    assert changed == []


def test_pre_flight_names_a_link_in_the_place_of_every_directory_it_wrote_into(
    done: subprocess.CompletedProcess[str], workspace: Path, tmp_path: Path
) -> None:
    root = workspace / "models" / "net"
    folders = {path.relative_to(root).parent for path in root.rglob("*") if path.is_file()}
    folders = {folder for folder in folders if folder.parts[0] != "model"}
    assert Path("benchmarks/ds") in folders
    for number, folder in enumerate(sorted(folders)):
        layout = ModelLayout.at("net", tmp_path / str(number))
        (layout.root / folder).parent.mkdir(parents=True)
        (layout.root / folder).symlink_to(tmp_path)
        if layout.root / folder.parent not in (layout.parity_dir, layout.accuracy_dir):  # made anew, checked then
            with pytest.raises(DsbenchError, match=f"{folder.name} is a link to {tmp_path}, outside"):
                preflight.require_own_directories(layout)
        with pytest.raises(DsbenchError, match=f"{folder.name} is a link to {tmp_path}, outside"):
            places.make_way(layout.root / folder / "file")
