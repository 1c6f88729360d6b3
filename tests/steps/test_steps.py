"""Every step of the list has a file of its own, and a test in tests_pipeline that does nothing but call it."""

from __future__ import annotations

import importlib
import inspect
from pathlib import Path

import pytest

import dsbench
from dsbench.base.steps import STEPS, Step

PIPELINE = Path(dsbench.__file__).resolve().parents[1] / "tests_pipeline"


@pytest.mark.parametrize("step", STEPS, ids=[step.name for step in STEPS])
def test_a_step_is_one_file_with_one_run(step: Step) -> None:
    module = importlib.import_module(f"dsbench.steps.{step.name}")
    assert list(inspect.signature(module.run).parameters) == ["model", "log"]
    (test,) = (path for path in PIPELINE.glob("test_*.py") if f"\ndef test_{step.name}(" in path.read_text())
    assert f"    {step.name}.run(model, evidence)\n" in test.read_text()
    section = step.section[:1].upper() + step.section[1:]
    assert f'"""{section}: {step.title}."""\n' in test.read_text(), "the docstring is the step's title"
