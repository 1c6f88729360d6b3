"""A pytest plugin that makes steps of single models fail with an error of the operating system: ``STEP:MODEL:ERRNO``,
several separated by blanks, in the variable BREAK_STEPS."""

from __future__ import annotations

import errno
import importlib
import os
from typing import Any


def pytest_configure() -> None:
    for given in os.environ["BREAK_STEPS"].split():
        step, model, name = given.split(":")
        module = importlib.import_module(f"dsbench.steps.{step}")
        module.run = _broken(module.run, model, getattr(errno, name))


def _broken(real: Any, wanted: str, number: int) -> Any:
    def run(model: Any, *more: Any, **named: Any) -> Any:
        if model.layout.name == wanted:
            raise OSError(number, os.strerror(number), str(model.layout.root / "config" / "labels.txt"))
        return real(model, *more, **named)

    return run
