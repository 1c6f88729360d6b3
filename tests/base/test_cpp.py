"""Building and caching of the C++ host. The compiler is a script that counts its calls, except where noted."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from dsbench.base import cpp
from dsbench.base.errors import Code, DsbenchError
from dsbench.embedded import native

FAKE = """\
#!/bin/sh
case "$1" in --version|-dumpmachine) echo "fake $1 $FAKE_VERSION"; exit 0;; esac
echo called >> "{log}"
while [ $# -gt 0 ]; do [ "$1" = -o ] && target=$2; shift; done
sleep 0.3
{action}
"""


@pytest.fixture(autouse=True)
def fresh_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    cpp.cache_root.cache_clear()
    yield
    cpp.cache_root.cache_clear()


def fake_compiler(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, action: str = 'echo built > "$target"') -> Path:
    """Puts a g++ on PATH that runs ``action``; returns the file that gets one line a call."""
    folder, log = tmp_path / "bin", tmp_path / "calls"
    folder.mkdir(exist_ok=True)
    (folder / "g++").write_text(FAKE.format(log=log, action=action))
    (folder / "g++").chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}:/usr/bin:/bin")
    log.touch()
    return log


def calls(log: Path) -> int:
    return len(log.read_text().splitlines())


def test_the_second_build_is_taken_from_the_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    log = fake_compiler(tmp_path, monkeypatch)
    first = cpp.build(native.HOST)
    assert first.read_text() == "built\n"
    assert first.is_relative_to(tmp_path / "cache" / "dsbench")
    assert cpp.build(native.HOST) == first
    assert calls(log) == 1
    assert [file.name for file in first.parent.glob("*.so")] == [first.name]


def test_another_compiler_is_another_build(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fake_compiler(tmp_path, monkeypatch)
    first = cpp.build(native.HOST)
    monkeypatch.setenv("FAKE_VERSION", "99")
    assert cpp.build(native.HOST) != first


def test_changed_sources_or_flags_are_another_build(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fake_compiler(tmp_path, monkeypatch)
    built = [cpp.build(native.HOST)]
    sdk = tmp_path / "sdk"
    shutil.copytree(cpp.SDK, sdk)
    with (sdk / "sources" / "includes" / "nvdsinfer.h").open("a") as header:
        header.write("\n")
    monkeypatch.setattr(cpp, "SDK", sdk)
    built.append(cpp.build(native.HOST))
    built.append(cpp.build(replace(native.HOST, flags=(*native.HOST.flags, "-g"))))
    assert len(set(built)) == 3


def test_two_processes_at_once_build_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    log = fake_compiler(tmp_path, monkeypatch)
    code = "from dsbench.base import cpp; from dsbench.embedded import native; print(cpp.build(native.HOST))"
    both = [subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True) for _ in range(2)]
    paths = {process.communicate(timeout=60)[0] for process in both}
    assert [process.returncode for process in both] == [0, 0]
    assert len(paths) == 1
    assert calls(log) == 1


def test_no_compiler(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(DsbenchError) as caught:
        cpp.build(native.HOST)
    assert caught.value.code is Code.BUILD_TOOL_MISSING
    assert caught.value.fix == "apt-get install g++"
    assert "\n" not in caught.value.what


def test_a_failed_build_is_one_line_and_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    action = "echo 'In file included from a.cpp:' >&2; echo 'a.cpp:1:1: error: no such thing' >&2; exit 1"
    fake_compiler(tmp_path, monkeypatch, action)
    with pytest.raises(DsbenchError) as caught:
        cpp.build(native.HOST)
    assert caught.value.code is Code.HOST_BUILD_FAILED
    assert caught.value.what.endswith("a.cpp:1:1: error: no such thing")
    assert not list((tmp_path / "cache").rglob("*.so"))


def test_a_build_that_does_not_load(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fake_compiler(tmp_path, monkeypatch)
    native.library.cache_clear()
    try:
        with pytest.raises(DsbenchError, match="cannot be loaded") as caught:
            native.library()
        assert caught.value.code is Code.HOST_BUILD_FAILED
    finally:
        native.library.cache_clear()


def test_a_cache_that_cannot_be_used_is_replaced(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fake_compiler(tmp_path, monkeypatch)
    (tmp_path / "cache").write_text("a file, not a folder")
    monkeypatch.setattr(cpp.tempfile, "tempdir", str(tmp_path))
    built = cpp.build(native.HOST)
    assert built.is_file()
    assert built.parent.parent.name.startswith("dsbench-")


def test_a_folder_that_others_can_write_is_not_trusted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fake_compiler(tmp_path, monkeypatch)
    folder = tmp_path / "cache" / "dsbench"
    folder.mkdir(parents=True)
    folder.chmod(0o777)
    monkeypatch.setattr(cpp.tempfile, "tempdir", str(tmp_path))
    assert not cpp.build(native.HOST).is_relative_to(folder)


def test_the_library_of_this_process_has_every_function() -> None:
    # built by the real compiler, from the user's cache when it is there
    library = native.library()
    assert library.path.is_file()
    assert native.library() is library
