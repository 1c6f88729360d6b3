"""The deepstream runtime from the command line to the report, without NVIDIA's libraries.

``deepstream-app`` on PATH is the embedded app (same command line, files and console), trtexec a program that prints
what trtexec prints, libnvinfer.so an empty library, and gst-launch-1.0 the real one behind stock elements. All the
rest is what runs on a DeepStream machine.
"""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

import dsbench
from dsbench.fleet import model_files
from dsbench.model.layout import ModelLayout
from dsbench.record import store
from dsbench.record.evidence import Evidence
from dsbench.verify import verification
from dsbench.verify.mismatch import RecordMismatch
from tests import gst_translator
from tests.trtexec import fake_trtexec

REPOSITORY = Path(__file__).resolve().parents[2]
STREET = REPOSITORY / "models" / "street"
SDK = Path(dsbench.__file__).resolve().parent / "embedded" / "sdk"


@dataclass(frozen=True)
class Machine:
    """A place to work in and the environment that makes a DeepStream machine of this one."""

    folder: Path
    variables: dict[str, str]

    def run(self, *command: str, **variables: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            command,
            cwd=self.folder,
            env=self.variables | variables,
            capture_output=True,
            text=True,
            timeout=400,
            check=False,
            errors="replace",
        )

    def pytest(self, *arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
        base = ("--model-dir", "models/street", "--runtime", "deepstream", "--video", "street.mp4")
        return self.run(sys.executable, "-m", "pytest", *base, *arguments, **variables)

    @property
    def model(self) -> Path:
        return self.folder / "models" / "street"


def program(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    path.chmod(0o755)


def stub_library(folder: Path) -> None:
    """libnvinfer.so: what a parser is linked with and takes no symbol of."""
    folder.mkdir(parents=True, exist_ok=True)
    subprocess.run(
        ["g++", "-shared", "-fPIC", "-x", "c++", os.devnull, "-o", str(folder / "libnvinfer.so")],
        check=True,
        timeout=60,
    )


def machine(folder: Path, **translator: str) -> Machine:
    (folder / "models" / "street" / "config").mkdir(parents=True)
    shutil.copytree(STREET / "model", folder / "models" / "street" / "model")
    shutil.copy(STREET / "config" / "labels.txt", folder / "models" / "street" / "config")
    shutil.copy(STREET / "street.mp4", folder)
    bin_ = folder / "bin"
    gst_translator.install(bin_, **translator)
    fake_trtexec.install(bin_)
    stub_library(folder / "lib")
    app = f'#!/bin/sh\nexec {shlex.quote(sys.executable)} -m dsbench.embedded.app "$@"\n'
    program(bin_ / "deepstream-app", app)
    kept = {key: value for key, value in os.environ.items() if not key.startswith(("PYTEST", "DS_VIDEO", "FAKE"))}
    return Machine(
        folder,
        kept
        | {
            "PATH": f"{bin_}{os.pathsep}{os.environ['PATH']}",
            "DEEPSTREAM_DIR": str(SDK),
            "LIBRARY_PATH": str(folder / "lib"),
            "LD_LIBRARY_PATH": str(folder / "lib"),
            "USE_NEW_NVSTREAMMUX": "no",
            # 70 images a second: two streams of 30 fit
            "FAKE_QPS": json.dumps({"1": 70.0, "64": 1.2}),
        },
    )


@pytest.fixture(scope="module")
def site(gstreamer: str, tmp_path_factory: pytest.TempPathFactory) -> Machine:
    """After ``dsbench prepare``: engine and logs are there."""
    made = machine(tmp_path_factory.mktemp("work space"))
    prepared = made.run(sys.executable, "-m", "dsbench.cli", "prepare", "models/street")
    assert prepared.returncode == 0, prepared.stdout + prepared.stderr
    return made


@pytest.fixture(scope="module")
def done(site: Machine) -> subprocess.CompletedProcess[str]:
    return site.pytest("-v", "--perf-seconds=6", "--perf-interval=1", "--kitti-frames=30")


def evidence(site: Machine, step: str) -> Evidence:
    record = store.load(site.model / "reports" / "benchmark_data.json")
    return next(each.evidence for each in record.steps if each.evidence.step == step)


def test_every_step_passes(done: subprocess.CompletedProcess[str]) -> None:
    assert done.returncode == 0, done.stdout[-6000:] + done.stderr[-2000:]
    assert "=== DeepStream Integration Complete ===" in done.stdout
    # pytest's own line of metadata says which app stands in for deepstream-app
    said = "".join(line for line in done.stdout.splitlines(keepends=True) if not line.startswith("metadata:"))
    assert "embedded" not in said.replace("embedded/sdk", ""), "nothing here is the embedded runtime"
    assert re.search(r"DS Run 1: 2 streams \| FPS/stream=[\d.]+ \| total=[\d.]+ img/s \| RT_STREAMS=\d+", done.stdout)


def test_a_run_leaves_no_input_of_a_fleets_job(done: subprocess.CompletedProcess[str], site: Machine) -> None:
    found = model_files.of_model(ModelLayout.at(str(site.model), site.model), "deepstream")
    own = {path.relative_to(STREET).as_posix() for path in STREET.rglob("*") if path.is_file()}
    made = {file.path for file in found.files} - own
    assert made
    assert all(re.fullmatch(r"benchmarks/(engines|b\d+)/[^/]+", path) for path in made), "what `dsbench prepare` makes"


def test_step_8_reports_the_run(done: subprocess.CompletedProcess[str], site: Machine) -> None:
    text = (site.model / "reports" / "benchmark_report.md").read_text()
    assert len(re.findall(r"^## \d+\. ", text, re.MULTILINE)) == 12
    assert "| Visual Capture Mode | theoraenc OGV (NVENC unavailable) |" in text
    assert "| FP16 | yes |" in text
    assert re.search(r"^\| Step 4: engine build \| [\d.]+ \|$", text, re.MULTILINE)
    assert len(list((site.model / "reports" / "charts").glob("chart_*.png"))) == 5


def test_a_gpus_record_is_checked_without_a_gpu(done: subprocess.CompletedProcess[str], site: Machine) -> None:
    """The boxes of the dump are derived again on the embedded runtime."""
    command = (sys.executable, "-m", "dsbench.cli", "verify", "models/street", "--model-dir", "models/street")
    checked = site.run(*command)
    assert checked.returncode == 0, checked.stdout + checked.stderr
    assert re.search(r"boxes derived again on the CPU: (\d+) of \1 boxes", checked.stdout), checked.stdout


def test_decoding_alone_is_run_at_two_counts(done: subprocess.CompletedProcess[str], site: Machine) -> None:
    limit = evidence(site, "throughput_limit")
    ds = site.model / "benchmarks" / "ds"
    for streams in (1, 2):
        config = (ds / f"deepstream_app_s{streams}_decode.txt").read_text()
        assert "[primary-gie]\nenable=0" in config
        assert f"num-sources={streams}\n" in config
        assert "**PERF:" in (ds / f"ds_s{streams}_decode.log").read_text()
    table = next(table for table in limit.tables if table.title == "Run 1 and its ceilings")
    assert [row[:2] for row in table.rows] == [
        ("run 1", "2"),
        ("decoding alone", "2"),
        ("decoding alone", "1"),
        ("inference alone, trtexec, Steps 4-5", "batch 64"),
    ]
    assert table.rows[3][2] == "76.8", "1.2 qps at batch 64"
    assert limit.lines[0].startswith("Limit of run 1 (2 streams, ")
    assert not any("plateau" in line for line in limit.lines), "no NVDEC is known here"


def test_6f_made_the_video_on_theora(done: subprocess.CompletedProcess[str], site: Machine) -> None:
    lines = evidence(site, "visual_validation").lines
    assert lines == (
        "DS_SINGLE_STREAM_MODE=theoraenc-fallback",
        "DS_SINGLE_STREAM_OUTPUT=models/street/samples/street_output.ogv",
    )
    samples = site.model / "samples"
    assert (samples / "street_output.ogv").stat().st_size > 10_000
    assert not (samples / "street_output.mp4").exists()
    numbers = sorted(int(path.stem.removeprefix("frame_")) for path in samples.glob("frame_*.jpg"))
    assert numbers[-1] in (299, 300), "of 480 frames 300 are asked for; theoraenc may repeat the last one"
    assert numbers == list(range(numbers[0], numbers[0] + 3))
    page = (site.folder / "reports" / "street.html").read_text()
    assert "theoraenc OGV (NVENC unavailable)" in page
    assert "failed during initialization" in page, "the console of the NVENC attempt"


def test_6g_found_objects_in_most_frames(done: subprocess.CompletedProcess[str], site: Machine) -> None:
    files = sorted((site.model / "samples" / "kitti_output").glob("*.txt"))
    assert [path.name for path in files] == [f"00_000_{number:06d}.txt" for number in range(30)]
    assert "KITTI frames written: 30" in evidence(site, "kitti_gate").lines
    assert {line.split()[0] for path in files for line in path.read_text().splitlines()} <= {
        *("car", "person", "bicycle", "road_sign")
    }


def test_the_parser_was_built_as_on_a_deepstream_machine(done: subprocess.CompletedProcess[str], site: Machine) -> None:
    built = evidence(site, "parser_build")
    assert any(f"DEEPSTREAM_DIR={SDK}" in command for command in built.commands)
    assert not any("LIBS=" in command for command in built.commands), "as the Makefile has it"


def test_a_parser_is_linked_with_tensorrt(done: subprocess.CompletedProcess[str], site: Machine) -> None:
    failed = site.pytest("-k", "test_parser_build", LIBRARY_PATH="")
    assert failed.returncode == 1
    assert "-lnvinfer" in failed.stdout
    assert not list((site.model / "parser").glob("*.so")), "no older library is left to be taken for the new one"


APP = """\
[application]
enable-perf-measurement=1
perf-measurement-interval-sec=1

[tiled-display]
enable=0

[source0]
enable=1
type=3
uri=file://{folder}/street.mp4
num-sources={streams}
gpu-id=0

[sink0]
enable=1
type=1
sync=0

[osd]
enable=0

[streammux]
live-source=0
batch-size={streams}
batched-push-timeout=-1
width=1280
height=720

[primary-gie]
enable=1
batch-size={streams}
gie-unique-id=1
config-file={config}

[tests]
file-loop=1
"""


def test_the_app_configs_are_the_helpers(done: subprocess.CompletedProcess[str], site: Machine) -> None:
    def lines(path: Path) -> list[str]:
        return [line for line in path.read_text().splitlines() if not line.startswith("#")]

    ds = site.model / "benchmarks" / "ds"
    perf = APP.format(folder=site.folder, streams=2, config=ds / "config_infer_ds_street.txt")
    assert lines(ds / "deepstream_app_s2_run1.txt") == perf.splitlines()
    config, dumped = site.model / "config" / "config_infer_primary_street.txt", site.model / "samples" / "kitti_output"
    kitti = APP.format(folder=site.folder, streams=1, config=config).replace("file-loop=1", "file-loop=0")
    kitti = kitti.replace("enable-perf-measurement=1", "enable-perf-measurement=0")
    kitti = kitti.replace("perf-measurement-interval-sec=1", f"gie-kitti-output-dir={dumped}")
    assert lines(site.model / "config" / "deepstream_app_kitti_street.txt") == kitti.splitlines()


def test_the_record_says_deepstream(done: subprocess.CompletedProcess[str], site: Machine) -> None:
    record = store.load(site.model / "reports" / "benchmark_data.json")
    assert record.runtime == "deepstream"
    assert verified(site) == ()


def verified(site: Machine) -> tuple[RecordMismatch, ...]:
    return verification.verify((site.model / "reports" / "benchmark_data.json").read_text()).mismatches


def test_a_second_run_takes_nvenc_and_removes_the_older_video(
    done: subprocess.CompletedProcess[str], site: Machine, tmp_path: Path
) -> None:
    gst_translator.install(tmp_path / "bin", nvenc="stock")
    again = site.pytest(
        "-k",
        "test_step6_integration.py",
        "--kitti-frames=5",
        PATH=f"{tmp_path / 'bin'}{os.pathsep}{site.variables['PATH']}",
    )
    assert again.returncode == 0, again.stdout[-3000:]
    assert evidence(site, "visual_validation").lines[0] == "DS_SINGLE_STREAM_MODE=nvenc-primary"
    samples = site.model / "samples"
    assert (samples / "street_output.mp4").stat().st_size > 0
    assert not (samples / "street_output.ogv").exists()
    assert len(list(samples.glob("frame_*.jpg"))) == 3


Damage = Callable[[Machine], None]


def no_element(site: Machine) -> None:
    gst_translator.install(site.folder / "bin", rename="oggmux")


def segfault(site: Machine) -> None:
    program(site.folder / "bin" / "deepstream-app", "#!/bin/sh\necho 'last words'\nkill -SEGV $$\n")


@pytest.mark.parametrize(
    ("damage", "step", "texts"),
    [
        (no_element, "visual_validation", ("GStreamer has no element no_such_element",)),
        (segfault, "kitti_gate", ("SIGSEGV", "last words")),
    ],
)
def test_a_failure_stops_what_follows_and_says_why(
    site: Machine, done: subprocess.CompletedProcess[str], damage: Damage, step: str, texts: tuple[str, ...]
) -> None:
    try:
        damage(site)
        failed = site.pytest("--perf-seconds=2", "--perf-interval=1", "--kitti-frames=5")
    finally:
        program(
            site.folder / "bin" / "deepstream-app",
            f'#!/bin/sh\nexec {shlex.quote(sys.executable)} -m dsbench.embedded.app "$@"\n',
        )
        gst_translator.install(site.folder / "bin")
    assert failed.returncode == 1
    assert verified(site) == ()
    assert re.search(rf"FAILED .*{step}", failed.stdout), failed.stdout[-3000:]
    for text in texts:
        assert text in failed.stdout
    if step == "kitti_gate":
        assert "=== DeepStream Integration Complete ===" not in failed.stdout
