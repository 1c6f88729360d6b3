"""6f on DeepStream, with the real GStreamer and stock elements: choice of encoder, failures, files."""

from __future__ import annotations

import base64
import io
import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import av
import pytest
from PIL import Image

from dsbench.base import process
from dsbench.base.errors import Code, DsbenchError
from dsbench.base.option import Value
from dsbench.model import video
from dsbench.model.facts import PreflightFacts
from dsbench.model.layout import ModelLayout
from dsbench.record.evidence import Evidence, EvidenceLog
from dsbench.runtimes import gst
from dsbench.steps import visual_deepstream, visual_validation
from dsbench.steps.model_run import ModelRun
from dsbench.steps.visual_result import VisualValidationResult
from tests import gst_translator
from tests.material import write_clip
from tests.steps.model_run import model_run

Make = Callable[..., ModelRun]


@pytest.fixture
def make(gstreamer: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Make:
    """A model directory ready for 6f, its clip, and a translator on PATH."""

    def make(
        *,
        name: str = "my net",
        clip: Path | None = None,
        new_mux: bool = False,
        visual_frames: str = "300",
        **translator: str,
    ) -> ModelRun:
        gst_translator.install(tmp_path / "bin", **translator)
        monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}{os.pathsep}{os.environ['PATH']}")
        monkeypatch.setenv("USE_NEW_NVSTREAMMUX", "yes" if new_mux else "no")
        layout = ModelLayout.at(str(tmp_path / "models" / name), tmp_path)
        layout.config_dir.mkdir(parents=True, exist_ok=True)
        layout.nvinfer_config.write_text("[property]\ngpu-id=0\n")
        clip = clip or h264_clip(tmp_path / "clip.mp4")
        model = model_run(layout, clip, tmp_path / "scratch", runtime="deepstream", visual_frames=visual_frames)
        facts: Any = SimpleNamespace(video=Value(video.inspect(clip), "test"))
        model._results[PreflightFacts] = facts
        monkeypatch.setattr(ModelRun, "get", lambda self, kind: self._results[kind])
        return model

    return make


def h264_clip(path: Path, frames: int = 12) -> Path:
    return write_clip(path, frames=frames, codec="libx264")


def evidence_of(model: ModelRun, result: VisualValidationResult) -> Evidence:
    log = EvidenceLog("visual_validation", model.layout.name, "k", "deepstream")
    visual_validation.add_evidence(log, model.layout, result)
    return log.snapshot()


def test_without_nvenc_theora_takes_over(make: Make) -> None:
    model = make()
    layout = model.layout
    layout.samples.mkdir()
    for stale in ("frame_0099.jpg", "my net_output.mp4"):
        (layout.samples / stale).write_text("old")
    (layout.samples / "my net_output.webm").write_text("the other runtime's")
    result = visual_deepstream.make(model)
    assert result.lines == (
        "DS_SINGLE_STREAM_MODE=theoraenc-fallback",
        f"DS_SINGLE_STREAM_OUTPUT={layout.given}/samples/my net_output.ogv",
    )
    assert (result.frames and (result.frames.source, result.frames.output)) == (12, 12)
    assert {path.name for path in layout.samples.iterdir()} == {
        *("my net_output.ogv", "my net_output.webm", "visual.log", "visual_nvenc.log", "visual_frames.log"),
        *("frame_0009.jpg", "frame_0010.jpg", "frame_0011.jpg"),
    }
    with av.open(str(layout.visual_output_ogv)) as made:
        assert (made.streams.video[0].codec_context.name, made.streams.video[0].width) == ("theora", 1280)
    evidence = evidence_of(model, result)
    assert (evidence.facts[0].name, evidence.facts[0].value) == (
        "Visual Capture Mode",
        "theoraenc OGV (NVENC unavailable)",
    )
    assert [text.title for text in evidence.texts] == ["visual_nvenc.log", "visual.log", "visual_frames.log"]
    assert "failed during initialization" in evidence.texts[0].body
    assert [title.title for title in evidence.pictures] == ["frame 9", "frame 10", "frame 11"]
    inline = Image.open(io.BytesIO(base64.b64decode(evidence.pictures[0].base64)))
    assert inline.size == (640, 360)


def test_the_commands_shown_can_be_copied(make: Make, tmp_path: Path) -> None:
    model = make(name="it's a net!")
    result = visual_deepstream.make(model)
    evidence = evidence_of(model, result)
    assert len(evidence.commands) == 3
    before = model.layout.visual_output_ogv.stat()
    os.utime(model.layout.visual_output_ogv, (1, 1))
    done = subprocess.run(["bash", "-c", evidence.commands[1]], capture_output=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    after = model.layout.visual_output_ogv.stat()
    assert (after.st_size, after.st_mtime > 2) == (before.st_size, True)


def test_with_an_encoder_there_is_an_mp4_and_nothing_else(make: Make) -> None:
    model = make(nvenc="stock")
    result = visual_deepstream.make(model)
    assert result.lines[0] == "DS_SINGLE_STREAM_MODE=nvenc-primary"
    assert evidence_of(model, result).facts[0].value == "nvv4l2h264enc MP4"
    assert (result.frames and result.frames.output) == 12
    assert [sample.frame for sample in result.samples] == [9, 10, 11]
    assert not model.layout.visual_output_ogv.exists()
    assert not model.layout.visual_nvenc_log.exists()


@pytest.mark.parametrize("name", ['a "b c" d', "back\\slash", "100%d", "-n", "模型"])
def test_model_directories_of_any_name(make: Make, name: str) -> None:
    model = make(name=name)
    result = visual_deepstream.make(model)
    assert (result.frames and result.frames.output) == 12
    assert len(result.samples) == 3
    assert model.layout.visual_output_ogv.stat().st_size > 0
    assert not model.layout.visual_output_ogv.is_symlink()


def test_without_theora_too_it_is_skipped(make: Make) -> None:
    model = make(lacking="theoraenc oggmux")
    result = visual_deepstream.make(model)
    assert result.lines == ("DS_SINGLE_STREAM_MODE=skipped",)
    evidence = evidence_of(model, result)
    assert evidence.facts[0].value == "skipped (no encoder available)"
    assert "no theoraenc and no oggmux" in evidence.facts[0].origin
    assert [text.title for text in evidence.texts] == ["visual_nvenc.log"]
    assert [path.name for path in model.layout.samples.iterdir()] == ["visual_nvenc.log"]


@pytest.mark.parametrize("new_mux", [False, True])
def test_both_muxers(make: Make, new_mux: bool) -> None:
    model = make(new_mux=new_mux)
    result = visual_deepstream.make(model)
    with av.open(str(result.output)) as made:
        assert made.streams.video[0].width == (320 if new_mux else 1280)


@pytest.mark.parametrize(
    ("suffix", "codec"), [(".mkv", "libx264"), (".ts", "libx264"), (".mp4", "libx265"), (".webm", "libvpx")]
)
def test_other_containers_and_codecs(make: Make, tmp_path: Path, suffix: str, codec: str) -> None:
    model = make(clip=write_clip(tmp_path / f"v{suffix}", frames=12, codec=codec))
    assert (frames := visual_deepstream.make(model).frames)
    assert (frames.source, frames.output) == (12, 12)


def test_the_content_decides_not_the_file_name(make: Make, tmp_path: Path) -> None:
    clip = write_clip(tmp_path / "v.mkv", frames=12, codec="libx264").rename(tmp_path / "v.mp4")
    assert visual_deepstream.make(make(clip=clip)).frames is not None


def failure(model: ModelRun) -> DsbenchError:
    with pytest.raises(DsbenchError) as caught:
        visual_deepstream.make(model)
    return caught.value


@pytest.mark.parametrize(
    ("renamed", "what", "fix"),
    [
        ("oggmux", "no_such_element", "apt-file"),
        ("jpegenc", "frame extraction from .*is complete.*no_such_element", "apt"),
    ],
)
def test_a_missing_element_is_a_failure_and_no_reason_to_skip(make: Make, renamed: str, what: str, fix: str) -> None:
    error = failure(make(rename=renamed))
    assert error.code == Code.APP_FAILED
    assert "GStreamer has no element no_such_element" in error.what
    assert fix in error.fix
    assert ("is complete" in error.what) == (renamed == "jpegenc")


def test_a_broken_config_is_a_failure_with_nvinfers_words(make: Make) -> None:
    model = make(nvenc="stock")
    model.layout.nvinfer_config.write_text("no key file\n")
    error = failure(model)
    assert error.code == Code.APP_FAILED
    assert "status 255: nvinfer cannot read its config" in error.what
    assert str(model.layout.visual_log) in error.what


def test_elements_that_agree_on_no_format_are_a_failure(make: Make, tmp_path: Path) -> None:
    model = make(clip=h264_clip(tmp_path / "a.mp4"))
    facts: Any = model.get(PreflightFacts)
    clip = facts.video.value
    wrong = video.VideoFacts(**{**vars(clip), "codec": "hevc"})
    facts.video = Value(wrong, "test")
    gst_translator.install(tmp_path / "bin2", nvenc="stock")
    os.environ["PATH"] = f"{tmp_path / 'bin2'}{os.pathsep}{os.environ['PATH']}"
    error = failure(model)
    assert error.code in (Code.APP_FAILED, Code.VISUAL_OUTPUT)
    assert "gst-launch-1.0" in error.what


def test_frames_lost_to_a_corrupt_stream_are_a_failure_that_names_both_numbers(make: Make, tmp_path: Path) -> None:
    clip = h264_clip(tmp_path / "v.mp4", frames=40)
    data = bytearray(clip.read_bytes())
    start = data.index(b"mdat") + len(data) // 3
    data[start : start + len(data) // 3] = random.Random(5).randbytes(len(data) // 3)
    clip.write_bytes(data)
    error = failure(make(clip=clip))
    assert error.code == Code.VISUAL_OUTPUT
    assert "my net_output.ogv has" in error.what
    assert "frames, the clip has" in error.what


def program(folder: Path, code: str) -> None:
    folder.mkdir()
    for name in (gst.LAUNCH, gst.INSPECT):
        path = folder / name
        path.write_text(f"#!{sys.executable}\n{code}\n")
        path.chmod(0o755)


def test_an_empty_file_is_a_failure_whatever_the_status(
    make: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = make()
    program(
        tmp_path / "own", "import sys\n[open(a[9:], 'w') for a in sys.argv if a.endswith('.mp4') and '_output' in a]"
    )
    monkeypatch.setenv("PATH", f"{tmp_path / 'own'}{os.pathsep}{os.environ['PATH']}")
    error = failure(model)
    assert error.code == Code.VISUAL_OUTPUT
    assert "ended with status 0 but left a video of 0 bytes" in error.what


def test_a_signal_is_named(make: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    model = make()
    program(tmp_path / "own", "import os, signal\nos.kill(os.getpid(), signal.SIGSEGV)")
    monkeypatch.setenv("PATH", f"{tmp_path / 'own'}{os.pathsep}{os.environ['PATH']}")
    error = failure(model)
    assert error.code == Code.APP_CRASHED
    assert "SIGSEGV" in error.what


def test_a_crash_that_the_real_program_catches_is_no_hang(gstreamer: str, tmp_path: Path) -> None:
    """gst-launch-1.0 catches SIGSEGV and then waits for a debugger."""
    log = tmp_path / "log"
    command = ("env", "DSBENCH_CRASH_TEST=1", gstreamer, "fakesrc", "is-live=true", "!", "fakesink", "sync=true")

    def crash() -> None:
        while not (log.exists() and b"PLAYING" in log.read_bytes()):
            time.sleep(0.05)
        for found in Path("/proc").glob("[0-9]*"):
            try:
                mine = int((found / "stat").read_text().rpartition(")")[2].split()[1]) == os.getpid()
                if mine and b"fakesrc" in (found / "cmdline").read_bytes():
                    os.kill(int(found.name), signal.SIGSEGV)
            except OSError:
                continue

    thread = threading.Thread(target=crash)
    thread.start()
    finished = gst.run(command, log, lambda: 0)
    thread.join()
    with pytest.raises(DsbenchError, match="was killed by SIGSEGV") as caught:
        gst.require_success(finished, "test")
    assert caught.value.code == Code.APP_CRASHED


def test_a_pipeline_that_stops_writing_is_stopped(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(gst, "FIRST_OUTPUT_S", 0.5)
    code = "import time\nprint('here I hang', flush=True)\ntime.sleep(60)"
    finished = gst.run((sys.executable, "-c", code), tmp_path / "log", lambda: 0)
    with pytest.raises(DsbenchError, match="here I hang") as caught:
        gst.require_success(finished, "test")
    assert caught.value.code == Code.APP_TIMEOUT


def test_a_flood_is_a_failure_although_the_program_ends_well(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(process, "LOG_LIMIT", 1 << 20)
    code = "import sys\ntry:\n  while True: print('the same line ' * 100)\nexcept KeyboardInterrupt: sys.exit(0)"
    finished = gst.run((sys.executable, "-c", code), tmp_path / "log", lambda: 1)
    with pytest.raises(DsbenchError, match="flooded its log") as caught:
        gst.require_success(finished, "test")
    assert caught.value.code == Code.APP_FAILED


BUILDING = "0:00:01.000000000 7 0x1 INFO nvinfer x [UID = 1]: Trying to create engine from model files"
BUILT = "0:00:03.500000000 7 0x1 INFO nvinfer x: serialize cuda engine to file: /m/x_b2.engine successfully"


def test_an_engine_build_is_not_a_hang_and_is_reported(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(gst, "FIRST_OUTPUT_S", 1.5)
    code = f"import time\nprint({BUILDING!r}, flush=True)\ntime.sleep(3)\nprint({BUILT!r}, flush=True)"
    finished = gst.run((sys.executable, "-c", code), tmp_path / "log", lambda: 0)
    gst.require_success(finished, "test")
    assert gst.console(finished.log).build_s == 2.5


@pytest.mark.parametrize("crash", ["os.kill(os.getpid(), 11)", "sys.exit('a plugin of another GStreamer')"])
def test_a_failed_query_is_not_a_missing_element(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, crash: str) -> None:
    program(tmp_path / "own", f"import os, sys\n{crash}")
    monkeypatch.setenv("PATH", f"{tmp_path / 'own'}{os.pathsep}{os.environ['PATH']}")
    with pytest.raises(DsbenchError, match="GStreamer element theoraenc cannot be looked up"):
        gst.missing("theoraenc")


def test_without_gst_launch_the_package_is_named(make: Make, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    model = make()
    monkeypatch.setenv("PATH", str(tmp_path))
    error = failure(model)
    assert (error.code, error.fix) == (Code.RUNTIME_UNAVAILABLE, "apt-get install gstreamer1.0-tools")


def test_samples_that_are_a_link_are_left_alone(make: Make, tmp_path: Path) -> None:
    model = make()
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere/frame_0001.jpg").write_text("mine")
    model.layout.samples.symlink_to(tmp_path / "elsewhere")
    assert failure(model).code == Code.NOT_WRITABLE
    assert (tmp_path / "elsewhere/frame_0001.jpg").read_text() == "mine"


@pytest.mark.parametrize("nvenc", ["absent", "stock"])
def test_the_video_ends_after_the_frames_that_were_asked_for(make: Make, nvenc: str) -> None:
    model = make(nvenc=nvenc, visual_frames="5")
    result = visual_deepstream.make(model)
    assert (result.frames and (result.frames.source, result.frames.output)) == (5, 5)
    assert [sample.frame for sample in result.samples] == [2, 3, 4]
    evidence = evidence_of(model, result)
    facts = {fact.name: fact.value for fact in evidence.facts}
    assert facts["Frames asked for"] == "5"
    assert "the video shows the first 5 frames, the clip has 12; --visual-frames 0 draws them all" in evidence.notes


def test_a_clip_shorter_than_asked_is_drawn_whole(make: Make) -> None:
    model = make(nvenc="stock", visual_frames="0")
    result = visual_deepstream.make(model)
    assert not any("eos-after" in word for word in result.attempts[0].command)
    assert (result.frames and result.frames.output) == 12
    assert not result.cut
