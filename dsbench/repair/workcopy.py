"""A copy of a model directory in which a change can be tried: small files are copied, everything else is a link."""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping
from pathlib import Path

from dsbench.model.layout import ModelLayout

_COPIED = ("config", "parser", "dsbench.toml")
"""What a run or a fix writes to."""
_LEFT_OUT = ("samples", "reports", "benchmarks")
_LARGEST = 32 << 20
"""Bytes of a file that is copied; a larger one is linked."""
_NEIGHBOURS = 2000


def make(original: ModelLayout, folder: Path, changed: Mapping[str, bytes]) -> ModelLayout:
    """Copy ``original`` into ``folder``, which need not exist, with the files of ``changed`` in place of its own.

    Neighbours of the directory are linked: configs and dsbench.toml name files by relative paths.
    """
    above = folder / "models"
    above.mkdir(parents=True)
    for entry in _entries(original.root.parent)[:_NEIGHBOURS]:
        if entry.name != original.root.name:
            (above / entry.name).symlink_to(entry)
    root = above / original.root.name
    root.mkdir()
    for entry in _entries(original.root):
        if entry.name in _COPIED:
            _copy(entry, root / entry.name)
        elif entry.name not in _LEFT_OUT:
            (root / entry.name).symlink_to(entry)
    _link_benchmarks(original.root, root)
    for file, content in changed.items():
        target = root / file
        target.parent.mkdir(parents=True, exist_ok=True)
        target.unlink(missing_ok=True)
        target.write_bytes(content)
    return ModelLayout(original.given, root)


def _copy(source: Path, target: Path) -> None:
    """Copy a file or a directory; links are followed, so that nothing is written through them."""
    if source.is_dir():
        target.mkdir()
        for entry in _entries(source):
            _copy(entry, target / entry.name)
    elif source.is_file() and source.stat().st_size <= _LARGEST:
        shutil.copyfile(source, target)
        shutil.copystat(source, target)
    elif source.exists():
        target.symlink_to(source)


def _link_benchmarks(original: Path, copy: Path) -> None:
    """Engines and trtexec logs: they decide MAX_BS."""
    found = [*original.glob("benchmarks/engines/*"), *original.glob("benchmarks/b*/*.log")]
    for source in found:
        target = copy / source.relative_to(original)
        target.parent.mkdir(parents=True, exist_ok=True)
        target.symlink_to(source)


def _entries(folder: Path) -> list[Path]:
    try:
        return sorted(folder / name for name in os.listdir(folder))
    except OSError:
        return []
