"""Paths of config files, against glibc's realpath where it can be called."""

from __future__ import annotations

import ctypes
import errno
import os
from pathlib import Path

import pytest

from dsbench.formats import paths


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    (tmp_path / "d").mkdir()
    (tmp_path / "d" / "f").touch()
    (tmp_path / "link").symlink_to("d/f")
    (tmp_path / "up").symlink_to(tmp_path / "d" / "..")
    (tmp_path / "dangling").symlink_to("d/gone/x")
    (tmp_path / "loop").symlink_to("loop")
    return tmp_path


@pytest.mark.parametrize(
    "name",
    [
        "d/f",
        "link",
        "up/d/f",
        "no",
        "no/a/b",
        "d/no/b",
        "dangling",
        "dangling/y",
        "loop",
        "d/f/x",
        "d/../link",
        "d//./f",
    ],
)
def test_like_glibc(tree: Path, name: str) -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    if not hasattr(libc, "gnu_get_libc_version"):
        pytest.skip("not glibc")
    libc.realpath.restype = ctypes.c_char_p
    answer = ctypes.create_string_buffer(4096)
    ctypes.set_errno(0)
    fine = libc.realpath(os.fsencode(tree / "") + b"/" + name.encode(), answer)
    expected = (os.fsdecode(answer.value), 0 if fine else ctypes.get_errno())
    found = paths.glibc_realpath(f"{tree}/{name}")
    if expected[1] in (0, errno.ENOENT):
        assert found == expected
    else:
        assert found[1] == expected[1]


def test_deepstreams_own_files_keep_their_names_where_it_is_not_installed(tmp_path: Path) -> None:
    name = "/opt/nvidia/deepstream/deepstream/lib/libnvds_infercustomparser.so"
    if not os.path.isdir("/opt/nvidia/deepstream"):
        assert paths.resolve_from_config(tmp_path / "config.txt", name) == name
