"""Fixture of the tests of the benchmark steps."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.material import write_clip
from tests.steps.bench import Bench


@pytest.fixture(scope="session")
def bench_clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_clip(tmp_path_factory.mktemp("clip") / "a clip.mp4", frames=2)


@pytest.fixture
def bench(tmp_path: Path, bench_clip: Path, monkeypatch: pytest.MonkeyPatch) -> Bench:
    """With locks of its own."""
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    return Bench(tmp_path, bench_clip)
