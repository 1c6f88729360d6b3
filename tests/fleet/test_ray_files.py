"""Files in chunks: inputs out, result directories back, whole or not at all."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from dsbench.fleet import ray_files
from dsbench.fleet.job import JobFile
from dsbench.fleet.ray_files import ArrivingResults, chunk_of, pieces_of
from tests.fleet.plans import a_job

FILES = {"result.json": b"{}", "reports/pytest.log": b"x" * 25, "samples/empty.txt": b"", "samples/a/b.txt": b"12345"}


def result_directory(folder: Path) -> Path:
    for name, content in FILES.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    return folder


def content(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.mark.parametrize("batch", [1, 10, 1 << 20])
def test_a_result_directory_arrives_as_it_was(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, batch: int) -> None:
    monkeypatch.setattr(ray_files, "_BATCH", batch)
    pieces = list(pieces_of(result_directory(tmp_path / "made")))
    assert pieces[-1][-1][0] == "result.json"
    arriving = ArrivingResults(tmp_path / "results" / "net-1")
    for number, some in enumerate(pieces):
        arriving.add(number, some)
        arriving.add(number, some)
        assert not (tmp_path / "results" / "net-1").exists()
    arriving.finish()
    assert content(tmp_path / "results") == {f"net-1/{name}": data for name, data in FILES.items()}


def test_what_is_given_up_leaves_the_earlier_result(tmp_path: Path) -> None:
    target = result_directory(tmp_path / "results" / "net-1")
    arriving = ArrivingResults(target)
    arriving.add(0, [("result.json", b"half")])
    arriving.drop()
    assert content(tmp_path / "results") == {f"net-1/{name}": data for name, data in FILES.items()}


@pytest.mark.parametrize("name", ["../x", "/etc/x", "a/../../x", "", "a//b", "."])
def test_no_piece_leaves_the_directory(tmp_path: Path, name: str) -> None:
    arriving = ArrivingResults(tmp_path / "results" / "net-1")
    with pytest.raises(ValueError, match="is no file of a result"):
        arriving.add(0, [(name, b"")])
    arriving.drop()
    assert content(tmp_path) == {}


def test_only_files_of_the_job_are_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ray_files, "CHUNK", 4)
    source = tmp_path / "net.onnx"
    source.write_bytes(b"0123456789")
    sha256 = hashlib.sha256(b"0123456789").hexdigest()
    one = a_job(files=(JobFile("models/net/net.onnx", str(source), 10, sha256),))
    assert [chunk_of(one, sha256, offset) for offset in (0, 4, 8)] == [b"0123", b"4567", b"89"]
    with pytest.raises(LookupError):
        chunk_of(one, "0" * 64, 0)
