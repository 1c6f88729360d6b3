from __future__ import annotations

import hashlib
import os
from pathlib import Path

import pytest

from dsbench.base import reading
from dsbench.fleet import hashing
from dsbench.fleet.hashing import FileHash, FileHasher


def test_a_file_of_several_blocks(tmp_path: Path) -> None:
    content = os.urandom(5_000_001)
    (tmp_path / "x").write_bytes(content)
    assert hashing.of_file(tmp_path / "x") == FileHash(len(content), hashlib.sha256(content).hexdigest())


def test_a_file_under_several_paths_is_read_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    opened = []
    original = reading.open_regular
    monkeypatch.setattr(reading, "open_regular", lambda path: opened.append(path) or original(path))
    (tmp_path / "x").write_bytes(b"x")
    with FileHasher() as hasher:
        futures = [hasher.begin(tmp_path / "x", (1, 2, 3, 4)) for _ in range(5)]
        assert len({future.result() for future in futures}) == 1
    assert len(opened) == 1


def test_a_file_that_changes_while_it_is_read_is_read_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "x"
    path.write_bytes(b"a" * 10)
    _append_while_reading(path, iter([b"b" * 20]), monkeypatch)
    assert hashing.of_file(path).bytes == 30


def test_a_file_that_keeps_changing_is_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "x"
    path.write_bytes(b"a" * 10)
    _append_while_reading(path, iter([b"b"] * 100), monkeypatch)
    with pytest.raises(OSError, match="changes while it is read"):
        hashing.of_file(path)


def _append_while_reading(path: Path, changes: object, monkeypatch: pytest.MonkeyPatch) -> None:
    """Append the next change once a block has been hashed."""
    sha256 = hashlib.sha256

    class Digest:
        def __init__(self) -> None:
            self._digest = sha256()

        def update(self, block: bytes) -> None:
            self._digest.update(block)
            with path.open("ab") as file:
                file.write(next(changes, b""))  # type: ignore[call-overload]

        def hexdigest(self) -> str:
            return self._digest.hexdigest()

    monkeypatch.setattr(hashing.hashlib, "sha256", Digest)
