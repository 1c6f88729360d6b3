"""Every step of the list has a file of its own, and a test in tests_pipeline that does nothing but call it."""

from __future__ import annotations

import importlib
import inspect
from pathlib import Path

import pytest

import dsbench
from dsbench.base.steps import STEPS

PIPELINE = Path(dsbench.__file__).resolve().parents[1] / "tests_pipeline"


@pytest.mark.parametrize("name", [step.name for step in STEPS])
def test_a_step_is_one_file_with_one_run(name: str) -> None:
    module = importlib.import_module(f"dsbench.steps.{name}")
    assert list(inspect.signature(module.run).parameters) == ["model", "log"]
    (test,) = (path for path in PIPELINE.glob("test_*.py") if f"\ndef test_{name}(" in path.read_text())
    assert f"    {name}.run(model, evidence)\n" in test.read_text()
