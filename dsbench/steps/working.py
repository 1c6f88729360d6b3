"""The tasks of long steps that are shown while they go on."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from pathlib import Path

from dsbench.base.options import GPU_ID
from dsbench.base.progress import Task
from dsbench.machine import device_lock
from dsbench.machine.device_lock import Held
from dsbench.steps.model_run import ModelRun


def frames(model: ModelRun, what: str, directory: Path, total: int = 0) -> AbstractContextManager[Task]:
    """A run that writes a file for each frame into ``directory``, ``total`` of them, 0 if not known."""
    return model.progress.task(Task(_named(model, what), total, "frames", lambda: _count(directory)))


def seconds(
    model: ModelRun, what: str, at_most: float = 0.0, *, announced: bool = True
) -> AbstractContextManager[Task]:
    """Work that takes ``at_most`` seconds, 0 if not known."""
    return model.progress.task(Task(_named(model, what), seconds=at_most, announced=announced))


@contextmanager
def device(model: ModelRun) -> Iterator[Held]:
    """Hold the device that the model's benchmarks run on; waiting for another benchmark is shown."""
    name = device_lock.device_name(model.runtime.name, model.option(GPU_ID).value)
    waiting = ExitStack()
    with waiting, device_lock.exclusive(name, lambda text: waiting.enter_context(seconds(model, text))) as held:
        waiting.close()
        yield held


def _named(model: ModelRun, what: str) -> str:
    return f"{model.layout.name}: {what}"


def _count(directory: Path) -> int:
    try:
        return sum(name.endswith(".txt") for name in os.listdir(directory))
    except FileNotFoundError:
        return 0
