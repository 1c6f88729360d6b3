"""Files that travel through Ray: inputs from the driver to a worker, result directories back, in chunks.

Whoever receives checks: inputs by SHA-256 (``inputs.py``), results by the count of pieces that each must have.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from pathlib import Path

from dsbench.base import reading
from dsbench.fleet import collecting
from dsbench.fleet.job import FleetJob

CHUNK = 32 << 20
"""Bytes of an input file in the object store at a time; a worker asks for one ahead."""
_BATCH = 8 << 20
Piece = tuple[str, bytes]
"""A part of a file: its path in the result directory (POSIX), and the bytes that follow those of its last piece."""


def chunk_of(one: FleetJob, sha256: str, offset: int) -> bytes:
    """A chunk of a job's input. Raises OSError; LookupError if the job has no such file."""
    source = next((file.source for file in one.files if file.sha256 == sha256), None)
    if source is None:
        raise LookupError("no file of the job")
    with reading.open_regular(source) as stream:
        stream.seek(offset)
        return stream.read(CHUNK)


def pieces_of(folder: Path) -> Iterator[list[Piece]]:
    """All files of a result directory, in batches of about 8 MiB; ``result.json`` comes last. Raises OSError."""
    batch: list[Piece] = []
    size = 0
    for path in sorted(_files(folder), key=lambda path: (path.parent == folder, path)):
        for data in _parts(path):
            batch.append((path.relative_to(folder).as_posix(), data))
            size += len(data)
            if size >= _BATCH:
                yield batch
                batch, size = [], 0
    if batch:
        yield batch


def _files(folder: Path) -> Iterator[Path]:
    for place, _, names in os.walk(folder):
        yield from (Path(place, name) for name in names)


def _parts(path: Path) -> Iterator[bytes]:
    with reading.open_regular(path) as stream:
        yield stream.read(_BATCH)  # of an empty file, too
        while data := stream.read(_BATCH):
            yield data


class ArrivingResults:
    """A result directory that comes in pieces; it takes its place when all are there, else nothing of it stays."""

    def __init__(self, target: Path) -> None:
        self._place = collecting.replacing(target)
        self._folder = self._place.__enter__()
        self._batches = 0

    def add(self, number: int, pieces: Sequence[Piece]) -> None:
        """Append the pieces to their files; a batch that came before is left out.

        Raises OSError; ValueError for a path that leads elsewhere.
        """
        if number < self._batches:
            return
        self._batches += 1
        for name, data in pieces:
            if {"", ".", ".."} & set(name.split("/")):
                raise ValueError(f"{name!r} is no file of a result")
            path = self._folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            with open(path, "ab") as file:
                file.write(data)

    def finish(self) -> None:
        """Put the directory into place. Raises OSError."""
        self._place.__exit__(None, None, None)

    def drop(self) -> None:
        """Remove what came."""
        given_up = InterruptedError("the rest does not come")
        try:
            self._place.__exit__(InterruptedError, given_up, None)
        except InterruptedError as error:
            if error is not given_up:
                raise
