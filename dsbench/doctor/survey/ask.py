"""How the survey asks: a program on PATH, or a child of dsbench's own that may hang or crash."""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from dsbench.base.ask import ask
from dsbench.doctor.inventory import Program

QUESTION_S = 20.0


def child(*words: str) -> tuple[str, ...]:
    """The command of the child program."""
    return (sys.executable, "-m", "dsbench.doctor.probe", *words)


async def probe(*words: str) -> Mapping[str, Any]:
    """The JSON that ``dsbench.doctor.probe`` prints; only ``trouble`` if it fails."""
    said = await ask(child(*words), QUESTION_S)
    try:
        answer = json.loads(said.lines[-1]) if said.lines else None
    except ValueError:
        answer = None
    if isinstance(answer, dict):
        return answer
    last = f" ({said.lines[-1][:200]})" if said.lines else ""
    return {"trouble": f"looking at it: {said.trouble or 'no answer'}{last}"}


async def program(name: str, *options: str, timeout_s: float = QUESTION_S) -> Program:
    """A program on PATH with its answer to ``options``."""
    path = shutil.which(name)
    return Program(name, path, await ask((path, *options), timeout_s) if path else None)


def read(path: str | Path) -> str:
    """The text of a file, "" if it cannot be read."""
    try:
        return Path(path).read_text("utf-8", "replace")
    except OSError:
        return ""
