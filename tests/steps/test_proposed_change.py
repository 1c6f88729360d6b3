"""The change that the findings of a run name, on the page as a diff."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace

import pytest

from dsbench.build.file_edits import KeyEdit, SettingRemoval
from dsbench.model.layout import ModelLayout
from dsbench.record.evidence import EvidenceLog, StepFailure
from dsbench.record.schema import StepRecord
from dsbench.steps import named_edits, proposed_change
from dsbench.steps.named_edits import NamedEdit


@dataclass
class Run:
    """What the step reads of a run."""

    layout: ModelLayout
    steps: tuple[StepRecord, ...]
    recorder: object = field(init=False)

    def __post_init__(self) -> None:
        self.recorder = SimpleNamespace(record=SimpleNamespace(steps=self.steps))

    def find(self, kind: type) -> None:
        return None


def diffs(root: Path, *, failed: bool) -> dict[str, str]:
    log = EvidenceLog("kitti_gate", "net", "key", "embedded")
    log.failure = StepFailure("kitti-gate", "no boxes", "", "set topk") if failed else None
    steps = (StepRecord(log.snapshot(), "failed" if failed else "passed", 1.0),)
    report = EvidenceLog("report", "net", "key", "embedded")
    proposed_change.add_evidence(report, Run(ModelLayout("models/net/", root), steps))  # type: ignore[arg-type]
    return {diff.title: diff.body for diff in report.snapshot().diffs}


def test_edits_of_one_file_are_one_diff(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "c.txt").write_text("[property]\ncluster-mode=4\ntopk=1\n")
    (tmp_path / "dsbench.toml").write_text("topk = 3\n")
    edits = (KeyEdit("c.txt", "property", "cluster-mode", "2"), KeyEdit("c.txt", "property", "topk", None))
    made = (*edits, SettingRemoval("dsbench.toml", "", "eps"))
    monkeypatch.setattr(named_edits, "named_edits", lambda found: tuple(NamedEdit("id", one, "") for one in made))
    found = diffs(tmp_path, failed=True)
    assert list(found) == ["c.txt"], "an edit that changes nothing has no diff"
    assert found["c.txt"].splitlines() == [
        *("--- models/net/c.txt", "+++ models/net/c.txt", "@@ -1,3 +1,2 @@", " [property]"),
        *("-cluster-mode=4", "-topk=1", "+cluster-mode=2"),
    ]
    assert diffs(tmp_path, failed=False) == {}
    assert diffs(tmp_path / "none", failed=True) == {}


def test_a_run_that_names_no_edit_has_no_diff(tmp_path: Path) -> None:
    assert diffs(tmp_path, failed=True) == {}
