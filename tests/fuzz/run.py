"""Runs the targets: an input must return or raise DsbenchError, soon."""

from __future__ import annotations

import random
import shutil
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from dsbench.base.errors import DsbenchError
from tests.fuzz.targets import Target

MAX_S = 5.0
"""Longest time of CPU for an input of at most 256 KiB."""


@dataclass(frozen=True)
class Defect:
    """An input that ended in another exception, or took too long."""

    target: str
    seed: int
    what: str
    data: bytes


def try_input(name: str, target: Target, data: bytes, folder: Path, seed: int = 0) -> Defect | None:
    """Read one input in an empty folder below ``folder``."""
    place = folder / "input"
    shutil.rmtree(place, ignore_errors=True)
    place.mkdir()
    path = place / target.file
    path.write_bytes(data)
    started = time.process_time()
    try:
        target.read(path)
    except DsbenchError:
        pass
    except BaseException as error:
        if isinstance(error, KeyboardInterrupt):
            raise
        return Defect(name, seed, f"{type(error).__name__}: {str(error)[:200]}", data)
    if (took := time.process_time() - started) > MAX_S:
        return Defect(name, seed, f"{took:.1f} s of CPU", data)
    return None


def defects(targets: dict[str, Target], folder: Path, first: int, last: int) -> Iterator[Defect | None]:
    """One result for each seed and target."""
    for seed in range(first, last):
        for name, target in targets.items():
            dice = random.Random(f"{name}{seed}")
            yield try_input(name, target, target.change(dice.choice(target.seeds), dice), folder, seed)
