from __future__ import annotations

import hashlib
from dataclasses import replace
from pathlib import Path

import pytest

from dsbench.record import run_clip
from dsbench.record.schema import FileRecord, Record
from tests import finished_records

CONTENT = b"a clip"


@pytest.fixture
def record(tmp_path: Path) -> Record:
    """Of a job that ran in a directory which is gone."""
    made = finished_records.embedded()
    assert made.video is not None
    clip = FileRecord("video", "clips/a.mp4", len(CONTENT), hashlib.sha256(CONTENT).hexdigest())
    gone = replace(made.video, path=str(tmp_path / "gone" / "clips" / "a.mp4"))
    return replace(made, video=gone, files=(clip,), environment=(("Copy of", str(tmp_path / "original")),))


@pytest.mark.parametrize("place", ["gone/clips/a.mp4", "result/clips/a.mp4", "result/a.mp4", "original/clips/a.mp4"])
def test_the_clip_is_found_by_its_content(tmp_path: Path, record: Record, place: str) -> None:
    assert run_clip.find(record, tmp_path / "result") is None
    clip = tmp_path / place
    clip.parent.mkdir(parents=True)
    clip.write_bytes(b"others")
    assert run_clip.find(record, tmp_path / "result") is None, "another clip has other boxes"
    clip.write_bytes(CONTENT)
    assert run_clip.find(record, tmp_path / "result") == clip


def test_a_record_without_a_clip(tmp_path: Path, record: Record) -> None:
    assert run_clip.find(replace(record, video=None), tmp_path) is None
