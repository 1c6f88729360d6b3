"""The benchmark's fixtures, and the record of two runs."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.steps.bench import Bench
from tests.steps.conftest import bench, bench_clip
from tests.verify.material import FAST, benchmark_record

__all__ = ["bench", "bench_clip", "made"]


@pytest.fixture(scope="session")
def made(bench_clip: Path, tmp_path_factory: pytest.TempPathFactory) -> str:
    """Two runs of several streams and the summary."""
    folder = tmp_path_factory.mktemp("honest")
    with pytest.MonkeyPatch.context() as patched:
        patched.setenv("XDG_RUNTIME_DIR", str(folder))
        found = Bench(folder, bench_clip)
        model = found.model((6, ((21.0,) * 5 + (20.0,),) * 13), (4, FAST))
        return benchmark_record(found, model).path.read_text()
