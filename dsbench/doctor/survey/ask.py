"""How the survey asks: a program on PATH, or a child of dsbench's own that may hang or crash."""

from __future__ import annotations

import shutil
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Generic, TypeVar

from dsbench.base import jsonable, reading
from dsbench.base.python_child import python_command
from dsbench.base.reading import FileKind
from dsbench.doctor.ask import ask
from dsbench.doctor.inventory import Program

T = TypeVar("T")

QUESTION_S = 20.0


@dataclass(frozen=True)
class Asked(Generic[T]):
    """What the child program answered, or None and why."""

    answer: T | None
    trouble: str = ""


def child(*words: str) -> tuple[str, ...]:
    """The command of the child program."""
    return python_command("dsbench.doctor.probe", *words)


async def probe(kind: type[T], *words: str) -> Asked[T]:
    """The ``kind`` that ``dsbench.doctor.probe`` prints as JSON."""
    said = await ask(child(*words), QUESTION_S)
    with suppress(ValueError):
        if said.lines:
            return Asked(jsonable.loads(kind, said.lines[-1]))
    last = f" ({said.lines[-1][:200]})" if said.lines else ""
    return Asked(None, f"looking at it: {said.trouble or 'no answer'}{last}")


async def program(name: str, *options: str, timeout_s: float = QUESTION_S) -> Program:
    """A program on PATH with its answer to ``options``."""
    path = shutil.which(name)
    return Program(name, path, await ask((path, *options), timeout_s) if path else None)


def read(path: str | Path) -> str:
    """The text of a file, "" if it cannot be read."""
    try:
        return reading.read_text(path, FileKind.SYSTEM, errors="replace")
    except OSError:
        return ""
