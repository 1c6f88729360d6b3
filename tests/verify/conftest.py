"""The benchmark's fixtures, and the record of two runs."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path

import pytest

from dsbench.record.recorder import Recorder
from tests.steps.bench import Bench
from tests.steps.conftest import bench, bench_clip
from tests.verify.material import FAST, benchmark_record, failed_gate_record

__all__ = ["bench", "bench_clip", "finished", "made"]
Make = Callable[[Bench], Recorder]
WAYS: Mapping[str, Make] = {
    "finished": lambda found: benchmark_record(found, found.model((6, ((21.0,) * 5 + (20.0,),) * 13), (4, FAST))),
    "failed gate": failed_gate_record,
    "inconclusive": lambda found: benchmark_record(found, found.model((6, FAST[:3]))),
    "deepstream": lambda found: benchmark_record(found, found.model((6, FAST), runtime_name="deepstream")),
}
"""A record for each outcome of a run, and for the other runtime."""


@pytest.fixture(scope="session")
def finished(bench_clip: Path, tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], str]:
    """The text of the record of one of ``WAYS``, made once."""

    @cache
    def text(way: str) -> str:
        folder = tmp_path_factory.mktemp("honest")
        with pytest.MonkeyPatch.context() as patched:
            patched.setenv("XDG_RUNTIME_DIR", str(folder))
            found = Bench(folder, bench_clip)
            if way == "deepstream":
                found.write_throughput(25.5, first_line="")
            return WAYS[way](found).path.read_text()

    return text


@pytest.fixture(scope="session")
def made(finished: Callable[[str], str]) -> str:
    """Two runs of several streams and the summary."""
    return finished("finished")
