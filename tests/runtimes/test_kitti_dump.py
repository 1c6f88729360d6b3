"""6g's dump with a stand-in app: emptied directory, first N frames, and each kind of end."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from dsbench.base import logs, process
from dsbench.base.errors import Code, DsbenchError
from dsbench.model.layout import ModelLayout
from dsbench.runtimes import kitti_dump


@dataclass(frozen=True)
class FakeRuntime:
    """Runs Python code in deepstream-app's place."""

    code: str
    name: str = "fake"
    label: str = "fake"
    deepstream_dir: Path = Path("/")
    parser_libs: str | None = None

    def unavailable(self) -> str | None:
        return None

    def app_command(self, config: Path) -> tuple[str, ...]:
        return (sys.executable, "-c", self.code)

    def versions(self, gpu_id: int = 0) -> tuple[()]:
        return ()


def writer(directory: Path, frames: int, then: str = "") -> str:
    """Frame 0 comes last: whoever counts the frames that are there sees none of them, or all."""
    return (
        "import pathlib, time, os\n"
        f"d = pathlib.Path({str(directory)!r})\n"
        f"try:\n  for i in reversed(range({frames})): (d / f'00_000_{{i:06d}}.txt').write_text('x')\n"
        f"  time.sleep(0.01)\n  {then or 'pass'}\nexcept KeyboardInterrupt: pass"
    )


def kept(directory: Path) -> int:
    return len(list(directory.iterdir()))


def test_stops_once_enough_frames_are_there_and_keeps_the_first(tmp_path: Path) -> None:
    kitti = tmp_path / "kitti output"
    code = writer(kitti, 30, "time.sleep(60)")
    done = kitti_dump.dump(FakeRuntime(code), tmp_path / "c.txt", kitti, 10, tmp_path / "log")
    assert kept(kitti) == 10
    assert done.finished.stopped
    assert sorted(p.name for p in kitti.iterdir())[-1] == "00_000_000009.txt"


def test_a_shorter_video_and_the_whole_video(tmp_path: Path) -> None:
    kitti = tmp_path / "k"
    for written, wanted in ((7, 10), (12, 0)):
        kitti_dump.dump(FakeRuntime(writer(kitti, written)), tmp_path / "c", kitti, wanted, tmp_path / "log")
        assert kept(kitti) == written


def test_only_the_dumps_own_names_are_deleted(tmp_path: Path) -> None:
    kitti = tmp_path / "k"
    kitti.mkdir()
    (kitti / "00_000_000099.txt").touch()
    (kitti / "notes.txt").touch()
    kitti_dump.empty(kitti)
    assert [p.name for p in kitti.iterdir()] == ["notes.txt"]


def test_nothing_is_deleted_through_a_link(tmp_path: Path) -> None:
    real = tmp_path / "real"
    real.mkdir()
    (real / "00_000_000000.txt").touch()
    kitti = ModelLayout.at("net", tmp_path).kitti_dir
    kitti.parent.mkdir(parents=True)
    kitti.symlink_to(real)
    with pytest.raises(DsbenchError) as caught:
        kitti_dump.empty(kitti)
    assert caught.value.code == Code.NOT_WRITABLE
    assert (real / "00_000_000000.txt").exists()


@pytest.mark.parametrize(
    ("then", "code", "said"),
    [
        ("os.kill(os.getpid(), 11)", Code.APP_CRASHED, "SIGSEGV"),
        ("os._exit(139)", Code.APP_CRASHED, "139"),
        ("print('App run failed'); raise SystemExit(255)", Code.APP_FAILED, "App run failed"),
    ],
)
def test_how_an_app_can_end(tmp_path: Path, then: str, code: Code, said: str) -> None:
    kitti = tmp_path / "k"
    with pytest.raises(DsbenchError) as caught:
        kitti_dump.dump(FakeRuntime(writer(kitti, 3, then)), tmp_path / "c", kitti, 10, tmp_path / "log")
    assert caught.value.code == code
    assert said in caught.value.what
    assert (kitti / "00_000_000002.txt").exists(), "what was written stays"


def test_an_app_that_hangs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kitti_dump, "STALL_S", 0.5)
    kitti = tmp_path / "k"
    code = writer(kitti, 3, "time.sleep(60)")
    with pytest.raises(DsbenchError) as caught:
        kitti_dump.dump(FakeRuntime(code), tmp_path / "c", kitti, 10, tmp_path / "log")
    assert caught.value.code == Code.APP_TIMEOUT


def test_a_build_may_take_longer_than_a_stall(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kitti_dump, "STALL_S", 0.3)
    monkeypatch.setattr(kitti_dump, "FIRST_FRAME_S", 0.6)
    monkeypatch.setattr(kitti_dump, "_LOOK_EVERY", 1)
    kitti = tmp_path / "k"
    building = (
        "import sys\n"
        "print('[UID = 1]: Trying to create engine from model files', flush=True)\n"
        "import time; time.sleep(1.5)\n"
        "print('[UID = 1]: serialize cuda engine to file: /m/x.engine successfully', flush=True)\n"
    )
    done = kitti_dump.dump(FakeRuntime(building + writer(kitti, 12)), tmp_path / "c", kitti, 10, tmp_path / "log")
    assert kept(kitti) == 10
    assert done.console.build_ended
    assert done.console.saved_as == "/m/x.engine"


@pytest.mark.parametrize(("number", "hint"), [(9, "dmesg"), (7, "/dev/shm"), (6, "exception"), (11, "step 6a")])
def test_the_fix_for_each_signal(tmp_path: Path, number: int, hint: str) -> None:
    kitti = tmp_path / "k"
    code = writer(kitti, 3, f"os.kill(os.getpid(), {number})")
    with pytest.raises(DsbenchError) as caught:
        kitti_dump.dump(FakeRuntime(code), tmp_path / "c", kitti, 10, tmp_path / "log")
    assert caught.value.code == Code.APP_CRASHED
    assert hint in caught.value.fix


def test_a_parser_that_returns_false_is_named_behind_the_crash(tmp_path: Path) -> None:
    kitti = tmp_path / "k"
    then = (
        "print('[UID = 1]: Failed to parse bboxes using custom parse function', flush=True); os.kill(os.getpid(), 11)"
    )
    with pytest.raises(DsbenchError) as caught:
        kitti_dump.dump(FakeRuntime(writer(kitti, 3, then)), tmp_path / "c", kitti, 10, tmp_path / "log")
    assert caught.value.code == Code.APP_CRASHED
    assert "the parser returned false" in caught.value.what


def test_a_long_log_is_read_at_both_ends_only(tmp_path: Path) -> None:
    log = tmp_path / "log"
    log.write_bytes(b"first\n" + b"x" * 5_000_000 + b"\nmiddle\n" + b"y" * 400_000 + b"\nlast\n")
    lines = list(logs.lines_to_search(log))
    assert lines[0] == "first"
    assert "last" in lines
    assert "middle" not in lines


def test_an_app_that_ignores_sigint_still_leaves_its_frames(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(process, "_GRACE_S", 0.2)
    kitti = tmp_path / "k"
    code = "import signal\nsignal.signal(signal.SIGINT, signal.SIG_IGN)\n" + writer(kitti, 12, "time.sleep(60)")
    done = kitti_dump.dump(FakeRuntime(code), tmp_path / "c", kitti, 10, tmp_path / "log")
    assert (kept(kitti), done.finished.timed_out) == (10, True)


def test_an_app_that_crashes_while_it_ends_is_a_crash(tmp_path: Path) -> None:
    kitti = tmp_path / "k"
    ends, crashes = "KeyboardInterrupt: pass", "KeyboardInterrupt: os.kill(os.getpid(), 11)"
    code = writer(kitti, 12, "time.sleep(60)").replace(ends, crashes)
    with pytest.raises(DsbenchError, match="SIGSEGV") as caught:
        kitti_dump.dump(FakeRuntime(code), tmp_path / "c", kitti, 10, tmp_path / "log")
    assert caught.value.code == Code.APP_CRASHED
