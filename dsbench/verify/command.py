"""``dsbench verify RECORD``: 0: everything follows; 1: something does not; 2: the file cannot be checked."""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from dsbench.base import jsonable
from dsbench.base.errors import Code, DsbenchError
from dsbench.base.text import counted, printable
from dsbench.model.layout import ModelLayout
from dsbench.record import store
from dsbench.record.schema import Record
from dsbench.verify import boxes, directory, verification
from dsbench.verify.verification import Verification

_SHOWN = 40
"""Mismatches that are printed; JSON has all."""


def run(arguments: argparse.Namespace) -> int:
    """Check and print."""
    try:
        found = _checked(arguments, Path.cwd())
    except DsbenchError as error:
        print(error.render(), file=sys.stderr)
        return 2
    if arguments.json:
        print(jsonable.dumps(_data(found), indent=1))
    else:
        for line in _lines(found):
            print(printable(line))
    return int(not found.holds)


def _checked(arguments: argparse.Namespace, start: Path) -> Verification:
    path = start / os.path.expanduser(arguments.record)
    if path.is_dir():
        path = ModelLayout.at(arguments.record, start).record
    found = verification.verify(store.read_text(path), str(path))
    if not arguments.model_dir or found.record is None:
        return found
    layout = ModelLayout.at(arguments.model_dir, start)
    if not layout.root.is_dir():
        what = "--model-dir is not a directory"
        raise DsbenchError(Code.MODEL_DIR_MISSING, what, where=str(layout.root), fix="correct the path")
    return _with_directory(found, found.record, layout, start)


def _with_directory(found: Verification, record: Record, layout: ModelLayout, start: Path) -> Verification:
    """Files, logs and dump, and the boxes derived again on the CPU."""
    mismatches, notes, checked = [*found.mismatches], [*found.notes], [*found.checked]
    mismatches += directory.mismatches(record, layout)
    missing = directory.missing(record, layout)
    checked.append(f"{len(record.files) - len(missing)} files of the model directory")
    notes += [f"not here, so not compared: {', '.join(missing)}"] if missing else []
    if directory.has_dump(record, layout):
        with tempfile.TemporaryDirectory(prefix="dsbench-") as scratch:
            derived = boxes.derive(record, layout, start, Path(scratch))
        mismatches += derived.mismatches
        (checked if derived.tally else notes).append(derived.text)
    elif record.raw.gate is not None:
        notes.append("the boxes were not derived again: the run's KITTI dump is not here")
    return replace(found, mismatches=tuple(mismatches), notes=tuple(notes), checked=tuple(checked))


def _lines(found: Verification) -> list[str]:
    """For a terminal."""
    lines = [f"  {one.text}" for one in found.mismatches[:_SHOWN]]
    if len(found.mismatches) > _SHOWN:
        lines.append(f"  ... {len(found.mismatches) - _SHOWN} more, see --json")
    if found.record is not None:
        record = found.record
        raw = record.raw
        blocks = sum(one is not None for one in (raw.gate, raw.import_parity, raw.accuracy, raw.limit, raw.latency))
        head = f"{record.model_name} on {record.runtime}, {record.started}: {record.verdict}"
        plural = "s" * (len(raw.runs) != 1)
        lines = [
            head,
            f"computed again from {len(raw.runs)} benchmark run{plural}, {blocks} blocks of raw data",
            *lines,
        ]
    lines += [f"checked: {text}" for text in found.checked]
    lines += [f"note: {text}" for text in found.notes]
    count = len(found.mismatches)
    said = f"{counted(count, 'value')} of the record {'do' if count != 1 else 'does'} not follow"
    return [*lines, "every number and verdict follows from the raw data" if found.holds else said]


def _data(found: Verification) -> dict[str, Any]:
    """For a program."""
    return {
        "holds": found.holds,
        "mismatches": [{**asdict(one), "found_by": one.found_by.name.lower()} for one in found.mismatches],
        "notes": list(found.notes),
        "checked": list(found.checked),
    }
