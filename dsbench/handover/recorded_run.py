"""The record that a command is given: a model directory, or the file itself."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from dsbench.base.errors import Code, DsbenchError
from dsbench.model.layout import ModelLayout
from dsbench.record import store
from dsbench.record.schema import Record


@dataclass(frozen=True)
class RecordedRun:
    """A record, and the directory of its model."""

    record: Record
    layout: ModelLayout
    reports: Path
    """Where its report is written: the folder of the record."""


def find(given: str, start: Path) -> RecordedRun:
    """The record of a model directory, or of a record's own path. Raises MODEL_DIR_MISSING, RECORD_INVALID."""
    path = start / os.path.expanduser(given)
    if path.is_file():
        home = path.absolute().parent.parent
        return RecordedRun(store.load(path), ModelLayout.at(str(home), start), path.parent)
    layout = ModelLayout.at(os.path.expanduser(given), start)
    if not layout.root.is_dir():
        raise DsbenchError(
            Code.MODEL_DIR_MISSING,
            f"the model directory does not exist: {given}",
            where=str(layout.root),
            fix="give the directory that pytest --model-dir was run on, or its benchmark_data.json",
        )
    return RecordedRun(store.load(layout.record), layout, layout.reports)
