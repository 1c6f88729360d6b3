"""Why a Ray task ended without a result. Ray's exceptions are known by their names."""

from __future__ import annotations

import pytest

from dsbench.fleet import ray_endings


class RayError(Exception):
    pass


def named(name: str, text: str, base: type[Exception] = RayError) -> Exception:
    return type(name, (base,), {})(text)


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (named("WorkerCrashedError", "The worker died."), "its worker process on node-a was killed"),
        (
            named("OutOfMemoryError", "Task was killed\nmuch more"),
            "Ray killed it on node-a: the node was out of memory",
        ),
        (named("NodeDiedError", "x"), "its node node-a was lost"),
        (
            named("RayTaskError", "Traceback\n  line\nKeyError: 'x'"),
            "dsbench ended with an error on node-a: KeyError: 'x'",
        ),
        (named("TaskUnschedulableError", "no node\nmore"), "Ray cannot place it: no node"),
        (named("ANewError", "first\nsecond"), "Ray lost it on node-a: first"),
        (ValueError("first\nsecond"), "ValueError: first"),
        (RayError(), "Ray lost it on node-a: RayError"),
    ],
)
def test_one_sentence(error: Exception, expected: str) -> None:
    assert ray_endings.sentence(error, "node-a") == expected
