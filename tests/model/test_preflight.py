"""Pre-flight: every rule and ERROR text of the specification, on directories made here."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from pathlib import Path

import pytest

from dsbench.base import option_levels
from dsbench.base.errors import Code, DsbenchError
from dsbench.model import preflight
from dsbench.model.facts import PreflightFacts
from dsbench.model.layout import ModelLayout
from dsbench.model.preflight import Request
from tests.material import trtexec_log, write_clip, write_onnx

STAND_IN = "# dsbench stand-in: embedded\n"


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_clip(tmp_path_factory.mktemp("clip") / "clip.mp4", frames=3)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A model directory that lacks nothing, with an engine of batch 16 and its trtexec log."""
    root = tmp_path / "models" / "net"
    write_onnx(root / "model" / "net.onnx", height=32, width=64)
    (root / "config").mkdir()
    (root / "config" / "labels.txt").write_text("car\nperson")
    engines = root / "benchmarks" / "engines"
    engines.mkdir(parents=True)
    (engines / "net_dynamic_b16.engine").write_bytes(b"ptrt")
    log = root / "benchmarks" / "b16" / "trtexec_b16.log"
    log.parent.mkdir()
    log.write_text(trtexec_log(12.345, 50.5))
    return root


@pytest.fixture
def check(root: Path, clip: Path, tmp_path: Path) -> Callable[..., PreflightFacts]:
    def run(**changes: object) -> PreflightFacts:
        request = Request("deepstream", option_levels.read({"video": str(clip)}), tmp_path, local=tmp_path / "local")
        request = dataclasses.replace(request, **changes)  # type: ignore[arg-type]
        return preflight.run(ModelLayout.at("models/net/", tmp_path), request)

    return run


def test_every_variable(check: Callable[..., PreflightFacts], root: Path, clip: Path) -> None:
    facts = check()
    assert facts.onnx.path == root / "model/net.onnx"
    assert (facts.onnx.input_name, facts.height, facts.width) == ("images", 32, 64)
    assert facts.max_bs == 16
    assert facts.throughput is not None
    assert facts.throughput.qps == 50.5, "the last Throughput counts"
    assert facts.throughput.imgs_per_sec == 808.0
    assert facts.throughput.peak_gpu_streams == 26
    assert facts.labels.count == 2, "the last line without a newline is a line"
    assert (facts.video.value.path, facts.video.origin) == (clip, "command line")
    assert facts.lines == (
        "CUDA_VER=12.8",
        "Model:            net",
        "ONNX:             models/net/model/net.onnx  (input=images, 32x64)",
        "Engine:           models/net/benchmarks/engines/net_dynamic_b16.engine  (MAX_BS=16)",
        "PEAK_GPU_STREAMS: 26  (floor(808.0 img/s / 30))",
        "Labels:           2 classes",
    )


@pytest.mark.parametrize(
    ("folders", "expected"),
    [([], "12.8"), (["cuda-9.2", "cuda-12.10", "cuda-12.9", "cuda", "cuda-13.x"], "12.10"), (["cuda-13.0"], "13.0")],
)
def test_cuda_version_is_the_newest(tmp_path: Path, folders: list[str], expected: str) -> None:
    for folder in folders:
        (tmp_path / folder).mkdir()
    assert preflight.newest_cuda(tmp_path) == expected


def remove(*names: str) -> Callable[[Path], None]:
    def change(root: Path) -> None:
        for name in names:
            (root / name).unlink()

    return change


@pytest.mark.parametrize(
    ("change", "code", "said"),
    [
        (
            remove("model/net.onnx"),
            Code.ONNX_MISSING,
            "ERROR: No ONNX file found in models/net/model/ — run Steps 1-3 first (references/model-acquire.md)",
        ),
        (
            remove("benchmarks/engines/net_dynamic_b16.engine"),
            Code.ENGINE_MISSING,
            "ERROR: No engine found in models/net/benchmarks/engines/ — "
            "run Steps 4-5 first (references/engine-build.md)",
        ),
        (
            remove("benchmarks/b16/trtexec_b16.log"),
            Code.TRTEXEC_LOG_MISSING,
            "ERROR: trtexec log not found at models/net/benchmarks/b16/trtexec_b16.log — "
            "run Steps 4-5 first (references/engine-build.md)",
        ),
        (
            remove("config/labels.txt"),
            Code.LABELS_MISSING,
            "ERROR: labels.txt not found — run Steps 1-3 first (references/model-acquire.md)",
        ),
        (
            lambda root: (root / "config/labels.txt").write_text("\n"),
            Code.LABELS_INVALID,
            "labels.txt holds no label",
        ),
        (
            lambda root: (root / "benchmarks/b16/trtexec_b16.log").write_text("nothing"),
            Code.TRTEXEC_LOG_INVALID,
            "Could not parse Throughput from",
        ),
        (
            lambda root: (root / "benchmarks/engines/net_dynamic_b16.engine").rename(
                root / "benchmarks/engines/other_dynamic_b16.engine"
            ),
            Code.ENGINE_MISMATCH,
            "other_dynamic_b16.engine was not built from the ONNX file net.onnx",
        ),
    ],
)
def test_what_is_missing_is_said_in_the_specifications_words(
    check: Callable[..., PreflightFacts], root: Path, change: Callable[[Path], object], code: Code, said: str
) -> None:
    change(root)
    with pytest.raises(DsbenchError) as caught:
        check()
    assert caught.value.code == code
    assert said in caught.value.what
    assert caught.value.fix


def test_everything_missing_is_one_failure(check: Callable[..., PreflightFacts], root: Path) -> None:
    remove("model/net.onnx", "config/labels.txt", "benchmarks/engines/net_dynamic_b16.engine")(root)
    with pytest.raises(DsbenchError) as caught:
        check(options=option_levels.read({"video": "nowhere.mp4"}))
    assert caught.value.code == Code.PREFLIGHT
    for said in ("No ONNX file", "No engine found", "labels.txt not found", "Video file not found"):
        assert said in caught.value.what


def test_missing_video_shows_both_fixes(check: Callable[..., PreflightFacts], tmp_path: Path) -> None:
    with pytest.raises(DsbenchError) as caught:
        check(options=option_levels.read(environment={"DS_VIDEO": "gone.mp4"}))
    assert caught.value.what == f"ERROR: Video file not found: {tmp_path / 'gone.mp4'}"
    assert "Fix 1: Set DS_VIDEO=/path/to/sample_720p.mp4 before running" in caught.value.fix
    assert "Fix 2: Install DeepStream samples" in caught.value.fix
    assert caught.value.where == "DS_VIDEO"
    assert caught.value.fix.startswith("correct DS_VIDEO")
    assert "apt-get install deepstream-9.0-samples" in caught.value.fix


@pytest.mark.parametrize("content", [b"", b"not a video at all", b"<html>"])
def test_a_file_that_is_no_video(check: Callable[..., PreflightFacts], tmp_path: Path, content: bytes) -> None:
    (tmp_path / "x.mp4").write_bytes(content)
    with pytest.raises(DsbenchError) as caught:
        check(options=option_levels.read({"video": "x.mp4"}))
    assert caught.value.code == Code.VIDEO_UNREADABLE


def test_what_an_unreadable_video_is_instead(check: Callable[..., PreflightFacts], tmp_path: Path, clip: Path) -> None:
    (tmp_path / "cut.mp4").write_bytes(clip.read_bytes()[:2000])
    with pytest.raises(DsbenchError, match="cut off") as caught:
        check(options=option_levels.read({"video": "cut.mp4"}))
    assert "Errno" not in caught.value.what
    (tmp_path / "lfs.mp4").write_text("version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 3\n")
    with pytest.raises(DsbenchError, match="Git LFS pointer"):
        check(options=option_levels.read({"video": "lfs.mp4"}))


def test_video_precedence(check: Callable[..., PreflightFacts], root: Path, clip: Path) -> None:
    (root / "clips").mkdir()
    (root / "clips" / "own.mp4").write_bytes(clip.read_bytes())
    (root / "dsbench.toml").write_text('video = "clips/own.mp4"')
    assert (
        check(options=option_levels.read({"video": str(clip)}, environment={"DS_VIDEO": "e.mp4"})).video.origin
        == "command line"
    )
    from_toml = check(options=option_levels.read(ini={"video": "ini.mp4"}, environment={})).video
    assert (from_toml.value.path, from_toml.origin) == (root / "clips/own.mp4", "dsbench.toml")


def test_first_onnx_by_name_without_dynamic_ones(check: Callable[..., PreflightFacts], root: Path) -> None:
    write_onnx(root / "model" / "another_dynamic.onnx")
    write_onnx(root / "model" / "zeta.onnx")
    facts = check()
    assert facts.onnx.path.name == "net.onnx"
    assert any("zeta.onnx" in note for note in facts.notes)


def test_dsbench_toml_chooses_the_onnx(check: Callable[..., PreflightFacts], root: Path) -> None:
    write_onnx(root / "model" / "zeta.onnx", height=96, width=96)
    (root / "dsbench.toml").write_text('onnx = "zeta.onnx"')
    with pytest.raises(DsbenchError, match=r"net_dynamic_b16\.engine was not built from the ONNX file zeta\.onnx"):
        check()


def test_dynamic_only_is_no_onnx(check: Callable[..., PreflightFacts], root: Path) -> None:
    (root / "model/net.onnx").rename(root / "model/net_dynamic.onnx")
    with pytest.raises(DsbenchError, match=r"only _dynamic files are there: net_dynamic\.onnx"):
        check()


def test_several_engines_the_largest_batch_by_number(check: Callable[..., PreflightFacts], root: Path) -> None:
    (root / "benchmarks/engines/net_dynamic_b128.engine").write_bytes(b"x")
    (root / "benchmarks/engines/net_dynamic_b64.engine").write_bytes(b"x")
    (root / "benchmarks/b128").mkdir()
    (root / "benchmarks/b128/trtexec_b128.log").write_text(trtexec_log(2.0))
    assert check().max_bs == 128


@pytest.mark.parametrize(("height", "width", "letter"), [(None, 64, "H"), (32, None, "W")])
def test_dynamic_height_and_width(
    check: Callable[..., PreflightFacts], root: Path, height: int | None, width: int | None, letter: str
) -> None:
    write_onnx(root / "model/net.onnx", height=height, width=width)
    with pytest.raises(DsbenchError) as caught:
        check()
    assert f"ERROR: could not parse {letter} — dynamic spatial dims? Set {letter} manually" in caught.value.what
    (root / "dsbench.toml").write_text("input-size = [32, 64]")
    facts = check()
    assert (facts.height, facts.width) == (32, 64)


def test_embedded_names_a_missing_engine_and_log_without_requiring_them(
    check: Callable[..., PreflightFacts], root: Path
) -> None:
    remove("benchmarks/engines/net_dynamic_b16.engine", "benchmarks/b16/trtexec_b16.log")(root)
    facts = check(runtime="embedded")
    assert (facts.engine, facts.throughput, facts.max_bs) == (None, None, 1)
    assert any("engine" in note and "not required" in note for note in facts.notes)


def test_results_of_the_other_runtime_stop_the_embedded_one(check: Callable[..., PreflightFacts]) -> None:
    with pytest.raises(DsbenchError) as caught:
        check(runtime="embedded")
    assert caught.value.code == Code.OTHER_RUNTIME_RESULTS
    assert "--replace-results" in caught.value.fix
    assert check(runtime="embedded", replace_results=True).max_bs == 16


def test_a_stand_in_is_no_engine_for_deepstream(check: Callable[..., PreflightFacts], root: Path) -> None:
    (root / "benchmarks/engines/net_dynamic_b16.engine").write_text(STAND_IN)
    (root / "benchmarks/b16/trtexec_b16.log").write_text(STAND_IN + trtexec_log(50.5))
    with pytest.raises(DsbenchError, match="No engine found"):
        check()
    facts = check(runtime="embedded")
    assert facts.engine is not None
    assert facts.engine.stand_in
    assert facts.throughput is not None
    assert facts.throughput.stand_in


def test_a_frozen_batch_is_told(check: Callable[..., PreflightFacts], root: Path) -> None:
    write_onnx(root / "model/net.onnx", batch=1)
    assert any("batch frozen at 1: re-export with a dynamic batch to carry more" in note for note in check().notes)


@pytest.mark.parametrize("kind", ["absent", "empty", "file", "loop"])
def test_directories_that_are_none(tmp_path: Path, kind: str) -> None:
    target = tmp_path / "models" / "x"
    target.parent.mkdir(exist_ok=True)
    if kind == "empty":
        target.mkdir()
    elif kind == "file":
        target.touch()
    elif kind == "loop":
        target.symlink_to(target)
    with pytest.raises(DsbenchError) as caught:
        preflight.run(ModelLayout.at("models/x", tmp_path), Request("embedded", option_levels.Options(), tmp_path))
    assert caught.value.code == Code.MODEL_DIR_MISSING
