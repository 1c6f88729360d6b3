"""The change that the findings of a run name, as unified diffs: what `dsbench fix` tries first."""

from __future__ import annotations

from contextlib import suppress

from dsbench.base.errors import DsbenchError
from dsbench.build import file_changes, file_edits
from dsbench.record.evidence import EvidenceLog
from dsbench.steps import named_edits
from dsbench.steps.model_run import ModelRun
from dsbench.steps.named_edits import RunFindings


def add_evidence(log: EvidenceLog, model: ModelRun) -> None:
    """A diff for each file; nothing after a run without problems, or whose problems name no edit."""
    recorder = model.recorder
    steps = recorder.record.steps if recorder is not None else ()
    problems = tuple(problem for step in steps for problem in named_edits.problems(step.evidence))
    if not problems or not model.layout.root.is_dir():
        return
    with suppress(DsbenchError):  # a file that cannot be read: its step has said so
        found = RunFindings(problems, tuple(named_edits.config_findings(model)), model)
        for change in file_changes.changes_of(model.layout.root, _changed(found)):
            lines = file_changes.diff(change, model.layout.given.rstrip("/"))
            log.diff(change.file, "\n".join(lines))


def _changed(found: RunFindings) -> dict[str, bytes]:
    """New contents by path below the model directory."""
    root = found.model.layout.root
    contents: dict[str, bytes] = {}
    for one in named_edits.named_edits(found):
        file = one.edit.file
        before = contents.get(file)
        if before is None:
            before = file_changes.read_file(root / file) or b""
        after = file_edits.apply(one.edit, before)
        if after is not None:
            contents[file] = after
    return contents
