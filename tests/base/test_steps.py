"""The list of steps and the page that explains them."""

from __future__ import annotations

import re
from pathlib import Path

from dsbench.base.steps import STEPS


def test_every_step_needs_earlier_ones_only() -> None:
    names = [step.name for step in STEPS]
    assert all(names.index(need) < number for number, step in enumerate(STEPS) for need in step.needs)


def test_the_page_of_the_steps_lists_them_in_order(repository: Path) -> None:
    page = (repository / "docs" / "steps.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| `(\w+)` \| ([^|,]+?)(?:,[^|]*)? \|", page, re.MULTILINE)
    assert rows == [(step.name, step.section) for step in STEPS]
