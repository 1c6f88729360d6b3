"""Files that may not be read, are gone, or have impossible names: every step says which, and other models go on."""

from __future__ import annotations

import errno
import json
import os
import re
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from dsbench import cli
from dsbench.base.errors import Code
from dsbench.base.os_errors import MEANINGS, in_output, of_os_error, system_errors
from tests.material import write_clip, write_onnx
from tests.warm import run_pytest
from tests.without_privileges import obey_permissions

Change = Callable[[Path], object]


def locked(name: str, mode: int = 0) -> Change:
    """Take rights from a file or directory, which is made if it is not there."""

    def change(root: Path) -> None:
        path = root / name
        if not path.exists():
            path.mkdir(parents=True)
        path.chmod(mode)

    return change


def link(name: str, target: str) -> Change:
    """Replace a file or directory by a link."""

    def change(root: Path) -> None:
        subprocess.run(["rm", "-rf", str(root / name)], check=True)
        (root / name).symlink_to(target)

    return change


def video(path: str, change: Change = lambda root: None) -> Change:
    """Choose another video in dsbench.toml, then ``change``."""

    def changed(root: Path) -> None:
        (root / "dsbench.toml").write_text(f'video = "{path}"\n')
        change(root)

    return changed


@dataclass(frozen=True)
class Fault:
    change: Change
    code: str
    """Of pre-flight's error; empty if pre-flight passes."""
    said: str = ""
    """In the error, or in the warning about the record."""


FAULTS = {
    "config": Fault(locked("config"), "file-access", "config cannot be entered"),
    "config-no-x": Fault(locked("config", 0o600), "file-access", "config cannot be entered"),
    "labels": Fault(locked("config/labels.txt"), "labels-invalid", "Permission denied"),
    "labels-loop": Fault(link("config/labels.txt", "labels.txt"), "file-access", "leads back to itself"),
    "config-loop": Fault(link("config", "config"), "file-access", "leads back to itself"),
    "model": Fault(locked("model"), "file-access", "model may not be used by this user"),
    "model-no-x": Fault(locked("model", 0o600), "file-access", "model cannot be entered"),
    "model-loop": Fault(link("model", "model"), "file-access", "leads back to itself"),
    "onnx": Fault(locked("model/net.onnx"), "onnx-invalid", "Permission denied"),
    "root": Fault(locked(".", 0), "model-dir-missing", "Permission denied"),
    "root-no-x": Fault(locked(".", 0o600), "settings-invalid", "Permission denied"),
    "toml": Fault(link("dsbench.toml", "dsbench.toml"), "settings-invalid", "Too many levels of symbolic links"),
    "reports": Fault(locked("reports"), "", "the record was not written"),
    "reports-readonly": Fault(locked("reports", 0o500), "", "the record was not written"),
    "reports-loop": Fault(link("reports", "reports"), "", "the record was not written"),
    "video-name": Fault(video("v" * 300 + ".mp4"), "file-access", "too long"),
    "video-path": Fault(video("v/" * 3000 + "v.mp4"), "file-access", "too long"),
    "video-loop": Fault(video("loop.mp4", link("loop.mp4", "loop.mp4")), "file-access", "leads back to itself"),
    "video-folder": Fault(video("v/clip.mp4", locked("v")), "file-access", "v cannot be entered"),
    "video": Fault(video("clip", locked("clip")), "file-access", "clip may not be used by this user"),
}


LONG = "n" * 300


def model_directory(root: Path) -> None:
    write_onnx(root / "model" / "net.onnx", height=64, width=128)
    (root / "config").mkdir()
    (root / "config" / "labels.txt").write_text("car\nperson\n")
    (root / "dsbench.toml").write_text('video = "../../clip.mp4"\n')


def block_of(output: str, model: str) -> str:
    """The lines of the terminal's summary that are about one model."""
    lines = output.partition(" dsbench ==")[2].splitlines()
    first = next(number for number, line in enumerate(lines) if line.startswith(f"{model}: "))
    mine = [line for line in lines[first:] if line.startswith((" ", f"{model}: "))]
    end = next((i for i, line in enumerate(lines[first:]) if not line.startswith((" ", f"{model}: "))), len(lines))
    return "\n".join(mine[:end])


@pytest.mark.long
def test_rights_links_and_names(tmp_path: Path) -> None:
    for name, fault in FAULTS.items():
        model_directory(tmp_path / "m" / name)
        fault.change(tmp_path / "m" / name)
    model_directory(tmp_path / "m" / "last")
    write_clip(tmp_path / "clip.mp4", frames=3)
    models = [f"--model-dir=m/{name}" for name in (*FAULTS, LONG, "last")]
    options = ("--runtime=embedded", "--prepare=never", "-k=preflight")
    done = run_pytest(tmp_path, *models, *options, before=obey_permissions)
    subprocess.run(["chmod", "-R", "u+rwX", str(tmp_path)], check=True)
    assert done.returncode == 1
    assert "Traceback" not in done.stdout + done.stderr
    assert "INTERNALERROR" not in done.stdout
    for name, fault in FAULTS.items():
        shown = block_of(done.stdout, name)
        assert fault.said in shown, (name, shown)
        assert not fault.code or f"{name}: preflight FAILED [{fault.code}]" in shown, (name, shown)
        assert not fault.code or re.search(r"  where: .+\n  fix: .+", shown), (name, shown)
    assert "FAILED [model-dir-missing]" in block_of(done.stdout, LONG)
    assert "1 of" in block_of(done.stdout, "last")


@pytest.mark.long
def test_what_breaks_within_a_step(tmp_path: Path) -> None:
    start = tmp_path / "start"
    names = ("gone", "full", "removed", "last")
    for name in names:
        model_directory(start / "m" / name)
    write_clip(start / "clip.mp4", frames=3)
    models = [f"--model-dir=m/{name}" for name in names]
    options = ("--runtime=embedded", "--prepare=never", "--video=clip.mp4", "-k=model_outputs", "-ptests.break_steps")
    faults = "preflight:gone:ENOENT preflight:full:ENOSPC model_outputs:removed:REMOVE_MODEL"
    broken = f"{faults} model_outputs:last:RENAME_START"
    repository = os.fspath(Path(__file__).parent.parent)
    done = run_pytest(start, *models, *options, BREAK_STEPS=broken, PYTHONPATH=repository)
    assert "Traceback" not in done.stdout + done.stderr
    assert (
        "gone: preflight FAILED [file-access]\n  labels.txt does not exist, or was removed during the run"
        in done.stdout
    )
    assert "full: preflight FAILED [not-writable]\n  labels.txt cannot be written: the disk" in done.stdout
    assert "removed: model_outputs FAILED [file-access]\n  the model directory is gone" in done.stdout
    assert "last: model_outputs FAILED [file-access]\n  the model directory is gone" in done.stdout
    kept = tmp_path / "start-renamed" / "m" / "gone" / "reports" / "benchmark_data.json"
    assert [one["outcome"] for one in json.loads(kept.read_text())["steps"]] == ["failed", "skipped"]
    (page,) = (start / "reports").glob("*.html")
    assert "does not exist, or was removed during the run" in page.read_text()


@pytest.mark.parametrize(
    ("lines", "code"),
    [
        (("Traceback (most recent call last):", "OSError: [Errno 27] File too large"), Code.NOT_WRITABLE),
        (("PermissionError: [Errno 13] Permission denied: '/m/net.onnx'", ""), Code.FILE_ACCESS),
        (("av.error.FileNotFoundError: [Errno 2] No such file or directory: '/m/v.mp4'",), Code.FILE_ACCESS),
        (("ValueError: bad", "box [Errno 2]"), None),
        ((), None),
    ],
)
def test_the_error_with_which_a_program_ended(lines: tuple[str, ...], code: Code | None) -> None:
    found = in_output(lines)
    assert (found.code if found else None) == code


@pytest.mark.parametrize("number", sorted(errno.errorcode))
def test_every_number_has_a_code_a_place_and_a_fix(number: int) -> None:
    found = of_os_error(OSError(number, os.strerror(number), "/m/net.onnx"))
    assert found.code in (Code.FILE_ACCESS, Code.NOT_WRITABLE)
    assert found.what.startswith("net.onnx ")
    assert (found.where, bool(found.fix)) == ("/m/net.onnx", True)
    assert of_os_error(OSError(number, os.strerror(number))).what.startswith("A file ")


def test_the_current_directory_is_gone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "folder"
    folder.mkdir()
    monkeypatch.chdir(folder)
    folder.rmdir()
    for command in (("compare", "a", "b"), ("inspect", "net.onnx"), ("index", "a"), ("export", "m", "--model-card")):
        assert cli.main(command) == 1
        assert "[usage] the current directory no longer exists" in capsys.readouterr().err


def test_words_of_our_own_stay() -> None:
    found = of_os_error(OSError(errno.EFBIG, "too large (2 GiB)", "/m/labels.txt"))
    assert (found.code, found.what) == (Code.FILE_ACCESS, "labels.txt cannot be used: too large (2 GiB)")


def test_numbers_are_named_once_and_pipes_stay() -> None:
    every = [number for one in MEANINGS for number in one.numbers]
    assert len(every) == len(set(every))
    with pytest.raises(BrokenPipeError), system_errors():
        raise BrokenPipeError
