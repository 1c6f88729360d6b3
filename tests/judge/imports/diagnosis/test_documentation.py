"""docs/diagnosis.md has every mistake, with its text and its fix."""

from __future__ import annotations

from pathlib import Path

from dsbench.judge.imports.diagnosis.geometry import BOX_MISTAKES
from dsbench.judge.imports.diagnosis.readings import READ_MISTAKES
from dsbench.judge.imports.diagnosis.scoring import SCORE_MISTAKES


def test_every_mistake_has_its_row(repository: Path) -> None:
    page = (repository / "docs" / "diagnosis.md").read_text()
    rows = (*BOX_MISTAKES, *SCORE_MISTAKES, *READ_MISTAKES)
    missing = [one.id for one in rows if f"| {one.id} | {one.text} | {one.fix} |" not in page]
    assert missing == []
    assert len({one.id for one in rows}) == len(rows)
