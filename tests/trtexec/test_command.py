"""``dsbench prepare`` from its command line, with a program in trtexec's place: the search, what stays, what goes."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from dsbench import cli
from dsbench.base import option_levels, reading
from dsbench.formats.trtexec import log as trtexec_log
from dsbench.formats.versions import EngineMachine
from dsbench.machine import hardware
from dsbench.model import engine_provenance, preflight, stand_in
from dsbench.model.layout import ModelLayout
from dsbench.model.preflight import Request
from dsbench.model.stand_in import StandInProvenance
from tests.material import trtexec_log as log_text
from tests.material import write_clip, write_onnx
from tests.trtexec import fake_trtexec

pytestmark = pytest.mark.long

OUT_OF_MEMORY = (
    "fail('[virtualMemoryBuffer.cpp] Error Code 2: OutOfMemory (Requested size was 1)') if batch == {} else None"
)


@pytest.fixture
def layout(tmp_path: Path) -> ModelLayout:
    root = tmp_path / "models" / "my net"
    write_onnx(root / "model" / "net.onnx")
    return ModelLayout.at("models/my net", tmp_path)


@pytest.fixture(scope="module")
def here() -> EngineMachine:
    """This machine, with a TensorRT and a GPU that are made up where it has none."""
    real = hardware.engine_machine("deepstream", 0)
    version = ".".join((real.tensorrt or "10.13.3").split(".")[:3])
    return EngineMachine(version, real.gpu or "NVIDIA H100 80GB HBM3", real.compute_capability or "9.0")


@pytest.fixture
def environment(tmp_path: Path, here: EngineMachine) -> dict[str, str]:
    """Our trtexec is the first on PATH, and says that it is of this machine."""
    fake_trtexec.install(tmp_path / "bin")
    kept = {key: value for key, value in os.environ.items() if not key.startswith(("PYTEST", "FAKE", "DS_VIDEO"))}
    return kept | {
        "PATH": f"{tmp_path / 'bin'}:/usr/bin:/bin",
        "XDG_RUNTIME_DIR": str(tmp_path),
        "FAKE_TENSORRT": "{:d}{:02d}{:02d}".format(*map(int, here.tensorrt.split("."))),
        "FAKE_GPU": here.gpu,
        "FAKE_CAPABILITY": here.compute_capability,
    }


Done = subprocess.CompletedProcess[str]
Prepare = Callable[..., Done]


@pytest.fixture
def prepare(
    layout: ModelLayout,
    environment: dict[str, str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> Prepare:
    """Runs the command in this process; ``qps``: by batch, ``fake``: variables of the program in trtexec's place."""

    def run(*options: str, qps: dict[int, float] | None = None, **fake: str) -> Done:
        capfd.readouterr()
        with monkeypatch.context() as patched:
            patched.chdir(tmp_path)
            for name in os.environ.keys() - environment.keys():
                patched.delenv(name)
            for name, value in (environment | {"FAKE_QPS": json.dumps(qps or {})} | fake).items():
                patched.setenv(name, value)
            status = cli.main(["prepare", "models/my net", *options])
        return Done(("dsbench", "prepare"), status, *capfd.readouterr())

    return run


def files(layout: ModelLayout) -> list[str]:
    """What lies in benchmarks/, the build logs' times left out."""
    names = (str(path.relative_to(layout.benchmarks)) for path in layout.benchmarks.rglob("*") if path.is_file())
    return sorted(name for name in names if "_build_" not in name)


def build_logs(layout: ModelLayout) -> int:
    return len(list(layout.engines.glob("net_dynamic_build_*.log")))


def of(max_bs: int) -> list[str]:
    """The files of a preparation that came to ``max_bs``."""
    engine = f"engines/net_dynamic_b{max_bs}.engine"
    return sorted(
        ["b1/trtexec_b1.log", f"b{max_bs}/trtexec_b{max_bs}.log", engine, f"{engine}.json", "engines/timing.cache"]
    )


def test_the_specifications_start(layout: ModelLayout, prepare: Prepare) -> None:
    # 30 qps x 64 / 30 = 64 streams: not above MAX_BS
    done = prepare(qps={64: 30.0, 1: 900.0})
    assert done.returncode == 0, done.stderr
    assert files(layout) == of(64)
    assert "PEAK_GPU_STREAMS: 64  (floor(1920.0 img/s / 30))" in done.stdout
    assert "(MAX_BS=64; built and measured)" in done.stdout
    assert "next: pytest --model-dir 'models/my net' --runtime deepstream\n" in done.stdout
    assert "building net_dynamic_b64.engine with trtexec (minutes)" in done.stderr
    engine = json.loads(layout.engine("net", 64).read_text())
    assert (engine["batch"], engine["fp16"], engine["shape"]) == (64, True, "images:64x3x32x64")
    first = trtexec_log.parse(layout.trtexec_log(1))
    assert (first.throughput_qps, first.setup.batch("images")) == (900.0, 1)
    assert first.setup.engine == "models/my net/benchmarks/engines/net_dynamic_b64.engine"


def test_doubles_strictly_while_peak_is_above_max_bs(layout: ModelLayout, prepare: Prepare) -> None:
    # 64: floor(64 x 40 / 30) = 85; 128: floor(128 x 35 / 30) = 149; 256: floor(256 x 20 / 30) = 170
    done = prepare(qps={64: 40.0, 128: 35.0, 256: 20.0})
    assert done.returncode == 0, done.stderr
    assert files(layout) == of(256), "of the smaller engines nothing stays but their build logs"
    assert build_logs(layout) == 3
    known = engine_provenance.read(layout.engine("net", 256))
    assert known is not None
    assert known.scanned == ((64, 2560.0), (128, 4480.0), (256, 5120.0))
    assert (known.limit, known.max_bs, known.precision) == ("", 256, "fp16")
    logs = {batch: reading.sha256(layout.trtexec_log(batch)) for batch in (1, 256)}
    assert {one.batch: one.log_sha256 for one in known.measured} == logs, "Step 5: only what is still there"
    assert all(one.seconds > 0 for one in known.measured)


def test_provenance(
    layout: ModelLayout, prepare: Prepare, here: EngineMachine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hardware, "require_gpu", lambda gpu_id: None)  # this machine need not have a second one
    prepare("--workspace", "4096", "--gpu-id", "1")
    engine = layout.engine("net", 64)
    known = engine_provenance.read(engine)
    assert known is not None
    assert (known.tensorrt, known.gpu, known.compute_capability) == (here.tensorrt, here.gpu, here.compute_capability)
    assert known.onnx_sha256 == reading.sha256(layout.onnx_dir / "net.onnx")
    assert (known.size, known.workspace_mib, known.engine_bytes) == ((32, 64), 4096, engine.stat().st_size)
    assert "--memPoolSize=workspace:4096M" in known.command
    assert "--device=1" in known.command
    engine.write_bytes(b"y" * known.engine_bytes)
    assert engine_provenance.read(engine) is None, "another engine of the same length"


def test_the_end_at_nvinfers_limit(layout: ModelLayout, prepare: Prepare) -> None:
    done = prepare("--max-bs", "512", qps={512: 100.0, 1024: 100.0})
    assert done.returncode == 0, done.stderr
    assert files(layout) == of(1024)
    assert "MAX_BS stays 1024 although PEAK_GPU_STREAMS is 3413: nvinfer takes batches up to 1024" in done.stdout
    again = prepare(qps={1024: 100.0})
    assert "still holds, nothing done" in again.stdout


def test_a_second_run_does_nothing(layout: ModelLayout, prepare: Prepare) -> None:
    prepare(qps={64: 10.0})
    before = {name: (layout.benchmarks / name).stat().st_mtime_ns for name in files(layout)}
    done = prepare(qps={64: 10.0})
    assert done.returncode == 0, done.stderr
    assert "(MAX_BS=64; still holds, nothing done)" in done.stdout
    assert {name: (layout.benchmarks / name).stat().st_mtime_ns for name in files(layout)} == before
    assert build_logs(layout) == 1


def test_rebuild(layout: ModelLayout, prepare: Prepare) -> None:
    prepare(qps={64: 40.0, 128: 10.0})
    done = prepare("--rebuild", qps={64: 20.0})
    assert done.returncode == 0, done.stderr
    assert files(layout) == sorted([*of(64), "b1/previous/trtexec_b1.log"])
    assert "removed net_dynamic_b128.engine" in done.stdout


def test_a_higher_target_goes_on_from_the_engine_that_holds(layout: ModelLayout, prepare: Prepare) -> None:
    prepare(qps={64: 20.0})
    done = prepare("--target-fps", "15", qps={64: 20.0, 128: 10.0})  # 64 x 20 / 15 = 85
    assert done.returncode == 0, done.stderr
    assert [name for name in files(layout) if "previous" not in name] == of(128)
    assert build_logs(layout) == 2, "b64 was not built again"


def test_a_changed_model_or_precision_is_built_again(layout: ModelLayout, prepare: Prepare) -> None:
    prepare(qps={64: 40.0, 128: 10.0})
    write_onnx(layout.onnx_dir / "net.onnx", classes=3)
    done = prepare(qps={64: 10.0})
    assert "net_dynamic_b128.engine no longer fits" in done.stdout
    assert [name for name in files(layout) if "previous" not in name] == of(64)
    (layout.root / "dsbench.toml").write_text("[property]\nnetwork-mode = 0\n")
    done = prepare()
    assert "no longer fits" in done.stdout
    assert json.loads(layout.engine("net", 64).read_text())["fp16"] is False
    known = engine_provenance.read(layout.engine("net", 64))
    assert known is not None
    assert known.precision == "fp32"


def test_a_missing_log_is_measured_and_no_more(layout: ModelLayout, prepare: Prepare) -> None:
    prepare()
    layout.trtexec_log(64).write_text("")
    layout.trtexec_log(1).unlink()
    done = prepare()
    assert "measured; the engine of an earlier run still holds" in done.stdout
    assert build_logs(layout) == 1
    assert trtexec_log.parse(layout.trtexec_log(64)).throughput_qps == 10.0
    assert trtexec_log.parse(layout.trtexec_log(1)).throughput_qps == 10.0


def test_a_frozen_batch(layout: ModelLayout, prepare: Prepare) -> None:
    write_onnx(layout.onnx_dir / "net.onnx", batch=2)
    done = prepare(qps={0: 900.0})
    assert done.returncode == 0, done.stderr
    assert files(layout) == [name for name in of(2) if "b1/" not in name]
    assert json.loads(layout.engine("net", 2).read_text())["shape"] is None
    assert "note: batch frozen at 2: re-export with a dynamic batch" in done.stdout
    done = prepare("--max-bs", "64")
    assert done.returncode == 1
    assert "the batch is frozen at 2" in done.stderr


def test_a_batch_that_the_memory_does_not_hold_ends_the_doubling(layout: ModelLayout, prepare: Prepare) -> None:
    qps = {64: 40.0, 128: 40.0}
    done = prepare(qps=qps, FAKE_BUILD=OUT_OF_MEMORY.format(128))
    assert done.returncode == 0, done.stderr
    assert files(layout) == of(64)
    assert "note: MAX_BS stays 64: building net_dynamic_b128.engine: the GPU has too little free memory" in done.stdout
    again = prepare(qps=qps)
    assert "--rebuild tries again" in again.stdout
    assert build_logs(layout) == 2
    done = prepare("--rebuild", qps=qps, FAKE_RUN=OUT_OF_MEMORY.format(128))
    assert done.returncode == 0, done.stderr
    assert [name for name in files(layout) if "previous" not in name] == sorted(
        [*of(64), "b128/trtexec_b128.failed.log"]
    ), "an engine that cannot run at its batch does not stay"


@pytest.mark.parametrize(
    ("code", "said"),
    [
        ("fail('Could not find any implementation for node {A...B}.')", "TensorRT found no kernel"),
        ("os.kill(os.getpid(), signal.SIGSEGV)", "SIGSEGV"),
    ],
)
def test_a_batch_that_cannot_be_built_leaves_what_there_is(
    layout: ModelLayout, prepare: Prepare, code: str, said: str
) -> None:
    done = prepare(qps={64: 40.0, 128: 40.0, 1: 70.0}, FAKE_BUILD=f"if batch == 128: {code}")
    assert done.returncode == 0, done.stderr
    assert files(layout) == of(64), "b1 is measured too"
    assert "MAX_BS stays 64" in done.stdout
    assert said in done.stdout


def test_a_full_disk_is_no_word_on_the_batch(layout: ModelLayout, prepare: Prepare) -> None:
    code = "if batch == 128: fail('No space left on device')"
    done = prepare(qps={64: 40.0, 128: 40.0}, FAKE_BUILD=code)
    assert done.returncode == 1
    assert "free space on the disk" in done.stderr


@pytest.mark.parametrize(
    ("code", "said"),
    [
        ("fail('Error Code 10: Internal Error (Could not find any implementation for node {A...B}.)')", "no kernel"),
        ("os.kill(os.getpid(), signal.SIGSEGV)", "SIGSEGV"),
        ("sys.exit(3)", "ended with 3"),
        ("print('&&&& PASSED'); sys.exit(0)", "wrote no engine"),
        ("open(options['--saveEngine'], 'w').write('half'); fail('out of memory')", "too little free memory"),
        ("open(options['--saveEngine'], 'w').write('half'); time.sleep(60)", "was not done after"),
        ("[print('flood ' * 200) for _ in range(5000)]; sys.exit(1)", "ended with 1"),
    ],
)
def test_a_failed_build_leaves_no_engine(layout: ModelLayout, prepare: Prepare, code: str, said: str) -> None:
    done = prepare("--timeout", "4", FAKE_BUILD=code)
    assert done.returncode == 1
    assert said in done.stderr
    assert "Traceback" not in done.stderr
    assert "[engine-preparation] building net_dynamic_b64.engine" in done.stderr
    assert files(layout) == []
    assert build_logs(layout) == 1, "its log stays"


def test_a_failed_measurement_leaves_no_log_with_the_fixed_name(layout: ModelLayout, prepare: Prepare) -> None:
    done = prepare(FAKE_RUN="fail('Cuda failure: 719')")
    assert done.returncode == 1
    assert "a CUDA call failed" in done.stderr
    assert not layout.trtexec_log(64).exists()
    assert (layout.benchmarks / "b64" / "trtexec_b64.failed.log").exists()
    done = prepare()
    assert done.returncode == 0
    assert build_logs(layout) == 1, "the engine was finished, only the figures were missing"


def test_tensorrt_11_has_no_fp16(layout: ModelLayout, prepare: Prepare) -> None:
    done = prepare(FAKE_TENSORRT="110201")
    assert done.returncode == 1
    assert "this trtexec has no --fp16" in done.stderr
    assert "modelopt.onnx.autocast" in done.stderr
    (layout.root / "dsbench.toml").write_text("[property]\nnetwork-mode = 0\n")
    assert prepare(FAKE_TENSORRT="110201").returncode == 0


def test_ctrl_c_ends_trtexec_and_leaves_nothing(
    layout: ModelLayout, environment: dict[str, str], tmp_path: Path
) -> None:
    code = "open(options['--saveEngine'], 'w').write('half'); print(os.getpid(), flush=True); time.sleep(60)"
    child = subprocess.Popen(
        [sys.executable, "-m", "dsbench.cli", "prepare", "models/my net"],
        cwd=tmp_path,
        env=environment | {"FAKE_BUILD": code},
        stderr=subprocess.DEVNULL,
    )
    part = layout.engine("net", 64).with_name("net_dynamic_b64.engine.part")
    deadline = time.monotonic() + 60
    while not part.exists() or not _pid_in(layout):
        assert time.monotonic() < deadline
        time.sleep(0.05)
    builder = _pid_in(layout)
    child.send_signal(signal.SIGINT)
    assert child.wait(30) == 130
    assert files(layout) == []
    assert not Path(f"/proc/{builder}").exists()


def _pid_in(layout: ModelLayout) -> str:
    lines = next(layout.engines.glob("*_build_*.log")).read_text().splitlines()
    return next((line for line in lines if line.isdigit()), "")


def test_what_a_killed_preparation_left_is_removed(layout: ModelLayout, prepare: Prepare) -> None:
    layout.engines.mkdir(parents=True)
    (layout.engines / "net_dynamic_b64.engine.part").write_text("half")
    layout.trtexec_log(64).parent.mkdir()
    (layout.benchmarks / "b64" / "trtexec_b64.log.part").write_text("half")
    (layout.engines / "notes.part").write_text("mine")
    prepare()
    assert files(layout) == sorted([*of(64), "engines/notes.part"])


# --- engines of somebody else, and of the embedded runtime


def by_hand(layout: ModelLayout, max_bs: int, stem: str = "net", *, logs: bool = True) -> Path:
    engine = layout.engine(stem, max_bs)
    engine.parent.mkdir(parents=True, exist_ok=True)
    engine.write_text(json.dumps({"batch": max_bs}))
    for batch in (1, max_bs) if logs else ():
        layout.trtexec_log(batch).parent.mkdir(exist_ok=True)
        layout.trtexec_log(batch).write_text(log_text(10.0))
    return engine


def test_an_engine_built_by_hand_stays_as_it_is(layout: ModelLayout, prepare: Prepare) -> None:
    by_hand(layout, 32)
    before = {name: (layout.benchmarks / name).read_bytes() for name in files(layout)}
    done = prepare()
    assert done.returncode == 0, done.stderr
    assert "(MAX_BS=32; nothing done)" in done.stdout
    assert "stays as it is" in done.stdout
    assert {name: (layout.benchmarks / name).read_bytes() for name in files(layout)} == before


def test_only_the_missing_logs_of_an_engine_built_by_hand_are_measured(layout: ModelLayout, prepare: Prepare) -> None:
    engine = by_hand(layout, 32, logs=False)
    text = engine.read_bytes()
    (layout.root / "dsbench.toml").write_text("[property]\nnetwork-mode = 1\n")
    done = prepare(qps={32: 50.0})
    assert done.returncode == 0, done.stderr
    assert files(layout) == ["b1/trtexec_b1.log", "b32/trtexec_b32.log", "engines/net_dynamic_b32.engine"]
    assert engine.read_bytes() == text
    assert "PEAK_GPU_STREAMS 53 > MAX_BS 32" in done.stdout
    done = prepare("--rebuild")
    assert done.returncode == 1
    assert "INT8" in done.stderr
    assert "calibrat" in done.stderr


def test_rebuild_moves_what_others_made(layout: ModelLayout, prepare: Prepare) -> None:
    for max_bs in (64, 256):
        by_hand(layout, max_bs)
    done = prepare("--rebuild")
    assert done.returncode == 0, done.stderr
    assert (layout.engines / "previous" / "net_dynamic_b64.engine").read_text() == json.dumps({"batch": 64})
    assert (layout.engines / "previous" / "net_dynamic_b256.engine").exists()
    assert (layout.benchmarks / "b64/previous/trtexec_b64.log").read_text() == log_text(10.0)
    assert set(of(64)) <= set(files(layout))
    assert not layout.engine("net", 256).exists()


def test_a_larger_engine_of_another_model_is_in_the_way(layout: ModelLayout, prepare: Prepare) -> None:
    by_hand(layout, 128, "other")
    done = prepare()
    assert done.returncode == 1
    assert "[engine-mismatch] the engine other_dynamic_b128.engine was not built from" in done.stderr
    assert prepare("--rebuild").returncode == 0
    assert (layout.engines / "previous" / "other_dynamic_b128.engine").exists()


def test_stand_ins_of_the_embedded_runtime_make_room(layout: ModelLayout, prepare: Prepare) -> None:
    line = StandInProvenance("embedded", "ab" * 32, (32, 64), "1.20", "CPU").line
    layout.engines.mkdir(parents=True)
    layout.engine("net", 4).write_text(stand_in.engine_text(StandInProvenance("embedded", "", (1, 1), "", ""), 4, 1.0))
    for batch in (1, 4):
        layout.trtexec_log(batch).parent.mkdir()
        layout.trtexec_log(batch).write_text(f"{line}\n{log_text(50.0)}")
    done = prepare()
    assert done.returncode == 0, done.stderr
    assert files(layout) == of(64)


# --- usage


def test_print_runs_nothing(layout: ModelLayout, prepare: Prepare, tmp_path: Path) -> None:
    (tmp_path / "bin" / "trtexec").unlink()
    done = prepare("--print", "--gpu-id", "2")
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert lines[0].startswith("mkdir -p 'models/my net/benchmarks/b1'")
    assert lines[1].startswith("trtexec '--onnx=models/my net/model/net.onnx' --minShapes=images:1x3x32x64")
    assert "--device=2 > 'models/my net/benchmarks/engines/net_dynamic_build_'\"$(date +" in lines[1]
    assert lines[2].endswith("> 'models/my net/benchmarks/b1/trtexec_b1.log' 2>&1")
    assert lines[4] == "# while floor(Throughput x MAX_BS / 30) > MAX_BS: double 64, build again"
    assert not layout.benchmarks.exists()


def test_the_printed_lines_do_what_the_command_does(
    layout: ModelLayout, prepare: Prepare, environment: dict[str, str], tmp_path: Path
) -> None:
    lines = prepare("--print").stdout
    done = subprocess.run(["bash", "-e"], input=lines, cwd=tmp_path, env=environment, text=True, check=False)
    assert done.returncode == 0
    assert files(layout) == [name for name in of(64) if not name.endswith(".json")]
    assert "nothing done" in prepare().stdout, "an engine built by hand passes as it is"


def test_without_trtexec(layout: ModelLayout, prepare: Prepare, tmp_path: Path) -> None:
    (tmp_path / "bin" / "trtexec").unlink()
    done = prepare()
    assert done.returncode == 1
    assert "[build-tool-missing] trtexec is neither on PATH nor at /usr/src/tensorrt/bin/trtexec" in done.stderr
    assert not layout.benchmarks.exists()


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--workspace", "32768MiB"), "--workspace = '32768MiB'"),
        (("--max-bs", "0"), "--max-bs = '0'"),
        (("--max-bs", "2048"), "nvinfer takes up to 1024"),
        (("--target-fps", "nan"), "--target-fps = 'nan'"),
        (("--gpu-id", "-1"), "--gpu-id = '-1'"),
    ],
)
def test_wrong_values(prepare: Prepare, layout: ModelLayout, options: tuple[str, ...], said: str) -> None:
    done = prepare(*options)
    assert done.returncode == 1
    assert "[usage]" in done.stderr
    assert said in done.stderr
    assert not layout.benchmarks.exists()


def test_a_directory_that_cannot_be_written(layout: ModelLayout, prepare: Prepare) -> None:
    layout.benchmarks.write_text("a file in the way")
    done = prepare()
    assert done.returncode == 1
    assert "[not-writable]" in done.stderr
    assert "Traceback" not in done.stderr


def test_preflight_takes_what_was_prepared(layout: ModelLayout, prepare: Prepare, tmp_path: Path) -> None:
    prepare(qps={64: 20.0})
    (layout.root / "config").mkdir()
    layout.labels.write_text("car\nperson\n")
    clip = write_clip(tmp_path / "clip.mp4", frames=2)
    facts = preflight.run(layout, Request("deepstream", option_levels.read({"video": str(clip)}), tmp_path))
    assert facts.max_bs == 64
    assert facts.throughput is not None
    assert facts.throughput.peak_gpu_streams == 42
    assert facts.origin is not None
    assert facts.origin.provenance is not None
    assert facts.notes == ()


@pytest.fixture
def steps(
    layout: ModelLayout, environment: dict[str, str], tmp_path: Path
) -> Callable[..., subprocess.CompletedProcess[str]]:
    """pre-flight as users run it, a program in deepstream-app's place on PATH."""
    app = tmp_path / "bin" / "deepstream-app"
    app.write_text("#!/bin/sh\necho 'deepstream-app version 9.1.0'\n")
    app.chmod(0o755)
    layout.config_dir.mkdir()
    layout.labels.write_text("car\nperson\n")
    write_clip(tmp_path / "clip.mp4", frames=2)

    def run(**fake: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "pytest", "--model-dir", "models/my net", "--runtime", "deepstream"]
        return subprocess.run(
            [*command, "--video=clip.mp4", "-k", "preflight"],
            cwd=tmp_path,
            env=environment | fake,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )

    return run


def test_prepared_then_run_on_deepstream(
    layout: ModelLayout, prepare: Prepare, steps: Callable[..., Done], tmp_path: Path, here: EngineMachine
) -> None:
    missing = steps()
    assert missing.returncode == 1
    assert "No engine found in models/my net/benchmarks/engines/" in missing.stdout
    assert prepare(qps={64: 20.0}).returncode == 0
    done = steps()
    assert done.returncode == 0, done.stdout
    html = next((tmp_path / "reports").glob("*.html")).read_text()
    assert "Engine built by" in html
    assert here.gpu in html
    write_onnx(layout.onnx_dir / "net.onnx", classes=5)
    changed = steps()
    assert changed.returncode == 1
    assert "[engine-mismatch]" in changed.stdout
    assert "dsbench prepare 'models/my net' --rebuild" in changed.stdout
