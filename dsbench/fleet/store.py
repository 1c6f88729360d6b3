"""The object store that carries the inputs of jobs: each file once, under the name of its SHA-256."""

from __future__ import annotations

import hashlib
import os
import secrets
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import replace
from typing import Any
from urllib.parse import urlsplit

from dsbench.base import reading
from dsbench.base.errors import Code, DsbenchError
from dsbench.base.os_errors import system_errors
from dsbench.base.text import counted
from dsbench.fleet.job import FleetJob, JobFile

_CHUNK = 4 << 20
_THREADS = 4

_WITH_BUCKETS = frozenset(("s3", "s3a", "gs", "gcs", "abfs", "abfss", "az", "adl", "oss", "oci", "tos", "obs"))
"""They have no folders: to make one would make a bucket, whose name may be a typing error."""


class ObjectStore:
    """A store at ``uri``, as fsspec names it (``s3://bucket/folder``), or a folder.

    A file appears under its name when it is complete: it is written under another one and moved. Raises USAGE for a URI
    that cannot be used, OBJECT_STORE.
    """

    def __init__(self, uri: str) -> None:
        self.uri = _normal(uri)
        fsspec = _fsspec()
        with _store_errors(self.uri):
            self._files, self._root = fsspec.core.url_to_fs(self.uri)
            self._sizes = self._listed()

    def with_files(self, jobs: Sequence[FleetJob], say: Callable[[str], object]) -> list[FleetJob]:
        """The jobs with the URIs of their files, which are written where they are missing. Raises OBJECT_STORE,
        FILE_ACCESS for a file that has changed since it was hashed."""
        blobs = {file.sha256: file for one in jobs for file in one.files}
        missing = [file for file in blobs.values() if self._sizes.get(file.sha256) != file.bytes]
        with ThreadPoolExecutor(_THREADS, thread_name_prefix="dsbench-store") as pool:
            futures = [pool.submit(self._write, file) for file in missing]
            try:
                for future in futures:
                    future.result()
            except BaseException:
                pool.shutdown(wait=False, cancel_futures=True)
                raise
        size = sum(file.bytes for file in missing) / 1e6
        say(f"{self.uri}: {counted(len(missing), 'file')} of {size:.1f} MB written, {len(blobs) - len(missing)} there")
        return [replace(one, files=tuple(self._with_uri(file) for file in one.files)) for one in jobs]

    def _with_uri(self, file: JobFile) -> JobFile:
        return replace(file, uri=f"{self.uri}/{file.sha256}")

    def _listed(self) -> dict[str, int]:
        """Sizes of what is there, by name."""
        self._files.invalidate_cache()
        try:
            entries = self._files.ls(self._root, detail=True)
        except FileNotFoundError:
            given = self._files.protocol
            if _WITH_BUCKETS.isdisjoint((given,) if isinstance(given, str) else given):
                self._files.makedirs(self._root, exist_ok=True)
            return {}
        return {os.path.basename(entry["name"].rstrip("/")): int(entry["size"] or 0) for entry in entries}

    def _write(self, file: JobFile) -> None:
        target = f"{self._root.rstrip('/')}/{file.sha256}"
        part = f"{target}.{secrets.token_hex(8)}.part"
        digest = hashlib.sha256()
        try:
            with system_errors():
                source = reading.open_regular(file.source)
            with source, _store_errors(self.uri), self._files.open(part, "wb") as out:
                while chunk := source.read(_CHUNK):
                    digest.update(chunk)
                    out.write(chunk)
            if digest.hexdigest() != file.sha256:
                what = f"{os.path.basename(file.source)} has changed since it was hashed"
                raise DsbenchError(Code.FILE_ACCESS, what, where=file.source, fix="plan again when nothing writes it")
            with _store_errors(self.uri):
                self._files.mv(part, target)
        except BaseException:
            with suppress(Exception):
                self._files.rm(part)
            raise


def chunks(uri: str) -> Iterator[bytes]:
    """The content of a file of a store. Raises OBJECT_STORE."""
    fsspec = _fsspec()
    with _store_errors(uri), fsspec.open(uri, "rb") as stream:
        while chunk := stream.read(_CHUNK):
            yield chunk


def _normal(uri: str) -> str:
    if "://" not in uri:
        return f"file://{os.path.abspath(os.path.expanduser(uri))}"
    if urlsplit(uri).password:
        fix = "give them in the store's own way: environment variables, a profile, a role"
        raise DsbenchError(Code.USAGE, "--store names credentials, which would be written to the plan", fix=fix)
    return uri.rstrip("/")


def _fsspec() -> Any:
    try:
        import fsspec
    except ImportError as error:
        fix = "pip install 'dsbench[fleet]'"
        raise DsbenchError(Code.OBJECT_STORE, "object stores need fsspec, which is not installed", fix=fix) from error
    return fsspec


@contextmanager
def _store_errors(uri: str) -> Iterator[None]:
    """Errors of a store have any type: each package has its own."""
    try:
        yield
    except DsbenchError:
        raise
    except Exception as error:
        said = f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
        fix = "check the URI, its credentials and the network; `pip install s3fs` (gcsfs, adlfs) for such a store"
        raise DsbenchError(Code.OBJECT_STORE, f"the object store cannot be used: {said}", where=uri, fix=fix) from error
