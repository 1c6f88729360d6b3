"""Below a protected directory nothing is written or deleted through a link that leaves it."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from dsbench.base import places
from dsbench.base.errors import Code, DsbenchError

Do = Callable[[Path], object]


def _new_file(path: Path) -> None:
    with places.new_file(path) as file:
        file.write(b"new")


def _move(path: Path) -> None:
    source = path.parents[1] / "source"
    source.write_bytes(b"new")
    places.move(source, path)


def _link(path: Path) -> None:
    source = path.parents[1] / "source"
    source.write_bytes(b"new")
    places.link(source, path)


WRITERS: tuple[Do, ...] = (_new_file, lambda path: places.replace(path, b"new"), _move, _link)
REMOVERS: tuple[Do, ...] = (places.make_way, places.remove)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    folder = tmp_path / "net"
    (folder / "samples").mkdir(parents=True)
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside" / "file").write_text("mine")
    places.protect(folder)
    return folder


@pytest.mark.parametrize("act", [*WRITERS, *REMOVERS])
@pytest.mark.parametrize("plant", ["link", "dangling", "device", "hard link", "inside"])
def test_a_link_in_the_place_of_a_file_is_replaced(root: Path, act: Do, plant: str) -> None:
    outside, path = root.parent / "outside", root / "samples" / "a.log"
    targets = {"link": outside / "file", "dangling": outside / "new", "device": Path(os.devnull), "inside": root / "b"}
    (root / "b").write_text("mine")
    if plant == "hard link":
        path.hardlink_to(outside / "file")
    else:
        path.symlink_to(targets[plant])
    act(path)
    assert not path.is_symlink()
    assert (path.read_bytes() == b"new") if act in WRITERS else not path.exists()
    assert [file.read_text() for file in (outside / "file", root / "b")] == ["mine", "mine"]
    assert os.listdir(outside) == ["file"]


@pytest.mark.parametrize("act", [*WRITERS, *REMOVERS])
def test_what_is_no_file_stays_and_is_named(root: Path, act: Do) -> None:
    path = root / "samples" / "a.log"
    os.mkfifo(path)
    with pytest.raises(DsbenchError, match=r"cannot write a\.log: a named pipe is in its place"):
        act(path)
    assert path.is_fifo()
    path.unlink()
    path.mkdir()
    with pytest.raises(DsbenchError, match="a directory is in its place"):
        act(path)
    assert [name for name in os.listdir(path.parent) if name != "a.log"] == []


@pytest.mark.parametrize("act", [*WRITERS, *REMOVERS, places.make_directory])
@pytest.mark.parametrize("link", ["samples", "samples/deeper"])
def test_a_directory_that_leaves_is_an_error_that_names_it(root: Path, act: Do, link: str) -> None:
    outside = root.parent / "outside"
    if link == "samples":
        (root / link).rmdir()
    (root / link).symlink_to(outside)
    with pytest.raises(DsbenchError, match=f"{Path(link).name} is a link to {outside}, outside {root}") as caught:
        act(root / link / "file")
    assert caught.value.code == Code.NOT_WRITABLE
    assert caught.value.where == str(root / link)
    assert os.listdir(outside) == ["file"]
    assert (outside / "file").read_text() == "mine"


def test_links_that_stay_inside_are_followed_and_the_directory_itself_may_be_one(root: Path) -> None:
    (root / "disk").mkdir()
    (root / "samples" / "in").symlink_to("../disk")
    alias = root.parent / "alias"
    alias.symlink_to(root)
    places.protect(alias)
    places.replace(alias / "samples" / "in" / "a", b"new")
    assert (root / "disk" / "a").read_bytes() == b"new"


def test_a_directory_that_becomes_a_link_meanwhile_is_not_followed(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    checked = places.require_inside

    def swap(path: Path) -> None:
        checked(path)
        (root / "samples").rmdir()
        (root / "samples").symlink_to(root.parent / "outside")

    monkeypatch.setattr(places, "require_inside", swap)
    with pytest.raises(OSError, match="Too many levels of symbolic links"):
        places.replace(root / "samples" / "file", b"new")
    assert (root.parent / "outside" / "file").read_text() == "mine"


def test_elsewhere_links_are_followed(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to("real")
    places.replace(tmp_path / "link" / "a", b"new")
    places.remove(tmp_path / "absent")
    assert (tmp_path / "real" / "a").read_bytes() == b"new"
