"""The benchmark's fixtures."""

from tests.steps.conftest import bench, bench_clip

__all__ = ["bench", "bench_clip"]
