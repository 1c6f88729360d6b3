"""Directories that the fleet itself wrote. ``models/*`` matches them too where they lie beside the models."""

from __future__ import annotations

import os
from pathlib import Path

from dsbench.fleet import result
from dsbench.fleet.result import MERGED_FILE, RESULT_FILE


def kind_of(folder: Path, results: Path) -> str:
    """What the directory is, in words; empty if the fleet did not write it. ``results``: where those of the plan go."""
    if os.path.realpath(folder) == os.path.realpath(results):
        return "the results of the jobs"
    if _is_result(folder):
        return "the result of a job"
    if (folder / MERGED_FILE).is_file():
        return "a merge of results"
    is_folder = not (folder / "model").is_dir() and _holds_results(folder)
    return "results of jobs" if is_folder else ""


def _holds_results(folder: Path) -> bool:
    try:
        with os.scandir(folder) as entries:
            return any(_is_result(Path(entry.path)) for entry in entries)
    except OSError:  # whoever needs it says why
        return False


def _is_result(folder: Path) -> bool:
    """Other programs have files of that name, too."""
    if not (folder / RESULT_FILE).is_file():
        return False
    try:
        result.read(folder)
    except (OSError, ValueError, RecursionError):
        return False
    return True
