"""Why a Ray task ended without a result, as one sentence."""

from __future__ import annotations

from typing import Any

_SENTENCES = (
    ("OutOfMemoryError", "Ray killed it{on}: the node was out of memory"),
    ("NodeDiedError", "its node{of} was lost"),
    ("LocalRayletDiedError", "its node{of} was lost"),
    ("WorkerCrashedError", "its worker process{on} was killed"),
    ("TaskUnschedulableError", "Ray cannot place it: {first}"),
    ("TaskCancelledError", "it was cancelled"),
    ("RuntimeEnvSetupError", "Ray cannot prepare the node{on}: {first}"),
    ("RayTaskError", "dsbench ended with an error{on}: {last}"),
    ("RayActorError", "Ray lost the actor between driver and tasks: {first}"),
    ("RayError", "Ray lost it{on}: {first}"),
)
"""By the exception's classes, the first that fits. {on}, {of}: with the host if it is known."""
_LENGTH = 300


def reason_of(ref: Any, host: str) -> tuple[str, str]:
    """Of a task that has ended, whose job has no result; and Ray's id of the node if the task gave it."""
    import ray

    try:
        said, node = ray.get(ref)
    except ray.exceptions.RayError as error:
        return sentence(error, host), ""
    return said or "it ended without a result", node


def sentence(error: BaseException, host: str) -> str:
    """The first line of the message has the cause, of an exception in the task the last."""
    names = {kind.__name__ for kind in type(error).__mro__}
    text = next((text for name, text in _SENTENCES if name in names), f"{type(error).__name__}: {{first}}")
    lines = [line.strip() for line in str(error).splitlines() if line.strip()] or [type(error).__name__]
    on, of = (f" on {host}", f" {host}") if host else ("", "")
    return text.format(on=on, of=of, first=lines[0], last=lines[-1])[:_LENGTH]
