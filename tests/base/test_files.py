"""Whose file is it? The marker's rule, and writes in one step."""

from __future__ import annotations

from pathlib import Path

import pytest

from dsbench.base.errors import Code, DsbenchError
from dsbench.base.files import Status, is_generated, write_generated


def test_life_of_a_generated_file(tmp_path: Path) -> None:
    path = tmp_path / "new" / "file.txt"
    assert write_generated(path, "a\n", "#").status is Status.CREATED
    assert path.read_text().split("\n", 1)[1] == "a\n"
    assert write_generated(path, "a\n", "#").status is Status.UNCHANGED
    assert write_generated(path, "b\n", "#").status is Status.UPDATED
    assert is_generated(path)
    path.write_text(path.read_text() + "mine\n")
    assert write_generated(path, "c\n", "#").status is Status.USER_OWNED
    assert path.read_text().endswith("b\nmine\n")
    assert [item.name for item in path.parent.iterdir()] == ["file.txt"]


@pytest.mark.parametrize("content", [b"", b"plain text\n", b"# dsbench-generated sha256:beef\nx\n", b"\xff\xfe"])
def test_files_without_a_valid_marker_are_the_users(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "file.txt"
    path.write_bytes(content)
    assert write_generated(path, "x\n", "#").status is Status.USER_OWNED
    assert path.read_bytes() == content


def test_a_link_is_the_users(tmp_path: Path) -> None:
    (tmp_path / "target").write_text("x")
    (tmp_path / "link").symlink_to(tmp_path / "target")
    (tmp_path / "dangling").symlink_to(tmp_path / "nowhere")
    assert write_generated(tmp_path / "link", "y", "#").status is Status.USER_OWNED
    assert write_generated(tmp_path / "dangling", "y", "#").status is Status.USER_OWNED
    assert not (tmp_path / "nowhere").exists()


def test_a_place_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(DsbenchError) as caught:
        write_generated(tmp_path / "file" / "below.txt", "x", "#")
    assert caught.value.code == Code.NOT_WRITABLE
    assert caught.value.what == "cannot write below.txt: file is not a directory"
    assert caught.value.fix == f"move {tmp_path / 'file'} away: a directory is needed there"
