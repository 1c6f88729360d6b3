"""A pytest plugin that breaks steps of single models: the variable BREAK_STEPS has ``STEP:MODEL:FAULT``, several
separated by blanks. A fault is the name of an error of the operating system, or a name in ``FAULTS``."""

from __future__ import annotations

import errno
import importlib
import os
import shutil
from typing import Any

from dsbench.steps.model_run import ModelRun


def _remove_model(model: ModelRun) -> None:
    shutil.rmtree(model.layout.root)


def _rename_start(model: ModelRun) -> None:
    model.start.rename(f"{model.start}-renamed")


FAULTS = {"REMOVE_MODEL": _remove_model, "RENAME_START": _rename_start}


def pytest_configure() -> None:
    for given in os.environ["BREAK_STEPS"].split():
        step, model, fault = given.split(":")
        module: Any = importlib.import_module(f"dsbench.steps.{step}")
        module.run = _broken(module.run, model, fault)


def _broken(real: Any, wanted: str, fault: str) -> Any:
    def run(model: ModelRun, *more: Any, **named: Any) -> Any:
        if model.layout.name == wanted and fault in FAULTS:
            FAULTS[fault](model)
        elif model.layout.name == wanted:
            number = getattr(errno, fault)
            raise OSError(number, os.strerror(number), str(model.layout.labels))
        return real(model, *more, **named)

    return run
