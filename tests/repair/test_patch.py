"""The diff that is shown, and how it is written."""

from __future__ import annotations

from pathlib import Path

import pytest

from dsbench.base.errors import Code, DsbenchError
from dsbench.base.files import with_marker
from dsbench.build import file_changes
from dsbench.repair import patch


def test_a_diff_with_line_ends_and_a_missing_newline(tmp_path: Path) -> None:
    (tmp_path / "c.txt").write_bytes(b"a\r\nb\nlast")
    (change,) = file_changes.changes_of(tmp_path, {"c.txt": b"a\nb\nlast"})
    assert list(file_changes.diff(change, "models/x")) == [
        "--- models/x/c.txt",
        "+++ models/x/c.txt",
        "@@ -1,3 +1,3 @@",
        "-a^M",
        "+a",
        " b",
        " last",
        "\\ No newline at end of file",
    ]


def test_control_characters_do_not_reach_the_terminal(tmp_path: Path) -> None:
    (change,) = file_changes.changes_of(tmp_path, {"c.txt": b"a\x1b[2J\n"})
    assert list(file_changes.diff(change, "x")) == ["--- /dev/null", "+++ x/c.txt", "@@ -0,0 +1 @@", "+a"]


def test_each_write_keeps_the_file_before_it(tmp_path: Path) -> None:
    path = tmp_path / "c.txt"
    path.write_bytes(b"one\r\n")
    path.chmod(0o640)
    for content in (b"two\n", b"three\n"):
        (change,) = file_changes.changes_of(tmp_path, {"c.txt": content})
        patch.write(change)
    assert path.read_bytes() == b"three\n"
    assert path.stat().st_mode & 0o777 == 0o640
    assert [(tmp_path / f"c.txt.orig-{n}").read_bytes() for n in (1, 2)] == [b"one\r\n", b"two\n"]


def test_a_generated_or_new_file_has_no_backup(tmp_path: Path) -> None:
    (tmp_path / "g.txt").write_text(with_marker("x\n", "#"))
    changes = file_changes.changes_of(tmp_path, {"g.txt": b"y\n", "n.txt": b"z\n"})
    assert [patch.write(change) for change in changes] == [None, None]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["g.txt", "n.txt"]


def test_nothing_is_written_through_a_link_that_leaves_the_directory(tmp_path: Path) -> None:
    outside, root = tmp_path / "other.txt", tmp_path / "x"
    outside.write_text("theirs\n")
    (root / "config").mkdir(parents=True)
    (root / "config" / "c.txt").symlink_to(outside)
    (root / "far").symlink_to(tmp_path)
    for file in ("config/c.txt", "far/other.txt", "far/new.txt"):
        (change,) = file_changes.changes_of(root, {file: b"mine\n"})
        with pytest.raises(DsbenchError, match="outside the model directory") as caught:
            patch.write(change)
        assert caught.value.code == Code.NOT_WRITABLE
    assert outside.read_text() == "theirs\n"
    assert not (tmp_path / "new.txt").exists()


def test_a_file_that_was_changed_meanwhile_is_left(tmp_path: Path) -> None:
    (tmp_path / "c.txt").write_text("one\n")
    (change,) = file_changes.changes_of(tmp_path, {"c.txt": b"two\n"})
    (tmp_path / "c.txt").write_text("mine\n")
    with pytest.raises(DsbenchError, match="was changed while"):
        patch.write(change)
    assert (tmp_path / "c.txt").read_text() == "mine\n"
