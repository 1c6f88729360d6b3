"""The one reader: what it refuses, and that everything is read through it."""

from __future__ import annotations

import ast
import errno
import os
import socket
from pathlib import Path

import pytest

import dsbench
from dsbench.base import reading
from dsbench.base.reading import FileKind

PACKAGE = Path(dsbench.__file__).resolve().parent
OWN_READS = {
    "advice/explain_command.py": "the pipe of a shell's <(command)",
    "base/console.py": "standard streams, and the null device",
    "base/cpp.py": "its own lock, and sources of the package",
    "base/cpus.py": "files of the kernel",
    "base/descendants.py": "files of the kernel",
    "base/machine_limits.py": "files of the kernel",
    "base/reading.py": "the reader itself",
    "build/compile.py": "the log that a child writes",
    "ci/summary.py": "a file of the CI service, to which lines are added",
    "doctor/survey/shared_library.py": "libraries of the driver, of which it reads headers",
    "embedded/memory.py": "files of the kernel",
    "fleet/inputs.py": "files that it writes",
    "fleet/pytest_child.py": "files that it writes",
    "fleet/ray_files.py": "files that it writes",
    "fleet/ray_session.py": "standard output",
    "fleet/scratch.py": "files of the kernel",
    "fleet/store.py": "object stores, of which each chunk is hashed",
    "jobs/harness.py": "the tensors that it writes for its child",
    "machine/app_processes.py": "files of the kernel",
    "machine/directory_lock.py": "files of the kernel",
    "machine/hardware.py": "files of the kernel",
    "machine/numa.py": "files of the kernel",
    "machine/telemetry/cpu.py": "files of the kernel",
    "plugin/lost_output.py": "the null device",
    "repair/patch.py": "the backup that it writes",
    "report/html.py": "templates of the package",
    "selftest/fault.py": "directories that it makes itself",
    "selftest/file_faults.py": "directories that it makes itself",
    "selftest/matrix.py": "directories that it makes itself",
}
"""Modules that may open or read files in another way, and which ones."""
ELSEWHERE = ("reading", "av", "Image", "os", "codecs", "builder", "source", "store", "resources")
"""Callers of another ``open`` or ``read_text``: the reader, decoders of media, methods of that name."""


def _reads(path: Path) -> list[str]:
    found = []
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if not isinstance(node, ast.Call):
            continue
        if isinstance(node.func, ast.Name) and node.func.id == "open":
            found.append(ast.unparse(node))
        if isinstance(node.func, ast.Attribute):
            caller, name = ast.unparse(node.func.value), node.func.attr
            parses = (caller, name) in (("json", "loads"), ("json", "load"), ("tomllib", "load"))
            if parses or (name in ("open", "read_text", "read_bytes") and caller not in ELSEWHERE):
                found.append(ast.unparse(node))
    return found


def test_files_are_read_by_the_reader() -> None:
    found = {}
    for path in PACKAGE.rglob("*.py"):
        if "_data" not in path.parts and (reads := _reads(path)):
            found[str(path.relative_to(PACKAGE))] = reads
    assert {name: reads for name, reads in found.items() if name not in OWN_READS} == {}
    assert set(OWN_READS) - set(found) == set(), "rows that are no longer needed"


def test_a_file_and_its_beginning(tmp_path: Path) -> None:
    path = tmp_path / "a"
    path.write_bytes(b"a\r\nb\rc\n")
    assert reading.read_bytes(path, FileKind.SETTINGS) == b"a\r\nb\rc\n"
    assert reading.read_text(path, FileKind.SETTINGS) == "a\nb\nc\n"
    assert reading.read_head(path, 2) == b"a\r"


def _fifo(path: Path) -> None:
    os.mkfifo(path)


def _socket(path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as made:
        made.bind(os.path.relpath(path))


REFUSED = {
    "FIFO": (_fifo, "not a regular file but a FIFO"),
    "socket": (_socket, "not a regular file but a socket"),
    "device": (lambda path: path.symlink_to("/dev/zero"), "not a regular file but a device"),
    "directory": (lambda path: path.mkdir(), "Is a directory"),
    "loop": (lambda path: path.symlink_to(path), os.strerror(errno.ELOOP)),
    "nothing": (lambda path: None, os.strerror(errno.ENOENT)),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_is_no_file_is_refused_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, case: str) -> None:
    monkeypatch.chdir(tmp_path)
    make, what = REFUSED[case]
    make(tmp_path / "file")
    with pytest.raises(OSError, match=what) as error:
        reading.read_bytes(tmp_path / "file", FileKind.LABELS)
    assert error.value.strerror == what


@pytest.mark.parametrize("name", ["a\0b", "a\ud800"])
def test_a_name_that_no_file_can_have(name: str) -> None:
    with pytest.raises(OSError, match="not the name of a file"):
        reading.read_bytes(name, FileKind.LABELS)


def test_a_file_larger_than_its_kind_is_not_read(tmp_path: Path) -> None:
    path = tmp_path / "dsbench.toml"
    with open(path, "wb") as file:
        file.truncate(5 << 30)
    with pytest.raises(OSError, match=r"too large \(5120.0 MiB, and dsbench.toml has 1 MiB at most\)"):
        reading.read_bytes(path, FileKind.SETTINGS)


def test_a_file_of_the_kernel_has_no_size() -> None:
    assert reading.read_bytes("/proc/self/stat", FileKind.SYSTEM)


def test_json_nested_without_end_is_a_value_error() -> None:
    with pytest.raises(ValueError, match="nested too deep"):
        reading.parse_json("[" * 100_000)
