"""The input files of a job, brought to this machine from a shared path, an object store, or by the engine."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from pathlib import Path

from dsbench.base import reading
from dsbench.base.errors import Code, DsbenchError
from dsbench.fleet import store
from dsbench.fleet.job import FleetJob, JobFile

Fetch = Callable[[JobFile], Iterable[bytes]]
"""Gives the content of a file in chunks, or raises an Exception that says why it cannot."""
_CHUNK = 1 << 20
_PATH, _STORE, _ENGINE = "at its path", "in the store", "from the engine"
_OTHER_CONTENT = "not the planned content"
_FIX = "let this machine see the file as it was planned, or plan again, with --store if the path is not shared"
_FIX_OF_STORE = (
    "the file in the store is damaged: delete {uri}, and plan again with --store, which writes what is missing"
)


def bring(job: FleetJob, folder: Path, fetch: Fetch | None = None) -> None:
    """Write every input to its place in ``folder``, which is this job's alone, and check its size and SHA-256.

    A file is taken from the first of these that has it: its path on the machine that planned, its URI, ``fetch``.
    Raises JOB_INPUT if none has it, OSError if it cannot be written.
    """
    for option in job.options:
        if option.place:
            (folder / option.place).parent.mkdir(parents=True, exist_ok=True)
    for file in job.files:
        sources: dict[str, Fetch] = {_PATH: _shared_path}
        sources |= {_STORE: _object_store} if file.uri else {}
        sources |= {_ENGINE: fetch} if fetch else {}
        _bring(file, folder / file.place, sources)
    for option in job.options:
        if option.place and not (folder / option.place).exists():
            (folder / option.place).mkdir(parents=True)  # a folder without files


def _bring(file: JobFile, target: Path, sources: Mapping[str, Fetch]) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    reasons: dict[str, str] = {}
    for name, source in sources.items():
        reason = _wrong(file, target, source)
        if not reason:
            target.chmod(0o755 if file.executable else 0o644)
            return
        reasons[name] = reason
    with suppress(FileNotFoundError):
        target.unlink()
    raise DsbenchError(
        Code.JOB_INPUT,
        f"{file.place} cannot be had on this machine: {'; '.join(f'{one}: {why}' for one, why in reasons.items())}",
        where=file.source,
        fix=_FIX_OF_STORE.format(uri=file.uri) if reasons.get(_STORE) == _OTHER_CONTENT else _FIX,
    )


def _wrong(file: JobFile, target: Path, source: Fetch) -> str:
    """Write ``target`` from ``source``; returns why that failed, "" if the content is right. Raises OSError."""
    digest, size = hashlib.sha256(), 0
    try:
        with open(target, "wb") as out:
            for chunk in _chunks(source, file):
                digest.update(chunk)
                size += len(chunk)
                if size > file.bytes:
                    break
                out.write(chunk)
    except _NotGiven as error:
        return str(error)
    except OSError as error:  # of a write, which names no file
        raise OSError(error.errno, error.strerror, str(target)) from error
    if (size, digest.hexdigest()) == (file.bytes, file.sha256):
        return ""
    return _OTHER_CONTENT


class _NotGiven(Exception):
    """The source cannot give the file; says why."""


def _chunks(source: Fetch, file: JobFile) -> Iterator[bytes]:
    """The chunks of a source, whose errors become _NotGiven; errors of writing stay what they are."""
    try:
        yield from source(file)
    except Exception as error:  # those of an engine's own source have any type
        raise _NotGiven(_words(error)) from error


def _words(error: Exception) -> str:
    if isinstance(error, DsbenchError):
        return error.what
    return (error.strerror if isinstance(error, OSError) else "") or str(error) or type(error).__name__


def _shared_path(file: JobFile) -> Iterator[bytes]:
    with reading.open_regular(file.source) as stream:
        while chunk := stream.read(_CHUNK):
            yield chunk


def _object_store(file: JobFile) -> Iterator[bytes]:
    return store.chunks(file.uri)
