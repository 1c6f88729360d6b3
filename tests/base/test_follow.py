"""A log that grows while it is read."""

from __future__ import annotations

from pathlib import Path

import pytest

from dsbench.base.follow import Follower


@pytest.mark.parametrize(
    ("pieces", "taken", "rest"),
    [
        ((b"a\nb", b"c\n"), [b"a\n", b"bc\n"], b""),
        ((b"a\rb\r", b"\nc\r"), [b"a\n", b"b\r\n"], b"c\r"),
        ((b"a\r", b"b"), [b"a\n"], b"b"),
        ((b"x" * (3 << 20), b"y"), [], b"x" * ((1 << 20) - 1) + b"y"),
    ],
    ids=["newline", "carriage return and both", "carriage return at the end", "no end of line"],
)
def test_lines(tmp_path: Path, pieces: tuple[bytes, ...], taken: list[bytes], rest: bytes) -> None:
    log, found = tmp_path / "app.log", list[bytes]()
    follower = Follower(log, found.append)
    for piece in pieces:
        with log.open("ab") as file:
            file.write(piece)
        assert follower.look()
    assert (found, follower.rest) == (taken, rest)
    assert follower.complete <= log.stat().st_size
