"""Model directories as they are given to pytest and to commands: names and shell globs."""

from __future__ import annotations

import glob
import os
from collections.abc import Iterable
from pathlib import Path

from dsbench.model.layout import ModelLayout


def expand_model_dirs(given: Iterable[str], start: Path) -> tuple[ModelLayout, ...]:
    """One layout for each directory: shell globs expanded, duplicates removed.

    A pattern or name that matches nothing is kept: its pre-flight reports it.
    """
    found: dict[Path, ModelLayout] = {}
    for text in given:
        for name in _expand(text, start):
            layout = ModelLayout.at(name, start)
            found.setdefault(layout.root, layout)
    return tuple(found.values())


def _expand(text: str, start: Path) -> list[str]:
    text = os.path.expanduser(text)
    if not glob.has_magic(text) or os.path.lexists(start / text):
        return [text]
    matches = sorted(glob.glob(text, root_dir=start))
    return [match for match in matches if os.path.isdir(start / match)] or [text]
