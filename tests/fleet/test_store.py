from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from dsbench.base.errors import Code, DsbenchError
from dsbench.fleet import inputs, plan
from dsbench.fleet.job import FleetJob
from dsbench.fleet.plan import PlanSettings
from dsbench.fleet.store import ObjectStore
from tests.fleet.plans import model_dir

fsspec = pytest.importorskip("fsspec")


@pytest.fixture
def memory() -> Iterator[Any]:
    store = fsspec.filesystem("memory")
    store.store.clear()
    yield store
    store.store.clear()


@pytest.fixture
def jobs(tmp_path: Path) -> list[FleetJob]:
    """Two models, of which both label files are equal."""
    models = [model_dir(tmp_path / "models", name, name.encode()) for name in ("a", "b")]
    return plan.jobs(models, PlanSettings("embedded", tmp_path / "out"))


@pytest.mark.parametrize("uri", ["memory://blobs/x/", "file://{0}/blobs x", "{0}/blobs"])
def test_a_job_is_brought_from_a_store(uri: str, tmp_path: Path, jobs: list[FleetJob], memory: Any) -> None:
    notes: list[str] = []
    stored = ObjectStore(uri.format(tmp_path)).with_files(jobs, notes.append)
    assert notes[-1].endswith("3 files of 0.0 MB written, 0 there")
    again = ObjectStore(uri.format(tmp_path)).with_files(jobs, notes.append)
    assert notes[-1].endswith("0 files of 0.0 MB written, 3 there")
    assert again == stored
    (tmp_path / "models").rename(tmp_path / "gone")
    (tmp_path / "job").mkdir()
    inputs.bring(stored[1], tmp_path / "job")
    assert (tmp_path / "job/models/b/model/net.onnx").read_bytes() == b"b"
    assert stored[1].key == jobs[1].key, "where a file lies decides nothing"


def test_an_incomplete_file_is_written_again(tmp_path: Path, jobs: list[FleetJob], memory: Any) -> None:
    file = jobs[0].files[0]
    memory.pipe(f"/blobs/{file.sha256}", b"c")
    ObjectStore("memory://blobs").with_files(jobs, print)
    assert memory.cat(f"/blobs/{file.sha256}") == b"car\n"
    assert {Path(name).name for name in memory.find("/blobs")} == {
        hashlib.sha256(content).hexdigest() for content in (b"car\n", b"a", b"b")
    }, "no parts are left"


def test_a_file_that_has_changed_is_not_stored(jobs: list[FleetJob], memory: Any) -> None:
    Path(jobs[0].files[1].source).write_bytes(b"c")
    with pytest.raises(DsbenchError, match="has changed since it was hashed") as caught:
        ObjectStore("memory://blobs").with_files(jobs, print)
    assert caught.value.code == Code.FILE_ACCESS
    assert jobs[0].files[1].sha256 not in str(memory.find("/blobs"))


@pytest.mark.parametrize(
    ("uri", "code", "said"),
    [
        ("nosuch://bucket", Code.OBJECT_STORE, "Protocol not known"),
        ("file:///proc/none/x", Code.OBJECT_STORE, "cannot be used"),
        ("ftp://me:secret@host/x", Code.USAGE, "credentials"),
    ],
)
def test_a_store_that_cannot_be_used(uri: str, code: Code, said: str) -> None:
    with pytest.raises(DsbenchError, match=said) as caught:
        ObjectStore(uri)
    assert caught.value.code == code
    assert "secret" not in str(caught.value)


def test_a_bucket_is_not_made(jobs: list[FleetJob], memory: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(type(memory), "protocol", ("s3", "s3a"))
    monkeypatch.setattr(type(memory), "makedirs", lambda *_, **__: pytest.fail("a typing error would be a bucket"))
    ObjectStore("memory://typo/x").with_files(jobs, print)
